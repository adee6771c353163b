//! Bugs in the tokio adapter, of the kind that only asynchronous code has.

use fivewire_sim::tokio_world;
use fivewire_sim::trace::Blind;
use fivewire_tokio::planted::{Bug, Planted};

use crate::Catch;

/// A turmoil sweep that has not seen a bug after this many seeds would not see it in practice.
pub const SEEDS: u64 = 60;

/// Sweeps the runs of a minute in turmoil's network with `bug` in the adapter, until a promise is
/// broken.
#[must_use]
pub fn catch(bug: Bug) -> Option<Catch> {
    // every fourth seed is a run of an hour
    (0..SEEDS).filter(|seed| seed % 4 != 3).find_map(|seed| {
        let schedule = tokio_world::default_for(seed);
        let report = tokio_world::run_planted(&schedule, Planted::with(bug), &mut Blind);
        let breach = report.ok()?.breach?;
        Some(Catch { seed, promise: breach.promise, detail: breach.to_string(), schedule })
    })
}
