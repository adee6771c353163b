//! CONNECT, CONNACK, DISCONNECT, PINGREQ, and the breaches that end a connection.

use fivewire_core::mqtt::ConnectReturnCode;
use fivewire_sim::broker::{CloseReason, Config, Credentials};

use crate::rig::{NEW_SESSION, Rig};

#[test]
fn a_client_connects_pings_and_leaves() {
    let mut rig = Rig::new();
    rig.open(1);
    let connect = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a";
    assert_eq!(rig.answer(1, connect), NEW_SESSION);
    // [MQTT-3.12.4-1]
    assert_eq!(rig.answer(1, b"\xc0\x00"), b"\xd0\x00");
    assert_eq!(rig.broker.client_id(fivewire_sim::broker::ClientKey(1)), Some("a"));
    assert_eq!(rig.answer(1, b"\xe0\x00"), b"");
    assert_eq!(rig.closed(1), Some(CloseReason::Disconnect));
    assert_eq!(rig.broker.connections().count(), 0);
    assert_eq!(rig.events(), ["1 connected a true false", "1 disconnected a Disconnect"]);
}

/// [MQTT-3.1.0-1]
#[test]
fn the_first_packet_must_be_connect() {
    for packet in [&b"\xc0\x00"[..], b"\x30\x03\x00\x01a", b"\xe0\x00", b"\x20\x02\x00\x00"] {
        let mut rig = Rig::new();
        rig.open(1);
        assert_eq!(rig.answer(1, packet), b"");
        assert_eq!(rig.breached_clause(1), "MQTT-3.1.0-1");
        assert_eq!(rig.events(), ["1 disconnected - Breach(FirstPacketNotConnect)"]);
    }
}

