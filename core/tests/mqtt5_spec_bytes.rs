//! Every packet of MQTT 5 and every property as bytes written by hand from the specification, in
//! both directions.

#![cfg(feature = "mqtt5")]

use fivewire_core::mqtt::v5::{
    Ack, Auth, Connack, Connect, Disconnect, Filters, Packet, Properties, Property, Publish,
    ReasonCode, ReasonCodes, RetainHandling, Suback, Subscribe, SubscriptionOptions, TopicFilters,
    Unsuback, Unsubscribe, Will, decode, split,
};
use fivewire_core::mqtt::{BufferTooSmall, FixedHeader, PacketId, QoS, Split};

/// `bytes` and `packet` are the same packet.
#[track_caller]
fn check(bytes: &[u8], packet: Packet<'_>) {
    assert_eq!(decode(bytes), Ok(packet));
    assert_eq!(packet.encoded_len(), bytes.len());
    let mut buffer = [0xA5; 512];
    assert_eq!(packet.encode(&mut buffer), Ok(bytes.len()));
    assert_eq!(&buffer[..bytes.len()], bytes);
    assert_eq!(packet.packet_type(), bytes[0] >> 4);
    let remaining_len = bytes.len() - 2;
    let header = FixedHeader { first_byte: bytes[0], header_len: 2, remaining_len };
    assert_eq!(split(bytes), Ok(Split::Header(header)));
}

/// `bytes` say what `packet` says, with more bytes than it takes.
#[track_caller]
fn reads(bytes: &[u8], packet: Packet<'_>) {
    assert_eq!(decode(bytes), Ok(packet));
    assert!(packet.encoded_len() < bytes.len());
}

fn id(id: u16) -> PacketId {
    PacketId::new(id).expect("not 0")
}

const PLAIN_CONNECT: Connect<'_> = Connect {
    client_id: "a",
    clean_start: true,
    keep_alive_s: 60,
    properties: Properties::NONE,
    will: None,
    username: None,
    password: None,
};

#[test]
fn connect() {
    check(b"\x10\x0E\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x01a", Packet::Connect(PLAIN_CONNECT));
    let without_id = Connect { client_id: "", clean_start: false, ..PLAIN_CONNECT };
    check(b"\x10\x0D\x00\x04MQTT\x05\x00\x00\x3C\x00\x00\x00", Packet::Connect(without_id));
    // a password without a user name: 0b0100_0010
    let password_only = Connect { password: Some(b"\xFF"), ..PLAIN_CONNECT };
    check(
        b"\x10\x11\x00\x04MQTT\x05\x42\x00\x3C\x00\x00\x01a\x00\x01\xFF",
        Packet::Connect(password_only),
    );
}

/// MQTT 5 §3.1.2.11 and §3.1.3.2.
#[test]
fn connect_with_every_property() {
    let properties = [
        Property::SessionExpiryInterval(0x0001_0203),
        Property::ReceiveMaximum(20),
        Property::MaximumPacketSize(0x0000_0400),
        Property::TopicAliasMaximum(8),
        Property::RequestResponseInformation(true),
        Property::RequestProblemInformation(false),
        Property::UserProperty("k", "v"),
        Property::UserProperty("k", ""),
        Property::AuthenticationMethod("S"),
        Property::AuthenticationData(b"\x00"),
    ];
    let of_will = [
        Property::WillDelayInterval(5),
        Property::PayloadFormatIndicator(true),
        Property::MessageExpiryInterval(7),
        Property::ContentType("t"),
        Property::ResponseTopic("r"),
        Property::CorrelationData(b"\xFF"),
        Property::UserProperty("w", "x"),
    ];
    let connect = Connect {
        client_id: "door",
        clean_start: false,
        properties: Properties::of(&properties),
        will: Some(Will {
            topic: "up",
            payload: b"0",
            qos: QoS::AtLeastOnce,
            retain: true,
            properties: Properties::of(&of_will),
        }),
        username: Some("me"),
        password: Some(b"\x00\xFF"),
        ..PLAIN_CONNECT
    };
    check(
        b"\x10\x69\x00\x04MQTT\x05\xEC\x00\x3C\
          \x29\x11\x00\x01\x02\x03\x21\x00\x14\x27\x00\x00\x04\x00\x22\x00\x08\x19\x01\x17\x00\
          \x26\x00\x01k\x00\x01v\x26\x00\x01k\x00\x00\x15\x00\x01S\x16\x00\x01\x00\
          \x00\x04door\
          \x1F\x18\x00\x00\x00\x05\x01\x01\x02\x00\x00\x00\x07\x03\x00\x01t\x08\x00\x01r\
          \x09\x00\x01\xFF\x26\x00\x01w\x00\x01x\
          \x00\x02up\x00\x010\x00\x02me\x00\x02\x00\xFF",
        Packet::Connect(connect),
    );
    let all = connect.properties;
    assert_eq!(all.session_expiry_interval_s(), Some(0x0001_0203));
    assert_eq!((all.receive_maximum(), all.topic_alias_maximum()), (20, 8));
    assert_eq!(all.maximum_packet_size_bytes(), Some(1_024));
    assert!(all.request_response_information() && !all.request_problem_information());
    assert!(all.user_properties().eq([("k", "v"), ("k", "")]));
    assert_eq!(all.authentication_method(), Some("S"));
    assert_eq!(all.authentication_data(), Some(&b"\x00"[..]));
    let will = connect.will.expect("there is one").properties;
    assert_eq!((will.will_delay_interval_s(), will.message_expiry_interval_s()), (5, Some(7)));
    assert!(will.payload_is_utf8());
    assert_eq!((will.content_type(), will.response_topic()), (Some("t"), Some("r")));
    assert_eq!(will.correlation_data(), Some(&b"\xFF"[..]));
}

