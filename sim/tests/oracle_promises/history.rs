//! Histories of worlds that never were, written by hand.

use fivewire_core::client::Action;
use fivewire_core::event::{DownReason, Event, Message, Ticket};
use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::Properties;
use fivewire_core::time::Instant;
use fivewire_sim::fault::{Fault, FaultKind};
use fivewire_sim::observation::{ConnectionId, Ending, Observation, Observer};
use fivewire_sim::oracle::{Breach, Oracle, Promise};
use fivewire_sim::schedule::{
    Fidelity, Habits, InboundBytes, Schedule, Setup, TopicBytes, Topology, VERSION, Wires, Workload,
};

/// A device without a bridge, a lasting session, nothing fancy.
pub(crate) fn setup() -> Setup {
    Setup {
        topology: Topology::Client,
        window: 8,
        keep_alive_s: 60,
        clean_session: false,
        clean_init: false,
        release_after_ms: None,
        will: false,
        latency_min_ms: 5,
        latency_max_ms: 20,
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
    }
}

/// The schedule of a run of `setup`; its faults are those the history tells.
pub(crate) fn schedule(setup: Setup) -> Schedule {
    Schedule {
        version: VERSION,
        scenario: "by hand".into(),
        seed: 0,
        duration_ms: 600_000,
        setup,
        workload: Workload {
            publish_every_ms: 1_000,
            qos0_percent: 0,
            topics: 2,
            payload_min_bytes: 8,
            payload_max_bytes: 8,
            inbound_every_ms: 0,
            inbound_topics: Vec::new(),
            large_percent: 0,
            inbound_qos0_percent: 0,
            habits: Habits::default(),
        },
        // a fault at a board, so that the general bound holds
        faults: vec![fault(FaultKind::HostReset)],
    }
}

pub(crate) fn fault(kind: FaultKind) -> Fault {
    Fault { at_ms: 0, duration_ms: 0, kind }
}

pub(crate) fn ticket(number: u32) -> Ticket {
    Ticket::new(number).expect("tickets count from 1")
}

