//! A board keeps its last segments in bounded memory.

use fivewire_core::recorder::{Item, Payloads, Records, Ring};

use crate::{Bench, DISGUISED, client, replay, story};

/// Drains a ring in pieces.
pub(crate) fn drained(ring: &mut Ring<Vec<u8>>, piece: usize) -> Vec<u8> {
    let (mut recording, mut into) = (Vec::new(), vec![0; piece]);
    loop {
        match ring.drain(&mut into) {
            0 => return recording,
            count => recording.extend_from_slice(&into[..count]),
        }
    }
}

#[test]
fn a_ring_keeps_the_newest_segments_and_each_can_be_replayed() {
    let mut bench = Bench::new(client(false), Ring::new(vec![0; 6_000], 3), DISGUISED);
    for _ in 0..20 {
        bench.run(&story());
    }
    let (_, recorder) = bench.client.into_parts();
    let mut recorder = recorder.unwrap();
    let ring = recorder.sink_mut();
    assert_eq!((ring.missed(), ring.segments()), (0, 3));
    let dropped = ring.dropped();
    let recording = drained(ring, 50);
    assert_eq!(ring.segments(), 0);
    assert!(dropped > 10 && recording.len() > 3_000, "{dropped}, {}", recording.len());
    let Item::Segment(first) = Records::new(&recording).next().unwrap().unwrap().item else {
        panic!()
    };
    assert_eq!(first.number, dropped);
    let (segments, calls) = replay(&recording);
    assert!(segments == 3 && calls > 30, "{segments}, {calls}");
}

#[test]
fn a_ring_that_is_being_drained_loses_whole_segments_only() {
    let mut bench = Bench::new(client(false), Ring::new(vec![0; 4_000], 2), Payloads::Kept);
    let mut recording = Vec::new();
    let mut piece = [0; 200];
    for _ in 0..40 {
        bench.run(&story());
        let ring = bench.client.recorder_mut().unwrap().sink_mut();
        let count = ring.drain(&mut piece);
        recording.extend_from_slice(&piece[..count]);
    }
    let recorder = bench.client.recorder_mut().unwrap();
    assert!(recorder.sink().missed() > 0, "the line was too slow");
    recorder.finish();
    recording.extend(drained(recorder.sink_mut(), 1_000));
    let (segments, _) = replay(&recording);
    assert!(segments > 2, "{segments}");
}

#[test]
fn a_ring_that_is_too_small_says_so() {
    let mut bench = Bench::new(client(false), Ring::new(vec![0; 600], 2), Payloads::Kept);
    bench.run(&story());
    let ring = bench.client.recorder_mut().unwrap().sink_mut();
    assert!(ring.missed() > 0);
    assert!(drained(ring, 10).is_empty());
}
