//! Which network the ESP8266 joins, and when it asks its host for leave to join the one that it was given.
//!
//! An attempt is judged by what was seen of the one before, and of the application's answers. The network that
//! the chip has stored comes first. What led to a network is tried again, and after a failure it is the turn
//! of the other one. The given one is not joined before the application allows it: in its turn the
//! application is asked, once, and again after the time that it wanted; the stored one is tried meanwhile.

use std::collections::VecDeque;

use fivewire_core::bridge::Lan;
use fivewire_core::time::Instant;

use super::frames::{Answer, Init};

/// The clocks of world and ESP8266 agree to this, in milliseconds, over the longest pause there is.
const CLOCK_ERROR_MS: u32 = 40;

/// What became of an attempt.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Before {
    /// There was none since the settings came.
    #[default]
    Nothing,
    Success,
    Failure,
}

/// An attempt that was seen and is to be reported.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    at: Instant,
    before: Before,
    /// It is not known which network was tried before.
    follows_unknown: bool,
    may_use_given: bool,
    asks: bool,
}

/// What was seen of networks since the settings came.
#[derive(Default, Debug)]
pub(super) struct Networks {
    uses_stored: bool,
    may_use_given: bool,
    /// What became of the last attempt, so far.
    before: Before,
    /// Its network, as it was reported.
    reported: Option<Lan>,
    /// It was not, or will not be.
    is_unknown: bool,
    is_asked: bool,
    /// The question is put off until then.
    ask_at: Instant,
    /// Whether it was asked depends on whose clock is right: questions are not judged until it is configured
    /// anew.
    is_unsure: bool,
    due: VecDeque<Attempt>,
}

impl Networks {
    /// A client begins with these settings.
    pub(super) fn configured(&mut self, init: &Init<'_>) {
        *self = Self {
            uses_stored: init.uses_stored_network,
            may_use_given: !init.asks_network,
            ..Self::default()
        };
    }

    /// The host comes back: it may not have heard what it was asked.
    pub(super) const fn resumed(&mut self) {
        self.is_asked = false;
    }

    /// Nothing that happened so far will be reported.
    pub(super) fn forget(&mut self) {
        self.is_unknown |= !self.due.is_empty();
        self.due.clear();
    }

    pub(super) const fn joined(&mut self) {
        self.before = Before::Success;
    }

    pub(super) const fn answered(&mut self, now: Instant, answer: Answer) {
        self.is_asked = false;
        match answer {
            Answer::UseGiven => self.may_use_given = true,
            Answer::AskAgain { after_ms } => self.ask_at = now.plus_ms(after_ms),
        }
    }

    /// An attempt begins, and is to be reported or not.
    pub(super) fn tried(&mut self, now: Instant, is_told: bool) {
        let before = std::mem::replace(&mut self.before, Before::Failure);
        let attempt = Attempt {
            at: now,
            before,
            follows_unknown: std::mem::replace(&mut self.is_unknown, !is_told),
            may_use_given: self.may_use_given,
            asks: self.asks(now, before),
        };
        if is_told {
            self.due.push_back(attempt);
        }
    }

    /// It would be the turn of the given network, and nobody has said that it may be used.
    fn asks(&mut self, now: Instant, before: Before) -> bool {
        let is_turn = before == Before::Failure || !self.uses_stored;
        if self.may_use_given || self.is_asked || !is_turn {
            return false;
        }
        let earliest = now.plus_ms(CLOCK_ERROR_MS) >= self.ask_at;
        let latest = now >= self.ask_at.plus_ms(CLOCK_ERROR_MS);
        self.is_unsure |= earliest != latest && self.ask_at > Instant::ZERO;
        self.is_asked = earliest;
        earliest
    }

    /// When the first attempt was made that is not reported.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.due.front().map(|attempt| attempt.at)
    }

    /// The question is reported: it is due, and comes before the attempt of its turn.
    pub(super) fn is_question(&mut self) -> bool {
        let is_due = self.due.front_mut().is_some_and(|due| std::mem::take(&mut due.asks));
        is_due || self.is_unsure
    }

    /// An attempt is reported.
    pub(super) fn is_attempt(&mut self, lan: Lan) -> bool {
        let Some(due) = self.due.pop_front() else { return false };
        let last = self.reported.replace(lan).filter(|_| !due.follows_unknown);
        let may_be_tried = match lan {
            Lan::Stored => self.uses_stored,
            Lan::Given => due.may_use_given,
        };
        let has_choice = self.uses_stored && due.may_use_given;
        let is_turn = match (due.before, last) {
            _ if !has_choice => true,
            (Before::Nothing, _) => lan == Lan::Stored,
            (Before::Success, Some(last)) => lan == last,
            (Before::Failure, Some(last)) => lan != last,
            (_, None) => true,
        };
        may_be_tried && is_turn && (self.is_unsure || !due.asks)
    }
}
