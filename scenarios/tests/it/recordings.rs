//! Real runs, recorded by `fivewire-tokio` against a real mosquitto: this core says to the last
//! byte what that one said, and keeps every promise that one end can show.
//!
//! A change that means to say something else, or to remember something else, needs new ones:
//! `FIVEWIRE_RECORDING=$PWD/scenarios/recordings/mosquitto-restarts.fwrec cargo test -p
//! fivewire-tokio --test recording` at the root. Look at what differs first: `fivewire replay`
//! shows it.

use std::fs;
use std::path::{Path, PathBuf};

use fivewire_sim::oracle::Promise;
use fivewire_sim::replay::{check, replay};
use fivewire_sim::trace::Timeline;

fn recordings() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|is| is == "fwrec")).collect();
    files.sort();
    files
}

#[test]
fn what_was_recorded_in_real_life_is_said_again_to_the_last_byte() {
    let files = recordings();
    assert!(!files.is_empty());
    for file in files {
        let recording = fs::read(&file).unwrap();
        let (mut timeline, name) = (Timeline::with_last(20), file.display());
        let report = replay(&recording, &mut timeline);
        assert_eq!(report.damage, None, "{name}");
        assert_eq!(report.difference, None, "{name}:\n{timeline}");
        assert_eq!(report.breach, None, "{name}:\n{timeline}");
        assert!(report.outputs > 100, "{name}: {report:?}");
    }
}

#[test]
fn the_run_over_restarts_of_mosquitto_shows_what_it_was_recorded_for() {
    let recording = fs::read(&recordings()[0]).unwrap();
    let mut timeline = Timeline::new();
    let report = replay(&recording, &mut timeline);
    let lines = |part: &str| timeline.lines().filter(|line| line.contains(part)).count();
    assert!(lines("disconnected") >= 4, "the broker was restarted");
    assert_eq!(lines("CONNACK code=0 present=1"), 2, "and kept its session");
    assert_eq!(
        lines("CONNACK code=0 present=0"),
        4,
        "and forgot it, twice at the start and twice later"
    );
    let redelivered = |line: &str| line.contains("device   > PUBLISH") && line.contains(" dup ");
    assert!(timeline.lines().any(redelivered), "while something was under way");
    assert_eq!(lines(" acked"), 96);
    for promise in [Promise::P1, Promise::P2, Promise::P3, Promise::P4, Promise::P5, Promise::P7] {
        assert!(report.checked[promise.index()] > 0, "{promise:?} was not judged");
    }
}

#[test]
fn a_recording_with_any_byte_changed_is_refused_at_the_record_it_is_in() {
    let recording = fs::read(&recordings()[0]).unwrap();
    assert_eq!(check(&recording), Ok(()));
    // each byte, and with it another bit
    let check_every_fourth = &|first: usize| {
        let mut changed = recording.clone();
        for at in (first..changed.len()).step_by(4) {
            let bit = 1 << (at % 8);
            changed[at] ^= bit;
            let damage = check(&changed).unwrap_err();
            assert!(damage.at <= at && at - damage.at < 4_096, "byte {at}: {damage}");
            changed[at] ^= bit;
        }
        assert_eq!(changed, recording);
    };
    std::thread::scope(|scope| {
        for first in 0..4 {
            scope.spawn(move || check_every_fourth(first));
        }
    });
}
