//! Subscriptions that come and go, and programs that end in good order.

use super::*;
use crate::schedule::Habits;

/// A minute in which a subscription is asked for and ended in turn, undisturbed.
fn coming_and_going() -> Schedule {
    let mut schedule = calm();
    schedule.workload.habits =
        Habits { resubscribes_every_ms: 8_000, asks_every_ms: 7_000, ..Habits::default() };
    schedule
}

/// A minute in which the program is shut down and starts anew, too.
fn starting_anew() -> Schedule {
    let mut schedule = coming_and_going();
    schedule.workload.habits.restarts_every_ms = 20_000;
    schedule
}

fn known(comparison: &Comparison, fact: &str) -> Vec<Option<KnownDifference>> {
    let of_it = comparison.differences.iter().filter(|it| it.fact.contains(fact));
    of_it.map(|it| it.known).collect()
}

/// The run against itself, without the `nth` of what `is_it` finds.
fn without(schedule: &Schedule, nth: u32, is_it: impl Fn(&Observation<'_>) -> bool) -> Comparison {
    let mut seen = 0;
    let comparison = deviation(schedule, |observation, pass| {
        seen += u32::from(is_it(observation));
        if !(is_it(observation) && seen == nth) {
            pass(observation);
        }
    });
    assert!(seen >= nth, "it happens {seen} times");
    comparison
}

#[test]
fn a_run_with_such_habits_agrees_with_itself_and_has_much_of_them_in_it() {
    let schedule = starting_anew();
    assert_eq!(deviation(&schedule, |seen, pass| pass(seen)).differences, []);
    let Wishes { filters, lives, shutdowns_done, .. } = history(&schedule).wishes;
    let side = &filters["side/#"];
    assert!(side.granted > 2 && side.ended > 1 && side.renewed > 0, "{side:?}");
    assert!(lives > 2 && lives == shutdowns_done + 1, "{lives} lives");
}

#[test]
fn a_wish_that_was_not_uttered_is_unexplained() {
    let asks_end = |seen: &Observation<'_>| matches!(seen, Observation::UnsubscribeAsked { .. });
    let comparison = without(&coming_and_going(), 2, asks_end);
    unexplained(&comparison, "how often \"side/#\" was asked to end");
    let asks = |seen: &Observation<'_>| {
        matches!(seen, Observation::SubscribeAsked { filter: "side/#", .. })
    };
    let comparison = without(&coming_and_going(), 2, asks);
    unexplained(&comparison, "how often \"side/#\" was asked for");
}

#[test]
fn an_end_that_was_not_told_is_unexplained_though_the_next_wish_overtakes_it() {
    let ends = |seen: &Observation<'_>| matches!(seen, Observation::Told(Event::Unsubscribed(_)));
    let comparison = without(&coming_and_going(), 1, ends);
    unexplained(&comparison, "wishes for \"side/#\" without an answer: 0 in one engine, 1");
    unexplained(&comparison, "how often \"side/#\" was ended");
    unexplained(&comparison, "how often \"side/#\" was renewed");
}

#[test]
fn a_subscription_that_was_not_renewed_is_unexplained() {
    let grants =
        |seen: &Observation<'_>| matches!(seen, Observation::Told(Event::Subscribed { .. }));
    let filters = coming_and_going().setup.filters.len() as u32;
    let comparison = without(&coming_and_going(), filters + 2, grants);
    unexplained(&comparison, "how often \"side/#\" was granted");
    unexplained(&comparison, "how often \"side/#\" was renewed");
}

#[test]
fn a_subscription_that_the_session_still_holds_is_unexplained() {
    let mut schedule = coming_and_going();
    // the last wish is an end
    schedule.workload.habits.resubscribes_every_ms = 25_000;
    assert!(!history(&schedule).active.contains_key(&b"side/#"[..]));
    let ends = |seen: &Observation<'_>| matches!(seen, Observation::FromBroker { bytes, .. } if bytes[0] == 0xB0);
    unexplained(&without(&schedule, 1, ends), "what the session holds of \"side/#\"");
}

