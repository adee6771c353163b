//! `--engine turmoil`: the tokio adapter, and both engines compared.

#![cfg(feature = "turmoil")]
#![allow(missing_docs, reason = "the name of a test is its claim")]

use assert_cmd::Command;
use assert_cmd::assert::Assert;

fn fivewire(arguments: &[&str]) -> Assert {
    Command::new(env!("CARGO_BIN_EXE_fivewire")).args(arguments).assert()
}

fn printed(arguments: &[&str]) -> String {
    let output = fivewire(arguments).success().get_output().clone();
    String::from_utf8(output.stdout).expect("results are text")
}

#[test]
fn a_sweep_says_how_fast_both_engines_are_and_that_they_agree_whatever_the_threads() {
    let sweep = |jobs| {
        let arguments = ["sweep", "--engine", "turmoil", "--seeds", "0..3", "--jobs", jobs];
        printed(&arguments)
    };
    let hash = |text: &str| {
        let line = text.lines().find(|line| line.contains("sweep hash"));
        line.expect("it has one").to_owned()
    };
    let (alone, together) = (sweep("1"), sweep("3"));
    assert_eq!(hash(&alone), hash(&together));
    for part in
        ["turmoil", "events", "facts compared, 0 unexplained differences", "every promise kept"]
    {
        assert!(alone.contains(part), "{part:?} is missing in:\n{alone}");
    }
}

#[test]
fn what_only_a_bridge_has_is_a_dash() {
    let table = printed(&["sweep", "--engine", "turmoil", "--seeds", "0..1"]);
    let rows =
        ["watchdog-reset", "link-resumed", "start-up-reset", "wifi-rejoined", "P8", "esp-crash"];
    for row in rows {
        let line = table.lines().find(|line| line.split_whitespace().next() == Some(row));
        let cell = line.and_then(|line| line.split_whitespace().nth(1));
        assert_eq!(cell, Some("-"), "{row} in:\n{table}");
    }
    assert!(table.contains("(a bridge: `--engine events`;"), "{table}");
    assert!(!table.contains("MQTT 5:"), "it is spoken here:\n{table}");
}

#[test]
fn what_only_a_bridge_has_is_refused_with_the_engine_that_runs_it() {
    for arguments in [
        &["sweep", "--engine", "turmoil", "--scenario", "link"][..],
        &["run", "--engine", "turmoil", "--scenario", "esp-boot", "--seed", "1"],
        &["run", "--engine", "turmoil", "--scenario", "wires", "--seed", "1"],
        &["run", "--engine", "turmoil", "--scenario", "swarm", "--seed", "1", "--fidelity", "wire"],
        &["run", "--engine", "turmoil", "--scenario", "swarm", "--seed", "1", "--vcd", "never.vcd"],
        &["sweep", "--engine", "turmoil", "--seeds", "0..1", "--fidelity", "wire"],
    ] {
        let error = fivewire(arguments).code(2).get_output().stderr.clone();
        let error = String::from_utf8(error).expect("complaints are text");
        assert!(error.contains("run it with --engine events"), "{error}");
    }
}

#[test]
fn a_failure_is_replayed_in_the_engine_that_showed_it() {
    let sweep = ["sweep", "--engine", "turmoil", "--scenario", "canary", "--shrink-runs", "0"];
    let seeds = ["--seeds", "0..1", "--jobs", "1"];
    let output = fivewire(&[&sweep[..], &seeds].concat()).code(1).get_output().stdout.clone();
    let text = String::from_utf8(output).expect("results are text");
    for part in ["PROMISE BROKEN by 1 seed", "first failure", "fivewire replay --engine turmoil '{"]
    {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}
