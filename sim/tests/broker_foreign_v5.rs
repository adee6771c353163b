//! The broker among clients of MQTT 5 whose codec others wrote: mqttbytes. It leaves the length of no
//! properties out of some packets, so there are always some.

use std::collections::BTreeMap;

use bytes::BytesMut;
use fivewire_core::time::Instant;
use fivewire_sim::broker::{Broker, ClientKey, Config, Input, Output};
use mqttbytes::QoS;
use mqttbytes::v5::{self, Packet};
use proptest::prelude::*;

/// A broker and what its clients were sent.
struct Net {
    broker: Broker,
    streams: BTreeMap<u32, BytesMut>,
}

impl Net {
    fn new() -> Self {
        let broker = Broker::new(Config { events: false, ..Config::default() });
        Self { broker, streams: BTreeMap::new() }
    }

    fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.broker.handle(now, input);
        loop {
            match self.broker.poll() {
                Output::Transmit(key, bytes) => {
                    let taken = bytes.len();
                    self.streams.entry(key.0).or_default().extend_from_slice(bytes);
                    self.broker.handle(now, Input::Sent(key, taken));
                }
                Output::Close(key, reason) => panic!("{key:?} was closed: {reason}"),
                Output::Event(_) => {}
                Output::Wait(_) => break,
            }
        }
    }

    fn send(&mut self, now: Instant, key: u32, packet: &Packet) {
        let mut bytes = BytesMut::new();
        match packet {
            Packet::Connect(packet) => packet.write(&mut bytes),
            Packet::Publish(packet) => packet.write(&mut bytes),
            Packet::PubAck(packet) => packet.write(&mut bytes),
            Packet::Subscribe(packet) => packet.write(&mut bytes),
            other => panic!("nothing to send here: {other:?}"),
        }
        .expect("mqttbytes writes its own packets");
        self.handle(now, Input::Received(ClientKey(key), &bytes));
    }

    /// The next packet for `key`, if there is one.
    fn next(&mut self, key: u32) -> Option<Packet> {
        let stream = self.streams.get_mut(&key).filter(|stream| !stream.is_empty())?;
        Some(v5::read(stream, usize::MAX).expect("the broker writes what others can read"))
    }

    fn connect(
        &mut self,
        now: Instant,
        key: u32,
        client_id: &str,
        receive_max: u16,
    ) -> v5::ConnAck {
        self.streams.remove(&key);
        self.handle(now, Input::Opened(ClientKey(key)));
        let properties = v5::ConnectProperties {
            session_expiry_interval: Some(600),
            receive_maximum: Some(receive_max),
            max_packet_size: None,
            topic_alias_max: Some(3),
            request_response_info: None,
            request_problem_info: None,
            user_properties: vec![("who".into(), client_id.into())],
            authentication_method: None,
            authentication_data: None,
        };
        let connect = v5::Connect {
            keep_alive: 0,
            clean_session: false,
            properties: Some(properties),
            ..v5::Connect::new(client_id)
        };
        self.send(now, key, &Packet::Connect(connect));
        match self.next(key) {
            Some(Packet::ConnAck(connack)) => connack,
            other => panic!("no CONNACK: {other:?}"),
        }
    }

    /// Subscribes with an identifier; QoS 1 is granted.
    fn subscribe(&mut self, key: u32, path: &str, id: usize) {
        let properties = v5::SubscribeProperties { id: Some(id), user_properties: vec![] };
        let subscribe = v5::Subscribe {
            pkid: 7,
            properties: Some(properties),
            ..v5::Subscribe::new(path, QoS::AtLeastOnce)
        };
        self.send(Instant::ZERO, key, &Packet::Subscribe(subscribe));
        let granted = vec![v5::SubscribeReasonCode::QoS1];
        let Some(Packet::SubAck(suback)) = self.next(key) else { panic!("no SUBACK") };
        assert_eq!((suback.pkid, suback.return_codes), (7, granted));
    }
}

fn properties() -> impl Strategy<Value = v5::PublishProperties> {
    let text = || proptest::option::of("[a-z]{0,12}");
    let user = proptest::collection::vec(("[a-z]{0,5}", "[a-z]{0,9}"), 1..4);
    let data = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..9));
    (text(), text(), user, data, 1..600_u32).prop_map(|(content, response, user, data, expiry)| {
        v5::PublishProperties {
            payload_format_indicator: Some(1),
            message_expiry_interval: Some(expiry),
            topic_alias: None,
            response_topic: response.filter(|topic| !topic.is_empty()),
            correlation_data: data.map(Into::into),
            user_properties: user,
            subscription_identifiers: vec![],
            content_type: content,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    /// Request and response with everything that travels along, while the receiver is away and then
    /// takes one message after the other.
    #[test]
    fn what_foreign_clients_publish_arrives_at_foreign_clients(
        messages in proptest::collection::vec((properties(), "[a-c]"), 1..8),
        waits_s in 0..300_u32,
        receive_max in 1..4_u16,
    ) {
        let mut net = Net::new();
        net.connect(Instant::ZERO, 1, "to", receive_max);
        net.subscribe(1, "+", 5);
        net.subscribe(1, "#", 300);
        net.handle(Instant::ZERO, Input::Closed(ClientKey(1)));
        let connack = net.connect(Instant::ZERO, 2, "from", 9);
        let told = connack.properties.expect("the broker has limits");
        prop_assert_eq!((told.receive_max, told.topic_alias_max), (Some(20), Some(10)));
        for (number, (properties, topic)) in (1_u16..).zip(&messages) {
            let publish = v5::Publish {
                pkid: number,
                properties: Some(properties.clone()),
                ..v5::Publish::new(topic, QoS::AtLeastOnce, [number as u8])
            };
            net.send(Instant::ZERO, 2, &Packet::Publish(publish));
            let Some(Packet::PubAck(puback)) = net.next(2) else { panic!("no PUBACK") };
            prop_assert_eq!((puback.pkid, puback.reason), (number, v5::PubAckReason::Success));
        }
        let later = Instant::ZERO.plus_ms(waits_s * 1_000);
        prop_assert!(net.connect(later, 1, "to", receive_max).session_present);
        let mut aliases: BTreeMap<u16, String> = BTreeMap::new();
        for (number, (sent, topic)) in (1_u8..).zip(&messages) {
            let left_s = sent.message_expiry_interval.expect("it has one").saturating_sub(waits_s);
            if left_s == 0 {
                continue;
            }
            let Some(Packet::Publish(got)) = net.next(1) else { panic!("no PUBLISH") };
            let properties = got.properties.expect("it has some");
            let alias = properties.topic_alias.expect("there are as many aliases as topics");
            if !got.topic.is_empty() {
                aliases.insert(alias, got.topic);
            }
            prop_assert_eq!((&aliases[&alias], &got.payload[..]), (topic, &[number][..]));
            let expected = v5::PublishProperties {
                message_expiry_interval: Some(left_s),
                topic_alias: Some(alias),
                subscription_identifiers: vec![5, 300],
                ..sent.clone()
            };
            prop_assert_eq!(properties, expected);
            net.send(later, 1, &Packet::PubAck(v5::PubAck::new(got.pkid)));
        }
        prop_assert_eq!(net.next(1), None);
    }
}
