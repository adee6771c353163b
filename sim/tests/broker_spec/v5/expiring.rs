//! Sessions and messages that end by themselves.

use fivewire_core::time::Instant;
use fivewire_sim::broker::{Config, Mqtt5};
use fivewire_sim::fault::Memory;

use crate::rig::{NEW_SESSION_V5, OLD_SESSION_V5, Rig};

/// A session expiry interval of 10 s.
const TEN_SECONDS: &[u8] = b"\x11\x00\x00\x00\x0a";

/// MQTT 5 §3.1.2.11.2
#[test]
fn a_session_ends_when_its_client_was_away_for_the_interval() {
    let mut rig = Rig::new();
    rig.connect_v5(1, "a", TEN_SECONDS);
    rig.lose(1);
    rig.pass_ms(9_999);
    assert!(rig.broker.session_exists("a"));
    assert_eq!(rig.connect_v5_with(1, "a", 0x00, TEN_SECONDS, b""), OLD_SESSION_V5);
    rig.pass_ms(60_000);
    rig.lose(1);
    rig.pass_ms(10_000);
    assert!(!rig.broker.session_exists("a"));
    assert_eq!(rig.events().last().map(String::as_str), Some("a expired"));
    assert_eq!(rig.connect_v5_with(1, "a", 0x00, TEN_SECONDS, b""), NEW_SESSION_V5);
}

#[test]
fn a_session_without_an_interval_ends_with_its_connection_and_the_longest_lasts_for_ever() {
    let mut rig = Rig::new();
    rig.connect_v5(1, "a", b"");
    rig.connect_v5(2, "b", b"\x11\xff\xff\xff\xff");
    rig.lose(1);
    rig.lose(2);
    assert!(!rig.broker.session_exists("a"));
    assert_eq!(rig.wait(), fivewire_core::time::Wait::ForInput);
    assert!(rig.broker.session_exists("b"));
}

#[test]
fn a_broker_that_was_down_beyond_the_interval_has_no_session_any_more() {
    let mut rig = Rig::new();
    rig.connect_v5(1, "a", TEN_SECONDS);
    let later = Instant::from_millis(5_000);
    rig.broker.restart(later, Memory::Kept);
    rig.broker.handle(
        Instant::from_millis(15_000),
        fivewire_sim::broker::Input::Opened(fivewire_sim::broker::ClientKey(1)),
    );
    assert_eq!(rig.connect_v5_with(1, "a", 0x00, TEN_SECONDS, b""), NEW_SESSION_V5);
}

/// [MQTT5-3.14.2-2], MQTT 5 §3.14.2.2.2
#[test]
fn disconnect_may_change_the_interval() {
    let mut rig = Rig::new();
    rig.connect_v5(1, "a", TEN_SECONDS);
    rig.receive(1, b"\xe0\x07\x00\x05\x11\x00\x00\x00\x00");
    assert!(!rig.broker.session_exists("a"));
    rig.connect_v5(1, "a", TEN_SECONDS);
    rig.receive(1, b"\xe0\x07\x00\x05\x11\x00\x00\x00\x14");
    rig.pass_ms(19_999);
    assert!(rig.broker.session_exists("a"));
    rig.pass_ms(1);
    assert!(!rig.broker.session_exists("a"));
}

#[test]
fn no_more_is_granted_than_the_broker_keeps() {
    let mqtt5 = Mqtt5 { session_expiry_max_s: 5, ..Mqtt5::default() };
    let mut rig = Rig::with(Config { mqtt5, ..Config::default() });
    let answer = rig.connect_v5_with(1, "a", 0x02, TEN_SECONDS, b"");
    assert_eq!(answer[4..10], *b"\x0d\x11\x00\x00\x00\x05");
    rig.lose(1);
    rig.pass_ms(5_000);
    assert!(!rig.broker.session_exists("a"));
}

/// [MQTT5-3.3.2-5] [MQTT5-3.3.2-6]
#[test]
fn a_message_is_passed_on_with_what_is_left_of_its_interval_and_dropped_after_it() {
    for (waits_ms, left_s) in [(0, Some(60)), (1_500, Some(59)), (59_999, Some(1)), (60_000, None)]
    {
        let mut rig = Rig::new();
        rig.connect_v5(1, "a", b"\x11\xff\xff\xff\xff");
        rig.subscribe_v5(1, "a", 1, b"");
        rig.lose(1);
        rig.connect_v5(2, "from", b"");
        rig.receive(2, b"\x32\x0c\x00\x01a\x00\x07\x05\x02\x00\x00\x00\x3cx");
        rig.pass_ms(waits_ms);
        let answer = rig.connect_v5_with(1, "a", 0x00, b"\x11\xff\xff\xff\xff", b"");
        let expected = left_s.map(|left_s| {
            let mut packet = b"\x32\x0c\x00\x01a\x00\x01\x05\x02\x00\x00\x00\x00x".to_vec();
            packet[12] = left_s;
            packet
        });
        assert_eq!(answer[13..], expected.unwrap_or_default(), "after {waits_ms} ms");
        let is_dropped = rig.events().iter().any(|event| event == "a missed a [120] in time");
        assert_eq!(is_dropped, left_s.is_none());
    }
}

#[test]
fn a_message_expires_for_clients_of_3_1_1_too_and_as_a_retained_one() {
    let mut rig = Rig::new();
    rig.resume(1, "a");
    rig.subscribe(1, "a", 1);
    rig.lose(1);
    rig.connect_v5(2, "from", b"");
    // retained, for one second
    rig.receive(2, b"\x33\x0c\x00\x01a\x00\x07\x05\x02\x00\x00\x00\x01x");
    rig.pass_ms(1_000);
    assert_eq!(rig.resume(1, "a"), crate::rig::OLD_SESSION);
    rig.subscribe(1, "a", 1);
}
