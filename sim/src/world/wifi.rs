//! The device's radio: associated with the network or not.

use super::agenda::NEVER;
use crate::random::{Purpose, Random};

/// Association and DHCP take this long, in µs.
const JOIN_MIN_US: u32 = 1_000_000;
const JOIN_MAX_US: u32 = 3_000_000;

/// How a join ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Joined {
    /// Associated.
    Yes,
    /// The radio says that it failed.
    No,
    /// It failed and the radio says nothing, as some do.
    Silent,
}

/// A radio.
#[derive(Clone, Debug)]
pub(super) struct Radio {
    associated: bool,
    joins_at: u64,
    random: Random,
}

impl Radio {
    pub(super) fn new(seed: u64) -> Self {
        Self { associated: false, joins_at: NEVER, random: Random::new(seed, Purpose::Wifi) }
    }

    pub(super) const fn is_associated(&self) -> bool {
        self.associated
    }

    /// When the join that is under way ends.
    pub(super) const fn next(&self) -> u64 {
        self.joins_at
    }

    /// Begins to join.
    pub(super) fn join(&mut self, now: u64) {
        self.joins_at = now + u64::from(self.random.between(JOIN_MIN_US, JOIN_MAX_US));
    }

    /// Ends the join, with or without a network.
    pub(super) fn finish_join(&mut self, outage: bool) -> Joined {
        self.joins_at = NEVER;
        if !outage {
            self.associated = true;
            Joined::Yes
        } else if self.random.chance(1, 2) {
            Joined::No
        } else {
            Joined::Silent
        }
    }

    /// The association and any attempt are over. True if it was associated.
    pub(super) fn leave(&mut self) -> bool {
        self.joins_at = NEVER;
        std::mem::replace(&mut self.associated, false)
    }
}
