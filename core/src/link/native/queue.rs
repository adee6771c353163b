//! Frames in the caller's memory, first in, first out, each in one piece.

use crate::storage::{Storage, get_u16, put_u16};

/// Bytes that a frame takes besides its own.
pub(super) const RECORD_BYTES: usize = 2;

/// The queue. `S` holds the frames.
pub(super) struct Queue<S> {
    bytes: S,
    head: usize,
    tail: usize,
}

impl<S: Storage> Queue<S> {
    pub(super) const fn new(bytes: S) -> Self {
        Self { bytes, head: 0, tail: 0 }
    }

    pub(super) fn capacity(&self) -> usize {
        self.bytes.as_ref().len()
    }

    /// Bytes in use.
    pub(super) const fn used(&self) -> usize {
        self.tail - self.head
    }

    /// Bytes left.
    pub(super) fn free(&self) -> usize {
        self.capacity() - self.used()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.head == self.tail
    }

    pub(super) const fn clear(&mut self) {
        (self.head, self.tail) = (0, 0);
    }

    /// Room for a frame of `size` bytes behind the newest one, which is not in the queue before `commit`.
    pub(super) fn reserve(&mut self, size: usize) -> Option<&mut [u8]> {
        let whole = size + RECORD_BYTES;
        if whole > self.free() {
            return None;
        }
        if self.capacity() - self.tail < whole {
            self.bytes.as_mut().copy_within(self.head..self.tail, 0);
            (self.head, self.tail) = (0, self.used());
        }
        let start = self.tail + RECORD_BYTES;
        Some(&mut self.bytes.as_mut()[start..start + size])
    }

    /// Puts a byte of the frame that room was reserved for.
    pub(super) fn put(&mut self, at: usize, byte: u8) {
        let place = self.tail + RECORD_BYTES + at;
        self.bytes.as_mut()[place] = byte;
    }

    /// The frame of `size` bytes that room was reserved for is in the queue.
    pub(super) fn commit(&mut self, size: u16) {
        let at = self.tail;
        put_u16(self.bytes.as_mut(), at, size);
        self.tail += usize::from(size) + RECORD_BYTES;
    }

    /// The size of the frame that begins `offset` bytes behind the beginning of the oldest one, if there is one.
    pub(super) fn size_at(&self, offset: usize) -> Option<u16> {
        (offset < self.used()).then(|| get_u16(self.bytes.as_ref(), self.head + offset))
    }

    /// A byte of the frame that begins at `offset`.
    pub(super) fn byte_at(&self, offset: usize, at: usize) -> u8 {
        self.bytes.as_ref()[self.head + offset + RECORD_BYTES + at]
    }

    /// The oldest frame.
    pub(super) fn front(&self) -> Option<&[u8]> {
        let size = usize::from(self.size_at(0)?);
        let start = self.head + RECORD_BYTES;
        Some(&self.bytes.as_ref()[start..start + size])
    }

    /// Drops the oldest frame; says how many bytes that frees.
    pub(super) fn pop(&mut self) -> usize {
        let freed = self.size_at(0).map_or(0, |size| usize::from(size) + RECORD_BYTES);
        self.head += freed;
        freed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_whole_and_in_order_over_many_turns_of_the_memory() {
        let mut queue = Queue::new([0_u8; 64]);
        let (mut pushed, mut popped) = (0_u32, 0_u32);
        for turn in 0..1_000_u16 {
            let size = turn * 7 % 23;
            if let Some(room) = queue.reserve(usize::from(size)) {
                room.fill(pushed as u8);
                queue.commit(size);
                pushed += 1;
            } else {
                let keep = usize::from(turn % 3);
                while queue.used() > keep * 10 {
                    assert!(queue.front().unwrap().iter().all(|byte| *byte == popped as u8));
                    popped += 1;
                    queue.pop();
                }
            }
        }
        assert!(popped > 300, "{popped}");
    }

    #[test]
    fn what_was_reserved_and_not_committed_never_was_there() {
        let mut queue = Queue::new([0_u8; 16]);
        queue.reserve(5).unwrap().fill(7);
        assert!(queue.is_empty() && queue.front().is_none());
        assert!(queue.reserve(15).is_none());
        queue.reserve(14).unwrap().fill(8);
        queue.commit(14);
        assert_eq!((queue.front(), queue.free(), queue.byte_at(0, 13)), (Some(&[8; 14][..]), 0, 8));
        assert_eq!(queue.pop(), 16);
        assert_eq!(queue.pop(), 0);
    }
}
