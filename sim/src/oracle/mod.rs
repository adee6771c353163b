//! Judges a run against the promises P1 to P12 and what the link promises them, from what can be
//! observed and nothing else.
//!
//! It shares no code with the machines it judges beyond the plain types of their events: it reads the
//! bytes at the broker's socket with its own reader and matches topics with its own matcher. The
//! facts it gathers are kept apart from the judgements, each of which has a file of its own.
//!
//! Safety is judged at each observation. Liveness is judged after
//! [`Observation::Healed`], at the bounds that the oracle
//! reckons by itself and at the end: a run must go on for [`settle_bound_ms`] after healing, or until
//! nothing is left to do.
//!
//! What it asks of the world beside the observations:
//! * every connection is announced by `Opening`, and ended at the broker by `EndedAtBroker`;
//! * the broker does not drop QoS 1 messages because a queue of its own is full;
//! * [`WILL_TOPIC`] and [`WILL_PAYLOAD`] are the will of every device that has one.

mod bounds;
mod bridge;
mod connections;
mod facts;
mod filters;
mod inbound;
mod judge;
mod link;
pub(crate) mod matcher;
mod messages;
pub(crate) mod mqtt5;
mod outbound;
mod p10_connect;
mod p10_connect_v5;
mod p10_will;
mod p11_time;
mod p12_intrusions;
mod p12_malformed;
mod p12_setups;
mod p12_sizes;
mod p1_published;
mod p2_order;
mod p3_duplicates;
mod p4_subscriptions;
mod p5_clean_slate;
mod p5_once;
mod p5_received;
mod p6_answers;
mod p6_attempts;
mod p6_converges;
mod p6_unanswered;
mod p7_accounted;
mod p7_handlers;
mod p7_heard;
mod p7_patience;
mod p7_self;
mod p7_standing;
mod p7_time;
mod p8_watchdog;
mod p9_kept;
mod p9_pressure;
mod promise;
pub(crate) mod properties;
pub(crate) mod reader;
mod said;
mod sizes;
mod surroundings;
mod tickets;
mod told;
mod verdict;
mod weather;
mod wire;

use fivewire_core::event::Counters;
use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::Properties;
use fivewire_core::time::Instant;

use crate::observation::{Observation, Observer, Part, Standing};
use crate::schedule::{Schedule, Topology};

pub use bounds::{drain_ms, recovery_bound_ms, settle_bound_ms};
use bridge::Bridge;
use facts::Facts;
use filters::Wish;
use link::Sessions;
use mqtt5::Farewell;
use outbound::Entry;
use p2_order::Order;
use p3_duplicates::Duplicates;
use p5_clean_slate::CleanSlate;
use p5_once::Once;
use p5_received::Received;
use p6_answers::Answers;
use p6_attempts::Attempts;
use p6_converges::Convergence;
use p6_unanswered::Unanswered;
use p7_handlers::Handlers;
use p7_heard::Heard;
use p7_patience::Patience;
use p7_self::Told;
use p7_standing::Way;
use p7_time::Questions;
use p8_watchdog::Watchdog;
use p9_kept::Buffer;
use p9_pressure::Pressure;
use p10_connect_v5::Asking;
use p10_will::WillAndKeepAlive;
use p12_malformed::Malformed;
use p12_setups::Setups;
pub use promise::Promise;
use said::Said;
use tickets::Use;
pub use verdict::Breach;
use verdict::Verdict;
use weather::Weather;

/// The device's client identifier.
pub const DEVICE_ID: &str = "device";
/// The topic of the device's will, where it has one. Published with QoS 1, not retained.
pub const WILL_TOPIC: &str = "will/device";
/// The payload of the device's will.
pub const WILL_PAYLOAD: &[u8] = b"gone";

