//! What is malformed in MQTT 5, each with the clause that says so.

#![cfg(feature = "mqtt5")]

use fivewire_core::mqtt::v5::{Breach, ReasonCode, decode};

#[track_caller]
fn refuse(bytes: &[u8], breach: Breach, clause: &str) {
    assert_eq!(decode(bytes), Err(breach));
    assert_eq!(breach.clause(), clause);
}

/// A CONNECT with these bytes after the protocol name.
fn connect(rest: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x10, rest.len() as u8 + 6, 0, 4];
    bytes.extend_from_slice(b"MQTT");
    bytes.extend_from_slice(rest);
    bytes
}

/// A packet with these bytes after the fixed header.
fn packet(first_byte: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first_byte, body.len() as u8];
    bytes.extend_from_slice(body);
    bytes
}

/// A PUBLISH to `a` with these properties.
fn publish(properties: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 1, b'a', properties.len() as u8];
    body.extend_from_slice(properties);
    packet(0x30, &body)
}

/// A CONNACK with these properties.
fn connack(properties: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 0, properties.len() as u8];
    body.extend_from_slice(properties);
    packet(0x20, &body)
}

#[test]
fn fixed_header() {
    refuse(&[0x00, 0], Breach::PacketType { packet_type: 0 }, "MQTT 5 §2.1.2");
    for (first_byte, clause) in [
        (0x11, "MQTT5-2.1.3-1"),
        (0x21, "MQTT5-2.1.3-1"),
        (0x41, "MQTT5-2.1.3-1"),
        (0x60, "MQTT5-3.6.1-1"),
        (0x80, "MQTT5-3.8.1-1"),
        (0xA0, "MQTT5-3.10.1-1"),
        (0xC8, "MQTT5-2.1.3-1"),
        (0xE2, "MQTT5-3.14.1-1"),
        (0xF4, "MQTT5-3.15.1-1"),
    ] {
        refuse(&[first_byte, 0], Breach::ReservedFlags { first_byte }, clause);
    }
    refuse(b"\x36\x04\x00\x01a\x00", Breach::QosThree, "MQTT5-3.3.1-4");
    refuse(b"\x38\x04\x00\x01a\x00", Breach::DupWithQosZero, "MQTT5-3.3.1-2");
    refuse(b"\x30\xFF\xFF\xFF\xFF\x01", Breach::VariableByteInteger, "MQTT 5 §1.5.5");
    refuse(b"\xC0\x80\x00", Breach::NotMinimal, "MQTT5-1.5.5-1");
    refuse(b"\xC0\x01\x00", Breach::WrongLength { packet_type: 12 }, "MQTT 5 §3.12.1");
    refuse(b"\xD0\x01\x00", Breach::WrongLength { packet_type: 13 }, "MQTT 5 §3.13.1");
    refuse(b"", Breach::Truncated { packet_type: 0 }, "MQTT 5 §2.1.4");
}

/// Every packet cut short by one byte, its length repaired, and with one byte too many.
#[test]
fn lengths() {
    for whole in [
        connect(b"\x05\x02\x00\x3C\x00\x00\x01a"),
        connack(b""),
        packet(0x40, b"\x00\x01"),
        packet(0x82, b"\x00\x01\x00\x00\x01a\x00"),
        packet(0xA2, b"\x00\x01\x00\x00\x01a"),
        packet(0xE0, b"\x00\x01\x25"),
    ] {
        let packet_type = whole[0] >> 4;
        let cut = packet(whole[0], &whole[2..whole.len() - 1]);
        refuse(&cut, Breach::Truncated { packet_type }, "MQTT 5 §2.1.4");
    }
    for whole in [
        connect(b"\x05\x02\x00\x3C\x00\x00\x01a!"),
        packet(0x20, b"\x00\x00\x00!"),
        packet(0x40, b"\x00\x01\x00\x00!"),
        packet(0x62, b"\x00\x01\x00\x00!"),
        packet(0xE0, b"\x00\x00!"),
        packet(0xF0, b"\x00\x00!"),
    ] {
        let packet_type = whole[0] >> 4;
        refuse(&whole, Breach::TrailingBytes { packet_type }, "MQTT 5 §2.1.4");
    }
    refuse(b"\xF0\x01\x18", Breach::Truncated { packet_type: 15 }, "MQTT 5 §2.1.4");
}

