//! The result of a sweep: one structure, printed as a table and written as JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use fivewire_sim::catalogue;
use fivewire_sim::marks::{Column, FaultRow, Matrix};
use fivewire_sim::oracle::Promise;
use fivewire_sim::schedule::Schedule;
use fivewire_sim::sweep::{Failure, FaultCount, Plan, Reach, Shard, Tally, Totals};
use serde::Serialize;

use crate::Verdict;
#[cfg(feature = "turmoil")]
use crate::cross_check::CrossSummary;
use crate::engine::Engine;
use crate::stopwatch::Stopwatch;

/// Seeds from which on a sweep of the default mixture must have reached everything.
pub(crate) const FULL_SEEDS: u64 = 10_000;
/// The same of a sweep of wires alone, where less has to meet: as many as run for each change.
pub(crate) const WIRES_FULL_SEEDS: u64 = 500;

/// So many faults must hurt somebody in half of the runs of the default mixture.
const FAULTS_WITH_EFFECT_MIN: u64 = 3;

/// What a sweep showed.
#[derive(Serialize)]
pub(crate) struct Summary {
    pub(crate) version: &'static str,
    pub(crate) engine: Engine,
    pub(crate) verdict: Verdict,
    /// Everything must be reached: the default mixture, whole, with at least [`FULL_SEEDS`] seeds,
    /// or wires alone with at least [`WIRES_FULL_SEEDS`].
    pub(crate) full: bool,
    /// The scenarios were chosen by hand.
    #[serde(skip)]
    pub(crate) is_chosen: bool,
    pub(crate) seeds: Seeds,
    pub(crate) scenarios: BTreeMap<String, ScenarioRow>,
    pub(crate) faults: BTreeMap<&'static str, FaultCount>,
    /// Half of the runs had at least so many.
    pub(crate) median_faults_with_effect: u64,
    /// How often each mark was hit.
    pub(crate) marks: BTreeMap<&'static str, u64>,
    /// How often each kind of fault hurt somebody in each state of the client.
    pub(crate) matrix: BTreeMap<&'static str, BTreeMap<&'static str, u32>>,
    /// What runs of this mixture can come to at all.
    #[serde(skip)]
    pub(crate) reach: Reach,
    #[serde(skip)]
    pub(crate) matrix_table: String,
    /// In order of their numbers.
    pub(crate) promises: Vec<PromiseRow>,
    pub(crate) speed: Speed,
    /// With `--engine turmoil`: the comparison with the event world.
    #[cfg(feature = "turmoil")]
    pub(crate) cross_check: Option<CrossSummary>,
    /// Of all traces, in hexadecimal.
    pub(crate) hash: String,
    pub(crate) never_reached: Vec<String>,
    pub(crate) first_failure: Option<FailureRow>,
    /// The first failure, shrunk.
    pub(crate) shrunk: Option<Schedule>,
}

#[derive(Serialize)]
pub(crate) struct Seeds {
    pub(crate) first: u64,
    pub(crate) end: u64,
    pub(crate) shard: String,
    pub(crate) planned: u64,
    pub(crate) run: u64,
    pub(crate) run_twice: u64,
    pub(crate) failed: u64,
    pub(crate) jobs: usize,
}

#[derive(Serialize)]
pub(crate) struct ScenarioRow {
    pub(crate) seeds: u64,
    pub(crate) failed: u64,
    pub(crate) virtual_us: u128,
}

#[derive(Serialize)]
pub(crate) struct PromiseRow {
    pub(crate) id: &'static str,
    pub(crate) sentence: &'static str,
    pub(crate) judgements: u64,
    pub(crate) broken: u64,
}

#[derive(Serialize)]
pub(crate) struct Speed {
    pub(crate) virtual_us: u128,
    pub(crate) wall_us: u128,
    pub(crate) cpu_us: u128,
    pub(crate) events: u64,
    pub(crate) virtual_per_wall: f64,
    pub(crate) virtual_per_cpu: f64,
    pub(crate) seeds_per_second_and_core: f64,
}

#[derive(Serialize)]
pub(crate) struct FailureRow {
    pub(crate) scenario: String,
    pub(crate) seed: u64,
    pub(crate) promise: &'static str,
    pub(crate) at_us: u64,
    pub(crate) detail: String,
    pub(crate) schedule: Schedule,
}

