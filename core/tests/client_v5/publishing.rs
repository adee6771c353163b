//! Publications: limits, refusals, expiry, aliases.

use fivewire_core::client::Publication;
use fivewire_core::config::{Config, Mqtt5};
use fivewire_core::error::PublishError;
use fivewire_core::mqtt::v5::{Ack, Packet, Property, ReasonCode};
use fivewire_core::mqtt::{ProtocolVersion, QoS};
use fivewire_core::time::Instant;

use crate::rig::{CONFIG, Rig, T, accepted, id};

/// D-46, [MQTT5-4.4.0-2]
#[test]
fn a_refused_publication_is_told_once_and_never_sent_again() {
    let mut rig = Rig::connected(&CONFIG, &[]);
    for payload in [b"1", b"2", b"3"] {
        rig.client.publish(T, &Publication::new("a", payload, QoS::AtLeastOnce)).unwrap();
    }
    rig.drain();
    rig.sent(|packets| assert_eq!(packets.len(), 3));
    for (number, reason_code) in
        [(1, ReasonCode::NotAuthorized), (2, ReasonCode::NoMatchingSubscribers)]
    {
        rig.receive(&Packet::Puback(Ack { reason_code, ..Ack::success(id(number)) }));
    }
    assert_eq!(
        rig.told(),
        "Reason { ticket: Ticket(1), reason_code: NotAuthorized } \
         Refused { ticket: Ticket(1), reason: ByBroker(NotAuthorized) } \
         Reason { ticket: Ticket(2), reason_code: NoMatchingSubscribers } Acked(Ticket(2)) "
    );
    rig.reconnect();
    rig.sent(|_| {});
    rig.receive(&accepted(true, &[]));
    rig.sent(|packets| {
        let [Packet::Publish(again)] = packets else { panic!("{packets:?}") };
        assert_eq!((again.payload, again.dup, again.packet_id), (&b"3"[..], true, Some(id(3))));
    });
}

/// [MQTT5-3.3.4-7] [MQTT5-3.3.4-8]
#[test]
fn the_brokers_receive_maximum_is_kept_and_holds_up_publications_only() {
    let mut rig = Rig::connected(&CONFIG, &[Property::ReceiveMaximum(2)]);
    for payload in [b"1", b"2", b"3"] {
        rig.client.publish(T, &Publication::new("a", payload, QoS::AtLeastOnce)).unwrap();
    }
    rig.client.subscribe(T, "s", QoS::AtLeastOnce).unwrap();
    rig.drain();
    rig.sent(|packets| {
        let names: Vec<_> = packets.iter().map(Packet::name).collect();
        assert_eq!(names, ["SUBSCRIBE", "PUBLISH", "PUBLISH"]);
    });
    rig.receive(&Packet::Puback(Ack::success(id(1))));
    rig.sent(|packets| {
        let [Packet::Publish(third)] = packets else { panic!("{packets:?}") };
        assert_eq!(third.payload, b"3");
    });
}

/// [MQTT5-3.2.2-11] [MQTT5-3.2.2-14] [MQTT5-3.2.2-15]
#[test]
fn what_the_broker_does_not_take_is_refused_in_its_name() {
    let mut rig = Rig::opened(&CONFIG);
    let kept = Publication { retain: true, ..Publication::new("a", b"", QoS::AtMostOnce) };
    for publication in [
        Publication::new("a", &[7; 40], QoS::AtLeastOnce),
        Publication::new("a", b"fits", QoS::AtLeastOnce),
        kept,
    ] {
        rig.client.publish(T, &publication).unwrap();
    }
    rig.client.subscribe(T, "a/#", QoS::AtLeastOnce).unwrap();
    rig.drain();
    rig.sent(|_| {});
    rig.receive(&accepted(
        false,
        &[
            Property::MaximumPacketSize(30),
            Property::RetainAvailable(false),
            Property::WildcardSubscriptionAvailable(false),
        ],
    ));
    let told = rig.told();
    for expected in [
        "Refused { ticket: Ticket(1), reason: ByBroker(PacketTooLarge) }",
        "Refused { ticket: Ticket(3), reason: ByBroker(RetainNotSupported) }",
        "reason_code: WildcardSubscriptionsNotSupported } SubscribeRefused(Ticket(4))",
    ] {
        assert!(told.contains(expected), "{expected} is not in {told}");
    }
    rig.sent(|packets| {
        let [Packet::Publish(publish)] = packets else { panic!("{packets:?}") };
        assert_eq!(publish.payload, b"fits");
    });
    let mut rig = Rig::connected(&CONFIG, &[Property::MaximumQos(QoS::AtMostOnce)]);
    rig.client.publish(T, &Publication::new("a", b"", QoS::AtLeastOnce)).unwrap();
    rig.drain();
    assert!(rig.told().contains("ByBroker(QosNotSupported)"));
}

