//! Misbehaviour: what it does, and that it does nothing else.

use fivewire_core::mqtt::{ConnectReturnCode, QoS};
use fivewire_sim::broker::{ClientKey, CloseReason, MALFORMED, Misbehaviour};

use crate::rig::{NEW_SESSION, OLD_SESSION, Rig, puback, publish_qos1, subscribe_packet};

/// PUBLISH QoS 1, PUBLISH QoS 2, PUBREL, SUBSCRIBE, UNSUBSCRIBE and PINGREQ.
const REQUESTS: &[u8] = b"\x32\x05\x00\x01a\x00\x01\x34\x05\x00\x01a\x00\x02\x62\x02\x00\x02\
    \x82\x06\x00\x03\x00\x01z\x00\xa2\x05\x00\x04\x00\x01z\xc0\x00";
/// Their answers but for PINGRESP.
const ACKNOWLEDGEMENTS: &[&[u8]] = &[
    b"\x40\x02\x00\x01",
    b"\x50\x02\x00\x02",
    b"\x70\x02\x00\x02",
    b"\x90\x03\x00\x03\x00",
    b"\xb0\x02\x00\x04",
];
const PINGRESP: &[u8] = b"\xd0\x00";

fn connected_to(misbehaviour: Misbehaviour) -> Rig {
    let mut rig = Rig::new();
    rig.connect(1, "a");
    rig.broker.set_misbehaviour(misbehaviour);
    rig
}

#[test]
fn acknowledgements_can_be_swallowed_while_the_work_is_done() {
    let mut rig =
        connected_to(Misbehaviour { swallow_acknowledgements: true, ..Misbehaviour::default() });
    assert_eq!(rig.answer(1, REQUESTS), PINGRESP);
    assert_eq!(rig.answer(1, &subscribe_packet("a", 1)), b"");
    assert_eq!(rig.answer(1, &publish_qos1(5, b'x')), publish_qos1(1, b'x'));
    rig.broker.set_misbehaviour(Misbehaviour::default());
    assert_eq!(rig.answer(1, b"\xa2\x05\x00\x04\x00\x01z"), b"\xb0\x02\x00\x04", "and back");
}

#[test]
fn acknowledgements_can_be_sent_twice() {
    let mut rig =
        connected_to(Misbehaviour { double_acknowledgements: true, ..Misbehaviour::default() });
    let mut expected: Vec<u8> =
        ACKNOWLEDGEMENTS.iter().flat_map(|packet| packet.repeat(2)).collect();
    expected.extend(PINGRESP);
    assert_eq!(rig.answer(1, REQUESTS), expected);
}

#[test]
fn acknowledgements_can_be_delayed() {
    let mut rig =
        connected_to(Misbehaviour { delay_acknowledgements_ms: 300, ..Misbehaviour::default() });
    assert_eq!(rig.answer(1, REQUESTS), PINGRESP);
    rig.pass_ms(299);
    assert_eq!(rig.sent_to(1), b"");
    rig.pass_ms(1);
    assert_eq!(rig.sent_to(1), ACKNOWLEDGEMENTS.concat());
}

#[test]
fn delayed_acknowledgements_are_not_overtaken_by_those_after_the_misbehaviour() {
    let mut rig =
        connected_to(Misbehaviour { delay_acknowledgements_ms: 300, ..Misbehaviour::default() });
    rig.receive(1, &publish_qos1(1, 0));
    rig.broker.set_misbehaviour(Misbehaviour::default());
    rig.pass_ms(100);
    assert_eq!(rig.answer(1, &publish_qos1(2, 0)), b"");
    rig.pass_ms(200);
    assert_eq!(rig.sent_to(1), [puback(1), puback(2)].concat());
    assert_eq!(rig.answer(1, &publish_qos1(3, 0)), puback(3));
}

