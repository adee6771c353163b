//! Which network an ESP8266 joins: the one that its chip has stored, or the one that its host gave.

use crate::checkpoint::{Checkpoint, Pass, codes};
use crate::time::Instant;

/// A network that an ESP8266 knows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Lan {
    /// The one that the chip has stored.
    Stored,
    /// The one that the host gave: [`Network::ssid`](super::Network::ssid).
    Given,
}

/// What the application says when it is asked whether the given network may be joined.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NetworkAnswer {
    /// Yes, until the host loses power: an ESP8266 that starts over does not ask again (D-09,
    /// D-10).
    UseGiven,
    /// Not now. The stored network is tried for as long as this, and then the question comes again.
    AskAgain {
        /// Milliseconds, 0 to 3,600,000.
        after_ms: u32,
    },
}

/// The choice at the ESP8266's end. Nothing in it waits without a limit: an attempt ends after
/// `join_timeout_ms`, is told, and the next one follows (D-11).
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    tries_stored: bool,
    may_use_given: bool,
    next: Lan,
    /// An attempt was begun and has not led to a network.
    trying: bool,
    /// The host was asked.
    asked: bool,
    ask_at: Instant,
}

/// What an attempt is to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Attempt {
    /// Join this one; without one the attempt ends in vain.
    pub(super) join: Option<Lan>,
    /// Ask whether the given one may be used.
    pub(super) ask: bool,
}

impl Choice {
    /// Before anything was configured.
    pub(super) const fn new() -> Self {
        Self::configured(false, true)
    }

    pub(super) const fn configured(tries_stored: bool, may_use_given: bool) -> Self {
        Self {
            tries_stored,
            may_use_given,
            next: if tries_stored { Lan::Stored } else { Lan::Given },
            trying: false,
            asked: false,
            ask_at: Instant::ZERO,
        }
    }

    /// An attempt begins. What worked is tried again; what failed makes room for the other one.
    pub(super) fn attempt(&mut self, now: Instant) -> Attempt {
        if core::mem::replace(&mut self.trying, true) && self.tries_stored {
            self.next = match self.next {
                Lan::Stored => Lan::Given,
                Lan::Given => Lan::Stored,
            };
        }
        if self.next == Lan::Stored || self.may_use_given {
            return Attempt { join: Some(self.next), ask: false };
        }
        let ask = !self.asked && self.ask_at <= now;
        self.asked |= ask;
        self.next = if self.tries_stored { Lan::Stored } else { Lan::Given };
        Attempt { join: self.tries_stored.then_some(Lan::Stored), ask }
    }

    /// The network is there.
    pub(super) const fn joined(&mut self) {
        self.trying = false;
    }

    /// The application has answered.
    pub(super) const fn answer(&mut self, now: Instant, answer: NetworkAnswer) {
        self.asked = false;
        match answer {
            NetworkAnswer::UseGiven => self.may_use_given = true,
            NetworkAnswer::AskAgain { after_ms } => self.ask_at = now.plus_ms(after_ms),
        }
    }

    /// A question that the host has not heard is asked again.
    pub(super) const fn forget_question(&mut self) {
        self.asked = false;
    }
}

impl Checkpoint for Choice {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self { tries_stored, may_use_given, next, trying, asked, ask_at } = self;
        for flag in [tries_stored, may_use_given, trying, asked] {
            pass.field(flag)?;
        }
        pass.field(next)?;
        pass.field(ask_at)
    }
}

codes! {
    Lan {
        1 Stored,
        2 Given,
    }
    NetworkAnswer {
        1 UseGiven,
        2 AskAgain { after_ms },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Lan::{Given, Stored};

    fn joins(choice: &mut Choice, count: usize) -> std::vec::Vec<Option<Lan>> {
        (0..count).map(|_| choice.attempt(Instant::ZERO).join).collect()
    }

    #[test]
    fn the_stored_network_is_first_and_both_take_turns_until_one_works() {
        let mut choice = Choice::configured(true, true);
        assert_eq!(joins(&mut choice, 3), [Some(Stored), Some(Given), Some(Stored)]);
        choice.joined();
        assert_eq!(joins(&mut choice, 2), [Some(Stored), Some(Given)], "what worked comes first");
    }

    #[test]
    fn d29_the_stored_network_is_never_joined_where_it_must_not_be() {
        let mut choice = Choice::configured(false, true);
        assert_eq!(joins(&mut choice, 9), [Some(Given); 9]);
    }

    #[test]
    fn the_given_network_is_asked_for_once_and_the_stored_one_tried_meanwhile() {
        let mut choice = Choice::configured(true, false);
        let attempts = [(); 4].map(|()| choice.attempt(Instant::ZERO));
        assert!(attempts.iter().all(|attempt| attempt.join == Some(Stored)));
        assert_eq!(attempts.map(|attempt| attempt.ask), [false, true, false, false]);
        choice.answer(Instant::ZERO, NetworkAnswer::UseGiven);
        assert_eq!(joins(&mut choice, 2), [Some(Given), Some(Stored)]);
    }

    #[test]
    fn a_question_that_was_put_off_comes_again_after_the_pause() {
        let mut choice = Choice::configured(false, false);
        assert_eq!(choice.attempt(Instant::ZERO), Attempt { join: None, ask: true });
        choice.answer(Instant::ZERO, NetworkAnswer::AskAgain { after_ms: 30_000 });
        assert!(!choice.attempt(Instant::from_millis(29_999)).ask);
        assert!(choice.attempt(Instant::from_millis(30_000)).ask);
    }
}
