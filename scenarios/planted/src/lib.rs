//! Bugs put into fivewire on purpose: a green sweep is worth what it would have caught.
//!
//! This package alone builds the core and the tokio adapter with the feature `planted`, and is no
//! default member of the workspace, so nothing that people run has a bug planted in it.

pub mod adapter;

use fivewire_core::planted::{Bug, Planted};
use fivewire_sim::catalogue;
use fivewire_sim::oracle::Promise;
use fivewire_sim::run::Runner;
use fivewire_sim::schedule::Schedule;

/// A sweep that has not seen a bug after this many seeds would not see it in practice.
pub const SEEDS: u64 = 1_000;

/// How a bug was caught.
#[derive(Clone, Debug)]
pub struct Catch {
    /// The first seed that showed it.
    pub seed: u64,
    /// The promise it broke.
    pub promise: Promise,
    /// What was seen.
    pub detail: String,
    /// The run.
    pub schedule: Schedule,
}

/// Sweeps with `bug` in the machines until a promise is broken.
#[must_use]
pub fn catch(bug: Bug) -> Option<Catch> {
    catch_in(bug, |seed| catalogue::default_for(seed).schedule(seed))
}

/// The same with a bug of the link, on wires.
///
/// # Panics
/// The scenario is not known any more.
#[must_use]
pub fn catch_on_wires(bug: Bug) -> Option<Catch> {
    let wires = catalogue::find("wires").expect("the scenario is known");
    catch_in(bug, |seed| wires.schedule(seed))
}

fn catch_in(bug: Bug, draw: impl Fn(u64) -> Schedule) -> Option<Catch> {
    let mut runner: Option<Runner> = None;
    (0..SEEDS).find_map(|seed| {
        let schedule = draw(seed);
        let runner = runner.get_or_insert_with(|| Runner::new(&schedule));
        runner.plant(Planted::with(bug));
        let breach = runner.run(&schedule).breach?;
        Some(Catch { seed, promise: breach.promise, detail: breach.to_string(), schedule })
    })
}

/// The promise that `schedule` breaks with `bug` in the machines.
#[must_use]
pub fn broken(bug: Bug, schedule: &Schedule) -> Option<Promise> {
    let mut runner = Runner::new(schedule);
    runner.plant(Planted::with(bug));
    runner.run(schedule).breach.map(|breach| breach.promise)
}
