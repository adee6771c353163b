//! Links with little to say, or nobody to say it to.

use fivewire_core::link::native::Config;
use fivewire_core::link::{DownReason, Link, Role, Timing};

use crate::rig::{ESP, HOST, Rig, Stuck, Told};

fn up(memory_bytes: usize) -> Rig {
    let mut rig = Rig::new(9, memory_bytes);
    rig.start_both();
    assert!(rig.run_until(1_800, Rig::both_up));
    rig
}

#[test]
fn an_idle_link_makes_an_edge_in_a_thousand_microseconds() {
    let mut rig = up(256);
    rig.run_for(20_000);
    let before = rig.ends[HOST].edges;
    rig.run_for(1_000_000);
    let edges = rig.ends[HOST].edges - before;
    assert!((950..=1_001).contains(&edges), "{edges}");
}

#[test]
fn without_pauses_an_idle_link_runs_on() {
    let eager = Config { idle_step_us: 0, ..Config::new(Role::Initiator) };
    let mut rig = Rig::with(9, [eager, Config::new(Role::Passive)], [256; 4]);
    rig.start_both();
    rig.run_for(1_000_000);
    assert!(rig.ends[HOST].edges > 90_000);
}

#[test]
fn whoever_has_something_to_say_is_served_within_a_pause() {
    for which in [HOST, ESP] {
        for offset_us in [0, 130, 490, 870] {
            let mut rig = up(1_100);
            rig.run_for(20_000 + offset_us);
            let begin = rig.now_us;
            rig.ends[which].to_send.push_back(1_000);
            rig.run_until(u64::MAX, |rig| rig.ends[1 - which].arrived == 1);
            // A pause, and the frame at full speed: each end looks every 10 µs.
            let whole_us = 1_000 + (1_000 + 11) * 8 * 10 + 100;
            assert!(rig.now_us - begin <= whole_us, "{} µs", rig.now_us - begin);
        }
    }
}

#[test]
fn held_frames_wait_and_stop_the_other_end_and_nothing_is_lost() {
    let mut rig = up(300);
    rig.ends[ESP].link.hold(true);
    rig.ends[HOST].to_send.extend([50; 60]);
    rig.ends[ESP].to_send.extend([50; 60]);
    rig.run_for(5_000_000);
    assert_eq!((rig.ends[ESP].arrived, rig.ends[HOST].arrived), (0, 60));
    // Both memories are full; no session ends for that, and hardly anything moves.
    assert_eq!(rig.ends[HOST].taken, 10);
    let before = rig.ends[HOST].edges;
    rig.run_for(5_000_000);
    let edges = rig.ends[HOST].edges - before;
    assert!(edges < 10_000, "{edges}");
    assert!(rig.both_up());
    rig.ends[ESP].link.hold(false);
    assert!(rig.run_until(40_000, Rig::all_arrived));
    rig.assert_faithful();
    let counters = rig.ends[HOST].counters();
    assert_eq!((counters.resent, counters.sessions, rig.ends[ESP].arrived), (0, 1, 60));
}

#[test]
fn a_stuck_clock_ends_the_session_and_a_free_one_begins_another() {
    for which in [HOST, ESP] {
        for level in [false, true] {
            let mut rig = up(256);
            rig.ends[which].stuck.clock = Some(level);
            rig.run_for(10_050_000);
            let silent = Told::Down(DownReason::Silent);
            assert_eq!(rig.ends[HOST].count(silent), 1, "{:?}", rig.ends[HOST].told);
            rig.run_for(15_000_000);
            // An initiator that starts over makes an edge: a passive end that sees it may wait for
            // more.
            assert_eq!(rig.ends[which].count(silent), 1, "{:?}", rig.ends[which].told);
            let begun = rig.ends[HOST].counters().resets;
            assert_eq!(begun, 3, "at the start, for silence, and because nobody was found");
            rig.ends[which].stuck = Stuck::default();
            assert!(rig.run_until(3_600, Rig::both_up), "{:?}", rig.ends[HOST].told);
        }
    }
}

#[test]
fn an_initiator_that_may_not_reset_finds_the_other_end_without() {
    let mut host = Config::new(Role::Initiator);
    host.timing = Timing { resets_by_itself: false, ..host.timing };
    let mut rig = Rig::with(9, [host, Config::new(Role::Passive)], [256; 4]);
    rig.start_both();
    rig.run_for(1_000_000);
    rig.stop(ESP);
    rig.run_for(55_000_000);
    assert_eq!(rig.ends[HOST].count(Told::Down(DownReason::Silent)), 1);
    assert_eq!(rig.ends[HOST].count(Told::Down(DownReason::SyncOverdue)), 4);
    rig.start(ESP);
    assert!(rig.run_until(1_800, Rig::both_up));
    assert_eq!(rig.ends[HOST].counters().resets, 1);
}

#[test]
fn a_stuck_data_wire_ends_the_session_after_a_bounded_number_of_bits() {
    for which in [HOST, ESP] {
        for level in [false, true] {
            let mut rig = up(256);
            rig.ends[which].stuck.data = Some(level);
            let begin = rig.ends[HOST].edges;
            rig.ends[HOST].to_send.push_back(100);
            rig.ends[ESP].to_send.push_back(100);
            assert!(rig.run_until(40_000, |rig| rig.ends.iter().all(|end| !end.is_up())));
            let edges = rig.ends[HOST].edges - begin;
            assert!(edges > 32_768, "{edges}");
            let damaged = |which: usize| rig.ends[which].count(Told::Down(DownReason::Damaged));
            assert!(damaged(HOST) + damaged(ESP) > 0);
            rig.ends[which].stuck = Stuck::default();
            assert!(rig.run_until(3_600, Rig::both_up));
        }
    }
}

#[test]
fn a_passive_end_that_appears_a_minute_after_the_reset_is_met() {
    // The predecessor's host is dead after its first reset (D-04).
    let mut rig = Rig::new(2, 256);
    rig.start(HOST);
    rig.run_for(60_000_000);
    assert_eq!(rig.ends[HOST].count(Told::Down(DownReason::SyncOverdue)), 5);
    rig.start(ESP);
    assert!(rig.run_until(1_800, Rig::both_up));
}
