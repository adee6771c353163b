//! The broker's machine: the process with the broker in it, its sockets, and the witness beside it.

use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::ReasonCode;
use fivewire_core::time::{Instant, Wait};

use super::World;
use super::agenda::{NEVER, Slot};
use super::device::DEVICE_ID;
use super::faults::Lasting;
use super::outages::REFUSED_TOPIC;
use super::tcp::{Notice, Path, Side};
use super::witness::WITNESS_KEY;
use crate::app::Application;
use crate::broker::{
    Broker, ClientKey, CloseReason, Config, Event, Input, Limits, Misbehaviour, Mqtt5, Output,
};
use crate::observation::{ConnectionId, Ending, Observation, Observer};
use crate::schedule::{self, Setup};

/// More than any schedule makes: what a broker drops is not the device's doing.
const QUEUE_MAX: usize = 1_000_000;

/// More than the device's buffers hold, so that it has to defend itself.
const IN_FLIGHT_MAX: u16 = 50;

/// The longest packet that MQTT has.
const PACKET_MAX_BYTES: usize = 268_435_460;

/// What a talkative broker says.
const WORDS: &str = "as you like it";

/// The first four bits of a PUBLISH.
const PUBLISH: u8 = 3;

/// The broker process.
pub(super) struct Server {
    pub(super) broker: Broker,
    /// It ran at least once.
    started: bool,
    pub(super) is_down: bool,
    /// It will have forgotten everything when it starts again.
    pub(super) forgets: bool,
}

impl Server {
    pub(super) fn new(setup: &Setup) -> Self {
        // events: until a fault wants to know whether it bites
        let config = Config { events: setup.is_v5(), ..broker_config(setup) };
        Self { broker: Broker::new(config), started: false, is_down: false, forgets: false }
    }

    /// The broker refuses the filter of the setup from now on.
    pub(super) fn refuse(&mut self, setup: &Setup) {
        let misbehaviour = Misbehaviour {
            refuse_filter: setup.refused_filter.clone(),
            refuse_filter_with: filter_refused_with(setup),
            ..self.broker.misbehaviour().clone()
        };
        self.broker.set_misbehaviour(misbehaviour);
    }

    pub(super) const fn broker(&self) -> &Broker {
        &self.broker
    }

    pub(super) const fn broker_mut(&mut self) -> &mut Broker {
        &mut self.broker
    }
}

/// With which reason code of MQTT 5 the broker refuses the filter of the setup, if not with the usual one.
pub(crate) fn filter_refused_with(setup: &Setup) -> Option<ReasonCode> {
    let refused_with = setup.mqtt5.as_ref()?.limits.filter_refused_with;
    ReasonCode::from_u8(refused_with).filter(|code| code.is_failure())
}

/// What the broker says of itself to clients that speak MQTT 5.
fn said(mqtt5: &schedule::Mqtt5) -> Mqtt5 {
    let schedule::Limits { qos0_only, no_retain, no_wildcards, no_identifiers, .. } = mqtt5.limits;
    Mqtt5 {
        session_expiry_max_s: mqtt5.limits.session_expiry_max_s.unwrap_or(u32::MAX),
        receive_maximum: mqtt5.receive_maximum,
        topic_alias_maximum: mqtt5.aliases_from_device,
        keep_alive_max_s: mqtt5.keep_alive_max_s,
        limits: Limits {
            maximum_qos: if qos0_only { QoS::AtMostOnce } else { QoS::ExactlyOnce },
            retain: !no_retain,
            wildcards: !no_wildcards,
            identifiers: !no_identifiers,
        },
        limited_client_id: Some(DEVICE_ID.to_owned()),
        assigned_client_id: Some(DEVICE_ID.to_owned()),
        words: mqtt5.limits.is_talkative.then(|| WORDS.to_owned()),
        renames_aliases: mqtt5.limits.renames_aliases,
        ..Mqtt5::default()
    }
}

/// The broker of a run, in either engine.
pub(crate) fn broker_config(setup: &Setup) -> Config {
    let mqtt5 = setup.mqtt5.as_ref();
    let said = mqtt5.map(said);
    Config {
        packet_max_bytes: mqtt5.map_or(PACKET_MAX_BYTES, |mqtt5| mqtt5.packet_max_bytes as usize),
        mqtt5: said.unwrap_or_default(),
        queue_max: QUEUE_MAX,
        in_flight_max: IN_FLIGHT_MAX,
        ..Config::default()
    }
}

