//! Every packet as bytes written by hand from the specification, in both directions, and what is
//! malformed with the clause that says so.

use fivewire_core::mqtt::{
    Breach, BufferTooSmall, Connack, Connect, ConnectReturnCode, Filters, FixedHeader, Packet,
    PacketId, Publish, QoS, ReturnCodes, Split, Suback, Subscribe, SubscribeReturnCode,
    Unsubscribe, Will, decode, split,
};

/// `bytes` and `packet` are the same packet.
#[track_caller]
fn check(bytes: &[u8], packet: Packet<'_>) {
    assert_eq!(decode(bytes), Ok(packet));
    assert_eq!(packet.encoded_len(), bytes.len());
    let mut buffer = [0xA5; 512];
    assert_eq!(packet.encode(&mut buffer), Ok(bytes.len()));
    assert_eq!(&buffer[..bytes.len()], bytes);
    assert_eq!(packet.packet_type(), bytes[0] >> 4);
    let header_len = if bytes.len() < 130 { 2 } else { 3 };
    let remaining_len = bytes.len() - header_len;
    let header = FixedHeader { first_byte: bytes[0], header_len, remaining_len };
    assert_eq!(split(bytes), Ok(Split::Header(header)));
}

fn id(id: u16) -> PacketId {
    PacketId::new(id).expect("not 0")
}

const PLAIN_CONNECT: Connect<'_> = Connect {
    client_id: "a",
    clean_session: true,
    keep_alive_s: 60,
    will: None,
    username: None,
    password: None,
};

const PLAIN_PUBLISH: Publish<'_> = Publish {
    dup: false,
    qos: QoS::AtMostOnce,
    retain: false,
    topic: "a/b",
    packet_id: None,
    payload: b"",
};

