//! Runs many seeds on many threads and adds up what they showed.
//!
//! The result does not depend on threads: everything that is added up is a sum, and the one
//! failure that is kept is the first in order of scenario and seed.

mod effects;
mod guard;
mod reach;
mod totals;

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use thiserror::Error;

use crate::random::mixed;
use crate::run::Report;
use crate::schedule::Schedule;

pub use effects::Effects;
pub use guard::guarded;
pub use reach::Reach;
pub use totals::{Failure, FaultCount, Tally, Totals};

/// One of how many machines that share a sweep, from 1: `2/4` takes the second quarter of the seeds.
///
/// Each part is a run of neighbours: what scenarios take turns in by the remainder of the seed, as the
/// default mixture does, is in every part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shard {
    index: u64,
    count: u64,
}

impl Shard {
    /// All seeds.
    pub const WHOLE: Self = Self { index: 1, count: 1 };

    /// Part `index` of `count`; `None` unless 1 ≤ `index` ≤ `count`.
    #[must_use]
    pub const fn new(index: u64, count: u64) -> Option<Self> {
        if 1 <= index && index <= count { Some(Self { index, count }) } else { None }
    }

    /// How many of `total` seeds fall to it.
    const fn share_of(self, total: u64) -> u64 {
        self.before(self.index, total) - self.before(self.index - 1, total)
    }

    /// Where in a range of `total` seeds its first one is.
    const fn first_of(self, total: u64) -> u64 {
        self.before(self.index - 1, total)
    }

    /// How many of `total` seeds fall to the first `parts` parts.
    const fn before(self, parts: u64, total: u64) -> u64 {
        (total as u128 * parts as u128 / self.count as u128) as u64
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// Draws the schedule of a seed.
pub type DrawSeed<'a> = &'a (dyn Fn(u64) -> Schedule + Sync);

/// What to sweep.
#[derive(Clone)]
pub struct Plan<'a> {
    /// One or several scenarios; each runs all the seeds.
    pub scenarios: Vec<DrawSeed<'a>>,
    /// The seeds.
    pub seeds: Range<u64>,
    /// The part of them that is run here.
    pub shard: Shard,
    /// Threads.
    pub jobs: NonZeroUsize,
}

impl Plan<'_> {
    /// Seeds that will be run, over all scenarios.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.seeds_each().saturating_mul(self.scenarios.len() as u64)
    }

    /// True if there is nothing to run.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn seeds_each(&self) -> u64 {
        self.shard.share_of(self.total())
    }

    /// Seeds of a scenario in all shards.
    const fn total(&self) -> u64 {
        self.seeds.end.saturating_sub(self.seeds.start)
    }
}

/// One seed is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// The virtual time of its run, in microseconds.
    pub virtual_us: u64,
    /// It broke a promise.
    pub failed: bool,
}

/// The machine has no threads to give.
#[derive(Debug, Error)]
#[error("cannot start {jobs} threads: {error}")]
pub struct SpawnError {
    /// The threads asked for.
    pub jobs: NonZeroUsize,
    /// What the operating system said.
    #[source]
    error: rayon::ThreadPoolBuildError,
}

/// True for the 5 % of seeds that are run twice, whose hashes must agree (P11).
///
/// The rule must not fall together with any other that picks seeds by their remainder.
#[must_use]
pub const fn is_run_twice(seed: u64) -> bool {
    mixed(seed).is_multiple_of(20)
}

/// Runs the plan with `run` and adds up. `progress` is called by all threads, after each seed.
/// Once `stop` is set no further seed begins.
///
/// # Errors
/// [`SpawnError`], before anything ran.
pub fn sweep(
    plan: &Plan<'_>,
    run: impl Fn(&Schedule) -> Report + Sync,
    progress: impl Fn(Step) + Sync,
    stop: &AtomicBool,
) -> Result<Totals, SpawnError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(plan.jobs.get())
        .build()
        .map_err(|error| SpawnError { jobs: plan.jobs, error })?;
    let seeds_each = plan.seeds_each();
    let first = plan.seeds.start + plan.shard.first_of(plan.total());
    let run_one = |mut totals: Totals, number: u64| {
        let scenario = number / seeds_each;
        let seed = first + number % seeds_each;
        let schedule = plan.scenarios[scenario as usize](seed);
        let twice = is_run_twice(seed);
        let result = guarded(&run, &schedule, twice);
        let step = Step {
            virtual_us: result.as_ref().map_or(0, |report| report.virtual_us),
            failed: result.as_ref().map_or(true, |report| report.breach.is_some()),
        };
        totals.add(scenario, schedule, result, twice);
        progress(step);
        totals
    };
    Ok(pool.install(|| {
        let numbers = (0..plan.len()).into_par_iter();
        let numbers = numbers.take_any_while(|_| !stop.load(Ordering::Relaxed));
        numbers.fold(Totals::default, run_one).reduce(Totals::default, Totals::merged)
    }))
}

#[cfg(test)]
mod tests;
