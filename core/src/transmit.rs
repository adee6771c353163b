//! The transmit buffer: filled with whole batches or frames, offered once, drained by the
//! transport.

mod checkpoint;

use crate::mqtt::Packet;
use crate::storage::Storage;

/// Bytes on their way to the transport. It is filled only when it is empty, so that a batch leaves
/// in one write where the transport takes it.
pub(crate) struct Transmit<S> {
    bytes: S,
    start: usize,
    end: usize,
    /// The transport was offered these bytes and has not said how many it took.
    offered: bool,
    /// The transport took fewer than offered; it will say when it takes more.
    blocked: bool,
}

impl<S: Storage> Transmit<S> {
    pub(crate) const fn new(bytes: S) -> Self {
        Self { bytes, start: 0, end: 0, offered: false, blocked: false }
    }

    pub(crate) fn into_storage(self) -> S {
        self.bytes
    }

    pub(crate) fn capacity(&self) -> usize {
        self.bytes.as_ref().len()
    }

    pub(crate) const fn clear(&mut self) {
        (self.start, self.end, self.offered, self.blocked) = (0, 0, false, false);
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The free part, behind what is to be sent.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        &mut self.bytes.as_mut()[self.end..]
    }

    /// `count` bytes were written into the room.
    pub(crate) const fn extend(&mut self, count: usize) {
        self.end += count;
    }

    /// Puts a whole packet, or nothing. False if there is no room.
    pub(crate) fn put(&mut self, packet: &Packet<'_>) -> bool {
        let written = packet.encode(self.room()).unwrap_or(0);
        self.end += written;
        written > 0
    }

    /// The same with a packet of MQTT 5.
    #[cfg(feature = "mqtt5")]
    pub(crate) fn put_v5(&mut self, packet: &crate::mqtt::v5::Packet<'_>) -> bool {
        let written = packet.encode(self.room()).unwrap_or(0);
        self.end += written;
        written > 0
    }

    /// Whether the bytes in here are to be offered now. Bytes are offered once.
    pub(crate) const fn offer(&mut self) -> bool {
        let offer = !self.is_empty() && !self.offered && !self.blocked;
        self.offered |= offer;
        offer
    }

    /// The bytes that are offered.
    pub(crate) fn pending(&self) -> &[u8] {
        &self.bytes.as_ref()[self.start..self.end]
    }

    /// The transport took `count` of the bytes offered.
    pub(crate) fn sent(&mut self, count: usize) {
        self.start = self.end.min(self.start + count);
        self.offered = false;
        self.blocked = !self.is_empty();
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
    }

    pub(crate) const fn writable(&mut self) {
        self.blocked = false;
    }
}
