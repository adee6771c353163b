use fivewire_core::error::PublishError;
use fivewire_core::event::{AbandonReason, Event};
use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::Properties;
use fivewire_sim::observation::Observation;
use fivewire_sim::oracle::Promise::P7;

use crate::history::{History, packet, setup, ticket};

fn at_most_once(ticket: u32) -> Observation<'static> {
    Observation::Published {
        ticket,
        topic: "a",
        payload: b"zero",
        qos: QoS::AtMostOnce,
        retain: false,
        properties: Properties::NONE,
    }
}

fn connected() -> History {
    let mut history = History::of(setup());
    history.connect(false);
    history
}

#[test]
fn a_qos_0_message_that_is_sent_or_given_up_aloud_keeps_the_promise() {
    let mut history = connected();
    history.see(at_most_once(1)).told(Event::Sent(ticket(1)));
    history.device_sends(&packet::publish("a", b"zero", 0, false, false));
    history.see(at_most_once(2));
    history.told(Event::Abandoned { ticket: ticket(2), reason: AbandonReason::Dropped });
    history.settle().passes();
}

#[test]
fn a_qos_0_ticket_without_an_outcome_is_caught() {
    let mut history = connected();
    history.see(at_most_once(1)).settle().breaks(P7, "has no outcome");
}

#[test]
fn a_qos_0_ticket_with_two_outcomes_is_caught() {
    let mut history = connected();
    history.see(at_most_once(1)).told(Event::Sent(ticket(1))).told(Event::Sent(ticket(1)));
    history.breaks(P7, "second outcome");
}

#[test]
fn what_was_told_as_sent_and_never_arrived_is_caught() {
    let mut history = connected();
    history.see(at_most_once(1)).told(Event::Sent(ticket(1))).settle();
    history.breaks(P7, "never arrived");
}

#[test]
fn what_was_sent_into_a_dying_connection_may_be_lost() {
    let mut history = connected();
    history.see(at_most_once(1)).told(Event::Sent(ticket(1))).break_off().connect(true).settle();
    history.passes();
}

#[test]
fn a_ticket_that_is_given_twice_is_caught() {
    connected().publish(1, "a").publish(1, "a").breaks(P7, "given twice");
}

#[test]
fn a_subscription_without_an_outcome_is_caught() {
    let mut history = connected();
    let qos = QoS::AtLeastOnce;
    history.see(Observation::SubscribeAsked { ticket: 1, filter: "f", qos });
    history.device_sends(&packet::subscribe(1, &["f"])).broker_sends(&packet::suback(1, &[1]));
    history.settle().breaks(P7, "has no outcome");
}

#[test]
fn an_empty_outbox_that_says_it_is_full_is_caught() {
    let full = Observation::PublishRefused { topic: "a", error: PublishError::OutboxFull };
    connected().see(full).breaks(P7, "for no reason");

    let mut history = connected();
    history.publish(1, "a").see(full).passes();
}

/// What the application is told after a publication was given up under way and another one did not fit.
fn after_a_refusal(tells: impl FnOnce(&mut History)) -> History {
    let full = Observation::PublishRefused { topic: "a", error: PublishError::OutboxFull };
    let mut history = connected();
    history.publish(1, "a").see(Observation::Cancelled { ticket: 1 });
    let (ticket, reason) = (ticket(1), AbandonReason::Cancelled);
    history.told(Event::Abandoned { ticket, reason }).see(full);
    tells(&mut history);
    history
}

#[test]
fn an_application_that_is_never_told_when_to_publish_again_is_caught() {
    after_a_refusal(|_| {}).settle().breaks(P7, "nothing told when to try again");
    let mut said = after_a_refusal(|history| {
        history.told(Event::OutboxHasRoom);
    });
    said.settle().passes();
    let mut taken = after_a_refusal(|history| {
        history.publish(2, "b").arrive(2, "b", 2, false).acknowledge(2, 2);
    });
    taken.settle().passes();
    let mut asleep = after_a_refusal(|history| {
        history.see(Observation::ShutDownAsked).told(Event::Stopped);
    });
    asleep.settle().passes();
}

#[test]
fn room_that_nobody_waits_for_is_not_told() {
    let without_cause = "nobody waited for that";
    connected().told(Event::OutboxHasRoom).breaks(P7, without_cause);
    let twice = after_a_refusal(|history| {
        history.told(Event::OutboxHasRoom).told(Event::OutboxHasRoom);
    });
    twice.breaks(P7, without_cause);
    let asleep = after_a_refusal(|history| {
        history.see(Observation::ShutDownAsked).told(Event::OutboxHasRoom);
    });
    asleep.breaks(P7, without_cause);
    // nothing was given up: outcomes tell
    let full = Observation::PublishRefused { topic: "a", error: PublishError::OutboxFull };
    connected().publish(1, "a").see(full).told(Event::OutboxHasRoom).breaks(P7, without_cause);
}

#[test]
fn stopping_with_open_tickets_is_caught() {
    let mut history = connected();
    history.publish(1, "a").see(Observation::ShutDownAsked).told(Event::Stopped);
    history.breaks(P7, "left 1 publications");
}

#[test]
fn a_word_after_the_last_word_is_caught() {
    let mut history = connected();
    history.publish(1, "a").see(Observation::ShutDownAsked);
    history.told(Event::Abandoned { ticket: ticket(1), reason: AbandonReason::ShutDown });
    history.told(Event::Stopped).passes();
    history.told(Event::Wifi(true)).breaks(P7, "after `Stopped`");
}