#[test]
fn connack() {
    let accepted = Connack {
        session_present: false,
        reason_code: ReasonCode::Success,
        properties: Properties::NONE,
    };
    check(&[0x20, 3, 0, 0, 0], Packet::Connack(accepted));
    let resumed = Connack { session_present: true, ..accepted };
    check(&[0x20, 3, 1, 0, 0], Packet::Connack(resumed));
    for reason_code in ReasonCode::all().filter(|code| code.is_allowed_in(2)) {
        let connack = Connack { reason_code, ..accepted };
        check(&[0x20, 3, 0, reason_code.as_u8(), 0], Packet::Connack(connack));
    }
}

/// MQTT 5 §3.2.2.3.
#[test]
fn connack_with_every_property() {
    let properties = [
        Property::SessionExpiryInterval(1),
        Property::ReceiveMaximum(2),
        Property::MaximumQos(QoS::AtLeastOnce),
        Property::RetainAvailable(false),
        Property::MaximumPacketSize(3),
        Property::AssignedClientIdentifier("i"),
        Property::TopicAliasMaximum(4),
        Property::ReasonString("y"),
        Property::UserProperty("k", "v"),
        Property::WildcardSubscriptionAvailable(false),
        Property::SubscriptionIdentifierAvailable(false),
        Property::SharedSubscriptionAvailable(false),
        Property::ServerKeepAlive(5),
        Property::ResponseInformation("p"),
        Property::ServerReference("s"),
        Property::AuthenticationMethod("S"),
        Property::AuthenticationData(b"\x00"),
    ];
    let connack = Connack {
        session_present: false,
        reason_code: ReasonCode::Success,
        properties: Properties::of(&properties),
    };
    check(
        b"\x20\x3F\x00\x00\x3C\x11\x00\x00\x00\x01\x21\x00\x02\x24\x01\x25\x00\x27\x00\x00\x00\x03\
          \x12\x00\x01i\x22\x00\x04\x1F\x00\x01y\x26\x00\x01k\x00\x01v\x28\x00\x29\x00\x2A\x00\
          \x13\x00\x05\x1A\x00\x01p\x1C\x00\x01s\x15\x00\x01S\x16\x00\x01\x00",
        Packet::Connack(connack),
    );
    let all = connack.properties;
    assert_eq!((all.maximum_qos(), all.retain_available()), (QoS::AtLeastOnce, false));
    assert_eq!(all.assigned_client_identifier(), Some("i"));
    assert_eq!((all.reason_string(), all.server_keep_alive_s()), (Some("y"), Some(5)));
    assert!(!all.wildcard_subscription_available() && !all.shared_subscription_available());
    assert!(!all.subscription_identifier_available());
    assert_eq!((all.response_information(), all.server_reference()), (Some("p"), Some("s")));
}

