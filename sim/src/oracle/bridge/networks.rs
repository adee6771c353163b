//! Which network the ESP8266 joins, and when it asks its host for leave to join the one that it was given.
//!
//! The one that the chip has stored comes first. What failed makes room for the other one, what worked is
//! tried again. The given one is not joined before the application allows it: it is asked once, and again
//! after the time that it wanted; meanwhile the stored one is tried.

use std::collections::VecDeque;

use fivewire_core::bridge::Lan;
use fivewire_core::time::Instant;

use super::frames::{Answer, Init};

/// The clocks of world and ESP8266 agree to this, in milliseconds, over the longest pause there is.
const CLOCK_ERROR_MS: u32 = 40;

/// An attempt that is to be reported.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    at: Instant,
    asks: bool,
    lan: Lan,
}

/// The choice that the ESP8266 has, and what it is to report of it.
#[derive(Debug)]
pub(super) struct Networks {
    tries_stored: bool,
    may_use_given: bool,
    next: Lan,
    /// An attempt was begun that has not led to a network.
    is_trying: bool,
    is_asked: bool,
    /// The question is put off until then.
    ask_at: Instant,
    /// Whether it was asked depends on whose clock is right: nothing is judged until it is configured anew.
    is_unsure: bool,
    due: VecDeque<Attempt>,
}

impl Default for Networks {
    fn default() -> Self {
        Self {
            tries_stored: false,
            may_use_given: false,
            next: Lan::Given,
            is_trying: false,
            is_asked: false,
            ask_at: Instant::ZERO,
            is_unsure: false,
            due: VecDeque::new(),
        }
    }
}

impl Networks {
    /// A client begins with these settings.
    pub(super) fn configured(&mut self, init: &Init<'_>) {
        *self = Self {
            tries_stored: init.uses_stored_network,
            may_use_given: !init.asks_network,
            next: if init.uses_stored_network { Lan::Stored } else { Lan::Given },
            ..Self::default()
        };
    }

    /// The host comes back: it may not have heard what it was asked.
    pub(super) const fn resumed(&mut self) {
        self.is_asked = false;
    }

    /// Nothing that happened so far will be reported.
    pub(super) fn forget(&mut self) {
        self.due.clear();
    }

    pub(super) const fn joined(&mut self) {
        self.is_trying = false;
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
        if std::mem::replace(&mut self.is_trying, true) && self.tries_stored {
            self.next = match self.next {
                Lan::Stored => Lan::Given,
                Lan::Given => Lan::Stored,
            };
        }
        let mut attempt = Attempt { at: now, asks: false, lan: self.next };
        if self.next == Lan::Given && !self.may_use_given {
            let [earliest, latest] = [
                now.plus_ms(CLOCK_ERROR_MS) >= self.ask_at,
                now >= self.ask_at.plus_ms(CLOCK_ERROR_MS),
            ];
            self.is_unsure |= !self.is_asked && earliest != latest && self.ask_at > Instant::ZERO;
            attempt.asks = !self.is_asked && earliest;
            self.is_asked |= attempt.asks;
            attempt.lan = Lan::Stored;
            self.next = Lan::Stored;
        }
        if is_told {
            self.due.push_back(attempt);
        }
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
        let due = self.due.pop_front();
        due.is_some_and(|due| self.is_unsure || (due.lan == lan && !due.asks))
    }
}
