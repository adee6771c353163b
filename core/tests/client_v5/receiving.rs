//! What the broker sends: messages, aliases, breaches.

use fivewire_core::client::Publication;
use fivewire_core::config::{Config, Mqtt5, Release};
use fivewire_core::event::Delivery;
use fivewire_core::mqtt::v5::{Ack, Disconnect, Packet, Properties, Property, Publish, ReasonCode};
use fivewire_core::mqtt::{PacketId, QoS};

use crate::rig::{CONFIG, Rig, T, accepted, id, publish_in};

/// MQTT 5 §4.10
#[test]
fn a_request_and_its_answer_carry_what_ties_them_together() {
    let mut rig = Rig::connected(&CONFIG, &[]);
    let request = Publication {
        properties: &[Property::ResponseTopic("answers/c"), Property::CorrelationData(b"42")],
        ..Publication::new("ask", b"?", QoS::AtMostOnce)
    };
    rig.client.publish(T, &request).unwrap();
    rig.drain();
    rig.sent(|packets| {
        let [Packet::Publish(publish)] = packets else { panic!("{packets:?}") };
        assert_eq!(publish.properties.response_topic(), Some("answers/c"));
        assert_eq!(publish.properties.correlation_data(), Some(&b"42"[..]));
    });
    let properties = [
        Property::CorrelationData(b"42"),
        Property::SubscriptionIdentifier(7),
        Property::SubscriptionIdentifier(9),
        Property::UserProperty("k", "1"),
        Property::UserProperty("k", "2"),
    ];
    rig.told();
    rig.receive(&publish_in("answers/c", Some(5), &properties));
    assert!(rig.told().contains(&format!("properties: {properties:?}")));
    rig.sent(|packets| assert_eq!(packets, [Packet::Puback(Ack::success(id(5)))]));
    rig.receive(&Packet::Publish(Publish::new("a", b"x", QoS::AtMostOnce)));
    assert!(rig.told().contains("properties: []"));
}

/// Brokers that restart do so; nothing is gained by leaving them each time (P6).
#[test]
fn a_broker_that_sends_more_than_the_receive_maximum_is_served_all_the_same() {
    let config = Config { receive_maximum: 2, release: Release::Explicit, ..CONFIG };
    let mut rig = Rig::connected(&config, &[]);
    for number in 1..=4 {
        rig.receive(&publish_in("a", Some(number), &[]));
    }
    assert_eq!(rig.told().matches("Message(").count(), 2);
    for delivery in 1..=4 {
        assert!(rig.client.release(T, Delivery::new(delivery).unwrap()));
        rig.drain();
    }
    assert_eq!(rig.told().matches("Message(").count(), 2);
    rig.sent(|packets| {
        assert!(
            packets.iter().eq(&[1, 2, 3, 4].map(|number| Packet::Puback(Ack::success(id(number)))))
        );
    });
}