/// What the specification says a property means that is not there.
#[test]
fn absent_properties_have_the_defaults_of_the_specification() {
    let none = Properties::NONE;
    assert_eq!((none.receive_maximum(), none.topic_alias_maximum()), (65_535, 0));
    assert_eq!((none.maximum_qos(), none.maximum_packet_size_bytes()), (QoS::ExactlyOnce, None));
    assert_eq!((none.session_expiry_interval_s(), none.will_delay_interval_s()), (None, 0));
    assert!(none.retain_available() && none.request_problem_information());
    assert!(!none.request_response_information() && !none.payload_is_utf8());
    assert!(none.wildcard_subscription_available() && none.shared_subscription_available());
    assert!(none.subscription_identifier_available());
    assert_eq!((none.topic_alias(), none.message_expiry_interval_s()), (None, None));
    assert_eq!((none.is_empty(), none.count()), (true, 0));
}

#[test]
fn publish() {
    let plain = Publish::new("a/b", b"", QoS::AtMostOnce);
    check(b"\x30\x06\x00\x03a/b\x00", Packet::Publish(plain));
    let retained = Publish { retain: true, payload: b"\x00\xFFx", ..plain };
    check(b"\x31\x09\x00\x03a/b\x00\x00\xFFx", Packet::Publish(retained));
    let qos1 = Publish {
        dup: true,
        packet_id: Some(id(10)),
        ..Publish::new("a/b", b"hi", QoS::AtLeastOnce)
    };
    check(b"\x3A\x0A\x00\x03a/b\x00\x0A\x00hi", Packet::Publish(qos1));
    let qos2 = Publish { packet_id: Some(id(0xFFFE)), ..Publish::new("é", b"", QoS::ExactlyOnce) };
    check(b"\x34\x07\x00\x02\xC3\xA9\xFF\xFE\x00", Packet::Publish(qos2));
}

/// MQTT 5 §3.3.2.3.
#[test]
fn publish_with_every_property() {
    let properties = [
        Property::PayloadFormatIndicator(false),
        Property::MessageExpiryInterval(0xFFFF_FFFF),
        Property::TopicAlias(0x0102),
        Property::ResponseTopic("r"),
        Property::CorrelationData(b""),
        Property::UserProperty("k", "v"),
        Property::SubscriptionIdentifier(1),
        Property::SubscriptionIdentifier(268_435_455),
        Property::SubscriptionIdentifier(128),
        Property::ContentType("t"),
    ];
    let publish = Publish {
        properties: Properties::of(&properties),
        ..Publish::new("", b"p", QoS::AtMostOnce)
    };
    check(
        b"\x30\x2A\x00\x00\x26\x01\x00\x02\xFF\xFF\xFF\xFF\x23\x01\x02\x08\x00\x01r\x09\x00\x00\
          \x26\x00\x01k\x00\x01v\x0B\x01\x0B\xFF\xFF\xFF\x7F\x0B\x80\x01\x03\x00\x01tp",
        Packet::Publish(publish),
    );
    assert!(publish.properties.subscription_identifiers().eq([1, 268_435_455, 128]));
    assert_eq!(publish.properties.topic_alias(), Some(0x0102));
}

