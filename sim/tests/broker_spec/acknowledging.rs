//! QoS 1 and QoS 2 towards clients: in flight, acknowledged, limited.

use fivewire_sim::broker::Config;

use crate::rig::{Rig, puback, publish_qos1};

/// A publisher as 1 and a subscriber to everything as 2.
fn publisher_and_subscriber(config: Config, qos: u8) -> Rig {
    let mut rig = Rig::with(config);
    rig.connect(1, "from");
    rig.connect(2, "to");
    rig.subscribe(2, "#", qos);
    rig
}

#[test]
fn no_more_is_in_flight_than_configured() {
    let mut rig = publisher_and_subscriber(Config { in_flight_max: 2, ..Config::default() }, 1);
    for number in 1..=4 {
        rig.receive(1, &publish_qos1(number, b'a' + number as u8));
    }
    assert_eq!(rig.sent_to(2), [publish_qos1(1, b'b'), publish_qos1(2, b'c')].concat());
    assert_eq!((rig.broker.in_flight("to"), rig.broker.queued("to")), (2, 2));
    assert_eq!(rig.answer(2, &puback(2)), publish_qos1(3, b'd'), "in any order");
    assert_eq!(rig.answer(2, &puback(1)), publish_qos1(4, b'e'));
    assert_eq!(rig.answer(2, &[puback(3), puback(4)].concat()), b"");
    assert_eq!((rig.broker.in_flight("to"), rig.broker.queued("to")), (0, 0));
}

#[test]
fn a_completed_qos_2_message_makes_room_for_the_next() {
    let mut rig = publisher_and_subscriber(Config { in_flight_max: 1, ..Config::default() }, 2);
    rig.receive(1, b"\x34\x06\x00\x01a\x00\x01x\x34\x06\x00\x01a\x00\x02y");
    assert_eq!(rig.sent_to(2), b"\x34\x06\x00\x01a\x00\x01x");
    assert_eq!(rig.answer(2, b"\x50\x02\x00\x01"), b"\x62\x02\x00\x01");
    assert_eq!(rig.answer(2, b"\x70\x02\x00\x01"), b"\x34\x06\x00\x01a\x00\x02y");
}

#[test]
fn twenty_are_in_flight_by_default() {
    let mut rig = publisher_and_subscriber(Config::default(), 1);
    for number in 1..=25 {
        rig.receive(1, &publish_qos1(number, 0));
    }
    assert_eq!((rig.broker.in_flight("to"), rig.broker.queued("to")), (20, 5));
}

#[test]
fn an_unknown_puback_is_ignored() {
    let mut rig = publisher_and_subscriber(Config::default(), 1);
    rig.receive(1, &publish_qos1(1, b'x'));
    rig.sent_to(2);
    assert_eq!(rig.answer(2, &[puback(9), puback(2)].concat()), b"");
    assert_eq!((rig.closed(2), rig.broker.in_flight("to")), (None, 1));
    rig.receive(2, &[puback(1), puback(1)].concat());
    assert_eq!((rig.closed(2), rig.broker.in_flight("to")), (None, 0));
}

/// [MQTT-4.3.3-1]
#[test]
fn qos_2_takes_four_packets() {
    let mut rig = publisher_and_subscriber(Config::default(), 2);
    rig.receive(1, b"\x34\x04\x00\x00\x00\x01");
    assert_eq!(rig.closed(1).map(|_| rig.breached_clause(1)), Some("MQTT-4.7.3-1"));
    rig.connect(3, "from");
    rig.receive(3, b"\x34\x06\x00\x01a\x00\x01x");
    assert_eq!(rig.sent_to(2), b"\x34\x06\x00\x01a\x00\x01x");
    assert_eq!(rig.answer(2, &puback(1)), b"", "PUBACK is for QoS 1");
    assert_eq!(rig.answer(2, b"\x70\x02\x00\x01"), b"", "PUBCOMP comes after PUBREL");
    assert_eq!(rig.broker.in_flight("to"), 1);
    assert_eq!(rig.answer(2, b"\x50\x02\x00\x01"), b"\x62\x02\x00\x01");
    assert_eq!(rig.answer(2, b"\x50\x02\x00\x01"), b"\x62\x02\x00\x01", "PUBREC again");
    assert_eq!(rig.answer(2, b"\x70\x02\x00\x01"), b"");
    assert_eq!(rig.broker.in_flight("to"), 0);
    assert_eq!(rig.answer(2, b"\x50\x02\x00\x01"), b"\x62\x02\x00\x01", "PUBREC for nothing");
}

#[test]
fn pubrec_for_a_qos_1_message_changes_nothing() {
    let mut rig = publisher_and_subscriber(Config::default(), 1);
    rig.receive(1, &publish_qos1(1, b'x'));
    rig.sent_to(2);
    assert_eq!(rig.answer(2, b"\x50\x02\x00\x01"), b"");
    assert_eq!(rig.broker.in_flight("to"), 1);
}

/// [MQTT-2.3.1-2]
#[test]
fn identifiers_start_again_after_65535_without_0_and_without_those_in_flight() {
    let mut rig = publisher_and_subscriber(Config::default(), 1);
    for number in 1..=65_535 {
        rig.receive(1, &publish_qos1(1, b'x'));
        if number != 2 {
            rig.receive(2, &puback(number));
        }
    }
    rig.sent_to(2);
    let mut next = || {
        rig.receive(1, &publish_qos1(1, b'x'));
        rig.sent_to(2)
    };
    assert_eq!(next(), publish_qos1(1, b'x'));
    assert_eq!(next(), publish_qos1(3, b'x'), "2 is still in flight");
}

/// [MQTT-4.6.0-2]
#[test]
fn acknowledgements_come_in_the_order_of_the_messages() {
    let mut rig = Rig::new();
    rig.connect(1, "a");
    let published = [publish_qos1(3, 0), publish_qos1(1, 0), publish_qos1(2, 0)].concat();
    assert_eq!(rig.answer(1, &published), [puback(3), puback(1), puback(2)].concat());
}
