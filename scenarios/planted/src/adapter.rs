//! Bugs in the tokio adapter, of the kind that only asynchronous code has.

use fivewire_sim::schedule::Schedule;
use fivewire_sim::tokio_world;
use fivewire_sim::trace::Blind;
use fivewire_tokio::planted::{Bug, Planted};

use crate::Catch;

/// A turmoil sweep that has not seen a bug after this many seeds would not see it in practice.
pub const SEEDS: u64 = 60;

/// The schedules in which bugs are looked for: of a minute, in the version of MQTT that the seed
/// draws, and in 3.1.1 as well.
pub fn schedules() -> impl Iterator<Item = Schedule> {
    // every fourth seed is a run of an hour
    (0..SEEDS).filter(|seed| seed % 4 != 3).flat_map(|seed| {
        let drawn = tokio_world::default_for(seed);
        let again = drawn.setup.is_v5().then(|| drawn.clone().with_3_1_1());
        [Some(drawn), again].into_iter().flatten()
    })
}

/// Sweeps those in turmoil's network with `bug` in the adapter, until a promise is broken.
#[must_use]
pub fn catch(bug: Bug) -> Option<Catch> {
    schedules().find_map(|schedule| {
        let report = tokio_world::run_planted(&schedule, Planted::with(bug), &mut Blind);
        let (breach, seed) = (report.ok()?.breach?, schedule.seed);
        Some(Catch { seed, promise: breach.promise, detail: breach.to_string(), schedule })
    })
}
