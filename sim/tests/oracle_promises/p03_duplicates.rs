use fivewire_core::event::Event;
use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::Properties;
use fivewire_sim::observation::{Observation, Part};
use fivewire_sim::oracle::Promise::P3;
use fivewire_sim::schedule::{Setup, Topology};

use crate::history::{History, packet, payload, setup};

/// Message 1 on topic `a` has arrived as packet 1 and the connection broke.
fn interrupted() -> History {
    let mut history = History::of(setup());
    history.connect(false).publish(1, "a").arrive(1, "a", 1, false).break_off();
    history
}

#[test]
fn one_repetition_on_each_new_connection_keeps_the_promise() {
    let mut history = interrupted();
    history.connect(true).arrive(1, "a", 1, true).break_off();
    history.connect(true).arrive(1, "a", 1, true).publish(2, "a").arrive(2, "a", 2, false);
    history.acknowledge(1, 1).acknowledge(2, 2).settle();
    history.passes();
}

#[test]
fn a_lost_session_frees_the_identifier() {
    let mut history = interrupted();
    history.connect(false).arrive(1, "a", 9, false).acknowledge(1, 9).settle();
    history.passes();
}

#[test]
fn a_repetition_on_the_same_connection_is_caught() {
    let mut history = History::of(setup());
    history.connect(false).publish(1, "a").arrive(1, "a", 1, false).arrive(1, "a", 1, true);
    history.breaks(P3, "twice on connection 1");
}

#[test]
fn a_repetition_while_no_connection_ended_is_caught() {
    let mut history = History::of(setup());
    history.connect(false).publish(1, "a").arrive(1, "a", 1, false);
    // the broker still has the first connection
    history.connect(true).arrive(1, "a", 1, true);
    history.breaks(P3, "copy 2");
}

#[test]
fn a_repetition_after_the_acknowledgement_is_caught() {
    let mut history = History::of(setup());
    history.connect(false).publish(1, "a").arrive(1, "a", 1, false).acknowledge(1, 1).break_off();
    history.connect(true).arrive(1, "a", 1, true).breaks(P3, "after it had been told");
}

#[test]
fn a_repetition_without_dup_or_with_another_identifier_is_caught() {
    interrupted().connect(true).arrive(1, "a", 1, false).breaks(P3, "without DUP");
    interrupted().connect(true).arrive(1, "a", 2, true).breaks(P3, "identifier 2 instead of 1");
}

#[test]
fn what_an_esp_has_said_again_may_have_dup() {
    let bridge = || {
        let mut history = History::of(Setup { topology: Topology::Bridge, ..setup() });
        history.told(Event::EspReady { resumed: false }).connect(false).publish(1, "a");
        history
    };
    bridge().told(Event::EspReady { resumed: true }).arrive(1, "a", 1, true).passes();
    bridge().arrive(1, "a", 1, true).breaks(P3, "has DUP");
}

#[test]
fn dup_on_what_was_never_sent_is_caught() {
    let mut history = History::of(setup());
    history.connect(false).publish(1, "a").arrive(1, "a", 1, true);
    history.breaks(P3, "no connection or link was lost");
}

#[test]
fn new_before_repeated_is_caught() {
    let mut history = interrupted();
    history.publish(2, "a").connect(true).arrive(2, "a", 2, false).arrive(1, "a", 1, true);
    history.breaks(P3, "newer on its topic");
}

#[test]
fn repetitions_in_another_order_are_caught_across_topics() {
    let mut history = History::of(setup());
    history.connect(false).publish(1, "a").publish(2, "b");
    history.arrive(1, "a", 1, false).arrive(2, "b", 2, false).break_off();
    history.connect(true).arrive(2, "b", 2, true).arrive(1, "a", 1, true);
    history.breaks(P3, "MQTT-4.6.0-1");
}

#[test]
fn an_identifier_in_use_is_caught() {
    let mut history = History::of(setup());
    history.connect(false).publish(1, "a").publish(2, "b");
    history.arrive(1, "a", 1, false).arrive(2, "b", 1, false).breaks(P3, "which is in use");

    let mut history = interrupted();
    history.publish(2, "b").connect(true).arrive(2, "b", 1, false);
    history.breaks(P3, "which belongs to");

    let mut history = History::of(setup());
    history.connect(false).publish(1, "a").arrive(1, "a", 1, false);
    let qos = QoS::AtLeastOnce;
    history.see(Observation::SubscribeAsked { ticket: 2, filter: "f", qos });
    history.device_sends(&packet::subscribe(1, &["f"])).breaks(P3, "which is in use or 0");
}

#[test]
fn anything_before_connack_is_caught() {
    let mut history = History::of(setup());
    history.publish(1, "a").open().device_sends(&packet::connect(false, 60, None));
    history.arrive(1, "a", 1, false).breaks(P3, "before CONNACK");
}

#[test]
fn a_message_with_qos_0_that_is_repeated_or_has_dup_is_caught() {
    let at_most_once = |ticket| Observation::Published {
        ticket,
        topic: "a",
        payload: b"zero",
        qos: QoS::AtMostOnce,
        retain: false,
        properties: Properties::NONE,
    };
    let mut history = History::of(setup());
    history.connect(false).see(at_most_once(1));
    let packet = packet::publish("a", b"zero", 0, false, false);
    history.device_sends(&packet).device_sends(&packet).breaks(P3, "arrived twice");

    let mut history = History::of(setup());
    history.connect(false).see(at_most_once(1));
    history.device_sends(&packet::publish("a", b"zero", 0, true, false)).breaks(P3, "MQTT-3.3.1-2");
}

#[test]
fn the_application_hears_of_a_message_as_often_as_the_broker_sent_it() {
    let mut history = History::of(setup());
    history.connect(false).subscribe(1, "in/#", 1);
    history.witness(1, "in/0").deliver(1, "in/0", 1, false).message(1, "in/0").break_off();
    history.connect(true).deliver(1, "in/0", 1, true).message(1, "in/0");
    history.device_sends(&packet::puback(1)).passes();
    history.message(1, "in/0").breaks(P3, "told 3 times");
}

#[test]
fn a_lost_link_excuses_one_more_copy_to_the_application() {
    let mut history = History::of(setup());
    history.connect(false).subscribe(1, "in/#", 1);
    history.witness(1, "in/0").deliver(1, "in/0", 1, false).message(1, "in/0");
    history.see(Observation::Link { end: Part::Host, up: false });
    history.see(Observation::Link { end: Part::Host, up: true }).message(1, "in/0").passes();
    history.message(1, "in/0").breaks(P3, "told 3 times");
}

#[test]
fn retained_copies_are_not_counted() {
    let mut history = History::of(setup());
    history.connect(false).subscribe(1, "in/#", 1);
    let text = payload(1);
    history.broker_sends(&packet::publish("in/0", &text, 1, false, true));
    let retained = fivewire_core::event::Message {
        retain: true,
        ..fivewire_core::event::Message::new("in/0", &text, QoS::AtLeastOnce)
    };
    history.told(Event::Message(retained)).told(Event::Message(retained)).passes();
}
