//! Names.

use core::ffi::{CStr, c_char};

use super::coordinator::{self, Answer, Post};
use super::{abort, scheduler};
use crate::local::Local;
use crate::sdk::raw::{self, EspConn, ResolvedFunction};

/// The SDK's table of names has four entries of this size (lwIP, `DNS_MAX_NAME_LENGTH`).
const NAME_BYTES: usize = 256;

struct Query {
    connection: *mut EspConn,
    found: ResolvedFunction,
    name: [u8; NAME_BYTES],
}

/// Oldest first, as the coordinator answers. The SDK asks for four names at once.
static QUERIES: Local<[Option<Query>; 4]> = Local::new([const { None }; 4]);

#[unsafe(no_mangle)]
extern "C" fn espconn_gethostbyname(
    connection: *mut EspConn,
    name: *const c_char,
    address: *mut [u8; 4],
    found: ResolvedFunction,
) -> i8 {
    // SAFETY: a name that ends with a zero (API §4.1).
    let name = unsafe { CStr::from_ptr(name) }.to_bytes();
    if let Some(digits) = core::str::from_utf8(name).ok().and_then(|name| name.parse().ok()) {
        let digits: core::net::Ipv4Addr = digits;
        // SAFETY: the caller's address.
        unsafe { address.write(digits.octets()) };
        return raw::ESPCONN_OK;
    }
    abort::rule(!name.is_empty() && name.len() < NAME_BYTES, "a name has 1 to 255 bytes");
    let mut copy = [0; NAME_BYTES];
    copy[..name.len()].copy_from_slice(name);
    QUERIES.with(|queries| {
        let free = queries.iter_mut().find(|query| query.is_none());
        abort::rule(free.is_some(), "no more than four names are asked for at once");
        if let Some(free) = free {
            *free = Some(Query { connection, found, name: copy });
        }
    });
    coordinator::post(Post::Resolve, 0, 0, name);
    raw::ESPCONN_INPROGRESS
}

/// Passes the answer on: an address, or none.
pub(super) fn take_event(answer: &Answer) {
    let address: Option<[u8; 4]> =
        coordinator::with_payload(answer, |bytes| (&*bytes).try_into().ok());
    let query = QUERIES.with(|queries| {
        let oldest = queries[0].take();
        queries.rotate_left(1);
        oldest
    });
    let Some(query) = query else { return };
    let pointer = address.as_ref().map_or(core::ptr::null(), core::ptr::from_ref);
    // SAFETY: the function that was given, a name that ends with a zero, null or an address, and
    // the connection that it was given with; all live until it returns.
    scheduler::call_back(|| unsafe {
        (query.found)(query.name.as_ptr().cast(), pointer, query.connection.cast());
    });
}
