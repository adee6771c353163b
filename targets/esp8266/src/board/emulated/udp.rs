//! espconn: datagrams, over one connection that stays open.

use super::coordinator::{self, Answer, Post};
use super::{abort, scheduler};
use crate::local::Local;
use crate::sdk::raw::{self, EspConn, EspUdp};

/// The largest datagram that is passed on, with its address.
const DATAGRAM_MAX_BYTES: usize = 64;

static CONNECTION: Local<Option<*mut EspConn>> = Local::new(None);

/// Passes a datagram on.
pub(super) fn take_event(answer: &Answer) {
    let Some(connection) = CONNECTION.with(|connection| *connection) else { return };
    // SAFETY: the firmware's connection, complete since `espconn_create`.
    let Some(function) = (unsafe { (*connection).received }) else { return };
    coordinator::with_payload(answer, |bytes| {
        // SAFETY: the function that was registered, and its connection; the bytes live until it
        // returns.
        scheduler::call_back(|| unsafe {
            function(connection.cast(), bytes.as_mut_ptr(), bytes.len() as u16);
        });
    });
}

#[unsafe(no_mangle)]
extern "C" fn espconn_create(connection: *mut EspConn) -> i8 {
    // SAFETY: the caller's connection, which is complete (API §4.3).
    abort::rule(unsafe { (*connection).kind } == raw::ESPCONN_UDP, "a connection of UDP");
    let known = CONNECTION.with(|place| place.replace(connection));
    abort::rule(known.is_none(), "a connection is created once");
    raw::ESPCONN_OK
}

#[unsafe(no_mangle)]
extern "C" fn espconn_sendto(connection: *mut EspConn, bytes: *mut u8, length: u16) -> i16 {
    abort::rule(
        CONNECTION.with(|known| *known == Some(connection)),
        "nothing is sent before the connection was created",
    );
    let size = usize::from(length);
    abort::rule(size + 4 <= DATAGRAM_MAX_BYTES, "a datagram of this size");
    // SAFETY: a connection of UDP has an `EspUdp` (espconn.h: a union).
    let (address, port) = unsafe {
        let udp = (*connection).tcp.cast::<EspUdp>();
        ((*udp).remote_ip, (*udp).remote_port)
    };
    // SAFETY: the caller's bytes.
    let bytes = unsafe { core::slice::from_raw_parts(bytes, size) };
    let mut payload = [0; DATAGRAM_MAX_BYTES];
    payload[..4].copy_from_slice(&address);
    payload[4..4 + size].copy_from_slice(bytes);
    coordinator::post(Post::Datagram, 0, port.cast_unsigned(), &payload[..4 + size]);
    0
}
