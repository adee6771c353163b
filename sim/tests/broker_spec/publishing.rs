//! PUBLISH from clients, and which clients get it.

use crate::rig::{Rig, publish_qos1};

#[test]
fn qos_0_is_routed_and_not_answered() {
    let mut rig = Rig::new();
    rig.connect(1, "from");
    rig.connect(2, "to");
    rig.subscribe(2, "a", 0);
    assert_eq!(rig.answer(1, b"\x30\x05\x00\x01ahi"), b"");
    assert_eq!(rig.sent_to(2), b"\x30\x05\x00\x01ahi");
}

/// [MQTT-4.3.2-2]
#[test]
fn qos_1_is_routed_and_answered_by_puback() {
    let mut rig = Rig::new();
    rig.connect(1, "from");
    rig.connect(2, "to");
    rig.subscribe(2, "a", 1);
    assert_eq!(rig.answer(1, b"\x32\x07\x00\x01a\x12\x34hi"), b"\x40\x02\x12\x34");
    // the broker has identifiers of its own
    assert_eq!(rig.sent_to(2), b"\x32\x07\x00\x01a\x00\x01hi");
    assert_eq!(
        rig.events()[2..],
        ["1 published [104, 105]", "2 was sent [104, 105] as 1"].map(String::from)
    );
}

/// [MQTT-4.3.3-2]
#[test]
fn qos_2_is_routed_once_however_often_it_is_published_before_pubrel() {
    let mut rig = Rig::new();
    rig.connect(1, "from");
    rig.connect(2, "to");
    rig.subscribe(2, "a", 2);
    assert_eq!(rig.answer(1, b"\x34\x06\x00\x01a\x00\x09x"), b"\x50\x02\x00\x09");
    assert_eq!(rig.answer(1, b"\x3c\x06\x00\x01a\x00\x09x"), b"\x50\x02\x00\x09");
    assert_eq!(rig.sent_to(2), b"\x34\x06\x00\x01a\x00\x01x");
    assert_eq!(rig.answer(1, b"\x62\x02\x00\x09"), b"\x70\x02\x00\x09");
    assert_eq!(rig.answer(1, b"\x62\x02\x00\x09"), b"\x70\x02\x00\x09", "also an unknown one");
    assert_eq!(rig.answer(1, b"\x34\x06\x00\x01a\x00\x09y"), b"\x50\x02\x00\x09");
    assert_eq!(rig.sent_to(2), b"\x34\x06\x00\x01a\x00\x02y", "PUBREL frees the identifier");
    let received: Vec<_> =
        rig.events().into_iter().filter(|event| event.contains("published")).collect();
    assert_eq!(received, ["1 published [120]", "1 published [120] again", "1 published [121]"]);
}

#[test]
fn qos_1_is_routed_as_often_as_it_is_published() {
    let mut rig = Rig::new();
    rig.connect(1, "from");
    rig.connect(2, "to");
    rig.subscribe(2, "a", 0);
    assert_eq!(rig.answer(1, b"\x32\x06\x00\x01a\x00\x09x"), b"\x40\x02\x00\x09");
    assert_eq!(rig.answer(1, b"\x3a\x06\x00\x01a\x00\x09x"), b"\x40\x02\x00\x09");
    assert_eq!(rig.sent_to(2), b"\x30\x04\x00\x01ax\x30\x04\x00\x01ax");
}

/// [MQTT-3.8.4-6]
#[test]
fn the_lower_of_the_published_and_the_granted_qos_is_used() {
    for (granted, published, expected) in [
        (0, &b"\x34\x06\x00\x01a\x00\x01x"[..], &b"\x30\x04\x00\x01ax"[..]),
        (1, b"\x34\x06\x00\x01a\x00\x01x", b"\x32\x06\x00\x01a\x00\x01x"),
        (2, b"\x34\x06\x00\x01a\x00\x01x", b"\x34\x06\x00\x01a\x00\x01x"),
        (2, b"\x32\x06\x00\x01a\x00\x01x", b"\x32\x06\x00\x01a\x00\x01x"),
        (1, b"\x30\x04\x00\x01ax", b"\x30\x04\x00\x01ax"),
    ] {
        let mut rig = Rig::new();
        rig.connect(1, "from");
        rig.connect(2, "to");
        rig.subscribe(2, "a", granted);
        rig.receive(1, published);
        assert_eq!(rig.sent_to(2), expected);
    }
}

/// [MQTT-3.3.1-3]
#[test]
fn dup_is_not_passed_on() {
    let mut rig = Rig::new();
    rig.connect(1, "from");
    rig.connect(2, "to");
    rig.subscribe(2, "a", 1);
    rig.receive(1, b"\x3a\x06\x00\x01a\x00\x07x");
    assert_eq!(rig.sent_to(2), b"\x32\x06\x00\x01a\x00\x01x");
}

#[test]
fn a_publisher_gets_its_own_message_if_it_subscribed() {
    let mut rig = Rig::new();
    rig.connect(1, "a");
    rig.subscribe(1, "a", 1);
    assert_eq!(
        rig.answer(1, &publish_qos1(3, b'x')),
        b"\x32\x06\x00\x01a\x00\x01x\x40\x02\x00\x03"
    );
}

/// [MQTT-3.3.5-1]
#[test]
fn overlapping_subscriptions_make_one_copy_at_the_highest_qos() {
    let mut rig = Rig::new();
    rig.connect(1, "from");
    rig.connect(2, "to");
    for (filter, qos) in [("a", 0), ("+", 2), ("#", 1)] {
        rig.subscribe(2, filter, qos);
    }
    rig.receive(1, b"\x34\x06\x00\x01a\x00\x01x");
    assert_eq!(rig.sent_to(2), b"\x34\x06\x00\x01a\x00\x01x");
}

/// [MQTT-4.7.1-2] [MQTT-4.7.1-3] [MQTT-4.7.2-1] [MQTT-4.7.3-4]
#[test]
fn wildcards_match_levels_and_no_topic_that_begins_with_a_dollar() {
    for (filter, matching, others) in [
        ("a/#", &["a", "a/b", "a/b/c", "a/"][..], &["ab", "b/a", "A/b"][..]),
        ("a/+", &["a/b", "a/"], &["a", "a/b/c"]),
        ("+/+", &["a/b", "/a"], &["a", "$x/a"]),
        ("#", &["a", "/", "a/$x"], &["$x", "$x/a"]),
        ("$x/#", &["$x", "$x/a"], &["a"]),
        ("a b", &["a b"], &["a", "a B"]),
    ] {
        let mut rig = Rig::new();
        rig.connect(1, "from");
        rig.connect(2, "to");
        rig.subscribe(2, filter, 0);
        for (topics, expected) in [(matching, true), (others, false)] {
            for topic in topics {
                let len = topic.len() as u8;
                let publish = [&[0x30, len + 2, 0, len], topic.as_bytes()].concat();
                rig.receive(1, &publish);
                let copy = if expected { publish } else { vec![] };
                assert_eq!(rig.sent_to(2), copy, "{filter} and {topic}");
            }
        }
    }
}

#[test]
fn a_payload_may_be_long() {
    let mut rig = Rig::new();
    rig.connect(1, "from");
    rig.connect(2, "to");
    rig.subscribe(2, "a", 0);
    // a remaining length of 20,003: 0x23, 0x1c and 1 in groups of seven bits
    let publish = [&b"\x30\xa3\x9c\x01\x00\x01a"[..], &[0xAA; 20_000]].concat();
    rig.receive(1, &publish);
    assert_eq!(rig.sent_to(2), publish);
}
