//! One TCP connection, and the addresses of names.

use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char, c_void};
use core::ptr;

use super::events::{self, End};
use super::raw::{self, EspConn, EspTcp};
use crate::local::Local;

/// Memory that the SDK reads and writes while a connection exists: never borrowed, only pointed at.
pub(super) struct Shared<T>(pub(super) UnsafeCell<T>);

// SAFETY: it is used through raw pointers, by one thread (see `Local`).
unsafe impl<T> Sync for Shared<T> {}

const NO_TCP: EspTcp = EspTcp {
    remote_port: 0,
    local_port: 0,
    local_ip: [0; 4],
    remote_ip: [0; 4],
    connected: None,
    failed: None,
    disconnected: None,
    write_finished: None,
};
pub(super) const NO_CONNECTION: EspConn = EspConn {
    kind: 0,
    state: 0,
    tcp: ptr::null_mut(),
    received: None,
    sent: None,
    link_count: 0,
    reverse: ptr::null_mut(),
};

/// 255 bytes (`bridge::Broker::host`) and a zero.
pub(super) const NAME_BYTES: usize = 256;

/// The most bytes that one [`send`] takes.
pub(crate) const SEND_MAX_BYTES: usize = 1_024;

static TCP: Shared<EspTcp> = Shared(UnsafeCell::new(NO_TCP));
static CONNECTION: Shared<EspConn> = Shared(UnsafeCell::new(NO_CONNECTION));
/// Names are asked for with a connection of their own: one may still be closing.
static RESOLVER: Shared<EspConn> = Shared(UnsafeCell::new(NO_CONNECTION));
/// The broker's name, with a zero at its end.
static NAME: Local<[u8; NAME_BYTES]> = Local::new([0; NAME_BYTES]);
static SENDING: Shared<[u8; SEND_MAX_BYTES]> = Shared(UnsafeCell::new([0; SEND_MAX_BYTES]));

/// What is known of a name at once.
pub(crate) enum Resolution {
    /// Its address.
    Known([u8; 4]),
    /// [`events::Events::resolved`] will tell.
    Asked,
    /// It cannot be asked for.
    Refused,
}

/// The broker's name or address from now on. One that is too long was refused by the host's end
/// already.
pub(crate) fn set_name(name: &str) {
    NAME.with(|bytes| {
        bytes.fill(0);
        if let Some(room) = bytes[..NAME_BYTES - 1].get_mut(..name.len()) {
            room.copy_from_slice(name.as_bytes());
        }
    });
}

/// Asks for the broker's address.
pub(crate) fn resolve() -> Resolution {
    NAME.with(|name| ask_for_name(&RESOLVER, name, on_resolved))
}

/// Asks for the address of a name that ends with a zero.
pub(super) fn ask_for_name(
    resolver: &'static Shared<EspConn>,
    name: &[u8; NAME_BYTES],
    found: raw::ResolvedFunction,
) -> Resolution {
    let mut address = [0; 4];
    // SAFETY: the connection is static, the name ends with a zero and is copied; the address is
    // written before the call returns, or not at all (API §4.1, `espconn_gethostbyname`; espconn.c,
    // dns.c of SDK 3.0).
    let result = unsafe {
        raw::espconn_gethostbyname(resolver.0.get(), name.as_ptr().cast(), &mut address, found)
    };
    match result {
        raw::ESPCONN_OK => Resolution::Known(address),
        raw::ESPCONN_INPROGRESS => Resolution::Asked,
        _ => Resolution::Refused,
    }
}

/// Opens the connection. Its end must have been told since the one before. False if the SDK
/// refuses.
pub(crate) fn open(address: [u8; 4], port: u16) -> bool {
    let (connection, tcp) = (CONNECTION.0.get(), TCP.0.get());
    // SAFETY: may be called at any time (API §4.2, `espconn_port`).
    let local_port = unsafe { raw::espconn_port() };
    let new_tcp = EspTcp {
        remote_port: i32::from(port),
        local_port: local_port.cast_signed(),
        remote_ip: address,
        ..NO_TCP
    };
    // SAFETY: the SDK has let go of a connection whose end it told, so both may be written.
    unsafe { tcp.write(new_tcp) };
    // SAFETY: as above.
    unsafe { connection.write(EspConn { kind: raw::ESPCONN_TCP, tcp, ..NO_CONNECTION }) };
    // SAFETY: these note a function in the connection (API §4.2, `espconn_regist_...`).
    unsafe {
        raw::espconn_regist_connectcb(connection, on_connected);
        raw::espconn_regist_reconcb(connection, on_failed);
        raw::espconn_regist_disconcb(connection, on_disconnected);
        raw::espconn_regist_recvcb(connection, on_received);
        raw::espconn_regist_sentcb(connection, on_sent);
    }
    // SAFETY: the connection is static and complete (API §4.2, `espconn_connect`).
    unsafe { raw::espconn_connect(connection) == raw::ESPCONN_OK }
}

