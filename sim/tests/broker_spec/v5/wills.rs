//! Wills of MQTT 5: their properties, their delay, and what takes them back.

use crate::rig::{NEW_SESSION_V5, OLD_SESSION_V5, Rig};

/// What follows the client identifier: will properties (delay 10 s, content type), topic, payload.
const WILL: &[u8] = b"\x09\x18\x00\x00\x00\x0a\x03\x00\x01t\x00\x01w\x00\x01!";
/// Flags of a CONNECT with it, without and with a clean start.
const FLAGS: u8 = 0x04;
const FRESH: u8 = 0x06;
/// The will as it is published.
const TOLD: &[u8] = b"\x30\x09\x00\x01w\x04\x03\x00\x01t!";

fn rig_with_witness() -> Rig {
    let mut rig = Rig::new();
    rig.connect_v5(9, "witness", b"");
    rig.subscribe_v5(9, "w", 0, b"");
    rig
}

/// [MQTT5-3.1.3-9]
#[test]
fn a_will_waits_for_its_delay_and_no_longer_than_the_session() {
    for (expiry_s, delay_ms) in [(60, 10_000), (5, 5_000), (0, 0)] {
        let mut rig = rig_with_witness();
        let properties = [0x11, 0, 0, 0, expiry_s];
        assert_eq!(rig.connect_v5_with(1, "a", FRESH, &properties, WILL), NEW_SESSION_V5);
        rig.lose(1);
        if delay_ms > 0 {
            rig.pass_ms(delay_ms - 1);
            assert_eq!(rig.sent_to(9), b"", "with session expiry {expiry_s}");
            rig.pass_ms(1);
        }
        assert_eq!(rig.sent_to(9), TOLD, "with session expiry {expiry_s}");
        rig.pass_ms(100_000);
        assert_eq!(rig.sent_to(9), b"");
    }
}

/// [MQTT5-3.1.3-9]
#[test]
fn a_client_that_is_back_in_time_leaves_no_will() {
    let mut rig = rig_with_witness();
    let lasting = b"\x11\xff\xff\xff\xff";
    rig.connect_v5_with(1, "a", FRESH, lasting, WILL);
    rig.lose(1);
    rig.pass_ms(9_000);
    assert_eq!(rig.connect_v5_with(1, "a", FLAGS, lasting, WILL), OLD_SESSION_V5);
    rig.pass_ms(60_000);
    assert_eq!(rig.sent_to(9), b"");
    rig.lose(1);
    // a clean start ends the session, and with it the delay
    assert_eq!(rig.connect_v5_with(1, "a", FRESH, lasting, WILL), NEW_SESSION_V5);
    assert_eq!(rig.sent_to(9), TOLD);
}

/// [MQTT5-3.14.4-3]
#[test]
fn only_a_normal_disconnect_takes_the_will_back() {
    for (disconnect, told) in [(&b"\xe0\x00"[..], &b""[..]), (b"\xe0\x01\x04", TOLD)] {
        let mut rig = rig_with_witness();
        rig.connect_v5_with(1, "a", FRESH, b"", WILL);
        rig.receive(1, disconnect);
        assert_eq!(rig.sent_to(9), told);
    }
}