#[test]
fn texts_and_identifiers() {
    refuse(b"\x30\x05\x00\x02\xC3\x28\x00", Breach::NotUtf8, "MQTT5-1.5.4-1");
    refuse(b"\x30\x06\x00\x03\xED\xA0\x80\x00", Breach::NotUtf8, "MQTT5-1.5.4-1");
    refuse(b"\x30\x05\x00\x02a\x00\x00", Breach::Nul, "MQTT5-1.5.4-2");
    refuse(&publish(b"\x03\x00\x01\x00"), Breach::Nul, "MQTT5-1.5.4-2");
    refuse(&publish(b"\x26\x00\x01k\x00\x01\xFF"), Breach::NotUtf8, "MQTT5-1.5.4-1");
    for bytes in [
        &b"\x32\x06\x00\x01a\x00\x00\x00"[..],
        b"\x40\x02\x00\x00",
        b"\x50\x02\x00\x00",
        b"\x62\x02\x00\x00",
        b"\x70\x02\x00\x00",
        b"\x82\x07\x00\x00\x00\x00\x01a\x00",
        b"\x90\x04\x00\x00\x00\x00",
        b"\xA2\x06\x00\x00\x00\x00\x01a",
        b"\xB0\x04\x00\x00\x00\x00",
    ] {
        refuse(bytes, Breach::PacketIdZero, "MQTT5-2.2.1-3");
    }
}

#[test]
fn topics() {
    refuse(b"\x30\x03\x00\x00\x00", Breach::NoTopic, "MQTT 5 §3.3.2.1");
    refuse(b"\x30\x04\x00\x01+\x00", Breach::TopicNameWildcard, "MQTT5-3.3.2-2");
    refuse(&publish(b"\x08\x00\x01#"), Breach::ResponseTopicWildcard, "MQTT5-3.3.2-14");
    refuse(&publish(b"\x08\x00\x00"), Breach::EmptyTopic, "MQTT5-4.7.3-1");
    let will = connect(b"\x05\x06\x00\x00\x00\x00\x00\x00\x00\x01#\x00\x00");
    refuse(&will, Breach::WillTopicWildcard, "MQTT5-4.7.0-1");
    for (filter, breach, clause) in [
        ("", Breach::EmptyTopic, "MQTT5-4.7.3-1"),
        ("a#", Breach::MultiLevelMisplaced, "MQTT5-4.7.1-1"),
        ("a/+b", Breach::SingleLevelMisplaced, "MQTT5-4.7.1-2"),
        ("$share/", Breach::ShareNameMissing, "MQTT5-4.8.2-1"),
        ("$share//a", Breach::ShareNameMissing, "MQTT5-4.8.2-1"),
        ("$share/g", Breach::ShareNameMalformed, "MQTT5-4.8.2-2"),
        ("$share/g/", Breach::ShareNameMalformed, "MQTT5-4.8.2-2"),
        ("$share/+/a", Breach::ShareNameMalformed, "MQTT5-4.8.2-2"),
        ("$share/g#/a", Breach::ShareNameMalformed, "MQTT5-4.8.2-2"),
        ("$share/g/a#", Breach::MultiLevelMisplaced, "MQTT5-4.7.1-1"),
    ] {
        let mut body = vec![0, 1, 0, 0, filter.len() as u8];
        body.extend_from_slice(filter.as_bytes());
        refuse(&packet(0xA2, &body), breach, clause);
        body.push(0);
        refuse(&packet(0x82, &body), breach, clause);
    }
}

#[test]
fn connect_fields() {
    let name = b"\x10\x0E\x00\x04MQTt\x05\x02\x00\x3C\x00\x00\x01a";
    refuse(name, Breach::ProtocolName, "MQTT5-3.1.2-1");
    let version = connect(b"\x04\x02\x00\x3C\x00\x01a");
    refuse(&version, Breach::ProtocolVersion { version: 4 }, "MQTT5-3.1.2-2");
    for (flags, breach, clause) in [
        (0b0000_0001, Breach::ConnectReservedFlag, "MQTT5-3.1.2-3"),
        (0b0000_1000, Breach::WillQosWithoutWill, "MQTT5-3.1.2-13"),
        (0b0001_1100, Breach::WillQosThree, "MQTT5-3.1.2-14"),
        (0b0010_0000, Breach::WillRetainWithoutWill, "MQTT5-3.1.2-15"),
    ] {
        refuse(&connect(&[5, flags, 0, 0, 0, 0, 0]), breach, clause);
    }
}

