//! What outlives a connection, and what does not.

use fivewire_sim::broker::{CloseReason, Config};

use crate::rig::{NEW_SESSION, OLD_SESSION, Rig, puback, publish_qos1};

/// A publisher as 1 and a subscriber with a lasting session as 2.
fn publisher_and_lasting_subscriber(config: Config, qos: u8) -> Rig {
    let mut rig = Rig::with(config);
    rig.connect(1, "from");
    assert_eq!(rig.resume(2, "to"), NEW_SESSION);
    rig.subscribe(2, "a", qos);
    rig
}

/// [MQTT-3.1.2-6] [MQTT-3.2.2-1]
#[test]
fn a_clean_session_ends_with_its_connection() {
    let mut rig = Rig::new();
    rig.connect(1, "a");
    rig.subscribe(1, "a", 1);
    rig.lose(1);
    assert!(!rig.broker.session_exists("a"));
    rig.connect(1, "a");
    assert_eq!(rig.answer(1, b"\x30\x03\x00\x01a"), b"");
}

/// [MQTT-3.1.2-4] [MQTT-3.1.2-5] [MQTT-3.2.2-2] [MQTT-3.2.2-3]
#[test]
fn a_lasting_session_is_present_when_the_client_returns() {
    let mut rig = publisher_and_lasting_subscriber(Config::default(), 1);
    rig.receive(2, b"\xe0\x00");
    assert_eq!(rig.closed(2), Some(CloseReason::Disconnect));
    assert!(rig.broker.session_exists("to"));
    assert_eq!(rig.resume(3, "to"), OLD_SESSION);
    rig.receive(1, b"\x30\x03\x00\x01a");
    assert_eq!(rig.sent_to(3), b"\x30\x03\x00\x01a", "without subscribing again");
}

#[test]
fn a_clean_connect_discards_the_lasting_session_and_its_messages() {
    let mut rig = publisher_and_lasting_subscriber(Config::default(), 1);
    rig.lose(2);
    rig.receive(1, &publish_qos1(1, b'x'));
    assert_eq!(rig.broker.queued("to"), 1);
    rig.connect(2, "to");
    assert_eq!(rig.broker.subscriptions("to").count(), 0);
    rig.lose(2);
    assert_eq!(rig.resume(2, "to"), NEW_SESSION, "nothing comes back");
}

/// [MQTT-4.5.0-1] [MQTT-4.6.0-6]
#[test]
fn messages_wait_in_order_while_the_client_is_away() {
    let mut rig = publisher_and_lasting_subscriber(Config::default(), 1);
    rig.lose(2);
    rig.receive(1, &publish_qos1(1, b'x'));
    rig.receive(1, b"\x30\x04\x00\x01a0");
    rig.receive(1, &publish_qos1(2, b'y'));
    let expected = [OLD_SESSION, &publish_qos1(1, b'x'), &publish_qos1(2, b'y')].concat();
    assert_eq!(rig.resume(2, "to"), expected, "QoS 0 does not wait");
}

/// [MQTT-4.4.0-1] [MQTT-3.3.1-1] [MQTT-4.6.0-1]
#[test]
fn what_was_not_acknowledged_is_sent_again_before_what_was_queued() {
    let mut rig = publisher_and_lasting_subscriber(Config::default(), 1);
    for number in 1..=4 {
        rig.receive(1, &publish_qos1(number, b'0' + number as u8));
    }
    rig.receive(2, &puback(2));
    rig.lose(2);
    rig.receive(1, &publish_qos1(5, b'5'));
    rig.sent_to(2);
    let again = b"\x3a\x06\x00\x01a\x00\x011\x3a\x06\x00\x01a\x00\x033\x3a\x06\x00\x01a\x00\x044";
    let expected = [OLD_SESSION, again, &publish_qos1(5, b'5')].concat();
    assert_eq!(rig.resume(2, "to"), expected);
    rig.receive(2, &[puback(4), puback(1), puback(5), puback(3)].concat());
    rig.lose(2);
    assert_eq!(rig.resume(2, "to"), OLD_SESSION);
}

#[test]
fn what_is_sent_again_is_limited_by_what_may_be_in_flight() {
    let config = Config { in_flight_max: 1, ..Config::default() };
    let mut rig = publisher_and_lasting_subscriber(config, 1);
    rig.receive(1, &publish_qos1(1, b'x'));
    rig.receive(1, &publish_qos1(2, b'y'));
    rig.lose(2);
    rig.sent_to(2);
    let expected = [OLD_SESSION, b"\x3a\x06\x00\x01a\x00\x01x"].concat();
    assert_eq!(rig.resume(2, "to"), expected);
    assert_eq!(rig.answer(2, &puback(1)), publish_qos1(2, b'y'));
}

