//! `run`, `replay` and `shrink`: one schedule, from a seed, a line or a file.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use fivewire_sim::corpus;
use tempfile::TempDir;

/// A seed of the scenario that fails on purpose, which does.
const FAILING: &[&str] = &["run", "--scenario", "canary", "--seed", "1"];

fn fivewire(directory: &Path, arguments: &[&str]) -> Assert {
    Command::new(env!("CARGO_BIN_EXE_fivewire")).current_dir(directory).args(arguments).assert()
}

fn printed(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).expect("results are text")
}

fn complaint(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).expect("complaints are text")
}

/// The schedule in the last line of this form: `replay: fivewire replay '...'`.
fn replay_line(text: &str) -> &str {
    let quoted = |line| str::strip_prefix(line, "replay: fivewire replay '")?.strip_suffix('\'');
    text.lines().rev().find_map(quoted).expect("each run says how to replay it")
}

fn directory() -> TempDir {
    TempDir::new().expect("a temporary directory can be made")
}

#[test]
fn a_run_is_the_same_to_the_byte_each_time() {
    let directory = directory();
    let run = ["run", "--scenario", "swarm", "--seed", "42"];
    let first = fivewire(directory.path(), &run).success();
    let second = fivewire(directory.path(), &run).success();
    assert_eq!(printed(&first), printed(&second));
    assert!(printed(&first).lines().count() > 100, "a timeline was printed");
}

#[test]
fn a_printed_line_replays_from_the_command_line_a_file_and_standard_input() {
    let directory = directory();
    let run = fivewire(directory.path(), &["run", "--scenario", "client", "--seed", "7"]).success();
    let run = printed(&run);
    let line = replay_line(&run);
    assert_eq!(printed(&fivewire(directory.path(), &["replay", line]).success()), run);

    fs::write(directory.path().join("stored.json"), line).expect("the directory is writable");
    assert_eq!(printed(&fivewire(directory.path(), &["replay", "stored.json"]).success()), run);

    let mut command = Command::new(env!("CARGO_BIN_EXE_fivewire"));
    let piped = command.args(["replay", "-"]).write_stdin(line).assert().success();
    assert_eq!(printed(&piped), run);
}

#[test]
fn several_schedules_replay_one_after_the_other() {
    let directory = directory();
    let good = fivewire(directory.path(), &["run", "--scenario", "swarm", "--seed", "1"]).success();
    let bad = fivewire(directory.path(), FAILING).code(1);
    let (good, bad) = (printed(&good), printed(&bad));
    let both = ["replay", "--last", "0", replay_line(&bad), replay_line(&good)];
    let text = printed(&fivewire(directory.path(), &both).code(1));
    assert!(text.contains("P1 broken by canary seed 1"), "{text}");
    assert!(text.contains("every promise kept"), "{text}");
}

#[test]
fn last_shows_only_the_end_of_the_timeline() {
    let directory = directory();
    let run = ["run", "--scenario", "swarm", "--seed", "42", "--last", "3"];
    let text = printed(&fivewire(directory.path(), &run).success());
    assert_eq!(text.lines().count(), 6, "{text}");
}

