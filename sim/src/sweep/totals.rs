//! What many runs add up to.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::marks::{FaultRow, Mark, Matrix};
use crate::oracle::{Breach, Promise};
use crate::random::mixed;
use crate::run::Report;
use crate::schedule::Schedule;

use super::{Effects, Reach};

/// A run that broke a promise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The run.
    pub schedule: Schedule,
    /// What it broke.
    pub breach: Breach,
    /// Its place in the plan: number of the scenario, seed.
    order: (u64, u64),
}

/// How a scenario did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Seeds that were run.
    pub seeds: u64,
    /// Seeds among them that were run twice.
    pub twice: u64,
    /// Seeds among them that broke a promise.
    pub failed: u64,
    /// Virtual time of the runs, in microseconds.
    pub virtual_us: u128,
}

/// How often a kind of fault was at work.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct FaultCount {
    /// It began.
    pub begun: u64,
    /// It did something to somebody.
    pub bit: u64,
}

/// What many runs showed, whatever their order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Totals {
    /// By name of the scenario.
    pub scenarios: BTreeMap<String, Tally>,
    /// By [`FaultRow::index`].
    faults: [FaultCount; FaultRow::COUNT],
    /// How many of its faults had an effect, run by run.
    pub effects: Effects,
    /// How often each mark was hit.
    pub marks: BTreeMap<&'static str, u64>,
    /// In which state of the client which kind of fault hurt somebody.
    pub matrix: Matrix,
    /// How often each promise was judged, by its index.
    checked: [u64; Promise::COUNT],
    /// How often each promise was broken.
    pub broken: BTreeMap<Promise, u64>,
    /// The first failure in order of scenario and seed.
    pub first_failure: Option<Failure>,
    /// Events in all runs.
    pub events: u64,
    /// One number for the traces of all runs and their seeds.
    pub hash: u64,
}

impl Default for Totals {
    fn default() -> Self {
        Self {
            scenarios: BTreeMap::new(),
            faults: [FaultCount::default(); FaultRow::COUNT],
            effects: Effects::default(),
            marks: BTreeMap::new(),
            matrix: Matrix::default(),
            checked: [0; Promise::COUNT],
            broken: BTreeMap::new(),
            first_failure: None,
            events: 0,
            hash: 0,
        }
    }
}

