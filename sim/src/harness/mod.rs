//! Hand-written scenarios: a world, an oracle and a timeline behind a few verbs.
//!
//! ```
//! use fivewire_core::mqtt::QoS;
//! use fivewire_sim::fault::FaultKind;
//! use fivewire_sim::harness::Sim;
//!
//! let mut sim = Sim::client(7);
//! sim.run_until_connected();
//! let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
//! sim.at_for(0, 20_000, FaultKind::WifiOutage);
//! sim.heal_and_settle();
//! sim.assert_acked(opened);
//! sim.assert_received("door/open", 1..=2);
//! ```

mod assertions;
mod bridge;
mod ledger;

use fivewire_core::client::Publication;
use fivewire_core::event::{Counters, Ticket};
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;

use crate::app::{Application, Commands, Workload as DefaultApplication};
use crate::broker::Broker;
use crate::fault::{Fault, FaultKind};
use crate::observation::{Observation, Observer};
use crate::oracle::{Oracle, settle_bound_ms};
use crate::schedule::{
    Fidelity, Habits, InboundBytes, Schedule, Setup, TopicBytes, Topology, VERSION, Wires, Workload,
};
use crate::trace::{Timeline, TraceHash};
use crate::world::World;

use ledger::Ledger;
pub use ledger::Outcome;

/// A device that is not connected after this long never will be, in milliseconds.
const CONNECT_LIMIT_MS: u32 = 120_000;

/// Everybody who watches a scenario.
struct Watch {
    oracle: Oracle,
    timeline: Timeline,
    hash: TraceHash,
    ledger: Ledger,
    guests: Vec<Box<dyn Observer>>,
}

impl Watch {
    fn new(schedule: &Schedule) -> Self {
        Self {
            oracle: Oracle::new(schedule),
            timeline: Timeline::new(),
            hash: TraceHash::new(),
            ledger: Ledger::default(),
            guests: Vec::new(),
        }
    }
}

impl Observer for Watch {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        self.timeline.observe(now, observation);
        self.hash.observe(now, observation);
        self.ledger.observe(now, observation);
        self.oracle.observe(now, observation);
        for guest in &mut self.guests {
            guest.observe(now, observation);
        }
    }
}

/// A scenario under way. Every call that lets time pass panics as soon as a promise is broken, with
/// the promise and the last lines of the timeline.
pub struct Sim<A = DefaultApplication> {
    world: World<A>,
    watch: Watch,
}

impl Sim {
    /// A host, a link and an ESP8266 with the client; nobody publishes, nothing breaks, and every
    /// one-way delay is 10 ms.
    #[must_use]
    pub fn bridge(seed: u64) -> Self {
        Self::new(calm(Topology::Bridge, seed))
    }

    /// The same, with every edge on the wires between host and ESP8266.
    #[must_use]
    pub fn wires(seed: u64) -> Self {
        Self::bridge(seed).configure(|setup| setup.fidelity = Fidelity::Wire)
    }

    /// One board with WiFi that runs the client; otherwise the same.
    #[must_use]
    pub fn client(seed: u64) -> Self {
        Self::new(calm(Topology::Client, seed))
    }

    /// The run that `schedule` describes.
    #[must_use]
    pub fn new(schedule: Schedule) -> Self {
        let watch = Watch::new(&schedule);
        Self { world: World::new(schedule), watch }
    }

    /// Changes the device or its surroundings.
    ///
    /// # Panics
    /// The scenario runs already.
    #[must_use]
    #[track_caller]
    pub fn configure(self, change: impl FnOnce(&mut Setup)) -> Self {
        self.change(|schedule| change(&mut schedule.setup))
    }

    /// Makes the application or the witness publish by themselves.
    ///
    /// # Panics
    /// The scenario runs already.
    #[must_use]
    #[track_caller]
    pub fn workload(self, change: impl FnOnce(&mut Workload)) -> Self {
        self.change(|schedule| change(&mut schedule.workload))
    }

