//! The scenarios that `fivewire` knows by name.
//!
//! A scenario turns a seed into one run: of an hour, or, where the link is simulated edge by edge,
//! of a minute. `swarm` and `client` mix everything and are what the default sweep runs; the others
//! look at one family of trouble each, for those who work on it.

use thiserror::Error;

use crate::fault::{FaultKind, Firmware, Memory};
use crate::random::{Purpose, Random};
use crate::schedule::{Fidelity, Schedule, Topology};
use crate::swarm::{self, Draw};
use crate::wires::Wire;

/// A family of runs; a seed makes it one run.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// What it is called on the command line and in schedules.
    pub name: &'static str,
    /// What it is about, in one line.
    pub about: &'static str,
    /// What is simulated.
    pub topology: Topology,
    /// How closely the link is simulated, unless somebody asks for something else.
    pub fidelity: Fidelity,
    /// The faults that may occur; their arguments are drawn.
    pub kinds: &'static [FaultKind],
}

impl Scenario {
    /// The run of this seed.
    #[must_use]
    pub fn schedule(&self, seed: u64) -> Schedule {
        let hours = self.draw();
        match self.fidelity {
            Fidelity::Frame => swarm::draw(seed, &hours),
            Fidelity::Wire => swarm::draw(seed, &seconds(seed, hours)),
        }
    }

    /// How its runs are drawn, but for how long they take and how much happens.
    #[must_use]
    pub fn draw(&self) -> Draw<'static> {
        let Self { name: scenario, topology, fidelity, kinds, .. } = *self;
        Draw { scenario, topology, fidelity, kinds, ..Draw::default() }
    }

    /// It breaks a promise on purpose, so it has no place in a list of what must hold.
    #[must_use]
    pub fn is_canary(&self) -> bool {
        self.name == CANARY
    }
}

/// Edge by edge a run must be short: half a minute to two, with more going on.
fn seconds(seed: u64, hours: Draw<'_>) -> Draw<'_> {
    let mut random = Random::new(seed, Purpose::Duration);
    Draw {
        duration_ms: 1_000 * random.between(30, 120),
        kinds_per_run: 1..=6,
        faults: 2..=14,
        publish_every_ms: 500..=2_500,
        inbound_every_ms: 500..=2_500,
        ..hours
    }
}

const fn bridge(name: &'static str, about: &'static str, kinds: &'static [FaultKind]) -> Scenario {
    Scenario { name, about, topology: Topology::Bridge, fidelity: Fidelity::Frame, kinds }
}

const SWARM: Scenario = bridge(
    "swarm",
    "everything that can break, on the whole chain from host to broker",
    &FaultKind::ALL,
);

const CLIENT: Scenario = Scenario {
    name: "client",
    about: "the same without a bridge: one board with WiFi of its own",
    topology: Topology::Client,
    fidelity: Fidelity::Frame,
    kinds: &FaultKind::ALL,
};

const EVERY_EDGE: Scenario = Scenario {
    name: WIRES,
    about: "every edge on the five wires: noise, stuck wires, resets in any bit, any order of starting",
    topology: Topology::Bridge,
    fidelity: Fidelity::Wire,
    kinds: &[
        FaultKind::WireGlitch { wire: Wire::HostData, length_us: 0 },
        FaultKind::WireNoise { wire: Wire::HostData, every_us: 0 },
        FaultKind::WireCrosstalk { wire: Wire::HostData },
        FaultKind::WireLag { wire: Wire::HostData, max_us: 0 },
        FaultKind::WireStuck { wire: Wire::HostData, high: false },
        FaultKind::WireHolds { wire: Wire::HostData },
        FaultKind::EspStalls,
        FaultKind::EspPowerOff,
        FaultKind::HostPowerOff,
        FaultKind::EspFirmware { speaks: Firmware::Syncom },
        FaultKind::Backlog { messages: 0 },
        FaultKind::EspCrash,
        FaultKind::EspHang,
        FaultKind::EspCommandTaskDies,
        FaultKind::EspBrownOut,
        FaultKind::LinkReset,
        FaultKind::LinkDead,
        FaultKind::HostBusy,
        FaultKind::HostReset,
        FaultKind::AppBurst { messages: 0 },
    ],
};

/// The name of the scenario that breaks the wires.
pub const WIRES: &str = "wires";
/// The name of the scenario that fails on purpose.
pub const CANARY: &str = "canary";

/// All scenarios, the default ones first.
pub const ALL: &[Scenario] = &[
    SWARM,
    CLIENT,
    EVERY_EDGE,
    bridge("calm", "nothing breaks: what all the others are compared with", &[]),
    bridge(
        "wifi-outage",
        "the access point vanishes, or the board gets out of range",
        &[FaultKind::WifiOutage, FaultKind::WifiFade],
    ),
    bridge(
        "broker-restart",
        "the broker stops or crashes and comes back, with or without its memory",
        &[
            FaultKind::BrokerRestart { memory: Memory::Kept },
            FaultKind::BrokerRestart { memory: Memory::Lost },
            FaultKind::BrokerCrash { memory: Memory::Kept },
            FaultKind::BrokerCrash { memory: Memory::Lost },
        ],
    ),
    bridge(
        "broker-moods",
        "the broker hangs, refuses, acknowledges nothing or twice, or exceeds the granted QoS",
        &[
            FaultKind::BrokerHang,
            FaultKind::BrokerCloses,
            FaultKind::ConnectDenied { code: 0 },
            FaultKind::AcksSwallowed,
            FaultKind::AcksDoubled,
            FaultKind::QosExceeded,
        ],
    ),
    bridge(
        "tcp-faults",
        "connections are reset, closed, refused, unanswered or slow",
        &[
            FaultKind::TcpReset,
            FaultKind::BrokerCloses,
            FaultKind::ConnectRefused,
            FaultKind::ConnectBlackhole,
            FaultKind::Latency { extra_ms: 0 },
        ],
    ),
    bridge(
        "half-open",
        "connections die without a word to anybody",
        &[FaultKind::TcpHalfOpen, FaultKind::WifiFade, FaultKind::BrokerHang],
    ),
    bridge(
        "subscriptions",
        "the broker forgets who subscribed to what",
        &[
            FaultKind::SessionLost,
            FaultKind::BrokerRestart { memory: Memory::Lost },
            FaultKind::BrokerCrash { memory: Memory::Lost },
            FaultKind::EspCrash,
        ],
    ),
    bridge(
        "malformed",
        "the broker sends bytes that are no MQTT",
        &[FaultKind::Malformed { which: 0 }],
    ),
    bridge(
        "backlog",
        "hundreds of messages wait for the device, or leave it at once",
        &[
            FaultKind::Backlog { messages: 0 },
            FaultKind::AppBurst { messages: 0 },
            FaultKind::EspReceiveOverflow,
            FaultKind::EspCrash,
        ],
    ),
    bridge(
        "hold",
        "the application takes no messages for a while, and they pile up",
        &[FaultKind::AppHolds, FaultKind::Backlog { messages: 0 }],
    ),
    bridge(
        "esp-crash",
        "the ESP8266 crashes, hangs or loses its command task at any instant",
        &[FaultKind::EspCrash, FaultKind::EspHang, FaultKind::EspCommandTaskDies],
    ),
    bridge(
        "esp-boot",
        "the ESP8266 boots slowly, or again and again while its supply sags",
        &[FaultKind::EspSlowBoot, FaultKind::EspBrownOut, FaultKind::EspCrash, FaultKind::EspHang],
    ),
    bridge(
        "link",
        "the five wires lose frames, or each other",
        &[FaultKind::LinkReset, FaultKind::LinkDead],
    ),
    bridge(
        "host",
        "the host is busy elsewhere, loses power, or publishes in bursts",
        &[FaultKind::HostBusy, FaultKind::HostReset, FaultKind::AppBurst { messages: 0 }],
    ),
    bridge(
        CANARY,
        "fails on purpose, to show what a failure looks like (not part of `all`)",
        &[FaultKind::WifiOutage, FaultKind::TcpReset, FaultKind::BrokerCloses],
    ),
];

/// No scenario is called that.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("there is no scenario {name:?}; known are {}", known())]
pub struct UnknownScenario {
    /// What was asked for.
    pub name: String,
}

fn known() -> String {
    ALL.iter().map(|scenario| scenario.name).collect::<Vec<_>>().join(", ")
}

/// The scenario of this name.
///
/// # Errors
/// [`UnknownScenario`], which lists the known ones.
pub fn find(name: &str) -> Result<&'static Scenario, UnknownScenario> {
    let found = ALL.iter().find(|scenario| scenario.name == name);
    found.ok_or_else(|| UnknownScenario { name: name.to_owned() })
}

