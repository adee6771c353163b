//! Receive maximum and maximum packet size, both ways.

use fivewire_sim::broker::{CloseReason, Config, Mqtt5};

use crate::rig::{OLD_SESSION_V5, Rig, publish_qos1};

/// PUBLISH of MQTT 5 with QoS 1 of one byte on topic `a`.
fn publish(first_byte: u8, packet_id: u8, payload: u8) -> Vec<u8> {
    vec![first_byte, 7, 0, 1, b'a', 0, packet_id, 0, payload]
}

/// [MQTT5-3.3.4-9]
#[test]
fn no_more_messages_are_under_way_than_the_client_takes() {
    let mut rig = Rig::new();
    rig.connect_v5(1, "a", b"\x21\x00\x02");
    rig.subscribe_v5(1, "a", 1, b"");
    rig.connect(2, "from");
    for packet_id in 1..=4 {
        rig.receive(2, &publish_qos1(packet_id, packet_id as u8));
    }
    assert_eq!(rig.sent_to(1), [publish(0x32, 1, 1), publish(0x32, 2, 2)].concat());
    assert_eq!(rig.answer(1, b"\x40\x02\x00\x01"), publish(0x32, 3, 3));
    // also one that the client refuses is done with
    assert_eq!(rig.answer(1, b"\x40\x03\x00\x02\x97"), publish(0x32, 4, 4));
}

/// The quota begins anew with each connection (MQTT 5 §4.9), and what is sent again counts.
#[test]
fn what_is_sent_again_respects_the_new_limit() {
    let mut rig = Rig::new();
    let lasting = b"\x11\xff\xff\xff\xff";
    rig.connect_v5(1, "a", lasting);
    rig.subscribe_v5(1, "a", 1, b"");
    rig.connect(2, "from");
    for packet_id in 1..=3 {
        rig.receive(2, &publish_qos1(packet_id, packet_id as u8));
    }
    rig.lose(1);
    rig.sent_to(1);
    let answer = rig.connect_v5_with(1, "a", 0x00, b"\x11\xff\xff\xff\xff\x21\x00\x01", b"");
    assert_eq!(answer, [OLD_SESSION_V5, &publish(0x3A, 1, 1)].concat());
    assert_eq!(rig.answer(1, b"\x40\x02\x00\x01"), publish(0x3A, 2, 2));
    assert_eq!(rig.answer(1, b"\x40\x02\x00\x02"), publish(0x3A, 3, 3));
    assert_eq!(rig.answer(1, b"\x40\x02\x00\x03"), b"");
    assert_eq!(rig.broker.in_flight("a"), 0);
}

/// [MQTT5-3.3.4-7]
#[test]
fn a_client_that_exceeds_the_receive_maximum_is_disconnected() {
    let mqtt5 = Mqtt5 { receive_maximum: 2, ..Mqtt5::default() };
    let mut rig = Rig::with(Config { mqtt5, ..Config::default() });
    rig.connect_v5_with(1, "a", 0x02, b"", b"");
    // QoS 2, of which PUBREL has not come
    rig.receive(1, &[publish(0x34, 1, 1), publish(0x34, 2, 2)].concat());
    assert_eq!(rig.closed(1), None);
    rig.sent_to(1);
    assert_eq!(rig.answer(1, &publish(0x34, 3, 3)), b"\xe0\x01\x93");
    assert_eq!(rig.breached_clause(1), "MQTT5-3.3.4-9");
}

#[test]
fn what_was_answered_makes_room() {
    let mqtt5 = Mqtt5 { receive_maximum: 1, ..Mqtt5::default() };
    let mut rig = Rig::with(Config { mqtt5, ..Config::default() });
    rig.connect_v5_with(1, "a", 0x02, b"", b"");
    for _ in 0..3 {
        // nobody subscribed: success of a kind
        assert_eq!(rig.answer(1, &publish(0x32, 1, 1)), b"\x40\x03\x00\x01\x10");
        assert_eq!(rig.answer(1, &publish(0x34, 1, 1)), b"\x50\x03\x00\x01\x10");
        assert_eq!(rig.answer(1, b"\x62\x02\x00\x01"), b"\x70\x02\x00\x01");
    }
}

/// [MQTT5-3.1.2-24] [MQTT5-3.1.2-25]
#[test]
fn a_message_larger_than_the_client_takes_counts_as_delivered() {
    for qos in [0, 1] {
        let mut rig = Rig::new();
        rig.connect_v5(1, "a", b"\x27\x00\x00\x00\x09");
        rig.subscribe_v5(1, "a", qos, b"");
        rig.connect(2, "from");
        rig.receive(2, b"\x32\x07\x00\x01a\x00\x07xy");
        rig.receive(2, &publish_qos1(8, b'z'));
        let fits = if qos == 1 {
            publish(0x32, 1, b'z')
        } else {
            b"\x30\x06\x00\x01a\x00xy\x30\x05\x00\x01a\x00z".to_vec()
        };
        assert_eq!(rig.sent_to(1), fits);
        assert_eq!(rig.broker.counters().too_large, u64::from(qos));
    }
}

#[test]
fn a_packet_larger_than_the_broker_takes_ends_the_connection() {
    let mut rig = Rig::with(Config { packet_max_bytes: 30, ..Config::default() });
    rig.connect_v5_with(1, "a", 0x02, b"", b"");
    assert_eq!(rig.answer(1, b"\x30\x1d"), b"\xe0\x01\x95");
    assert_eq!(rig.closed(1), Some(CloseReason::PacketTooLarge { size_bytes: 31 }));
}
