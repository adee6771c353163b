//! CONNECT, CONNACK, DISCONNECT and AUTH of MQTT 5.

use fivewire_core::mqtt::v5::ReasonCode;
use fivewire_sim::broker::{ClientKey, CloseReason, Config, Credentials, Mqtt5};

use crate::rig::{NEW_SESSION, NEW_SESSION_V5, OLD_SESSION_V5, Rig};

#[test]
fn the_protocol_level_decides_which_version_a_connection_speaks() {
    let mut rig = Rig::new();
    assert_eq!(rig.connect_v5_with(1, "five", 0x02, b"", b""), NEW_SESSION_V5);
    assert_eq!(rig.connect_with(2, "three", 0x02, 0, b""), NEW_SESSION);
    assert!(rig.broker.speaks_v5(ClientKey(1)) && !rig.broker.speaks_v5(ClientKey(2)));
    assert_eq!(rig.answer(1, b"\xc0\x00"), b"\xd0\x00");
    assert_eq!(rig.answer(2, b"\xc0\x00"), b"\xd0\x00");
}

/// [MQTT5-3.2.2-16] [MQTT5-3.2.2-21]
#[test]
fn connack_says_what_holds_instead_of_what_was_asked_for() {
    let mqtt5 = Mqtt5 {
        session_expiry_max_s: 60,
        receive_maximum: 7,
        topic_alias_maximum: 0,
        keep_alive_max_s: Some(30),
        response_information: Some("re".into()),
        ..Mqtt5::default()
    };
    let mut rig = Rig::with(Config { mqtt5, packet_max_bytes: 1_000, ..Config::default() });
    let asked = b"\x11\x00\x00\xff\xff\x19\x01";
    assert_eq!(
        rig.connect_v5_with(1, "", 0x02, asked, b""),
        b"\x20\x26\x00\x00\x23\x13\x00\x1e\x11\x00\x00\x00\x3c\x12\x00\x06auto-1\x21\x00\x07\
          \x22\x00\x00\x27\x00\x00\x03\xe8\x2a\x00\x1a\x00\x02re"
    );
    rig.pass_ms(44_999);
    assert_eq!(rig.closed(1), None);
    rig.pass_ms(1);
    assert_eq!(rig.closed(1), Some(CloseReason::KeepAlive), "silent for 1.5 times 30 s");
    assert_eq!(rig.sent_to(1), b"\xe0\x01\x8d");
}

/// [MQTT5-4.12.0-1] [MQTT5-4.13.1-1] [MQTT5-3.2.2-6]
#[test]
fn a_refusal_has_its_reason_code() {
    let username = "u".to_owned();
    let credentials = Some(Credentials { username, password: b"p".to_vec() });
    let mut rig = Rig::with(Config { credentials, client_id_max_bytes: 23, ..Config::default() });
    let long = "x".repeat(24);
    for (client_id, flags, properties, rest, reason_code) in [
        ("a", 0x02, &b"\x15\x00\x01m"[..], &b""[..], 0x8C),
        (&long, 0x02, b"", b"", 0x85),
        ("a", 0x02, b"", b"", 0x87),
        ("a", 0xC2, b"", b"\x00\x01u\x00\x01x", 0x87),
        // a reserved flag, and a property that no CONNECT has
        ("a", 0x03, b"", b"", 0x81),
        ("a", 0x02, b"\x23\x00\x01", b"", 0x81),
    ] {
        let answer = rig.connect_v5_with(1, client_id, flags, properties, rest);
        assert_eq!(answer[..4], [0x20, 3, 0, reason_code], "{client_id} {flags:#x}");
        assert!(rig.closed(1).is_some());
    }
    let answer = rig.connect_v5_with(1, "a", 0xC2, b"", b"\x00\x01u\x00\x01p");
    assert_eq!(answer, NEW_SESSION_V5);
}

/// [MQTT5-3.1.4-3]
#[test]
fn whoever_is_taken_over_is_told() {
    let mut rig = Rig::new();
    rig.connect_v5(1, "a", b"");
    rig.connect(2, "a");
    assert_eq!(rig.sent_to(1), b"\xe0\x01\x8e");
    assert_eq!(rig.closed(1), Some(CloseReason::TakenOver));
    rig.connect_v5(3, "a", b"");
    assert_eq!(rig.sent_to(2), b"", "3.1.1 has no word for it");
}

/// [MQTT5-4.13.1-1] [MQTT5-3.1.0-2] [MQTT5-4.12.0-6]
#[test]
fn a_breach_is_told_before_the_connection_is_closed() {
    for (packet, answer, clause) in [
        (&b"\x30\x03\x00\x00\x00"[..], b"\xe0\x01\x82", "MQTT 5 §3.3.2.1"),
        (b"\xf0\x06\x18\x04\x15\x00\x01x", b"\xe0\x01\x82", "MQTT 5 §2.1.2"),
        (b"\x30\x06\x00\x01a\x02\x0b\x01", b"\xe0\x01\x82", "MQTT5-3.3.4-6"),
        (b"\x30\x07\x00\x01a\x03\x23\x00\x0b", b"\xe0\x01\x94", "MQTT5-3.3.2-11"),
        (b"\x30\x06\x00\x00\x03\x23\x00\x01", b"\xe0\x01\x82", "MQTT 5 §3.3.2.3.4"),
        (b"\xe0\x07\x00\x05\x11\x00\x00\x00\x09", b"\xe0\x01\x82", "MQTT 5 §3.14.2.2.2"),
        (b"\x82\x00", b"\xe0\x01\x81", "MQTT 5 §2.1.4"),
    ] {
        let mut rig = Rig::new();
        rig.connect_v5(1, "a", b"");
        assert_eq!(rig.answer(1, packet), answer, "{clause}");
        assert_eq!(rig.breached_clause(1), clause);
    }
}

#[test]
fn the_broker_disconnects_when_it_is_told_to() {
    let mut rig = Rig::new();
    rig.connect_v5(1, "a", b"");
    assert!(rig.broker.disconnect(rig.now(), ClientKey(1), ReasonCode::ServerShuttingDown));
    rig.drain();
    assert_eq!(rig.sent_to(1), b"\xe0\x01\x8b");
    assert_eq!(rig.closed(1), Some(CloseReason::ByServer(ReasonCode::ServerShuttingDown)));
    assert!(!rig.broker.disconnect(rig.now(), ClientKey(1), ReasonCode::ServerShuttingDown));
}

#[test]
fn a_session_goes_from_one_version_to_the_other() {
    let mut rig = Rig::new();
    rig.resume(1, "a");
    rig.subscribe(1, "a", 1);
    rig.lose(1);
    rig.connect(2, "from");
    rig.receive(2, b"\x32\x06\x00\x01a\x00\x07x");
    let answer = rig.connect_v5_with(1, "a", 0x00, b"\x11\x00\x00\x00\x3c", b"");
    let with_message = [OLD_SESSION_V5, b"\x32\x07\x00\x01a\x00\x01\x00x"].concat();
    assert_eq!(answer, with_message);
}
