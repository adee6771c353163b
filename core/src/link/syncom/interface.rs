//! The verbs that all links have.

use super::{STILL_MIN_MS, Stage, Syncom};
use crate::link::{Counters, DownReason, Event, Input, Link, Output, SendError};
use crate::storage::Storage;
use crate::time::Instant;

impl<S: Storage> Link for Syncom<S> {
    fn start(&mut self, now: Instant) {
        self.advance_clock(now);
        if self.stage == Stage::Idle {
            self.begin();
        }
    }

    fn restart(&mut self, now: Instant) {
        self.advance_clock(now);
        if self.stage == Stage::Up && !self.due.up {
            self.due.down = Some(DownReason::Restarted);
        }
        self.begin();
    }

    fn handle(&mut self, now: Instant, input: Input) {
        self.advance_clock(now);
        let Input::Levels(levels) = input else { return };
        let changed = core::mem::replace(&mut self.heard, levels) != levels;
        if let Stage::Still { since } = self.stage
            && changed
            && self.is_high()
            && since.plus_ms(STILL_MIN_MS) <= self.now
        {
            self.leave_still();
        }
    }

    fn poll(&mut self) -> Output<'_> {
        if core::mem::take(&mut self.handed) {
            self.incoming.pop();
        }
        self.tick();
        if let Some(levels) = self.due.drive.take() {
            return Output::Drive(levels);
        }
        if let Some(asserted) = self.due.reset.take() {
            return Output::Reset { asserted };
        }
        if let Some(event) = self.next_event() {
            return Output::Event(event);
        }
        if self.incoming.has_whole() && !self.hold {
            self.handed = true;
            return Output::Event(Event::Frame(self.incoming.front()));
        }
        if self.can_step() {
            return Output::Drive(self.step());
        }
        Output::Wait(self.wait())
    }

    fn send(&mut self, frame: &[u8]) -> Result<usize, SendError> {
        if frame.is_empty() {
            return Err(SendError::Empty);
        }
        if let Some(at) = frame.iter().position(|code| !(1..=127).contains(code)) {
            return Err(SendError::Character { code: frame[at], at });
        }
        let (size_bytes, max_bytes) = (frame.len(), self.outgoing.string_max_bytes());
        if size_bytes > max_bytes {
            return Err(SendError::TooLarge { size_bytes, max_bytes });
        }
        if self.stage != Stage::Up || !self.outgoing.fits(size_bytes) {
            self.refused_size = Some(size_bytes);
            return Ok(0);
        }
        self.outgoing.push(frame);
        Ok(size_bytes)
    }

    fn hold(&mut self, hold: bool) {
        self.hold = hold;
    }

    fn is_up(&self) -> bool {
        self.stage == Stage::Up
    }

    fn counters(&self) -> Counters {
        self.counters
    }
}
