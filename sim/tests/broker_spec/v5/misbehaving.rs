//! What the broker does wrong towards clients of MQTT 5 when it is told to.

use fivewire_sim::broker::{ClientKey, MALFORMED_V5, Misbehaviour};

use crate::rig::{Rig, publish_qos1};

/// A client with these properties that gets two messages.
fn misbehave(misbehaviour: Misbehaviour, properties: &[u8], pause_ms: u32) -> Vec<u8> {
    let mut rig = Rig::new();
    rig.connect_v5(1, "a", properties);
    rig.subscribe_v5(1, "a", 1, b"");
    rig.broker.set_misbehaviour(misbehaviour);
    rig.connect_v5(2, "from", b"");
    rig.receive(2, b"\x32\x0c\x00\x01a\x00\x07\x05\x02\x00\x00\x00\x3cx");
    rig.pass_ms(pause_ms);
    rig.receive(2, b"\x32\x07\x00\x01a\x00\x08\x00y");
    rig.sent_to(1)
}

#[test]
fn limits_of_the_client_are_exceeded() {
    let sound = Misbehaviour::default();
    let over = Misbehaviour { exceed_receive_maximum: true, ..sound.clone() };
    assert_eq!(misbehave(sound.clone(), b"\x21\x00\x01", 0).len(), 14);
    assert_eq!(misbehave(over, b"\x21\x00\x01", 0).len(), 14 + 9);
    let over = Misbehaviour { exceed_packet_maximum: true, ..sound.clone() };
    assert_eq!(misbehave(sound, b"\x27\x00\x00\x00\x09", 0).len(), 9);
    assert_eq!(misbehave(over, b"\x27\x00\x00\x00\x09", 0).len(), 14 + 9);
}

#[test]
fn an_alias_is_used_that_has_no_meaning() {
    let misbehaviour = Misbehaviour { alias_unknown: true, ..Misbehaviour::default() };
    let sent = misbehave(misbehaviour, b"\x22\x00\x05", 0);
    assert!(sent.ends_with(b"\x32\x09\x00\x00\x00\x02\x03\x23\x00\x01y"), "{sent:x?}");
}

#[test]
fn an_interval_is_passed_on_as_it_came() {
    for (expiry_unchanged, left_s) in [(false, 0x32), (true, 0x3C)] {
        let mut rig = Rig::new();
        let lasting = b"\x11\xff\xff\xff\xff";
        rig.connect_v5(1, "a", lasting);
        rig.subscribe_v5(1, "a", 1, b"");
        rig.lose(1);
        rig.broker.set_misbehaviour(Misbehaviour { expiry_unchanged, ..Misbehaviour::default() });
        rig.connect_v5(2, "from", b"");
        rig.receive(2, b"\x32\x0c\x00\x01a\x00\x07\x05\x02\x00\x00\x00\x3cx");
        rig.pass_ms(10_000);
        let answer = rig.connect_v5_with(1, "a", 0x00, lasting, b"");
        assert!(answer.ends_with(&[5, 2, 0, 0, 0, left_s, b'x']), "{answer:x?}");
    }
}

#[test]
fn an_identifier_is_assigned_and_not_told() {
    let mut rig = Rig::new();
    let misbehaviour = Misbehaviour { assigned_client_id_untold: true, ..Misbehaviour::default() };
    rig.broker.set_misbehaviour(misbehaviour);
    rig.connect_v5(1, "", b"");
    assert_eq!(rig.broker.client_id(ClientKey(1)), Some("auto-1"));
}

#[test]
fn acknowledgements_are_swallowed_and_doubled_like_those_of_3_1_1() {
    let doubling = Misbehaviour { double_acknowledgements: true, ..Misbehaviour::default() };
    let swallowing = Misbehaviour { swallow_acknowledgements: true, ..Misbehaviour::default() };
    for (misbehaviour, expected) in
        [(doubling, &b"\x40\x03\x00\x07\x10\x40\x03\x00\x07\x10"[..]), (swallowing, b"")]
    {
        let mut rig = Rig::new();
        rig.broker.set_misbehaviour(misbehaviour);
        rig.connect_v5(1, "a", b"");
        assert_eq!(rig.answer(1, b"\x32\x07\x00\x01a\x00\x07\x00x"), expected);
    }
}

#[test]
fn malformed_bytes_are_sent_as_they_are() {
    let mut rig = Rig::new();
    rig.connect_v5(1, "a", b"");
    for malformed in MALFORMED_V5 {
        assert!(rig.broker.inject(ClientKey(1), malformed.bytes));
        rig.drain();
        assert_eq!(rig.sent_to(1), malformed.bytes);
    }
    rig.receive(1, &publish_qos1(1, b'x'));
}
