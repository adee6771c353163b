//! A queue of byte records in the caller's memory, first in, first out.

use core::ops::Range;

use crate::checkpoint::Pass;
use crate::storage::{Storage, get_u32, put_u32};

/// Bytes of a record besides its content.
pub(crate) const HEADER_BYTES: usize = 4;

/// The queue. `S` holds the records.
pub(crate) struct Fifo<S> {
    bytes: S,
    head: usize,
    tail: usize,
}

impl<S: Storage> Fifo<S> {
    pub(crate) const fn new(bytes: S) -> Self {
        Self { bytes, head: 0, tail: 0 }
    }

    pub(crate) fn into_storage(self) -> S {
        self.bytes
    }

    pub(crate) fn capacity(&self) -> usize {
        self.bytes.as_ref().len()
    }

    /// Bytes left, for headers and contents.
    pub(crate) fn free(&self) -> usize {
        self.capacity() - (self.tail - self.head)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.head == self.tail
    }

    pub(crate) const fn clear(&mut self) {
        (self.head, self.tail) = (0, 0);
    }

    /// Lends room for a record of `size` bytes at the end of the queue, to be filled by the caller.
    pub(crate) fn push(&mut self, size: usize) -> Option<&mut [u8]> {
        let whole = size.checked_add(HEADER_BYTES).filter(|whole| *whole <= self.free())?;
        let size_field = u32::try_from(size).ok()?;
        if self.capacity() - self.tail < whole {
            self.bytes.as_mut().copy_within(self.head..self.tail, 0);
            (self.head, self.tail) = (0, self.tail - self.head);
        }
        let at = self.tail;
        self.tail += whole;
        let record = &mut self.bytes.as_mut()[at..self.tail];
        put_u32(record, 0, size_field);
        Some(&mut record[HEADER_BYTES..])
    }

    /// Where the oldest record lies.
    pub(crate) fn front(&self) -> Option<Range<usize>> {
        (!self.is_empty()).then(|| {
            let start = self.head + HEADER_BYTES;
            start..start + get_u32(self.bytes.as_ref(), self.head) as usize
        })
    }

    /// The bytes of a record.
    pub(crate) fn get(&self, record: Range<usize>) -> &[u8] {
        &self.bytes.as_ref()[record]
    }

    /// Lends every record to `change`, oldest first.
    pub(crate) fn for_each(&mut self, mut change: impl FnMut(&mut [u8])) {
        let mut at = self.head;
        while at < self.tail {
            let start = at + HEADER_BYTES;
            at = start + get_u32(self.bytes.as_ref(), at) as usize;
            change(&mut self.bytes.as_mut()[start..at]);
        }
    }

    /// Drops the oldest record; says how many bytes that frees.
    pub(crate) fn pop(&mut self) -> usize {
        let Some(record) = self.front() else { return 0 };
        let freed = record.end - self.head;
        self.head = record.end;
        if self.is_empty() {
            self.clear();
        }
        freed
    }
}

impl<S: Storage> Fifo<S> {
    /// Passes over the queue, each record by `pass_record`, which is given the buffer and where the
    /// record lies.
    pub(crate) fn walk(
        &mut self,
        pass: &mut Pass<'_>,
        pass_record: impl Fn(&mut Pass<'_>, &mut [u8], Range<usize>) -> Option<()>,
    ) -> Option<()> {
        let Self { bytes, head, tail } = self;
        pass.field(head)?;
        pass.field(tail)?;
        let bytes = bytes.as_mut();
        pass.agrees(*head <= *tail && *tail <= bytes.len())?;
        let mut at = *head;
        while at < *tail {
            let start = at.checked_add(HEADER_BYTES).filter(|start| *start <= *tail)?;
            pass.plain(bytes, at, start)?;
            at = start.checked_add(get_u32(bytes, at) as usize).filter(|end| *end <= *tail)?;
            pass_record(pass, bytes, start..at)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_whole_and_in_order_over_many_turns_of_the_memory() {
        let mut fifo = Fifo::new([0_u8; 64]);
        let (mut pushed, mut popped) = (0_u8, 0_u8);
        for turn in 0..1_000_usize {
            let size = turn * 7 % 23;
            if let Some(room) = fifo.push(size) {
                room.fill(pushed);
                pushed = pushed.wrapping_add(1);
            } else {
                while let Some(record) = fifo.front() {
                    assert!(fifo.get(record).iter().all(|byte| *byte == popped));
                    popped = popped.wrapping_add(1);
                    fifo.pop();
                }
                assert_eq!((popped, fifo.free()), (pushed, 64));
            }
        }
    }
}
