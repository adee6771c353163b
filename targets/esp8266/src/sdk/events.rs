//! What the SDK told in its callbacks, and the task has not looked at.

use fivewire_core::sntp::PACKET_BYTES;

use super::task;
use crate::local::Local;

/// What a TCP window holds (4 segments of 1,460 bytes, SDK 3.0, lwipopts.h): the broker can send no
/// more before `unhold` was called.
pub(crate) const WINDOW_BYTES: usize = 5_840;

/// The network.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wifi {
    /// Joined, with an address.
    Up,
    /// Lost, or could not be joined.
    Down,
}

/// How a connection ended, or an attempt failed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The two sides closed it.
    Closed,
    /// It failed: this is the SDK's error.
    Failed(i8),
}

/// What was noted, received bytes aside.
pub(crate) struct Events {
    /// The network's last change.
    pub(crate) wifi: Option<Wifi>,
    /// The answer to the name that was asked for: its address, if it has one.
    pub(crate) resolved: Option<Option<[u8; 4]>>,
    /// The same of the time server's name.
    pub(crate) time_resolved: Option<Option<[u8; 4]>>,
    /// The beginning of the last datagram.
    pub(crate) datagram: Option<[u8; PACKET_BYTES]>,
    /// The connection is open.
    pub(crate) opened: bool,
    /// All that was to be sent was acknowledged.
    pub(crate) sent: bool,
    /// The connection is over.
    pub(crate) ended: Option<End>,
    /// More arrived than there is room for: the stream has a hole.
    pub(crate) overrun: bool,
}

/// Bytes that arrived, oldest first, up to a whole window.
struct Received {
    bytes: [u8; WINDOW_BYTES],
    start: usize,
    end: usize,
}

static EVENTS: Local<Events> = Local::new(Events {
    wifi: None,
    resolved: None,
    time_resolved: None,
    datagram: None,
    opened: false,
    sent: false,
    ended: None,
    overrun: false,
});
static RECEIVED: Local<Received> =
    Local::new(Received { bytes: [0; WINDOW_BYTES], start: 0, end: 0 });

/// Notes something, and wakes the task.
pub(super) fn note(change: impl FnOnce(&mut Events)) {
    EVENTS.with(change);
    task::post();
}

/// Takes something of what was noted.
pub(crate) fn take<T>(what: impl FnOnce(&mut Events) -> T) -> T {
    EVENTS.with(what)
}

/// Keeps bytes that arrived. False if there is no room: more than a window came.
pub(super) fn keep(bytes: &[u8]) -> bool {
    RECEIVED.with(|received| {
        if received.bytes.len() - received.end < bytes.len() {
            received.bytes.copy_within(received.start..received.end, 0);
            (received.start, received.end) = (0, received.end - received.start);
        }
        match received.bytes.get_mut(received.end..received.end + bytes.len()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                received.end += bytes.len();
                true
            }
            None => false,
        }
    })
}

/// Shows the oldest bytes, `max_bytes` at most, and drops them. False if there were none.
pub(crate) fn show_received(max_bytes: usize, show: impl FnOnce(&[u8])) -> bool {
    RECEIVED.with(|received| {
        let count = max_bytes.min(received.end - received.start);
        if count > 0 {
            show(&received.bytes[received.start..received.start + count]);
            received.start += count;
        }
        count > 0
    })
}

/// Nothing that arrived is left.
pub(crate) fn is_drained() -> bool {
    RECEIVED.with(|received| received.start == received.end)
}

/// Drops what arrived on a connection that is over.
pub(crate) fn drop_received() {
    RECEIVED.with(|received| (received.start, received.end) = (0, 0));
}
