//! PUBLISH of MQTT 5: properties, aliases, reason codes.

use fivewire_core::mqtt::v5::ReasonCode;
use fivewire_sim::broker::Misbehaviour;

use crate::rig::Rig;

/// [MQTT5-3.3.2-4] [MQTT5-3.3.2-15] [MQTT5-3.3.2-16] [MQTT5-3.3.2-17] [MQTT5-3.3.2-20]
#[test]
fn properties_are_passed_on_unchanged_and_in_their_order() {
    let properties = b"\x01\x01\x26\x00\x01k\x00\x011\x08\x00\x02re\x09\x00\x02\x00\xff\
                       \x26\x00\x01k\x00\x012\x03\x00\x01t";
    let mut rig = Rig::new();
    rig.connect_v5(1, "to", b"");
    rig.subscribe_v5(1, "a", 0, b"");
    rig.connect(2, "old");
    rig.subscribe(2, "a", 0);
    rig.connect_v5(3, "from", b"");
    let len = properties.len() as u8;
    let packet = [&[0x30, len + 5, 0, 1, b'a', len], &properties[..], b"x"].concat();
    assert_eq!(rig.answer(3, &packet), b"");
    assert_eq!(rig.sent_to(1), packet);
    assert_eq!(rig.sent_to(2), b"\x30\x04\x00\x01ax", "3.1.1 has no place for them");
}

/// [MQTT5-3.3.2-7], MQTT 5 §3.3.2.3.4
#[test]
fn an_alias_of_a_client_stands_for_its_topic_until_it_gets_another() {
    let mut rig = Rig::new();
    rig.connect(1, "to");
    rig.subscribe(1, "#", 0);
    rig.connect_v5(2, "from", b"");
    for (packet, expected) in [
        (&b"\x30\x08\x00\x01a\x03\x23\x00\x01x"[..], &b"\x30\x04\x00\x01ax"[..]),
        (b"\x30\x07\x00\x00\x03\x23\x00\x01y", b"\x30\x04\x00\x01ay"),
        (b"\x30\x08\x00\x01b\x03\x23\x00\x01x", b"\x30\x04\x00\x01bx"),
        (b"\x30\x07\x00\x00\x03\x23\x00\x01y", b"\x30\x04\x00\x01by"),
    ] {
        rig.receive(2, packet);
        assert_eq!(rig.sent_to(1), expected);
    }
    rig.connect_v5(2, "from", b"");
    assert_eq!(rig.answer(2, b"\x30\x07\x00\x00\x03\x23\x00\x01y"), b"\xe0\x01\x82");
}

#[test]
fn a_client_that_takes_aliases_gets_as_many_as_it_takes() {
    let mut rig = Rig::new();
    rig.connect_v5(1, "to", b"\x22\x00\x01");
    rig.subscribe_v5(1, "#", 0, b"");
    rig.connect(2, "from");
    for (published, expected) in [
        (b"\x30\x04\x00\x01ax", &b"\x30\x08\x00\x01a\x03\x23\x00\x01x"[..]),
        (b"\x30\x04\x00\x01ay", b"\x30\x07\x00\x00\x03\x23\x00\x01y"),
        (b"\x30\x04\x00\x01bx", b"\x30\x05\x00\x01b\x00x"),
        (b"\x30\x04\x00\x01az", b"\x30\x07\x00\x00\x03\x23\x00\x01z"),
    ] {
        rig.receive(2, published);
        assert_eq!(rig.sent_to(1), expected);
    }
}

/// [MQTT5-4.3.2-4]
#[test]
fn answers_have_reason_codes() {
    let mut rig = Rig::new();
    rig.connect_v5(1, "a", b"");
    assert_eq!(rig.answer(1, b"\x32\x07\x00\x01a\x00\x07\x00x"), b"\x40\x03\x00\x07\x10");
    assert_eq!(rig.answer(1, b"\x62\x02\x00\x09"), b"\x70\x03\x00\x09\x92", "unknown");
    assert_eq!(rig.answer(1, b"\x50\x02\x00\x09"), b"\x62\x03\x00\x09\x92", "unknown");
    rig.connect(2, "to");
    rig.subscribe(2, "#", 2);
    assert_eq!(rig.answer(1, b"\x32\x07\x00\x01a\x00\x07\x00x"), b"\x40\x02\x00\x07");
    assert_eq!(rig.answer(1, b"\x34\x07\x00\x01a\x00\x07\x00x"), b"\x50\x02\x00\x07");
    assert_eq!(rig.answer(1, b"\x62\x02\x00\x07"), b"\x70\x02\x00\x07");
}

/// [MQTT5-4.4.0-2]
#[test]
fn a_refused_publication_is_not_routed_and_done_with() {
    let mut rig = Rig::new();
    rig.broker.set_misbehaviour(Misbehaviour {
        refuse_topic: Some(("a".into(), ReasonCode::QuotaExceeded)),
        ..Misbehaviour::default()
    });
    rig.connect(1, "to");
    rig.subscribe(1, "#", 2);
    rig.connect_v5(2, "from", b"");
    assert_eq!(rig.answer(2, b"\x32\x07\x00\x01a\x00\x07\x00x"), b"\x40\x03\x00\x07\x97");
    assert_eq!(rig.answer(2, b"\x34\x07\x00\x01a\x00\x07\x00x"), b"\x50\x03\x00\x07\x97");
    assert_eq!(rig.answer(2, b"\x34\x07\x00\x01b\x00\x07\x00x"), b"\x50\x02\x00\x07");
    assert_eq!(rig.sent_to(1), b"\x34\x06\x00\x01b\x00\x01x");
}

/// [MQTT5-4.3.3-4]
#[test]
fn a_qos_2_message_that_the_client_refuses_is_done_with() {
    let mut rig = Rig::new();
    rig.connect_v5(1, "to", b"");
    rig.subscribe_v5(1, "a", 2, b"");
    rig.connect(2, "from");
    rig.receive(2, b"\x34\x06\x00\x01a\x00\x01x");
    assert_eq!(rig.sent_to(1), b"\x34\x07\x00\x01a\x00\x01\x00x");
    assert_eq!(rig.answer(1, b"\x50\x03\x00\x01\x83"), b"");
    assert_eq!(rig.broker.in_flight("to"), 0);
}
