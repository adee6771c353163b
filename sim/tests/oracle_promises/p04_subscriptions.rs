use fivewire_core::event::Event;
use fivewire_core::mqtt::QoS;
use fivewire_sim::observation::Observation;
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
