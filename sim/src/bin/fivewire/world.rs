//! The world that this command runs schedules in.

use std::cell::RefCell;

use fivewire_core::time::Instant;
use fivewire_sim::catalogue;
use fivewire_sim::observation::Observer;
use fivewire_sim::oracle::{Breach, Promise};
use fivewire_sim::recorded::{self, is_recorded};
use fivewire_sim::run::{Report, Runner};
use fivewire_sim::schedule::Schedule;
use fivewire_sim::sweep::guarded;
use fivewire_sim::trace::Timeline;

use crate::engine::Engine;

thread_local! {
    /// The memory of this thread's last run, for the next one.
    static RUNNER: RefCell<Option<Runner>> = const { RefCell::new(None) };
}

/// Runs a schedule with nobody watching but the oracle.
pub(crate) fn judge(schedule: &Schedule) -> Report {
    // a run that panics takes its memory along: nobody knows what state it is in
    let mut runner = RUNNER.take().unwrap_or_else(|| Runner::new(schedule));
    let mut report = runner.run(schedule);
    RUNNER.set(Some(runner));
    if report.breach.is_none() && is_recorded(schedule.seed) {
        report.breach = recorded::breach(schedule, &report);
    }
    with_canary(schedule, report)
}

/// A run and what was seen of it.
pub(crate) struct Watched {
    /// The report, or the breach that made one impossible.
    pub(crate) result: Result<Report, Breach>,
    /// What happened; up to the panic, if the run panicked.
    pub(crate) timeline: Timeline,
}

impl Watched {
    /// The broken promise, if any.
    pub(crate) fn breach(&self) -> Option<&Breach> {
        match &self.result {
            Ok(report) => report.breach.as_ref(),
            Err(breach) => Some(breach),
        }
    }
}

/// Runs a schedule and keeps the last lines of its timeline; then once more without, to see that
/// it is the same (P11).
pub(crate) fn watch(
    engine: Engine,
    schedule: &Schedule,
    lines_max: usize,
    extra: &mut dyn Observer,
) -> Watched {
    watch_on(engine, schedule, Timeline::with_last(lines_max), extra)
}

/// The same, with a timeline that shows what it is told to.
pub(crate) fn watch_on(
    engine: Engine,
    schedule: &Schedule,
    mut timeline: Timeline,
    extra: &mut dyn Observer,
) -> Watched {
    let mut watching = true;
    let run = |schedule: &Schedule| {
        if std::mem::take(&mut watching) {
            engine.watched(schedule, &mut (&mut timeline, &mut *extra))
        } else {
            engine.judge(schedule)
        }
    };
    let result = guarded(run, schedule, true);
    Watched { result, timeline }
}

/// The scenario `canary` fails on purpose, so that everybody can see what a failure looks like,
/// and tests can see that one gets through to the exit code.
pub(crate) fn with_canary(schedule: &Schedule, mut report: Report) -> Report {
    let bit =
        |name: &str| report.faults.iter().any(|(kind, _, bit)| kind.name() == name && *bit > 0);
    if schedule.scenario == catalogue::CANARY && bit("wifi-outage") && bit("tcp-reset") {
        let detail = "nothing is wrong: the scenario `canary` counts a run in which a wifi-outage \
                      and a tcp-reset both had an effect as broken, to show what a failure looks \
                      like";
        report.breach.get_or_insert_with(|| Breach {
            promise: Promise::P1,
            at: Instant::from_micros(report.virtual_us),
            detail: detail.to_owned(),
        });
    }
    report
}