impl<A: Application> World<A> {
    /// The process is there and does its work.
    pub(super) const fn broker_runs(&self) -> bool {
        !self.server.is_down && !self.faults.is_on(Lasting::BrokerHang)
    }

    #[cold]
    pub(super) fn connect_witness<O: Observer>(&mut self, observer: &mut O) {
        self.server.started = true;
        let now = Instant::from_micros(self.now);
        self.server.broker.handle(now, Input::Opened(WITNESS_KEY));
        self.witness.connect();
        // Nobody denies the witness anything.
        let misbehaviour = self.server.broker.misbehaviour().clone();
        self.server.broker.set_misbehaviour(Misbehaviour::default());
        self.drain_broker(observer);
        self.server.broker.set_misbehaviour(misbehaviour);
    }

    /// The process is woken by its own deadline, or starts for the first time.
    pub(super) fn wake_broker<O: Observer>(&mut self, observer: &mut O) {
        if !self.broker_runs() {
            return;
        }
        if self.server.started {
            self.server.broker.handle(Instant::from_micros(self.now), Input::Timeout);
            self.drain_broker(observer);
        } else {
            self.connect_witness(observer);
        }
    }

    /// Lets the process hear and read what there is. True if there was something.
    pub(super) fn flow_broker<O: Observer>(&mut self, observer: &mut O) -> bool {
        if self.tcp.to_broker.is_empty() && !self.witness.is_eager() {
            return false;
        }
        if !self.broker_runs() {
            self.faults.bite(Lasting::BrokerHang);
            return false;
        }
        if let Some((connection, notice)) = self.tcp.to_broker.pop_front() {
            self.notice_at_broker(connection, notice, observer);
            self.drain_broker(observer);
            if notice == Notice::Readable {
                self.end_as_broker(connection, observer);
            }
        } else {
            let now = Instant::from_micros(self.now);
            self.witness.publish(|topic, payload, qos, properties| {
                let seen = Observation::WitnessPublished { topic, payload, qos, properties };
                observer.observe(now, &seen);
            });
            self.drain_broker(observer);
        }
        true
    }

    fn notice_at_broker<O: Observer>(
        &mut self,
        connection: ConnectionId,
        notice: Notice,
        observer: &mut O,
    ) {
        let now = Instant::from_micros(self.now);
        let key = ClientKey(connection.0);
        let broker = &mut self.server.broker;
        match notice {
            Notice::Opened => broker.handle(now, Input::Opened(key)),
            Notice::Writable => broker.handle(now, Input::Writable(key)),
            Notice::Readable => self.read_as_broker(connection, observer),
            Notice::Ended(ending) => {
                self.see(observer, &Observation::EndedAtBroker { connection, ending });
                self.server.broker.handle(now, Input::Closed(key));
            }
            Notice::Failed(_) => {}
        }
    }

    fn read_as_broker<O: Observer>(&mut self, connection: ConnectionId, observer: &mut O) {
        let bytes = self.tcp.unread(Side::Broker, connection);
        let size = bytes.len();
        if size > 0 {
            let now = Instant::from_micros(self.now);
            observer.observe(now, &Observation::ToBroker { connection, bytes });
            self.server.broker.handle(now, Input::Received(ClientKey(connection.0), bytes));
            self.tcp.read(Side::Broker, connection, size, self.now);
        }
    }

    /// Ends a connection of which everything was read and the other end is closed.
    fn end_as_broker<O: Observer>(&mut self, connection: ConnectionId, observer: &mut O) {
        let associated = self.radio.is_associated();
        let mut path = Path { now: self.now, associated, faults: &mut self.faults };
        if self.tcp.ends_at_broker(connection, &mut path) {
            let ending = Ending::ClosedByPeer;
            self.see(observer, &Observation::EndedAtBroker { connection, ending });
            let now = Instant::from_micros(self.now);
            self.server.broker.handle(now, Input::Closed(ClientKey(connection.0)));
            self.drain_broker(observer);
        }
    }

