//! A deviation is explained by its cause in the history, and by nothing else.

use fivewire_core::event::{AbandonReason, Event, RefusedReason};
use fivewire_core::mqtt::v5::ReasonCode;
use fivewire_core::time::Instant;

use super::wishes::Wishes;
use super::{Comparison, Difference, History, KnownDifference, compare};
use crate::fault::{Fault, FaultKind};
use crate::observation::{BoardLoss, ConnectionId, Ending, Observation, Observer, Part};
use crate::run;
use crate::schedule::{self, Limits, Mqtt5, Schedule, Topology};
use crate::swarm::{self, Draw};

mod expiry;
mod wishes;

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

fn over_mqtt5(limits: Limits) -> Schedule {
    let mut schedule = calm();
    schedule.setup.mqtt5 = Some(Mqtt5 {
        session_expiry_s: u32::MAX,
        receive_maximum: 10,
        packet_max_bytes: 4_096,
        aliases_from_broker: 0,
        aliases_from_device: 0,
        keep_alive_max_s: None,
        will_delay_s: 0,
        expiring_percent: 0,
        expiry_max_s: 1,
        bare: true,
        limits,
        wishes: schedule::Wishes::default(),
    });
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

/// The second message is not told to the application.
fn second_untold(schedule: &Schedule) -> Comparison {
    let mut told = 0;
    deviation(schedule, |seen, pass| {
        let is_message = matches!(seen, Observation::Told(Event::Message(_)));
        told += u32::from(is_message);
        if !(is_message && told == 2) {
            pass(seen);
        }
    })
}

#[test]
fn a_message_that_was_not_told_is_unexplained() {
    unexplained(&second_untold(&calm()), "message 2 told to the application");
}

#[test]
fn a_message_that_was_not_told_is_not_owed_where_the_broker_grants_qos_0_only() {
    let limits = Limits { qos0_only: true, ..Limits::default() };
    let mut schedule = over_mqtt5(limits);
    // such a broker refuses a will with QoS 1
    schedule.setup.will = false;
    let comparison = second_untold(&schedule);
    let known: Vec<_> = comparison.differences.iter().map(|it| (&*it.fact, it.known)).collect();
    let fact = "message 2 told to the application";
    assert_eq!(known, [(fact, Some(KnownDifference::NotOwed))]);
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
fn a_copy_more_than_connections_ended_is_unexplained() {
    let mut schedule = calm();
    schedule.setup.chops_segments = false;
    let mut has_ended = false;
    let comparison = deviation(&schedule, |seen, pass| {
        let is_published = matches!(seen, Observation::Published { .. });
        twice(seen, pass);
        twice(seen, &mut |again| {
            if matches!(again, Observation::ToBroker { connection: ConnectionId(99), .. }) {
                pass(again);
            }
        });
        if is_published && !std::mem::replace(&mut has_ended, true) {
            let connection = ConnectionId(98);
            pass(&Observation::EndedAtBroker { connection, ending: Ending::Reset });
        }
    });
    unexplained(&comparison, "copies of message 1 ");
}

/// A connection with a session that begins, as the broker sees it.
fn session(number: u32, flags: u8, pass: &mut dyn FnMut(&Observation<'_>)) {
    let connection = ConnectionId(number);
    let connect = [0x10, 13, 0, 4, b'M', b'Q', b'T', b'T', 4, flags, 0, 60, 0, 1, b'd'];
    pass(&Observation::ToBroker { connection, bytes: &connect });
    pass(&Observation::FromBroker { connection, bytes: &[0x20, 2, 0, 0] });
}

const LASTING: u8 = 0;
const CLEAN: u8 = 2;

/// A minute in which the board loses its power once, and the broker its memory.
fn eventful() -> Schedule {
    let mut schedule = calm();
    schedule.setup.clean_session = false;
    schedule.setup.clean_init = true;
    let fault = |at_ms, kind| Fault { at_ms, duration_ms: 0, kind };
    schedule.faults = vec![
        fault(15_000, FaultKind::HostReset),
        fault(25_000, FaultKind::SessionLost),
        fault(35_000, FaultKind::TcpReset),
    ];
    schedule
}

/// The run against itself, with something more after the first publication after `after_ms`.
fn with(
    schedule: &Schedule,
    after_ms: u64,
    more: impl Fn(&mut dyn FnMut(&Observation<'_>)),
) -> Comparison {
    let mut changed = After { history: History::default(), after_ms, more: Some(more) };
    assert_eq!(run::run(schedule, &mut changed).breach, None);
    compare(&history(schedule), &changed.history)
}

struct After<M> {
    history: History,
    after_ms: u64,
    more: Option<M>,
}

impl<M: Fn(&mut dyn FnMut(&Observation<'_>))> Observer for After<M> {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        self.history.observe(now, observation);
        if now.as_millis() >= self.after_ms
            && matches!(observation, Observation::Published { .. })
            && let Some(more) = self.more.take()
        {
            more(&mut |seen| self.history.observe(now, seen));
        }
    }
}

#[test]
fn a_session_that_nothing_made_necessary_is_unexplained_however_eventful_the_run_was() {
    for schedule in [calm(), eventful()] {
        let comparison = with(&schedule, 45_000, |pass| session(50, LASTING, pass));
        unexplained(&comparison, "sessions begun");
        unexplained(&comparison, "sessions begun or kept for nothing: 0 in one engine, 1");
    }
}

#[test]
fn a_session_that_should_have_begun_is_unexplained() {
    let mut is_first = true;
    let comparison = deviation(&calm(), |seen, pass| {
        let is_connack = matches!(seen, Observation::FromBroker { bytes, .. } if bytes[0] == 0x20);
        if !(is_connack && std::mem::replace(&mut is_first, false)) {
            pass(seen);
        }
    });
    unexplained(&comparison, "sessions begun");
}

#[test]
fn a_clean_session_more_is_explained_by_a_connection_that_was_lost_for_a_reason_only() {
    let again = |is_reset: bool| {
        move |pass: &mut dyn FnMut(&Observation<'_>)| {
            session(50, CLEAN, pass);
            if is_reset {
                let kind = FaultKind::TcpReset;
                let fault = Fault { at_ms: 45_000, duration_ms: 0, kind };
                pass(&Observation::FaultBegan { index: 9, fault: &fault });
            }
            let (connection, ending) = (ConnectionId(50), Ending::Reset);
            pass(&Observation::EndedAtBroker { connection, ending });
        }
    };
    let mut schedule = calm();
    schedule.setup.clean_session = true;
    let explained = with(&schedule, 45_000, again(true));
    let sessions = explained.differences.iter().find(|it| it.fact == "sessions begun");
    assert_eq!(sessions.and_then(|it| it.known), Some(KnownDifference::ConnectionsMade));
    unexplained(&with(&schedule, 45_000, again(false)), "connections lost for nothing");
}

#[test]
fn one_reset_explains_one_lost_connection() {
    let lost = |count: u32| {
        move |pass: &mut dyn FnMut(&Observation<'_>)| {
            for number in 50..50 + count {
                let (connection, ending) = (ConnectionId(number), Ending::Reset);
                session(number, CLEAN, pass);
                if number == 50 {
                    let kind = FaultKind::TcpReset;
                    let fault = Fault { at_ms: 45_000, duration_ms: 0, kind };
                    pass(&Observation::FaultBegan { index: 9, fault: &fault });
                }
                pass(&Observation::EndedAtDevice { connection, ending });
            }
        }
    };
    let fact = "connections lost for nothing";
    let is_told =
        |count| with(&calm(), 45_000, lost(count)).unexplained().any(|it| it.fact == fact);
    assert!(!is_told(1));
    assert!(is_told(2));
}

/// A second of delays at its first minute, and an accepted connection with a keep alive of a minute that
/// is lost so many seconds after the first minute.
fn lost_after_a_second_of_delays(lost_s: u64) -> bool {
    let mut history = History::default();
    let at = |seconds: u64| Instant::from_micros((60 + seconds) * 1_000_000);
    session(1, LASTING, &mut |seen| history.observe(Instant::ZERO, seen));
    let kind = FaultKind::Latency { extra_ms: 100 };
    let fault = Fault { at_ms: 60_000, duration_ms: 1_000, kind };
    history.observe(at(0), &Observation::FaultBegan { index: 0, fault: &fault });
    history.observe(at(1), &Observation::FaultEnded { index: 0 });
    let (connection, ending) = (ConnectionId(1), Ending::Closed);
    history.observe(at(lost_s), &Observation::EndedAtDevice { connection, ending });
    let comparison = compare(&history, &history);
    comparison.unexplained().any(|it| it.fact == "connections lost for nothing")
}

#[test]
fn a_fault_that_is_over_explains_no_connection_that_is_lost_long_afterwards() {
    assert!(!lost_after_a_second_of_delays(1));
    // one and a half times the keep alive, an answer, and TCP's last pause
    assert!(!lost_after_a_second_of_delays(1 + 90 + 6 + 16));
    assert!(lost_after_a_second_of_delays(1 + 90 + 6 + 16 + 1));
    assert!(lost_after_a_second_of_delays(39 * 60));
}

#[test]
fn a_life_of_mqtt_5_that_ended_after_its_clean_slate_has_one_session_less() {
    let begins = |history: &mut History, number: u32, flags: u8| {
        let connection = ConnectionId(number);
        let head = [0x10, 19, 0, 4, b'M', b'Q', b'T', b'T', 5, flags, 0, 60];
        let lasts_a_minute = [5, 0x11, 0, 0, 0, 60];
        let connect = [&head[..], &lasts_a_minute, &[0, 1, b'd']].concat();
        let connack = [0x20, 3, 0, 0, 0];
        history.observe(Instant::ZERO, &Observation::ToBroker { connection, bytes: &connect });
        history.observe(Instant::ZERO, &Observation::FromBroker { connection, bytes: &connack });
        if flags == CLEAN {
            history.observe(Instant::ZERO, &Observation::Told(Event::CleanSlate));
        }
    };
    let loses_power = |history: &mut History| {
        let (part, loss) = (Part::Host, BoardLoss::PowerLoss);
        history.observe(Instant::ZERO, &Observation::BoardDown { part, loss });
    };
    let [mut cut_short, mut whole] = [History::default(), History::default()];
    begins(&mut cut_short, 1, CLEAN);
    begins(&mut whole, 1, CLEAN);
    begins(&mut whole, 2, LASTING);
    for history in [&mut cut_short, &mut whole] {
        loses_power(history);
        begins(history, 3, CLEAN);
        begins(history, 4, LASTING);
    }
    let comparison = compare(&cut_short, &whole);
    let found: Vec<String> = comparison.differences.iter().map(ToString::to_string).collect();
    assert_eq!(found, ["sessions begun: 3 in one engine, 4 in the other (nothing-to-forget)"]);
}

#[test]
fn a_session_that_expired_explains_one_session_more_and_no_second() {
    let expired = |sessions: u32| {
        move |pass: &mut dyn FnMut(&Observation<'_>)| {
            pass(&Observation::SessionExpired);
            (50..50 + sessions).for_each(|number| session(number, LASTING, pass));
        }
    };
    let comparison = with(&calm(), 45_000, expired(1));
    let sessions = comparison.differences.iter().find(|it| it.fact == "sessions begun");
    assert_eq!(sessions.and_then(|it| it.known), Some(KnownDifference::SessionExpired));
    unexplained(&with(&calm(), 45_000, expired(2)), "sessions begun: 2 in one engine, 4");
}

#[test]
fn a_publication_that_is_given_up_as_refused_is_explained_by_a_broker_that_refused_it_only() {
    let schedule = over_mqtt5(Limits::default());
    let reason = RefusedReason::ByBroker(ReasonCode::QuotaExceeded);
    let refused = |says_so: bool| {
        deviation(&schedule, move |seen, pass| match *seen {
            Observation::Told(Event::Acked(ticket)) => {
                pass(&Observation::Told(Event::Refused { ticket, reason }));
            }
            Observation::FromBroker { connection, bytes: &[0x40, 2, high, low] } if says_so => {
                let bytes = &[0x40, 3, high, low, 0x97];
                pass(&Observation::FromBroker { connection, bytes });
            }
            _ => pass(seen),
        })
    };
    unexplained(&refused(false), "outcome of message 1:");
    let explained = refused(true);
    let is_outcome = |it: &&Difference| it.fact == "outcome of message 1";
    let outcome = explained.differences.iter().find(is_outcome);
    assert_eq!(outcome.and_then(|it| it.known), Some(KnownDifference::Refused));
}

#[test]
fn a_publication_that_is_given_up_is_explained_by_the_wish_of_its_application_only() {
    let given_up = |reason: AbandonReason| {
        let mut acked = 0;
        deviation(&calm(), move |seen, pass| match *seen {
            Observation::Told(Event::Acked(ticket)) => {
                acked += 1;
                match acked {
                    1 => pass(&Observation::Told(Event::Abandoned { ticket, reason })),
                    _ => pass(seen),
                }
            }
            _ => pass(seen),
        })
    };
    for reason in [AbandonReason::Cancelled, AbandonReason::Expired] {
        let comparison = given_up(reason);
        let known: Vec<_> = comparison.differences.iter().map(|it| it.known).collect();
        assert_eq!(known, [Some(KnownDifference::Withdrawn)], "{reason:?}");
    }
    unexplained(&given_up(AbandonReason::ShutDown), "outcome of message 1");
}

#[test]
fn a_clean_slate_more_or_less_is_unexplained_though_the_board_lost_its_power() {
    let schedule = eventful();
    let slate =
        |pass: &mut dyn FnMut(&Observation<'_>)| pass(&Observation::Told(Event::CleanSlate));
    let comparison = with(&schedule, 45_000, slate);
    unexplained(&comparison, "clean slates: 2 in one engine, 3");
    unexplained(&comparison, "clean slates in a life that had one");

    let mut slates = 0;
    let comparison = deviation(&schedule, |seen, pass| {
        let is_slate = matches!(seen, Observation::Told(Event::CleanSlate));
        slates += u32::from(is_slate);
        if !(is_slate && slates == 2) {
            pass(seen);
        }
    });
    unexplained(&comparison, "clean slates: 2 in one engine, 1");
}

#[test]
fn a_loss_of_power_explains_no_message_that_the_broker_still_owed() {
    let mut schedule = eventful();
    schedule.setup.clean_init = false;
    schedule.faults.truncate(1);
    let mut published = 0;
    let mut missing = None;
    let comparison = deviation(&schedule, |seen, pass| {
        if let Observation::WitnessPublished { payload, .. } = seen {
            published += 1;
            // the last one before the power goes
            if missing.is_none() && published == 3 {
                missing = Some(payload[..8].to_vec());
            }
        }
        let is_missing = |payload: &[u8]| missing.as_deref() == payload.get(..8);
        match seen {
            Observation::Told(Event::Message(message))
                if message.topic.starts_with("down/") && is_missing(message.payload) => {}
            _ => pass(seen),
        }
    });
    unexplained(&comparison, "message 3 told to the application");
}

#[test]
fn a_message_without_an_outcome_is_explained_by_the_loss_of_power_that_cut_it_off_only() {
    let mut schedule = eventful();
    schedule.faults.truncate(1);
    let mut acked = 0;
    // published and acknowledged in the second life
    let comparison = deviation(&schedule, |seen, pass| {
        let is_acked = matches!(seen, Observation::Told(Event::Acked(_)));
        acked += u32::from(is_acked);
        if !(is_acked && acked == 6) {
            pass(seen);
        }
    });
    unexplained(&comparison, "outcome of message");
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