/// All that arrived was read: the broker may send another window. Receiving is held in between: the
/// SDK goes on to deliver, but opens the window no further, so no more than one can ever wait here.
pub(crate) fn admit() {
    let connection = CONNECTION.0.get();
    // SAFETY: for a connection that is gone this is an error without effect (API §4.2).
    unsafe { raw::espconn_recv_unhold(connection) };
    // SAFETY: as above.
    unsafe { raw::espconn_recv_hold(connection) };
}

/// Sends the beginning of `bytes`, and tells how many. Not before [`events::Events::sent`] of the
/// last.
pub(crate) fn send(bytes: &[u8]) -> usize {
    let count = bytes.len().min(SEND_MAX_BYTES);
    let memory = SENDING.0.get().cast::<u8>();
    // SAFETY: nothing is being sent, so the SDK does not read the memory; it has room for as many
    // bytes.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), memory, count) };
    // SAFETY: the memory stays as it is until the callback of `sent` (API §4.2, `espconn_send`);
    // the cast keeps the value, which is 1,024 at most.
    let result = unsafe { raw::espconn_send(CONNECTION.0.get(), memory, count as u16) };
    if result == raw::ESPCONN_OK { count } else { 0 }
}

/// Closes the connection: [`events::Events::ended`] follows. Called by the task, never by a
/// callback.
pub(crate) fn close() {
    // SAFETY: not inside a callback of this connection (API §4.2, `espconn_disconnect`).
    unsafe { raw::espconn_disconnect(CONNECTION.0.get()) };
}

/// Breaks the connection off, or an attempt to open one. Called by the task, never by a callback.
pub(crate) fn abort() {
    // SAFETY: not inside a callback of this connection (API §4.2, `espconn_abort`).
    unsafe { raw::espconn_abort(CONNECTION.0.get()) };
}

/// The broker's machine answered that nobody listens.
pub(crate) const fn is_refusal(error: i8) -> bool {
    error == raw::ESPCONN_RST
}

unsafe extern "C" fn on_resolved(name: *const c_char, address: *const [u8; 4], _: *mut c_void) {
    // SAFETY: a name that ends with a zero, there until this returns (API §4.1,
    // `dns_found_callback`).
    let asked = unsafe { CStr::from_ptr(name) };
    // SAFETY: null, or an `ip_addr_t` of four bytes (as above).
    let address = unsafe { address.as_ref() }.copied();
    // The answer to an earlier question may be late, and of another name.
    if NAME.with(|name| name.starts_with(asked.to_bytes_with_nul())) {
        events::note(|events| events.resolved = Some(address));
    }
}

unsafe extern "C" fn on_connected(_: *mut c_void) {
    let connection = CONNECTION.0.get();
    // SAFETY: options are set once the connection is open (API §4.2, `espconn_set_opt`): small
    // packets leave at once.
    unsafe { raw::espconn_set_opt(connection, raw::ESPCONN_NODELAY) };
    // SAFETY: the connection is open, and this is no closing (API §4.2, `espconn_recv_hold`).
    unsafe { raw::espconn_recv_hold(connection) };
    events::note(|events| events.opened = true);
}

unsafe extern "C" fn on_failed(_: *mut c_void, error: i8) {
    events::note(|events| events.ended = Some(End::Failed(error)));
}

unsafe extern "C" fn on_disconnected(_: *mut c_void) {
    events::note(|events| events.ended = Some(End::Closed));
}

unsafe extern "C" fn on_sent(_: *mut c_void) {
    events::note(|events| events.sent = true);
}

unsafe extern "C" fn on_received(_: *mut c_void, bytes: *mut u8, length: u16) {
    // SAFETY: the SDK passes the bytes of a segment, which are there until this returns (API §4.2,
    // `espconn_recv_callback`).
    let bytes = unsafe { core::slice::from_raw_parts(bytes, usize::from(length)) };
    // More than a window cannot come. If it does, part of the stream is lost, and with it the
    // connection.
    let lost = !events::keep(bytes);
    events::note(|events| events.overrun |= lost);
}
