//! Drawn schedules (P11, and all the others). `FIVEWIRE_SEEDS=A..B` runs other seeds.

use std::collections::BTreeMap;

use fivewire_scenarios::seeds;
use fivewire_sim::catalogue;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::marks::Mark;
use fivewire_sim::run::Runner;

/// How many times each kind of fault hurt somebody, and each situation came about, in the first
/// `count` seeds of a scenario.
#[track_caller]
fn sweep(name: &str, count: u64) -> BTreeMap<&'static str, u64> {
    let scenario = catalogue::find(name).unwrap();
    let mut runner = Runner::new(&scenario.schedule(0));
    let mut hurt = BTreeMap::new();
    for seed in seeds(count) {
        let report = runner.run(&scenario.schedule(seed));
        assert!(
            report.breach.is_none(),
            "{}\nFIVEWIRE_SEEDS={seed}..{} cargo test -p fivewire-scenarios swarm\n\
             cargo run --release -- run --scenario {name} --seed {seed}",
            report.breach.unwrap(),
            seed + 1
        );
        for (kind, _, bit) in report.faults {
            *hurt.entry(kind.name()).or_default() += bit;
        }
        for (situation, times) in report.marks {
            *hurt.entry(situation).or_default() += times;
        }
    }
    hurt
}

#[test]
fn every_promise_is_kept_in_the_first_seeds_and_every_kind_of_fault_really_hurt() {
    let hurt = sweep("swarm", 300);
    if std::env::var_os("FIVEWIRE_SEEDS").is_none() {
        let is_drawn = |kind: &FaultKind| !kind.needs_wires() && !kind.needs_mqtt5();
        for kind in FaultKind::ALL.into_iter().filter(is_drawn) {
            assert!(
                hurt.get(kind.name()).is_some_and(|times| *times > 0),
                "{} never hurt",
                kind.name()
            );
        }
    }
}

#[test]
fn every_promise_is_kept_in_the_first_seeds_with_every_edge_on_the_wires() {
    let hurt = sweep("wires", 100);
    if std::env::var_os("FIVEWIRE_SEEDS").is_none() {
        for mark in Mark::ALL.into_iter().filter(|mark| mark.needs_wires()) {
            assert!(hurt[mark.name()] > 0, "{} never came about", mark.name());
        }
    }
}

#[test]
fn every_promise_is_kept_in_the_first_seeds_of_the_client_alone() {
    let hurt = sweep("client", 100);
    if std::env::var_os("FIVEWIRE_SEEDS").is_none() {
        for kind in FaultKind::ALL.into_iter().filter(|kind| kind.needs_mqtt5()) {
            assert!(hurt[kind.name()] > 0, "{} never hurt", kind.name());
        }
    }
}

/// Any build on any machine must see these. Whatever changes what happens changes them; then the
/// new ones are reviewed like a timeline.
#[test]
fn one_seed_is_one_run_everywhere() {
    let mut lines = String::new();
    for name in ["swarm", "client", "esp-crash"] {
        for seed in 0..4 {
            lines += &seen(name, seed);
        }
    }
    insta::assert_snapshot!(lines);
}

/// The same with every edge.
#[test]
fn one_seed_is_one_run_everywhere_on_the_wires_too() {
    let lines: String = (0..4).map(|seed| seen("wires", seed)).collect();
    insta::assert_snapshot!(lines);
}

fn seen(name: &str, seed: u64) -> String {
    let schedule = catalogue::find(name).unwrap().schedule(seed);
    let report = Runner::new(&schedule).run(&schedule);
    format!("{name} {seed}: {:016x}, {} events\n", report.hash, report.events)
}
