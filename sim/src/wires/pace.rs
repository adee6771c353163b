//! How soon a board looks at its pins.

use serde::{Deserialize, Serialize};

use crate::random::Random;

/// The time from an edge until the board looks, in µs: drawn evenly, and now and then much longer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// The shortest, 1 to 1,000,000.
    pub min_us: u32,
    /// The longest that is no stall, `min_us` to 1,000,000.
    pub max_us: u32,
    /// One look in so many comes after a stall: something else had the processor. 0: never.
    pub stall_one_in: u32,
    /// The longest stall, 0 to 1,000,000.
    pub stall_max_us: u32,
}

impl Pace {
    /// A small board that steps the link from an interrupt of the clock pin: a look after 1 to 8 µs.
    /// Two of them need 9 µs for a bit.
    pub const FAST: Self = Self { min_us: 1, max_us: 8, stall_one_in: 0, stall_max_us: 0 };

    /// What the predecessor's boards needed for an edge, in µs (PREDECESSORS.md §1.11).
    pub const PREDECESSOR_US: u32 = 312;

    /// Always the same.
    #[must_use]
    pub const fn steady(look_us: u32) -> Self {
        Self { min_us: look_us, max_us: look_us, stall_one_in: 0, stall_max_us: 0 }
    }

    /// This long on average, never less than 1 µs and never twice as much.
    #[must_use]
    pub const fn around(mean_us: u32) -> Self {
        Self { min_us: 1, max_us: 2 * mean_us - 1, stall_one_in: 0, stall_max_us: 0 }
    }

    /// The mean without stalls, in halves of a µs.
    #[must_use]
    pub const fn mean_half_us(&self) -> u32 {
        self.min_us + self.max_us
    }

    pub(super) fn draw(&self, random: &mut Random) -> u64 {
        let mut look_us = self.min_us;
        if self.max_us > self.min_us {
            look_us = random.between(self.min_us, self.max_us);
        }
        if self.stall_one_in > 0 && random.chance(1, self.stall_one_in) {
            look_us += random.between(0, self.stall_max_us);
        }
        look_us.into()
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::FAST
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    #[test]
    fn looks_come_within_the_limits_and_stalls_are_rare() {
        let pace = Pace { stall_one_in: 100, stall_max_us: 5_000, ..Pace::around(20) };
        let mut random = Random::new(1, Purpose::HostLooks);
        let looks: Vec<u64> = (0..10_000).map(|_| pace.draw(&mut random)).collect();
        let stalls = looks.iter().filter(|look| **look > 39).count();
        assert!((50..150).contains(&stalls), "{stalls}");
        assert!(looks.iter().all(|look| (1..=5_039).contains(look)));
    }

    #[test]
    fn a_steady_pace_draws_nothing() {
        let mut random = Random::new(1, Purpose::HostLooks);
        assert_eq!(Pace::steady(312).draw(&mut random), 312);
        assert_eq!(random.seed(), Random::new(1, Purpose::HostLooks).seed());
    }
}
