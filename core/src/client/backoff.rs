//! Pauses between attempts: they double, they end somewhere, and no two boards keep step.

use crate::checkpoint::{Checkpoint, Pass};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

/// Counts failures and draws the pause after each.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    first_ms: u32,
    last_ms: u32,
    failures: u32,
}

impl Backoff {
    /// Pauses from `first_ms` to `last_ms`, both the longest that can be drawn at their stage.
    pub(crate) const fn new(first_ms: u32, last_ms: u32) -> Self {
        Self { first_ms, last_ms, failures: 0 }
    }

    /// The next pause, in milliseconds: drawn evenly from the upper half of its stage.
    pub(crate) fn next_ms(&mut self, rng: &mut ChaCha8Rng) -> u32 {
        let doubled = u64::from(self.first_ms) << self.failures.min(31);
        self.failures = self.failures.saturating_add(1);
        let longest = u32::try_from(doubled).unwrap_or(u32::MAX).min(self.last_ms);
        let half = longest / 2;
        let drawn = (u64::from(rng.next_u32()) * (u64::from(longest - half) + 1)) >> 32;
        half + u32::try_from(drawn).unwrap_or(0)
    }

    /// The way is clear again.
    pub(crate) const fn reset(&mut self) {
        self.failures = 0;
    }
}

impl Checkpoint for Backoff {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self { first_ms, last_ms, failures } = self;
        [first_ms, last_ms, failures].into_iter().try_for_each(|value| pass.field(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    #[test]
    fn pauses_double_and_stay_in_the_upper_half_of_their_stage_and_below_the_last() {
        for seed in 0..200 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut backoff = Backoff::new(500, 8_000);
            for longest in [500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000] {
                let pause = backoff.next_ms(&mut rng);
                assert!((longest / 2..=longest).contains(&pause), "{pause} of {longest}");
            }
        }
    }

    #[test]
    fn two_boards_do_not_keep_step() {
        let pauses = |seed| {
            let (mut rng, mut backoff) =
                (ChaCha8Rng::seed_from_u64(seed), Backoff::new(500, 8_000));
            [(); 6].map(|()| backoff.next_ms(&mut rng))
        };
        assert_ne!(pauses(1), pauses(2));
        assert_eq!(pauses(1), pauses(1));
    }
}
