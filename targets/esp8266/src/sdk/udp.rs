//! Datagrams to and from one time server, and the address of its name.

use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char, c_void};
use core::ptr;

use fivewire_core::sntp::PACKET_BYTES;

use super::events;
use super::raw::{self, EspConn, EspUdp};
use super::tcp::{NAME_BYTES, NO_CONNECTION, Resolution, Shared, ask_for_name};
use crate::local::Local;

const NO_UDP: EspUdp =
    EspUdp { remote_port: 0, local_port: 0, local_ip: [0; 4], remote_ip: [0; 4] };

static UDP: Shared<EspUdp> = Shared(UnsafeCell::new(NO_UDP));
static CONNECTION: Shared<EspConn> = Shared(UnsafeCell::new(NO_CONNECTION));
static RESOLVER: Shared<EspConn> = Shared(UnsafeCell::new(NO_CONNECTION));
static SENDING: Shared<[u8; PACKET_BYTES]> = Shared(UnsafeCell::new([0; PACKET_BYTES]));
/// The server's name, with a zero at its end.
static NAME: Local<[u8; NAME_BYTES]> = Local::new([0; NAME_BYTES]);
static OPEN: Local<bool> = Local::new(false);

/// The server's name or address from now on.
pub(crate) fn set_name(name: &str) {
    NAME.with(|bytes| {
        bytes.fill(0);
        if let Some(room) = bytes[..NAME_BYTES - 1].get_mut(..name.len()) {
            room.copy_from_slice(name.as_bytes());
        }
    });
}

/// Asks for the server's address. The answer, if it is not known at once, is
/// [`events::Events::time_resolved`].
pub(crate) fn resolve() -> Resolution {
    NAME.with(|name| ask_for_name(&RESOLVER, name, on_resolved))
}

/// Sends a datagram. Nothing is said of one that cannot be sent: it is lost like any other.
pub(crate) fn send(address: [u8; 4], port: u16, packet: &[u8; PACKET_BYTES]) {
    let (connection, udp) = (CONNECTION.0.get(), UDP.0.get());
    if !OPEN.with(|open| core::mem::replace(open, true)) {
        // SAFETY: the SDK does not know the connection yet.
        unsafe {
            connection.write(EspConn { kind: raw::ESPCONN_UDP, tcp: udp.cast(), ..NO_CONNECTION });
        }
        // SAFETY: may be called at any time (API §4.2, `espconn_port`).
        unsafe { (*udp).local_port = raw::espconn_port().cast_signed() };
        // SAFETY: notes a function in the connection, which is static and complete, and opens it
        // for good (API §4.3, `espconn_regist_recvcb`, `espconn_create`).
        unsafe {
            raw::espconn_regist_recvcb(connection, on_datagram);
            raw::espconn_create(connection);
        }
    }
    // SAFETY: where to send to is read when it is sent, and may have been changed to where the last
    // answer came from (API §4.3, `espconn_sendto`).
    unsafe { ((*udp).remote_ip, (*udp).remote_port) = (address, i32::from(port)) };
    let memory = SENDING.0.get().cast::<u8>();
    // SAFETY: it has room for as many bytes.
    unsafe { ptr::copy_nonoverlapping(packet.as_ptr(), memory, PACKET_BYTES) };
    // SAFETY: the bytes are copied before it returns (espconn_udp.c of SDK 3.0); 48 fit into the
    // type.
    unsafe { raw::espconn_sendto(connection, memory, PACKET_BYTES as u16) };
}

unsafe extern "C" fn on_resolved(name: *const c_char, address: *const [u8; 4], _: *mut c_void) {
    // SAFETY: a name that ends with a zero, there until this returns (API §4.1,
    // `dns_found_callback`).
    let asked = unsafe { CStr::from_ptr(name) };
    // SAFETY: null, or an `ip_addr_t` of four bytes (as above).
    let address = unsafe { address.as_ref() }.copied();
    if NAME.with(|name| name.starts_with(asked.to_bytes_with_nul())) {
        events::note(|events| events.time_resolved = Some(address));
    }
}

unsafe extern "C" fn on_datagram(_: *mut c_void, bytes: *mut u8, length: u16) {
    // SAFETY: the SDK passes the bytes of a datagram, which are there until this returns (API §4.2,
    // `espconn_recv_callback`).
    let bytes = unsafe { core::slice::from_raw_parts(bytes, usize::from(length)) };
    // What is shorter is no answer, and what is longer has nothing that is wanted behind it.
    if let Some(datagram) = bytes.first_chunk() {
        events::note(|events| events.datagram = Some(*datagram));
    }
}
