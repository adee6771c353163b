//! The broker among clients whose codec and topic matcher others wrote: mqttbytes.

use std::collections::BTreeMap;

use bytes::BytesMut;
use fivewire_core::time::Instant;
use fivewire_sim::broker::{Broker, ClientKey, Config, Input, Output};
use mqttbytes::v4::{self, Packet};
use mqttbytes::{QoS, matches};
use proptest::prelude::*;

/// A broker and what its clients were sent.
struct Net {
    broker: Broker,
    streams: BTreeMap<u32, BytesMut>,
}

impl Net {
    fn new() -> Self {
        let broker = Broker::new(Config { events: false, in_flight_max: 3, ..Config::default() });
        Self { broker, streams: BTreeMap::new() }
    }

    fn handle(&mut self, input: Input<'_>) {
        self.broker.handle(Instant::ZERO, input);
        loop {
            match self.broker.poll() {
                Output::Transmit(key, bytes) => {
                    let taken = bytes.len();
                    self.streams.entry(key.0).or_default().extend_from_slice(bytes);
                    self.broker.handle(Instant::ZERO, Input::Sent(key, taken));
                }
                Output::Close(key, reason) => panic!("{key:?} was closed: {reason}"),
                Output::Event(_) => {}
                Output::Wait(_) => break,
            }
        }
    }

    fn send(&mut self, key: u32, packet: &Packet) {
        let bytes = encoded(packet);
        self.handle(Input::Received(ClientKey(key), &bytes));
    }

    /// The next packet for `key`, if there is one.
    fn next(&mut self, key: u32) -> Option<Packet> {
        let stream = self.streams.get_mut(&key).filter(|stream| !stream.is_empty())?;
        Some(v4::read(stream, usize::MAX).expect("the broker writes what others can read"))
    }

    fn connect(&mut self, key: u32, connect: v4::Connect) -> v4::ConnAck {
        self.streams.remove(&key);
        self.handle(Input::Opened(ClientKey(key)));
        self.send(key, &Packet::Connect(connect));
        match self.next(key) {
            Some(Packet::ConnAck(connack)) => connack,
            other => panic!("no CONNACK: {other:?}"),
        }
    }

    fn subscribe(&mut self, key: u32, path: &str, qos: QoS) {
        let subscribe = v4::Subscribe { pkid: 7, ..v4::Subscribe::new(path, qos) };
        self.send(key, &Packet::Subscribe(subscribe));
        let granted = v4::SubAck::new(7, vec![v4::SubscribeReasonCode::Success(qos)]);
        assert_eq!(self.next(key), Some(Packet::SubAck(granted)));
    }

    /// Publishes as `key`, all steps of it.
    fn publish(&mut self, key: u32, publish: &v4::Publish) {
        let pkid = publish.pkid;
        self.send(key, &Packet::Publish(publish.clone()));
        match publish.qos {
            QoS::AtMostOnce => {}
            QoS::AtLeastOnce => {
                assert_eq!(self.next(key), Some(Packet::PubAck(v4::PubAck::new(pkid))));
            }
            QoS::ExactlyOnce => {
                assert_eq!(self.next(key), Some(Packet::PubRec(v4::PubRec::new(pkid))));
                self.send(key, &Packet::PubRel(v4::PubRel::new(pkid)));
                assert_eq!(self.next(key), Some(Packet::PubComp(v4::PubComp::new(pkid))));
            }
        }
    }

    /// Takes the next `count` messages for `key`, or all there are, and does what each asks for.
    fn take_messages(&mut self, key: u32, count: usize) -> Vec<v4::Publish> {
        let mut messages = Vec::new();
        while messages.len() < count
            && let Some(packet) = self.next(key)
        {
            match packet {
                Packet::Publish(publish) => {
                    let pkid = publish.pkid;
                    match publish.qos {
                        QoS::AtMostOnce => {}
                        QoS::AtLeastOnce => self.send(key, &Packet::PubAck(v4::PubAck::new(pkid))),
                        QoS::ExactlyOnce => self.send(key, &Packet::PubRec(v4::PubRec::new(pkid))),
                    }
                    messages.push(publish);
                }
                Packet::PubRel(v4::PubRel { pkid }) => {
                    self.send(key, &Packet::PubComp(v4::PubComp::new(pkid)));
                }
                other => panic!("not asked for: {other:?}"),
            }
        }
        messages
    }
}

