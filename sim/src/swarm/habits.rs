//! Which habits the application of a run has. Drawn from a stream of its own, so that the troubles of a seed
//! are the same without them.

use crate::random::{Purpose, Random};
use crate::schedule::{Habits, Topology};

/// Half of the runs have some: each habit is there or not by itself.
pub(super) fn draw(seed: u64, topology: Topology) -> Habits {
    let mut random = Random::new(seed, Purpose::Habits);
    if random.chance(1, 2) {
        return Habits::default();
    }
    let mut percent = || if random.chance(1, 2) { random.between(1, 20) as u8 } else { 0 };
    let (cancelled_percent, deadline_percent, retained_percent) = (percent(), percent(), percent());
    let mut every_ms =
        |at_most_ms| if random.chance(1, 2) { random.between(15_000, at_most_ms) } else { 0 };
    Habits {
        cancelled_percent,
        deadline_percent,
        retained_percent,
        resubscribes_every_ms: every_ms(240_000),
        asks_every_ms: every_ms(120_000),
        patience_max_ms: *random.pick(&[20, 500, 5_000, 60_000]),
        chooses_network: topology == Topology::Bridge && random.chance(1, 4),
    }
}
