use std::ops::ControlFlow;

use super::*;
use crate::app::Intervals;
use crate::corpus::tests::sample;
use crate::fault::FaultKind;
use crate::random::Purpose;
use crate::schedule::Topology;

const CROWD: [FaultKind; 9] = [
    FaultKind::WifiOutage,
    FaultKind::TcpReset,
    FaultKind::Latency { extra_ms: 900 },
    FaultKind::EspCrash,
    FaultKind::BrokerHang,
    FaultKind::Backlog { messages: 300 },
    FaultKind::LinkDead,
    FaultKind::AppHolds,
    FaultKind::HostReset,
];

fn shrunk<F: PartialEq>(
    schedule: &Schedule,
    judge: impl FnMut(&Schedule) -> Option<F>,
) -> Shrunk<F> {
    let watch = |_| ControlFlow::Continue(());
    shrink(schedule, RUNS_MAX_DEFAULT, judge, F::eq, watch).expect("the schedule fails")
}

fn has(schedule: &Schedule, kind: FaultKind) -> bool {
    schedule.faults.iter().any(|fault| fault.kind == kind)
}

#[test]
fn two_faults_that_only_fail_together_are_what_remains() {
    let both = |schedule: &Schedule| {
        (has(schedule, FaultKind::TcpReset) && has(schedule, FaultKind::HostReset)).then_some(())
    };
    let shrunk = shrunk(&sample(&CROWD), both);
    let kinds: Vec<_> = shrunk.schedule.faults.iter().map(|fault| fault.kind).collect();
    assert_eq!(kinds, [FaultKind::TcpReset, FaultKind::HostReset]);
    assert_eq!(shrunk.ending, Ending::Minimal);
    assert!(shrunk.runs < 200, "{} runs", shrunk.runs);
}

#[test]
fn what_fails_without_faults_keeps_none() {
    let shrunk = shrunk(&sample(&CROWD), |_| Some(()));
    assert_eq!(shrunk.schedule.faults, []);
    assert_eq!(shrunk.schedule.duration_ms, 1_000);
    assert_eq!(shrunk.schedule.workload.publish_every_ms, 0);
    assert_eq!(shrunk.schedule.workload.inbound_topics, [""; 0]);
    assert_eq!(shrunk.schedule.setup.topology, Topology::Client);
    assert_eq!(shrunk.schedule.setup.filters, [""; 0]);
}

#[test]
fn a_fault_that_only_another_one_kept_goes_too() {
    // the reset is needed for as long as the outage is there
    let judge = |schedule: &Schedule| {
        let outage = has(schedule, FaultKind::WifiOutage);
        let reset = has(schedule, FaultKind::TcpReset);
        (has(schedule, FaultKind::EspCrash) && (reset || !outage)).then_some(())
    };
    let shrunk = shrunk(&sample(&CROWD), judge);
    assert_eq!(shrunk.schedule.faults.len(), 1);
}

#[test]
fn durations_shrink_and_become_round() {
    let long_enough = |schedule: &Schedule| {
        let outage = schedule.faults.iter().find(|fault| fault.kind == FaultKind::WifiOutage)?;
        (outage.duration_ms >= 700).then_some(())
    };
    let shrunk = shrunk(&sample(&CROWD), long_enough);
    // 7,777 halves to 972, which rounds up to a full second
    assert_eq!(shrunk.schedule.faults[0].duration_ms, 1_000);
    assert_eq!(shrunk.schedule.faults[0].at_ms, 0);
    assert_eq!(shrunk.schedule.duration_ms, 1_000);
}

#[test]
fn sizes_shrink() {
    let many = |schedule: &Schedule| {
        let messages = schedule.faults.iter().map(|fault| match fault.kind {
            FaultKind::Backlog { messages } => messages,
            _ => 0,
        });
        (messages.max()? >= 40).then_some(())
    };
    let shrunk = shrunk(&sample(&CROWD), many);
    assert_eq!(shrunk.schedule.faults[0].kind, FaultKind::Backlog { messages: 75 });
}