fn encoded(packet: &Packet) -> BytesMut {
    let mut bytes = BytesMut::new();
    let written = match packet {
        Packet::Connect(packet) => packet.write(&mut bytes),
        Packet::Publish(packet) => packet.write(&mut bytes),
        Packet::PubAck(packet) => packet.write(&mut bytes),
        Packet::PubRec(packet) => packet.write(&mut bytes),
        Packet::PubRel(packet) => packet.write(&mut bytes),
        Packet::PubComp(packet) => packet.write(&mut bytes),
        Packet::Subscribe(packet) => packet.write(&mut bytes),
        Packet::Unsubscribe(packet) => packet.write(&mut bytes),
        Packet::PingReq => v4::PingReq.write(&mut bytes),
        Packet::Disconnect => v4::Disconnect.write(&mut bytes),
        other => panic!("not for clients: {other:?}"),
    };
    written.expect("the packet is well-formed");
    bytes
}

fn lasting(client_id: &str) -> v4::Connect {
    v4::Connect { clean_session: false, ..v4::Connect::new(client_id) }
}

fn message(topic: &str, qos: QoS, pkid: u16, payload: &[u8]) -> v4::Publish {
    v4::Publish { pkid, ..v4::Publish::new(topic, qos, payload) }
}

#[test]
fn every_packet_of_a_conversation_is_understood() {
    let mut net = Net::new();
    let mut connect = v4::Connect::new("mortal");
    connect.last_will = Some(v4::LastWill::new("will", "gone", QoS::ExactlyOnce, true));
    connect.set_login("me", "secret");
    assert_eq!(net.connect(1, connect), v4::ConnAck::new(v4::ConnectReturnCode::Success, false));
    net.connect(2, lasting("listener"));
    net.subscribe(2, "#", QoS::ExactlyOnce);
    net.send(1, &Packet::PingReq);
    assert_eq!(net.next(1), Some(Packet::PingResp));
    for (pkid, qos) in [(0, QoS::AtMostOnce), (1, QoS::AtLeastOnce), (2, QoS::ExactlyOnce)] {
        net.publish(1, &message("a/b", qos, pkid, b"hello"));
        let received = net.take_messages(2, usize::MAX);
        assert_eq!(received, [message("a/b", qos, pkid, b"hello")]);
    }
    net.handle(Input::Closed(ClientKey(1)));
    assert_eq!(net.take_messages(2, usize::MAX), [message("will", QoS::ExactlyOnce, 3, b"gone")]);
    assert_eq!(net.broker.in_flight("listener"), 0);
    let unsubscribe = v4::Unsubscribe { pkid: 9, ..v4::Unsubscribe::new("#") };
    net.send(2, &Packet::Unsubscribe(unsubscribe));
    assert_eq!(net.next(2), Some(Packet::UnsubAck(v4::UnsubAck::new(9))));
    assert_eq!(net.broker.retained("will"), Some(&b"gone"[..]));
}

#[test]
fn refusals_are_understood() {
    let mut net = Net::new();
    let key = ClientKey(1);
    net.broker.handle(Instant::ZERO, Input::Opened(key));
    let bytes = encoded(&Packet::Connect(lasting("")));
    net.broker.handle(Instant::ZERO, Input::Received(key, &bytes));
    loop {
        match net.broker.poll() {
            Output::Transmit(_, bytes) => {
                let connack = v4::read(&mut BytesMut::from(bytes), usize::MAX);
                let refused = v4::ConnAck::new(v4::ConnectReturnCode::BadClientId, false);
                assert_eq!(connack, Ok(Packet::ConnAck(refused)));
            }
            Output::Close(closed, _) => break assert_eq!(closed, key),
            Output::Event(_) | Output::Wait(_) => panic!("not closed"),
        }
    }
}

fn qos() -> impl Strategy<Value = QoS> {
    prop::sample::select(vec![QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce])
}

/// Topics short enough to be matched often. None begins with `$`, on which mqttbytes disagrees with
/// [MQTT-4.7.2-1] where the filter names it.
fn topic() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", ""]), 1..4)
        .prop_map(|levels| levels.join("/"))
        .prop_filter("a topic is not empty", |topic| !topic.is_empty())
}

