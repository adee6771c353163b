//! Each bug planted in the tokio adapter is caught in turmoil's network, and nowhere in the event
//! world, which has no adapter.

#![allow(clippy::unwrap_used, reason = "a test may give up")]
#![allow(missing_docs, reason = "the name of a test is its claim")]

use fivewire_planted::adapter::{SEEDS, catch};
use fivewire_sim::oracle::Promise;
use fivewire_sim::run;
use fivewire_sim::tokio_world;
use fivewire_sim::trace::Blind;
use fivewire_tokio::planted::{Bug, ENABLED};

#[track_caller]
fn caught(bug: Bug, by: &[Promise]) {
    let Some(found) = catch(bug) else { panic!("{bug:?} was not seen in {SEEDS} seeds") };
    println!("{bug:?}: seed {}, {}", found.seed, found.detail);
    assert!(by.contains(&found.promise), "{bug:?} was seen as {}", found.detail);
    let events = run::run(&found.schedule, &mut Blind);
    assert_eq!(events.breach, None, "the event world cannot see it");
}

macro_rules! bugs {
    ($($name:ident: $bug:ident breaks $($promise:ident)or+;)*) => {$(
        #[test]
        fn $name() {
            caught(Bug::$bug, &[$(Promise::$promise),+]);
        }
    )*};
}

bugs! {
    a_wake_up_that_is_lost: LostWakeUp breaks P6;
    room_that_nobody_is_told_of: RoomUntold breaks P5 or P6;
    a_write_that_is_dropped_when_it_is_interrupted: WriteDroppedOnCancel breaks P1 or P3 or P6;
    a_partial_write_that_is_ignored: PartialWriteIgnored breaks P1 or P3 or P6;
    a_flush_that_is_forgotten: FlushForgotten breaks P6;
    a_timer_that_is_not_rearmed: TimerNotRearmed breaks P6 or P10;
    an_attempt_to_connect_that_leaks: ConnectLeaked breaks P7;
    a_shutdown_that_does_not_flush: ShutdownUnflushed breaks P10;
}

#[test]
fn an_adapter_that_could_have_a_bug_is_sound_without_one() {
    const { assert!(ENABLED) };
    for seed in 0..3 {
        let report = tokio_world::run(&tokio_world::default_for(seed), &mut Blind).unwrap();
        assert_eq!(report.breach, None);
    }
}
