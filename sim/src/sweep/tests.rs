use std::sync::atomic::AtomicU64;

use fivewire_core::time::Instant;

use super::*;
use crate::catalogue;
use crate::corpus::tests::sample;
use crate::fault::FaultKind;
use crate::marks::FaultRow;
use crate::oracle::{Breach, Promise};
use crate::schedule::Fidelity;
use crate::swarm::Draw;

fn draw(seed: u64) -> Schedule {
    Schedule { seed, ..sample(&[]) }
}

fn report(schedule: &Schedule) -> Report {
    Report { hash: !schedule.seed, virtual_us: 1_000, events: 3, ..Report::default() }
}

/// Seeds that end in 7 fail.
fn failing(schedule: &Schedule) -> Report {
    let breach = Breach { promise: Promise::P2, at: Instant::ZERO, detail: "order".to_owned() };
    Report { breach: (schedule.seed % 10 == 7).then_some(breach), ..report(schedule) }
}

/// What a swarm over a bridge may reach.
fn everything() -> Reach {
    Reach::of(&Draw::default(), Fidelity::Frame)
}

fn plan(seeds: Range<u64>, jobs: usize) -> Plan<'static> {
    let jobs = NonZeroUsize::new(jobs).expect("at least one");
    Plan { scenarios: vec![&draw], seeds, shard: Shard::WHOLE, jobs }
}

fn swept(plan: &Plan<'_>, run: impl Fn(&Schedule) -> Report + Sync) -> Totals {
    sweep(plan, run, |_| (), &AtomicBool::new(false)).expect("threads start")
}

#[test]
fn the_result_does_not_depend_on_threads() {
    let one = swept(&plan(0..1_000, 1), failing);
    assert_eq!(one, swept(&plan(0..1_000, 2), failing));
    assert_eq!(one, swept(&plan(0..1_000, 7), failing));
    assert_eq!(one.tally().seeds, 1_000);
    assert_eq!(one.tally().virtual_us, 1_000_000);
    assert_eq!(one.tally().failed, 100);
    assert_eq!(one.broken[&Promise::P2], 100);
    assert_eq!(one.first_failure.expect("100 failed").schedule.seed, 7);
}

#[test]
fn about_one_seed_in_twenty_runs_twice() {
    let runs = AtomicU64::new(0);
    let counting = |schedule: &Schedule| {
        runs.fetch_add(1, Ordering::Relaxed);
        report(schedule)
    };
    let totals = swept(&plan(0..10_000, 2), counting);
    let twice = totals.tally().twice;
    assert!((400..600).contains(&twice), "{twice} of 10,000 ran twice");
    assert_eq!(runs.into_inner(), 10_000 + twice);
}

#[test]
fn a_run_that_differs_from_its_repetition_breaks_p11() {
    let runs = AtomicU64::new(0);
    let fickle = |schedule: &Schedule| {
        let hash = runs.fetch_add(1, Ordering::Relaxed);
        Report { hash, ..report(schedule) }
    };
    let totals = swept(&plan(0..100, 2), fickle);
    assert_eq!(totals.broken[&Promise::P11], totals.tally().twice);
    let first = totals.first_failure.expect("some seeds of 100 run twice");
    assert!(first.breach.detail.starts_with("two runs of this schedule differ"));
}

#[test]
fn a_panic_breaks_p12_of_its_seed_only() {
    let fragile = |schedule: &Schedule| {
        assert!(schedule.seed != 13, "no thirteens, please");
        report(schedule)
    };
    let totals = swept(&plan(0..50, 2), fragile);
    assert_eq!(totals.tally().seeds, 50);
    let failure = totals.first_failure.expect("seed 13 panics");
    assert_eq!((failure.schedule.seed, failure.breach.promise), (13, Promise::P12));
    let detail = failure.breach.detail;
    assert!(detail.starts_with("panicked at "), "{detail}");
    assert!(detail.contains("tests.rs") && detail.ends_with("no thirteens, please"), "{detail}");
}

#[test]
fn shards_share_all_seeds_and_add_up_to_the_whole() {
    let whole = swept(&plan(5..42, 2), failing);
    let mut sum = Totals::default();
    for index in 1..=4 {
        let shard = Shard::new(index, 4).expect("1 to 4 of 4");
        sum = sum.merged(swept(&Plan { shard, ..plan(5..42, 2) }, failing));
    }
    assert_eq!(sum, whole);
    for total in [0, 1, 3, 37, u64::MAX] {
        let shares = (1..=4).map(|index| Shard::new(index, 4).expect("known").share_of(total));
        assert_eq!(shares.map(u128::from).sum::<u128>(), u128::from(total));
    }
    assert_eq!(Shard::new(0, 4), None);
    assert_eq!(Shard::new(5, 4), None);
}

#[test]
fn each_shard_of_four_sees_each_scenario_of_the_default_mixture_in_both_versions() {
    let by_seed = |seed| crate::catalogue::default_for(seed).schedule(seed);
    for index in 1..=4 {
        let shard = Shard::new(index, 4).expect("1 to 4 of 4");
        let scenarios: Vec<DrawSeed<'_>> = vec![&by_seed];
        let with_mqtt5 = AtomicU64::new(0);
        let counting = |schedule: &Schedule| {
            with_mqtt5.fetch_add(u64::from(schedule.setup.is_v5()), Ordering::Relaxed);
            report(schedule)
        };
        let totals = swept(&Plan { scenarios, shard, ..plan(0..256, 2) }, counting);
        assert_eq!(totals.scenarios["swarm"].seeds, 48, "{shard}");
        assert_eq!(totals.scenarios["client"].seeds, 16, "{shard}");
        let with_mqtt5 = with_mqtt5.into_inner();
        assert!((4..28).contains(&with_mqtt5), "{shard}: {with_mqtt5}");
    }
}