fn filter() -> impl Strategy<Value = String> {
    let level = prop::sample::select(vec!["a", "b", "", "+", "+"]);
    (prop::collection::vec(level, 1..4), any::<bool>())
        .prop_map(|(levels, all_below)| {
            let filter = levels.join("/");
            if all_below { format!("{filter}/#") } else { filter }
        })
        .prop_filter("a filter is not empty", |filter| !filter.is_empty())
}

/// What may happen to a subscriber with a lasting session.
#[derive(Clone, Copy, Debug)]
enum Step {
    Publish(QoS),
    /// It takes this many messages, acknowledging each.
    Take(usize),
    /// It is away, or back.
    Leave,
    Return,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => qos().prop_map(Step::Publish),
        3 => (0..6_usize).prop_map(Step::Take),
        1 => Just(Step::Leave),
        2 => Just(Step::Return),
    ];
    prop::collection::vec(step, 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_message_reaches_who_subscribed_once_and_at_the_right_qos(
        subscriptions in prop::collection::vec((filter(), qos()), 0..5),
        messages in prop::collection::vec((topic(), qos()), 1..10),
    ) {
        let mut net = Net::new();
        net.connect(1, v4::Connect::new("from"));
        net.connect(2, v4::Connect::new("to"));
        // the last QoS asked for with a filter counts
        let granted: BTreeMap<_, _> = subscriptions.into_iter().collect();
        for (filter, qos) in &granted {
            net.subscribe(2, filter, *qos);
        }
        for (number, (topic, published)) in messages.iter().enumerate() {
            let pkid = if *published == QoS::AtMostOnce { 0 } else { number as u16 + 1 };
            net.publish(1, &message(topic, *published, pkid, &[number as u8]));
            let best = granted
                .iter()
                .filter(|(filter, _)| matches(topic, filter))
                .map(|(_, qos)| *qos as u8)
                .max();
            let received: Vec<_> = net
                .take_messages(2, usize::MAX)
                .into_iter()
                .map(|copy| (copy.topic, copy.qos as u8, copy.payload[0], copy.dup, copy.retain))
                .collect();
            let expected = best.map(|granted| {
                (topic.clone(), granted.min(*published as u8), number as u8, false, false)
            });
            prop_assert_eq!(received, Vec::from_iter(expected));
        }
    }

    #[test]
    fn a_lasting_session_loses_and_reorders_nothing_however_often_its_client_leaves(
        steps in steps()
    ) {
        let mut net = Net::new();
        net.connect(1, v4::Connect::new("from"));
        net.connect(2, lasting("to"));
        net.subscribe(2, "a", QoS::ExactlyOnce);
        let mut is_there = true;
        let (mut published, mut received) = (Vec::new(), Vec::new());
        for step in steps.into_iter().chain([Step::Return, Step::Take(usize::MAX)]) {
            match step {
                Step::Publish(qos) => {
                    let number = published.len() as u8;
                    let pkid = if qos == QoS::AtMostOnce { 0 } else { u16::from(number) + 1 };
                    net.publish(1, &message("a", qos, pkid, &[number]));
                    published.push((number, qos));
                }
                Step::Take(count) if is_there => received.extend(net.take_messages(2, count)),
                Step::Leave if is_there => {
                    net.handle(Input::Closed(ClientKey(2)));
                    is_there = false;
                }
                Step::Return if !is_there => {
                    prop_assert!(net.connect(2, lasting("to")).session_present);
                    is_there = true;
                }
                Step::Take(_) | Step::Leave | Step::Return => {}
            }
        }
        for wanted in [QoS::AtLeastOnce, QoS::ExactlyOnce] {
            let sent = published.iter().filter(|(_, qos)| *qos == wanted).map(|(number, _)| *number);
            let mut arrived = received.iter().filter(|copy| copy.qos == wanted);
            for number in sent {
                let first = arrived.find(|copy| copy.payload[0] == number);
                prop_assert!(first.is_some(), "{number} is missing or came after a later one");
            }
        }
        prop_assert_eq!((net.broker.in_flight("to"), net.broker.queued("to")), (0, 0));
    }
}
