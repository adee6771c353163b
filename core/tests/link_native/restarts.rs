//! Ends that start over, whenever it pleases them.

use fivewire_core::link::DownReason;

use crate::rig::{ESP, HOST, Rig, Told};

/// Own edges within which two living ends find each other: see the handshake in the module's docs.
const SYNC_EDGES: u64 = 1_800;

#[test]
fn an_end_that_starts_over_at_any_bit_is_noticed_and_met_again() {
    for which in [HOST, ESP] {
        for bit in 0..700_u64 {
            let mut rig = Rig::new(bit, 512);
            for end in &mut rig.ends {
                end.to_send.extend([40; 16]);
            }
            rig.start_both();
            assert!(rig.run_until(SYNC_EDGES, Rig::both_up));
            let begin = rig.ends[HOST].edges;
            rig.run_until(u64::MAX, |rig| rig.ends[HOST].edges >= begin + bit);
            rig.assert_faithful();
            rig.start(which);
            assert!(rig.run_until(2 * SYNC_EDGES, |rig| rig.both_up()
                && rig.ends[1 - which].count(Told::Up) == 2));
            let other = &rig.ends[1 - which];
            assert_eq!(other.count(Told::Down(DownReason::PeerRestarted)), 1);
            assert!(rig.run_until(200_000, Rig::all_arrived), "end {which} at bit {bit}");
            rig.assert_faithful();
        }
    }
}

#[test]
fn an_end_that_starts_over_at_any_bit_of_the_handshake_is_met_all_the_same() {
    for which in [HOST, ESP] {
        for bit in 0..1_400_u64 {
            let mut rig = Rig::new(bit, 512);
            rig.start_both();
            rig.run_until(u64::MAX, |rig| rig.ends[HOST].edges >= bit);
            rig.start(which);
            assert!(rig.run_until(2 * SYNC_EDGES, Rig::both_up), "end {which} at bit {bit}");
            rig.run_for(20_000);
            assert!(rig.both_up(), "end {which} at bit {bit}");
        }
    }
}

#[test]
fn restart_ends_the_session_and_begins_another() {
    let mut rig = Rig::new(5, 512);
    rig.reset_wired = true;
    rig.start_both();
    assert!(rig.run_until(SYNC_EDGES, Rig::both_up));
    rig.restart(HOST);
    assert_eq!(
        rig.ends[HOST].told.last().map(|told| told.1),
        Some(Told::Down(DownReason::Restarted))
    );
    assert!(rig.run_until(SYNC_EDGES, Rig::both_up));
    assert_eq!(rig.ends[HOST].counters().resets, 2);
}