/// [MQTT-3.1.0-2]
#[test]
fn a_second_connect_ends_the_connection() {
    let mut rig = Rig::new();
    rig.connect(1, "a");
    rig.receive(1, b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a");
    assert_eq!(rig.breached_clause(1), "MQTT-3.1.0-2");
}

/// [MQTT-3.1.2-2]
#[test]
fn an_unknown_protocol_level_is_answered_with_return_code_1() {
    let mut rig = Rig::new();
    rig.open(1);
    let connect = b"\x10\x0d\x00\x04MQTT\x06\x02\x00\x00\x00\x01a";
    assert_eq!(rig.answer(1, connect), b"\x20\x02\x00\x01");
    assert_eq!(rig.breached_clause(1), "MQTT-3.1.2-2");
}

#[test]
fn a_malformed_connect_is_not_answered() {
    for (connect, clause) in [
        // [MQTT-3.1.2-1]
        (&b"\x10\x0f\x00\x06MQIsdp\x03\x02\x00\x00\x00\x01a"[..], "MQTT-3.1.2-1"),
        // [MQTT-3.1.2-3]
        (b"\x10\x0d\x00\x04MQTT\x04\x03\x00\x00\x00\x01a", "MQTT-3.1.2-3"),
        // [MQTT-3.1.2-13]
        (b"\x10\x0d\x00\x04MQTT\x04\x0a\x00\x00\x00\x01a", "MQTT-3.1.2-13"),
        // [MQTT-3.1.2-14]
        (b"\x10\x0d\x00\x04MQTT\x04\x1e\x00\x00\x00\x01a", "MQTT-3.1.2-14"),
        // [MQTT-3.1.2-15]
        (b"\x10\x0d\x00\x04MQTT\x04\x22\x00\x00\x00\x01a", "MQTT-3.1.2-15"),
        // [MQTT-3.1.2-22]
        (b"\x10\x0d\x00\x04MQTT\x04\x42\x00\x00\x00\x01a", "MQTT-3.1.2-22"),
        // [MQTT-3.1.3-4]
        (b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01\xff", "MQTT-1.5.3-1"),
    ] {
        let mut rig = Rig::new();
        rig.open(1);
        assert_eq!(rig.answer(1, connect), b"");
        assert_eq!(rig.breached_clause(1), clause);
    }
}

#[test]
fn a_malformed_packet_ends_the_connection_and_names_the_clause() {
    for (packet, clause) in [
        (&b"\xd0\x00"[..], "MQTT 3.1.1 §2.2.1"),
        (b"\x20\x02\x00\x00", "MQTT 3.1.1 §2.2.1"),
        (b"\x90\x03\x00\x01\x00", "MQTT 3.1.1 §2.2.1"),
        (b"\xb0\x02\x00\x01", "MQTT 3.1.1 §2.2.1"),
        (b"\xf0\x00", "MQTT 3.1.1 §2.2.1"),
        // [MQTT-2.2.2-2] [MQTT-3.6.1-1]
        (b"\x60\x02\x00\x01", "MQTT-2.2.2-2"),
        // [MQTT-3.8.1-1]
        (b"\x80\x06\x00\x01\x00\x01a\x00", "MQTT-2.2.2-2"),
        // [MQTT-3.14.1-1]
        (b"\xe1\x00", "MQTT-2.2.2-2"),
        // [MQTT-3.3.1-4]
        (b"\x36\x05\x00\x01a\x00\x01", "MQTT-3.3.1-4"),
        // [MQTT-3.3.2-2]
        (b"\x30\x03\x00\x01#", "MQTT-3.3.2-2"),
        // [MQTT-2.3.1-1]
        (b"\x32\x05\x00\x01a\x00\x00", "MQTT-2.3.1-1"),
        // [MQTT-3.8.3-3]
        (b"\x82\x02\x00\x01", "MQTT-3.8.3-3"),
        // [MQTT-3.8.3-4]
        (b"\x82\x06\x00\x01\x00\x01a\x03", "MQTT-3.8.3-4"),
        // [MQTT-3.10.3-2]
        (b"\xa2\x02\x00\x01", "MQTT-3.10.3-2"),
        // [MQTT-4.7.1-2]
        (b"\x82\x07\x00\x01\x00\x02a#\x00", "MQTT-4.7.1-2"),
        (b"\xc0\xff\xff\xff\xff\x7f", "MQTT 3.1.1 §2.2.3"),
    ] {
        let mut rig = Rig::new();
        rig.connect(1, "a");
        // what comes after it is not looked at
        assert_eq!(rig.answer(1, &[packet, b"\xc0\x00"].concat()), b"", "{packet:?}");
        assert_eq!(rig.breached_clause(1), clause, "{packet:?}");
    }
}

#[test]
fn what_was_asked_before_the_breach_is_answered_before_the_end() {
    let mut rig = Rig::new();
    rig.connect(1, "a");
    assert_eq!(rig.answer(1, b"\xc0\x00\xf0\x00"), b"\xd0\x00");
    assert_eq!(rig.breached_clause(1), "MQTT 3.1.1 §2.2.1");
}

/// [MQTT-3.1.3-8]
#[test]
fn an_empty_client_identifier_needs_a_clean_session() {
    let mut rig = Rig::new();
    assert_eq!(rig.resume(1, ""), b"\x20\x02\x00\x02");
    let refused = CloseReason::Refused(ConnectReturnCode::IdentifierRejected);
    assert_eq!(rig.closed(1), Some(refused));
}

/// [MQTT-3.1.3-6]
#[test]
fn clients_without_identifier_get_one_each() {
    let mut rig = Rig::new();
    rig.connect(1, "");
    rig.connect(2, "");
    assert_eq!((rig.closed(1), rig.closed(2)), (None, None));
    assert_eq!(rig.events(), ["1 connected auto-1 true false", "2 connected auto-2 true false"]);
}

/// [MQTT-3.1.3-5] [MQTT-3.1.3-9]
#[test]
fn a_client_identifier_may_have_a_limited_length() {
    let mut rig = Rig::with(Config { client_id_max_bytes: 23, ..Config::default() });
    rig.connect(1, "abcdefghijklmnopqrstuvw");
    assert_eq!(rig.resume(2, "abcdefghijklmnopqrstuvwx"), b"\x20\x02\x00\x02");
    assert!(!rig.broker.session_exists("abcdefghijklmnopqrstuvwx"));
}

#[test]
fn where_credentials_are_asked_for_only_the_right_ones_let_in() {
    let credentials = Credentials { username: "me".into(), password: b"pw".to_vec() };
    let mut rig = Rig::with(Config { credentials: Some(credentials), ..Config::default() });
    assert_eq!(rig.connect_with(1, "a", 0xc2, 0, b"\x00\x02me\x00\x02pw"), NEW_SESSION);
    for (flags, rest) in [
        (0xc2, &b"\x00\x02me\x00\x02px"[..]),
        (0xc2, b"\x00\x02mo\x00\x02pw"),
        (0x82, b"\x00\x02me"),
        (0x02, b""),
    ] {
        assert_eq!(rig.connect_with(2, "a", flags, 0, rest), b"\x20\x02\x00\x05");
        assert_eq!(rig.closed(2), Some(CloseReason::Refused(ConnectReturnCode::NotAuthorized)));
    }
    assert_eq!(rig.closed(1), None, "who is refused takes nothing over");
}

/// [MQTT-3.1.4-5]
#[test]
fn what_a_refused_client_sends_is_not_processed() {
    let mut rig = Rig::new();
    rig.connect(1, "listener");
    rig.subscribe(1, "#", 0);
    rig.open(2);
    let connect_and_publish = b"\x10\x0c\x00\x04MQTT\x04\x00\x00\x00\x00\x00\x30\x03\x00\x01a";
    assert_eq!(rig.answer(2, connect_and_publish), b"\x20\x02\x00\x02");
    assert_eq!(rig.sent_to(1), b"");
}

/// [MQTT-3.1.4-2]
#[test]
fn a_client_takes_over_its_identifier() {
    let mut rig = Rig::new();
    rig.connect(1, "a");
    rig.connect(2, "a");
    assert_eq!(rig.closed(1), Some(CloseReason::TakenOver));
    assert_eq!(rig.answer(1, b"\xc0\x00"), b"", "the older connection is over");
    assert_eq!(rig.answer(2, b"\xc0\x00"), b"\xd0\x00");
    assert_eq!(
        rig.events(),
        ["1 connected a true false", "1 disconnected a TakenOver", "2 connected a true false"]
    );
}

#[test]
fn a_packet_longer_than_allowed_ends_the_connection_before_it_has_come() {
    let mut rig = Rig::with(Config { packet_max_bytes: 200, ..Config::default() });
    rig.connect(1, "a");
    // 200 bytes with the fixed header of three
    rig.receive(1, &[&b"\x30\xc5\x01\x00\x01a"[..], &[7; 194]].concat());
    assert_eq!(rig.closed(1), None);
    rig.receive(1, b"\x30\xc6\x01");
    assert_eq!(rig.closed(1), Some(CloseReason::PacketTooLarge { size_bytes: 201 }));
}