#[test]
fn connack_fields() {
    refuse(&[0x20, 3, 2, 0, 0], Breach::ConnackFlags { flags: 2 }, "MQTT5-3.2.2-1");
    refuse(&[0x20, 3, 1, 0x87, 0], Breach::SessionPresentWithRefusal, "MQTT5-3.2.2-6");
}

/// All 256 numbers in every packet that has a reason code.
#[test]
fn reason_codes() {
    for code in 0..=u8::MAX {
        for (bytes, breach, clause) in [
            (vec![0x20, 3, 0, code, 0], Breach::ConnackReasonCode { code }, "MQTT5-3.2.2-8"),
            (vec![0x40, 3, 0, 1, code], Breach::PubackReasonCode { code }, "MQTT5-3.4.2-1"),
            (vec![0x50, 3, 0, 1, code], Breach::PubrecReasonCode { code }, "MQTT5-3.5.2-1"),
            (vec![0x62, 3, 0, 1, code], Breach::PubrelReasonCode { code }, "MQTT5-3.6.2-1"),
            (vec![0x70, 3, 0, 1, code], Breach::PubcompReasonCode { code }, "MQTT5-3.7.2-1"),
            (vec![0x90, 4, 0, 1, 0, code], Breach::SubackReasonCode { code }, "MQTT5-3.9.3-2"),
            (vec![0xB0, 4, 0, 1, 0, code], Breach::UnsubackReasonCode { code }, "MQTT5-3.11.3-2"),
            (vec![0xE0, 1, code], Breach::DisconnectReasonCode { code }, "MQTT5-3.14.2-1"),
            (
                vec![0xF0, 6, code, 4, 0x15, 0, 1, b'S'],
                Breach::AuthReasonCode { code },
                "MQTT5-3.15.2-1",
            ),
        ] {
            let packet_type = bytes[0] >> 4;
            let known = ReasonCode::from_u8(code);
            if known.is_some_and(|reason_code| reason_code.is_allowed_in(packet_type)) {
                assert!(decode(&bytes).is_ok(), "{bytes:02x?}");
            } else {
                refuse(&bytes, breach, clause);
            }
        }
    }
}

#[test]
fn lists() {
    let nothing = b"\x82\x03\x00\x01\x00";
    refuse(nothing, Breach::NoFilters { packet_type: 8 }, "MQTT5-3.8.3-2");
    let nothing = b"\xA2\x03\x00\x01\x00";
    refuse(nothing, Breach::NoFilters { packet_type: 10 }, "MQTT5-3.10.3-2");
    refuse(b"\x90\x03\x00\x01\x00", Breach::SubackCountMismatch, "MQTT5-3.8.4-6");
    refuse(b"\xB0\x03\x00\x01\x00", Breach::UnsubackCountMismatch, "MQTT5-3.11.3-1");
    for (byte, breach, clause) in [
        (0b0100_0000, Breach::SubscriptionOptions { byte: 0b0100_0000 }, "MQTT5-3.8.3-5"),
        (0b1000_0001, Breach::SubscriptionOptions { byte: 0b1000_0001 }, "MQTT5-3.8.3-5"),
        (0b0000_0011, Breach::SubscribeQosThree, "MQTT 5 §3.8.3.1"),
        (0b0011_0000, Breach::RetainHandlingThree, "MQTT 5 §3.8.3.1"),
    ] {
        refuse(&packet(0x82, &[0, 1, 0, 0, 1, b'a', byte]), breach, clause);
    }
    let mut shared = vec![0, 1, 0, 0, 10];
    shared.extend_from_slice(b"$share/g/a\x04");
    refuse(&packet(0x82, &shared), Breach::NoLocalShared, "MQTT5-3.8.3-4");
}

/// One of each property, as it is on the wire.
const PROPERTIES: [&[u8]; 27] = [
    b"\x01\x01",
    b"\x02\x00\x00\x00\x01",
    b"\x03\x00\x01t",
    b"\x08\x00\x01r",
    b"\x09\x00\x01c",
    b"\x0B\x01",
    b"\x11\x00\x00\x00\x01",
    b"\x12\x00\x01i",
    b"\x13\x00\x01",
    b"\x15\x00\x01S",
    b"\x16\x00\x01d",
    b"\x17\x01",
    b"\x18\x00\x00\x00\x01",
    b"\x19\x01",
    b"\x1A\x00\x01p",
    b"\x1C\x00\x01s",
    b"\x1F\x00\x01y",
    b"\x21\x00\x01",
    b"\x22\x00\x01",
    b"\x23\x00\x01",
    b"\x24\x01",
    b"\x25\x01",
    b"\x26\x00\x01k\x00\x01v",
    b"\x27\x00\x00\x00\x01",
    b"\x28\x01",
    b"\x29\x01",
    b"\x2A\x01",
];