    /// Does what the process wants until it waits.
    pub(super) fn drain_broker<O: Observer>(&mut self, observer: &mut O) {
        let now = Instant::from_micros(self.now);
        let wait = loop {
            match self.server.broker.poll() {
                Output::Transmit(WITNESS_KEY, bytes) => {
                    let size = bytes.len();
                    self.witness.receive(bytes, |topic, payload, qos, retain| {
                        let seen = Observation::WitnessReceived { topic, payload, qos, retain };
                        observer.observe(now, &seen);
                    });
                    self.server.broker.handle(now, Input::Sent(WITNESS_KEY, size));
                }
                Output::Transmit(key, bytes) => {
                    let connection = ConnectionId(key.0);
                    if bytes[0] >> 4 == PUBLISH {
                        self.faults.bite(Lasting::AppHolds);
                    }
                    let associated = self.radio.is_associated();
                    let mut path = Path { now: self.now, associated, faults: &mut self.faults };
                    let taken = self.tcp.write(Side::Broker, connection, bytes, &mut path);
                    let bytes = &bytes[..taken];
                    observer.observe(now, &Observation::FromBroker { connection, bytes });
                    self.server.broker.handle(now, Input::Sent(key, taken));
                }
                Output::Close(key, reason) => self.close_as_broker(key, reason, observer),
                Output::Event(event) => {
                    note(&event, &mut self.faults);
                    tell(&event, now, observer);
                }
                Output::Wait(wait) => {
                    let outgoing = self.witness.outgoing();
                    if outgoing.is_empty() {
                        break wait;
                    }
                    let bytes = outgoing.bytes();
                    self.server.broker.handle(now, Input::Received(WITNESS_KEY, bytes));
                    outgoing.clear();
                }
            }
        };
        let due = match wait {
            Wait::Until(deadline, _) => deadline.as_micros(),
            Wait::ForInput => NEVER,
        };
        self.agenda.set(Slot::Broker, due);
    }

    #[cold]
    fn close_as_broker<O: Observer>(
        &mut self,
        key: ClientKey,
        reason: CloseReason,
        observer: &mut O,
    ) {
        if key == WITNESS_KEY {
            return;
        }
        if matches!(reason, CloseReason::Refused(_) | CloseReason::RefusedWith(_)) {
            self.faults.bite(Lasting::ConnectDenied);
        }
        self.close_socket(ConnectionId(key.0), observer);
    }

    #[cold]
    pub(super) fn close_socket<O: Observer>(&mut self, connection: ConnectionId, observer: &mut O) {
        let associated = self.radio.is_associated();
        let mut path = Path { now: self.now, associated, faults: &mut self.faults };
        self.tcp.close(Side::Broker, connection, &mut path);
        let ending = Ending::Closed;
        self.see(observer, &Observation::EndedAtBroker { connection, ending });
    }

    /// The witness's next numbered message comes into being.
    pub(super) fn witness_publishes(&mut self) {
        self.witness.owe(1);
        let next = self.witness.next();
        self.agenda.set(Slot::Witness, next);
    }

    /// Makes the witness publish, as soon as the broker is there.
    pub fn witness_publish<O: Observer>(
        &mut self,
        topic: &str,
        payload: &[u8],
        qos: QoS,
        retain: bool,
        observer: &mut O,
    ) {
        self.witness.run_errand(topic, payload, qos, retain);
        self.flow(observer);
    }

    /// The broker owes the device nothing.
    pub(super) fn broker_is_drained(&self) -> bool {
        let broker = &self.server.broker;
        broker.queued(DEVICE_ID) == 0 && broker.in_flight(DEVICE_ID) == 0
    }
}

/// Sees which faults bite in what the broker does.
fn note(event: &Event<'_>, faults: &mut super::faults::Faults) {
    if let Event::Delivered { publish, .. } = event
        && publish.qos == QoS::ExactlyOnce
    {
        faults.bite(Lasting::QosExceeded);
    }
    if let Event::PublishReceived { key, publish, .. } = event
        && *key != WITNESS_KEY
        && publish.qos != QoS::AtMostOnce
    {
        faults.bite(Lasting::AcksSwallowed);
        faults.bite(Lasting::AcksDoubled);
        if publish.topic == REFUSED_TOPIC {
            faults.bite(Lasting::PublicationsRefused);
        }
    }
}

/// Shows what ended by itself of the device's.
fn tell<O: Observer>(event: &Event<'_>, now: Instant, observer: &mut O) {
    match *event {
        Event::SessionExpired { client_id: DEVICE_ID } => {
            observer.observe(now, &Observation::SessionExpired);
        }
        Event::MessageExpired { client_id: DEVICE_ID, topic, payload } => {
            observer.observe(now, &Observation::MessageExpired { topic, payload });
        }
        _ => {}
    }
}