#[test]
fn a_bad_file_is_refused_with_file_line_and_column() {
    let directory = directory();
    let stored = directory.path().join("bad.json");
    let run = printed(&fivewire(directory.path(), FAILING).code(1));
    let good = replay_line(&run).replace(r#","seed""#, ",\n\"seed\"");

    fs::write(&stored, good.replace("\"seed\"", "\"sead\"")).expect("the directory is writable");
    let refused =
        complaint(&fivewire(directory.path(), &["replay", "bad.json"]).code(2).stdout(""));
    assert!(
        refused.starts_with("error: bad.json:2:6: unknown field `sead`, expected one of"),
        "{refused}"
    );

    let mut schedule = corpus::parse("test", &good).expect("it was printed by the command");
    schedule.setup.window = 17;
    corpus::write(&stored, &schedule).expect("it is writable");
    let refused =
        complaint(&fivewire(directory.path(), &["shrink", "bad.json"]).code(2).stdout(""));
    assert_eq!(refused, "error: bad.json: setup.window is 17, but must be from 1 to 16\n");

    fs::write(&stored, good.replace("\"version\":1", "\"version\":2")).expect("it is writable");
    let refused = complaint(&fivewire(directory.path(), &["replay", "bad.json"]).code(2));
    assert!(refused.contains("format version 2"), "{refused}");

    let refused = complaint(&fivewire(directory.path(), &["replay", "{\"version\":1}"]).code(2));
    assert!(refused.starts_with("error: command line:1:13: missing field `scenario`"), "{refused}");
    fs::write(&stored, "# A heading\n").expect("it is writable");
    for command in ["replay", "shrink"] {
        let refused = complaint(&fivewire(directory.path(), &[command, "bad.json"]).code(2));
        assert!(
            refused.starts_with("error: bad.json: this is neither a schedule (JSON"),
            "{refused}"
        );
    }
    let run = ["run", "--scenario", "client", "--seed", "1", "--record", "a.fwrec", "--last", "0"];
    fivewire(directory.path(), &run).success();
    let refused = complaint(&fivewire(directory.path(), &["shrink", "a.fwrec"]).code(2));
    assert!(refused.starts_with("error: a.fwrec: this is a recording, and only"), "{refused}");
    let refused = complaint(&fivewire(directory.path(), &["replay", "none.json"]).code(2));
    assert!(refused.starts_with("error: none.json: "), "{refused}");
}

#[test]
fn a_failing_schedule_shrinks_to_a_file_that_still_fails() {
    let directory = directory();
    let run = printed(&fivewire(directory.path(), FAILING).code(1));
    let hint = "\nto shrink it: the same command with `shrink` instead of `replay`\n";
    assert!(run.ends_with(hint), "{run}");
    let shrink = ["shrink", replay_line(&run)];
    let text = printed(&fivewire(directory.path(), &shrink).code(1));
    assert!(text.contains("nothing more can go"), "{text}");
    assert!(text.contains("stored: fivewire-canary-1.json"), "{text}");
    let left_out = text.lines().position(|line| line.contains(" happened before and "));
    let next = left_out.and_then(|at| text.lines().nth(at + 1)).expect("there are lines");

    let stored = directory.path().join("fivewire-canary-1.json");
    let stored = corpus::read(&stored).expect("a valid schedule was stored");
    let mut kinds: Vec<_> = stored.faults.iter().map(|fault| fault.kind.name()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["tcp-reset", "wifi-outage"]);
    let first_ms = f64::from(stored.faults[0].at_ms);
    let shown_ms = 1_000.0 * next.split_whitespace().next().unwrap().parse::<f64>().unwrap();
    assert!((first_ms - 1_000.0..=first_ms).contains(&shown_ms), "{shown_ms} {first_ms}");

    let replay = ["replay", "fivewire-canary-1.json"];
    let text = printed(&fivewire(directory.path(), &replay).code(1));
    assert!(text.contains("P1 broken by canary seed 1"), "{text}");

    let again = printed(&fivewire(directory.path(), &shrink).code(1));
    assert!(
        again.contains("stored: fivewire-canary-1.json"),
        "equal files are not doubled: {again}"
    );
    // the one that the README has a newcomer shrink
    let stored = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/canary.json");
    let text = printed(&fivewire(directory.path(), &["shrink", stored]).code(1));
    assert!(text.starts_with("shrunk from 20 faults in 1 h 0 min to 2 faults in "), "{text}");

    let named = ["shrink", "fivewire-canary-1.json", "--output", "small.json", "--runs", "1"];
    fivewire(directory.path(), &named).code(1);
    assert!(directory.path().join("small.json").exists());
}

#[test]
fn a_scenario_that_nobody_lists_is_only_a_name_and_that_is_said() {
    let directory = directory();
    let run = printed(&fivewire(directory.path(), FAILING).code(1));
    let misspelt = replay_line(&run).replace("canary", "canry");
    let said = complaint(&fivewire(directory.path(), &["replay", &misspelt]).success());
    let note = "note: command line: scenario \"canry\" is none of `fivewire list`";
    assert!(said.starts_with(note), "{said}");
}

#[test]
fn a_result_that_has_no_folder_is_refused_before_anything_runs() {
    let directory = directory();
    let run = printed(&fivewire(directory.path(), FAILING).code(1));
    let shrink = ["shrink", replay_line(&run), "--output", "nowhere/it.json"];
    let refused = fivewire(directory.path(), &shrink).code(2);
    assert!(complaint(&refused).contains("--output: nowhere/it.json is in no folder"));
    assert_eq!(printed(&refused), "");
}

#[test]
fn a_schedule_that_keeps_every_promise_is_not_shrunk() {
    let directory = directory();
    let run = fivewire(directory.path(), &["run", "--scenario", "swarm", "--seed", "1"]).success();
    let run = printed(&run);
    let shrink = fivewire(directory.path(), &["shrink", replay_line(&run)]).success();
    assert_eq!(printed(&shrink), "every promise kept: nothing to shrink\n");
}