/// A packet of each kind with these properties, and the identifiers of those it may have
/// (MQTT 5 table 2-4).
fn with_properties(properties: &[u8]) -> Vec<(Vec<u8>, &'static [u8])> {
    let behind = |first_byte: u8, before: &[u8], after: &[u8]| {
        let len = properties.len() as u8;
        packet(first_byte, &[before, &[len], properties, after].concat())
    };
    let head = b"\x00\x04MQTT\x05\x06\x00\x00";
    let will = [&head[..], b"\x00\x00\x00"].concat();
    let plain = b"\x00\x04MQTT\x05\x02\x00\x00";
    let ack = b"\x00\x01\x00";
    vec![
        (
            behind(0x10, plain, b"\x00\x00"),
            &[0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27][..],
        ),
        (behind(0x10, &will, b"\x00\x01w\x00\x00"), &[0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26]),
        (
            behind(0x20, b"\x00\x00", b""),
            &[
                0x11, 0x12, 0x13, 0x15, 0x16, 0x1A, 0x1C, 0x1F, 0x21, 0x22, 0x24, 0x25, 0x26, 0x27,
                0x28, 0x29, 0x2A,
            ],
        ),
        (behind(0x30, b"\x00\x01a", b""), &[0x01, 0x02, 0x03, 0x08, 0x09, 0x0B, 0x23, 0x26]),
        (behind(0x40, ack, b""), &[0x1F, 0x26]),
        (behind(0x50, ack, b""), &[0x1F, 0x26]),
        (behind(0x62, ack, b""), &[0x1F, 0x26]),
        (behind(0x70, ack, b""), &[0x1F, 0x26]),
        (behind(0x82, b"\x00\x01", b"\x00\x01a\x00"), &[0x0B, 0x26]),
        (behind(0x90, b"\x00\x01", b"\x00"), &[0x1F, 0x26]),
        (behind(0xA2, b"\x00\x01", b"\x00\x01a"), &[0x26]),
        (behind(0xB0, b"\x00\x01", b"\x00"), &[0x1F, 0x26]),
        (behind(0xE0, b"\x00", b""), &[0x11, 0x1C, 0x1F, 0x26]),
        (behind(0xF0, b"\x00", b""), &[0x15, 0x16, 0x1F, 0x26]),
    ]
}

/// MQTT 5 table 2-4: every property in every packet, once and twice.
#[test]
fn each_property_has_its_packets() {
    for property in PROPERTIES {
        let id = property[0];
        for (bytes, allowed) in with_properties(property) {
            if !allowed.contains(&id) {
                refuse(&bytes, Breach::PropertyMisplaced { id }, "MQTT 5 §2.2.2.2");
            } else if id == 0x16 {
                refuse(&bytes, Breach::AuthenticationDataAlone, "MQTT 5 §3.1.2.11.10");
            } else if bytes[0] == 0xF0 && id != 0x15 {
                refuse(&bytes, Breach::AuthenticationMethodMissing, "MQTT 5 §3.15.2.2.2");
            } else {
                assert!(decode(&bytes).is_ok(), "{bytes:02x?}");
            }
        }
        let twice = [property, property].concat();
        for (bytes, _) in
            with_properties(&twice).iter().filter(|(_, allowed)| allowed.contains(&id))
        {
            let may_repeat = id == 0x26 || (id == 0x0B && bytes[0] == 0x30);
            match decode(bytes) {
                Err(Breach::PropertyRepeated { id: repeated }) => {
                    assert!(repeated == id && !may_repeat, "{id:#04x}");
                }
                Err(Breach::AuthenticationMethodMissing) => assert!(may_repeat && bytes[0] == 0xF0),
                other => assert!(other.is_ok() && may_repeat, "{id:#04x}: {other:?}"),
            }
        }
    }
    for (id, clause) in [
        (0x01, "MQTT 5 §3.3.2.3.2"),
        (0x0B, "MQTT 5 §3.8.2.1.2"),
        (0x13, "MQTT 5 §3.2.2.3.14"),
        (0x23, "MQTT 5 §3.3.2.3.4"),
        (0x2A, "MQTT 5 §3.2.2.3.13"),
    ] {
        assert_eq!(Breach::PropertyRepeated { id }.clause(), clause);
    }
}

