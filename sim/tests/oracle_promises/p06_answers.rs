use fivewire_core::mqtt::QoS;
use fivewire_sim::observation::Observation;
use fivewire_sim::oracle::Promise::P6;

use crate::history::{History, packet, setup};

/// A publication of its own every ten seconds, each acknowledged.
fn steadily(history: &mut History, ids: std::ops::Range<u16>) {
    for id in ids {
        let number = id.into();
        history.wait_ms(10_000).publish(number, "a").arrive(number, "a", id, false);
        history.acknowledge(number, id);
    }
}

fn ask(history: &mut History, number: u32, id: u16) {
    let (filter, qos) = ("in/+", QoS::AtLeastOnce);
    history.see(Observation::SubscribeAsked { ticket: number, filter, qos });
    history.device_sends(&packet::subscribe(id, &[filter]));
}

#[test]
fn a_publication_that_is_left_out_while_others_are_acknowledged_is_caught() {
    let mut history = History::of(setup());
    history.connect(false).publish(1, "a").arrive(1, "a", 1, false);
    steadily(&mut history, 2..7);
    history.breaks(P6, "left something unanswered");
}

#[test]
fn a_subscription_that_is_left_out_while_publications_are_acknowledged_is_caught() {
    let mut history = History::of(setup());
    ask(history.connect(false), 1, 0x8001);
    steadily(&mut history, 2..7);
    history.breaks(P6, "left something unanswered");
}

#[test]
fn who_takes_no_messages_cannot_miss_an_answer() {
    let mut history = History::of(setup());
    history.connect(false).publish(1, "a").arrive(1, "a", 1, false);
    history.see(Observation::Holds(true));
    steadily(&mut history, 2..7);
    history.passes();
}

#[test]
fn a_subscription_that_was_superseded_is_not_missed() {
    let mut history = History::of(setup());
    ask(history.connect(false), 1, 0x8001);
    history.see(Observation::UnsubscribeAsked { ticket: 2, filter: "in/+" });
    history.device_sends(&packet::unsubscribe(0x8002, "in/+"));
    history.broker_sends(&packet::unsuback(0x8002));
    steadily(&mut history, 3..8);
    history.passes();
}