fn left_s(packets: &[Packet<'_>]) -> Option<u32> {
    let Some(Packet::Publish(publish)) = packets.last() else { panic!("{packets:?}") };
    publish.properties.message_expiry_interval_s()
}

/// [MQTT5-3.3.2-6] by analogy: the time that a publication waits in the client counts.
#[test]
fn a_message_expiry_interval_shrinks_while_the_publication_waits_and_is_a_deadline() {
    let mut rig = Rig::opened(&CONFIG);
    let expiring = Publication {
        properties: &[Property::MessageExpiryInterval(60)],
        ..Publication::new("a", b"1", QoS::AtLeastOnce)
    };
    rig.client.publish(T, &expiring).unwrap();
    rig.at(Instant::from_millis(6_500));
    rig.receive(&accepted(false, &[]));
    rig.sent(|packets| assert_eq!(left_s(packets), Some(55)));
    rig.at(Instant::from_millis(20_000));
    rig.reconnect();
    rig.receive(&accepted(true, &[]));
    rig.sent(|packets| assert!((38..=41).contains(&left_s(packets).unwrap()), "{packets:?}"));
    rig.told();
    rig.at(Instant::from_millis(60_999));
    assert!(!rig.told().contains("Expired"));
    rig.at(Instant::from_millis(61_000));
    assert!(rig.told().contains("Abandoned { ticket: Ticket(1), reason: Expired }"));
}

/// The topics and aliases of the publications that were sent.
fn topics(packets: &[Packet<'_>]) -> Vec<(String, Option<u16>)> {
    let publish = |packet: &Packet<'_>| match packet {
        Packet::Publish(publish) => {
            Some((publish.topic.to_owned(), publish.properties.topic_alias()))
        }
        _ => None,
    };
    packets.iter().filter_map(publish).collect()
}

/// [MQTT5-3.3.2-7] [MQTT5-3.3.2-9]
#[test]
fn own_topics_get_aliases_anew_on_each_connection() {
    let mqtt5 = Mqtt5 { own_topic_aliases: 9, ..Mqtt5::new() };
    let mut rig = Rig::connected(&Config { mqtt5, ..CONFIG }, &[Property::TopicAliasMaximum(1)]);
    let row = |topic: &str, alias| (topic.to_owned(), alias);
    for topic in ["a/b", "c", "a/b"] {
        rig.client.publish(T, &Publication::new(topic, b"x", QoS::AtLeastOnce)).unwrap();
    }
    rig.drain();
    rig.sent(|packets| {
        assert_eq!(topics(packets), [row("a/b", Some(1)), row("c", None), row("", Some(1))]);
    });
    rig.receive(&Packet::Puback(Ack::success(id(1))));
    rig.reconnect();
    rig.sent(|_| {});
    rig.receive(&accepted(true, &[Property::TopicAliasMaximum(2)]));
    rig.sent(|packets| assert_eq!(topics(packets), [row("c", Some(1)), row("a/b", Some(2))]));
    rig.reconnect();
    rig.sent(|_| {});
    rig.receive(&accepted(true, &[]));
    rig.sent(|packets| assert_eq!(topics(packets), [row("c", None), row("a/b", None)]));
}

#[test]
fn a_payload_larger_than_the_transmit_buffer_leaves_in_pieces_behind_its_head() {
    let mqtt5 = Mqtt5 { own_topic_aliases: 2, ..Mqtt5::new() };
    let mut rig = Rig::connected(&Config { mqtt5, ..CONFIG }, &[Property::TopicAliasMaximum(2)]);
    let payload = [7; 1_500];
    for _ in 0..2 {
        rig.client.publish(T, &Publication::new("a/b", &payload, QoS::AtLeastOnce)).unwrap();
    }
    rig.drain();
    rig.sent(|packets| {
        let [Packet::Publish(first), Packet::Publish(second)] = packets else {
            panic!("{packets:?}")
        };
        assert_eq!((first.topic, second.topic), ("a/b", ""));
        assert_eq!((first.payload, second.payload), (&payload[..], &payload[..]));
    });
}

#[test]
fn what_no_publication_may_have_is_refused_before_it_is_queued() {
    let with =
        |properties| Publication { properties, ..Publication::new("a", b"", QoS::AtMostOnce) };
    let harmless = [Property::ContentType("t")];
    let mut rig = Rig::opened(&Config { protocol: ProtocolVersion::V3_1_1, ..CONFIG });
    assert_eq!(rig.client.publish(T, &with(&harmless)), Err(PublishError::NeedsMqtt5));
    let mut rig = Rig::opened(&CONFIG);
    assert!(rig.client.publish(T, &with(&harmless)).is_ok());
    for properties in [
        &[Property::TopicAlias(1)][..],
        &[Property::SubscriptionIdentifier(1)],
        &[Property::ReceiveMaximum(1)],
        &[Property::ResponseTopic("a/#")],
        &[Property::ContentType("t"), Property::ContentType("t")],
    ] {
        assert_eq!(rig.client.publish(T, &with(properties)), Err(PublishError::Property));
    }
    let long = "x".repeat(600);
    let too_long = [Property::ContentType(&long)];
    let answer = rig.client.publish(T, &with(&too_long));
    assert!(matches!(answer, Err(PublishError::TooLarge { max_bytes: 512, .. })), "{answer:?}");
}
