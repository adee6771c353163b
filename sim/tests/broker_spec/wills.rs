//! Wills (MQTT 3.1.1 §3.1.2.5).

use fivewire_sim::broker::CloseReason;

use crate::rig::{NEW_SESSION, OLD_SESSION, Rig};

/// CONNECT flags: clean session, will with QoS 1.
const WILL_QOS_1: u8 = 0x0e;
/// Will topic `w` and will message `gone`.
const WILL: &[u8] = b"\x00\x01w\x00\x04gone";
/// The will as it reaches a subscriber with QoS 0.
const GONE: &[u8] = b"\x30\x07\x00\x01wgone";

/// Client 1 listens to everything with QoS 0, client 2 has a will and a keep alive of 10 s.
fn with_will(flags: u8) -> Rig {
    let mut rig = Rig::new();
    rig.connect(1, "listener");
    rig.subscribe(1, "#", 0);
    assert_eq!(rig.connect_with(2, "mortal", flags, 10, WILL), NEW_SESSION);
    rig
}

/// [MQTT-3.1.2-8]
#[test]
fn it_is_published_when_the_transport_is_lost() {
    let mut rig = with_will(WILL_QOS_1);
    rig.events();
    rig.lose(2);
    assert_eq!(rig.sent_to(1), GONE);
    assert_eq!(
        rig.events(),
        [
            "2 disconnected mortal TransportClosed",
            "2 left w [103, 111, 110, 101] 1 false",
            "1 was sent [103, 111, 110, 101] as 0",
        ]
    );
}

#[test]
fn it_is_published_when_the_client_was_silent_for_too_long() {
    let mut rig = with_will(WILL_QOS_1);
    rig.pass_ms(14_999);
    assert_eq!(rig.sent_to(1), b"");
    rig.pass_ms(1);
    assert_eq!(rig.closed(2), Some(CloseReason::KeepAlive));
    assert_eq!(rig.sent_to(1), GONE);
}

#[test]
fn it_is_published_when_the_client_broke_the_protocol() {
    let mut rig = with_will(WILL_QOS_1);
    rig.receive(2, b"\xf0\x00");
    assert_eq!(rig.sent_to(1), GONE);
}

#[test]
fn it_is_published_when_the_identifier_was_taken_over() {
    let mut rig = with_will(WILL_QOS_1);
    rig.connect(3, "mortal");
    assert_eq!(rig.sent_to(1), GONE);
}

/// [MQTT-3.1.2-10] [MQTT-3.14.4-3]
#[test]
fn it_is_discarded_by_disconnect() {
    let mut rig = with_will(WILL_QOS_1);
    rig.receive(2, b"\xe0\x00");
    rig.lose(2);
    assert_eq!(rig.sent_to(1), b"");
}

/// [MQTT-3.1.2-12]
#[test]
fn it_belongs_to_one_connection() {
    let mut rig = with_will(WILL_QOS_1);
    rig.receive(2, b"\xe0\x00");
    rig.connect(2, "mortal");
    rig.lose(2);
    assert_eq!(rig.sent_to(1), b"");
}

/// [MQTT-3.1.2-16] [MQTT-3.1.2-17]
#[test]
fn it_is_retained_only_if_asked_for() {
    let mut rig = with_will(WILL_QOS_1);
    rig.lose(2);
    assert_eq!(rig.broker.retained("w"), None);
    let mut rig = with_will(WILL_QOS_1 | 0x20);
    rig.lose(2);
    assert_eq!(rig.broker.retained("w"), Some(&b"gone"[..]));
}

#[test]
fn it_keeps_its_qos() {
    for (flags, expected) in [
        (0x06, GONE),
        (0x0e, b"\x32\x09\x00\x01w\x00\x01gone"),
        (0x16, b"\x34\x09\x00\x01w\x00\x01gone"),
    ] {
        let mut rig = Rig::new();
        rig.connect(1, "listener");
        rig.subscribe(1, "w", 2);
        rig.connect_with(2, "mortal", flags, 0, WILL);
        rig.lose(2);
        assert_eq!(rig.sent_to(1), expected);
    }
}

#[test]
fn it_reaches_the_session_it_came_from() {
    let mut rig = Rig::new();
    assert_eq!(rig.connect_with(1, "mortal", 0x0c, 0, WILL), NEW_SESSION);
    rig.subscribe(1, "w", 1);
    rig.lose(1);
    let expected = [OLD_SESSION, b"\x32\x09\x00\x01w\x00\x01gone"].concat();
    assert_eq!(rig.resume(1, "mortal"), expected);
}

#[test]
fn a_refused_client_has_none() {
    let mut rig = Rig::new();
    rig.connect(1, "listener");
    rig.subscribe(1, "#", 0);
    assert_eq!(rig.connect_with(2, "", 0x0c, 0, WILL), b"\x20\x02\x00\x02");
    rig.lose(2);
    assert_eq!(rig.sent_to(1), b"");
}