#[test]
fn a_delayed_acknowledgement_ends_with_its_connection() {
    let mut rig =
        connected_to(Misbehaviour { delay_acknowledgements_ms: 300, ..Misbehaviour::default() });
    rig.receive(1, &publish_qos1(1, 0));
    rig.lose(1);
    rig.connect(1, "b");
    rig.pass_ms(1_000);
    assert_eq!(rig.sent_to(1), b"");
}

#[test]
fn connect_can_be_denied_with_each_return_code() {
    for code in 1..=5 {
        let mut rig = Rig::new();
        rig.resume(1, "a");
        let deny_connect = ConnectReturnCode::from_u8(code);
        rig.broker.set_misbehaviour(Misbehaviour { deny_connect, ..Misbehaviour::default() });
        assert_eq!(rig.resume(2, "a"), [0x20, 2, 0, code]);
        assert_eq!(rig.closed(2), deny_connect.map(CloseReason::Refused));
        assert_eq!(rig.closed(1), None, "the one that is connected stays");
        rig.broker.set_misbehaviour(Misbehaviour::default());
        assert_eq!(rig.resume(2, "a"), OLD_SESSION);
    }
    let mut rig = connected_to(Misbehaviour {
        deny_connect: Some(ConnectReturnCode::Accepted),
        ..Misbehaviour::default()
    });
    assert_eq!(rig.resume(2, "b"), NEW_SESSION, "return code 0 denies nothing");
}

#[test]
fn a_filter_can_be_refused() {
    let refuse_filter = Some("b/#".into());
    let mut rig = connected_to(Misbehaviour { refuse_filter, ..Misbehaviour::default() });
    let subscribe = b"\x82\x11\x00\x01\x00\x01b\x01\x00\x03b/#\x01\x00\x02c/\x02";
    assert_eq!(rig.answer(1, subscribe), b"\x90\x05\x00\x01\x01\x80\x02");
    let filters: Vec<_> = rig.broker.subscriptions("a").map(|(filter, _)| filter).collect();
    assert_eq!(filters, ["b", "c/"]);
}

#[test]
fn less_can_be_granted_than_asked_for() {
    let granted_qos_max = Some(QoS::AtMostOnce);
    let mut rig = connected_to(Misbehaviour { granted_qos_max, ..Misbehaviour::default() });
    assert_eq!(rig.answer(1, &subscribe_packet("a", 2)), b"\x90\x03\x00\x01\x00");
    let expected = [&b"\x30\x04\x00\x01ax"[..], &puback(1)].concat();
    assert_eq!(rig.answer(1, &publish_qos1(1, b'x')), expected);
}

#[test]
fn bytes_can_be_put_into_a_connection() {
    let mut rig = connected_to(Misbehaviour::default());
    for malformed in MALFORMED {
        assert!(rig.broker.inject(ClientKey(1), malformed.bytes));
        rig.drain();
        assert_eq!(rig.sent_to(1), malformed.bytes, "{}", malformed.name);
    }
    rig.lose(1);
    assert!(!rig.broker.inject(ClientKey(1), b"x"));
    assert!(!rig.broker.inject(ClientKey(9), b"x"));
}

#[test]
fn more_can_be_delivered_than_was_granted_and_only_to_whom_it_is_meant_for() {
    let exactly_once_to = Some("b".into());
    let mut rig = connected_to(Misbehaviour { exactly_once_to, ..Misbehaviour::default() });
    rig.connect(2, "b");
    rig.subscribe(1, "a", 1);
    rig.subscribe(2, "a", 1);
    let expected = [publish_qos1(1, b'x'), puback(7)].concat();
    assert_eq!(rig.answer(1, &publish_qos1(7, b'x')), expected);
    assert_eq!(rig.sent_to(2), b"\x34\x06\x00\x01a\x00\x01x");
    assert_eq!(rig.answer(2, b"\x50\x02\x00\x01"), b"\x62\x02\x00\x01");
    assert_eq!(rig.answer(2, b"\x70\x02\x00\x01"), b"");
    assert_eq!(rig.broker.in_flight("b"), 0);
}
