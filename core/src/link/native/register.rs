//! The shift registers of both directions, and the short way through them.
//!
//! Most bits lie in the middle of a byte, in both directions: they come and go, and nothing else
//! can become due. They are shifted, and looked at only for what may begin at any bit, so that a
//! board answers an edge in a few dozen instructions. What would have been noted at each of them is
//! made up for at the next bit that is of another kind.

use super::end::{Native, Stage};
use super::hello::MARKER;
use super::window::Window;
use crate::link::shake::Shake;
use crate::link::{Levels, Role};
use crate::storage::Storage;
use crate::time::Instant;

/// Bits on their way out, the next one lowest.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Line {
    bits: u16,
    left: u8,
    /// There was nothing to load.
    idle: bool,
}

impl Line {
    /// Has so many bits to say.
    pub(super) const fn load(&mut self, bits: u16, count: u8) {
        *self = Self { bits, left: count, idle: false };
    }

    /// There may have been nothing to load: then zeros are sent.
    pub(super) const fn rest(&mut self) {
        self.idle = self.left == 0;
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.left == 0
    }

    pub(super) const fn take(&mut self) -> bool {
        let bit = self.bits & 1 != 0;
        self.bits >>= 1;
        self.left = self.left.saturating_sub(1);
        bit
    }
}

/// All that most bits need, in one place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Register {
    /// So many bits of that kind may follow.
    middle: u8,
    /// So many have passed, and were not counted yet: the last one at this instant.
    passed: u8,
    /// The other end is between two frames: one may begin.
    seeks: bool,
    /// Nothing was to be said while the other end says a frame: only its end, or the owner, can
    /// change that.
    silent: bool,
    pub(super) shake: Shake,
    pub(super) heard: Levels,
    pub(super) line: Line,
    pub(super) window: Window,
    at: Instant,
}

impl Register {
    pub(super) fn new(role: Role) -> Self {
        Self {
            middle: 0,
            passed: 0,
            seeks: false,
            silent: false,
            shake: Shake::new(role),
            heard: Levels::default(),
            line: Line::default(),
            window: Window::default(),
            at: Instant::ZERO,
        }
    }

    /// Something came from elsewhere: the next bit may have more to do.
    pub(super) const fn end_middle(&mut self) {
        self.middle = 0;
        self.silent = false;
    }

    /// There is nothing to say before the frame ends that is being heard.
    pub(super) const fn is_silent(&self) -> bool {
        self.silent
    }

    /// Bits that were not counted yet.
    pub(super) const fn passed(&self) -> u8 {
        self.passed
    }

    /// Hears a bit and says one, if shifting is all there is to do. Not inlined, and the compiler
    /// is not to know where the register lies: so all of it is near one pointer, as the short
    /// addresses of small processors want it.
    #[inline(never)]
    pub(super) fn answer(&mut self, now: Instant, heard: Levels) -> Option<Levels> {
        let it = core::hint::black_box(self);
        if it.middle == 0 || !it.shake.is_ready(heard) {
            return None;
        }
        let mut window = it.window;
        let spilled = window.push(heard.data);
        let may_begin = it.seeks && (spilled || window.begins_with_sync());
        if may_begin || window.recent >> 16 == MARKER as u32 {
            it.middle = 0;
            return None;
        }
        it.window = window;
        it.middle -= 1;
        it.passed += 1;
        it.at = now;
        it.heard = heard;
        let bit = it.line.take();
        Some(it.shake.step(bit))
    }
}

impl<S: Storage> Native<S> {
    /// After a bit that was not of this kind: how many follow that are.
    pub(super) fn begin_middle(&mut self) {
        let is_plain = self.stage == Stage::Up
            && self.quiet == 0
            && self.told.is_none()
            && self.listener.is_idle();
        let heard = self.receiver.bits_of_byte();
        let line = self.register.line;
        self.register.seeks = heard.is_none();
        self.register.silent = is_plain && line.idle && heard.is_some();
        self.register.middle = match heard {
            _ if !is_plain => 0,
            Some(bits) if line.idle => 7_u8.saturating_sub(bits),
            Some(bits) => line.left.min(7_u8.saturating_sub(bits)),
            None => line.left,
        };
    }

    /// Makes up for what passed.
    #[inline]
    pub(super) fn settle(&mut self) {
        let passed = core::mem::replace(&mut self.register.passed, 0);
        if passed > 0 {
            self.counters.bits += u64::from(passed);
            self.receiver.pass(passed);
            self.now = self.now.max(self.register.at);
            self.stepped_at = self.now;
        }
    }
}