    #[track_caller]
    fn change(self, change: impl FnOnce(&mut Schedule)) -> Self {
        assert_eq!(self.world.events(), 0, "the scenario runs already");
        let mut schedule = self.world.schedule().clone();
        change(&mut schedule);
        let guests = self.watch.guests;
        Self { watch: Watch { guests, ..Watch::new(&schedule) }, world: World::new(schedule) }
    }
}

impl<A: Application> Sim<A> {
    /// The run that `schedule` describes, with another application.
    #[must_use]
    pub fn with_application(schedule: Schedule, application: A) -> Self {
        let watch = Watch::new(&schedule);
        Self { world: World::with_application(schedule, application), watch }
    }

    /// Lets somebody else watch too.
    #[must_use]
    pub fn watched_by(mut self, observer: Box<dyn Observer>) -> Self {
        self.watch.guests.push(observer);
        self
    }

    // --- faults

    /// A fault that happens at once, this many milliseconds from now.
    pub fn at(&mut self, after_ms: u32, kind: FaultKind) -> &mut Self {
        self.at_for(after_ms, 0, kind)
    }

    /// A fault that begins this many milliseconds from now and lasts.
    pub fn at_for(&mut self, after_ms: u32, duration_ms: u32, kind: FaultKind) -> &mut Self {
        let at_ms = self.now_ms().saturating_add(after_ms);
        self.world.add_fault(Fault { at_ms, duration_ms, kind });
        self
    }

    // --- time

    /// Milliseconds since the start.
    #[must_use]
    pub fn now_ms(&self) -> u32 {
        u32::try_from(self.world.now().as_millis()).unwrap_or(u32::MAX)
    }

    /// Lets this many milliseconds pass.
    #[track_caller]
    pub fn run_for(&mut self, duration_ms: u32) {
        let until = self.world.now().plus_ms(duration_ms);
        self.world.run_until(until, &mut self.watch);
        self.assert_promises_kept();
    }

    /// Lets time pass until `condition` holds.
    ///
    /// # Panics
    /// It does not within `limit_ms`.
    #[track_caller]
    pub fn run_until(&mut self, limit_ms: u32, condition: impl Fn(&Self) -> bool) {
        let limit = self.world.now().plus_ms(limit_ms);
        while !condition(self) {
            let next = self.world.next_event().filter(|&at| at <= limit);
            if next.is_none() || !self.world.step(&mut self.watch) {
                self.fail(&format!("what was waited for did not happen within {limit_ms} ms"));
            }
            self.assert_promises_kept();
        }
    }

    /// Lets time pass until the device is connected.
    ///
    /// # Panics
    /// It is not within two minutes.
    #[track_caller]
    pub fn run_until_connected(&mut self) {
        self.run_until(CONNECT_LIMIT_MS, |sim| sim.world.is_connected());
    }

    /// Lets this many milliseconds pass, then [heals and settles](Self::heal_and_settle).
    #[track_caller]
    pub fn heal_after(&mut self, duration_ms: u32) {
        self.run_for(duration_ms);
        self.heal_and_settle();
    }

    /// Ends all faults and lets time pass until everything has come to rest; then every promise
    /// is judged.
    #[track_caller]
    pub fn heal_and_settle(&mut self) {
        self.world.set_settle_limit_ms(settle_bound_ms(self.world.schedule()));
        self.world.heal_now(&mut self.watch);
        self.world.run(&mut self.watch);
        self.assert_promises_kept();
    }

    /// A scenario that has not begun begins: broker and host get power.
    #[track_caller]
    fn power_up(&mut self) {
        if self.world.events() == 0 {
            self.run_for(0);
        }
    }

    // --- the application

