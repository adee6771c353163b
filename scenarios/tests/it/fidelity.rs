//! Whole frames or every edge: what the two ways to simulate the link have in common.

use std::collections::{BTreeMap, BTreeSet};

use fivewire_core::event::Event;
use fivewire_core::time::Instant;
use fivewire_scenarios::seeds;
use fivewire_sim::catalogue;
use fivewire_sim::fault::{FaultKind, Memory};
use fivewire_sim::observation::{Observation, Observer};
use fivewire_sim::run;
use fivewire_sim::schedule::{Fidelity, Schedule};

/// Edge by edge an hour takes seconds; this much is enough for some faults of each run.
const DURATION_MS: u32 = 120_000;

/// What arrived where, how often.
type Copies = BTreeMap<(String, Vec<u8>), u32>;

#[derive(Default, Debug)]
struct Delivered {
    at_broker: Copies,
    told: Copies,
    /// When the witness published what.
    published: BTreeMap<(String, Vec<u8>), Instant>,
    /// When the application last heard for the first time that it is subscribed.
    subscribed: Instant,
    tickets: BTreeSet<u32>,
}

impl Observer for Delivered {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        let (copies, topic, payload) = match *observation {
            Observation::WitnessReceived { topic, payload, .. } if topic.starts_with("up/") => {
                (&mut self.at_broker, topic, payload)
            }
            Observation::Told(Event::Message(message)) => {
                (&mut self.told, message.topic, message.payload)
            }
            Observation::Told(Event::Subscribed { ticket, .. }) => {
                if self.tickets.insert(ticket.get()) {
                    self.subscribed = now;
                }
                return;
            }
            Observation::WitnessPublished { topic, payload, .. } => {
                self.published.insert((topic.to_owned(), payload.to_vec()), now);
                return;
            }
            _ => return,
        };
        *copies.entry((topic.to_owned(), payload.to_vec())).or_default() += 1;
    }
}

impl Delivered {
    /// What the application was told of messages that were published once it had subscribed in both runs.
    fn told_of(&self, other: &Self) -> BTreeSet<&(String, Vec<u8>)> {
        let subscribed = self.subscribed.max(other.subscribed);
        // some filters match what the device itself publishes
        let owed = |message: &&(String, Vec<u8>)| {
            self.published.get(*message).is_some_and(|at| *at > subscribed)
        };
        self.told.keys().filter(owed).collect()
    }
}

/// What may lose a message, which then depends on the instant: power of the host, memory of the broker.
const fn may_lose(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::HostReset
            | FaultKind::HostPowerOff
            | FaultKind::SessionLost
            | FaultKind::BrokerRestart { memory: Memory::Lost }
            | FaultKind::BrokerCrash { memory: Memory::Lost }
    )
}

/// The first minutes of a run, without anything that may lose messages.
fn beginning(mut schedule: Schedule) -> Schedule {
    schedule.duration_ms = schedule.duration_ms.min(DURATION_MS);
    schedule.workload.qos0_percent = 0;
    schedule.setup.outbox_bytes = 1 << 20;
    schedule.setup.clean_session = false;
    schedule
        .faults
        .retain(|fault| fault.at_ms + 5_000 < schedule.duration_ms && !may_lose(fault.kind));
    for fault in &mut schedule.faults {
        fault.duration_ms = fault.duration_ms.min(30_000);
    }
    schedule
}

#[track_caller]
fn delivered(schedule: &Schedule) -> Delivered {
    let mut delivered = Delivered::default();
    let report = run::run(schedule, &mut delivered);
    let context = format!("{} seed {}", schedule.scenario, schedule.seed);
    assert!(report.breach.is_none(), "{context}: {}", report.breach.unwrap());
    delivered
}

#[test]
fn whole_frames_and_every_edge_deliver_the_same_messages() {
    for scenario in catalogue::ALL.iter().filter(|scenario| !scenario.is_canary()) {
        for seed in seeds(4) {
            let schedule = beginning(scenario.schedule(seed));
            let frame = delivered(&schedule.clone().at_fidelity(Fidelity::Frame));
            let wire = delivered(&schedule.at_fidelity(Fidelity::Wire));
            let context = format!("{} seed {seed}", scenario.name);
            // how often depends on where exactly a fault cuts
            assert!(frame.at_broker.keys().eq(wire.at_broker.keys()), "to the broker: {context}");
            assert_eq!(frame.told_of(&wire), wire.told_of(&frame), "from it: {context}");
            assert!(!frame.at_broker.is_empty(), "{context}");
        }
    }
}

#[test]
fn a_calm_run_delivers_each_message_once_either_way() {
    let schedule = beginning(catalogue::find("calm").unwrap().schedule(1));
    let frame = delivered(&schedule.clone().at_fidelity(Fidelity::Frame));
    let wire = delivered(&schedule.at_fidelity(Fidelity::Wire));
    assert!(frame.at_broker.len() > 20 && frame.told.len() > 20);
    assert!(frame.at_broker.values().chain(frame.told.values()).all(|copies| *copies == 1));
    assert_eq!((frame.at_broker, frame.told), (wire.at_broker, wire.told));
}
