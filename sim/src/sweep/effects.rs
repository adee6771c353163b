//! How many faults of a run had an effect.

use std::array;

/// Runs with more are counted as runs with so many.
const MOST: usize = 64;

/// How many runs had how many faults with effect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Effects([u64; MOST + 1]);

impl Default for Effects {
    fn default() -> Self {
        Self([0; MOST + 1])
    }
}

impl Effects {
    /// One more run, with so many.
    pub(super) fn add(&mut self, faults: u64) {
        self.0[usize::try_from(faults).map_or(MOST, |faults| faults.min(MOST))] += 1;
    }

    /// Both together.
    pub(super) fn merged(&self, other: &Self) -> Self {
        Self(array::from_fn(|faults| self.0[faults] + other.0[faults]))
    }

    /// At least half of the runs had no more than this. 0 where there are no runs.
    #[must_use]
    pub fn median(&self) -> u64 {
        let runs: u64 = self.0.iter().sum();
        let mut so_far = 0;
        let is_half = |count: &u64| {
            so_far += count;
            2 * so_far >= runs
        };
        self.0.iter().position(is_half).map_or(0, |faults| faults as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(runs: &[u64]) -> Effects {
        let mut effects = Effects::default();
        runs.iter().for_each(|faults| effects.add(*faults));
        effects
    }

    #[test]
    fn the_median_is_the_lower_one_of_two() {
        assert_eq!(of(&[]).median(), 0);
        assert_eq!(of(&[7]).median(), 7);
        assert_eq!(of(&[9, 2, 3]).median(), 3);
        assert_eq!(of(&[9, 2, 3, 4]).median(), 3);
        assert_eq!(of(&[1_000, 1_000, 2]).median(), 64);
    }

    #[test]
    fn runs_are_added_up_in_any_order() {
        assert_eq!(of(&[1, 5]).merged(&of(&[2])), of(&[2, 1, 5]));
    }
}
