//! Which schedules fit a client without a bridge, and how a seed draws one.

use thiserror::Error;

use crate::catalogue::{self, Scenario};
use crate::fault::FaultKind;
use crate::schedule::{Schedule, Topology};
use crate::swarm::{self, Draw};

/// Of the default mixture, three of four runs last a minute, in fine ticks, and are full of trouble.
const MINUTE_MS: u32 = 60_000;
/// A shorter run has room for fewer faults.
const MINUTE_FAULTS: std::ops::RangeInclusive<u32> = 1..=8;

/// Why a schedule cannot be run with the tokio adapter.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Unfit {
    /// It has a bridge.
    #[error(
        "schedule {scenario:?} is one of a bridge, which the tokio adapter has none of: \
         run it with --engine events"
    )]
    Bridge {
        /// Its scenario.
        scenario: String,
    },
    /// It speaks MQTT 5.
    #[error(
        "schedule {scenario:?} speaks MQTT 5, which this engine does not simulate: \
         run it with --engine events"
    )]
    Mqtt5 {
        /// Its scenario.
        scenario: String,
    },
    /// All that the scenario can break is a bridge.
    #[error("all that scenario {scenario:?} breaks is a bridge: run it with --engine events")]
    OnlyBridge {
        /// Its name.
        scenario: &'static str,
    },
}

/// Whether the tokio adapter can run the schedule.
///
/// # Errors
/// Why not.
pub fn fits(schedule: &Schedule) -> Result<(), Unfit> {
    match schedule.setup.topology {
        Topology::Client if schedule.setup.is_v5() => {
            Err(Unfit::Mqtt5 { scenario: schedule.scenario.clone() })
        }
        Topology::Client => Ok(()),
        Topology::Bridge => Err(Unfit::Bridge { scenario: schedule.scenario.clone() }),
    }
}

/// The run of this seed of a scenario, with the bridge and its faults left out: an hour.
///
/// # Errors
/// Nothing is left of the scenario then.
pub fn draw(scenario: &'static Scenario, seed: u64) -> Result<Schedule, Unfit> {
    let is_left = |kind: &FaultKind| !kind.needs_bridge() && !kind.needs_mqtt5();
    if !scenario.kinds.is_empty() && !scenario.kinds.iter().any(is_left) {
        return Err(Unfit::OnlyBridge { scenario: scenario.name });
    }
    Ok(drawn(scenario, seed, Draw::default()))
}

/// The run of this seed in the default sweep of this engine: everything that can break without a
/// bridge, for a minute, and for every fourth seed for an hour.
#[must_use]
pub fn default_for(seed: u64) -> Schedule {
    let scenario = catalogue::find("client").expect("the catalogue has it");
    if seed % 4 == 3 {
        return drawn(scenario, seed, Draw::default());
    }
    let minute = Draw { duration_ms: MINUTE_MS, faults: MINUTE_FAULTS, ..Draw::default() };
    drawn(scenario, seed, minute)
}

fn drawn(scenario: &Scenario, seed: u64, draw: Draw<'_>) -> Schedule {
    let draw =
        Draw { scenario: scenario.name, topology: Topology::Client, kinds: scenario.kinds, ..draw };
    // the adapter's MQTT 5 is tested against real brokers
    swarm::draw(seed, &draw).with_3_1_1().without_habits()
}
