//! A broker is left for an answer that does not come, and not before the time for that is over.

use fivewire_core::client::State;
use fivewire_core::event::{DownReason, Event};
use fivewire_core::mqtt::QoS;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::observation::{ClientStanding, Observation, Standing};
use fivewire_sim::oracle::Promise::{P6, P7};

use crate::history::{History, packet, setup, ticket};

/// Message 1 is acknowledged; message 2 is at the broker by then, which keeps its answer.
fn unanswered() -> History {
    let mut history = History::of(setup());
    stays(history.join_and_connect(false), 1);
    for number in [1, 2] {
        history.publish(number, "a").arrive(number, "a", number as u16, false);
    }
    history.wait_ms(1_000).hears(&packet::puback(1));
    history.see_at_once(Observation::Told(Event::Acked(ticket(1))));
    history
}

/// Nothing but a sign of life in both directions, so many times every 15 s.
fn stays(history: &mut History, times: u32) -> &mut History {
    for _ in 0..times {
        history.wait_ms(14_970).device_sends(&packet::PINGREQ).hears(&[0xD0, 0]);
    }
    history
}

fn leaves(history: &mut History) -> &mut History {
    history.told(Event::Disconnected { reason: DownReason::AckOverdue })
}

#[test]
fn who_waits_long_enough_may_leave() {
    let mut history = unanswered();
    history.begin(0, FaultKind::BrokerHang).end(0);
    leaves(stays(&mut history, 2)).passes();
}

#[test]
fn who_leaves_too_soon_after_the_last_answer_is_caught() {
    let mut history = unanswered();
    leaves(stays(&mut history, 1)).wait_ms(10).breaks(P6, "was left for an answer");
}

#[test]
fn a_cancellation_that_is_refused_for_no_reason_is_caught() {
    let mut history = unanswered();
    history.see(Observation::CancelRefused { ticket: 1 }).wait_ms(10);
    history.hears(&[0xD0, 0]).passes();
    history.see(Observation::CancelRefused { ticket: 2 });
    history.see_at_once(Observation::CancelRefused { ticket: 1 }).wait_ms(10);
    history.hears(&[0xD0, 0]).breaks(P7, "ticket #2 could not be cancelled");
}

/// The client says whether an answer to a SUBSCRIBE or UNSUBSCRIBE is missing, where nothing is wrong.
fn says(history: &mut History, awaits_suback: bool) -> &mut History {
    let silent_for_us = Some(10_000);
    let client = Some(ClientStanding { state: State::Connected, silent_for_us, awaits_suback });
    let standing = Standing { is_ready: true, unreleased: 0, client, esp: None };
    history.see(Observation::SaidToStand(standing))
}

#[test]
fn a_client_that_is_wrong_about_what_it_waits_for_is_caught() {
    let calm = || {
        let mut history = History::of(setup());
        stays(history.join_and_connect(false), 2);
        history
    };
    let asked = || {
        let mut history = calm();
        let (filter, qos) = ("in/#", QoS::AtLeastOnce);
        history.see_at_once(Observation::SubscribeAsked { ticket: 1, filter, qos });
        history
    };
    says(&mut calm(), false).passes();
    says(&mut calm(), true).breaks(P7, "a SUBACK is missing, and nothing was asked");
    says(&mut asked(), true).passes();
    says(&mut asked(), false).breaks(P7, "no SUBACK is missing, and one was asked for");
}