#[test]
fn several_scenarios_each_run_all_seeds_and_the_first_failure_is_of_the_first() {
    let other = |seed| Schedule { scenario: "other".to_owned(), ..draw(seed) };
    let scenarios: Vec<DrawSeed<'_>> = vec![&other, &draw];
    let totals = swept(&Plan { scenarios, ..plan(20..40, 2) }, failing);
    assert_eq!(totals.scenarios["other"].seeds, 20);
    assert_eq!(totals.scenarios["sample"].failed, 2);
    let first = totals.first_failure.expect("27 fails").schedule;
    assert_eq!((first.scenario.as_str(), first.seed), ("other", 27));
}

#[test]
fn the_hash_tells_which_seed_had_which_trace() {
    let hash = |run: fn(&Schedule) -> Report| swept(&plan(0..2, 1), run).hash;
    let straight = hash(|schedule| Report { hash: schedule.seed, ..Report::default() });
    let swapped = hash(|schedule| Report { hash: 1 - schedule.seed, ..Report::default() });
    assert_ne!(straight, swapped);
}

#[test]
fn stopping_keeps_what_was_done() {
    let stop = AtomicBool::new(false);
    let done = AtomicU64::new(0);
    let progress = |_| {
        if done.fetch_add(1, Ordering::Relaxed) == 9 {
            stop.store(true, Ordering::Relaxed);
        }
    };
    let totals = sweep(&plan(0..1_000_000, 1), report, progress, &stop).expect("threads start");
    assert_eq!(totals.tally().seeds, 10);
}

#[test]
fn what_no_run_reached_is_told() {
    let half = |schedule: &Schedule| {
        let mut checked = [0; Promise::COUNT];
        checked[Promise::P1.index()] = 1;
        Report {
            checked,
            marks: vec![("reached", schedule.seed % 2), ("missed", 0)],
            faults: vec![(FaultKind::TcpReset, 2, 1), (FaultKind::EspHang, 1, 0)],
            ..report(schedule)
        }
    };
    let totals = swept(&plan(0..10, 2), half);
    assert_eq!(totals.marks["reached"], 5);
    let count = |kind| totals.fault(FaultRow::of(kind));
    assert_eq!(count(FaultKind::TcpReset), FaultCount { begun: 20, bit: 10 });
    assert_eq!(count(FaultKind::WifiFade), FaultCount::default());
    assert_eq!(totals.judgements(Promise::P1), 10);
    let missed = totals.never_reached(&everything());
    for sentence in ["judgement of P2", "effect of esp-hang", "effect of wifi-fade", "mark missed"]
    {
        assert!(missed.iter().any(|missed| missed == sentence), "{sentence}");
    }
    for sentence in ["judgement of P1", "effect of tcp-reset", "mark reached"] {
        assert!(missed.iter().all(|missed| missed != sentence), "{sentence}");
    }
    assert!(missed.iter().any(|missed| missed == "wifi-outage in state idle"));
}

#[test]
fn what_cannot_be_drawn_is_not_missed_and_what_can_be_is() {
    let totals = swept(&plan(0..10, 2), report);
    let misses = |reach: &Reach, thing: &str| {
        totals.never_reached(reach).iter().any(|missed| missed == thing)
    };
    let reach = |name| Reach::of(&catalogue::find(name).expect(name).draw(), Fidelity::Frame);
    assert!(misses(&reach("swarm"), "effect of esp-crash"));
    assert!(misses(&reach("swarm"), "judgement of P8"));
    assert!(!misses(&reach("swarm"), "effect of wire-noise"));
    assert!(misses(&reach("swarm"), "effect of broker-disconnects"), "it may speak MQTT 5");
    assert!(!misses(&reach("wifi-outage"), "effect of broker-disconnects"));
    assert!(!misses(&reach("client"), "effect of esp-crash"));
    assert!(!misses(&reach("client"), "judgement of P8"));
    assert!(misses(&reach("swarm").or(&reach("client")), "effect of esp-crash"));
    assert!(misses(&reach("wifi-outage"), "wifi-fade in state idle"));
    assert!(!misses(&reach("wifi-outage"), "esp-crash in state idle"));

    let wires = catalogue::find("wires").expect("it is known").draw();
    let wires = Reach::of(&wires, Fidelity::Wire);
    assert!(misses(&wires, "effect of wire-noise") && misses(&wires, "effect of esp-crash"));
    assert!(misses(&wires, "judgement of link"));
    for thing in ["judgement of P9", "mark shed", "esp-crash in state idle"] {
        assert!(!misses(&wires, thing), "{thing}: its runs are short");
    }
}

#[test]
fn whatever_is_drawn_is_in_reach() {
    for scenario in catalogue::ALL {
        let reach = Reach::of(&scenario.draw(), scenario.fidelity);
        for seed in 0..200 {
            let schedule = scenario.schedule(seed);
            let context = format!("{} seed {seed}", scenario.name);
            for fault in &schedule.faults {
                assert!(reach.can_begin(FaultRow::of(fault.kind)), "{context}: {fault:?}");
            }
            assert!(reach.has_mqtt5() || !schedule.setup.is_v5(), "{context}");
            assert_eq!(reach.has_wires(), schedule.setup.has_wires(), "{context}");
        }
    }
}

#[test]
fn an_empty_range_is_an_empty_result() {
    let plan = plan(3..3, 2);
    assert!(plan.is_empty());
    assert_eq!(swept(&plan, report), Totals::default());
}
