//! A deviation is explained by its cause in the history, and by nothing else.

use fivewire_core::event::Event;
use fivewire_core::time::Instant;

use super::{Comparison, History, KnownDifference, compare};
use crate::fault::{Fault, FaultKind};
use crate::observation::{ConnectionId, Ending, Observation, Observer};
use crate::run;
use crate::schedule::{Schedule, Topology};
use crate::swarm::{self, Draw};

/// Passes a run on to a history, and what `change` makes of each observation.
struct Changed<F> {
    history: History,
    change: F,
}

impl<F: FnMut(&Observation<'_>, &mut dyn FnMut(&Observation<'_>))> Observer for Changed<F> {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        let Self { history, change } = self;
        change(observation, &mut |seen| history.observe(now, seen));
    }
}

fn calm() -> Schedule {
    let draw =
        Draw { topology: Topology::Client, duration_ms: 60_000, kinds: &[], ..Draw::default() };
    let mut schedule = swarm::draw(1, &draw);
    schedule.workload.qos0_percent = 0;
    schedule
}

fn history(schedule: &Schedule) -> History {
    let mut history = History::default();
    assert_eq!(run::run(schedule, &mut history).breach, None);
    history
}

/// The run against itself, changed.
fn deviation(
    schedule: &Schedule,
    change: impl FnMut(&Observation<'_>, &mut dyn FnMut(&Observation<'_>)),
) -> Comparison {
    let mut changed = Changed { history: History::default(), change };
    assert_eq!(run::run(schedule, &mut changed).breach, None);
    compare(&history(schedule), &changed.history)
}

#[track_caller]
fn unexplained(comparison: &Comparison, fact: &str) {
    let found: Vec<String> = comparison.unexplained().map(ToString::to_string).collect();
    assert!(found.iter().any(|found| found.contains(fact)), "{fact:?} is not in {found:?}");
}

#[test]
fn a_run_agrees_with_itself() {
    let comparison = deviation(&calm(), |seen, pass| pass(seen));
    assert!(comparison.compared > 50);
    assert_eq!(comparison.differences, []);
}

#[test]
fn an_outcome_that_is_missing_is_unexplained() {
    let mut acked = 0;
    let comparison = deviation(&calm(), |seen, pass| {
        acked += u32::from(matches!(seen, Observation::Told(Event::Acked(_))));
        let is_third = acked == 3 && matches!(seen, Observation::Told(Event::Acked(_)));
        if !is_third {
            pass(seen);
        }
    });
    unexplained(&comparison, "outcome of message 3");
    assert_eq!(comparison.differences.len(), 1);
}

#[test]
fn a_message_that_was_not_told_is_unexplained() {
    let mut told = 0;
    let comparison = deviation(&calm(), |seen, pass| {
        let is_message = matches!(seen, Observation::Told(Event::Message(_)));
        told += u32::from(is_message);
        if !(is_message && told == 2) {
            pass(seen);
        }
    });
    unexplained(&comparison, "message 2 told to the application");
}

/// Everything that the device sends comes twice from a certain publication on, on a connection of its
/// own.
fn twice(seen: &Observation<'_>, pass: &mut dyn FnMut(&Observation<'_>)) {
    pass(seen);
    if let Observation::ToBroker { bytes, .. } = *seen
        && bytes[0] >> 4 == 3
    {
        let connection = ConnectionId(99);
        pass(&Observation::ToBroker { connection, bytes });
    }
}

#[test]
fn a_message_that_comes_twice_is_explained_by_a_connection_that_ended_and_by_nothing_else() {
    let mut schedule = calm();
    schedule.setup.chops_segments = false;
    unexplained(&deviation(&schedule, twice), "copies of message 1");

    let mut has_ended = false;
    let comparison = deviation(&schedule, |seen, pass| {
        let is_published = matches!(seen, Observation::Published { .. });
        twice(seen, pass);
        if is_published && !std::mem::replace(&mut has_ended, true) {
            let connection = ConnectionId(98);
            pass(&Observation::EndedAtBroker { connection, ending: Ending::Reset });
        }
    });
    let of_first = comparison.differences.iter().find(|it| it.fact.contains("message 1 at"));
    assert_eq!(of_first.and_then(|it| it.known), Some(KnownDifference::Repeated));
    unexplained(&comparison, "copies of message 2");
}

#[test]
fn a_subscription_that_is_not_renewed_is_unexplained() {
    let mut schedule = calm();
    schedule.setup.clean_session = false;
    schedule.faults = vec![Fault { at_ms: 20_000, duration_ms: 0, kind: FaultKind::SessionLost }];
    let mut is_lost = false;
    let comparison = deviation(&schedule, |seen, pass| {
        is_lost |= matches!(seen, Observation::SessionForgotten);
        let is_suback = matches!(seen, Observation::FromBroker { bytes, .. } if bytes[0] == 0x90);
        if !(is_lost && is_suback) {
            pass(seen);
        }
    });
    unexplained(&comparison, "what the session holds of");
}
