//! Wires that work.

use crate::rig::{ESP, HOST, Rig, Told};

/// Bytes of a frame besides its payload.
const OVERHEAD: usize = 11;

#[test]
fn two_ends_meet_within_a_few_hellos() {
    for seed in 0..50 {
        let mut rig = Rig::new(seed, 512);
        rig.start_both();
        assert!(rig.run_until(1_800, Rig::both_up), "seed {seed}");
        assert!(rig.ends.iter().all(|end| end.count(Told::Up) == 1));
    }
}

#[test]
fn whoever_starts_a_minute_later_is_met_at_once() {
    for late in [HOST, ESP] {
        let mut rig = Rig::new(7, 512);
        rig.start(1 - late);
        rig.run_for(60_000_000);
        rig.start(late);
        let before = rig.ends[late].edges;
        assert!(rig.run_until(1_800, Rig::both_up), "late: {late}");
        println!("late {late}: up after {} edges", rig.ends[late].edges - before);
    }
}

#[test]
fn frames_of_any_size_arrive_whole_and_in_order_both_ways() {
    let mut rig = Rig::new(3, 1_200);
    for number in 0..200 {
        let size = [1, 2, 63, 64, 200, 1_000][number % 6];
        rig.ends[HOST].to_send.push_back(size);
        rig.ends[ESP].to_send.push_back(size);
    }
    rig.start_both();
    assert!(rig.run_until(2_000_000, Rig::all_arrived));
    rig.assert_faithful();
    for end in &rig.ends {
        assert_eq!((end.counters().resent, end.counters().rejected), (0, 0));
    }
}

/// Payload bits for each own edge of the sender, in steady flow.
fn efficiency(size: usize, both: bool, fill: Option<u8>) -> f64 {
    let mut rig = Rig::new(11, 4_096);
    rig.start_both();
    assert!(rig.run_until(1_800, Rig::both_up));
    let frames = (60_000 / (size + OVERHEAD)).max(40);
    for (which, end) in rig.ends.iter_mut().enumerate() {
        end.fill = fill;
        if both || which == HOST {
            end.to_send.extend(std::iter::repeat_n(size, frames));
        }
    }
    let before = rig.ends[HOST].edges;
    assert!(rig.run_until(2_000_000, Rig::all_arrived));
    rig.assert_faithful();
    let edges = rig.ends[HOST].edges - before;
    (frames * size * 8) as f64 / edges as f64
}

#[test]
fn a_frame_of_64_bytes_or_more_moves_0_85_payload_bit_per_edge_in_one_direction_and_in_both() {
    println!("bytes | one way: payload bit per edge, edges per payload byte | both ways");
    for size in [8, 16, 64, 256, 1_000] {
        let (one, both) = (efficiency(size, false, None), efficiency(size, true, None));
        println!("{size:>5} | {one:.4} {:.2} | {both:.4} {:.2}", 8.0 / one, 8.0 / both);
        if size >= 64 {
            assert!(one >= 0.85 && both >= 0.85);
        }
        for fill in [0, 0xFF, 0xA7] {
            let other = efficiency(size, true, Some(fill));
            assert!((other - both).abs() < 0.001, "whatever the content");
        }
    }
}
