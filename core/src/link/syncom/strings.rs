//! Strings in the caller's memory, one after the other. None contains the character 0, so each ends
//! with one, as on the wires.

use crate::storage::Storage;

/// Strings on their way out.
pub(super) struct Outgoing<S> {
    bytes: S,
    head: usize,
    tail: usize,
}

impl<S: Storage> Outgoing<S> {
    pub(super) const fn new(bytes: S) -> Self {
        Self { bytes, head: 0, tail: 0 }
    }

    pub(super) fn into_storage(self) -> S {
        self.bytes
    }

    /// The longest string that could ever be taken.
    pub(super) fn string_max_bytes(&self) -> usize {
        self.bytes.as_ref().len() - 1
    }

    /// A string of this size would be taken now.
    pub(super) fn fits(&self, size: usize) -> bool {
        self.tail - self.head + size < self.bytes.as_ref().len()
    }

    /// Takes a whole string. The caller saw to it that it fits.
    pub(super) fn push(&mut self, string: &[u8]) {
        if self.bytes.as_ref().len() - self.tail <= string.len() {
            self.bytes.as_mut().copy_within(self.head..self.tail, 0);
            (self.head, self.tail) = (0, self.tail - self.head);
        }
        let end = self.tail + string.len();
        let bytes = self.bytes.as_mut();
        bytes[self.tail..end].copy_from_slice(string);
        bytes[end] = 0;
        self.tail = end + 1;
    }

    /// The next character for the wires: 0 at the end of a string, and where there is nothing to
    /// send.
    pub(super) fn next(&mut self) -> u8 {
        if self.head == self.tail {
            return 0;
        }
        let character = self.bytes.as_ref()[self.head];
        self.head += 1;
        character
    }

    pub(super) const fn clear(&mut self) {
        (self.head, self.tail) = (0, 0);
    }
}

/// Strings on their way in: whole ones, and behind them the one that arrives.
pub(super) struct Incoming<S> {
    bytes: S,
    head: usize,
    /// Where the string that arrives begins.
    begin: usize,
    tail: usize,
    /// Characters of a string that is too long: it is passed over to its end.
    skipped: usize,
}

impl<S: Storage> Incoming<S> {
    pub(super) const fn new(bytes: S) -> Self {
        Self { bytes, head: 0, begin: 0, tail: 0, skipped: 0 }
    }

    pub(super) fn into_storage(self) -> S {
        self.bytes
    }

    /// Room for one more character and the end of its string.
    pub(super) fn has_room(&self) -> bool {
        self.bytes.as_ref().len() - (self.tail - self.head) >= 2
    }

    pub(super) const fn has_whole(&self) -> bool {
        self.head < self.begin
    }

    /// The oldest whole string.
    pub(super) fn front(&self) -> &[u8] {
        let whole = &self.bytes.as_ref()[self.head..self.begin];
        whole.split(|byte| *byte == 0).next().unwrap_or_default()
    }

    /// Drops the oldest whole string.
    pub(super) fn pop(&mut self) {
        self.head += self.front().len() + 1;
        if self.head == self.tail {
            (self.head, self.begin, self.tail) = (0, 0, 0);
        }
    }

    /// A character arrived. `Some` if it ended a string that was too long: its size.
    pub(super) fn take(&mut self, character: u8) -> Option<usize> {
        if self.skipped > 0 {
            if character == 0 {
                return Some(core::mem::take(&mut self.skipped));
            }
            self.skipped += 1;
        } else if character != 0 {
            self.append(character);
        } else if self.tail > self.begin {
            self.bytes.as_mut()[self.tail] = 0;
            self.tail += 1;
            self.begin = self.tail;
        }
        None
    }

    fn append(&mut self, character: u8) {
        if !self.has_room() {
            self.skipped = self.tail - self.begin + 1;
            self.tail = self.begin;
            return;
        }
        if self.bytes.as_ref().len() - self.tail < 2 {
            self.bytes.as_mut().copy_within(self.head..self.tail, 0);
            self.begin -= self.head;
            self.tail -= self.head;
            self.head = 0;
        }
        self.bytes.as_mut()[self.tail] = character;
        self.tail += 1;
    }

    pub(super) const fn clear(&mut self) {
        (self.head, self.begin, self.tail, self.skipped) = (0, 0, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_zero_lies_between_two_strings_and_nothing_but_zeros_behind_the_last() {
        let mut outgoing = Outgoing::new([0_u8; 6]);
        assert_eq!(outgoing.string_max_bytes(), 5);
        outgoing.push(b"ab");
        assert!(outgoing.fits(2) && !outgoing.fits(3));
        outgoing.push(b"cd");
        let characters: [u8; 8] = core::array::from_fn(|_| outgoing.next());
        assert_eq!(&characters, b"ab\0cd\0\0\0");
    }

    #[test]
    fn strings_come_out_whole_and_in_order_over_many_turns_of_the_memory() {
        let mut outgoing = Outgoing::new([0_u8; 23]);
        let mut incoming = Incoming::new([0_u8; 31]);
        let (mut sent, mut received) = (0_u8, 0_u8);
        for _ in 0..5_000_u32 {
            let size = usize::from(sent % 11) + 1;
            if outgoing.fits(size) {
                outgoing.push(&[sent % 127 + 1; 11][..size]);
                sent = sent.wrapping_add(1);
            }
            assert_eq!(incoming.take(outgoing.next()), None, "nothing is too long");
            if incoming.has_whole() {
                let size = usize::from(received % 11) + 1;
                assert_eq!(incoming.front(), &[received % 127 + 1; 11][..size]);
                incoming.pop();
                received = received.wrapping_add(1);
            }
        }
        assert!(received > 100);
    }

    #[test]
    fn a_string_that_is_too_long_is_passed_over_and_the_next_one_is_whole() {
        let mut incoming = Incoming::new([0_u8; 5]);
        for character in *b"abcde" {
            assert_eq!(incoming.take(character), None);
        }
        assert_eq!(incoming.take(0), Some(5));
        assert!(!incoming.has_whole());
        for character in *b"wxyz\0" {
            assert_eq!(incoming.take(character), None);
        }
        assert_eq!(incoming.front(), b"wxyz");
    }
}