#[test]
fn connect() {
    check(b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01a", Packet::Connect(PLAIN_CONNECT));
    let empty = Connect { client_id: "", keep_alive_s: 0xFFFF, ..PLAIN_CONNECT };
    check(b"\x10\x0C\x00\x04MQTT\x04\x02\xFF\xFF\x00\x00", Packet::Connect(empty));
    // user name, password, will retain, will QoS 1, will, clean session: 0b1110_1110
    check(
        b"\x10\x24\x00\x04MQTT\x04\xEE\x01\x02\
          \x00\x04door\x00\x07door/up\x00\x010\x00\x02me\x00\x02\x00\xFF",
        Packet::Connect(Connect {
            client_id: "door",
            keep_alive_s: 258,
            will: Some(Will {
                topic: "door/up",
                payload: b"0",
                qos: QoS::AtLeastOnce,
                retain: true,
            }),
            username: Some("me"),
            password: Some(b"\x00\xFF"),
            ..PLAIN_CONNECT
        }),
    );
    // user name only, and empty; will QoS 2, empty: 0b1001_0100
    check(
        b"\x10\x14\x00\x04MQTT\x04\x94\x00\x00\x00\x01a\x00\x01w\x00\x00\x00\x00",
        Packet::Connect(Connect {
            clean_session: false,
            keep_alive_s: 0,
            will: Some(Will { topic: "w", payload: b"", qos: QoS::ExactlyOnce, retain: false }),
            username: Some(""),
            ..PLAIN_CONNECT
        }),
    );
}

/// [MQTT-3.1.3-8]: the server answers with CONNACK 2, so it must see the packet.
#[test]
fn connect_without_identifier_and_clean_session_reaches_the_server() {
    let connect = Connect { client_id: "", clean_session: false, ..PLAIN_CONNECT };
    check(b"\x10\x0C\x00\x04MQTT\x04\x00\x00\x3C\x00\x00", Packet::Connect(connect));
}

#[test]
fn connack() {
    for (code, return_code) in [
        (0, ConnectReturnCode::Accepted),
        (1, ConnectReturnCode::UnacceptableProtocolVersion),
        (2, ConnectReturnCode::IdentifierRejected),
        (3, ConnectReturnCode::ServerUnavailable),
        (4, ConnectReturnCode::BadUserNameOrPassword),
        (5, ConnectReturnCode::NotAuthorized),
    ] {
        let connack = Connack { session_present: false, return_code };
        check(&[0x20, 2, 0, code], Packet::Connack(connack));
    }
    let resumed = Connack { session_present: true, return_code: ConnectReturnCode::Accepted };
    check(&[0x20, 2, 1, 0], Packet::Connack(resumed));
}

#[test]
fn publish() {
    check(b"\x30\x05\x00\x03a/b", Packet::Publish(PLAIN_PUBLISH));
    let retained = Publish { retain: true, payload: b"\x00\xFFx", ..PLAIN_PUBLISH };
    check(b"\x31\x08\x00\x03a/b\x00\xFFx", Packet::Publish(retained));
    let qos1 = Publish {
        qos: QoS::AtLeastOnce,
        packet_id: Some(id(10)),
        payload: b"hello",
        ..PLAIN_PUBLISH
    };
    check(b"\x32\x0C\x00\x03a/b\x00\x0Ahello", Packet::Publish(qos1));
    check(b"\x3A\x0C\x00\x03a/b\x00\x0Ahello", Packet::Publish(Publish { dup: true, ..qos1 }));
    let qos2 = Publish {
        dup: true,
        qos: QoS::ExactlyOnce,
        retain: true,
        topic: "é",
        packet_id: Some(id(0xFFFE)),
        payload: b"",
    };
    check(b"\x3D\x06\x00\x02\xC3\xA9\xFF\xFE", Packet::Publish(qos2));
}

/// [MQTT-1.5.3-3]: U+FEFF is a character like any other, also in front.
#[test]
fn byte_order_mark_is_kept() {
    let publish = Publish { topic: "\u{FEFF}a", ..PLAIN_PUBLISH };
    check(b"\x30\x06\x00\x04\xEF\xBB\xBFa", Packet::Publish(publish));
}

#[test]
fn publish_with_two_bytes_of_remaining_length() {
    let payload = [7; 200];
    let mut bytes = b"\x30\xCD\x01\x00\x03a/b".to_vec();
    bytes.extend_from_slice(&payload);
    check(&bytes, Packet::Publish(Publish { payload: &payload, ..PLAIN_PUBLISH }));
}

/// MQTT 3.1.1 table 2.4: each number of digits, from its first length to its last.
#[test]
fn remaining_length_is_encoded_with_as_few_bytes_as_it_takes() {
    let zeros = vec![0; 2_097_152];
    let mut buffer = vec![0; 2_097_160];
    for (remaining_len, digits) in [
        (5, &b"\x05"[..]),
        (127, b"\x7F"),
        (128, b"\x80\x01"),
        (16_383, b"\xFF\x7F"),
        (16_384, b"\x80\x80\x01"),
        (2_097_151, b"\xFF\xFF\x7F"),
        (2_097_152, b"\x80\x80\x80\x01"),
    ] {
        let payload = &zeros[..remaining_len - 5];
        let packet = Packet::Publish(Publish { payload, ..PLAIN_PUBLISH });
        let packet_len = 1 + digits.len() + remaining_len;
        assert_eq!(packet.encoded_len(), packet_len);
        assert_eq!(packet.encode(&mut buffer), Ok(packet_len));
        assert_eq!(&buffer[1..=digits.len()], digits);
        assert_eq!(decode(&buffer[..packet_len]), Ok(packet));
    }
}

#[test]
fn packets_of_two_bytes_and_four() {
    check(b"\x40\x02\x00\x01", Packet::Puback(id(1)));
    check(b"\x50\x02\x01\x00", Packet::Pubrec(id(256)));
    check(b"\x62\x02\x12\x34", Packet::Pubrel(id(0x1234)));
    check(b"\x70\x02\xFF\xFF", Packet::Pubcomp(id(0xFFFF)));
    check(b"\xB0\x02\x00\x0A", Packet::Unsuback(id(10)));
    check(b"\xC0\x00", Packet::Pingreq);
    check(b"\xD0\x00", Packet::Pingresp);
    check(b"\xE0\x00", Packet::Disconnect);
}

/// The example of MQTT 3.1.1 §3.8.3.1, with one filter more.
#[test]
fn subscribe() {
    let filters = [("a/b", QoS::AtLeastOnce), ("c/d", QoS::ExactlyOnce), ("#", QoS::AtMostOnce)];
    let subscribe = Subscribe { packet_id: id(10), filters: Filters::list(&filters) };
    check(
        b"\x82\x12\x00\x0A\x00\x03a/b\x01\x00\x03c/d\x02\x00\x01#\x00",
        Packet::Subscribe(subscribe),
    );
    assert_eq!(subscribe.filters.count(), 3);
}

/// The example of MQTT 3.1.1 §3.10.3.
#[test]
fn unsubscribe() {
    let filters = [("a/b", QoS::AtMostOnce), ("c/d", QoS::ExactlyOnce)];
    let unsubscribe = Unsubscribe { packet_id: id(10), filters: Filters::list(&filters) };
    let bytes = b"\xA2\x0C\x00\x0A\x00\x03a/b\x00\x03c/d";
    check(bytes, Packet::Unsubscribe(unsubscribe));
    let Ok(Packet::Unsubscribe(decoded)) = decode(bytes) else { panic!("an UNSUBSCRIBE") };
    let filters: Vec<_> = decoded.filters.iter().collect();
    assert_eq!(filters, [("a/b", QoS::AtMostOnce), ("c/d", QoS::AtMostOnce)]);
}

/// The example of MQTT 3.1.1 §3.9.3, with one code more.
#[test]
fn suback() {
    use SubscribeReturnCode::{Failure, Granted};
    let codes =
        [Granted(QoS::AtMostOnce), Granted(QoS::ExactlyOnce), Failure, Granted(QoS::AtLeastOnce)];
    let suback = Suback { packet_id: id(10), return_codes: ReturnCodes::list(&codes) };
    let bytes = b"\x90\x06\x00\x0A\x00\x02\x80\x01";
    check(bytes, Packet::Suback(suback));
    let Ok(Packet::Suback(decoded)) = decode(bytes) else { panic!("a SUBACK") };
    assert_eq!(decoded.return_codes.count(), 4);
    assert!(decoded.return_codes.iter().eq(codes));
}

/// Each row is one breach. Rows that name a variant with a number check the number too.
#[rustfmt::skip]
const MALFORMED: &[(&[u8], Breach, &str)] = &[
    // the fixed header
    (b"\x00\x00", Breach::PacketType { packet_type: 0 }, "MQTT 3.1.1 §2.2.1"),
    (b"\xF0\x00", Breach::PacketType { packet_type: 15 }, "MQTT 3.1.1 §2.2.1"),
    (b"\x11\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01a", Breach::ReservedFlags { first_byte: 0x11 }, "MQTT-2.2.2-2"),
    (b"\x28\x02\x00\x00", Breach::ReservedFlags { first_byte: 0x28 }, "MQTT-2.2.2-2"),
    (b"\x42\x02\x00\x01", Breach::ReservedFlags { first_byte: 0x42 }, "MQTT-2.2.2-2"),
    (b"\x54\x02\x00\x01", Breach::ReservedFlags { first_byte: 0x54 }, "MQTT-2.2.2-2"),
    (b"\x60\x02\x00\x01", Breach::ReservedFlags { first_byte: 0x60 }, "MQTT-2.2.2-2"),
    (b"\x63\x02\x00\x01", Breach::ReservedFlags { first_byte: 0x63 }, "MQTT-2.2.2-2"),
    (b"\x72\x02\x00\x01", Breach::ReservedFlags { first_byte: 0x72 }, "MQTT-2.2.2-2"),
    (b"\x80\x08\x00\x0A\x00\x03a/b\x01", Breach::ReservedFlags { first_byte: 0x80 }, "MQTT-2.2.2-2"),
    (b"\x92\x03\x00\x0A\x00", Breach::ReservedFlags { first_byte: 0x92 }, "MQTT-2.2.2-2"),
    (b"\xA0\x07\x00\x0A\x00\x03a/b", Breach::ReservedFlags { first_byte: 0xA0 }, "MQTT-2.2.2-2"),
    (b"\xB1\x02\x00\x0A", Breach::ReservedFlags { first_byte: 0xB1 }, "MQTT-2.2.2-2"),
    (b"\xC1\x00", Breach::ReservedFlags { first_byte: 0xC1 }, "MQTT-2.2.2-2"),
    (b"\xD8\x00", Breach::ReservedFlags { first_byte: 0xD8 }, "MQTT-2.2.2-2"),
    (b"\xE2\x00", Breach::ReservedFlags { first_byte: 0xE2 }, "MQTT-2.2.2-2"),
    (b"\x36\x07\x00\x03a/b\x00\x01", Breach::QosThree, "MQTT-3.3.1-4"),
    (b"\x3F\x07\x00\x03a/b\x00\x01", Breach::QosThree, "MQTT-3.3.1-4"),
    (b"\x38\x05\x00\x03a/b", Breach::DupWithQosZero, "MQTT-3.3.1-2"),
    (b"\x30\xFF\xFF\xFF\xFF\x01", Breach::RemainingLength, "MQTT 3.1.1 §2.2.3"),
    (b"\x20\x80\x80\x80\x80\x00", Breach::RemainingLength, "MQTT 3.1.1 §2.2.3"),
    // packets of one length
    (b"\x20\x03\x00\x00\x00", Breach::WrongLength { packet_type: 2 }, "MQTT 3.1.1 §3.2.1"),
    (b"\x40\x03\x00\x01\x00", Breach::WrongLength { packet_type: 4 }, "MQTT 3.1.1 §3.4.1"),
    (b"\x50\x01\x01", Breach::WrongLength { packet_type: 5 }, "MQTT 3.1.1 §3.5.1"),
    (b"\x62\x00", Breach::WrongLength { packet_type: 6 }, "MQTT 3.1.1 §3.6.1"),
    (b"\x70\x04\x00\x01\x00\x00", Breach::WrongLength { packet_type: 7 }, "MQTT 3.1.1 §3.7.1"),
    (b"\xB0\x03\x00\x01\x00", Breach::WrongLength { packet_type: 11 }, "MQTT 3.1.1 §3.11.1"),
    (b"\xC0\x01\x00", Breach::WrongLength { packet_type: 12 }, "MQTT 3.1.1 §3.12.1"),
    (b"\xD0\x02\x00\x00", Breach::WrongLength { packet_type: 13 }, "MQTT 3.1.1 §3.13.1"),
    (b"\xE0\x01\x00", Breach::WrongLength { packet_type: 14 }, "MQTT 3.1.1 §3.14.1"),
    // the slice is not the packet
    (b"", Breach::Truncated { packet_type: 0 }, "MQTT 3.1.1 §2.2.3"),
    (b"\x30", Breach::Truncated { packet_type: 3 }, "MQTT 3.1.1 §2.2.3"),
    (b"\x40\x02\x00", Breach::Truncated { packet_type: 4 }, "MQTT 3.1.1 §2.2.3"),
    (b"\x40\x02\x00\x01\x40", Breach::TrailingBytes { packet_type: 4 }, "MQTT 3.1.1 §2.2.3"),
    (b"\xE0\x00\xE0\x00", Breach::TrailingBytes { packet_type: 14 }, "MQTT 3.1.1 §2.2.3"),
    // packet identifiers
    (b"\x32\x07\x00\x03a/b\x00\x00", Breach::PacketIdZero, "MQTT-2.3.1-1"),
    (b"\x34\x07\x00\x03a/b\x00\x00", Breach::PacketIdZero, "MQTT-2.3.1-1"),
    (b"\x82\x08\x00\x00\x00\x03a/b\x01", Breach::PacketIdZero, "MQTT-2.3.1-1"),
    (b"\xA2\x07\x00\x00\x00\x03a/b", Breach::PacketIdZero, "MQTT-2.3.1-1"),
    (b"\x90\x03\x00\x00\x00", Breach::PacketIdZero, "MQTT-2.3.1-1"),
    (b"\x40\x02\x00\x00", Breach::PacketIdZero, "MQTT-2.3.1-1"),
    (b"\x50\x02\x00\x00", Breach::PacketIdZero, "MQTT-2.3.1-1"),
    (b"\x62\x02\x00\x00", Breach::PacketIdZero, "MQTT-2.3.1-1"),
    (b"\x70\x02\x00\x00", Breach::PacketIdZero, "MQTT-2.3.1-1"),
    (b"\xB0\x02\x00\x00", Breach::PacketIdZero, "MQTT-2.3.1-1"),
    // CONNECT
    (b"\x10\x00", Breach::Truncated { packet_type: 1 }, "MQTT 3.1.1 §2.2.3"),
    (b"\x10\x0F\x00\x06MQIsdp\x03\x02\x00\x3C\x00\x01a", Breach::ProtocolName, "MQTT-3.1.2-1"),
    (b"\x10\x0D\x00\x04mqtt\x04\x02\x00\x3C\x00\x01a", Breach::ProtocolName, "MQTT-3.1.2-1"),
    (b"\x10\x0D\x00\x04MQTT\x03\x02\x00\x3C\x00\x01a", Breach::ProtocolLevel { level: 3 }, "MQTT-3.1.2-2"),
    (b"\x10\x0E\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x01a", Breach::ProtocolLevel { level: 5 }, "MQTT-3.1.2-2"),
    (b"\x10\x07\x00\x04MQTT\xFF", Breach::ProtocolLevel { level: 255 }, "MQTT-3.1.2-2"),
    (b"\x10\x0D\x00\x04MQTT\x04\x03\x00\x3C\x00\x01a", Breach::ConnectReservedFlag, "MQTT-3.1.2-3"),
    (b"\x10\x0D\x00\x04MQTT\x04\x0A\x00\x3C\x00\x01a", Breach::WillQosWithoutWill, "MQTT-3.1.2-13"),
    (b"\x10\x0D\x00\x04MQTT\x04\x22\x00\x3C\x00\x01a", Breach::WillRetainWithoutWill, "MQTT-3.1.2-15"),
    (b"\x10\x12\x00\x04MQTT\x04\x1E\x00\x3C\x00\x01a\x00\x01w\x00\x00", Breach::WillQosThree, "MQTT-3.1.2-14"),
    (b"\x10\x0F\x00\x04MQTT\x04\x42\x00\x3C\x00\x01a\x00\x00", Breach::PasswordWithoutUsername, "MQTT-3.1.2-22"),
    (b"\x10\x0B\x00\x04MQTT\x04\x02\x00\x3C\x00", Breach::Truncated { packet_type: 1 }, "MQTT 3.1.1 §2.2.3"),
    (b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x02a", Breach::Truncated { packet_type: 1 }, "MQTT 3.1.1 §2.2.3"),
    (b"\x10\x0D\x00\x04MQTT\x04\x82\x00\x3C\x00\x01a", Breach::Truncated { packet_type: 1 }, "MQTT 3.1.1 §2.2.3"),
    (b"\x10\x0F\x00\x04MQTT\x04\x02\x00\x3C\x00\x01a\x00\x00", Breach::TrailingBytes { packet_type: 1 }, "MQTT 3.1.1 §2.2.3"),
    (b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01\xFF", Breach::NotUtf8, "MQTT-1.5.3-1"),
    (b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01\x00", Breach::Nul, "MQTT-1.5.3-2"),
    (b"\x10\x10\x00\x04MQTT\x04\x82\x00\x3C\x00\x01a\x00\x01\x80", Breach::NotUtf8, "MQTT-1.5.3-1"),
    (b"\x10\x10\x00\x04MQTT\x04\x82\x00\x3C\x00\x01a\x00\x01\x00", Breach::Nul, "MQTT-1.5.3-2"),
    (b"\x10\x12\x00\x04MQTT\x04\x06\x00\x3C\x00\x01a\x00\x01+\x00\x00", Breach::WillTopicWildcard, "MQTT-4.7.1-1"),
    (b"\x10\x11\x00\x04MQTT\x04\x06\x00\x3C\x00\x01a\x00\x00\x00\x00", Breach::EmptyTopic, "MQTT-4.7.3-1"),
    (b"\x10\x12\x00\x04MQTT\x04\x06\x00\x3C\x00\x01a\x00\x01\x00\x00\x00", Breach::Nul, "MQTT-1.5.3-2"),
    (b"\x10\x12\x00\x04MQTT\x04\x06\x00\x3C\x00\x01a\x00\x01\xC0\x00\x00", Breach::NotUtf8, "MQTT-1.5.3-1"),
    // CONNACK
    (b"\x20\x02\x02\x00", Breach::ConnackFlags { flags: 2 }, "MQTT 3.1.1 §3.2.2.1"),
    (b"\x20\x02\x81\x00", Breach::ConnackFlags { flags: 0x81 }, "MQTT 3.1.1 §3.2.2.1"),
    (b"\x20\x02\x00\x06", Breach::ConnackReturnCode { code: 6 }, "MQTT 3.1.1 §3.2.2.3"),
    (b"\x20\x02\x00\x80", Breach::ConnackReturnCode { code: 0x80 }, "MQTT 3.1.1 §3.2.2.3"),
    (b"\x20\x02\x01\x05", Breach::SessionPresentWithRefusal, "MQTT-3.2.2-4"),
    // PUBLISH
    (b"\x30\x00", Breach::Truncated { packet_type: 3 }, "MQTT 3.1.1 §2.2.3"),
    (b"\x30\x04\x00\x03a/", Breach::Truncated { packet_type: 3 }, "MQTT 3.1.1 §2.2.3"),
    (b"\x32\x06\x00\x03a/b\x00", Breach::Truncated { packet_type: 3 }, "MQTT 3.1.1 §2.2.3"),
    (b"\x30\x02\x00\x00", Breach::EmptyTopic, "MQTT-4.7.3-1"),
    (b"\x30\x05\x00\x03a/+", Breach::TopicNameWildcard, "MQTT-3.3.2-2"),
    (b"\x30\x05\x00\x03#/b", Breach::TopicNameWildcard, "MQTT-3.3.2-2"),
    (b"\x30\x05\x00\x03a\x00b", Breach::Nul, "MQTT-1.5.3-2"),
    // a lone continuation byte, a NUL in two bytes, a surrogate, something above U+10FFFF
    (b"\x30\x03\x00\x01\x80", Breach::NotUtf8, "MQTT-1.5.3-1"),
    (b"\x30\x04\x00\x02\xC0\x80", Breach::NotUtf8, "MQTT-1.5.3-1"),
    (b"\x30\x05\x00\x03\xED\xA0\x80", Breach::NotUtf8, "MQTT-1.5.3-1"),
    (b"\x30\x06\x00\x04\xF4\x90\x80\x80", Breach::NotUtf8, "MQTT-1.5.3-1"),
    // SUBSCRIBE
    (b"\x82\x00", Breach::Truncated { packet_type: 8 }, "MQTT 3.1.1 §2.2.3"),
    (b"\x82\x02\x00\x0A", Breach::NoFilters { packet_type: 8 }, "MQTT-3.8.3-3"),
    (b"\x82\x08\x00\x0A\x00\x03a/b\x03", Breach::SubscribeQos { byte: 3 }, "MQTT-3.8.3-4"),
    (b"\x82\x08\x00\x0A\x00\x03a/b\x80", Breach::SubscribeQos { byte: 0x80 }, "MQTT-3.8.3-4"),
    (b"\x82\x08\x00\x0A\x00\x03a/b\x05", Breach::SubscribeQos { byte: 5 }, "MQTT-3.8.3-4"),
    (b"\x82\x07\x00\x0A\x00\x03a/b", Breach::Truncated { packet_type: 8 }, "MQTT 3.1.1 §2.2.3"),
    (b"\x82\x09\x00\x0A\x00\x03a/b\x01\x00", Breach::Truncated { packet_type: 8 }, "MQTT 3.1.1 §2.2.3"),
    (b"\x82\x05\x00\x0A\x00\x00\x01", Breach::EmptyTopic, "MQTT-4.7.3-1"),
    (b"\x82\x08\x00\x0A\x00\x03a#b\x01", Breach::MultiLevelMisplaced, "MQTT-4.7.1-2"),
    (b"\x82\x0D\x00\x0A\x00\x03a/+\x01\x00\x02a+\x01", Breach::SingleLevelMisplaced, "MQTT-4.7.1-3"),
    (b"\x82\x06\x00\x0A\x00\x01\x00\x01", Breach::Nul, "MQTT-1.5.3-2"),
    (b"\x82\x06\x00\x0A\x00\x01\xFE\x01", Breach::NotUtf8, "MQTT-1.5.3-1"),
    // SUBACK
    (b"\x90\x02\x00\x0A", Breach::SubackCountMismatch, "MQTT-3.8.4-5"),
    (b"\x90\x03\x00\x0A\x03", Breach::SubackReturnCode { code: 3 }, "MQTT-3.9.3-2"),
    (b"\x90\x04\x00\x0A\x00\x81", Breach::SubackReturnCode { code: 0x81 }, "MQTT-3.9.3-2"),
    (b"\x90\x01\x00", Breach::Truncated { packet_type: 9 }, "MQTT 3.1.1 §2.2.3"),
    // UNSUBSCRIBE
    (b"\xA2\x02\x00\x0A", Breach::NoFilters { packet_type: 10 }, "MQTT-3.10.3-2"),
    (b"\xA2\x06\x00\x0A\x00\x03a/", Breach::Truncated { packet_type: 10 }, "MQTT 3.1.1 §2.2.3"),
    (b"\xA2\x04\x00\x0A\x00\x00", Breach::EmptyTopic, "MQTT-4.7.3-1"),
    (b"\xA2\x06\x00\x0A\x00\x02##", Breach::MultiLevelMisplaced, "MQTT-4.7.1-2"),
    (b"\xA2\x05\x00\x0A\x00\x01\xFE", Breach::NotUtf8, "MQTT-1.5.3-1"),
];

#[test]
fn malformed_packets_are_answered_with_the_clause() {
    for &(bytes, breach, clause) in MALFORMED {
        assert_eq!(decode(bytes), Err(breach), "{bytes:02x?}");
        assert_eq!(breach.clause(), clause, "{bytes:02x?}");
        assert!(breach.to_string().ends_with(&format!(" [{clause}]")), "{breach}");
    }
}

/// What the first two bytes break is told before more arrive.
#[test]
fn a_breach_in_the_header_is_found_without_the_packet() {
    assert_eq!(split(b"\x36"), Err(Breach::QosThree));
    assert_eq!(split(b"\x40\x03"), Err(Breach::WrongLength { packet_type: 4 }));
    assert_eq!(split(b"\xD0\xFF\xFF\xFF\x7F"), Err(Breach::WrongLength { packet_type: 13 }));
}

/// Breaches that only a session or a server can see.
#[test]
fn clauses_of_the_connection() {
    for (breach, clause) in [
        (Breach::FirstPacketNotConnack, "MQTT-3.2.0-1"),
        (Breach::FirstPacketNotConnect, "MQTT-3.1.0-1"),
        (Breach::SecondConnect, "MQTT-3.1.0-2"),
        (Breach::UnexpectedPacket { packet_type: 8 }, "MQTT 3.1.1 §2.2.1"),
        (Breach::SessionPresentWithCleanSession, "MQTT-3.2.2-1"),
        (Breach::EmptyClientId, "MQTT-3.1.3-8"),
        (Breach::UnknownPacketId, "MQTT 3.1.1 §2.3.1"),
    ] {
        assert_eq!(breach.clause(), clause);
        assert!(breach.to_string().ends_with(&format!(" [{clause}]")), "{breach}");
    }
}

/// MQTT has no packet for these, so no buffer is large enough.
#[test]
fn what_cannot_be_said_is_not_encoded() {
    let long = "a".repeat(65_536);
    let payload = vec![0; 268_435_455 - 4];
    let refused = Connack { session_present: true, return_code: ConnectReturnCode::NotAuthorized };
    let no_filters = Filters::list(&[]);
    let packet_id = Some(id(1));
    let mut buffer = vec![0; 70_000];
    for packet in [
        Packet::Connect(Connect { client_id: &long, ..PLAIN_CONNECT }),
        Packet::Connect(Connect { username: Some(&long), ..PLAIN_CONNECT }),
        Packet::Connect(Connect { password: Some(b"x"), ..PLAIN_CONNECT }),
        Packet::Connack(refused),
        Packet::Publish(Publish { topic: &long, ..PLAIN_PUBLISH }),
        Packet::Publish(Publish { payload: &payload, ..PLAIN_PUBLISH }),
        Packet::Publish(Publish { qos: QoS::AtLeastOnce, ..PLAIN_PUBLISH }),
        Packet::Publish(Publish { packet_id, ..PLAIN_PUBLISH }),
        Packet::Publish(Publish { dup: true, ..PLAIN_PUBLISH }),
        Packet::Subscribe(Subscribe { packet_id: id(1), filters: no_filters }),
        Packet::Unsubscribe(Unsubscribe { packet_id: id(1), filters: no_filters }),
        Packet::Suback(Suback { packet_id: id(1), return_codes: ReturnCodes::list(&[]) }),
    ] {
        assert_eq!(packet.encoded_len(), usize::MAX, "{}", packet.name());
        let error = BufferTooSmall { size_bytes: buffer.len(), min_bytes: usize::MAX };
        assert_eq!(packet.encode(&mut buffer), Err(error), "{}", packet.name());
        assert!(buffer.iter().all(|&byte| byte == 0), "{}", packet.name());
    }
    let longest = Publish { payload: &payload[..268_435_455 - 5], ..PLAIN_PUBLISH };
    assert_eq!(Packet::Publish(longest).encoded_len(), 268_435_460);
}
