//! What the `fivewire` command says to those who ask it wrongly, or ask what it can do.

use assert_cmd::Command;

fn fivewire(arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::new(env!("CARGO_BIN_EXE_fivewire")).args(arguments).assert()
}

/// Asserts exit code 2, nothing on standard output, and every one of `sentences` on standard error.
#[track_caller]
fn refused(arguments: &[&str], sentences: &[&str]) {
    let output = fivewire(arguments).code(2).stdout("").get_output().clone();
    let complaint = String::from_utf8(output.stderr).expect("complaints are text");
    for sentence in sentences {
        assert!(complaint.contains(sentence), "{sentence:?} is missing in:\n{complaint}");
    }
}

/// What a successful command printed.
fn printed(arguments: &[&str]) -> String {
    let output = fivewire(arguments).success().stderr("").get_output().clone();
    String::from_utf8(output.stdout).expect("results are text")
}

#[test]
fn wrong_values_are_refused_with_what_was_expected() {
    refused(
        &["--seeds", "9..3"],
        &["--seeds <A..B>", "expected A..B with A below B, for example 0..10000"],
    );
    refused(
        &["--seeds", "0..18446744073709551616"],
        &["18446744073709551616 is too large: a seed is at most 18446744073709551615"],
    );
    refused(&["sweep", "--seeds", "all"], &["invalid value 'all'", "expected A..B"]);
    refused(&["sweep", "--shard", "0/4"], &["expected I/N with I from 1 to N, for example 2/4"]);
    refused(&["sweep", "--jobs", "0"], &["expected a number from 1 to 1024"]);
    refused(&["run", "--scenario", "swarm", "--seed", "-1"], &["--seed"]);
    refused(&["run", "--scenario", "swarm", "--seed", "0..3"], &["expected one number"]);
    refused(&["run", "--scenario", "all", "--seed", "1"], &["`all` is for `sweep`"]);
    refused(&["shrink", "x.json", "--runs", "0"], &["--runs <N>"]);
    refused(&["sweep", "--shard", "1/50", "--seeds", "0..20"], &["no seed in part 1/50"]);
    let wires = ["run", "--scenario", "wires", "--seed", "1"];
    let same = ["--vcd", "same", "--record", "same"];
    refused(&[&wires[..], &same].concat(), &["--vcd and --record name the same file"]);
}

#[test]
fn wrong_words_are_refused_with_a_hint() {
    refused(&["swep"], &["unrecognized subcommand 'swep'", "similar", "sweep", "--help"]);
    refused(&["--seed", "0..5"], &["unexpected argument '--seed'", "--seeds"]);
    refused(&["replay"], &["<FILE-or-LINE>"]);
    refused(&["run", "--seed", "4"], &["--scenario <NAME>"]);
}

#[test]
fn an_unknown_scenario_lists_the_known_ones() {
    let known = r#"there is no scenario "wifi"; known are swarm, client, "#;
    refused(&["run", "--scenario", "wifi", "--seed", "1"], &[known]);
    refused(&["sweep", "--scenario", "wifi"], &[known]);
}

#[test]
fn a_fidelity_is_refused_where_no_run_has_a_link() {
    let no_link = "--fidelity: there is no link in these runs; choose a scenario with a bridge";
    let client = ["--scenario", "client", "--fidelity", "wire"];
    refused(&[&["run", "--seed", "1"], &client[..]].concat(), &[no_link]);
    refused(&[&["sweep", "--seeds", "0..1"], &client[..]].concat(), &[no_link]);
    let sweep = ["sweep", "--seeds", "0..1", "--fidelity", "frame"];
    for one_has_it in [&["--scenario", "client", "--scenario", "calm"][..], &[]] {
        assert!(printed(&[&sweep, one_has_it].concat()).contains("every promise kept"));
    }
}

#[test]
fn list_says_each_scenario_in_one_line() {
    let list = printed(&["list"]);
    for name in ["swarm", "client", "wifi-outage", "esp-crash", "canary", "all"] {
        let line = list.lines().find(|line| line.trim_start().starts_with(name));
        let about = line.and_then(|line| line.trim_start().strip_prefix(name)).unwrap_or_default();
        assert!(about.trim().len() > 20, "{name} is missing or unexplained in:\n{list}");
    }
}

#[test]
fn help_teaches_examples_and_exit_codes() {
    let help = printed(&["--help"]);
    for sentence in ["Examples:", "fivewire run --scenario", "Exit codes:", "130"] {
        assert!(help.contains(sentence), "{sentence:?} is missing in:\n{help}");
    }
    let shows_turmoil = help.contains("fivewire --engine turmoil --seeds");
    assert_eq!(shows_turmoil, cfg!(feature = "turmoil"), "{help}");
    for command in ["sweep", "run", "replay", "shrink", "list"] {
        assert!(printed(&[command, "--help"]).contains("Usage: fivewire "));
    }
}
