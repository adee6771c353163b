//! Frames in the caller's memory, first in, first out, each in one piece.

use crate::storage::{Storage, get_u16, put_u16};

/// Bytes that a frame takes besides its own.
pub(super) const RECORD_BYTES: usize = 2;
/// In the size of a record: it is several frames, each with a byte of size before it.
const JOINED: u16 = 0x8000;

/// The queue. `S` holds the frames.
pub(super) struct Queue<S> {
    bytes: S,
    head: usize,
    tail: usize,
    /// Bytes of the oldest record that were handed out, where it is several frames.
    passed: usize,
}

impl<S: Storage> Queue<S> {
    pub(super) const fn new(bytes: S) -> Self {
        Self { bytes, head: 0, tail: 0, passed: 0 }
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
        (self.head, self.tail, self.passed) = (0, 0, 0);
    }

    /// Room for a frame of `size` bytes behind the newest one, which is not in the queue before
    /// `commit`.
    pub(super) fn reserve(&mut self, size: usize) -> Option<&mut [u8]> {
        let whole = size + RECORD_BYTES;
        if whole > self.free() {
            return None;
        }
        self.make_room_behind(whole);
        let start = self.tail + RECORD_BYTES;
        Some(&mut self.bytes.as_mut()[start..start + size])
    }

    fn make_room_behind(&mut self, size: usize) {
        if self.capacity() - self.tail < size {
            self.bytes.as_mut().copy_within(self.head..self.tail, 0);
            (self.head, self.tail) = (0, self.used());
        }
    }

    /// Puts a byte of the frame that room was reserved for.
    pub(super) fn put(&mut self, at: usize, byte: u8) {
        let place = self.tail + RECORD_BYTES + at;
        self.bytes.as_mut()[place] = byte;
    }

    /// The frame of `size` bytes that room was reserved for is in the queue; or several in one
    /// record, which
    /// [`are_joined`](Self::are_joined) was asked about.
    pub(super) fn commit(&mut self, size: u16, joined: bool) {
        let at = self.tail;
        put_u16(self.bytes.as_mut(), at, if joined { size | JOINED } else { size });
        self.tail += usize::from(size) + RECORD_BYTES;
    }

    /// What was put where room was reserved is several frames, none of them empty.
    pub(super) fn are_joined(&self, size: u16) -> bool {
        let start = self.tail + RECORD_BYTES;
        let record = &self.bytes.as_ref()[start..start + usize::from(size)];
        let mut at = 0;
        while let Some(size) = record.get(at).filter(|size| **size > 0) {
            at += 1 + usize::from(*size);
        }
        at == record.len() && !record.is_empty()
    }

    /// What the newest record, which begins at `offset`, grows by if a frame of `size` bytes joins
    /// it.
    pub(super) fn growth(&self, offset: usize, size: usize) -> usize {
        1 + size + usize::from(!self.is_joined_at(offset))
    }

    /// Adds a frame to the newest record, which begins at `offset`. False if there is no room.
    /// Neither is larger than 255 bytes.
    pub(super) fn join(&mut self, offset: usize, frame: &[u8]) -> bool {
        let Some(before) = self.size_at(offset) else { return false };
        let growth = self.growth(offset, frame.len());
        if growth > self.free() {
            return false;
        }
        self.make_room_behind(growth);
        let at = self.head + offset;
        let (start, end) = (at + RECORD_BYTES, self.tail);
        let was_joined = self.is_joined_at(offset);
        let bytes = self.bytes.as_mut();
        if !was_joined {
            bytes.copy_within(start..end, start + 1);
            bytes[start] = before as u8;
        }
        let end = end + usize::from(!was_joined);
        bytes[end] = frame.len() as u8;
        bytes[end + 1..end + 1 + frame.len()].copy_from_slice(frame);
        put_u16(bytes, at, (before + growth as u16) | JOINED);
        self.tail += growth;
        true
    }

    /// The size of the record that begins `offset` bytes behind the beginning of the oldest one, if
    /// there is one.
    pub(super) fn size_at(&self, offset: usize) -> Option<u16> {
        (offset < self.used()).then(|| get_u16(self.bytes.as_ref(), self.head + offset) & !JOINED)
    }

    /// The record that begins at `offset` is several frames.
    pub(super) fn is_joined_at(&self, offset: usize) -> bool {
        get_u16(self.bytes.as_ref(), self.head + offset) & JOINED != 0
    }

    /// A byte of the frame that begins at `offset`.
    pub(super) fn byte_at(&self, offset: usize, at: usize) -> u8 {
        self.bytes.as_ref()[self.head + offset + RECORD_BYTES + at]
    }

    /// The oldest frame.
    pub(super) fn front(&self) -> Option<&[u8]> {
        let size = usize::from(self.size_at(0)?);
        let start = self.head + RECORD_BYTES;
        let record = &self.bytes.as_ref()[start..start + size];
        if !self.is_joined_at(0) {
            return Some(record);
        }
        let (size, rest) = record.get(self.passed..)?.split_first()?;
        rest.get(..usize::from(*size))
    }

    /// Drops the oldest frame; its room is free once its whole record was handed out.
    pub(super) fn pass(&mut self) {
        if self.size_at(0).is_some_and(|_| self.is_joined_at(0)) {
            self.passed += self.front().map_or(0, |frame| 1 + frame.len());
            if self.front().is_some() {
                return;
            }
        }
        self.pop();
    }

    /// Drops the oldest record; says how many bytes that frees.
    pub(super) fn pop(&mut self) -> usize {
        let freed = self.size_at(0).map_or(0, |size| usize::from(size) + RECORD_BYTES);
        self.head += freed;
        self.passed = 0;
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
                queue.commit(size, false);
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
        queue.commit(14, false);
        assert_eq!((queue.front(), queue.free(), queue.byte_at(0, 13)), (Some(&[8; 14][..]), 0, 8));
        assert_eq!(queue.pop(), 16);
        assert_eq!(queue.pop(), 0);
    }

    #[test]
    fn frames_that_were_joined_come_out_one_by_one() {
        let mut queue = Queue::new([0_u8; 24]);
        queue.reserve(7).unwrap().fill(1);
        queue.commit(7, false);
        queue.reserve(3).unwrap().fill(2);
        queue.commit(3, false);
        queue.pass();
        assert_eq!(queue.growth(0, 2), 4);
        assert!(queue.join(0, &[3, 3]) && queue.join(0, &[4; 9]));
        assert_eq!((queue.size_at(0), queue.is_joined_at(0)), (Some(17), true));
        assert!(!queue.join(0, &[5; 5]), "there is room for four more");
        for frame in [&[2, 2, 2][..], &[3, 3], &[4; 9]] {
            assert_eq!((queue.front(), queue.free()), (Some(frame), 5));
            queue.pass();
        }
        assert_eq!((queue.front(), queue.free()), (None, 24));
    }

    #[test]
    fn what_no_end_would_join_is_seen() {
        for (record, good) in [
            (&[1, 9, 2, 9, 9][..], true),
            (&[2, 9], false),
            (&[1, 9, 0], false),
            (&[0, 1, 9], false),
            (&[1, 9, 3, 9, 9], false),
        ] {
            let mut queue = Queue::new([0_u8; 16]);
            queue.reserve(record.len()).unwrap().copy_from_slice(record);
            assert_eq!(queue.are_joined(record.len() as u16), good, "{record:?}");
        }
    }
}
