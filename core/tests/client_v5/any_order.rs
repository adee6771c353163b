//! Whatever the broker and the application do, in whatever order: no panic, every drain ends, every
//! publication has one outcome, and what is sent is MQTT 5 that keeps the broker's limits.

use std::collections::{BTreeMap, BTreeSet};

use fivewire_core::client::{Client, Input, Memory, Output, Publication, State};
use fivewire_core::config::{Config, Mqtt5, Release};
use fivewire_core::event::{Event, Ticket};
use fivewire_core::mqtt::v5::{Packet, Property, decode, split};
use fivewire_core::mqtt::{PacketId, QoS, Split};
use fivewire_core::recorder::Recorded;
use fivewire_core::time::Instant;
use proptest::prelude::*;

use crate::rig::CONFIG;
use crate::taped::{Taped, recorder};

/// Far more than any one call can cause.
const POLLS_MAX: usize = 2_000;

/// What the broker takes, as it says in its CONNACK.
const RECEIVE_MAXIMUM: usize = 2;
const ALIAS_MAXIMUM: u16 = 2;
const PACKET_MAX_BYTES: usize = 60;

#[derive(Clone, Debug)]
enum Step {
    Connect { session_present: bool },
    Wait(u32),
    Closed,
    Received(Vec<u8>),
    Publish { topic: usize, size: usize, qos1: bool, expiry_s: Option<u32> },
    Subscribe(Option<u32>),
    Release(u32),
    Hold(bool),
    Take(usize),
}

