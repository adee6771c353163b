//! Runs each schedule of a sweep in both engines, compares the histories, and measures both.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fivewire_sim::cross_check::{History, KnownDifference, compare};
use fivewire_sim::oracle::Breach;
use fivewire_sim::run::{self, Report};
use fivewire_sim::schedule::Schedule;
use serde::Serialize;

use crate::engine::Engine;
use crate::format::{Columns, Side, count, counted, span};
use crate::stopwatch::thread_cpu_time;

/// What the runs of a sweep showed, by scenario and seed: one that is run twice counts once.
#[derive(Default)]
pub(crate) struct CrossChecks(Mutex<BTreeMap<(String, u64), Checked>>);

struct Checked {
    compared: u64,
    known: Vec<KnownDifference>,
    unexplained: Vec<String>,
    costs: [Cost; 2],
}

#[derive(Clone, Copy, Default)]
struct Cost {
    virtual_us: u64,
    cpu: Duration,
}

/// All of it added up.
#[derive(Serialize)]
pub(crate) struct CrossSummary {
    /// Facts that were compared.
    pub(crate) compared: u64,
    pub(crate) unexplained: u64,
    /// Those that no known difference of the models explains; the first ones.
    pub(crate) first_unexplained: Vec<String>,
    /// Facts that differ, by the difference of the models that explains them.
    pub(crate) known: BTreeMap<&'static str, u64>,
    pub(crate) engines: [EngineRow; 2],
}

/// An engine's speed in the same sweep, on the same schedules.
#[derive(Serialize)]
pub(crate) struct EngineRow {
    pub(crate) engine: Engine,
    pub(crate) virtual_us: u128,
    pub(crate) cpu_us: u128,
    pub(crate) virtual_per_cpu: f64,
}

/// As many unexplained differences are shown.
const SHOWN_MAX: usize = 10;

impl CrossChecks {
    /// Runs a schedule in both engines. The report is turmoil's, unless only the other one broke a
    /// promise.
    pub(crate) fn judge(&self, schedule: &Schedule) -> Report {
        let [mut events, mut turmoil] = [History::default(), History::default()];
        let (of_events, events_cost) = measured(|| run::run(schedule, &mut events));
        let (mut report, turmoil_cost) =
            measured(|| Engine::Turmoil.watched(schedule, &mut turmoil));
        if report.breach.is_none()
            && let Some(Breach { promise, at, detail }) = of_events.breach
        {
            let detail = format!("in the event world only: {detail}");
            report.breach = Some(Breach { promise, at, detail });
        }
        // a run that was cut short compares with nothing
        if report.breach.is_none() {
            let comparison = compare(&events, &turmoil);
            let known = comparison.differences.iter().filter_map(|difference| difference.known);
            let name =
                |difference| format!("{} seed {}: {difference}", schedule.scenario, schedule.seed);
            let checked = Checked {
                compared: comparison.compared,
                known: known.collect(),
                unexplained: comparison.unexplained().map(name).collect(),
                costs: [turmoil_cost, events_cost],
            };
            let key = (schedule.scenario.clone(), schedule.seed);
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, checked);
        }
        report
    }

    /// Adds up.
    pub(crate) fn summary(self) -> CrossSummary {
        let all = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let sums = |place: usize, engine| {
            let virtual_us = all.values().map(|one| u128::from(one.costs[place].virtual_us)).sum();
            let cpu_us: u128 = all.values().map(|one| one.costs[place].cpu.as_micros()).sum();
            EngineRow {
                engine,
                virtual_us,
                cpu_us,
                virtual_per_cpu: virtual_us as f64 / cpu_us.max(1) as f64,
            }
        };
        let mut known = BTreeMap::new();
        for difference in all.values().flat_map(|one| &one.known) {
            *known.entry(difference.name()).or_default() += 1;
        }
        let unexplained = || all.values().flat_map(|one| &one.unexplained);
        CrossSummary {
            compared: all.values().map(|one| one.compared).sum(),
            unexplained: unexplained().count() as u64,
            first_unexplained: unexplained().take(SHOWN_MAX).cloned().collect(),
            known,
            engines: [sums(0, Engine::Turmoil), sums(1, Engine::Events)],
        }
    }
}

impl fmt::Display for CrossSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sides = [Side::Left, Side::Right, Side::Right, Side::Right];
        let mut table = Columns::new(sides);
        table.row(["engine", "virtual time", "CPU time", "virtual : CPU"]);
        for row in &self.engines {
            let name = match row.engine {
                Engine::Events => "events",
                Engine::Turmoil => "turmoil",
            };
            let ratio = format!("{} : 1", count(row.virtual_per_cpu as u64));
            table.row([name.to_owned(), span(row.virtual_us), span(row.cpu_us), ratio]);
        }
        write!(f, "{table}")?;
        let mut table = Columns::new([Side::Left, Side::Right]);
        table.row(["known difference", "facts"]);
        for difference in KnownDifference::ALL.into_iter().filter(|known| known.changes_facts()) {
            let facts = self.known.get(difference.name()).copied().unwrap_or(0);
            table.row([difference.name().to_owned(), count(facts)]);
        }
        write!(f, "\n{table}\n")?;
        for difference in &self.first_unexplained {
            writeln!(f, "  UNEXPLAINED {difference}")?;
        }
        let unexplained = counted(self.unexplained, "unexplained difference");
        writeln!(f, "  {} facts compared, {unexplained}", count(self.compared))
    }
}

fn measured(run: impl FnOnce() -> Report) -> (Report, Cost) {
    let before = thread_cpu_time();
    let report = run();
    let cpu = thread_cpu_time().saturating_sub(before);
    let virtual_us = report.virtual_us;
    (report, Cost { virtual_us, cpu })
}