impl Summary {
    /// `mixture`: the scenarios were not chosen by hand.
    pub(crate) fn new(
        engine: Engine,
        plan: &Plan<'_>,
        mixture: bool,
        totals: &Totals,
        reach: Reach,
        stopwatch: &Stopwatch,
    ) -> Self {
        let tally = totals.tally();
        let is_wires = totals.scenarios.keys().eq([catalogue::WIRES]) && !reach.has_frames();
        let enough_seeds = match (mixture, is_wires) {
            (_, true) => WIRES_FULL_SEEDS,
            (true, false) => FULL_SEEDS,
            (false, false) => u64::MAX,
        };
        // an interrupted one proves nothing about what it did not reach
        let full = engine == Engine::Events
            && plan.shard == Shard::WHOLE
            && plan.len() >= enough_seeds
            && tally.seeds == plan.len();
        let mut never_reached = totals.never_reached(&reach);
        if full && reach.has_frames() && totals.effects.median() < FAULTS_WITH_EFFECT_MIN {
            never_reached
                .push(format!("{FAULTS_WITH_EFFECT_MIN} faults with effect in half of the runs"));
        }
        let matrix_table = totals.matrix.table(|row| reach.can_begin(row)).to_string();
        let verdict = if tally.seeds < plan.len() {
            Verdict::Interrupted
        } else if tally.failed > 0 || (full && !never_reached.is_empty()) {
            Verdict::Broken
        } else {
            Verdict::Kept
        };
        let scenarios = totals.scenarios.iter();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            engine,
            verdict,
            full,
            is_chosen: !mixture,
            seeds: Seeds::new(plan, tally),
            scenarios: scenarios.map(|(name, tally)| (name.clone(), tally.into())).collect(),
            faults: FaultRow::ALL.map(|row| (row.name(), totals.fault(row))).into(),
            median_faults_with_effect: totals.effects.median(),
            marks: totals.marks.clone(),
            matrix: cells(&totals.matrix),
            matrix_table,
            promises: Promise::ALL.map(|promise| PromiseRow::new(promise, totals)).into(),
            speed: Speed::new(totals, stopwatch),
            #[cfg(feature = "turmoil")]
            cross_check: None,
            hash: format!("{:016x}", totals.hash),
            never_reached,
            first_failure: totals.first_failure.as_ref().map(FailureRow::from),
            shrunk: None,
            reach,
        }
    }
}

#[cfg(feature = "turmoil")]
impl Summary {
    /// Adds the comparison of the engines, which may spoil the verdict.
    pub(crate) fn compared(&mut self, cross_check: CrossSummary) {
        if cross_check.unexplained > 0 && self.verdict == Verdict::Kept {
            self.verdict = Verdict::Broken;
        }
        self.cross_check = Some(cross_check);
    }
}

fn cells(matrix: &Matrix) -> BTreeMap<&'static str, BTreeMap<&'static str, u32>> {
    let cells = |row| Column::ALL.map(|column| (column.name(), matrix.count(row, column)));
    FaultRow::ALL.map(|row| (row.name(), cells(row).into())).into()
}

impl Seeds {
    fn new(plan: &Plan<'_>, tally: Tally) -> Self {
        Self {
            first: plan.seeds.start,
            end: plan.seeds.end,
            shard: plan.shard.to_string(),
            planned: plan.len(),
            run: tally.seeds,
            run_twice: tally.twice,
            failed: tally.failed,
            jobs: plan.jobs.get(),
        }
    }
}

impl From<&Tally> for ScenarioRow {
    fn from(tally: &Tally) -> Self {
        Self { seeds: tally.seeds, failed: tally.failed, virtual_us: tally.virtual_us }
    }
}

impl PromiseRow {
    fn new(promise: Promise, totals: &Totals) -> Self {
        Self {
            id: promise.id(),
            sentence: promise.sentence(),
            judgements: totals.judgements(promise),
            broken: totals.broken.get(&promise).copied().unwrap_or(0),
        }
    }
}

impl Speed {
    fn new(totals: &Totals, stopwatch: &Stopwatch) -> Self {
        let tally = totals.tally();
        let (wall, cpu) = (stopwatch.wall(), stopwatch.cpu());
        let per = |amount: u128, time: Duration| {
            // a sweep too short for the clock counts as one tick of it
            amount as f64 / time.as_micros().max(1) as f64
        };
        Self {
            virtual_us: tally.virtual_us,
            wall_us: wall.as_micros(),
            cpu_us: cpu.as_micros(),
            events: totals.events,
            virtual_per_wall: per(tally.virtual_us, wall),
            virtual_per_cpu: per(tally.virtual_us, cpu),
            seeds_per_second_and_core: 1e6 * per(u128::from(tally.seeds), cpu),
        }
    }
}

impl From<&Failure> for FailureRow {
    fn from(failure: &Failure) -> Self {
        Self {
            scenario: failure.schedule.scenario.clone(),
            seed: failure.schedule.seed,
            promise: failure.breach.promise.id(),
            at_us: failure.breach.at.as_micros(),
            detail: failure.breach.detail.clone(),
            schedule: failure.schedule.clone(),
        }
    }
}
