//! `sweep`: many seeds, one table, one verdict.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use serde_json::Value;
use tempfile::TempDir;

fn fivewire(directory: &Path, arguments: &[&str]) -> Assert {
    Command::new(env!("CARGO_BIN_EXE_fivewire")).current_dir(directory).args(arguments).assert()
}

fn printed(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).expect("results are text")
}

fn directory() -> TempDir {
    TempDir::new().expect("a temporary directory can be made")
}

/// The summary that a sweep wrote.
fn summary(directory: &Path, arguments: &[&str], code: i32) -> Value {
    let arguments = [&["sweep", "--json", "summary.json"], arguments].concat();
    fivewire(directory, &arguments).code(code);
    let text = fs::read_to_string(directory.join("summary.json")).expect("it was written");
    serde_json::from_str(&text).expect("it is JSON")
}

#[test]
fn a_small_sweep_keeps_every_promise_and_says_what_it_did() {
    let directory = directory();
    let text = printed(&fivewire(directory.path(), &["--seeds", "0..40"]).success());
    for sentence in ["swarm", "client", "wifi-outage", "P12", "sweep hash", "every promise kept"] {
        assert!(text.contains(sentence), "{sentence:?} is missing in:\n{text}");
    }
    assert!(text.contains("0..40: 40 run"), "{text}");
    assert!(
        text.contains("-: cannot be in these runs, however many there are (the wires"),
        "{text}"
    );
    let cut = text.lines().find(|line| line.contains("cut-mid-sync")).expect("it is a mark");
    assert!(cut.ends_with(" -"), "only a run with wires can hit it: {cut}");
}

#[test]
fn sweep_is_what_fivewire_alone_does() {
    let directory = directory();
    let hash = |arguments: &[&str]| {
        let text = printed(&fivewire(directory.path(), arguments).success());
        text.lines().find(|line| line.contains("sweep hash")).expect("it has one").to_owned()
    };
    assert_eq!(hash(&["--seeds", "0..8"]), hash(&["sweep", "--seeds", "0..8"]));
}

#[test]
fn the_result_depends_neither_on_threads_nor_on_who_runs_which_part() {
    let directory = directory();
    let seeds = ["--seeds", "100..124"];
    let hash = |more: &[&str]| {
        let summary = summary(directory.path(), &[&seeds, more].concat(), 0);
        u64::from_str_radix(summary["hash"].as_str().expect("it is hexadecimal"), 16)
            .expect("so it is")
    };
    let whole = hash(&["--jobs", "1"]);
    assert_eq!(hash(&["--jobs", "3"]), whole);
    let parts = ["1/3", "2/3", "3/3"].map(|shard| hash(&["--shard", shard]));
    assert_eq!(parts.iter().fold(0, |sum: u64, part| sum.wrapping_add(*part)), whole);
}

#[test]
fn a_broken_promise_is_shown_stored_and_shrunk() {
    let directory = directory();
    let arguments = ["--scenario", "canary", "--seeds", "0..10"];
    let summary = summary(directory.path(), &arguments, 1);
    assert_eq!(summary["verdict"], "broken");
    let failure = &summary["first_failure"];
    assert_eq!(failure["promise"], "P1");
    assert_eq!(failure["schedule"]["scenario"], "canary");
    assert_eq!(summary["shrunk"]["faults"].as_array().map(Vec::len), Some(2));

    let seed = failure["seed"].to_string();
    let stored = directory.path().join(format!("fivewire-canary-{seed}.json"));
    assert!(fivewire_sim::corpus::read(&stored).is_ok());

    let text = printed(&fivewire(directory.path(), &[&["sweep"], &arguments[..]].concat()).code(1));
    let again = format!("again:  fivewire run --scenario canary --seed {seed}");
    for sentence in
        ["PROMISE BROKEN by", "first failure", &again, "replay: fivewire replay '{", "shrunk from"]
    {
        assert!(text.contains(sentence), "{sentence:?} is missing in:\n{text}");
    }
}

#[test]
fn a_failure_can_be_left_as_it_is() {
    let directory = directory();
    let arguments = ["--scenario", "canary", "--seeds", "0..10", "--shrink-runs", "0"];
    let summary = summary(directory.path(), &arguments, 1);
    assert_eq!(summary["shrunk"], Value::Null);
    let files = fs::read_dir(directory.path()).expect("it can be read").count();
    assert_eq!(files, 1, "only the summary");
}

