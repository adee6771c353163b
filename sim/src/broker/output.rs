//! The bytes on their way to one client.

use std::collections::VecDeque;

use fivewire_core::time::Instant;

use crate::queue::{ByteQueue, Encode};

/// Encoded packets that the transport did not take yet.
#[derive(Default, Debug)]
pub(super) struct OutputBuffer {
    bytes: ByteQueue,
    /// How many of the bytes were offered and not answered by `Sent`.
    offered: usize,
    /// The transport took less than offered: it will say when it is writable.
    blocked: bool,
}

impl OutputBuffer {
    /// Forgets everything but the memory.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.offered = 0;
        self.blocked = false;
    }

    pub(super) fn push(&mut self, packet: &impl Encode) {
        self.bytes.push_packet(packet);
    }

    pub(super) fn push_raw(&mut self, bytes: &[u8]) {
        self.bytes.push(bytes);
    }

    /// Bytes the transport did not take yet.
    pub(super) fn pending_bytes(&self) -> usize {
        self.bytes.size()
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Whether there is something to offer now.
    pub(super) fn has_offer(&self) -> bool {
        self.offered == 0 && !self.blocked && !self.bytes.is_empty()
    }

    /// Everything there is. Nothing more is offered before [`Self::sent`].
    pub(super) fn offer(&mut self) -> &[u8] {
        self.offered = self.bytes.size();
        self.bytes.bytes()
    }

    /// The transport took `count` bytes of those offered.
    pub(super) fn sent(&mut self, count: usize) {
        if count < self.offered {
            self.blocked = true;
        }
        self.bytes.drop_front(count.min(self.offered));
        self.offered = 0;
    }

    pub(super) fn writable(&mut self) {
        self.blocked = false;
    }
}

/// Acknowledgements that a misbehaving broker holds back, oldest first.
#[derive(Default, Debug)]
pub(super) struct DelayedPackets {
    bytes: ByteQueue,
    /// When each packet is due, and its length.
    due: VecDeque<(Instant, usize)>,
}

impl DelayedPackets {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.due.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.due.is_empty()
    }

    /// Holds `packet` back until `at`, and at least as long as those before it: acknowledgements
    /// keep their order [MQTT-4.6.0-2].
    pub(super) fn push(&mut self, at: Instant, packet: &impl Encode) {
        let size = self.bytes.push_packet(packet);
        let at = self.due.back().map_or(at, |&(last, _)| at.max(last));
        self.due.push_back((at, size));
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.front().map(|&(at, _)| at)
    }

    /// Moves what is due at `now` to `output`.
    pub(super) fn release(&mut self, now: Instant, output: &mut OutputBuffer) {
        let mut len = 0;
        while let Some(&(at, packet_len)) = self.due.front()
            && at <= now
        {
            len += packet_len;
            self.due.pop_front();
        }
        output.push_raw(&self.bytes.bytes()[..len]);
        self.bytes.drop_front(len);
    }
}

#[cfg(test)]
mod tests {
    use fivewire_core::mqtt::Packet;

    use super::*;

    #[test]
    fn bytes_are_offered_once_and_again_only_after_a_short_answer_and_writable() {
        let mut output = OutputBuffer::default();
        output.push(&Packet::Pingresp);
        assert!(output.has_offer());
        assert_eq!(output.offer(), [0xD0, 0]);
        assert!(!output.has_offer());
        output.push(&Packet::Pingresp);
        output.sent(1);
        assert!(!output.has_offer(), "the transport is full");
        output.writable();
        assert_eq!(output.offer(), [0, 0xD0, 0]);
        output.sent(3);
        assert_eq!(output.pending_bytes(), 0);
        assert!(!output.is_blocked());
    }

    #[test]
    fn delayed_packets_keep_their_order() {
        let mut delayed = DelayedPackets::default();
        let mut output = OutputBuffer::default();
        delayed.push(Instant::from_millis(50), &Packet::Pingresp);
        delayed.push(Instant::from_millis(10), &Packet::Pingreq);
        delayed.release(Instant::from_millis(49), &mut output);
        assert_eq!(output.pending_bytes(), 0);
        delayed.release(Instant::from_millis(50), &mut output);
        assert_eq!(output.offer(), [0xD0, 0, 0xC0, 0]);
        assert!(delayed.is_empty());
    }
}
