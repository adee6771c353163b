//! A broker, the transports of its clients, and a clock.

use std::collections::BTreeMap;

use fivewire_core::time::{Instant, Wait};
use fivewire_sim::broker::{Broker, ClientKey, CloseReason, Config, Event, Input, Output};

/// CONNACK: accepted, no session.
pub(crate) const NEW_SESSION: &[u8] = b"\x20\x02\x00\x00";
/// CONNACK: accepted, session present.
pub(crate) const OLD_SESSION: &[u8] = b"\x20\x02\x01\x00";

/// CONNACK of MQTT 5: accepted, no session, receive maximum 20, topic alias maximum 10, no shared
/// subscriptions.
pub(crate) const NEW_SESSION_V5: &[u8] = b"\x20\x0b\x00\x00\x08\x21\x00\x14\x22\x00\x0a\x2a\x00";
/// The same with session present.
pub(crate) const OLD_SESSION_V5: &[u8] = b"\x20\x0b\x01\x00\x08\x21\x00\x14\x22\x00\x0a\x2a\x00";

pub(crate) struct Rig {
    pub(crate) broker: Broker,
    now: Instant,
    wait: Wait,
    /// What each client was sent and nobody has looked at.
    transmitted: BTreeMap<u32, Vec<u8>>,
    /// How many bytes the transport of a client takes, those not listed any number.
    room: BTreeMap<u32, usize>,
    closed: BTreeMap<u32, CloseReason>,
    events: Vec<String>,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        Self {
            broker: Broker::new(config),
            now: Instant::ZERO,
            wait: Wait::ForInput,
            transmitted: BTreeMap::new(),
            room: BTreeMap::new(),
            closed: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    pub(crate) fn handle(&mut self, input: Input<'_>) {
        self.broker.handle(self.now, input);
        self.drain();
    }

    /// Does what the broker asks, until it waits.
    pub(crate) fn drain(&mut self) {
        self.wait = loop {
            match self.broker.poll() {
                Output::Transmit(key, bytes) => {
                    let room = self.room.get(&key.0).copied().unwrap_or(usize::MAX);
                    let taken = bytes.len().min(room);
                    self.transmitted.entry(key.0).or_default().extend(&bytes[..taken]);
                    self.room.entry(key.0).and_modify(|room| *room -= taken);
                    self.broker.handle(self.now, Input::Sent(key, taken));
                }
                Output::Close(key, reason) => {
                    self.closed.insert(key.0, reason);
                }
                Output::Event(event) => self.events.push(line(&event)),
                Output::Wait(wait) => break wait,
            }
        };
    }

    pub(crate) fn wait(&self) -> Wait {
        self.wait
    }

    pub(crate) fn open(&mut self, key: u32) {
        self.closed.remove(&key);
        self.handle(Input::Opened(ClientKey(key)));
    }

    /// The transport of `key` is lost.
    pub(crate) fn lose(&mut self, key: u32) {
        self.handle(Input::Closed(ClientKey(key)));
    }

    pub(crate) fn receive(&mut self, key: u32, bytes: &[u8]) {
        self.handle(Input::Received(ClientKey(key), bytes));
    }

    /// What `key` was sent since the last look.
    pub(crate) fn sent_to(&mut self, key: u32) -> Vec<u8> {
        self.transmitted.remove(&key).unwrap_or_default()
    }

    /// Hands in `bytes` and returns all that `key` is sent thereupon.
    pub(crate) fn answer(&mut self, key: u32, bytes: &[u8]) -> Vec<u8> {
        self.receive(key, bytes);
        self.sent_to(key)
    }

    /// How the broker closed `key`, if it did.
    pub(crate) fn closed(&self, key: u32) -> Option<CloseReason> {
        self.closed.get(&key).copied()
    }

    /// The clause for whose breach the broker closed `key`.
    #[track_caller]
    pub(crate) fn breached_clause(&self, key: u32) -> &'static str {
        match self.closed(key) {
            Some(CloseReason::Breach(breach)) => breach.clause(),
            other => panic!("closed for no breach: {other:?}"),
        }
    }

    /// The events since the last look, one line each.
    pub(crate) fn events(&mut self) -> Vec<String> {
        std::mem::take(&mut self.events)
    }

    /// How many bytes more the transport of `key` takes.
    pub(crate) fn set_room(&mut self, key: u32, size_bytes: usize) {
        self.room.insert(key, size_bytes);
        self.handle(Input::Writable(ClientKey(key)));
    }

    /// Lets time pass, waking the broker exactly when it wants to be.
    pub(crate) fn pass_ms(&mut self, millis: u32) {
        let end = self.now.plus_ms(millis);
        while let Wait::Until(at, _) = self.wait
            && at <= end
        {
            self.now = self.now.max(at);
            self.handle(Input::Timeout);
        }
        self.now = end;
    }

    /// Opens `key` and sends a CONNECT with these flags and this keep alive.
    pub(crate) fn connect_with(
        &mut self,
        key: u32,
        client_id: &str,
        flags: u8,
        keep_alive_s: u8,
        rest: &[u8],
    ) -> Vec<u8> {
        self.open(key);
        let len = 12 + client_id.len() + rest.len();
        assert!(len < 128, "the rig writes remaining lengths of one byte only");
        let mut packet = vec![0x10, len as u8, 0, 4, b'M', b'Q', b'T', b'T', 4, flags, 0];
        packet.extend([keep_alive_s, 0, client_id.len() as u8]);
        packet.extend(client_id.as_bytes());
        packet.extend(rest);
        self.answer(key, &packet)
    }

