//! Each bug that `syncom` can have planted is one that is seen at its own level: `cargo test -p
//! fivewire-core --features planted`.

use fivewire_core::link::syncom::Config;
use fivewire_core::link::{Link, Role};
use fivewire_core::planted::{Bug, Planted};

use crate::rig::{End, Pair};

/// What goes wrong where an initiator starts over, whether its reset line reaches the other end or
/// not; nothing, if all is well.
fn symptom(bug: Option<Bug>, seed: u64) -> Option<&'static str> {
    let planted = bug.map_or(Planted::NONE, Planted::with);
    let end = |role| End::new(&Config { planted, ..Config::new(role) }, 256);
    let mut pair = Pair::new(end(Role::Initiator), end(Role::Passive));
    // Where it does, the other end starts from scratch, and shows a phase that was kept.
    pair.reset_line = seed % 4 < 2;
    pair.run_ms(1_500);
    if !pair.are_up() {
        return Some("the two ends do not meet");
    }
    if !crosses(&mut pair, "first", "one") {
        return Some("a string arrives as another one, or not at all");
    }
    // Whether the clock is high or low then is a matter of chance.
    for _ in 0..seed {
        pair.now_us += 100;
        pair.initiator_looks();
        pair.passive_looks();
    }
    pair.initiator_looks();
    let now = pair.now();
    pair.initiator.link.restart(now);
    pair.initiator.drain();
    pair.run_ms(1_500);
    if !pair.are_up() {
        return Some("after a restart the two ends do not meet");
    }
    (!crosses(&mut pair, "second", "two")).then_some("after a restart a string is lost or another")
}

/// Each end sends one string, and hears the other's and nothing else.
fn crosses(pair: &mut Pair, there: &str, back: &str) -> bool {
    pair.initiator.received.clear();
    pair.passive.received.clear();
    let sent =
        [pair.initiator.link.send(there.as_bytes()), pair.passive.link.send(back.as_bytes())];
    pair.run_ms(500);
    sent.iter().all(|taken| taken.is_ok_and(|bytes| bytes > 0))
        && pair.passive.strings() == [there.as_bytes()]
        && pair.initiator.strings() == [back.as_bytes()]
}

#[test]
fn a_sound_link_shows_no_symptom() {
    for seed in 0..100 {
        assert_eq!(symptom(None, seed), None, "seed {seed}");
    }
}

#[test]
fn each_bug_is_seen_within_a_hundred_seeds() {
    for bug in [Bug::LinkPhaseKept, Bug::LinkOffsetWrong, Bug::LinkHelloOnce] {
        let seen = (0..100).find_map(|seed| symptom(Some(bug), seed).map(|it| (seed, it)));
        println!("{bug:?}: {seen:?}");
        assert!(seen.is_some(), "{bug:?}");
    }
}