/// The judgements that remember something of their own.
#[derive(Debug)]
struct Judges {
    order: Order,
    duplicates: Duplicates,
    received: Received,
    slate: CleanSlate,
    answers: Answers,
    attempts: Attempts,
    convergence: Convergence,
    patience: Patience,
    heard: Heard,
    owed: Unanswered,
    once: Once,
    told: Told,
    handlers: Handlers,
    setups: Setups,
    way: Way,
    questions: Questions,
    watchdog: Watchdog,
    buffer: Buffer,
    pressure: Pressure,
    will: WillAndKeepAlive,
    malformed: Malformed,
    farewell: Farewell,
    said: Said,
    asking: Asking,
    sessions: Sessions,
    /// Where both ends of a bridge can be seen.
    bridge: Option<Box<Bridge>>,
}

/// Watches a run and keeps the first breach of a promise. See the [module](self).
#[derive(Debug)]
pub struct Oracle {
    facts: Facts,
    judges: Judges,
    verdict: Verdict,
}

impl Oracle {
    /// An oracle for one run of this schedule.
    #[must_use]
    pub fn new(schedule: &Schedule) -> Self {
        let setup = &schedule.setup;
        Self {
            facts: Facts::new(schedule),
            judges: Judges {
                order: Order::default(),
                duplicates: Duplicates::default(),
                received: Received::new(setup),
                slate: CleanSlate::default(),
                answers: Answers::default(),
                attempts: Attempts::default(),
                convergence: Convergence::default(),
                patience: Patience::default(),
                heard: Heard::default(),
                owed: Unanswered::default(),
                once: Once::default(),
                told: Told::default(),
                handlers: Handlers::default(),
                setups: Setups::default(),
                way: Way::default(),
                questions: Questions::default(),
                watchdog: Watchdog::new(setup.host_drift_ppm),
                buffer: Buffer::default(),
                pressure: Pressure::default(),
                will: WillAndKeepAlive::default(),
                malformed: Malformed::default(),
                farewell: Farewell::default(),
                said: Said::default(),
                asking: Asking::default(),
                sessions: Sessions::default(),
                bridge: (setup.topology == Topology::Bridge).then(Box::default),
            },
            verdict: Verdict::new(),
        }
    }

    /// An oracle for a recording of a client. It shows what the client was told and said, and neither
    /// how it was configured (the will that its first CONNECT carries is the right one) nor what the
    /// network did (nothing that takes time is judged, keep alive included).
    #[must_use]
    pub fn of_recording(schedule: &Schedule) -> Self {
        let mut oracle = Self::new(schedule);
        oracle.judges.will.expect_any_will();
        oracle.judges.received.expect_any_memory();
        oracle.facts.weather = Weather::unknown();
        oracle.judges.bridge = None;
        oracle.judges.attempts.ignore_time();
        oracle.judges.heard.ignore();
        oracle.facts.knows_configuration = false;
        oracle.judges.questions.ignore_time();
        if let Some(travelled) = &mut oracle.facts.travelled {
            travelled.is_known = false;
        }
        oracle
    }

    /// An oracle for a recording of the bridge's end at the host. What it said to the application is
    /// judged by what the application asked of it, but not by what the broker was told and said: all that
    /// passed at another machine.
    #[must_use]
    pub fn of_host_recording(schedule: &Schedule) -> Self {
        let mut oracle = Self::of_recording(schedule);
        oracle.facts.sees_broker = false;
        oracle
    }

    #[cfg(feature = "turmoil")]
    /// Whoever shows what the application is told shows its outcomes, and not what the broker said of them and
    /// of itself (MQTT 5).
    pub(crate) const fn ignore_what_the_broker_said(&mut self) {
        self.judges.said.ignore();
    }

    /// The first promise that was broken. Nothing is judged after it.
    #[must_use]
    pub const fn breach(&self) -> Option<&Breach> {
        self.verdict.breach.as_ref()
    }

    /// How many judgements each promise got, by [`Promise::index`]. One that got none was not tested.
    #[must_use]
    pub const fn checked(&self) -> &[u64; Promise::COUNT] {
        &self.verdict.checked
    }

