//! The cost model of the link's frames, held to what two fast boards need on real wires.

use fivewire_core::link::native::{Config, Memory, Native};
use fivewire_core::link::{Role, Timing};
use fivewire_sim::rig::{Boards, Rig};
use fivewire_sim::wires::End;
use fivewire_sim::world::{LINK_BYTE_US, LINK_FRAME_US};

type Machine = Native<Vec<u8>>;

fn machine(role: Role, seed: u64) -> Machine {
    let plain = Config::new(role);
    let timing = Timing { resets_by_itself: false, ..plain.timing };
    let memory = Memory { transmit: vec![0; 3_072], receive: vec![0; 3_072] };
    Native::new(&Config { timing, ..plain }, memory, seed).expect("the sizes are allowed")
}

fn up(seed: u64) -> Rig<Machine, Machine> {
    let host = machine(Role::Initiator, seed);
    let mut rig = Rig::new(seed, Boards::default(), host, move || machine(Role::Passive, seed + 1));
    assert!(rig.run_until_up(2_000_000));
    rig.run_for(100_000);
    rig
}

/// Mean time in µs from handing in a frame on an idle link until it is handed out.
fn frame_us(from: End, size_bytes: usize) -> u64 {
    const FRAMES: u64 = 40;
    let mut rig = up(size_bytes as u64);
    let mut sum_us = 0;
    for number in 0..FRAMES {
        let start_us = rig.now_us();
        rig.send(from, &vec![number as u8; size_bytes]);
        let wanted = number as usize + 1;
        let arrived = |rig: &Rig<_, _>| rig.at(from.other()).received.len() == wanted;
        assert!(rig.run_until(10_000_000, arrived));
        sum_us += rig.now_us() - start_us;
        // not in step with the pauses of an idle link
        rig.run_for(20_000 + number * 37);
    }
    sum_us / FRAMES
}

#[test]
fn a_frame_takes_as_long_as_the_cost_model_says_within_a_quarter() {
    for from in End::ALL {
        for size_bytes in [8, 32, 64, 128, 512, 1_024] {
            let modelled_us = LINK_FRAME_US + LINK_BYTE_US * size_bytes as u64;
            let measured_us = frame_us(from, size_bytes);
            println!("{from:?} {size_bytes} B: {measured_us} µs, modelled {modelled_us} µs");
            let quarter_us = modelled_us / 4;
            assert!(
                measured_us.abs_diff(modelled_us) <= quarter_us,
                "{size_bytes} B from {from:?} took {measured_us} µs, modelled are {modelled_us} µs"
            );
        }
    }
}

/// Frames that wait are joined on the wires, and go one by one in the model: that errs on the slow side.
#[test]
fn a_burst_takes_no_longer_than_the_cost_model_says_and_small_frames_take_less() {
    const FRAMES: usize = 40;
    for (size_bytes, least_percent) in [(8, 25), (14, 25), (64, 70), (256, 75)] {
        let mut rig = up(size_bytes as u64);
        let start_us = rig.now_us();
        for number in 0..FRAMES {
            rig.send(End::Host, &vec![number as u8; size_bytes]);
        }
        assert!(rig.run_until(10_000_000, |rig| rig.at(End::Esp).received.len() == FRAMES));
        let took_us = rig.now_us() - start_us;
        let modelled_us = FRAMES as u64 * (LINK_FRAME_US + LINK_BYTE_US * size_bytes as u64);
        println!("{size_bytes} B: {} % of what is modelled", took_us * 100 / modelled_us);
        assert!(took_us <= modelled_us * 105 / 100, "{size_bytes} B: {took_us} of {modelled_us}");
        assert!(took_us >= modelled_us * least_percent / 100, "{size_bytes} B: {took_us}");
    }
}

#[test]
fn two_ends_find_each_other_sooner_than_the_cost_model_allows() {
    for seed in 0..50 {
        let host = machine(Role::Initiator, seed);
        let mut rig = Rig::new(seed, Boards::default(), host, move || machine(Role::Passive, seed));
        assert!(rig.run_until_up(2_000_000));
        // 100 ms of reset, 300 ms of booting
        let search_us = rig.now_us() - 400_000;
        println!("{search_us}");
        assert!(search_us <= fivewire_sim::world::LINK_SYNC_MAX_US.into(), "{search_us} µs");
    }
}