/// [MQTT5-3.3.2-7] [MQTT5-3.3.2-10] [MQTT5-3.3.2-11]
#[test]
fn the_brokers_aliases_mean_their_topics_until_the_connection_ends() {
    let mqtt5 = Mqtt5 { topic_alias_maximum: 2, ..Mqtt5::new() };
    let mut rig = Rig::connected(&Config { mqtt5, ..CONFIG }, &[]);
    rig.client.hold(T, true);
    for (topic, alias) in [("a/b", 1), ("", 1), ("c", 2), ("", 2), ("other", 1), ("", 1)] {
        rig.receive(&publish_in(topic, None, &[Property::TopicAlias(alias)]));
    }
    rig.client.hold(T, false);
    rig.drain();
    let told = rig.told();
    let topics: Vec<&str> =
        told.split("topic: \"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(topics, ["a/b", "a/b", "c", "c", "other", "other"]);
    rig.receive(&publish_in("x", None, &[Property::TopicAlias(3)]));
    assert!(rig.told().contains("TopicAliasTooLarge"));
    rig.reconnect();
    rig.receive(&accepted(true, &[]));
    rig.receive(&publish_in("", None, &[Property::TopicAlias(1)]));
    assert!(rig.told().contains("TopicAliasUnknown"));
}

#[test]
fn topics_that_do_not_fit_into_memory_end_the_use_of_aliases() {
    let mqtt5 = Mqtt5 { topic_alias_maximum: 2, ..Mqtt5::new() };
    let mut rig = Rig::connected(&Config { mqtt5, ..CONFIG }, &[]);
    rig.receive(&publish_in(&"x".repeat(200), None, &[Property::TopicAlias(1)]));
    assert!(rig.told().ends_with("Disconnected { reason: TopicAliasesOverflow } "));
    rig.sent(|packets| {
        assert_eq!(packets, [Packet::Disconnect(Disconnect::new(ReasonCode::QuotaExceeded))]);
    });
    rig.reconnect();
    rig.sent(|packets| {
        let [Packet::Connect(connect)] = packets else { panic!("{packets:?}") };
        assert_eq!(connect.properties.topic_alias_maximum(), 0);
    });
}

/// The application holds back one QoS 0 message, so large that packets of `next_bytes` more just fill the
/// receive buffer.
fn holding_all_but(rig: &mut Rig, next_bytes: usize) {
    rig.client.hold(T, true);
    rig.drain();
    // fixed header, length of the topic, the topic, length of the properties
    let around_bytes = 3 + 2 + 1 + 1;
    let payload = vec![b'x'; rig.client.receive_capacity() - next_bytes - around_bytes];
    rig.receive(&Packet::Publish(Publish::new("a", &payload, QoS::AtMostOnce)));
    assert_eq!(rig.client.receive_capacity(), next_bytes);
}

#[test]
fn topics_that_do_not_fit_are_said_goodbye_for_also_where_a_message_could_give_way() {
    let mqtt5 = Mqtt5 { topic_alias_maximum: 2, ..Mqtt5::new() };
    let mut rig = Rig::connected(&Config { mqtt5, ..CONFIG }, &[]);
    let topic = "x".repeat(200);
    let too_long = publish_in(&topic, None, &[Property::TopicAlias(1)]);
    holding_all_but(&mut rig, too_long.encoded_len());
    rig.receive(&too_long);
    assert!(rig.told().ends_with("Disconnected { reason: TopicAliasesOverflow } "));
    rig.sent(|packets| {
        assert_eq!(packets, [Packet::Disconnect(Disconnect::new(ReasonCode::QuotaExceeded))]);
    });
    assert_eq!(rig.client.counters().dropped_qos0_in, 0);
}

#[test]
fn what_waits_because_it_renames_an_alias_is_read_as_soon_as_what_it_waits_for_gives_way() {
    let mqtt5 = Mqtt5 { topic_alias_maximum: 2, ..Mqtt5::new() };
    let mut rig = Rig::connected(&Config { mqtt5, ..CONFIG }, &[]);
    rig.client.publish(T, &Publication::new("a", b"1", QoS::AtLeastOnce)).unwrap();
    rig.receive(&publish_in("a", None, &[Property::TopicAlias(1)]));
    let renaming = publish_in("b", None, &[Property::TopicAlias(1)]);
    let acknowledgement = Packet::Puback(Ack::success(id(1)));
    holding_all_but(&mut rig, renaming.encoded_len() + acknowledgement.encoded_len());
    rig.receive(&renaming);
    rig.told();
    rig.receive(&acknowledgement);
    assert_eq!(rig.told(), "Acked(Ticket(1)) ");
    assert_eq!(rig.client.counters().dropped_qos0_in, 1);
}

/// What is given up behind messages that the application does not take is not looked into: an alias
/// that was given a meaning there is used by what comes behind it, and nobody is to blame.
#[test]
fn while_messages_are_given_up_an_alias_may_mean_anything() {
    let mqtt5 = Mqtt5 { topic_alias_maximum: 2, ..Mqtt5::new() };
    let mut rig = Rig::connected(&Config { mqtt5, ..CONFIG }, &[]);
    rig.client.publish(T, &Publication::new("a", b"1", QoS::AtLeastOnce)).unwrap();
    rig.client.hold(T, true);
    rig.drain();
    let message = |number: u16, topic, alias, payload: &[u8]| {
        let properties = [Property::TopicAlias(alias)];
        let publish = Publish {
            packet_id: PacketId::new(number),
            properties: Properties::of(&properties),
            ..Publish::new(topic, payload, QoS::AtLeastOnce)
        };
        let mut bytes = vec![0; 256];
        let size = Packet::Publish(publish).encode(&mut bytes).unwrap();
        bytes.truncate(size);
        bytes
    };
    let mut stream: Vec<u8> =
        (1..=3).flat_map(|number| message(number, "a", 1, &[b'x'; 120])).collect();
    stream.extend(message(4, "b", 2, &[b'x'; 120]));
    stream.extend(message(5, "", 2, b"!"));
    stream.extend(b"\x40\x02\x00\x01");
    for second in 1..12 {
        while !stream.is_empty() && rig.client.receive_capacity() > 0 {
            let count = rig.client.receive_capacity().min(stream.len());
            let chunk: Vec<u8> = stream.drain(..count).collect();
            rig.receive_bytes(&chunk);
        }
        rig.at(T.plus_ms(second * 1_000));
    }
    let told = rig.told();
    assert!(stream.is_empty() && told.contains("Acked(Ticket(1))"), "{told}");
    assert!(!told.contains("Disconnected"), "{told}");
}

#[test]
fn a_malformed_packet_is_answered_and_nothing_behind_it_is_read() {
    let mut rig = Rig::connected(&CONFIG, &[]);
    rig.receive_bytes(b"\x40\x03\x00\x01\x05\x30\x06\x00\x03a/b\x00");
    assert_eq!(
        rig.told(),
        "CloseTcp Disconnected { reason: Breach(V5(PubackReasonCode { code: 5 })) } "
    );
    rig.sent(|packets| {
        assert_eq!(packets, [Packet::Disconnect(Disconnect::new(ReasonCode::MalformedPacket))]);
    });
    // larger than the receive buffer, of which it was told
    let mut rig = Rig::connected(&CONFIG, &[]);
    rig.receive_bytes(b"\x32\xFF\x7F");
    assert!(rig.told().contains("Breach(V5(PacketTooLarge))"));
}

/// What waited for the client comes in one piece with the CONNACK.
#[test]
fn messages_right_behind_the_connack_are_all_handed_out() {
    let mut rig = Rig::opened(&CONFIG);
    let mut bytes = Vec::new();
    for packet in [
        accepted(true, &[Property::TopicAliasMaximum(10), Property::ReceiveMaximum(20)]),
        publish_in("a", Some(1), &[]),
        publish_in("b", Some(2), &[]),
        publish_in("c", Some(3), &[]),
    ] {
        let at = bytes.len();
        bytes.resize(at + packet.encoded_len(), 0);
        packet.encode(&mut bytes[at..]).unwrap();
    }
    rig.receive_bytes(&bytes);
    let told = rig.told();
    assert!(told.contains("Connected"), "{told}");
    assert_eq!(told.matches("Message(").count(), 3, "{told}");
}