#[test]
fn a_partial_sweep_reports_what_it_never_reached_but_does_not_fail() {
    let directory = directory();
    let summary = summary(directory.path(), &["--seeds", "0..1"], 0);
    assert_eq!(summary["verdict"], "kept");
    assert_eq!(summary["full"], false);
    let never_reached = summary["never_reached"].as_array().expect("it is a list");
    assert!(!never_reached.is_empty(), "one seed cannot reach everything");
    let table = printed(&fivewire(directory.path(), &["--seeds", "0..1"]).success());
    let told = format!("{} things never reached, and need not be", never_reached.len());
    assert!(table.contains(&told) && table.contains("`--json FILE` names each"), "{table}");
}

#[test]
fn a_dash_is_what_cannot_be_and_a_zero_what_was_not() {
    let directory = directory();
    let row = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(name));
        let cells = line.unwrap_or_else(|| panic!("no {name} in:\n{text}")).split_whitespace();
        cells.skip(1).take(2).collect::<Vec<_>>().join(" ")
    };
    // one seed of the mixture has no MQTT 5 and not every kind, but others have
    let mixture = printed(&fivewire(directory.path(), &["--seeds", "1..2"]).code(0));
    assert_eq!(row(&mixture, "wire-noise"), "- -");
    assert_eq!(row(&mixture, "cut-mid-bit"), "-");
    assert_eq!(row(&mixture, "link "), "- -");
    assert_eq!(row(&mixture, "broker-disconnects"), "0 0");
    assert_eq!(row(&mixture, "receive-maximum-reached"), "0");
    assert!(mixture.contains("(the wires: `--scenario wires`)"), "{mixture}");

    let crash = ["--scenario", "esp-crash", "--seeds", "0..1"];
    let crash = printed(&fivewire(directory.path(), &crash).code(0));
    assert_eq!(row(&crash, "wifi-outage"), "- -");
    assert_eq!(row(&crash, "session-expired"), "-");
    let elsewhere = "wires`; MQTT 5: `--scenario client`; other faults: without `--scenario`)";
    assert!(crash.contains(elsewhere), "{crash}");
}

#[test]
fn every_scenario_runs_with_all_but_the_one_that_fails_on_purpose() {
    let directory = directory();
    let summary = summary(directory.path(), &["--scenario", "all", "--seeds", "3..4"], 0);
    let scenarios = summary["scenarios"].as_object().expect("it is an object");
    assert!(scenarios.len() > 10 && !scenarios.contains_key("canary"), "{scenarios:?}");
}

#[test]
fn a_summary_that_cannot_be_written_is_refused_before_anything_runs() {
    let directory = directory();
    let refused =
        fivewire(directory.path(), &["--json", "no/such/directory.json"]).code(2).stdout("");
    let complaint = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(complaint.starts_with("error: no/such/directory.json: "), "{complaint}");
    let nothing = ["--json", "it.json", "--shard", "1/50", "--seeds", "0..20"];
    fivewire(directory.path(), &nothing).code(2).stdout("");
    assert!(!directory.path().join("it.json").exists(), "what was refused left a file");
}

#[test]
fn a_reader_that_leaves_early_hurts_nobody() {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_fivewire"))
        .args(["run", "--scenario", "swarm", "--seed", "42"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    drop(child.stdout.take());
    let mut complaint = String::new();
    let mut stderr = child.stderr.take().expect("it is piped");
    stderr.read_to_string(&mut complaint).expect("complaints are text");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert_eq!(complaint, "");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_sweep_with_what_is_known_so_far() {
    let directory = directory();
    let json = directory.path().join("summary.json");
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_fivewire"))
        .args(["--seeds", "0..1000000000", "--json"])
        .arg(&json)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts");
    // the file is made once the command listens to signals
    while !json.exists() {
        std::thread::yield_now();
    }
    let kill = ["-INT", &child.id().to_string()];
    std::process::Command::new("kill").args(kill).status().expect("every Unix has kill");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    let text = String::from_utf8(output.stdout).expect("results are text");
    assert!(text.contains("interrupted after "), "{text}");
    let summary = fs::read_to_string(&json).expect("it was written");
    let summary: Value = serde_json::from_str(&summary).expect("it is JSON");
    assert_eq!(summary["verdict"], "interrupted");
}
