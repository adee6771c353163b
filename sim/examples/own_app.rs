//! A simulation of one's own: an application, what goes wrong, and a rule that must hold.
//! Run it with `cargo run --release -p fivewire-sim --example own_app`.

use fivewire_core::{client::Publication, event::Event, mqtt::QoS, time::Instant};
use fivewire_sim::app::{Application, Commands};
use fivewire_sim::fault::{Fault, FaultKind};
use fivewire_sim::observation::{Observation, Observer};
use fivewire_sim::swarm::{Draw, draw};
use fivewire_sim::{run::run_world, schedule::Schedule, trace::Timeline, world::World};

/// Tells the door's state after it changed; every message changes it.
#[derive(Default)]
struct Door {
    is_subscribed: bool,
    is_owed: bool,
    is_open: bool,
}

impl Application for Door {
    fn started(&mut self, _now: Instant) {
        *self = Self { is_owed: true, ..Self::default() };
    }
    fn told(&mut self, _now: Instant, event: &Event<'_>) {
        if let Event::Message(_) = event {
            self.is_open = !self.is_open;
            self.is_owed = true;
        }
    }
    fn next_action(&self) -> Option<Instant> {
        self.is_owed.then_some(Instant::ZERO)
    }
    fn act(&mut self, commands: &mut Commands<'_>) {
        let state: &[u8] = if self.is_open { b"open" } else { b"closed" };
        self.is_subscribed =
            self.is_subscribed || commands.subscribe("down/#", QoS::AtLeastOnce).is_ok();
        commands.publish(&Publication::new("door", state, QoS::AtLeastOnce)).expect("it has room");
        self.is_owed = false;
    }
}

/// The rule: the longest silence of the door, as the witness hears it, and the lines for a person.
#[derive(Default)]
struct Watch {
    timeline: Timeline,
    last_heard: Instant,
    silence_max_us: u64,
}

impl Observer for Watch {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        self.timeline.observe(now, observation);
        if let Observation::WitnessReceived { topic: "door", .. } = observation {
            self.silence_max_us = self.silence_max_us.max(now.micros_since(self.last_heard));
            self.last_heard = now;
        }
    }
}

fn watched() -> Timeline {
    let calm = Draw { scenario: "door", duration_ms: 120_000, kinds: &[], ..Draw::default() };
    let outage = Fault { at_ms: 30_000, duration_ms: 20_000, kind: FaultKind::WifiOutage };
    let crash = Fault { at_ms: 70_000, duration_ms: 0, kind: FaultKind::EspCrash };
    let mut schedule = Schedule { faults: vec![outage, crash], ..draw(1, &calm) };
    schedule.setup.release_after_ms = None; // released at hand-out
    let mut watch = Watch::default();
    let report = run_world(&mut World::with_application(schedule, Door::default()), &mut watch);
    assert_eq!(report.breach, None);
    assert!(watch.silence_max_us < 60_000_000, "the door was silent for a minute");
    watch.timeline
}

fn main() {
    print!("{}", watched());
}

#[test]
fn it_reads_like_this() {
    main();
    insta::assert_snapshot!(watched());
}
