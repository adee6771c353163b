//! Encoded packets, one behind the other, in memory that is kept.

use fivewire_core::mqtt::{BufferTooSmall, Packet};

/// Bytes of packets that wait to be taken. Room is made once and then written over: no byte is
/// cleared before a packet is encoded into it.
#[derive(Clone, Default, Debug)]
pub(crate) struct Encoded {
    room: Vec<u8>,
    size: usize,
}

impl Encoded {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.room[..self.size]
    }

    pub(crate) const fn size(&self) -> usize {
        self.size
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.size == 0
    }

    pub(crate) const fn clear(&mut self) {
        self.size = 0;
    }

    /// Adds a packet and tells its size.
    ///
    /// # Panics
    /// MQTT has no such packet: a bug of the simulator.
    pub(crate) fn push(&mut self, packet: &Packet<'_>) -> usize {
        loop {
            match packet.encode(&mut self.room[self.size..]) {
                Ok(size) => {
                    self.size += size;
                    return size;
                }
                Err(BufferTooSmall { min_bytes, .. }) => self.grow(min_bytes),
            }
        }
    }

    pub(crate) fn push_raw(&mut self, bytes: &[u8]) {
        if self.room.len() - self.size < bytes.len() {
            self.grow(bytes.len());
        }
        self.room[self.size..][..bytes.len()].copy_from_slice(bytes);
        self.size += bytes.len();
    }

    /// Drops the first `count` bytes.
    pub(crate) fn drop_front(&mut self, count: usize) {
        self.room.copy_within(count..self.size, 0);
        self.size -= count;
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        assert_ne!(more, usize::MAX, "a packet that MQTT does not have");
        self.room.resize((self.size + more).next_power_of_two(), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_lie_behind_each_other_and_leave_in_front() {
        let mut encoded = Encoded::default();
        assert_eq!(encoded.push(&Packet::Pingreq), 2);
        encoded.push_raw(&[1, 2, 3]);
        encoded.push(&Packet::Pingresp);
        assert_eq!(encoded.bytes(), [0xC0, 0, 1, 2, 3, 0xD0, 0]);
        encoded.drop_front(3);
        assert_eq!(encoded.bytes(), [2, 3, 0xD0, 0]);
        encoded.clear();
        assert!(encoded.is_empty());
    }
}
