//! `run --record` and `replay` of what it wrote.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use tempfile::TempDir;

fn fivewire(directory: &Path, arguments: &[&str]) -> Assert {
    Command::new(env!("CARGO_BIN_EXE_fivewire")).current_dir(directory).args(arguments).assert()
}

fn printed(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).expect("results are text")
}

fn complaint(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).expect("complaints are text")
}

/// A directory with a recording in it.
fn recorded() -> TempDir {
    let directory = TempDir::new().expect("a temporary directory can be made");
    let run = ["run", "--scenario", "client", "--seed", "5", "--last", "0", "--record", "it"];
    let shown = printed(&fivewire(directory.path(), &run).success());
    assert!(shown.contains("\nstored: it\n"), "{shown}");
    directory
}

#[test]
fn a_recorded_run_replays_with_its_timeline() {
    let directory = recorded();
    let replay = printed(&fivewire(directory.path(), &["replay", "it"]).success());
    assert!(replay.contains("CONNECT") && replay.contains("acked"), "{replay}");
    assert!(replay.contains("judged: P1 "), "{replay}");
    assert!(replay.contains("the same to the last byte"), "{replay}");
    let short = printed(&fivewire(directory.path(), &["replay", "it", "--last", "0"]).success());
    assert_eq!(short.lines().count(), 2, "{short}");
}

#[cfg(feature = "turmoil")]
#[test]
fn a_recording_is_not_replayed_in_an_engine_and_the_complaint_says_what_to_do() {
    let directory = recorded();
    let replay = ["replay", "it", "--engine", "turmoil"];
    let refused = complaint(&fivewire(directory.path(), &replay).code(2));
    assert!(refused.contains("it: a recording is fed to a bare machine"), "{refused}");
    assert!(refused.contains("leave --engine out"), "{refused}");
}

#[test]
fn either_end_of_a_bridge_is_recorded_and_replays_with_what_passed_the_link() {
    let directory = TempDir::new().expect("a temporary directory can be made");
    let run = ["run", "--scenario", "esp-crash", "--seed", "1", "--last", "0", "--record", "it"];
    for (machine, judged) in [(&[][..], "judged: P1 "), (&["--machine", "esp"], "judged: nothing")]
    {
        fivewire(directory.path(), &[&run[..], machine].concat()).success();
        let replay = printed(&fivewire(directory.path(), &["replay", "it"]).success());
        assert!(replay.contains("frame ") && replay.contains("link up"), "{replay}");
        assert!(replay.contains(judged), "{replay}");
        assert!(replay.contains("the same to the last byte"), "{replay}");
    }
}

#[test]
fn a_damaged_recording_is_refused_with_its_position_unless_a_part_will_do() {
    let directory = recorded();
    let path = directory.path().join("it");
    let mut bytes = fs::read(&path).expect("it was written");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&path, &bytes).expect("the directory is writable");
    let refused = complaint(&fivewire(directory.path(), &["replay", "it"]).code(2));
    assert!(refused.contains("the recording is damaged: the record at byte "), "{refused}");
    assert!(refused.contains("`--partial`"), "{refused}");
    let arguments = ["replay", "--partial", "it", "--last", "0"];
    let replay = printed(&fivewire(directory.path(), &arguments).success());
    assert!(replay.contains("replayed only up to there: the recording is damaged"), "{replay}");
    assert!(replay.contains("the same to the last byte that could be read, and"), "{replay}");

    bytes[middle] ^= 4;
    bytes[0] ^= 4;
    fs::write(&path, &bytes).expect("the directory is writable");
    let refused = complaint(&fivewire(directory.path(), &["replay", "it"]).code(2));
    assert!(refused.contains("no recording begins at byte 0"), "{refused}");

    bytes[0] ^= 4;
    bytes.truncate(middle);
    fs::write(&path, &bytes).expect("the directory is writable");
    let refused = complaint(&fivewire(directory.path(), &["replay", "it"]).code(2));
    assert!(refused.contains("the recording is cut off in the record at byte "), "{refused}");
    fivewire(directory.path(), &arguments).success();

    bytes.truncate(10);
    fs::write(&path, &bytes).expect("the directory is writable");
    let refused = complaint(&fivewire(directory.path(), &arguments).code(2));
    assert!(refused.contains("it: nothing in it can be replayed"), "{refused}");
}

#[test]
fn what_cannot_be_recorded_is_refused_before_anything_runs() {
    let directory = TempDir::new().expect("a temporary directory can be made");
    for (scenario, machine, there) in
        [("esp-crash", "client", "--machine host"), ("client", "esp", "--machine client")]
    {
        let run = ["run", "--scenario", scenario, "--seed", "1", "--record", "it", "--machine"];
        let run = [&run[..], &[machine]].concat();
        let refused = complaint(&fivewire(directory.path(), &run).code(2));
        assert!(refused.contains(there), "{refused}");
        assert!(!directory.path().join("it").exists());
    }
    let run = ["run", "--scenario", "client", "--seed", "1", "--machine", "client"];
    let refused = complaint(&fivewire(directory.path(), &run).code(2));
    assert!(refused.contains("--record"), "{refused}");
    let run = ["run", "--scenario", "client", "--seed", "1", "--record", "no/where"];
    let refused = complaint(&fivewire(directory.path(), &run).code(2));
    assert!(refused.contains("no/where"), "{refused}");
}