    const fn is_bridge(&self) -> bool {
        matches!(self.facts.setup.topology, Topology::Bridge)
    }

    /// Time goes on to `now`: what should have happened before?
    fn wait(&mut self, now: Instant) {
        let Self { facts, judges, verdict } = self;
        judges.answers.waited(facts, verdict, now);
        judges.convergence.waited(facts, verdict, now);
        judges.patience.waited(facts, verdict, now);
        if facts.setup.topology == Topology::Client {
            judges.attempts.waited(verdict, now);
            judges.heard.waited(facts, verdict, now);
            judges.buffer.settled(facts, verdict);
        }
        judges.pressure.waited(facts, verdict, now);
        judges.will.waited(facts, verdict, now);
        judges.malformed.waited(facts, verdict, now);
        if facts.setup.topology == Topology::Bridge {
            judges.watchdog.waited(verdict, now);
        }
        if facts.setup.has_wires() {
            judges.sessions.waited(verdict, facts.weather.calm_since(), now);
        }
        if let Some(bridge) = &mut judges.bridge {
            bridge.waited(verdict);
        }
        facts.now = now;
        judges.received.waited(facts, verdict);
    }

    fn published(&mut self, entry: &Entry<'_>, properties: Properties<'_>) {
        let Self { facts, judges, verdict } = self;
        if facts.outbound.unresolved == 0 {
            judges.pressure.progressed(facts.now);
        }
        let (endings_before, disruptions_before) = (facts.endings, facts.disruptions);
        let attempt_before = facts.connections.last_attempt();
        let entry = Entry { endings_before, disruptions_before, attempt_before, ..*entry };
        let index = facts.outbound.publish(&entry);
        if let Some(travelled) = &mut facts.travelled {
            travelled.publish(facts.now, properties);
        }
        let is_new = facts.tickets.give(entry.ticket, Use::Publication(index));
        p7_accounted::given(verdict, entry.ticket, is_new);
        judges.convergence.published(facts);
    }

    #[cold]
    fn filter_asked(&mut self, ticket: u32, filter: &str, wish: Wish, qos: QoS) {
        let Self { facts, judges, verdict } = self;
        judges.told.filter_asked();
        judges.owed.wished(facts.now);
        let place = facts.filters.ask(filter.as_bytes(), ticket, wish, qos as u8);
        let used_for = match wish {
            Wish::Wanted => Use::Subscription(place),
            _ => Use::EndOfSubscription(place),
        };
        let is_new = facts.tickets.give(ticket, used_for);
        p7_accounted::given(verdict, ticket, is_new);
    }

    #[cold]
    fn deadline_set(&mut self, ticket: u32, deadline: Instant) {
        let Self { facts, judges, .. } = self;
        let used_for = facts.tickets.get_mut(ticket).map(|ticket| ticket.used_for);
        if let Some(Use::Publication(index)) = used_for {
            judges.patience.set(index, deadline);
        }
    }

    #[cold]
    fn options_set(&mut self, ticket: u32, options: u8, identifier: u32) {
        let facts = &mut self.facts;
        let used_for = facts.tickets.get(ticket).map(|ticket| ticket.used_for);
        if let Some(Use::Subscription(place)) = used_for {
            let filter = facts.filters.get_mut(place);
            (filter.options, filter.identifier) = (options, identifier);
        }
    }

    #[cold]
    fn said_of_itself(&mut self, unacknowledged: usize, counters: &Counters) {
        let Self { facts, judges, verdict } = self;
        let unknown_acks = judges.owed.unknown;
        p7_self::said(facts, verdict, &judges.told, unacknowledged, counters, unknown_acks);
        judges.buffer.settled(facts, verdict);
        p7_self::kept(facts, verdict, &mut judges.buffer, counters);
    }

