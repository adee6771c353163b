//! A recording in bounded memory: the newest segments, in slots of one size.

use super::Sink;
use crate::storage::Storage;

/// How many slots there can be.
const SLOTS_MAX: usize = 16;

/// A slot and what is in it.
#[derive(Clone, Copy, Default, Debug)]
struct Slot {
    /// How many bytes of it are written.
    written: usize,
    /// How many of those were drained.
    drained: usize,
}

/// Keeps the newest segments of a recording in the caller's memory; the oldest whole segment makes
/// room for the next.
///
/// [`drain`](Self::drain) takes it out in pieces, the oldest first, while recording goes on. A segment
/// of which a part was taken out is not dropped: where there is no other slot, nothing is recorded
/// until it is drained, and what was missed shows as a segment that does not continue the last one.
///
/// A slot must hold a checkpoint, which is up to 400 bytes and all that is in the client's buffers,
/// and one call with its outputs; a smaller one records while the buffers are emptier.
/// [`missed`](Self::missed) tells.
#[derive(Debug)]
pub struct Ring<S> {
    memory: S,
    slots: [Slot; SLOTS_MAX],
    count: usize,
    /// The oldest one in use.
    first: usize,
    /// How many are in use, the newest maybe open.
    used: usize,
    open: bool,
    dropped: u32,
    missed: u32,
}

impl<S: Storage> Ring<S> {
    /// A ring in `memory`, cut into `slots` of one size: 2 to 16, others count as the nearest of
    /// them.
    #[must_use]
    pub fn new(memory: S, slots: usize) -> Self {
        Self {
            memory,
            slots: [Slot::default(); SLOTS_MAX],
            count: slots.clamp(2, SLOTS_MAX),
            first: 0,
            used: 0,
            open: false,
            dropped: 0,
            missed: 0,
        }
    }

    /// Bytes of a slot.
    fn slot_bytes(&self) -> usize {
        self.memory.as_ref().len() / self.count
    }

    const fn newest(&self) -> usize {
        (self.first + self.used + self.count - 1) % self.count
    }

    /// Takes out the oldest bytes, and returns how many. 0: nothing is left but the segment that is
    /// open, which [`Recorder::finish`](super::Recorder::finish) ends.
    pub fn drain(&mut self, into: &mut [u8]) -> usize {
        if self.segments() == 0 {
            return 0;
        }
        let start = self.first * self.slot_bytes();
        let slot = &mut self.slots[self.first];
        let count = into.len().min(slot.written - slot.drained);
        let from = start + slot.drained;
        into[..count].copy_from_slice(&self.memory.as_ref()[from..from + count]);
        slot.drained += count;
        if slot.drained == slot.written {
            self.forget_first();
        }
        count
    }

    /// Whole segments that wait to be taken out, one of which a part was taken out among them.
    #[must_use]
    pub fn segments(&self) -> usize {
        self.used - usize::from(self.open)
    }

    /// Segments that were dropped to make room.
    #[must_use]
    pub const fn dropped(&self) -> u32 {
        self.dropped
    }

    /// Calls that were not recorded because there was no slot, or none that is large enough.
    #[must_use]
    pub const fn missed(&self) -> u32 {
        self.missed
    }

    const fn forget_first(&mut self) {
        self.slots[self.first] = Slot { written: 0, drained: 0 };
        self.first = (self.first + 1) % self.count;
        self.used -= 1;
    }
}

impl<S: Storage> Sink for Ring<S> {
    fn write(&mut self, bytes: &[u8]) {
        let at = self.newest() * self.slot_bytes() + self.slots[self.newest()].written;
        self.memory.as_mut()[at..at + bytes.len()].copy_from_slice(bytes);
        self.slots[self.newest()].written += bytes.len();
    }

    fn room(&self) -> usize {
        self.slot_bytes() - self.slots[self.newest()].written
    }

    fn can_begin(&self, size_bytes: usize) -> bool {
        let being_drained = self.slots[self.first].drained > 0;
        size_bytes <= self.slot_bytes() && !(self.used == self.count && being_drained)
    }

    fn begin(&mut self) {
        if self.used == self.count {
            self.forget_first();
            self.dropped = self.dropped.saturating_add(1);
        }
        self.used += 1;
        self.open = true;
    }

    fn miss(&mut self) {
        self.missed = self.missed.saturating_add(1);
    }

    fn end(&mut self) {
        self.open = false;
    }
}
