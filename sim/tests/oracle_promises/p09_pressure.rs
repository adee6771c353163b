use fivewire_core::event::{DownReason, Event};
use fivewire_sim::fault::FaultKind;
use fivewire_sim::observation::{BoardLoss, Observation, Part};
use fivewire_sim::oracle::Promise::P9;

use crate::history::{History, packet, payload, setup};

fn overflow() -> Observation<'static> {
    Observation::BoardDown { part: Part::Esp, loss: BoardLoss::ReceiveOverflow }
}

#[test]
fn a_long_hold_with_pings_and_acknowledgements_keeps_the_promise() {
    let mut history = History::of(setup());
    history.connect(false).see(Observation::Holds(true));
    for number in 1..=20 {
        let id = number as u16;
        history.publish(number, "a").arrive(number, "a", id, false).acknowledge(number, id);
        history.wait_ms(30_000);
    }
    history.see(Observation::Holds(false)).settle();
    history.passes();
}

#[test]
fn a_broker_taken_for_dead_by_who_does_not_read_is_caught() {
    for reason in [DownReason::PingrespOverdue, DownReason::AckOverdue] {
        let mut history = History::of(setup());
        history.connect(false).see(Observation::Holds(true)).idle_s(100);
        history.told(Event::Disconnected { reason });
        history.breaks(P9, "nothing was wrong with it");
    }
}

#[test]
fn a_connection_that_really_died_during_a_hold_may_be_given_up() {
    let mut history = History::of(setup());
    history.connect(false).see(Observation::Holds(true)).begin(0, FaultKind::TcpHalfOpen);
    history.wait_ms(20_000).told(Event::Disconnected { reason: DownReason::PingrespOverdue });
    history.passes();
}

#[test]
fn silence_during_a_hold_is_caught() {
    let mut history = History::of(setup());
    history.connect(false).see(Observation::Holds(true)).wait_ms(60_010);
    history.see(Observation::Holds(false)).breaks(P9, "MQTT-3.1.2-23");
}

#[test]
fn publications_that_wait_for_the_end_of_a_hold_are_caught() {
    let mut history = History::of(setup());
    history.connect(false).idle_s(60).publish(1, "a").arrive(1, "a", 1, false);
    history.see(Observation::Holds(true)).idle_s(80);
    history.breaks(P9, "no publication was acknowledged");
}

#[test]
fn an_overflow_is_caught_unless_the_buffers_were_made_small() {
    let mut history = History::of(setup());
    history.begin(0, FaultKind::Backlog { messages: 900 }).see(overflow());
    history.breaks(P9, "overflowed the ESP8266's buffers");

    let mut history = History::of(setup());
    history.begin(0, FaultKind::EspReceiveOverflow).see(overflow()).end(0).passes();
    history.see(overflow()).breaks(P9, "overflowed the ESP8266's buffers");
}

#[test]
fn a_message_that_is_told_to_who_takes_none_is_caught() {
    let mut history = History::of(setup());
    history.join_and_connect(false).subscribe(1, "down/#", 0x8000).witness(1, "down/0");
    let bytes = packet::publish("down/0", &payload(1), 1, false, false);
    history.see(Observation::Holds(true)).hears(&bytes).message(1, "down/0");
    history.breaks(P9, "had asked to be spared");
}
