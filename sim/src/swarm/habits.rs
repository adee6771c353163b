//! Which habits the application of a run has. Drawn from a stream of its own, so that the troubles of a seed
//! are of the same kinds without them.

use crate::app::Intervals;
use crate::random::{Purpose, Random};
use crate::schedule::{Habits, Schedule, Topology};

use super::Draw;

/// Half of the runs have some: each habit is there or not by itself.
pub(super) fn draw(seed: u64, draw: &Draw<'_>) -> Habits {
    let pace = draw.habits_pace.max(1);
    let mut random = Random::new(seed, Purpose::Habits);
    if random.chance(1, 2) {
        return Habits::default();
    }
    let mut percent = || if random.chance(1, 2) { random.between(1, 20) as u8 } else { 0 };
    let (cancelled_percent, deadline_percent, retained_percent) = (percent(), percent(), percent());
    let mut every_ms = |at_most_ms| {
        if random.chance(1, 2) { random.between(15_000 / pace, at_most_ms / pace) } else { 0 }
    };
    Habits {
        cancelled_percent,
        deadline_percent,
        retained_percent,
        resubscribes_every_ms: every_ms(240_000),
        asks_every_ms: every_ms(120_000),
        restarts_every_ms: match random.chance(1, 4) {
            true => random.between(60_000 / pace, 900_000 / pace),
            false => 0,
        },
        patience_max_ms: *random.pick(&[20, 500, 5_000, 60_000]),
        chooses_network: draw.topology == Topology::Bridge && random.chance(1, 4),
    }
}

/// The witness of one run in eight has messages that are large for the device.
pub(super) fn large_percent(seed: u64) -> u8 {
    let mut random = Random::new(seed, Purpose::LargePercent);
    if random.chance(1, 8) { random.between(1, 20) as u8 } else { 0 }
}

/// A fault may come so long before the device is asked to shut down, in milliseconds.
const BEFORE_MS: u32 = 200;
/// A fault may come so long after: while the device waits for what it sent, stops, and connects again.
const AFTER_MS: u32 = 5_000;

/// Where the application shuts the device down, every third fault is moved there.
pub(super) fn move_faults(schedule: &mut Schedule) {
    let every_ms = schedule.workload.habits.restarts_every_ms;
    if every_ms == 0 {
        return;
    }
    let mut random = Random::new(schedule.seed, Purpose::FaultsAtRestarts);
    let end_ms = schedule.duration_ms.saturating_sub(15_000);
    let restarts = Intervals::new(schedule.seed, Purpose::Restarting, every_ms);
    let restarts = restarts.map(|at| at.as_millis() as u32).take_while(|at_ms| *at_ms < end_ms);
    let restarts: Vec<u32> = restarts.collect();
    if restarts.is_empty() {
        return;
    }
    for fault in schedule.faults.iter_mut().filter(|fault| !fault.kind.needs_wires()) {
        if random.chance(1, 3) {
            let after_ms = random.between(0, BEFORE_MS + AFTER_MS);
            fault.at_ms = (random.pick(&restarts) + after_ms).saturating_sub(BEFORE_MS);
        }
    }
    schedule.faults.sort_by_key(|fault| fault.at_ms);
}
