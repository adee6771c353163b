//! Retained messages (MQTT 3.1.1 §3.3.1.3).

use crate::rig::{NEW_SESSION, OLD_SESSION, Rig, subscribe_packet};

/// A client as 1 that has had `value` retained on topic `a` with QoS 1.
fn retained(value: &[u8]) -> Rig {
    let mut rig = Rig::new();
    rig.connect(1, "from");
    let publish = [&[0x33, 5 + value.len() as u8, 0, 1, b'a', 0, 1], value].concat();
    assert_eq!(rig.answer(1, &publish), b"\x40\x02\x00\x01");
    rig
}

/// [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-8]
#[test]
fn a_new_subscription_gets_the_retained_message_marked_as_such() {
    let mut rig = retained(b"x");
    rig.connect(2, "to");
    let expected = b"\x90\x03\x00\x01\x01\x33\x06\x00\x01a\x00\x01x";
    assert_eq!(rig.answer(2, &subscribe_packet("a", 1)), expected);
    assert_eq!(rig.broker.retained("a"), Some(&b"x"[..]));
}

/// [MQTT-3.8.4-3]
#[test]
fn each_subscribe_brings_it_again() {
    let mut rig = retained(b"x");
    rig.connect(2, "to");
    for _ in 0..2 {
        let expected = b"\x90\x03\x00\x01\x00\x31\x04\x00\x01ax";
        assert_eq!(rig.answer(2, &subscribe_packet("+", 0)), expected);
    }
}

/// [MQTT-3.3.1-9]
#[test]
fn an_established_subscription_gets_it_unmarked() {
    let mut rig = Rig::new();
    rig.connect(1, "a");
    rig.subscribe(1, "a", 0);
    assert_eq!(rig.answer(1, b"\x31\x04\x00\x01ax"), b"\x30\x04\x00\x01ax");
}

#[test]
fn the_next_one_replaces_it() {
    let mut rig = retained(b"x");
    // [MQTT-3.3.1-7]
    rig.receive(1, b"\x31\x04\x00\x01ay");
    // [MQTT-3.3.1-12]
    rig.receive(1, b"\x30\x04\x00\x01az");
    assert_eq!(rig.broker.retained("a"), Some(&b"y"[..]));
    rig.connect(2, "to");
    let expected = b"\x90\x03\x00\x01\x02\x31\x04\x00\x01ay";
    assert_eq!(rig.answer(2, &subscribe_packet("a", 2)), expected, "at the QoS it came with");
}

/// [MQTT-3.3.1-10] [MQTT-3.3.1-11]
#[test]
fn an_empty_one_clears_the_topic_and_is_routed_like_any_other() {
    let mut rig = retained(b"x");
    rig.connect(2, "to");
    rig.subscribe(2, "b", 0);
    rig.receive(2, b"\x82\x06\x00\x02\x00\x01a\x00");
    rig.sent_to(2);
    rig.receive(1, b"\x31\x03\x00\x01a");
    assert_eq!(rig.sent_to(2), b"\x30\x03\x00\x01a");
    assert_eq!(rig.broker.retained("a"), None);
    assert_eq!(rig.answer(2, &subscribe_packet("a", 0)), b"\x90\x03\x00\x01\x00");
}

#[test]
fn a_wildcard_brings_all_that_match_in_the_order_of_topics() {
    let mut rig = Rig::new();
    rig.connect(1, "from");
    rig.receive(1, b"\x31\x04\x00\x01by\x31\x04\x00\x01ax\x31\x05\x00\x02$ss\x31\x05\x00\x02a/z");
    rig.connect(2, "to");
    let expected = b"\x90\x03\x00\x01\x00\x31\x04\x00\x01ax\x31\x05\x00\x02a/z\x31\x04\x00\x01by";
    assert_eq!(
        rig.answer(2, &subscribe_packet("#", 1)),
        b"\x90\x03\x00\x01\x01\x31\x04\x00\x01ax\x31\x05\x00\x02a/z\x31\x04\x00\x01by"
    );
    assert_eq!(rig.answer(2, &subscribe_packet("#", 0)), expected);
}

/// [MQTT-3.1.2-7]
#[test]
fn it_outlives_the_session_of_its_publisher() {
    let mut rig = retained(b"x");
    rig.lose(1);
    assert_eq!(rig.broker.retained("a"), Some(&b"x"[..]));
}

#[test]
fn the_mark_survives_when_it_has_to_be_sent_again() {
    let mut rig = retained(b"x");
    assert_eq!(rig.resume(2, "to"), NEW_SESSION);
    rig.receive(2, &subscribe_packet("a", 1));
    rig.lose(2);
    rig.sent_to(2);
    let expected = [OLD_SESSION, b"\x3b\x06\x00\x01a\x00\x01x"].concat();
    assert_eq!(rig.resume(2, "to"), expected);
}