    /// Makes the application ask something of its device.
    ///
    /// # Panics
    /// The host is without power.
    #[track_caller]
    pub fn command<T>(&mut self, command: impl FnOnce(&mut Commands<'_>) -> T) -> T {
        self.power_up();
        let result = self.world.command(&mut self.watch, |_, commands| command(commands));
        self.assert_promises_kept();
        result.unwrap_or_else(|| self.fail("the host is without power"))
    }

    /// Publishes.
    ///
    /// # Panics
    /// The device refuses.
    #[track_caller]
    pub fn publish(&mut self, topic: &str, payload: &[u8], qos: QoS) -> Ticket {
        let publication = Publication::new(topic, payload, qos);
        let result = self.command(|commands| commands.publish(&publication));
        result.unwrap_or_else(|error| self.fail(&format!("cannot publish to {topic}: {error}")))
    }

    /// Subscribes with QoS 1.
    ///
    /// # Panics
    /// The device refuses.
    #[track_caller]
    pub fn subscribe(&mut self, filter: &str) -> Ticket {
        let result = self.command(|commands| commands.subscribe(filter, QoS::AtLeastOnce));
        result.unwrap_or_else(|error| self.fail(&format!("cannot subscribe to {filter}: {error}")))
    }

    /// Ends a subscription.
    ///
    /// # Panics
    /// The device refuses.
    #[track_caller]
    pub fn unsubscribe(&mut self, filter: &str) -> Ticket {
        let result = self.command(|commands| commands.unsubscribe(filter));
        result.unwrap_or_else(|error| self.fail(&format!("cannot end {filter}: {error}")))
    }

    // --- the others

    /// Makes the witness publish, at once or as soon as the broker is there.
    #[track_caller]
    pub fn witness_publish(&mut self, topic: &str, payload: &[u8], qos: QoS, retain: bool) {
        self.power_up();
        self.world.witness_publish(topic, payload, qos, retain, &mut self.watch);
        self.assert_promises_kept();
    }

    /// The broker, to look at.
    #[must_use]
    pub const fn broker(&self) -> &Broker {
        self.world.broker()
    }

    /// The broker, to misbehave.
    pub const fn broker_mut(&mut self) -> &mut Broker {
        self.world.broker_mut()
    }

    // --- what was seen

    /// The world, to look at.
    #[must_use]
    pub const fn world(&self) -> &World<A> {
        &self.world
    }

    /// What the device has counted since it started.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.world.counters()
    }

    /// How a ticket ended; `None` while it has not.
    #[must_use]
    pub fn outcome(&self, ticket: Ticket) -> Option<Outcome> {
        self.watch.ledger.outcome(ticket)
    }

    /// Everything so far as text.
    #[must_use]
    pub fn timeline(&self) -> String {
        self.watch.timeline.to_string()
    }

    /// The hash of everything so far.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.watch.hash.value()
    }
}

/// A world in which nothing happens by itself.
fn calm(topology: Topology, seed: u64) -> Schedule {
    Schedule {
        version: VERSION,
        scenario: "scenario".to_owned(),
        seed,
        duration_ms: u32::MAX,
        setup: Setup {
            topology,
            window: 8,
            keep_alive_s: 60,
            clean_session: false,
            clean_init: true,
            release_after_ms: None,
            will: false,
            latency_min_ms: 10,
            latency_max_ms: 10,
            host_drift_ppm: 0,
            esp_drift_ppm: 0,
            chops_segments: false,
            outbox_bytes: 4_096,
            filters: Vec::new(),
            refused_filter: None,
            topic_bytes: TopicBytes::default(),
            inbound_bytes: InboundBytes::default(),
            fidelity: Fidelity::Frame,
            wires: Wires::default(),
            mqtt5: None,
        },
        workload: Workload {
            publish_every_ms: 0,
            qos0_percent: 0,
            topics: 1,
            payload_min_bytes: 8,
            payload_max_bytes: 32,
            inbound_every_ms: 0,
            inbound_topics: Vec::new(),
            large_percent: 0,
            inbound_qos0_percent: 0,
            habits: Habits::default(),
        },
        faults: Vec::new(),
    }
}
