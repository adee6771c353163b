//! The bits that were heard last.

use super::frame::SYNC;

/// The last 40 bits, the oldest lowest: what is sent first is the lowest bit of the lowest byte.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Window {
    /// The last 32.
    pub(super) recent: u32,
    /// The eight before them.
    pub(super) before: u8,
}

impl Window {
    /// One more bit; says whether the bit that leaves was 1.
    pub(super) const fn push(&mut self, bit: bool) -> bool {
        let leaves = self.before & 1 != 0;
        self.before = self.before >> 1 | ((self.recent & 1) << 7) as u8;
        self.recent = self.recent >> 1 | (bit as u32) << 31;
        leaves
    }

    /// The oldest eight bits are the first byte of a frame.
    pub(super) const fn begins_with_sync(&self) -> bool {
        self.before == SYNC
    }

    /// The last eight bits.
    pub(super) const fn byte(&self) -> u8 {
        (self.recent >> 24) as u8
    }
}