/// [MQTT-4.4.0-1] [MQTT-4.6.0-3]
#[test]
fn a_released_qos_2_message_continues_with_pubrel() {
    let mut rig = publisher_and_lasting_subscriber(Config::default(), 2);
    rig.receive(1, b"\x34\x06\x00\x01a\x00\x01x");
    rig.receive(1, b"\x34\x06\x00\x01a\x00\x02y");
    rig.receive(2, b"\x50\x02\x00\x01");
    rig.lose(2);
    rig.sent_to(2);
    let expected = [OLD_SESSION, b"\x62\x02\x00\x01\x3c\x06\x00\x01a\x00\x02y"].concat();
    assert_eq!(rig.resume(2, "to"), expected);
}

#[test]
fn a_qos_2_message_of_a_lasting_session_is_known_on_the_next_connection() {
    let mut rig = Rig::new();
    rig.connect(1, "to");
    rig.subscribe(1, "a", 0);
    rig.resume(2, "from");
    rig.receive(2, b"\x34\x06\x00\x01a\x00\x05x");
    rig.lose(2);
    rig.sent_to(2);
    assert_eq!(rig.resume(2, "from"), OLD_SESSION);
    assert_eq!(rig.answer(2, b"\x3c\x06\x00\x01a\x00\x05x"), b"\x50\x02\x00\x05");
    assert_eq!(rig.sent_to(1), b"\x30\x04\x00\x01ax", "routed once");
}

#[test]
fn a_full_queue_drops_the_newest_and_counts_it() {
    let config = Config { queue_max: 2, ..Config::default() };
    let mut rig = publisher_and_lasting_subscriber(config, 1);
    rig.lose(2);
    rig.events();
    for number in 1..=3 {
        let answer = rig.answer(1, &publish_qos1(number, b'0' + number as u8));
        assert_eq!(answer, puback(number), "the publisher is not to blame");
    }
    assert_eq!(rig.broker.queued("to"), 2);
    assert_eq!(rig.broker.counters().queue_overflows, 1);
    assert_eq!(rig.events().last().map(String::as_str), Some("to missed a [51]"));
    let expected = [OLD_SESSION, &publish_qos1(1, b'1'), &publish_qos1(2, b'2')].concat();
    assert_eq!(rig.resume(2, "to"), expected);
}

#[test]
fn a_thousand_messages_wait_by_default() {
    let mut rig = publisher_and_lasting_subscriber(Config::default(), 1);
    rig.lose(2);
    for _ in 0..1_001 {
        rig.receive(1, &publish_qos1(1, 0));
    }
    assert_eq!((rig.broker.queued("to"), rig.broker.counters().queue_overflows), (1_000, 1));
}

#[test]
fn a_takeover_keeps_the_lasting_session() {
    let mut rig = publisher_and_lasting_subscriber(Config::default(), 1);
    rig.receive(1, &publish_qos1(1, b'x'));
    rig.sent_to(2);
    let expected = [OLD_SESSION, b"\x3a\x06\x00\x01a\x00\x01x"].concat();
    assert_eq!(rig.resume(3, "to"), expected);
    assert_eq!(rig.closed(2), Some(CloseReason::TakenOver));
}

#[test]
fn a_lasting_session_becomes_clean_and_back() {
    let mut rig = publisher_and_lasting_subscriber(Config::default(), 1);
    rig.connect(3, "to");
    assert_eq!(rig.broker.subscriptions("to").count(), 0);
    assert_eq!(rig.resume(4, "to"), NEW_SESSION, "the clean one ended with its connection");
    rig.lose(4);
    assert!(rig.broker.session_exists("to"));
}

#[test]
fn a_forgotten_session_is_gone_and_its_connection_too() {
    let mut rig = publisher_and_lasting_subscriber(Config::default(), 1);
    rig.receive(1, &publish_qos1(1, b'x'));
    rig.broker.forget_session(rig.now(), "to");
    rig.drain();
    assert_eq!(rig.closed(2), Some(CloseReason::SessionForgotten));
    assert!(!rig.broker.session_exists("to"));
    rig.sent_to(2);
    assert_eq!(rig.resume(2, "to"), NEW_SESSION);
    rig.broker.forget_session(rig.now(), "nobody");
}

#[test]
fn the_place_of_an_ended_session_is_clean_for_the_next() {
    let mut rig = publisher_and_lasting_subscriber(Config::default(), 2);
    rig.receive(1, &publish_qos1(1, b'x'));
    rig.receive(2, b"\x34\x06\x00\x01b\x00\x05x");
    rig.broker.forget_session(rig.now(), "to");
    rig.sent_to(3);
    assert_eq!(rig.resume(3, "other"), NEW_SESSION);
    assert_eq!(rig.broker.subscriptions("other").count(), 0);
    rig.subscribe(3, "b", 1);
    rig.receive(3, b"\x34\x06\x00\x01b\x00\x05y");
    assert_eq!(rig.sent_to(3), b"\x32\x06\x00\x01b\x00\x01y\x50\x02\x00\x05");
}
