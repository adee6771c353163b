use fivewire_core::client::Action;
use fivewire_core::event::{DownReason, Event};
use fivewire_core::mqtt::QoS;
use fivewire_sim::observation::{Ending, Observation};
use fivewire_sim::oracle::Promise::P4;

use crate::history::{History, packet, setup, ticket};

fn asked(ticket: u32, filter: &str) -> Observation<'_> {
    Observation::SubscribeAsked { ticket, filter, qos: QoS::AtLeastOnce }
}

fn subscribed() -> History {
    let mut history = History::of(setup());
    history.connect(false).subscribe(1, "in/#", 1);
    history
}

#[test]
fn a_subscription_that_the_session_keeps_need_not_be_renewed() {
    let mut history = subscribed();
    history.break_off().connect(true).settle();
    history.passes();
}

#[test]
fn a_lost_subscription_that_is_renewed_once_keeps_the_promise() {
    let mut history = subscribed();
    history.break_off().connect(false);
    history.device_sends(&packet::subscribe(2, &["in/#"])).broker_sends(&packet::suback(2, &[1]));
    history.settle().passes();
}

#[test]
fn a_lost_subscription_that_is_not_renewed_is_caught() {
    let mut history = subscribed();
    history.break_off().connect(false).settle();
    history.breaks(P4, "\"in/#\" is not active again");
}

#[test]
fn one_of_several_that_is_not_renewed_is_caught() {
    let mut history = subscribed();
    history.subscribe(2, "cmd/+/go", 2).break_off().connect(false);
    history.device_sends(&packet::subscribe(3, &["in/#"])).broker_sends(&packet::suback(3, &[1]));
    history.settle().breaks(P4, "\"cmd/+/go\" is not active again");
}

#[test]
fn a_session_forgotten_behind_the_clients_back_counts_as_lost() {
    let mut history = subscribed();
    history.break_off().see(Observation::SessionForgotten).connect(false).settle();
    history.breaks(P4, "not active again");
}

#[test]
fn a_renewal_that_is_made_twice_is_caught() {
    let mut history = subscribed();
    history.break_off().connect(false);
    history
        .device_sends(&packet::subscribe(2, &["in/#"]))
        .device_sends(&packet::subscribe(3, &["in/#"]));
    history.breaks(P4, "subscribed to twice on connection 2");
}

#[test]
fn the_application_may_ask_twice() {
    let mut history = subscribed();
    history.subscribe(2, "in/#", 2).settle();
    history.passes();
}

#[test]
fn a_filter_nobody_asked_for_is_caught() {
    let mut history = subscribed();
    history.device_sends(&packet::subscribe(2, &["all/#"])).breaks(P4, "never asked for");
}

#[test]
fn a_refusal_that_is_told_once_keeps_the_promise() {
    let mut history = subscribed();
    history.see(asked(2, "secret")).device_sends(&packet::subscribe(2, &["secret"]));
    history.broker_sends(&packet::suback(2, &[0x80])).told(Event::SubscribeRefused(ticket(2)));
    history.break_off().connect(true).settle();
    history.passes();
}

#[test]
fn a_refusal_that_is_told_twice_is_caught() {
    let mut history = subscribed();
    history.see(asked(2, "secret")).device_sends(&packet::subscribe(2, &["secret"]));
    history.broker_sends(&packet::suback(2, &[0x80])).told(Event::SubscribeRefused(ticket(2)));
    history.told(Event::SubscribeRefused(ticket(2))).breaks(P4, "the broker refused nothing");
}

#[test]
fn a_refusal_that_is_not_told_is_caught() {
    let mut history = subscribed();
    history.break_off().connect(false);
    history
        .device_sends(&packet::subscribe(2, &["in/#"]))
        .broker_sends(&packet::suback(2, &[0x80]));
    history.settle().breaks(P4, "the application was not told");
}

#[test]
fn a_refusal_that_never_happened_is_caught() {
    let mut history = subscribed();
    history.see(asked(2, "secret")).device_sends(&packet::subscribe(2, &["secret"]));
    history.told(Event::SubscribeRefused(ticket(2))).breaks(P4, "the broker refused nothing");
}

