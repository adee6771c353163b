//! Any strings, any pace, any noise.

use fivewire_core::link::{Levels, Link, Role};
use fivewire_core::time::Instant;
use proptest::prelude::*;

use crate::rig::{End, Pair};
use crate::vectors::{reproduces, vectors};

fn any_string() -> impl Strategy<Value = String> {
    proptest::collection::vec(1_u8..=127, 1..60)
        .prop_map(|codes| codes.into_iter().map(char::from).collect())
}

fn any_turns() -> impl Strategy<Value = Vec<(usize, usize)>> {
    proptest::collection::vec((0..6_usize, 0..6_usize), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn vectors_hold_under_any_jitter(turns in any_turns(), which in 0..6_usize) {
        let vectors = vectors();
        let mut turn = turns.iter().cycle();
        reproduces(&vectors[which % vectors.len()], || {
            let (initiator, passive) = *turn.next().unwrap();
            (initiator.max(1), passive.max(1))
        });
    }

    #[test]
    fn any_strings_arrive_whole_and_in_order_both_ways_whatever_the_jitter(
        down in proptest::collection::vec(any_string(), 0..12),
        up in proptest::collection::vec(any_string(), 0..12),
        turns in any_turns(),
    ) {
        let initiator = End::of(Role::Initiator).sends(&down);
        let passive = End::of(Role::Passive).sends(&up);
        let mut pair = Pair::new(initiator, passive);
        let mut turn = turns.iter().cycle();
        for _ in 0..30_000 {
            let (initiator_turns, passive_turns) = *turn.next().unwrap();
            for _ in 0..initiator_turns.max(1) {
                pair.now_us += 50;
                pair.initiator_looks();
            }
            for _ in 0..passive_turns.max(1) {
                pair.now_us += 50;
                pair.passive_looks();
            }
            let all = pair.initiator.received.len() == up.len()
                && pair.passive.received.len() == down.len();
            if all && pair.are_up() {
                break;
            }
        }
        let bytes = |strings: &[String]| -> Vec<Vec<u8>> {
            strings.iter().map(|string| string.clone().into_bytes()).collect()
        };
        prop_assert_eq!(pair.passive.strings(), bytes(&down));
        prop_assert_eq!(pair.initiator.strings(), bytes(&up));
    }

    /// There is no checksum: what is damaged arrives damaged. But a restart always leads back to a
    /// session.
    #[test]
    fn noise_may_corrupt_but_a_reset_always_leads_back(
        noise in proptest::collection::vec((0..60_000_u64, any::<bool>(), any::<bool>(), any::<bool>()), 1..40),
        strings in proptest::collection::vec(any_string(), 1..6),
        reset_line in any::<bool>(),
    ) {
        let initiator = End::of(Role::Initiator).sends(&strings);
        let passive = End::of(Role::Passive).sends(&strings);
        let mut pair = Pair::new(initiator, passive);
        pair.reset_line = reset_line;
        for (gap_us, at_initiator, clock, data) in noise {
            let end_us = pair.now_us + gap_us;
            while pair.now_us < end_us {
                pair.now_us += 400;
                pair.initiator_looks();
                pair.passive_looks();
            }
            let now = pair.now();
            let end = if at_initiator { &mut pair.initiator } else { &mut pair.passive };
            end.sees(now, Levels { clock, data });
        }
        pair.reset_line = true;
        pair.initiator.link.restart(Instant::from_micros(pair.now_us));
        pair.initiator.drain();
        pair.run_ms(2_000);
        prop_assert!(pair.are_up());
        pair.initiator.received.clear();
        pair.passive.received.clear();
        pair.run_ms(8_000);
        pair.initiator.received.clear();
        pair.passive.received.clear();
        prop_assert_eq!(pair.initiator.link.send(b"still"), Ok(5));
        prop_assert_eq!(pair.passive.link.send(b"here"), Ok(4));
        pair.run_ms(500);
        prop_assert_eq!(pair.passive.strings(), [b"still"]);
        prop_assert_eq!(pair.initiator.strings(), [b"here"]);
    }
}
