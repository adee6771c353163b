//! Drawn schedules. `FIVEWIRE_SEEDS=A..B` runs others.

use fivewire_scenarios::seeds;
use fivewire_sim::trace::Blind;
use fivewire_sim::{catalogue, run};

fn sweep(name: &str, count: u64) {
    let scenario = catalogue::find(name).unwrap();
    for seed in seeds(count) {
        let schedule = scenario.schedule(seed);
        let report = run::run(&schedule, &mut Blind);
        assert!(
            report.breach.is_none(),
            "{}\nFIVEWIRE_SEEDS={seed}..{} cargo test -p fivewire-scenarios swarm",
            report.breach.unwrap(),
            seed + 1
        );
    }
}

#[test]
fn every_promise_is_kept_in_the_first_seeds_of_the_full_chain() {
    sweep("swarm", 200);
}

#[test]
fn every_promise_is_kept_in_the_first_seeds_of_the_client_alone() {
    sweep("client", 100);
}
