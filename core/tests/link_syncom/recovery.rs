//! Starts, restarts, and ends that are not there or not what they should be.

use fivewire_core::link::native::{self, Native};
use fivewire_core::link::syncom::Config;
use fivewire_core::link::{DownReason, Event, Input, Levels, Link, Output, Peer, Role, Timing};
use fivewire_core::time::Instant;

use crate::rig::{End, Pair};

#[test]
fn reset_is_low_for_its_pulse_and_no_step_comes_before_the_other_end_has_settled() {
    let mut initiator = End::of(Role::Initiator);
    initiator.start(Instant::ZERO);
    for millis in 0..1_100 {
        let toggling = Levels { clock: millis % 2 == 0, data: false };
        initiator.sees(Instant::from_millis(millis), toggling);
        assert_eq!(initiator.reset_asserted, millis < 100, "at {millis} ms");
        assert_eq!(initiator.writes, [Levels { clock: true, data: true }]);
    }
}

#[test]
fn d04_an_initiator_resets_a_peer_that_never_answers_again_and_again() {
    let mut initiator = End::of(Role::Initiator);
    initiator.start(Instant::ZERO);
    for tenths in 0..600 {
        initiator.sees(Instant::from_millis(tenths * 100), Levels::default());
    }
    assert_eq!(initiator.link.counters().resets, 6, "D-04: every 11.1 s");
    let reason = DownReason::SyncOverdue;
    assert_eq!(initiator.told(&format!("{:?}", Event::Down { reason })), 5);
}

#[test]
fn an_initiator_that_is_not_to_reset_by_itself_tells_and_waits() {
    let timing = Timing { resets_by_itself: false, ..Config::new(Role::Initiator).timing };
    let config = Config { timing, ..Config::new(Role::Initiator) };
    let mut pair = Pair::new(End::new(&config, 64), End::of(Role::Passive));
    pair.run_ms(1_500);
    assert!(pair.are_up());
    let end_us = pair.now_us + 30_000_000;
    while pair.now_us < end_us {
        pair.now_us += 100_000;
        pair.initiator_looks();
    }
    assert_eq!(pair.initiator.told, ["Up", "Down { reason: Silent }"]);
    assert_eq!(pair.initiator.shows, Levels::default(), "as after the predecessor's stop()");
    pair.initiator.link.restart(Instant::from_micros(pair.now_us));
    pair.run_ms(1_500);
    assert!(pair.are_up());
    assert_eq!(pair.initiator.link.counters().resets, 2);
}

/// A pulse on the clock wire that the other end did not make is two steps that it knows nothing of.
fn glitch(end: &mut End, now: Instant, before: Levels) {
    end.sees(now, Levels { clock: !before.clock, data: before.data });
    end.sees(now, before);
}

#[test]
fn d05_a_glitch_before_the_start_is_noticed_and_healed_by_a_reset_at_either_end() {
    for at_initiator in [true, false] {
        let mut pair = Pair::new(End::of(Role::Initiator), End::of(Role::Passive));
        pair.run_ms(600);
        if at_initiator {
            pair.run_ms(499);
            pair.now_us += 1_500;
            // The settling time is over, and the passive end has not answered yet.
            pair.passive = End::of(Role::Passive);
            let now = pair.now();
            glitch(&mut pair.initiator, now, Levels::default());
            pair.passive.start(now);
        } else {
            pair.passive = End::of(Role::Passive);
            let now = pair.now();
            pair.passive.start(now);
            glitch(&mut pair.passive, now, Levels::default());
        }
        pair.run_ms(6_000);
        assert!(pair.are_up(), "D-05 at the initiator: {at_initiator}");
        if at_initiator {
            assert_eq!(pair.initiator.told, ["Down { reason: Damaged }", "Up"]);
        } else {
            assert_eq!(pair.initiator.link.counters().resets, 1, "the passive end heals it alone");
            assert_eq!(pair.passive.link.counters().resyncs, 1);
        }
        pair.initiator.link.send(b"after").unwrap();
        pair.passive.link.send(b"all").unwrap();
        pair.run_ms(500);
        assert_eq!(pair.passive.strings(), [b"after"]);
        assert_eq!(pair.initiator.strings(), [b"all"]);
    }
}

#[test]
fn a_passive_end_that_restarts_by_itself_is_noticed_and_the_session_begins_anew() {
    for wait_ms in 0..20 {
        let mut pair = Pair::new(End::of(Role::Initiator), End::of(Role::Passive));
        pair.run_ms(1_500 + wait_ms);
        // Its pins float low while it boots.
        pair.passive = End::of(Role::Passive);
        for _ in 0..3_000 {
            pair.now_us += 100;
            pair.initiator_looks();
        }
        let now = pair.now();
        pair.passive.start(now);
        pair.run_ms(2_000);
        assert!(pair.are_up());
        assert_eq!(pair.initiator.told("PeerRestarted"), 1);
        assert_eq!(pair.initiator.received, [], "no garbage is delivered");
    }
}

