//! Going through the records of an outbox.

use super::record::{DEAD, Record};

/// The records from a place on that are not dead.
pub(super) struct Records<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        while self.at < self.bytes.len() {
            let record = Record::read(self.bytes, self.at);
            self.at += record.size;
            if !record.has(DEAD) {
                return Some(record);
            }
        }
        None
    }
}
