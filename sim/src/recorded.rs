//! Some runs are run once more with a flight recorder in a machine: it must change nothing, and what
//! it wrote must be the whole run, from any checkpoint on, without a secret in it.
//!
//! A recording is a promise of its own (P11): what a board wrote is what happened there, for everybody
//! who has it and for nobody who may not.

use fivewire_core::recorder::{Fed, Item, Machine, Payloads, Record, Records, Replay};
use fivewire_core::time::Instant;

use crate::oracle::{Breach, Promise};
use crate::random::mixed;
use crate::run::{Report, run_recorded};
use crate::schedule::{Schedule, Topology};
use crate::world::PASSWORD;

/// One seed of so many.
const EVERY: u64 = 128;
/// A segment is about so long, so that a machine is compared with its checkpoints some hundred times.
const SEGMENT_BYTES: usize = 16 * 1024;
/// A recording is replayed from its beginning, and from so many of its checkpoints in all. Every run goes on
/// from its checkpoints besides.
const STARTS: usize = 2;
/// So many equal bytes in a row are what the application fills its payloads with.
const PLAIN_BYTES: usize = 24;

/// True for the seeds whose runs are recorded.
///
/// The rule must not fall together with any other that picks seeds by their remainder.
#[must_use]
pub const fn is_recorded(seed: u64) -> bool {
    mixed(!seed).is_multiple_of(EVERY)
}

/// Runs `schedule` once more, recorded, and tells what is wrong with that. `report` is what the run
/// showed without a recorder, and kept every promise.
#[must_use]
pub fn breach(schedule: &Schedule, report: &Report) -> Option<Breach> {
    let takes_turns = mixed(!schedule.seed) / EVERY;
    let machine = match schedule.setup.topology {
        Topology::Client => Machine::Client,
        Topology::Bridge if takes_turns.is_multiple_of(2) => Machine::BridgeHost,
        Topology::Bridge => Machine::BridgeEsp,
    };
    let payloads = Payloads::Disguised { key: [takes_turns, !takes_turns] };
    let (again, recording) = run_recorded(schedule, machine, payloads, SEGMENT_BYTES)?;
    let detail = if again.hash == report.hash {
        wrong(&recording)?
    } else {
        "a run with a recorder in it is another one".to_owned()
    };
    Some(Breach {
        promise: Promise::P11,
        at: Instant::from_micros(report.virtual_us),
        detail: format!("recorded {machine:?}: {detail}"),
    })
}

/// What is wrong with a recording.
fn wrong(recording: &[u8]) -> Option<String> {
    let secret = PASSWORD.as_bytes();
    if recording.windows(secret.len()).any(|bytes| bytes == secret) {
        return Some("it has the password of the network in it".to_owned());
    }
    if recording.chunk_by(|a, b| a == b).any(|run| run.len() >= PLAIN_BYTES && is_filler(run[0])) {
        return Some("it has a payload in it as it was".to_owned());
    }
    let mut replays = Vec::with_capacity(STARTS);
    for record in Records::new(recording) {
        let record = match record {
            Ok(record) => record,
            Err(damage) => return Some(format!("it is damaged: {damage}")),
        };
        let next = recording.len() * replays.len() / STARTS;
        let is_start = matches!(record.item, Item::Segment(_)) && record.at >= next;
        if is_start && replays.len() < STARTS {
            replays.push((record.at, Replay::new(|size_bytes| vec![0xEE; size_bytes])));
        }
        for (start, replay) in &mut replays {
            if let Some(detail) = differs(replay, &record) {
                let at = record.at;
                let from = format!("replayed from the segment at byte {start}");
                return Some(format!("{from} it comes, at byte {at}, to {detail}"));
            }
        }
    }
    None
}

/// What a bare machine says differently.
fn differs<F: FnMut(usize) -> Vec<u8>>(
    replay: &mut Replay<Vec<u8>, F>,
    record: &Record<'_>,
) -> Option<String> {
    match replay.feed(record) {
        Fed::Same => None,
        Fed::Different(said) => Some(format!("{said:?} instead of {:?}", record.item)),
        Fed::OtherState => Some("another state than in the checkpoint".to_owned()),
        Fed::Nonsense => Some(format!("nothing that {:?} fits", record.item)),
    }
}

/// The application fills a payload with the lowest byte of its number; zeros and what memory begins
/// with are others'.
const fn is_filler(byte: u8) -> bool {
    !matches!(byte, 0x00 | 0x2A | 0xEE | 0xFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    fn recording(scenario: &str, machine: Machine, payloads: Payloads) -> Vec<u8> {
        let schedule = catalogue::find(scenario).expect("it is known").schedule(7);
        let (_, recording) = run_recorded(&schedule, machine, payloads, SEGMENT_BYTES)
            .expect("the machine is in the run");
        recording
    }

    const DISGUISED: Payloads = Payloads::Disguised { key: [1, 2] };

    #[test]
    fn a_recording_is_the_run_from_any_checkpoint_on() {
        for (scenario, machine) in [
            ("client", Machine::Client),
            ("swarm", Machine::BridgeHost),
            ("swarm", Machine::BridgeEsp),
        ] {
            let recording = recording(scenario, machine, DISGUISED);
            assert!(recording.len() > 8 * SEGMENT_BYTES, "{machine:?}: {}", recording.len());
            assert_eq!(wrong(&recording), None, "{machine:?}");
        }
    }

    #[test]
    fn a_payload_as_it_was_is_seen() {
        let seen = wrong(&recording("client", Machine::Client, Payloads::Kept));
        assert_eq!(seen.as_deref(), Some("it has a payload in it as it was"));
    }

    #[test]
    fn a_password_is_seen() {
        let mut recording = recording("client", Machine::Client, DISGUISED);
        recording.extend_from_slice(PASSWORD.as_bytes());
        assert_eq!(wrong(&recording).as_deref(), Some("it has the password of the network in it"));
    }

    #[test]
    fn what_is_not_what_was_written_is_seen() {
        let mut recording = recording("client", Machine::Client, DISGUISED);
        let middle = recording.len() / 2;
        recording[middle] ^= 1;
        assert!(wrong(&recording).is_some_and(|seen| seen.starts_with("it is damaged")));
    }

    #[test]
    fn about_one_seed_of_so_many_is_recorded() {
        let count = (0..10_000).filter(|&seed| is_recorded(seed)).count();
        assert!((60..100).contains(&count), "{count} of 10,000");
    }
}