    /// Opens `key` and sends a CONNECT of MQTT 5 with these flags, properties, and what follows the
    /// client identifier.
    pub(crate) fn connect_v5_with(
        &mut self,
        key: u32,
        client_id: &str,
        flags: u8,
        properties: &[u8],
        rest: &[u8],
    ) -> Vec<u8> {
        self.open(key);
        let len = 13 + properties.len() + client_id.len() + rest.len();
        assert!(len < 128, "the rig writes remaining lengths of one byte only");
        let mut packet = vec![0x10, len as u8, 0, 4, b'M', b'Q', b'T', b'T', 5, flags, 0, 0];
        packet.push(properties.len() as u8);
        packet.extend(properties);
        packet.extend([0, client_id.len() as u8]);
        packet.extend(client_id.as_bytes());
        packet.extend(rest);
        self.answer(key, &packet)
    }

    /// Connects with MQTT 5 and a clean start, without keep alive.
    #[track_caller]
    pub(crate) fn connect_v5(&mut self, key: u32, client_id: &str, properties: &[u8]) {
        assert_eq!(self.connect_v5_with(key, client_id, 0x02, properties, b""), NEW_SESSION_V5);
    }

    /// Subscribes with MQTT 5 and packet identifier 1; the QoS asked for is granted.
    #[track_caller]
    pub(crate) fn subscribe_v5(&mut self, key: u32, filter: &str, options: u8, properties: &[u8]) {
        let mut packet = vec![0x82, (6 + properties.len() + filter.len()) as u8, 0, 1];
        packet.push(properties.len() as u8);
        packet.extend(properties);
        packet.extend([0, filter.len() as u8]);
        packet.extend(filter.as_bytes());
        packet.push(options);
        assert_eq!(self.answer(key, &packet), [0x90, 4, 0, 1, 0, options & 3]);
    }

    /// Connects with a clean session and without keep alive.
    #[track_caller]
    pub(crate) fn connect(&mut self, key: u32, client_id: &str) {
        assert_eq!(self.connect_with(key, client_id, 0x02, 0, b""), NEW_SESSION);
    }

    /// Connects to a session that outlives the connection, and returns the answer.
    pub(crate) fn resume(&mut self, key: u32, client_id: &str) -> Vec<u8> {
        self.connect_with(key, client_id, 0x00, 0, b"")
    }

    /// Subscribes with packet identifier 1; the QoS asked for is granted.
    #[track_caller]
    pub(crate) fn subscribe(&mut self, key: u32, filter: &str, qos: u8) {
        let answer = self.answer(key, &subscribe_packet(filter, qos));
        assert_eq!(answer, [0x90, 3, 0, 1, qos]);
    }
}

/// SUBSCRIBE with packet identifier 1.
pub(crate) fn subscribe_packet(filter: &str, qos: u8) -> Vec<u8> {
    let mut packet = vec![0x82, 5 + filter.len() as u8, 0, 1, 0, filter.len() as u8];
    packet.extend(filter.as_bytes());
    packet.push(qos);
    packet
}

/// PUBLISH with QoS 1 of one byte on topic `a`.
pub(crate) fn publish_qos1(packet_id: u16, payload: u8) -> Vec<u8> {
    let [high, low] = packet_id.to_be_bytes();
    vec![0x32, 6, 0, 1, b'a', high, low, payload]
}

/// PUBACK.
pub(crate) fn puback(packet_id: u16) -> Vec<u8> {
    let [high, low] = packet_id.to_be_bytes();
    vec![0x40, 2, high, low]
}

fn line(event: &Event<'_>) -> String {
    match event {
        Event::Connected { key, client_id, clean_session, session_present } => {
            format!("{} connected {client_id} {clean_session} {session_present}", key.0)
        }
        Event::Disconnected { key, client_id, reason } => {
            format!("{} disconnected {} {reason:?}", key.0, client_id.unwrap_or("-"))
        }
        Event::PublishReceived { key, publish, repeated } => {
            let repeated = if *repeated { " again" } else { "" };
            format!("{} published {:?}{repeated}", key.0, publish.payload)
        }
        Event::Delivered { key, publish } => {
            let packet_id = publish.packet_id.map_or(0, |packet_id| packet_id.get());
            format!("{} was sent {:?} as {packet_id}", key.0, publish.payload)
        }
        Event::WillPublished { key, topic, payload, qos, retain } => {
            format!("{} left {topic} {payload:?} {} {retain}", key.0, qos.as_u8())
        }
        Event::QueueOverflow { client_id, topic, payload } => {
            format!("{client_id} missed {topic} {payload:?}")
        }
        Event::SessionExpired { client_id } => format!("{client_id} expired"),
        Event::MessageExpired { client_id, topic, payload } => {
            format!("{client_id} missed {topic} {payload:?} in time")
        }
        other => panic!("an event this rig does not know: {other:?}"),
    }
}
