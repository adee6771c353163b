//! Streams by hand.

use super::*;

/// All 14 packets, one after the other.
const STREAM: &[u8] = b"\x10\x19\x00\x04MQTT\x04\x2e\x00\x3c\x00\x01c\x00\x04will\x00\x04gone\
    \x20\x02\x01\x00\x3b\x07\x00\x01t\x00\x07hi\x30\x04\x00\x01tx\x40\x02\x00\x07\
    \x50\x02\x00\x08\x62\x02\x00\x09\x70\x02\x00\x0a\x82\x0a\x00\x0b\x00\x01a\x01\x00\x01b\x00\
    \x90\x04\x00\x0b\x01\x80\xa2\x05\x00\x0c\x00\x01a\xb0\x02\x00\x0c\xc0\x00\xd0\x00\xe0\x00";

fn read(pieces: &[&[u8]]) -> Vec<String> {
    let mut reader = Reader::default();
    let mut packets = Vec::new();
    for &piece in pieces {
        let mut bytes = piece;
        while let Some(packet) = reader.next(&mut bytes) {
            packets.push(format!("{packet:?}"));
        }
    }
    packets
}

#[test]
fn all_packets_are_read_from_pieces_of_any_size() {
    let whole = read(&[STREAM]);
    assert_eq!(whole.len(), 15);
    for size_bytes in 1..STREAM.len() {
        let pieces: Vec<_> = STREAM.chunks(size_bytes).collect();
        assert_eq!(read(&pieces), whole, "in pieces of {size_bytes}");
    }
}

#[test]
fn fields_are_where_the_specification_puts_them() {
    let mut reader = Reader::default();
    let mut bytes = STREAM;
    let (topic, payload, properties) = (b"will", b"gone", Properties::NONE);
    let will = Will { topic, payload, qos: 1, retain: true, properties };
    assert_eq!(
        reader.next(&mut bytes),
        Some(Packet::Connect(Connect {
            level: 4,
            clean_session: true,
            keep_alive_s: 60,
            properties,
            client_id: b"c",
            will: Some(will),
            username: None,
            password: None,
        }))
    );
    assert_eq!(
        reader.next(&mut bytes),
        Some(Packet::Connack { session_present: true, code: 0, properties })
    );
    let publish = Publish {
        dup: true,
        qos: 1,
        retain: true,
        topic: b"t",
        packet_id: 7,
        properties,
        payload: b"hi",
        size_bytes: 9,
    };
    assert_eq!(reader.next(&mut bytes), Some(Packet::Publish(publish)));
    let mut subscriptions = Vec::new();
    while let Some(packet) = reader.next(&mut bytes) {
        if let Packet::Subscribe { filters, .. } = packet {
            subscriptions.extend(filters.map(|(filter, qos)| (filter.to_vec(), qos)));
        }
    }
    assert_eq!(subscriptions, [(b"a".to_vec(), 1), (b"b".to_vec(), 0)]);
}

/// All 15 packets of MQTT 5, with properties where there may be some.
const STREAM_V5: &[u8] = b"\x10\x25\x00\x04MQTT\x05\x2e\x00\x3c\x05\x11\x00\x00\x00\x05\x00\x01c\
    \x05\x18\x00\x00\x00\x09\x00\x04will\x00\x04gone\
    \x20\x06\x01\x00\x03\x21\x00\x02\x3b\x0f\x00\x01t\x00\x07\x07\x26\x00\x01k\x00\x01vhi\
    \x40\x02\x00\x07\x40\x03\x00\x07\x97\x50\x02\x00\x08\x62\x02\x00\x09\x70\x02\x00\x0a\
    \x82\x09\x00\x0b\x02\x0b\x05\x00\x01a\x2d\x90\x05\x00\x0b\x00\x01\x87\
    \xa2\x06\x00\x0c\x00\x00\x01a\xb0\x04\x00\x0c\x00\x11\xc0\x00\xd0\x00\
    \xe0\x00\xe0\x01\x8b\xf0\x06\x18\x04\x15\x00\x01x";

#[test]
fn all_packets_of_mqtt_5_are_read_from_pieces_of_any_size() {
    let whole = read(&[STREAM_V5]);
    assert_eq!(whole.len(), 17, "{whole:#?}");
    for (place, expected) in [
        (3, "Puback(7, 0)"),
        (4, "Puback(7, 151)"),
        (14, "Disconnect(0)"),
        (15, "Disconnect(139)"),
        (16, "Auth"),
    ] {
        assert_eq!(whole[place], expected);
    }
    for size_bytes in 1..STREAM_V5.len() {
        let pieces: Vec<_> = STREAM_V5.chunks(size_bytes).collect();
        assert_eq!(read(&pieces), whole, "in pieces of {size_bytes}");
    }
}

#[test]
fn what_is_no_mqtt_is_noticed_and_skipped() {
    for garbage in [
        &b"\x00\x00"[..],
        b"\xf0\x00",
        b"\x36\x05\x00\x01a\x00\x01",
        b"\x30\x03\x00\x09a",
        b"\xd1\x00",
        b"\x40\x01\x00",
    ] {
        for size_bytes in 1..=garbage.len() {
            let mut reader = Reader::default();
            for mut piece in garbage.chunks(size_bytes) {
                assert_eq!(reader.next(&mut piece), None);
            }
            assert!(reader.is_garbled(), "{garbage:?}");
            assert_eq!(reader.next(&mut &b"\xc0\x00"[..]), Some(Packet::Pingreq));
        }
    }
}

#[test]
fn reading_ends_at_a_length_that_is_none() {
    let mut reader = Reader::default();
    assert_eq!(reader.next(&mut &b"\x30\xff\xff\xff\xff\x01"[..]), None);
    assert!(reader.is_garbled());
    assert_eq!(reader.next(&mut &b"\xc0\x00"[..]), None);
    reader.clear();
    assert_eq!(reader.next(&mut &b"\xc0\x00"[..]), Some(Packet::Pingreq));
}
