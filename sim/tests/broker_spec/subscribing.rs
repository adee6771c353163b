//! SUBSCRIBE, UNSUBSCRIBE and their answers.

use fivewire_core::mqtt::QoS;

use crate::rig::{Rig, publish_qos1};

/// [MQTT-3.8.4-4] [MQTT-3.8.4-5] [MQTT-3.9.3-1]
#[test]
fn one_suback_answers_all_filters_in_their_order() {
    let mut rig = Rig::new();
    rig.connect(1, "a");
    let subscribe = b"\x82\x0f\xab\xcd\x00\x01b\x01\x00\x01c\x00\x00\x02d\x2b\x02";
    // `d+` is no filter, so the same with `+/`
    assert_eq!(rig.answer(1, subscribe), b"");
    assert_eq!(rig.breached_clause(1), "MQTT-4.7.1-3");

    rig.connect(2, "a");
    let subscribe = b"\x82\x0f\xab\xcd\x00\x01b\x01\x00\x01c\x00\x00\x02+/\x02";
    assert_eq!(rig.answer(2, subscribe), b"\x90\x05\xab\xcd\x01\x00\x02");
    let subscriptions: Vec<_> = rig.broker.subscriptions("a").collect();
    assert_eq!(
        subscriptions,
        [("b", QoS::AtLeastOnce), ("c", QoS::AtMostOnce), ("+/", QoS::ExactlyOnce)]
    );
}

/// [MQTT-3.8.4-3]
#[test]
fn the_same_filter_again_replaces_the_subscription() {
    let mut rig = Rig::new();
    rig.connect(1, "a");
    rig.subscribe(1, "a", 2);
    rig.subscribe(1, "a", 0);
    assert_eq!(rig.broker.subscriptions("a").collect::<Vec<_>>(), [("a", QoS::AtMostOnce)]);
    assert_eq!(rig.answer(1, b"\x32\x05\x00\x01a\x00\x01"), b"\x30\x03\x00\x01a\x40\x02\x00\x01");
}

/// [MQTT-3.10.4-1] [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.10.4-6]
#[test]
fn unsubscribe_ends_what_is_the_same_letter_by_letter_and_is_always_answered() {
    let mut rig = Rig::new();
    rig.connect(1, "a");
    for filter in ["a", "b/#", "c"] {
        rig.subscribe(1, filter, 1);
    }
    assert_eq!(rig.answer(1, b"\xa2\x05\x00\x07\x00\x01+"), b"\xb0\x02\x00\x07");
    assert_eq!(rig.broker.subscriptions("a").count(), 3);
    let unsubscribe = b"\xa2\x0a\x00\x08\x00\x03b/#\x00\x01a";
    assert_eq!(rig.answer(1, unsubscribe), b"\xb0\x02\x00\x08");
    assert_eq!(rig.broker.subscriptions("a").collect::<Vec<_>>(), [("c", QoS::AtLeastOnce)]);
    assert_eq!(rig.answer(1, b"\x30\x03\x00\x01a"), b"");
}

/// [MQTT-3.10.4-3]
#[test]
fn what_is_in_flight_is_completed_after_unsubscribe() {
    let mut rig = Rig::new();
    assert_eq!(rig.resume(1, "to"), crate::rig::NEW_SESSION);
    rig.subscribe(1, "a", 1);
    rig.connect(2, "from");
    rig.receive(2, &publish_qos1(1, b'x'));
    rig.receive(1, b"\xa2\x05\x00\x07\x00\x01a");
    rig.lose(1);
    rig.sent_to(1);
    assert_eq!(rig.resume(1, "to"), b"\x20\x02\x01\x00\x3a\x06\x00\x01a\x00\x01x");
}

#[test]
fn each_client_has_its_own_subscriptions() {
    let mut rig = Rig::new();
    rig.connect(1, "one");
    rig.connect(2, "two");
    rig.subscribe(1, "a", 1);
    rig.subscribe(2, "a", 0);
    rig.receive(1, b"\xa2\x05\x00\x07\x00\x01a");
    rig.sent_to(1);
    assert_eq!(rig.answer(1, b"\x30\x03\x00\x01a"), b"");
    assert_eq!(rig.sent_to(2), b"\x30\x03\x00\x01a");
}