/// Bytes as a broker sends them, or nearly.
fn broker_bytes() -> impl Strategy<Value = Vec<u8>> {
    let id = 1_u8..6;
    let code = prop_oneof![Just(0_u8), Just(0x10), Just(0x87), Just(0x97)];
    let packet = prop_oneof![
        6 => (id.clone(), code).prop_map(|(id, code)| vec![0x40, 3, 0, id, code]),
        4 => id.clone().prop_map(|id| vec![0x40, 2, 0, id]),
        3 => id.clone().prop_map(|id| vec![0x90, 4, 0x80, id - 1, 0, 1]),
        1 => id.clone().prop_map(|id| vec![0x90, 4, 0x80, id - 1, 0, 0x97]),
        2 => Just(vec![0xD0, 0]),
        // named with an alias, by the alias, plain
        3 => id.clone().prop_map(|id| vec![0x32, 9, 0, 1, b'x', 0, id, 3, 0x23, 0, 1]),
        2 => id.clone().prop_map(|id| vec![0x32, 9, 0, 1, b'y', 0, id, 3, 0x23, 0, 1]),
        3 => id.clone().prop_map(|id| vec![0x32, 8, 0, 0, 0, id, 3, 0x23, 0, 1]),
        3 => id.clone().prop_map(|id| vec![0x32, 7, 0, 1, b'x', 0, id, 0, b'!']),
        2 => id.clone().prop_map(|id| vec![0x34, 7, 0, 1, b'x', 0, id, 0, b'!']),
        1 => id.prop_map(|id| vec![0x62, 2, 0, id]),
        2 => Just(vec![0x30, 5, 0, 1, b'x', 0, b'!']),
        1 => Just(vec![0xE0, 0]),
        1 => Just(vec![0xE0, 6, 0x8B, 4, 0x1F, 0, 1, b'r']),
        1 => Just(vec![0xF0, 0]),
        1 => proptest::collection::vec(any::<u8>(), 1..12),
    ];
    (proptest::collection::vec(packet, 1..4), any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(packets, cut, whole)| {
            let mut bytes = packets.concat();
            if !whole {
                bytes.truncate(cut.index(bytes.len()) + 1);
            }
            bytes
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let expiry_s = proptest::option::of(1_u32..30);
    prop_oneof![
        8 => any::<bool>().prop_map(|session_present| Step::Connect { session_present }),
        6 => (1_u32..20_000).prop_map(Step::Wait),
        1 => Just(Step::Closed),
        12 => broker_bytes().prop_map(Step::Received),
        10 => (0_usize..3, 0_usize..100, any::<bool>(), expiry_s).prop_map(
            |(topic, size, qos1, expiry_s)| Step::Publish { topic, size, qos1, expiry_s }),
        2 => proptest::option::of(1_u32..9).prop_map(Step::Subscribe),
        3 => (1_u32..20).prop_map(Step::Release),
        2 => any::<bool>().prop_map(Step::Hold),
        2 => (0_usize..100).prop_map(Step::Take),
    ]
}

/// What a broker knows of this connection.
#[derive(Default)]
struct Seen {
    stream: Vec<u8>,
    accepted: bool,
    under_way: BTreeSet<PacketId>,
    /// Answered before they had arrived whole, as no broker does: never under way then.
    answered_early: BTreeSet<PacketId>,
    aliases: BTreeMap<u16, String>,
}

impl Seen {
    /// Reads what was sent, as a broker does that trusts nobody.
    fn read(&mut self, bytes: &[u8], expiries: &[Option<u32>]) {
        self.stream.extend_from_slice(bytes);
        while let Ok(Split::Header(header)) = split(&self.stream) {
            let Some(packet) = self.stream.get(..header.packet_len()) else { return };
            let len = packet.len();
            match decode(packet).expect("valid MQTT 5") {
                Packet::Publish(publish) => {
                    assert!(self.accepted && len <= PACKET_MAX_BYTES);
                    let id = publish.packet_id;
                    if let Some(id) = id.filter(|id| !self.answered_early.remove(id)) {
                        assert!(self.under_way.insert(id), "{id} is in use");
                        assert!(self.under_way.len() <= RECEIVE_MAXIMUM);
                    }
                    let topic = match publish.properties.topic_alias() {
                        Some(alias) if publish.topic.is_empty() => self.aliases[&alias].clone(),
                        Some(alias) => {
                            assert!(alias <= ALIAS_MAXIMUM);
                            self.aliases.insert(alias, publish.topic.to_owned());
                            publish.topic.to_owned()
                        }
                        None => publish.topic.to_owned(),
                    };
                    // the payload begins with the number of the topic, then that of the publication
                    if let [number, index, ..] = publish.payload {
                        assert_eq!(topic, TOPICS[usize::from(*number)]);
                        let left_s = publish.properties.message_expiry_interval_s();
                        let whole_s = expiries[usize::from(*index)];
                        assert_eq!(left_s.is_some(), whole_s.is_some());
                        assert!(left_s <= whole_s && left_s != Some(0));
                    }
                }
                Packet::Connect(_) => assert!(!self.accepted),
                _ => {}
            }
            self.stream.drain(..len);
        }
        assert!(self.stream.len() < 2 || split(&self.stream).is_ok());
    }
}

const TOPICS: [&str; 3] = ["t", "t/longer", "u"];

struct Bench {
    client: Taped<Client<Vec<u8>>>,
    now: Instant,
    outcomes: BTreeMap<Ticket, u32>,
    expiries: Vec<Option<u32>>,
    seen: Seen,
    takes: usize,
    stopped: bool,
}

impl Bench {
    fn new(explicit: bool) -> Self {
        let memory = Memory {
            receive: vec![0; 96],
            transmit: vec![0; 64],
            outbox: vec![0; 400],
            subscriptions: vec![0; 40],
            connect: vec![0; 60],
        };
        let mqtt5 = Mqtt5 { topic_alias_maximum: 1, own_topic_aliases: 3, ..Mqtt5::new() };
        let config = Config {
            clean_init: explicit,
            mqtt5,
            window: 3,
            receive_maximum: 2,
            release: if explicit { Release::Explicit } else { Release::AtHandOut },
            ..CONFIG
        };
        Self {
            client: Taped::new(Recorded::new(Client::new(&config, memory, 9).unwrap(), recorder())),
            now: Instant::from_millis(1),
            outcomes: BTreeMap::new(),
            expiries: Vec::new(),
            seen: Seen::default(),
            takes: 64,
            stopped: false,
        }
    }

    fn drain(&mut self) {
        for _ in 0..POLLS_MAX {
            let taken = match self.client.poll() {
                Output::Action(_) => {
                    self.seen = Seen::default();
                    continue;
                }
                Output::Event(event) => {
                    if let Event::Acked(ticket)
                    | Event::Sent(ticket)
                    | Event::Refused { ticket, .. }
                    | Event::Abandoned { ticket, .. } = event
                    {
                        *self.outcomes.get_mut(&ticket).expect("it was given") += 1;
                    }
                    self.stopped |= event == Event::Stopped;
                    continue;
                }
                Output::Transmit(bytes) => {
                    let taken = bytes.len().min(self.takes);
                    self.seen.read(&bytes[..taken], &self.expiries);
                    taken
                }
                Output::Wait(_) => return,
            };
            self.client.handle(self.now, Input::Sent(taken));
        }
        panic!("the drain does not end");
    }

    fn receive(&mut self, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(self.client.receive_capacity())];
        // What the broker answered is not under way any more. Bytes that are cut are not answers,
        // but then this allows too much, never too little.
        for answer in bytes.windows(4).filter(|answer| answer[0] == 0x40) {
            let id = PacketId::new(u16::from_be_bytes([answer[2], answer[3]]));
            if let Some(id) = id.filter(|id| !self.seen.under_way.remove(id)) {
                self.seen.answered_early.insert(id);
            }
        }
        self.client.handle(self.now, Input::Received(bytes));
    }

    fn play(&mut self, step: &Step) {
        let now = self.now;
        match step {
            Step::Connect { session_present } => self.connect(*session_present),
            Step::Wait(ms) => {
                self.now = now.plus_ms(*ms);
                self.client.handle(self.now, Input::Timeout);
                self.client.handle(self.now, Input::Writable);
            }
            Step::Closed => self.client.handle(now, Input::TcpClosed),
            Step::Received(bytes) => self.receive(bytes),
            Step::Publish { topic, size, qos1, expiry_s } => {
                let (number, index) = (*topic as u8, self.expiries.len() as u8);
                let mut payload = vec![number, index];
                payload.resize(*size + 2, b'p');
                let qos = if *qos1 { QoS::AtLeastOnce } else { QoS::AtMostOnce };
                let expiry = expiry_s.map(Property::MessageExpiryInterval);
                let properties = expiry.as_slice();
                let publication =
                    Publication { properties, ..Publication::new(TOPICS[*topic], &payload, qos) };
                if let Ok(ticket) = self.client.publish(now, &publication) {
                    self.outcomes.insert(ticket, 0);
                    self.expiries.push(*expiry_s);
                }
            }
            Step::Subscribe(identifier) => {
                let options = fivewire_core::mqtt::v5::SubscriptionOptions::new(QoS::AtLeastOnce);
                let _ = self.client.subscribe_with(now, "x", options, *identifier);
            }
            Step::Release(delivery) => {
                self.client.release(now, fivewire_core::event::Delivery::new(*delivery).unwrap());
            }
            Step::Hold(hold) => self.client.hold(now, *hold),
            Step::Take(bytes) => self.takes = *bytes,
        }
        self.drain();
        assert!(self.outcomes.values().all(|count| *count <= 1), "{:?}", self.outcomes);
    }

    /// Everything goes well until the client is connected.
    fn connect(&mut self, session_present: bool) {
        self.takes = 64;
        let connack = [
            &[0x20, 14, u8::from(session_present), 0, 11][..],
            &[0x21, 0, RECEIVE_MAXIMUM as u8, 0x22, 0, ALIAS_MAXIMUM as u8],
            &[0x27, 0, 0, 0, PACKET_MAX_BYTES as u8],
        ]
        .concat();
        for _ in 0..2 {
            self.now = self.now.plus_ms(9_000);
            for input in [
                Input::Timeout,
                Input::Writable,
                Input::TcpOpened,
                Input::Writable,
                Input::Received(&connack),
            ] {
                if self.client.state() == State::Connected {
                    return;
                }
                self.seen.accepted |=
                    matches!(input, Input::Received(_)) && self.client.state() == State::Connecting;
                self.client.handle(self.now, input);
                self.drain();
            }
        }
    }

    fn end(&mut self) {
        self.client.shut_down(self.now);
        self.drain();
        for _ in 0..4 {
            self.play(&Step::Wait(20_000));
        }
        assert!(self.stopped, "a shut-down ends in Stopped");
        let open: Vec<_> = self.outcomes.iter().filter(|(_, outcomes)| **outcomes != 1).collect();
        assert!(open.is_empty(), "without one outcome: {open:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_client_keeps_the_rules_whatever_happens(
        explicit in any::<bool>(),
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        let mut bench = Bench::new(explicit);
        bench.client.start(bench.now);
        bench.drain();
        for step in &steps {
            bench.play(step);
        }
        bench.end();
    }
}