#[test]
fn d32_without_a_reset_line_a_passive_end_answers_an_initiator_that_starts_over() {
    for wait in 0..40 {
        let mut pair = Pair::new(End::of(Role::Initiator), End::of(Role::Passive));
        pair.reset_line = false;
        pair.run_ms(1_500);
        pair.now_us += wait * 100;
        pair.initiator_looks();
        pair.initiator.link.restart(Instant::from_micros(pair.now_us));
        pair.initiator.drain();
        pair.run_ms(1_500);
        assert!(pair.are_up(), "D-32");
        assert_eq!(pair.passive.told, ["Up", "Down { reason: PeerRestarted }", "Up"]);
        pair.initiator.link.send(b"again").unwrap();
        pair.passive.link.send(b"and again").unwrap();
        pair.run_ms(500);
        assert_eq!(pair.passive.strings(), [b"again"]);
        assert_eq!(pair.initiator.strings(), [b"and again"]);
        assert_eq!(pair.initiator.link.counters().resets, 2);
    }
}

#[test]
fn a_native_peer_is_told_of_and_not_taken_for_a_start() {
    for role in [Role::Initiator, Role::Passive] {
        let mut end = End::of(role);
        end.start(Instant::ZERO);
        end.sees(Instant::from_millis(100), Levels::default());
        end.sees(Instant::from_millis(1_100), Levels::default());
        for step in 0..200_u64 {
            let clock = if role == Role::Initiator { end.shows.clock } else { !end.shows.clock };
            end.sees(Instant::from_millis(1_101 + step), Levels { clock, data: step % 3 != 0 });
        }
        assert_eq!(end.told, [format!("{:?}", Event::Unsuited { peer: Peer::Native })]);
    }
}

#[test]
fn the_two_modes_tell_each_other_apart() {
    for role in [Role::Initiator, Role::Passive] {
        let other = if role == Role::Initiator { Role::Passive } else { Role::Initiator };
        let mut syncom = End::of(role);
        let memory = native::Memory { transmit: vec![0; 128], receive: vec![0; 128] };
        let mut native = Native::new(&native::Config::new(other), memory, 7).unwrap();
        let (mut drives, mut told) = (Levels::default(), Vec::new());
        syncom.start(Instant::ZERO);
        native.start(Instant::ZERO);
        for tick in 0..80_000_u64 {
            let now = Instant::from_micros(tick * 100);
            syncom.sees(now, drives);
            native.handle(now, Input::Levels(syncom.shows));
            loop {
                match native.poll() {
                    Output::Drive(levels) => drives = levels,
                    Output::Event(event) => told.push(format!("{event:?}")),
                    Output::Reset { .. } => {}
                    Output::Wait(_) => break,
                }
            }
        }
        assert_eq!(told, [format!("{:?}", Event::Unsuited { peer: Peer::Syncom })], "{role:?}");
        let unsuited = format!("{:?}", Event::Unsuited { peer: Peer::Native });
        assert_eq!(syncom.told, [unsuited], "{role:?}");
    }
}

/// An initiator that makes edges and sends zeros, as the predecessor's does that believes in a
/// session.
fn mute(end: &mut End, from_ms: u64, steps: u64) {
    for step in 0..steps {
        let levels = Levels { clock: !end.shows.clock, data: false };
        end.sees(Instant::from_millis(from_ms + step), levels);
    }
}

#[test]
fn a_passive_end_says_syn_to_an_initiator_that_is_mute_and_then_keeps_still() {
    let mut end = End::of(Role::Passive);
    end.start(Instant::ZERO);
    mute(&mut end, 0, 1_000);
    assert_eq!(end.told, ["Up"]);
    mute(&mut end, 1_000, 4_000);
    assert_eq!(end.told, ["Up", "Down { reason: Damaged }"]);
    let (steps, shows) = (end.link.counters().bits, end.shows);
    mute(&mut end, 5_000, 1_000);
    assert_eq!((end.link.counters().bits, end.shows, shows), (steps, shows, Levels::default()));
    // What the initiator does once its own timeout has struck.
    end.sees(Instant::from_millis(15_000), Levels::default());
    end.sees(Instant::from_millis(15_001), Levels { clock: true, data: true });
    assert_eq!(end.shows, Levels { clock: true, data: true }, "it answers with SYN");
}

#[test]
fn d31_levels_that_are_told_once_make_one_step_however_fast_the_peer_is() {
    let mut end = End::of(Role::Passive);
    end.start(Instant::ZERO);
    for step in 1..=1_000_u64 {
        end.sees(Instant::ZERO, Levels { clock: !end.shows.clock, data: step % 2 == 0 });
        let made = end.link.counters().bits;
        for _ in 0..10 {
            assert!(matches!(end.link.poll(), Output::Wait(_)), "the owner gets its turn");
        }
        assert_eq!(end.link.counters().bits, made);
        if made < step {
            break; // it keeps still: this was no SYN
        }
    }
    assert!(end.link.counters().bits > 8);
}
