//! Wires that lie.

use proptest::prelude::*;

use crate::rig::{ESP, HOST, Noise, Pace, Rig};

/// Everything that happens in one run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    memory_bytes: [usize; 4],
    paces: [(u64, u64); 2],
    noise: Noise,
    /// Sizes of frames, each way.
    frames: [Vec<usize>; 2],
    /// After so many more edges this end starts over.
    resets: Vec<(u64, usize)>,
    late_us: u64,
    late: usize,
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(
        prop_oneof![4 => 1_usize..40, 2 => 40_usize..100, 1 => Just(110_usize)],
        0..40,
    )
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let memory = prop_oneof![Just(112_usize), 112_usize..1_000, Just(4_096)];
    let pace = (prop_oneof![Just(10_u64), 10_u64..1_000], prop_oneof![Just(0_u64), 0_u64..500]);
    let chance = || prop_oneof![Just(0_u16), 1_u16..40, 1_u16..2_000];
    (
        any::<u64>(),
        proptest::array::uniform4(memory),
        proptest::array::uniform2(pace),
        (chance(), chance()),
        proptest::array::uniform2(sizes()),
        proptest::collection::vec((0_u64..6_000, 0_usize..2), 0..4),
        (prop_oneof![Just(0_u64), 0_u64..100_000], 0_usize..2),
    )
        .prop_map(
            |(seed, memory_bytes, paces, (flip, glitch), frames, resets, (late_us, late))| {
                let noise = Noise { flip, glitch };
                Plan { seed, memory_bytes, paces, noise, frames, resets, late_us, late }
            },
        )
}

fn run(plan: &Plan) -> Rig {
    run_with(plan, false)
}

/// With or without the short way for most bits.
pub(crate) fn run_with(plan: &Plan, is_quick: bool) -> Rig {
    let mut rig = Rig::sized(plan.seed, plan.memory_bytes);
    for which in [HOST, ESP] {
        let (every_us, jitter_us) = plan.paces[which];
        rig.ends[which].pace = Pace { every_us, jitter_us };
        rig.ends[which].to_send.extend(&plan.frames[which]);
        rig.ends[which].is_quick = is_quick;
    }
    rig.noise = plan.noise;
    rig.start(1 - plan.late);
    rig.run_for(plan.late_us);
    rig.start(plan.late);
    for (edges, which) in &plan.resets {
        rig.run_until(*edges, |_| false);
        rig.start(*which);
    }
    rig.run_until(6_000, |_| false);
    rig.assert_faithful();
    rig.noise = Noise::default();
    for end in &mut rig.ends {
        end.to_send.extend([5, 100, 30]);
    }
    rig
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_wires_did_a_session_is_faithful_and_what_is_sent_afterwards_arrives(plan in plan()) {
        let mut rig = run(&plan);
        let bytes: usize = rig.ends.iter().flat_map(|end| &end.to_send).map(|size| size + 40).sum();
        // Two handshakes, and a frame that is read to its end in vain; then what is to be sent, and
        // again.
        let bound = 4_000 + 12 * bytes as u64 * 8;
        prop_assert!(rig.run_until(bound, |rig| rig.both_up() && rig.all_arrived()), "{:?}", rig.ends.each_ref().map(|end| (&end.told, end.counters())));
        rig.assert_faithful();
    }
}

#[test]
fn flipped_bits_are_repaired_within_the_session() {
    let mut resent = 0;
    for seed in 0..20 {
        let mut rig = Rig::new(seed, 1_200);
        rig.start_both();
        assert!(rig.run_until(1_800, Rig::both_up));
        // About one bit in 2,000.
        rig.noise.flip = 30;
        for end in &mut rig.ends {
            end.to_send.extend([64; 100]);
        }
        let before = rig.ends[HOST].edges;
        assert!(rig.run_until(400_000, Rig::all_arrived), "seed {seed}");
        rig.assert_faithful();
        let edges = rig.ends[HOST].edges - before;
        assert!(edges < 3 * 100 * 75 * 8, "seed {seed}: {edges} edges");
        assert!(rig.ends.iter().all(|end| end.counters().sessions == 1), "seed {seed}");
        resent += rig.ends[HOST].counters().resent;
    }
    assert!(resent > 100, "{resent}");
}

#[test]
fn lost_and_doubled_bits_are_repaired_within_the_session() {
    let mut resyncs = 0;
    for seed in 0..20 {
        let mut rig = Rig::new(seed, 1_200);
        rig.start_both();
        assert!(rig.run_until(1_800, Rig::both_up));
        rig.noise.glitch = 20;
        rig.ends[HOST].pace = Pace { every_us: 7, jitter_us: 3 };
        rig.ends[ESP].pace = Pace { every_us: 20, jitter_us: 15 };
        for end in &mut rig.ends {
            end.to_send.extend([64; 100]);
        }
        assert!(rig.run_until(400_000, Rig::all_arrived), "seed {seed}");
        rig.assert_faithful();
        assert!(rig.ends.iter().all(|end| end.counters().sessions == 1), "seed {seed}");
        resyncs += rig.ends[HOST].counters().resyncs;
    }
    assert!(resyncs > 100, "{resyncs}");
}
