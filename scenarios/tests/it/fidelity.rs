//! Whole frames or every edge: what the two ways to simulate the link have in common.

use std::collections::{BTreeMap, BTreeSet};

use fivewire_core::event::Event;
use fivewire_core::time::Instant;
use fivewire_scenarios::seeds;
use fivewire_sim::catalogue;
use fivewire_sim::fault::{FaultKind, Memory};
use fivewire_sim::observation::{Observation, Observer};
use fivewire_sim::run;
use fivewire_sim::schedule::{Fidelity, Habits, Schedule};

/// Edge by edge an hour takes seconds; this much is enough for some faults of each run.
const DURATION_MS: u32 = 120_000;

/// Topic and payload.
type Message = (String, Vec<u8>);

/// What arrived somewhere.
#[derive(Default, Debug)]
struct Arrivals {
    /// How often.
    copies: BTreeMap<Message, u32>,
    /// Payloads of each topic, in the order in which they arrived for the first time.
    order: BTreeMap<String, Vec<Vec<u8>>>,
}

impl Arrivals {
    fn note(&mut self, topic: &str, payload: &[u8]) {
        let copies = self.copies.entry((topic.to_owned(), payload.to_vec())).or_default();
        *copies += 1;
        if *copies == 1 {
            self.order.entry(topic.to_owned()).or_default().push(payload.to_vec());
        }
    }
}

#[derive(Default, Debug)]
struct Delivered {
    at_broker: Arrivals,
    told: Arrivals,
    /// When the witness published what.
    published: BTreeMap<Message, Instant>,
    /// When the application last heard for the first time that it is subscribed.
    subscribed: Instant,
    tickets: BTreeSet<u32>,
}

impl Observer for Delivered {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        match *observation {
            Observation::WitnessReceived { topic, payload, .. } if topic.starts_with("up/") => {
                self.at_broker.note(topic, payload);
            }
            Observation::Told(Event::Message(message)) => {
                self.told.note(message.topic, message.payload);
            }
            Observation::Told(Event::Subscribed { ticket, .. })
                if self.tickets.insert(ticket.get()) =>
            {
                self.subscribed = now;
            }
            Observation::WitnessPublished { topic, payload, .. } => {
                self.published.insert((topic.to_owned(), payload.to_vec()), now);
            }
            _ => {}
        }
    }
}

impl Delivered {
    /// What the application was told of messages that were published once it had subscribed in both
    /// runs, topic by topic, in the order in which they came first.
    fn told_of(&self, other: &Self) -> BTreeMap<&str, Vec<&[u8]>> {
        let subscribed = self.subscribed.max(other.subscribed);
        // some filters match what the device itself publishes
        let is_owed = |topic: &str, payload: &[u8]| {
            let at = self.published.get(&(topic.to_owned(), payload.to_vec()));
            at.is_some_and(|at| *at > subscribed)
        };
        let topics = self.told.order.iter().map(|(topic, payloads)| {
            let payloads = payloads.iter().map(Vec::as_slice);
            (topic.as_str(), payloads.filter(|payload| is_owed(topic, payload)).collect())
        });
        topics.filter(|(_, payloads): &(_, Vec<_>)| !payloads.is_empty()).collect()
    }
}

/// What may lose a message, which then depends on the instant: power of the host, memory of the
/// broker.
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
    // What an application takes back, or restarts away, may have gone already: that depends on the
    // instant, too.
    schedule.workload.habits = Habits {
        cancelled_percent: 0,
        deadline_percent: 0,
        resubscribes_every_ms: 0,
        restarts_every_ms: 0,
        ..schedule.workload.habits
    };
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

fn both(schedule: Schedule) -> (Delivered, Delivered) {
    let frame = delivered(&schedule.clone().at_fidelity(Fidelity::Frame));
    (frame, delivered(&schedule.at_fidelity(Fidelity::Wire)))
}

/// How often depends on where exactly a fault cuts.
#[test]
fn whole_frames_and_every_edge_deliver_the_same_messages_in_the_same_order() {
    for scenario in catalogue::ALL.iter().filter(|scenario| !scenario.is_canary()) {
        let (mut published, mut told) = (0, 0);
        for seed in seeds(10) {
            let (frame, wire) = both(beginning(scenario.schedule(seed)));
            let context = format!("{} seed {seed}", scenario.name);
            assert_eq!(frame.at_broker.order, wire.at_broker.order, "to the broker: {context}");
            assert_eq!(frame.told_of(&wire), wire.told_of(&frame), "from it: {context}");
            published += frame.at_broker.copies.len();
            told += frame.told_of(&wire).len();
        }
        assert!(published > 0 && told > 0, "{}: {published} and {told}", scenario.name);
    }
}

/// Nothing is lost where nothing is wrong, so QoS 0 arrives, too, and nothing arrives twice.
#[test]
fn a_calm_run_delivers_each_message_of_either_qos_once_either_way() {
    for seed in seeds(4) {
        let mut schedule = beginning(catalogue::find("calm").unwrap().schedule(seed));
        schedule.workload.qos0_percent = 50;
        let (frame, wire) = both(schedule);
        let (out, told) = (&frame.at_broker, &frame.told);
        assert!(out.copies.len() > 20 && told.copies.len() > 20, "seed {seed}");
        assert!(out.copies.values().chain(told.copies.values()).all(|copies| *copies == 1));
        assert_eq!((&out.copies, &out.order), (&wire.at_broker.copies, &wire.at_broker.order));
        assert!(wire.told.copies.values().all(|copies| *copies == 1), "seed {seed}");
        assert_eq!(frame.told_of(&wire), wire.told_of(&frame), "seed {seed}");
    }
}

/// With all its faults, those that lose messages among them.
#[test]
fn every_scenario_runs_at_either_fidelity_and_boards_lose_their_memory_there() {
    for fidelity in [Fidelity::Frame, Fidelity::Wire] {
        let mut hurt = BTreeSet::new();
        for scenario in catalogue::ALL {
            for seed in seeds(4) {
                let mut schedule = scenario.schedule(seed).at_fidelity(fidelity);
                schedule.duration_ms = schedule.duration_ms.min(DURATION_MS);
                schedule.faults.retain(|fault| fault.at_ms < schedule.duration_ms);
                let report = run::run(&schedule, &mut Delivered::default());
                let context = format!("{} seed {seed} at {fidelity:?}", scenario.name);
                assert!(report.breach.is_none(), "{context}: {:?}", report.breach);
                let bit = report.faults.iter().filter(|(_, _, bit)| *bit > 0);
                hurt.extend(bit.map(|(kind, ..)| kind.name()));
            }
        }
        for kind in [FaultKind::HostReset, FaultKind::EspCrash, FaultKind::EspHang] {
            assert!(hurt.contains(kind.name()), "{} at {fidelity:?}", kind.name());
        }
    }
}