    #[cold]
    fn said_to_stand(&mut self, standing: Standing) {
        let Self { facts, judges, verdict } = self;
        let unanswered = judges.received.too_large_unanswered();
        let heard_at = judges.heard.last_at();
        if let Some(client) = standing.client {
            judges.owed.says(facts, verdict, client.awaits_suback);
        }
        p7_standing::stands(
            facts,
            verdict,
            &judges.told,
            judges.way,
            standing,
            unanswered,
            heard_at,
        );
    }

    #[cold]
    fn cancelled(&mut self, ticket: u32) {
        let facts = &mut self.facts;
        let used_for = facts.tickets.get_mut(ticket).map(|ticket| ticket.used_for);
        if let Some(Use::Publication(index)) = used_for {
            facts.outbound.get_mut(index).is_cancelled = true;
        }
    }

    /// The witness published for the device: is the device owed it?
    fn witness_published(
        &mut self,
        topic: &str,
        payload: &[u8],
        qos: QoS,
        properties: Properties<'_>,
    ) {
        let facts = &mut self.facts;
        let text = facts.inbound.note(topic.as_bytes(), payload);
        if let Some(travelled) = &mut facts.travelled {
            travelled.witness(facts.now, text, properties);
        }
        // what the broker may keep for itself is owed once it has sent it
        if qos == QoS::AtMostOnce || facts.may_stay(text, payload) {
            return;
        }
        // a session that ends with its connection lasts as long as that
        let has_session = !facts.setup.clean_session
            || facts.connections.live().any(|connection| connection.is_accepted());
        let granted = facts.filters.best_qos(facts.session, topic.as_bytes());
        if has_session && granted.is_some_and(|granted| granted >= 1) {
            facts.inbound.owe(text);
        }
    }

    /// The run is over. Without healing there was nothing to wait for.
    #[cold]
    fn finished(&mut self) {
        let Self { facts, judges, verdict } = self;
        if facts.healed_at.is_none() {
            return;
        }
        p1_published::settled(facts, verdict);
        p7_accounted::settled(facts, verdict);
        judges.convergence.finished(facts, verdict);
        judges.said.settled(verdict);
        if !facts.is_shutting_down {
            p4_subscriptions::settled(facts, verdict);
            judges.received.settled(facts, verdict);
        }
        if facts.setup.has_wires() {
            judges.sessions.settled(verdict);
        }
    }

    /// What the links at the two ends do.
    fn observe_link(&mut self, observation: &Observation<'_>) {
        let Self { judges: Judges { sessions, .. }, verdict, .. } = self;
        let now = verdict.now;
        match *observation {
            Observation::SessionBegan { end } => sessions.began(verdict, end),
            Observation::SessionEnded { end, reason } => sessions.ended(verdict, end, reason),
            Observation::FrameAccepted { from, frame } => sessions.accepted(verdict, from, frame),
            Observation::FrameToEsp(frame) => sessions.delivered(verdict, Part::Esp, frame),
            Observation::FrameToHost(frame) => sessions.delivered(verdict, Part::Host, frame),
            Observation::Cut { part, .. } => sessions.cut(now, part),
            Observation::BoardUp { part } => sessions.board_up(now, part),
            Observation::BoardDown { part, .. } => sessions.board_down(now, part),
            Observation::Misread { .. } => sessions.misread(now),
            _ => {}
        }
    }
}

impl Observer for Oracle {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        let is_edge = matches!(observation, Observation::Edge { .. });
        if is_edge || self.verdict.breach.is_some() {
            return;
        }
        let before = self.facts.now;
        self.verdict.now = now;
        p11_time::went_on(&mut self.verdict, before, now);
        if now > before {
            self.wait(now);
        }
        self.judges.convergence.observed(&mut self.verdict, now > before);
        if self.facts.setup.has_wires() {
            self.observe_link(observation);
        }
        if let Self { judges: Judges { bridge: Some(bridge), .. }, facts, verdict } = self {
            bridge.observe(facts, verdict, observation);
        }
        self.judge(now, observation);
    }
}