/// A payload of the workload: its number alone.
pub(crate) fn payload(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

/// Packets, byte by byte.
pub(crate) mod packet {
    fn whole(first: u8, body: &[u8]) -> Vec<u8> {
        assert!(body.len() < 16_384, "two bytes of remaining length are enough here");
        let mut packet = vec![first];
        if body.len() < 128 {
            packet.push(body.len() as u8);
        } else {
            packet.extend([(body.len() % 128) as u8 | 0x80, (body.len() / 128) as u8]);
        }
        packet.extend_from_slice(body);
        packet
    }

    fn text(text: &[u8]) -> Vec<u8> {
        let mut field = (text.len() as u16).to_be_bytes().to_vec();
        field.extend_from_slice(text);
        field
    }

    pub(crate) fn connect(clean: bool, keep_alive_s: u16, will: Option<(&str, &[u8])>) -> Vec<u8> {
        let flags = u8::from(clean) << 1 | if will.is_some() { 0b1100 } else { 0 };
        let mut body = [&text(b"MQTT")[..], &[4, flags], &keep_alive_s.to_be_bytes()].concat();
        body.extend(text(b"device"));
        if let Some((topic, payload)) = will {
            body.extend(text(topic.as_bytes()));
            body.extend(text(payload));
        }
        whole(0x10, &body)
    }

    pub(crate) fn connack(session_present: bool, code: u8) -> Vec<u8> {
        whole(0x20, &[u8::from(session_present), code])
    }

    /// A PUBLISH with QoS 1, or with QoS 0 where the identifier is 0.
    pub(crate) fn publish(
        topic: &str,
        payload: &[u8],
        id: u16,
        dup: bool,
        retain: bool,
    ) -> Vec<u8> {
        let qos = if id == 0 { 0 } else { 0b10 };
        let mut body = text(topic.as_bytes());
        if id != 0 {
            body.extend(id.to_be_bytes());
        }
        body.extend_from_slice(payload);
        whole(0x30 | u8::from(dup) << 3 | qos | u8::from(retain), &body)
    }

    pub(crate) fn puback(id: u16) -> Vec<u8> {
        whole(0x40, &id.to_be_bytes())
    }

    pub(crate) fn pubrec(id: u16) -> Vec<u8> {
        whole(0x50, &id.to_be_bytes())
    }

    pub(crate) fn pubrel(id: u16) -> Vec<u8> {
        whole(0x62, &id.to_be_bytes())
    }

    pub(crate) fn pubcomp(id: u16) -> Vec<u8> {
        whole(0x70, &id.to_be_bytes())
    }

    pub(crate) fn subscribe(id: u16, filters: &[&str]) -> Vec<u8> {
        let mut body = id.to_be_bytes().to_vec();
        for filter in filters {
            body.extend(text(filter.as_bytes()));
            body.push(1);
        }
        whole(0x82, &body)
    }

    pub(crate) fn suback(id: u16, codes: &[u8]) -> Vec<u8> {
        whole(0x90, &[&id.to_be_bytes()[..], codes].concat())
    }

    pub(crate) fn unsubscribe(id: u16, filter: &str) -> Vec<u8> {
        whole(0xA2, &[&id.to_be_bytes()[..], &text(filter.as_bytes())].concat())
    }

    pub(crate) fn unsuback(id: u16) -> Vec<u8> {
        whole(0xB0, &id.to_be_bytes())
    }

    pub(crate) const PINGREQ: [u8; 2] = [0xC0, 0];
    pub(crate) const DISCONNECT: [u8; 2] = [0xE0, 0];
}

/// A history and the oracle that reads it. Each step takes 10 ms unless it says otherwise.
pub(crate) struct History {
    pub(crate) oracle: Oracle,
    pub(crate) now_ms: u64,
    pub(crate) connection: ConnectionId,
    /// When the last connection was opened.
    pub(crate) opened_ms: u64,
}

impl History {
    pub(crate) fn of(setup: Setup) -> Self {
        Self::of_schedule(&schedule(setup))
    }

    pub(crate) fn of_schedule(schedule: &Schedule) -> Self {
        let oracle = Oracle::new(schedule);
        Self { oracle, now_ms: 0, connection: ConnectionId(0), opened_ms: 0 }
    }

    pub(crate) fn see(&mut self, observation: Observation<'_>) -> &mut Self {
        self.now_ms += 10;
        self.see_at_once(observation)
    }

    pub(crate) fn see_at_once(&mut self, observation: Observation<'_>) -> &mut Self {
        self.oracle.observe(Instant::from_millis(self.now_ms), &observation);
        self
    }

    pub(crate) fn wait_ms(&mut self, millis: u64) -> &mut Self {
        self.now_ms += millis;
        self
    }

    pub(crate) fn told(&mut self, event: Event<'_>) -> &mut Self {
        self.see(Observation::Told(event))
    }

    pub(crate) fn device_sends(&mut self, bytes: &[u8]) -> &mut Self {
        let connection = self.connection;
        self.see(Observation::ToBroker { connection, bytes })
    }

    pub(crate) fn broker_sends(&mut self, bytes: &[u8]) -> &mut Self {
        let connection = self.connection;
        self.see(Observation::FromBroker { connection, bytes })
    }

    /// A client that joins networks by itself does so: each of its steps is seen.
    pub(crate) fn join(&mut self) -> &mut Self {
        self.see(Observation::Asked(Action::JoinWifi)).told(Event::Wifi(true))
    }

    /// Such a client connects, and hears and tells that it did.
    pub(crate) fn join_and_connect(&mut self, session_present: bool) -> &mut Self {
        self.join().connect_again(session_present)
    }

    /// The same in the network that it has joined.
    pub(crate) fn connect_again(&mut self, session_present: bool) -> &mut Self {
        self.see(Observation::Asked(Action::OpenTcp)).open();
        self.device_sends(&packet::connect(false, 60, None));
        self.hears(&packet::connack(session_present, 0));
        self.see_at_once(Observation::Told(Event::Connected { session_present }))
    }

    /// The broker sends something, and it reaches the device.
    pub(crate) fn hears(&mut self, bytes: &[u8]) -> &mut Self {
        let connection = self.connection;
        self.broker_sends(bytes).see(Observation::ToDevice { connection, bytes })
    }

    /// A connection comes about; CONNECT is still to come.
    pub(crate) fn open(&mut self) -> &mut Self {
        self.connection.0 += 1;
        let connection = self.connection;
        self.see(Observation::Opening { connection });
        self.see(Observation::Accepted { connection }).see(Observation::Opened { connection });
        self.opened_ms = self.now_ms;
        self
    }

    /// A connection and a session, as far as the application's word of it.
    pub(crate) fn connect(&mut self, session_present: bool) -> &mut Self {
        self.open();
        self.device_sends(&packet::connect(false, 60, None));
        self.broker_sends(&packet::connack(session_present, 0));
        self.told(Event::Connected { session_present })
    }

    /// The connection breaks at both ends.
    pub(crate) fn break_off(&mut self) -> &mut Self {
        let connection = self.connection;
        self.begin(0, FaultKind::TcpReset);
        self.see(Observation::EndedAtBroker { connection, ending: Ending::Reset });
        self.see(Observation::EndedAtDevice { connection, ending: Ending::Reset });
        self.see_at_once(Observation::Told(Event::Disconnected { reason: DownReason::TcpClosed }))
    }

    pub(crate) fn begin(&mut self, index: usize, kind: FaultKind) -> &mut Self {
        self.see(Observation::FaultBegan { index, fault: &fault(kind) })
    }

    pub(crate) fn end(&mut self, index: usize) -> &mut Self {
        self.see(Observation::FaultEnded { index })
    }

    /// The application publishes the workload's message `number` with QoS 1 under that ticket.
    pub(crate) fn publish(&mut self, number: u32, topic: &str) -> &mut Self {
        let payload = payload(number.into());
        self.see(Observation::Published {
            ticket: number,
            topic,
            payload: &payload,
            qos: QoS::AtLeastOnce,
            retain: false,
            properties: Properties::NONE,
        })
    }

    /// That message arrives at the broker.
    pub(crate) fn arrive(&mut self, number: u32, topic: &str, id: u16, dup: bool) -> &mut Self {
        self.device_sends(&packet::publish(topic, &payload(number.into()), id, dup, false))
    }

    /// The broker acknowledges, and the application hears of it.
    pub(crate) fn acknowledge(&mut self, number: u32, id: u16) -> &mut Self {
        self.broker_sends(&packet::puback(id)).told(Event::Acked(ticket(number)))
    }

    /// The application subscribes, and the broker grants it.
    pub(crate) fn subscribe(&mut self, number: u32, filter: &str, id: u16) -> &mut Self {
        self.see(Observation::SubscribeAsked { ticket: number, filter, qos: QoS::AtLeastOnce });
        self.device_sends(&packet::subscribe(id, &[filter]))
            .broker_sends(&packet::suback(id, &[1]));
        self.told(Event::Subscribed { ticket: ticket(number), granted: QoS::AtLeastOnce })
    }

    /// The witness publishes the workload's message `number` for the device.
    pub(crate) fn witness(&mut self, number: u64, topic: &str) -> &mut Self {
        let payload = payload(number);
        let qos = QoS::AtLeastOnce;
        self.see(Observation::WitnessPublished {
            topic,
            payload: &payload,
            qos,
            properties: Properties::NONE,
        })
    }

    /// The broker sends it to the device.
    pub(crate) fn deliver(&mut self, number: u64, topic: &str, id: u16, dup: bool) -> &mut Self {
        self.broker_sends(&packet::publish(topic, &payload(number), id, dup, false))
    }

    /// The application is told of it.
    pub(crate) fn message(&mut self, number: u64, topic: &str) -> &mut Self {
        self.message_to_release(number, topic, None)
    }

    /// The same, under a delivery number.
    pub(crate) fn message_to_release(
        &mut self,
        number: u64,
        topic: &str,
        delivery: Option<u32>,
    ) -> &mut Self {
        let delivery = delivery.and_then(fivewire_core::event::Delivery::new);
        let (payload, qos) = (payload(number), QoS::AtLeastOnce);
        let (retain, dup) = (false, false);
        let message = Message { delivery, retain, dup, ..Message::new(topic, &payload, qos) };
        self.told(Event::Message(message))
    }

    /// Everything heals and has time to settle, while the device pings; then the run is over.
    pub(crate) fn settle(&mut self) -> &mut Self {
        self.see(Observation::Healed);
        self.idle_s(70).see(Observation::Finished)
    }

    /// The device does nothing but ping for so long.
    pub(crate) fn idle_s(&mut self, seconds: u64) -> &mut Self {
        for _ in 0..seconds / 10 {
            self.wait_ms(10_000).device_sends(&packet::PINGREQ);
        }
        self
    }

    #[track_caller]
    pub(crate) fn passes(&self) {
        assert_eq!(self.oracle.breach(), None);
    }

    /// The oracle has seen this promise broken, and no other before.
    #[track_caller]
    pub(crate) fn breaks(&self, promise: Promise, words: &str) {
        let breach = self.oracle.breach().expect("nothing was found wrong");
        assert_eq!(breach.promise, promise, "{breach}");
        assert!(breach.detail.contains(words), "{breach}");
    }

    #[track_caller]
    pub(crate) fn breach(&self) -> &Breach {
        self.oracle.breach().expect("nothing was found wrong")
    }
}
