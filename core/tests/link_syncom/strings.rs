//! What is carried, what is refused, and what happens where memory ends.

use fivewire_core::link::syncom::Config;
use fivewire_core::link::{Link, Role, SendError};

use crate::rig::{End, Pair};

#[test]
fn d16_d18_d33_strings_that_cannot_be_carried_are_refused_and_nothing_is_queued() {
    let mut pair = Pair::new(End::of(Role::Initiator), End::of(Role::Passive));
    pair.run_ms(1_500);
    let link = &mut pair.initiator.link;
    assert_eq!(link.send(b""), Err(SendError::Empty));
    assert_eq!(link.send(b"a\0b"), Err(SendError::Character { code: 0, at: 1 }));
    assert_eq!(link.send("é".as_bytes()), Err(SendError::Character { code: 0xC3, at: 0 }));
    assert_eq!(link.send(&[1; 256]), Err(SendError::TooLarge { size_bytes: 256, max_bytes: 255 }));
    pair.run_ms(500);
    assert_eq!(pair.passive.received, []);
    assert_eq!(pair.initiator.link.send(&[127; 255]), Ok(255));
    pair.run_ms(1_500);
    assert_eq!(pair.passive.strings(), [vec![127; 255]]);
}

#[test]
fn before_a_session_nothing_is_taken_and_writable_follows_when_it_begins() {
    let mut pair = Pair::new(End::of(Role::Initiator), End::of(Role::Passive));
    assert_eq!(pair.initiator.link.send(b"early"), Ok(0));
    pair.run_ms(1_500);
    assert_eq!(pair.initiator.told, ["Up", "Writable"]);
    assert_eq!(pair.passive.received, []);
}

#[test]
fn a_string_that_is_longer_than_the_memory_is_passed_over_counted_and_told() {
    let mut pair = Pair::new(End::of(Role::Initiator), End::new(&Config::new(Role::Passive), 16));
    pair.reset_line = false;
    pair.run_ms(1_500);
    for string in [&b"short"[..], &[b'x'; 16], b"exactly fifteen"] {
        pair.initiator.link.send(string).unwrap();
    }
    pair.run_ms(1_000);
    assert_eq!(pair.passive.strings(), [&b"short"[..], b"exactly fifteen"]);
    assert_eq!(pair.passive.told("Oversized { size_bytes: 16 }"), 1);
    assert_eq!(pair.passive.link.counters().rejected, 1);
}

#[test]
fn an_owner_that_holds_keeps_the_other_end_from_sending_and_loses_nothing() {
    let mut pair = Pair::new(End::of(Role::Initiator), End::new(&Config::new(Role::Passive), 16));
    pair.reset_line = false;
    pair.run_ms(1_500);
    pair.passive.link.hold(true);
    for string in [b"one", b"two", b"six", b"ten", b"net", b"yes"] {
        assert_eq!(pair.initiator.link.send(string), Ok(3));
    }
    pair.run_ms(3_000);
    let bits = pair.passive.link.counters().bits;
    pair.run_ms(1_000);
    assert_eq!(pair.passive.link.counters().bits, bits, "its memory is full");
    assert_eq!(pair.passive.received, []);
    pair.passive.link.hold(false);
    pair.run_ms(2_000);
    assert_eq!(pair.passive.strings(), [b"one", b"two", b"six", b"ten", b"net", b"yes"]);
    assert_eq!(pair.initiator.told, ["Up"]);
}
