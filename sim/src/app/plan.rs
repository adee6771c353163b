//! When the application does what it does besides publishing and taking messages.

use fivewire_core::time::Instant;

use super::Intervals;
use crate::random::Purpose;
use crate::schedule::Schedule;

/// Something that is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Due {
    /// Comparing what the device says of itself with what is known.
    Compare,
    /// Beginning or ending the subscription that comes and goes.
    Resubscribe,
    /// Shutting the device down, to start anew.
    Restart,
}

/// The sooner of two times, where `None` is never.
pub(super) fn sooner(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        _ => one.or(other),
    }
}

/// Something to be done again and again.
#[derive(Clone, Debug)]
struct Series {
    intervals: Intervals,
    next: Option<Instant>,
}

impl Series {
    fn new(seed: u64, purpose: Purpose, every_ms: u32) -> Self {
        let mut intervals = Intervals::new(seed, purpose, every_ms);
        Self { next: intervals.next(), intervals }
    }

    fn is_due(&self, now: Instant) -> bool {
        self.next.is_some_and(|at| at <= now)
    }
}

/// The times of a schedule. It outlives the board's memory.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    compares: Series,
    resubscribes: Series,
    restarts: Series,
    /// Nothing new is begun from here on.
    ends_at: Option<Instant>,
}

impl Plan {
    pub(crate) fn new(schedule: &Schedule) -> Self {
        let (seed, habits) = (schedule.seed, schedule.workload.habits);
        Self {
            compares: Series::new(seed, Purpose::Asking, habits.asks_every_ms),
            resubscribes: Series::new(seed, Purpose::Resubscribing, habits.resubscribes_every_ms),
            restarts: Series::new(seed, Purpose::Restarting, habits.restarts_every_ms),
            ends_at: None,
        }
    }

    /// When something is due next.
    pub(crate) fn next(&self) -> Option<Instant> {
        let first = sooner(self.compares.next, self.resubscribes.next);
        sooner(first, self.restarts.next)
    }

    /// Takes what is due from the plan. True if it was.
    ///
    /// Who does more than one thing at a time compares first, so that all that was asked for before has been
    /// told, and restarts last.
    pub(crate) fn take(&mut self, due: Due, now: Instant) -> bool {
        let ends_at = self.ends_at;
        let series = match due {
            Due::Compare => &mut self.compares,
            Due::Resubscribe => &mut self.resubscribes,
            Due::Restart => &mut self.restarts,
        };
        if !series.is_due(now) {
            return false;
        }
        series.next = match due {
            // a device that was off for long restarts once
            Due::Restart => series.intervals.find(|at| *at > now),
            Due::Compare | Due::Resubscribe => series.intervals.next(),
        };
        series.next = series.next.filter(|at| ends_at.is_none_or(|end| *at < end));
        true
    }

    /// Begins nothing new. What is due already is still asked for, once the device is there again.
    pub(crate) fn wind_down(&mut self, now: Instant) {
        self.ends_at = Some(now);
        self.compares.next = None;
        self.resubscribes.next.take_if(|at| *at >= now);
        self.restarts.next = None;
    }
}
