//! A message that comes with QoS 2 is told once.

use fivewire_core::event::{Delivery, DownReason, Event, Message};
use fivewire_core::mqtt::QoS;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::observation::{Ending, Observation};
use fivewire_sim::oracle::Promise::P5;
use fivewire_sim::schedule::Setup;

use crate::history::{History, packet, payload, setup};

/// Message 1 on topic "a" with QoS 2, and whether it is told.
fn comes(history: &mut History, dup: bool, is_told: bool) -> &mut History {
    let mut bytes = packet::publish("a", &payload(1), 1, dup, false);
    bytes[0] = (bytes[0] & !0b110) | 0b100;
    history.hears(&bytes);
    if is_told {
        let payload = payload(1);
        let message = Message { dup, ..Message::new("a", &payload, QoS::ExactlyOnce) };
        history.see_at_once(Observation::Told(Event::Message(message)));
    }
    history
}

/// The connection breaks before PUBREC is at the broker, and comes back.
fn comes_back(history: &mut History) -> &mut History {
    let (connection, ending) = (history.connection, Ending::Reset);
    history.begin(0, FaultKind::TcpReset);
    history.see(Observation::EndedAtBroker { connection, ending });
    history.see(Observation::EndedAtDevice { connection, ending });
    let lost = Event::Disconnected { reason: DownReason::TcpClosed };
    history.see_at_once(Observation::Told(lost)).wait_ms(400).connect_again(true)
}

#[test]
fn one_that_is_told_once_passes_however_often_it_comes() {
    let mut history = History::of(setup());
    history.join_and_connect(false);
    comes(&mut history, false, true);
    comes_back(&mut history);
    comes(&mut history, true, false).passes();
}

#[test]
fn one_that_is_told_again_on_the_next_connection_is_caught() {
    let mut history = History::of(setup());
    history.join_and_connect(false);
    comes(&mut history, false, true);
    comes_back(&mut history);
    comes(&mut history, true, true).breaks(P5, "was told twice, with QoS 2");
}

#[test]
fn one_that_the_application_did_not_own_yet_may_be_told_again() {
    let explicit = Setup { release_after_ms: Some(100), ..setup() };
    for (is_released, is_caught) in [(false, false), (true, true)] {
        let mut history = History::of(explicit.clone());
        history.join_and_connect(false);
        comes(&mut history, false, false);
        told_as(&mut history, false, 1);
        if is_released {
            history.see(Observation::Released { delivery: 1 });
        }
        comes_back(&mut history);
        comes(&mut history, true, false);
        told_as(&mut history, true, 2);
        match is_caught {
            true => history.breaks(P5, "was told twice, with QoS 2"),
            false => history.passes(),
        }
    }
}

/// Message 1 is told, to be released by this number.
fn told_as(history: &mut History, dup: bool, number: u32) {
    let (payload, delivery) = (payload(1), Delivery::new(number));
    let message = Message { dup, delivery, ..Message::new("a", &payload, QoS::ExactlyOnce) };
    history.see_at_once(Observation::Told(Event::Message(message)));
}

#[test]
fn no_more_than_eight_have_to_be_remembered() {
    let message = |number: u64, dup: bool| {
        let mut bytes = packet::publish("a", &payload(number), number as u16, dup, false);
        bytes[0] = (bytes[0] & !0b110) | 0b100;
        bytes
    };
    for (again, is_caught) in [(8, true), (9, false)] {
        let mut history = History::of(setup());
        history.join_and_connect(false);
        for number in 1..=9 {
            history.hears(&message(number, false));
            told_payload(&mut history, number, false);
        }
        comes_back(&mut history).hears(&message(again, true));
        told_payload(&mut history, again, true);
        match is_caught {
            true => history.breaks(P5, "was told twice, with QoS 2"),
            false => history.passes(),
        }
    }
}

fn told_payload(history: &mut History, number: u64, dup: bool) {
    let payload = payload(number);
    let message = Message { dup, ..Message::new("a", &payload, QoS::ExactlyOnce) };
    history.see_at_once(Observation::Told(Event::Message(message)));
}

#[test]
fn after_pubrel_the_same_identifier_is_another_message() {
    let mut history = History::of(setup());
    history.join_and_connect(false);
    comes(&mut history, false, true);
    history.hears(&packet::pubrel(1));
    comes(&mut history, false, true).passes();
}