#[test]
fn gaps_shrink_and_the_order_stays() {
    let gap = |schedule: &Schedule| match schedule.faults.as_slice() {
        [.., first, second] => (second.at_ms - first.at_ms >= 5_000).then_some(()),
        _ => None,
    };
    let shrunk = shrunk(&sample(&[FaultKind::TcpReset, FaultKind::HostReset]), gap);
    let [first, second] = shrunk.schedule.faults.as_slice() else { panic!("two faults") };
    assert_eq!(first.at_ms, 0);
    assert!((5_000..10_000).contains(&second.at_ms), "{} ms", second.at_ms);
}

/// A reset this long after a publication, or before it if negative, once the device is connected.
#[track_caller]
fn race_moves_to_an_early_message(offset_ms: i64) {
    let publications_ms = |schedule: &Schedule| -> Vec<i64> {
        let every_ms = schedule.workload.publish_every_ms;
        let publications = Intervals::new(schedule.seed, Purpose::Outbound, every_ms);
        let publications_ms = publications.map(|at| at.as_millis() as i64);
        publications_ms.take_while(|ms| *ms < i64::from(schedule.duration_ms)).collect()
    };
    let race = |schedule: &Schedule| {
        let at_ms = i64::from(schedule.faults.first()?.at_ms);
        let hit = |ms: &i64| *ms > 5_000 && (at_ms - *ms - offset_ms).abs() < 4;
        publications_ms(schedule).iter().any(hit).then_some(())
    };
    let mut schedule = sample(&[FaultKind::TcpReset]);
    schedule.faults[0].at_ms = (publications_ms(&schedule)[900] + offset_ms) as u32;
    let shrunk = shrunk(&schedule, race);
    assert!(shrunk.schedule.duration_ms <= 20_000, "{} ms", shrunk.schedule.duration_ms);
}

#[test]
fn a_race_with_a_message_moves_to_an_early_message() {
    race_moves_to_an_early_message(17);
    race_moves_to_an_early_message(-18);
}

#[test]
fn another_class_of_failure_is_not_taken_for_this_one() {
    // without the outage something else breaks: tempting, but not what was asked for
    let judge =
        |schedule: &Schedule| Some(if has(schedule, FaultKind::WifiOutage) { "P1" } else { "P4" });
    let shrunk = shrunk(&sample(&CROWD), judge);
    assert_eq!(shrunk.failure, "P1");
    assert_eq!(shrunk.schedule.faults.len(), 1);
}

#[test]
fn candidates_are_always_valid_and_never_run_twice() {
    let mut seen = BTreeSet::new();
    let judge = |schedule: &Schedule| {
        assert_eq!(corpus::validate(schedule), Ok(()));
        assert!(seen.insert(corpus::line(schedule)), "run twice: {schedule:?}");
        has(schedule, FaultKind::LinkDead).then_some(())
    };
    let shrunk = shrunk(&sample(&CROWD), judge);
    assert_eq!(shrunk.schedule.setup.topology, Topology::Bridge);
}

#[test]
fn the_budget_and_the_watcher_end_it() {
    let schedule = sample(&CROWD);
    let go_on = |_| ControlFlow::Continue(());
    let spent = shrink(&schedule, 5, |_| Some(()), |(), ()| true, go_on).expect("it fails");
    assert_eq!((spent.runs, spent.ending), (5, Ending::BudgetSpent));
    let stop = |progress: Progress| {
        if progress.runs < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let stopped = shrink(&schedule, 100, |_| Some(()), |(), ()| true, stop).expect("it fails");
    assert_eq!((stopped.runs, stopped.ending), (3, Ending::Interrupted));
}

#[test]
fn what_keeps_every_promise_is_not_shrunk() {
    let go_on = |_| ControlFlow::Continue(());
    assert_eq!(shrink(&sample(&CROWD), 100, |_| None::<()>, |(), ()| true, go_on), None);
}