#[test]
fn a_wish_without_an_answer_is_explained_by_the_next_one_while_something_is_wrong_only() {
    let ends = |seen: &Observation<'_>| matches!(seen, Observation::Told(Event::Unsubscribed(_)));
    let mut schedule = coming_and_going();
    let all_along =
        Fault { at_ms: 1_000, duration_ms: 58_000, kind: FaultKind::Latency { extra_ms: 50 } };
    schedule.faults.push(all_along);
    let comparison = without(&schedule, 1, ends);
    assert_eq!(known(&comparison, "was ended"), [Some(KnownDifference::Overtaken)]);
    // one cause explains one answer
    let mut is_swallowed = 0;
    let twice = deviation(&schedule, |seen, pass| {
        let is_end = matches!(seen, Observation::UnsubscribeAsked { .. });
        is_swallowed += u32::from(is_end);
        if !(ends(seen) || is_end && is_swallowed > 1) {
            pass(seen);
        }
    });
    unexplained(&twice, "how often \"side/#\" was asked to end");
}

#[test]
fn a_shutdown_that_was_not_asked_for_or_not_done_is_unexplained() {
    let asks = |seen: &Observation<'_>| matches!(seen, Observation::ShutDownAsked);
    let comparison = without(&starting_anew(), 2, asks);
    unexplained(&comparison, "shutdowns asked for");
    unexplained(&comparison, "connections lost for nothing");
    let stops = |seen: &Observation<'_>| matches!(seen, Observation::Told(Event::Stopped));
    unexplained(&without(&starting_anew(), 1, stops), "shutdowns done");
    let starts = |seen: &Observation<'_>| matches!(seen, Observation::BoardUp { .. });
    unexplained(&without(&starting_anew(), 2, starts), "programs begun");
}

/// A program that is asked to end, ends so, and starts anew.
fn ends(says_so: bool, loss: BoardLoss) -> History {
    let mut history = History::default();
    let mut see = |seen| history.observe(Instant::ZERO, &seen);
    let part = Part::Host;
    see(Observation::BoardUp { part });
    see(Observation::ShutDownAsked);
    if says_so {
        see(Observation::Told(Event::Stopped));
    }
    see(Observation::BoardDown { part, loss });
    see(Observation::BoardUp { part });
    history
}

#[test]
fn a_shutdown_that_is_not_done_is_explained_by_the_loss_of_power_that_cut_it_off_only() {
    let in_good_order = ends(true, BoardLoss::Ended);
    let comparison = compare(&in_good_order, &ends(false, BoardLoss::PowerLoss));
    assert_eq!(known(&comparison, "shutdowns done"), [Some(KnownDifference::PowerLost)]);
    unexplained(&compare(&in_good_order, &ends(false, BoardLoss::Ended)), "shutdowns done");
}

#[test]
fn a_publication_that_is_given_up_by_a_shutdown_is_explained_while_one_is_under_way_only() {
    let given_up = |waits: bool| {
        let (mut acked, mut waiting) = (0, None);
        let reason = AbandonReason::ShutDown;
        deviation(&starting_anew(), move |seen, pass| {
            match *seen {
                Observation::Told(Event::Acked(ticket)) => {
                    acked += 1;
                    match acked {
                        3 if waits => waiting = Some(ticket),
                        3 => pass(&Observation::Told(Event::Abandoned { ticket, reason })),
                        _ => pass(seen),
                    }
                }
                _ => pass(seen),
            }
            if matches!(seen, Observation::ShutDownAsked)
                && let Some(ticket) = waiting.take()
            {
                pass(&Observation::Told(Event::Abandoned { ticket, reason }));
            }
        })
    };
    let explained = given_up(true);
    assert_eq!(known(&explained, "outcome of message 3"), [Some(KnownDifference::ShutDown)]);
    unexplained(&given_up(false), "outcome of message 3");
}
