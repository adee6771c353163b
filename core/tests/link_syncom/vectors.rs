//! The vectors were recorded from the predecessor's own code.

use fivewire_core::link::{Levels, Role};
use serde::Deserialize;

use crate::rig::{End, Pair};

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
pub(crate) struct Vector {
    host_sends: Vec<String>,
    passive_sends: Vec<String>,
    initiator_ck_d: String,
    passive_ck_d: String,
    host_receives: Vec<(String, usize)>,
    passive_receives: Vec<(String, usize)>,
}

pub(crate) fn vectors() -> Vec<Vector> {
    serde_json::from_str::<File>(include_str!("../syncom_vectors.json")).unwrap().vectors
}

fn levels(text: &str) -> Vec<Levels> {
    text.split(' ')
        .map(|pair| Levels { clock: pair.starts_with('1'), data: pair.ends_with('1') })
        .collect()
}

/// Runs a vector; `turn` says how many times in a row the initiator looks, and then the passive
/// end.
pub(crate) fn reproduces(vector: &Vector, mut turn: impl FnMut() -> (usize, usize)) {
    let initiator = End::of(Role::Initiator).sends(&vector.host_sends);
    let passive = End::of(Role::Passive).sends(&vector.passive_sends);
    let mut pair = Pair::new(initiator, passive);
    let (host_levels, passive_levels) =
        (levels(&vector.initiator_ck_d), levels(&vector.passive_ck_d));
    while pair.initiator.writes.len() < host_levels.len() + 10 {
        let (initiator_turns, passive_turns) = turn();
        for _ in 0..initiator_turns {
            pair.now_us += 50;
            pair.initiator_looks();
        }
        for _ in 0..passive_turns {
            pair.now_us += 50;
            pair.passive_looks();
        }
    }
    assert_eq!(pair.initiator.writes[..host_levels.len()], host_levels);
    assert_eq!(pair.passive.writes[..passive_levels.len()], passive_levels);
    let as_bytes = |expected: &[(String, usize)]| -> Vec<(Vec<u8>, usize)> {
        expected.iter().map(|(string, step)| (string.clone().into_bytes(), *step)).collect()
    };
    assert_eq!(pair.initiator.received, as_bytes(&vector.host_receives));
    assert_eq!(pair.passive.received, as_bytes(&vector.passive_receives));
}

#[test]
fn every_vector_is_reproduced_level_for_level_at_both_ends_for_all_step_ratios() {
    for vector in vectors() {
        for ratio in 1..=100 {
            reproduces(&vector, || (1, ratio));
            reproduces(&vector, || (ratio, 1));
        }
    }
}