#[test]
fn acknowledgements() {
    type Kind = fn(Ack<'_>) -> Packet<'_>;
    let packets: [(u8, Kind); 4] = [
        (0x40, |ack| Packet::Puback(ack)),
        (0x50, |ack| Packet::Pubrec(ack)),
        (0x62, |ack| Packet::Pubrel(ack)),
        (0x70, |ack| Packet::Pubcomp(ack)),
    ];
    for (first_byte, packet) in packets {
        let success = Ack::success(id(0x0102));
        check(&[first_byte, 2, 1, 2], packet(success));
        // the same, with what may be left out
        reads(&[first_byte, 3, 1, 2, 0], packet(success));
        reads(&[first_byte, 4, 1, 2, 0, 0], packet(success));
        for reason_code in
            ReasonCode::all().filter(|code| code.is_allowed_in(first_byte >> 4)).skip(1)
        {
            let ack = Ack { reason_code, ..success };
            let code = reason_code.as_u8();
            check(&[first_byte, 3, 1, 2, code], packet(ack));
            reads(&[first_byte, 4, 1, 2, code, 0], packet(ack));
            let properties = [Property::ReasonString("y"), Property::UserProperty("k", "v")];
            let explained = Ack { properties: Properties::of(&properties), ..ack };
            let mut bytes = vec![first_byte, 15, 1, 2, code, 11];
            bytes.extend_from_slice(b"\x1F\x00\x01y\x26\x00\x01k\x00\x01v");
            check(&bytes, packet(explained));
        }
    }
}

#[test]
fn subscribe() {
    let packet_id = id(10);
    // the example of MQTT 5 §3.8.3: QoS 1 for a/b, QoS 2 for c/d
    let filters = [
        ("a/b", SubscriptionOptions::new(QoS::AtLeastOnce)),
        ("c/d", SubscriptionOptions::new(QoS::ExactlyOnce)),
    ];
    let plain =
        Subscribe { packet_id, properties: Properties::NONE, filters: Filters::of(&filters) };
    check(b"\x82\x0F\x00\x0A\x00\x00\x03a/b\x01\x00\x03c/d\x02", Packet::Subscribe(plain));
    let options = |no_local, retain_as_published, retain_handling| SubscriptionOptions {
        qos: QoS::AtMostOnce,
        no_local,
        retain_as_published,
        retain_handling,
    };
    let filters = [
        ("#", options(true, false, RetainHandling::SendIfNew)),
        ("$share/g/+", options(false, true, RetainHandling::DoNotSend)),
    ];
    let properties = [Property::SubscriptionIdentifier(300), Property::UserProperty("k", "")];
    let subscribe = Subscribe {
        packet_id,
        properties: Properties::of(&properties),
        filters: Filters::of(&filters),
    };
    check(
        b"\x82\x1D\x00\x0A\x09\x0B\xAC\x02\x26\x00\x01k\x00\x00\x00\x01#\x14\x00\x0A$share/g/+\x28",
        Packet::Subscribe(subscribe),
    );
    assert_eq!(subscribe.filters.count(), 2);
}

#[test]
fn suback_and_unsuback() {
    let packet_id = id(0x1234);
    for packet_type in [9_u8, 11] {
        let codes: Vec<ReasonCode> =
            ReasonCode::all().filter(|code| code.is_allowed_in(packet_type)).collect();
        let numbers: Vec<u8> = codes.iter().map(|code| code.as_u8()).collect();
        let properties = [Property::ReasonString("")];
        let properties = Properties::of(&properties);
        let reason_codes = ReasonCodes::of(&codes);
        let mut bytes =
            vec![packet_type << 4, 6 + codes.len() as u8, 0x12, 0x34, 3, 0x1F, 0x00, 0x00];
        bytes.extend_from_slice(&numbers);
        let packet = match packet_type {
            9 => Packet::Suback(Suback { packet_id, properties, reason_codes }),
            _ => Packet::Unsuback(Unsuback { packet_id, properties, reason_codes }),
        };
        check(&bytes, packet);
    }
}

#[test]
fn unsubscribe() {
    let filters = ["a/b", "$share/g/c/#"];
    let properties = [Property::UserProperty("", "")];
    let unsubscribe = Unsubscribe {
        packet_id: id(1),
        properties: Properties::of(&properties),
        filters: TopicFilters::of(&filters),
    };
    check(
        b"\xA2\x1B\x00\x01\x05\x26\x00\x00\x00\x00\x00\x03a/b\x00\x0C$share/g/c/#",
        Packet::Unsubscribe(unsubscribe),
    );
}

#[test]
fn pings() {
    check(&[0xC0, 0], Packet::Pingreq);
    check(&[0xD0, 0], Packet::Pingresp);
}

/// D-45: nothing, a code, or a code and properties.
#[test]
fn disconnect() {
    let normal = Disconnect::new(ReasonCode::Success);
    check(&[0xE0, 0], Packet::Disconnect(normal));
    reads(&[0xE0, 1, 0], Packet::Disconnect(normal));
    reads(&[0xE0, 2, 0, 0], Packet::Disconnect(normal));
    for reason_code in ReasonCode::all().filter(|code| code.is_allowed_in(14)).skip(1) {
        let disconnect = Disconnect::new(reason_code);
        check(&[0xE0, 1, reason_code.as_u8()], Packet::Disconnect(disconnect));
    }
    let properties = [
        Property::SessionExpiryInterval(0),
        Property::ReasonString("y"),
        Property::UserProperty("k", "v"),
        Property::ServerReference("s"),
    ];
    let moved = Disconnect {
        reason_code: ReasonCode::ServerMoved,
        properties: Properties::of(&properties),
    };
    check(
        b"\xE0\x16\x9D\x14\x11\x00\x00\x00\x00\x1F\x00\x01y\x26\x00\x01k\x00\x01v\x1C\x00\x01s",
        Packet::Disconnect(moved),
    );
}

#[test]
fn auth() {
    let success = Auth { reason_code: ReasonCode::Success, properties: Properties::NONE };
    check(&[0xF0, 0], Packet::Auth(success));
    reads(&[0xF0, 2, 0, 0], Packet::Auth(success));
    let properties = [Property::AuthenticationMethod("S"), Property::AuthenticationData(b"\xFF")];
    for reason_code in
        [ReasonCode::Success, ReasonCode::ContinueAuthentication, ReasonCode::ReAuthenticate]
    {
        let auth = Auth { reason_code, properties: Properties::of(&properties) };
        let mut bytes = vec![0xF0, 10, reason_code.as_u8(), 8];
        bytes.extend_from_slice(b"\x15\x00\x01S\x16\x00\x01\xFF");
        check(&bytes, Packet::Auth(auth));
    }
}

/// Fields that MQTT 5 has no packet for.
#[test]
fn what_has_no_packet_is_not_encoded() {
    let publish = Publish::new("a", b"", QoS::AtMostOnce);
    let zero_alias = [Property::TopicAlias(0)];
    let wildcard = [Property::ResponseTopic("a/#")];
    let twice = [Property::TopicAlias(1), Property::TopicAlias(2)];
    let misplaced = [Property::ReceiveMaximum(1)];
    let long = "x".repeat(65_536);
    let too_long = [Property::ContentType(&long)];
    let data_alone = [Property::AuthenticationData(b"")];
    let with = |properties| Packet::Publish(Publish { properties, ..publish });
    let connack = Connack {
        session_present: true,
        reason_code: ReasonCode::ServerBusy,
        properties: Properties::NONE,
    };
    let qos2 = [Property::MaximumQos(QoS::ExactlyOnce)];
    let identified = [Property::SubscriptionIdentifier(0)];
    let too_large = [Property::SubscriptionIdentifier(268_435_456)];
    for packet in [
        Packet::Publish(Publish { topic: "", ..publish }),
        Packet::Publish(Publish { qos: QoS::AtLeastOnce, ..publish }),
        Packet::Publish(Publish { packet_id: Some(id(1)), ..publish }),
        Packet::Publish(Publish { dup: true, ..publish }),
        Packet::Publish(Publish { topic: &long, ..publish }),
        with(Properties::of(&zero_alias)),
        with(Properties::of(&wildcard)),
        with(Properties::of(&twice)),
        with(Properties::of(&misplaced)),
        with(Properties::of(&too_long)),
        with(Properties::of(&identified)),
        with(Properties::of(&too_large)),
        Packet::Connack(connack),
        Packet::Connack(Connack {
            session_present: false,
            reason_code: ReasonCode::Success,
            properties: Properties::of(&qos2),
        }),
        Packet::Connect(Connect { properties: Properties::of(&data_alone), ..PLAIN_CONNECT }),
        Packet::Puback(Ack { reason_code: ReasonCode::ServerBusy, ..Ack::success(id(1)) }),
        Packet::Disconnect(Disconnect::new(ReasonCode::Banned)),
        Packet::Auth(Auth {
            reason_code: ReasonCode::ContinueAuthentication,
            properties: Properties::NONE,
        }),
        Packet::Subscribe(Subscribe {
            packet_id: id(1),
            properties: Properties::NONE,
            filters: Filters::NONE,
        }),
        Packet::Unsubscribe(Unsubscribe {
            packet_id: id(1),
            properties: Properties::NONE,
            filters: TopicFilters::NONE,
        }),
        Packet::Suback(Suback {
            packet_id: id(1),
            properties: Properties::NONE,
            reason_codes: ReasonCodes::NONE,
        }),
    ] {
        let mut buffer = [0xA5; 64];
        let error = BufferTooSmall { size_bytes: 64, min_bytes: usize::MAX };
        assert_eq!(packet.encode(&mut buffer), Err(error), "{}", packet.name());
        assert_eq!(buffer, [0xA5; 64]);
    }
}