#[test]
fn property_values() {
    for (bytes, id, clause) in [
        (publish(b"\x01\x02"), 0x01, "MQTT 5 §3.3.2.3.2"),
        (publish(b"\x0B\x00"), 0x0B, "MQTT 5 §3.8.2.1.2"),
        (publish(b"\x23\x00\x00"), 0x23, "MQTT5-3.3.2-8"),
        (connect(b"\x05\x02\x00\x00\x02\x17\x02\x00\x00"), 0x17, "MQTT 5 §3.1.2.11.7"),
        (connect(b"\x05\x02\x00\x00\x02\x19\x02\x00\x00"), 0x19, "MQTT 5 §3.1.2.11.6"),
        (connack(b"\x21\x00\x00"), 0x21, "MQTT 5 §3.1.2.11.3"),
        (connack(b"\x24\x02"), 0x24, "MQTT 5 §3.2.2.3.4"),
        (connack(b"\x25\x02"), 0x25, "MQTT 5 §3.2.2.3.5"),
        (connack(b"\x27\x00\x00\x00\x00"), 0x27, "MQTT 5 §3.1.2.11.4"),
        (connack(b"\x28\x02"), 0x28, "MQTT 5 §3.2.2.3.11"),
        (connack(b"\x29\x02"), 0x29, "MQTT 5 §3.2.2.3.12"),
        (connack(b"\x2A\x02"), 0x2A, "MQTT 5 §3.2.2.3.13"),
    ] {
        refuse(&bytes, Breach::PropertyValue { id }, clause);
    }
}

#[test]
fn property_bytes() {
    for id in (0..=u8::MAX).filter(|id| PROPERTIES.iter().all(|property| property[0] != *id)) {
        let bytes = publish(&[id, 0, 0, 0, 0]);
        refuse(&bytes, Breach::PropertyUnknown { id }, "MQTT 5 §2.2.2.2");
    }
    // each property cut short, although the packet goes on behind the properties
    for property in PROPERTIES {
        let mut bytes = publish(&property[..property.len() - 1]);
        bytes[1] += 1;
        bytes.push(property[property.len() - 1]);
        refuse(&bytes, Breach::PropertyTruncated, "MQTT 5 §2.2.2.1");
    }
    let beyond_the_packet = b"\x30\x04\x00\x01a\x01";
    refuse(beyond_the_packet, Breach::Truncated { packet_type: 3 }, "MQTT 5 §2.1.4");
    let too_long = b"\x30\x08\x00\x01a\x80\x80\x80\x80\x01";
    refuse(too_long, Breach::VariableByteInteger, "MQTT 5 §1.5.5");
    refuse(b"\x30\x05\x00\x01a\x80\x00", Breach::NotMinimal, "MQTT5-1.5.5-1");
    refuse(&publish(b"\x0B\x81\x00"), Breach::NotMinimal, "MQTT5-1.5.5-1");
}

/// What the DISCONNECT says that follows (MQTT 5 §4.13).
#[test]
fn what_to_tell_the_peer() {
    for (breach, code) in [
        (Breach::NotUtf8, ReasonCode::MalformedPacket),
        (Breach::PropertyRepeated { id: 0x11 }, ReasonCode::ProtocolError),
        (Breach::PropertyUnknown { id: 0x7F }, ReasonCode::MalformedPacket),
        (Breach::TopicAliasTooLarge, ReasonCode::TopicAliasInvalid),
        (Breach::PropertyValue { id: 0x23 }, ReasonCode::TopicAliasInvalid),
        (Breach::ReceiveMaximumExceeded, ReasonCode::ReceiveMaximumExceeded),
        (Breach::PacketTooLarge, ReasonCode::PacketTooLarge),
        (Breach::ProtocolVersion { version: 4 }, ReasonCode::UnsupportedProtocolVersion),
        (Breach::TopicNameWildcard, ReasonCode::TopicNameInvalid),
        (Breach::ShareNameMissing, ReasonCode::TopicFilterInvalid),
    ] {
        assert_eq!(breach.reason_code(), code, "{breach}");
    }
}