/// The scenarios of the default sweep.
pub const DEFAULT: [&Scenario; 2] = [&SWARM, &CLIENT];

/// The scenario of this seed in the default sweep: of every four seeds, three run `swarm` and the
/// fourth runs `client`, so that one command proves both topologies.
#[must_use]
pub const fn default_for(seed: u64) -> &'static Scenario {
    if seed % 4 == 3 { &CLIENT } else { &SWARM }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus;

    #[test]
    fn every_scenario_draws_valid_schedules_that_carry_its_name() {
        for scenario in ALL {
            for seed in 0..200 {
                let schedule = scenario.schedule(seed);
                let context = format!("{} seed {seed}", scenario.name);
                assert_eq!(corpus::validate(&schedule), Ok(()), "{context}");
                assert_eq!((schedule.scenario.as_str(), schedule.seed), (scenario.name, seed));
                assert_eq!(schedule.setup.topology, scenario.topology, "{context}");
                let has_wires = schedule.setup.has_wires();
                assert_eq!(has_wires, scenario.fidelity == Fidelity::Wire, "{context}");
                assert_eq!(schedule.duration_ms == 3_600_000, !has_wires, "{context}");
                assert_eq!(schedule.faults.is_empty(), scenario.kinds.is_empty(), "{context}");
                let stored = corpus::parse(&context, &corpus::line(&schedule));
                assert_eq!(stored.expect("what was written can be read"), schedule);
            }
        }
    }

    #[test]
    fn names_are_known_once() {
        for scenario in ALL {
            assert_eq!(find(scenario.name).expect("it is known").about, scenario.about);
        }
        let error = find("nonsense").expect_err("no scenario is called that").to_string();
        assert!(
            error
                .starts_with("there is no scenario \"nonsense\"; known are swarm, client, wires, ")
        );
    }

    #[test]
    fn one_seed_in_four_runs_without_a_bridge() {
        let names: Vec<_> = (0..8).map(|seed| default_for(seed).name).collect();
        assert_eq!(names, ["swarm", "swarm", "swarm", "client"].repeat(2));
    }
}
