//! Silence, measured.

use fivewire_core::time::{Instant, Wait};
use fivewire_sim::broker::{ClientKey, CloseReason, Input};

use crate::rig::{NEW_SESSION, Rig};

/// [MQTT-3.1.2-24]
#[test]
fn a_client_may_be_silent_for_one_and_a_half_times_its_keep_alive() {
    let mut rig = Rig::new();
    assert_eq!(rig.connect_with(1, "a", 0x02, 5, b""), NEW_SESSION);
    rig.pass_ms(7_499);
    assert_eq!(rig.closed(1), None);
    rig.pass_ms(1);
    assert_eq!(rig.closed(1), Some(CloseReason::KeepAlive));
}

#[test]
fn the_keep_alive_is_counted_from_connect() {
    let mut rig = Rig::new();
    rig.open(1);
    rig.pass_ms(7_000);
    rig.receive(1, b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x05\x00\x01a");
    rig.pass_ms(7_499);
    assert_eq!(rig.closed(1), None);
    rig.pass_ms(1);
    assert_eq!(rig.closed(1), Some(CloseReason::KeepAlive));
}

#[test]
fn anything_a_client_sends_shows_that_it_lives() {
    let mut rig = Rig::new();
    rig.connect_with(1, "a", 0x02, 5, b"");
    rig.pass_ms(5_000);
    rig.receive(1, b"\xc0");
    rig.pass_ms(5_000);
    assert_eq!(rig.answer(1, b"\x00"), b"\xd0\x00");
    rig.pass_ms(7_499);
    assert_eq!(rig.closed(1), None);
    rig.receive(1, b"");
    rig.pass_ms(1);
    assert_eq!(rig.closed(1), Some(CloseReason::KeepAlive), "nothing is no sign of life");
}

#[test]
fn what_a_client_is_sent_does_not_show_that_it_lives() {
    let mut rig = Rig::new();
    rig.connect_with(1, "a", 0x02, 5, b"");
    rig.subscribe(1, "#", 0);
    rig.connect(2, "b");
    for _ in 0..7 {
        rig.pass_ms(1_000);
        rig.receive(2, b"\x30\x03\x00\x01a");
    }
    rig.pass_ms(500);
    assert_eq!(rig.closed(1), Some(CloseReason::KeepAlive));
}

#[test]
fn a_keep_alive_of_0_means_for_ever() {
    let mut rig = Rig::new();
    rig.connect(1, "a");
    assert_eq!(rig.wait(), Wait::ForInput);
}

#[test]
fn a_connection_without_connect_is_closed_and_trickling_does_not_help() {
    let mut rig = Rig::new();
    rig.open(1);
    rig.pass_ms(89_999);
    rig.receive(1, b"\x10");
    assert_eq!(rig.closed(1), None);
    rig.pass_ms(1);
    assert_eq!(rig.closed(1), Some(CloseReason::ConnectOverdue));
}

#[test]
fn the_soonest_of_all_deadlines_is_waited_for() {
    let mut rig = Rig::new();
    rig.connect_with(1, "a", 0x02, 60, b"");
    rig.connect_with(2, "b", 0x02, 10, b"");
    rig.connect_with(3, "c", 0x02, 30, b"");
    let Wait::Until(at, _) = rig.wait() else { panic!("waits for input") };
    assert_eq!(at, Instant::from_millis(15_000));
}

#[test]
fn what_waited_while_the_broker_hung_counts_if_it_is_handed_in_first() {
    let mut rig = Rig::new();
    rig.connect_with(1, "a", 0x02, 5, b"");
    let woken = Instant::from_millis(60_000);
    rig.broker.handle(woken, Input::Received(ClientKey(1), b"\xc0\x00"));
    rig.broker.handle(woken, Input::Timeout);
    rig.drain();
    assert_eq!((rig.sent_to(1), rig.closed(1)), (b"\xd0\x00".to_vec(), None));
}
