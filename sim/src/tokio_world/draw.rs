//! Which schedules fit a client without a bridge, and how a seed draws one.

use thiserror::Error;

use crate::catalogue::{self, Scenario};
use crate::fault::FaultKind;
use crate::schedule::{Fidelity, Habits, Schedule, Topology, Wishes};
use crate::swarm::{self, Draw};
use crate::sweep::Reach;

/// A run of a minute, in fine ticks, is full of trouble. Of the default mixture, three of four are.
const MINUTE_MS: u32 = 60_000;
/// A shorter run has room for fewer faults.
const MINUTE_FAULTS: std::ops::RangeInclusive<u32> = 1..=8;
/// Its application does in a quarter of the time what it does in others.
const MINUTE_PACE: u32 = 4;

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
    /// Its application has a habit that only that of a bridge has.
    #[error(
        "schedule {scenario:?} has workload.habits.{field}, which only an application with a bridge has: \
         run it with --engine events"
    )]
    Habits {
        /// Its scenario.
        scenario: String,
        /// Which one.
        field: &'static str,
    },
    /// Its device asks for what this engine's never asks for.
    #[error(
        "schedule {scenario:?} has setup.mqtt5.wishes, which only the event world grants: \
         run it with --engine events"
    )]
    Wishes {
        /// Its scenario.
        scenario: String,
    },
    /// All that the scenario is about is a bridge, or the wires of one.
    #[error("all that scenario {scenario:?} is about is a bridge: run it with --engine events")]
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
    let scenario = || schedule.scenario.clone();
    if let Some(field) = unusual(&schedule.workload.habits) {
        return Err(Unfit::Habits { scenario: scenario(), field });
    }
    let wishes = schedule.setup.mqtt5.as_ref().map(|mqtt5| mqtt5.wishes);
    if wishes.is_some_and(|wishes| wishes != Wishes::default()) {
        return Err(Unfit::Wishes { scenario: scenario() });
    }
    match schedule.setup.topology {
        Topology::Client => Ok(()),
        Topology::Bridge => Err(Unfit::Bridge { scenario: scenario() }),
    }
}

/// What only an application with a bridge does: a client leaves networks to its operating system. Of an
/// application that asks for time and memory, what it asks of the client itself is left.
const fn unusual(habits: &Habits) -> Option<&'static str> {
    if habits.chooses_network { Some("chooses_network") } else { None }
}

/// The run of this seed of a scenario, with the bridge and its faults left out: an hour.
///
/// # Errors
/// Nothing is left of the scenario then.
pub fn draw(scenario: &'static Scenario, seed: u64) -> Result<Schedule, Unfit> {
    is_left(scenario)?;
    Ok(drawn(scenario, seed, Draw::default()))
}

/// The same, but of a minute that is full of trouble.
///
/// # Errors
/// Nothing is left of the scenario then.
pub fn draw_minute(scenario: &'static Scenario, seed: u64) -> Result<Schedule, Unfit> {
    is_left(scenario)?;
    Ok(drawn(scenario, seed, minute()))
}

/// Something is left of the scenario without a bridge.
fn is_left(scenario: &'static Scenario) -> Result<(), Unfit> {
    let breaks = |kind: &FaultKind| !kind.needs_bridge();
    let is_left = scenario.kinds.is_empty() || scenario.kinds.iter().any(breaks);
    if is_left && scenario.fidelity == Fidelity::Frame {
        return Ok(());
    }
    Err(Unfit::OnlyBridge { scenario: scenario.name })
}

fn minute() -> Draw<'static> {
    let (duration_ms, faults, habits_pace) = (MINUTE_MS, MINUTE_FAULTS, MINUTE_PACE);
    Draw { duration_ms, faults, habits_pace, ..Draw::default() }
}

/// The scenario of the default sweep of this engine.
#[must_use]
pub fn default_scenario() -> &'static Scenario {
    catalogue::find("client").expect("the catalogue has it")
}

/// The run of this seed in the default sweep of this engine: everything that can break without a
/// bridge, for a minute, and for every fourth seed for an hour.
#[must_use]
pub fn default_for(seed: u64) -> Schedule {
    let scenario = default_scenario();
    if seed % 4 == 3 {
        return drawn(scenario, seed, Draw::default());
    }
    drawn(scenario, seed, minute())
}

fn drawn(scenario: &Scenario, seed: u64, draw: Draw<'static>) -> Schedule {
    let mut schedule = swarm::draw(seed, &without_bridge(scenario, draw));
    // What a witness publishes with QoS 0 while the broker is away is lost in one engine, and kept by the
    // witness's own client in the other: there is no more of it than large messages bring along by habit.
    schedule.workload.inbound_qos0_percent = 0;
    schedule.workload.large_percent = swarm::habitual_large_percent(seed);
    if let Some(mqtt5) = &mut schedule.setup.mqtt5 {
        mqtt5.wishes = Wishes::default();
        // Which publications are retained is drawn as they are made, and the engines make some in another
        // order: a broker without retained messages would refuse other ones.
        mqtt5.limits.no_retain &= schedule.workload.habits.retained_percent == 0;
    }
    schedule
}

fn without_bridge(scenario: &Scenario, draw: Draw<'static>) -> Draw<'static> {
    Draw { scenario: scenario.name, topology: Topology::Client, kinds: scenario.kinds, ..draw }
}

/// What runs of this scenario may reach in this engine.
#[must_use]
pub fn reach(scenario: &Scenario) -> Reach {
    Reach::of(&without_bridge(scenario, Draw::default()), Fidelity::Frame).behind_adapter()
}
