//! Transports that are full, and names of connections.

use fivewire_sim::broker::{ClientKey, CloseReason, Config, Input, Output};

use crate::rig::{NEW_SESSION, Rig, puback, publish_qos1};

#[test]
fn what_does_not_fit_waits_until_the_transport_is_writable() {
    let mut rig = Rig::new();
    rig.connect(1, "a");
    rig.set_room(1, 3);
    assert_eq!(rig.answer(1, &publish_qos1(1, 0)), puback(1)[..3]);
    assert_eq!(rig.answer(1, &publish_qos1(2, 0)), b"", "nothing is offered meanwhile");
    rig.set_room(1, 2);
    assert_eq!(rig.sent_to(1), [0x01, 0x40]);
    rig.set_room(1, 100);
    assert_eq!(rig.sent_to(1), [0x02, 0x00, 0x02]);
}

#[test]
fn bytes_are_offered_once_until_they_are_answered_for() {
    let mut rig = Rig::new();
    rig.connect(1, "a");
    let now = rig.now();
    rig.broker.handle(now, Input::Received(ClientKey(1), b"\xc0\x00"));
    assert_eq!(rig.broker.poll(), Output::Transmit(ClientKey(1), b"\xd0\x00"));
    assert!(matches!(rig.broker.poll(), Output::Wait(_)));
    rig.broker.handle(now, Input::Received(ClientKey(1), b"\xc0\x00"));
    assert!(matches!(rig.broker.poll(), Output::Wait(_)));
    rig.broker.handle(now, Input::Sent(ClientKey(1), 2));
    assert_eq!(rig.broker.poll(), Output::Transmit(ClientKey(1), b"\xd0\x00"));
    // a caller that claims to have sent more than there was does no harm
    rig.broker.handle(now, Input::Sent(ClientKey(1), 9));
    assert!(matches!(rig.broker.poll(), Output::Wait(_)));
    rig.broker.handle(now, Input::Received(ClientKey(1), b"\xc0\x00"));
    assert_eq!(rig.broker.poll(), Output::Transmit(ClientKey(1), b"\xd0\x00"));
}

#[test]
fn a_full_transport_delays_nobody_else() {
    let mut rig = Rig::new();
    rig.connect(1, "a");
    rig.connect(2, "b");
    rig.set_room(1, 0);
    assert_eq!(rig.answer(1, b"\xc0\x00"), b"");
    assert_eq!(rig.answer(2, b"\xc0\x00"), b"\xd0\x00");
}

#[test]
fn a_connection_with_a_full_transport_can_still_be_ended() {
    let mut rig = Rig::new();
    rig.connect(1, "a");
    rig.set_room(1, 0);
    rig.receive(1, b"\xc0\x00");
    rig.connect(2, "a");
    assert_eq!(rig.closed(1), Some(CloseReason::TakenOver));
    assert_eq!(rig.sent_to(1), b"");
}

#[test]
fn qos_0_for_a_transport_that_stays_full_is_dropped_and_counted() {
    let mut rig = Rig::with(Config { output_max_bytes: 8, ..Config::default() });
    rig.connect(1, "from");
    rig.connect(2, "to");
    rig.subscribe(2, "a", 1);
    rig.set_room(2, 0);
    for payload in [b'1', b'2', b'3'] {
        rig.receive(1, &[0x30, 4, 0, 1, b'a', payload]);
    }
    rig.receive(1, &publish_qos1(1, b'4'));
    assert_eq!(rig.broker.counters().qos0_dropped, 1);
    rig.set_room(2, 1_000);
    let expected = [&b"\x30\x04\x00\x01a1\x30\x04\x00\x01a2"[..], &publish_qos1(1, b'4')].concat();
    assert_eq!(rig.sent_to(2), expected);
}

#[test]
fn much_qos_0_at_once_is_no_reason_to_drop_any() {
    let mut rig = Rig::with(Config { output_max_bytes: 8, ..Config::default() });
    rig.connect(1, "from");
    rig.connect(2, "to");
    rig.subscribe(2, "a", 0);
    let many = b"\x30\x04\x00\x01a1".repeat(100);
    rig.receive(1, &many);
    assert_eq!(rig.sent_to(2), many);
}

#[test]
fn what_a_transport_did_not_take_is_lost_with_it() {
    let mut rig = Rig::new();
    rig.connect(1, "a");
    rig.set_room(1, 1);
    rig.receive(1, b"\xc0\x00");
    rig.lose(1);
    rig.connect(2, "b");
    assert_eq!(rig.answer(2, b"\xc0\x00"), b"\xd0\x00");
}

#[test]
fn unknown_names_are_ignored() {
    let mut rig = Rig::new();
    let key = ClientKey(7);
    for input in [
        Input::Received(key, b"\xc0\x00"),
        Input::Sent(key, 1),
        Input::Writable(key),
        Input::Closed(key),
    ] {
        rig.handle(input);
    }
    assert!(rig.events().is_empty());
}

#[test]
fn a_name_can_be_used_again_and_what_had_it_is_over() {
    let mut rig = Rig::new();
    rig.connect(1, "a");
    rig.receive(1, b"\x30\x09");
    rig.connect(1, "b");
    assert_eq!(rig.answer(1, b"\xc0\x00"), b"\xd0\x00");
    assert_eq!(rig.broker.connections().collect::<Vec<_>>(), [ClientKey(1)]);
    assert_eq!(
        rig.events(),
        [
            "1 connected a true false",
            "1 disconnected a TransportClosed",
            "1 connected b true false",
        ]
    );
}

#[test]
fn without_events_everything_else_is_the_same() {
    let mut rig = Rig::with(Config { events: false, ..Config::default() });
    assert_eq!(rig.connect_with(1, "a", 0x0e, 0, b"\x00\x01w\x00\x01!"), NEW_SESSION);
    rig.subscribe(1, "#", 1);
    assert_eq!(rig.answer(1, &publish_qos1(1, b'x')), [publish_qos1(1, b'x'), puback(1)].concat());
    rig.lose(1);
    assert!(rig.events().is_empty());
}
