//! A message that comes with QoS 2 is told once.

use fivewire_core::event::{DownReason, Event, Message};
use fivewire_core::mqtt::QoS;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::observation::{Ending, Observation};
use fivewire_sim::oracle::Promise::P5;

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
fn after_pubrel_the_same_identifier_is_another_message() {
    let mut history = History::of(setup());
    history.join_and_connect(false);
    comes(&mut history, false, true);
    history.hears(&packet::pubrel(1));
    comes(&mut history, false, true).passes();
}
