//! A queue of bytes in memory that is kept.

use fivewire_core::mqtt::{BufferTooSmall, Packet, v5};

/// A packet of either version of MQTT.
pub(crate) trait Encode {
    /// Writes it to the front of `into`, and tells its size.
    fn encode(&self, into: &mut [u8]) -> Result<usize, BufferTooSmall>;
}

impl Encode for Packet<'_> {
    fn encode(&self, into: &mut [u8]) -> Result<usize, BufferTooSmall> {
        Packet::encode(self, into)
    }
}

impl Encode for v5::Packet<'_> {
    fn encode(&self, into: &mut [u8]) -> Result<usize, BufferTooSmall> {
        v5::Packet::encode(self, into)
    }
}

/// Bytes that wait to be taken in front. Room is made once and then written over: no byte is
/// cleared before something is put there.
#[derive(Clone, Default, Debug)]
pub(crate) struct ByteQueue {
    room: Vec<u8>,
    start: usize,
    end: usize,
}

impl ByteQueue {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.room[self.start..self.end]
    }

    pub(crate) const fn size(&self) -> usize {
        self.end - self.start
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(crate) const fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Adds a packet and tells its size.
    ///
    /// # Panics
    /// MQTT has no such packet: a bug of the simulator.
    // Inlined so that the encoder is, for one kind of packet at each place. The compiler does it only if it
    // is told to, here and in `world`: that takes 1.5 % of the instructions off a run.
    #[inline(always)]
    pub(crate) fn push_packet(&mut self, packet: &impl Encode) -> usize {
        loop {
            match packet.encode(&mut self.room[self.end..]) {
                Ok(size) => {
                    self.end += size;
                    return size;
                }
                Err(BufferTooSmall { min_bytes, .. }) => self.make_room(min_bytes),
            }
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.room.len() - self.end < bytes.len() {
            self.make_room(bytes.len());
        }
        self.room[self.end..][..bytes.len()].copy_from_slice(bytes);
        self.end += bytes.len();
    }

    /// Drops the first `count` bytes.
    pub(crate) const fn drop_front(&mut self, count: usize) {
        self.start += count;
        if self.start >= self.end {
            self.clear();
        }
    }

    /// Drops all but the first `size` bytes.
    pub(crate) fn truncate(&mut self, size: usize) {
        self.end = self.end.min(self.start + size);
    }

    #[cold]
    fn make_room(&mut self, more: usize) {
        assert_ne!(more, usize::MAX, "a packet that MQTT does not have");
        self.room.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.size());
        if self.room.len() - self.end < more {
            self.room.resize((self.end + more).next_power_of_two(), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_in_order_over_many_turns_of_the_memory() {
        let mut queue = ByteQueue::default();
        let (mut pushed, mut dropped) = (0_u8, 0_u8);
        for turn in 0..1_000 {
            for _ in 0..turn * 7 % 23 {
                queue.push(&[pushed]);
                pushed = pushed.wrapping_add(1);
            }
            let count = queue.size().min(turn * 5 % 19);
            for &byte in &queue.bytes()[..count] {
                assert_eq!(byte, dropped);
                dropped = dropped.wrapping_add(1);
            }
            queue.drop_front(count);
        }
        assert!(queue.room.len() <= 4_096, "{}", queue.room.len());
    }

    #[test]
    fn packets_and_bytes_lie_behind_each_other() {
        let mut queue = ByteQueue::default();
        assert_eq!(queue.push_packet(&Packet::Pingreq), 2);
        queue.push(&[1, 2, 3]);
        queue.push_packet(&Packet::Pingresp);
        assert_eq!(queue.bytes(), [0xC0, 0, 1, 2, 3, 0xD0, 0]);
        queue.drop_front(3);
        queue.truncate(3);
        assert_eq!(queue.bytes(), [2, 3, 0xD0]);
        queue.clear();
        assert!(queue.is_empty());
    }
}