#[test]
fn a_refused_filter_that_is_asked_for_again_is_caught() {
    let mut history = subscribed();
    history.see(asked(2, "secret")).device_sends(&packet::subscribe(2, &["secret"]));
    history.broker_sends(&packet::suback(2, &[0x80])).told(Event::SubscribeRefused(ticket(2)));
    history.break_off().connect(true).device_sends(&packet::subscribe(2, &["secret"]));
    history.breaks(P4, "again after the broker had refused it");
}

#[test]
fn a_grant_that_the_broker_never_gave_is_caught() {
    let mut history = subscribed();
    history.see(asked(2, "more")).device_sends(&packet::subscribe(2, &["more"]));
    history.told(Event::Subscribed { ticket: ticket(2), granted: QoS::AtLeastOnce });
    history.breaks(P4, "the broker granted nothing");
}

#[test]
fn an_ended_subscription_stays_ended() {
    let mut history = subscribed();
    history.see(Observation::UnsubscribeAsked { ticket: 2, filter: "in/#" });
    history.device_sends(&packet::unsubscribe(2, "in/#")).broker_sends(&packet::unsuback(2));
    history.told(Event::Unsubscribed(ticket(2))).break_off().connect(false);
    history.passes();
    history.device_sends(&packet::subscribe(3, &["in/#"])).breaks(P4, "after it had been ended");
}

#[test]
fn an_end_that_never_reaches_the_broker_is_caught() {
    let mut history = subscribed();
    history.see(Observation::UnsubscribeAsked { ticket: 2, filter: "in/#" });
    history.told(Event::Unsubscribed(ticket(2))).breaks(P4, "the broker confirmed nothing");
}

/// The same, where each step of the client is seen.
fn subscribed_and_heard() -> History {
    let mut history = History::of(setup());
    history.join_and_connect(false).see(asked(1, "in/#"));
    history.device_sends(&packet::subscribe(1, &["in/#"])).hears(&packet::suback(1, &[1]));
    history.told(Event::Subscribed { ticket: ticket(1), granted: QoS::AtLeastOnce });
    history
}

#[test]
fn a_subscription_that_is_active_and_asked_for_again_is_caught() {
    let mut history = subscribed_and_heard();
    history.break_off().wait_ms(300).connect_again(true).passes();
    history.device_sends(&packet::subscribe(2, &["in/#"])).breaks(P4, "though it is active");
}

#[test]
fn a_subscription_whose_answer_may_be_lost_may_be_asked_for_again() {
    let mut history = History::of(setup());
    history.join_and_connect(false).see(asked(1, "in/#"));
    history.device_sends(&packet::subscribe(1, &["in/#"]));
    history.broker_sends(&packet::suback(1, &[1])).break_off().wait_ms(300).connect_again(true);
    history.device_sends(&packet::subscribe(2, &["in/#"])).passes();
}

#[test]
fn a_broker_that_may_have_begun_a_new_session_is_asked_again() {
    let mut history = subscribed_and_heard();
    history.break_off().wait_ms(300).see(Observation::Asked(Action::OpenTcp)).open();
    let (connection, ending) = (history.connection, Ending::ClosedByPeer);
    history.device_sends(&packet::connect(false, 60, None));
    history.see(Observation::EndedAtBroker { connection, ending });
    history.see(Observation::EndedAtDevice { connection, ending });
    let failed = Event::AttemptFailed { reason: DownReason::TcpClosed };
    history.see_at_once(Observation::Told(failed)).wait_ms(900).connect_again(true);
    history.device_sends(&packet::subscribe(2, &["in/#"])).passes();
}

#[test]
fn another_quality_of_service_than_asked_for_or_granted_is_caught() {
    let mut history = History::of(setup());
    history.connect(false).see(Observation::SubscribeAsked {
        ticket: 1,
        filter: "down/#",
        qos: QoS::AtMostOnce,
    });
    history.device_sends(&packet::subscribe(0x8000, &["down/#"]));
    history.breaks(P4, "subscribed to with QoS 1, not 0");

    let mut history = History::of(setup());
    history.connect(false).see(asked(1, "down/#"));
    history.device_sends(&packet::subscribe(0x8000, &["down/#"]));
    history.broker_sends(&packet::suback(0x8000, &[0]));
    history.told(Event::Subscribed { ticket: ticket(1), granted: QoS::AtLeastOnce });
    history.breaks(P4, "was told as granted with QoS");
}
