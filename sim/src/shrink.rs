//! Makes a failing schedule small: the few faults that matter, short and at round times, in a short
//! run with little else going on, that still breaks the same promise.
//!
//! Greedy and deterministic: a candidate that still fails becomes the schedule, any other is
//! forgotten. The passes run in an order that makes later runs cheap (first fewer faults, then
//! a shorter run), again and again until none of them finds anything.

mod faults;
mod scale;
mod setup;
mod times;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::corpus;
use crate::schedule::Schedule;

/// Runs spent on one schedule unless the caller says otherwise: some seconds.
pub const RUNS_MAX_DEFAULT: u32 = 2_000;

/// Where a shrink stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Runs made so far.
    pub runs: u32,
    /// Faults left in the schedule.
    pub faults: usize,
    /// Length of the run that is left, in milliseconds.
    pub duration_ms: u32,
}

/// Why a shrink ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// No pass makes it any smaller.
    Minimal,
    /// The runs were used up.
    BudgetSpent,
    /// The caller's `watch` broke it off.
    Interrupted,
}

/// A shrunk schedule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shrunk<F> {
    /// The smallest schedule found that fails alike.
    pub schedule: Schedule,
    /// How that schedule fails.
    pub failure: F,
    /// Runs it took.
    pub runs: u32,
    /// Why it went no further.
    pub ending: Ending,
}

/// Shrinks `schedule` with at most `runs_max` runs. `None` if it does not fail in the first place.
///
/// `judge` runs a schedule and says how it fails, if it does; `alike` says whether a candidate's
/// failure is of the same class as the first one. `watch` is called after each run.
pub fn shrink<F>(
    schedule: &Schedule,
    runs_max: u32,
    mut judge: impl FnMut(&Schedule) -> Option<F>,
    alike: impl Fn(&F, &F) -> bool,
    watch: impl FnMut(Progress) -> ControlFlow<()>,
) -> Option<Shrunk<F>> {
    let failure = judge(schedule)?;
    let mut trial = Trial {
        judge,
        alike,
        watch,
        failure,
        runs: 1,
        runs_max,
        tried: BTreeSet::new(),
        ending: None,
    };
    let mut best = schedule.clone();
    trial.tried.insert(corpus::line(&best));
    loop {
        let before = best.clone();
        for pass in [
            faults::drop,
            times::shorten,
            times::align,
            times::round,
            scale::shorten_run,
            scale::thin,
            setup::simplify,
        ] {
            pass(&mut best, &mut |candidate| trial.fails_alike(candidate));
        }
        if let Some(ending) = trial.ending.or((best == before).then_some(Ending::Minimal)) {
            return Some(Shrunk {
                schedule: best,
                failure: trial.failure,
                runs: trial.runs,
                ending,
            });
        }
    }
}

/// Asks whether a candidate still fails in the same way.
type Fails<'a> = dyn FnMut(&Schedule) -> bool + 'a;

/// Takes over `candidate` if it fails alike.
fn attempt(best: &mut Schedule, candidate: Schedule, fails: &mut Fails<'_>) -> bool {
    let taken = fails(&candidate);
    if taken {
        *best = candidate;
    }
    taken
}

/// Changes a copy of the schedule, and keeps the change if it fails alike.
fn attempt_with(
    best: &mut Schedule,
    fails: &mut Fails<'_>,
    change: impl FnOnce(&mut Schedule),
) -> bool {
    let mut candidate = best.clone();
    change(&mut candidate);
    attempt(best, candidate, fails)
}

/// What all passes share: the runner, the failure to keep, and the budget.
struct Trial<F, J, A, W> {
    judge: J,
    alike: A,
    watch: W,
    failure: F,
    runs: u32,
    runs_max: u32,
    /// Every schedule that was run: the passes repeat, the runs need not.
    tried: BTreeSet<String>,
    ending: Option<Ending>,
}

impl<F, J, A, W> Trial<F, J, A, W>
where
    J: FnMut(&Schedule) -> Option<F>,
    A: Fn(&F, &F) -> bool,
    W: FnMut(Progress) -> ControlFlow<()>,
{
    fn fails_alike(&mut self, candidate: &Schedule) -> bool {
        if self.ending.is_some()
            || corpus::validate(candidate).is_err()
            || !self.tried.insert(corpus::line(candidate))
        {
            return false;
        }
        if self.runs >= self.runs_max {
            self.ending = Some(Ending::BudgetSpent);
            return false;
        }
        self.runs += 1;
        let failure = (self.judge)(candidate).filter(|found| (self.alike)(&self.failure, found));
        let progress = Progress {
            runs: self.runs,
            faults: candidate.faults.len(),
            duration_ms: candidate.duration_ms,
        };
        if (self.watch)(progress).is_break() {
            self.ending = Some(Ending::Interrupted);
        }
        match failure {
            Some(failure) => {
                self.failure = failure;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests;
