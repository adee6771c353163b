//! Pins on one side, a link on the other.

use fivewire_core::link::{Event, Input, Levels, Link, Output};
use fivewire_core::time::{Instant, Reason, Wait};

use crate::wires::{PinError, Pins};

/// Bits that one [`Driver::step`] moves at most, so that a fast peer cannot keep a main loop from
/// its other work (D-31).
pub const BITS_PER_STEP: u32 = 64;

/// Who uses the link. A closure that hears events is one that never speaks by itself.
pub trait Owner<L> {
    /// The link has something to say.
    fn hear(&mut self, now: Instant, event: Event<'_>);

    /// Called after each event: the link may be given frames, or restarted.
    fn speak(&mut self, _now: Instant, _link: &mut L) {}
}

impl<L, F: FnMut(Event<'_>)> Owner<L> for F {
    fn hear(&mut self, _now: Instant, event: Event<'_>) {
        self(event);
    }
}

/// Steps a link over pins.
#[derive(Debug)]
pub struct Driver<L, P> {
    link: L,
    pins: P,
    /// What the link wants on the wires, until the pins have taken it.
    due: Option<Levels>,
    heard: Levels,
    /// Looks at the wires for the next bit before a step ends.
    looks: u32,
}

impl<L: Link, P: Pins> Driver<L, P> {
    /// A link over these pins. Nothing happens before [`start`](Self::start).
    pub const fn new(link: L, pins: P) -> Self {
        Self { link, pins, due: None, heard: Levels { clock: false, data: false }, looks: 0 }
    }

    /// Looks so many times for the answer to a bit before a step ends. 0, the default, is for who
    /// does something else until a pin changes. A peer answers within microseconds while there is
    /// something to say, which is less than an interrupt and a task that is woken take: looking for
    /// as long is many times faster, and a step still ends after
    /// [`BITS_PER_STEP`].
    #[must_use]
    pub const fn with_looks(mut self, looks: u32) -> Self {
        self.looks = looks;
        self
    }

    /// Begins, at the next [`step`](Self::step).
    pub fn start(&mut self, now: Instant) {
        self.link.start(now);
    }

    /// The link: to send, to hold, to restart, to read counters. Call [`step`](Self::step)
    /// afterwards.
    pub const fn link(&mut self) -> &mut L {
        &mut self.link
    }

    /// The pins: to wait for an edge. The link is told of everything else by [`step`](Self::step).
    pub const fn pins(&mut self) -> &mut P {
        &mut self.pins
    }

    /// What the wires from the other end showed when they were last looked at. Wait until the clock
    /// shows something else, not for an edge: one that came in between would be missed.
    pub const fn heard(&self) -> Levels {
        self.heard
    }

    /// Looks at the pins and does what is to be done, up to [`BITS_PER_STEP`] bits. Call it when an
    /// incoming pin has changed, when the returned wait is over, after [`link`](Self::link) was
    /// used, or as often as convenient.
    ///
    /// # Errors
    /// A pin does not work. The link is unharmed: call again.
    pub fn step(&mut self, now: Instant, owner: &mut impl Owner<L>) -> Result<Wait, PinError> {
        let mut left = BITS_PER_STEP;
        self.heard = self.pins.read()?;
        loop {
            if self.due.is_none() {
                self.answer(now, &mut left)?;
            }
            if left == 0 {
                break;
            }
            self.link.handle(now, Input::Levels(self.heard));
            let (drove, wait) = self.drain(now, owner)?;
            if !drove || (!self.sees_answer()? && self.looks > 0) {
                return Ok(wait);
            }
            left -= 1;
        }
        Ok(Wait::Until(now, Reason::MoreWork))
    }

    /// Answers bits as long as that is all there is to do, and the other end is as quick.
    #[inline]
    fn answer(&mut self, now: Instant, left: &mut u32) -> Result<(), PinError> {
        while *left > 0 {
            let Some(levels) = self.link.answer(now, self.heard) else { break };
            *left -= 1;
            if let Err(error) = self.pins.drive(levels) {
                self.due = Some(levels);
                return Err(error);
            }
            if !self.sees_answer()? {
                break;
            }
        }
        Ok(())
    }

    /// Looks for another clock than the one that was heard, once at least. Data that has changed is
    /// the next bit's.
    #[inline]
    fn sees_answer(&mut self) -> Result<bool, PinError> {
        let clock = self.heard.clock;
        for _ in 0..self.looks.max(1) {
            self.heard = self.pins.read()?;
            if self.heard.clock != clock {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Does what the link wants. True if that changed the wires, so that an answer may be there.
    fn drain(&mut self, now: Instant, owner: &mut impl Owner<L>) -> Result<(bool, Wait), PinError> {
        let mut drove = false;
        loop {
            if let Some(levels) = self.due {
                self.pins.drive(levels)?;
                self.due = None;
                drove = true;
            }
            match self.link.poll() {
                Output::Drive(levels) => self.due = Some(levels),
                Output::Reset { asserted } => self.pins.reset(asserted)?,
                Output::Event(event) => {
                    owner.hear(now, event);
                    owner.speak(now, &mut self.link);
                }
                Output::Wait(wait) => return Ok((drove, wait)),
            }
        }
    }
}