impl Totals {
    /// The scenarios together.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.scenarios.values().fold(Tally::default(), |sum, tally| sum.plus(*tally))
    }

    /// How often this promise was judged.
    #[must_use]
    pub const fn judgements(&self, promise: Promise) -> u64 {
        self.checked[promise.index()]
    }

    /// How often this kind of fault was at work.
    #[must_use]
    pub const fn fault(&self, row: FaultRow) -> FaultCount {
        self.faults[row.index()]
    }

    /// What no run reached of all that can be: promises that nothing judged, faults without an effect,
    /// marks without a hit, empty cells of the matrix. A sweep that missed something proves nothing about
    /// it. Where every run has wires, they are too short to fill a table, to come into any situation but
    /// those of the wires, and to be judged by everything.
    #[must_use]
    pub fn never_reached(&self, reach: &Reach) -> Vec<String> {
        let is_long = reach.has_frames();
        let promises = Promise::ALL
            .into_iter()
            .filter(|promise| self.judgements(*promise) == 0 && reach.can_judge(*promise))
            .filter(|promise| is_long || promise.needs_wires());
        let faults = FaultRow::ALL
            .into_iter()
            .filter(|row| self.fault(*row).bit == 0 && reach.can_begin(*row));
        let is_due = |name: &str| {
            Mark::named(name)
                .is_none_or(|mark| reach.can_hit(mark) && (is_long || mark.needs_wires()))
        };
        let marks = self.marks.iter().filter(|(name, hits)| **hits == 0 && is_due(name));
        let cells = self.matrix.missed(|row| is_long && reach.can_begin(row));
        let promises = promises.map(|promise| format!("judgement of {}", promise.id()));
        let faults = faults.map(|row| format!("effect of {}", row.name()));
        let marks = marks.map(|(name, _)| format!("mark {name}"));
        let cells = cells.map(|(row, column)| format!("{} in state {}", row.name(), column.name()));
        promises.chain(faults).chain(marks).chain(cells).collect()
    }

    /// Adds one run, of the `scenario`-th scenario of the plan.
    pub(super) fn add(
        &mut self,
        scenario: u64,
        schedule: Schedule,
        result: Result<Report, Breach>,
        twice: bool,
    ) {
        let (report, breach) = match result {
            Ok(mut report) => {
                let breach = report.breach.take();
                (report, breach)
            }
            Err(breach) => (Report::default(), Some(breach)),
        };
        let tally = Tally {
            seeds: 1,
            twice: u64::from(twice),
            failed: u64::from(breach.is_some()),
            virtual_us: u128::from(report.virtual_us),
        };
        add_tally(&mut self.scenarios, &schedule.scenario, tally);
        for &(kind, begun, bit) in &report.faults {
            self.faults[FaultRow::of(kind).index()].add(FaultCount { begun, bit });
        }
        self.effects.add(report.faults.iter().map(|&(.., bit)| bit).sum());
        self.matrix += &report.matrix;
        for (name, hits) in &report.marks {
            *self.marks.entry(name).or_default() += hits;
        }
        add_each(&mut self.checked, &report.checked);
        self.checked[Promise::P11.index()] += u64::from(twice);
        self.events += report.events;
        // a sum does not depend on the order; mixing keeps runs from cancelling out
        let hash = mixed(mixed(schedule.seed ^ scenario.rotate_right(8)) ^ report.hash);
        self.hash = self.hash.wrapping_add(hash);
        if let Some(breach) = breach {
            *self.broken.entry(breach.promise).or_default() += 1;
            let order = (scenario, schedule.seed);
            self.keep_first(Failure { schedule, breach, order });
        }
    }

    /// Both together.
    #[must_use]
    pub(super) fn merged(mut self, other: Self) -> Self {
        for (name, tally) in other.scenarios {
            add_tally(&mut self.scenarios, &name, tally);
        }
        for (promise, count) in other.broken {
            *self.broken.entry(promise).or_default() += count;
        }
        for (sum, count) in self.faults.iter_mut().zip(other.faults) {
            sum.add(count);
        }
        self.effects = self.effects.merged(&other.effects);
        self.matrix += &other.matrix;
        for (name, hits) in other.marks {
            *self.marks.entry(name).or_default() += hits;
        }
        add_each(&mut self.checked, &other.checked);
        self.events += other.events;
        self.hash = self.hash.wrapping_add(other.hash);
        if let Some(failure) = other.first_failure {
            self.keep_first(failure);
        }
        self
    }

    fn keep_first(&mut self, failure: Failure) {
        if self.first_failure.as_ref().is_none_or(|first| failure.order < first.order) {
            self.first_failure = Some(failure);
        }
    }
}

impl FaultCount {
    const fn add(&mut self, other: Self) {
        self.begun += other.begun;
        self.bit += other.bit;
    }
}

impl Tally {
    const fn plus(self, other: Self) -> Self {
        Self {
            seeds: self.seeds + other.seeds,
            twice: self.twice + other.twice,
            failed: self.failed + other.failed,
            virtual_us: self.virtual_us + other.virtual_us,
        }
    }
}

fn add_tally(scenarios: &mut BTreeMap<String, Tally>, name: &str, tally: Tally) {
    // looked up first: only the first run of a scenario pays for the copy of its name
    match scenarios.get_mut(name) {
        Some(sum) => *sum = sum.plus(tally),
        None => {
            scenarios.insert(name.to_owned(), tally);
        }
    }
}

fn add_each<const N: usize>(sums: &mut [u64; N], counts: &[u64; N]) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum += count;
    }
}
