//! Each bug that can be planted in the link is one that the tests here see: `cargo test -p
//! fivewire-core --features planted`.

use fivewire_core::link::native::Config;
use fivewire_core::link::{Link, Role};
use fivewire_core::planted::{Bug, Planted};

use crate::rig::{ESP, HOST, Pace, Rig};

/// What goes wrong in a run with faults that a sound link survives; nothing, if all is well.
fn symptom(bug: Option<Bug>, seed: u64) -> Option<&'static str> {
    let configs = [Role::Initiator, Role::Passive].map(|role| Config {
        planted: bug.map_or(Planted::NONE, Planted::with),
        ..Config::new(role)
    });
    let mut rig = Rig::with(seed, configs, [300; 4]);
    // Where the reset line leads to the other end, that one starts from scratch, which hides a
    // phase that was kept.
    rig.reset_wired = seed.is_multiple_of(2);
    rig.ends[HOST].pace = Pace { every_us: 10, jitter_us: 4 };
    rig.ends[ESP].pace = Pace { every_us: 17, jitter_us: 9 };
    for end in &mut rig.ends {
        end.to_send.extend([10, 60, 100, 30, 7].repeat(12));
    }
    if rig.reset_wired {
        rig.start(HOST);
        rig.run_for(150_000);
    } else {
        rig.start_both();
    }
    if !rig.run_until(3_600, Rig::both_up) {
        return Some("the two ends do not meet");
    }
    rig.ends[ESP].link.hold(true);
    rig.run_for(400_000);
    rig.ends[ESP].link.hold(false);
    if rig.ends.iter().any(|end| end.counters().sessions > 1) {
        return Some("a session ended while nothing was wrong with the wires");
    }
    rig.noise.flip = 40;
    rig.noise.glitch = 10;
    rig.run_until(30_000, Rig::all_arrived);
    rig.noise = Default::default();
    rig.restart(if seed.is_multiple_of(3) { HOST } else { ESP });
    rig.run_for(150_000);
    for end in &mut rig.ends {
        end.to_send.extend([20; 4]);
    }
    let deadline = rig.now_us + 9_000_000;
    rig.run_until(100_000, |rig| (rig.both_up() && rig.all_arrived()) || rig.now_us > deadline);
    if !(rig.both_up() && rig.all_arrived()) {
        return Some("after the faults not everything arrives");
    }
    rig.breach.is_some().then_some("a frame arrived damaged, twice, or out of order")
}

#[test]
fn a_sound_link_shows_no_symptom() {
    for seed in 0..300 {
        assert_eq!(symptom(None, seed), None, "seed {seed}");
    }
}

#[test]
fn each_bug_is_seen_within_a_hundred_seeds() {
    for bug in [
        Bug::LinkPhaseKept,
        Bug::LinkOffsetWrong,
        Bug::LinkCrcIgnored,
        Bug::LinkSequenceUnchecked,
        Bug::LinkHelloOnce,
        Bug::LinkAckWrong,
        Bug::LinkCreditIgnored,
    ] {
        let seen = (0..100).find_map(|seed| symptom(Some(bug), seed).map(|it| (seed, it)));
        println!("{bug:?}: {seen:?}");
        assert!(seen.is_some(), "{bug:?}");
    }
}
