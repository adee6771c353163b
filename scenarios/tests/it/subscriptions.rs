//! Subscriptions: asked for once, renewed, refused, ended (P4).

use fivewire_core::event::Ticket;
use fivewire_core::mqtt::QoS;
use fivewire_scenarios::{Tap, secs};
use fivewire_sim::fault::{FaultKind, Memory};
use fivewire_sim::harness::{Outcome, Sim};

/// D-25: the predecessors asked twice, and got retained messages twice.
#[test]
fn a_subscription_made_before_anything_is_up_is_asked_for_exactly_once() {
    let (mut sim, tap) = Tap::on(Sim::bridge(1));
    let light = sim.subscribe("in/light");
    sim.run_until_connected();
    sim.run_for(secs(2));
    assert_eq!(tap.count("SUBSCRIBE"), 1);
    sim.assert_outcome(light, Outcome::Subscribed);
}

/// D-12: the predecessors looked the topic up among the filters, letter by letter.
#[test]
fn a_message_that_matches_a_wildcard_reaches_the_application() {
    let mut sim = Sim::bridge(2);
    sim.subscribe("in/+/state");
    sim.subscribe("alarm/#");
    sim.run_until_connected();
    sim.run_for(secs(2));
    for topic in ["in/7/state", "alarm", "alarm/fire/1"] {
        sim.witness_publish(topic, b"1", QoS::AtLeastOnce, false);
        sim.run_for(secs(1));
        sim.assert_told(topic, 1..=1);
    }
}

/// D-26, D-38: told once, and not asked for again on this or any later connection.
#[test]
fn a_refused_subscription_is_told_once_and_not_asked_for_again() {
    let refusing =
        Sim::client(3).configure(|setup| setup.refused_filter = Some("secret/#".to_owned()));
    let (mut sim, tap) = Tap::on(refusing);
    let light = sim.subscribe("in/light");
    sim.run_until_connected();
    sim.run_for(secs(2));
    sim.assert_outcome(Ticket::FIRST, Outcome::SubscribeRefused);
    sim.assert_outcome(light, Outcome::Subscribed);
    sim.at_for(0, secs(2), FaultKind::BrokerRestart { memory: Memory::Lost });
    sim.run_for(secs(30));
    let asked = tap.all("SUBSCRIBE").iter().filter(|seen| seen.topic == "secret/#").count();
    assert_eq!((asked, tap.count("SUBSCRIBE")), (1, 3));
}

#[test]
fn a_session_that_was_kept_needs_no_renewal() {
    let (mut sim, tap) = Tap::on(Sim::client(4));
    sim.subscribe("in/light");
    sim.run_until_connected();
    sim.run_for(secs(1));
    sim.at(0, FaultKind::TcpReset);
    sim.run_for(secs(10));
    assert_eq!(tap.count("SUBSCRIBE"), 1);
    sim.witness_publish("in/light", b"1", QoS::AtLeastOnce, false);
    sim.run_for(secs(1));
    sim.assert_told("in/light", 1..=1);
}

#[test]
fn an_ended_subscription_stays_ended() {
    let (mut sim, tap) = Tap::on(Sim::bridge(5));
    sim.subscribe("in/light");
    sim.run_until_connected();
    sim.run_for(secs(2));
    let ended = sim.unsubscribe("in/light");
    sim.run_for(secs(2));
    sim.assert_outcome(ended, Outcome::Unsubscribed);
    sim.at(0, FaultKind::EspCrash);
    sim.run_for(secs(15));
    sim.witness_publish("in/light", b"1", QoS::AtLeastOnce, false);
    sim.run_for(secs(2));
    sim.assert_told("in/light", 0..=0);
    assert_eq!(tap.count("SUBSCRIBE"), 1);
}

#[test]
fn the_end_of_a_subscription_that_never_was_completes() {
    let mut sim = Sim::client(6);
    sim.run_until_connected();
    let ended = sim.unsubscribe("never/asked/for");
    sim.run_for(secs(1));
    sim.assert_outcome(ended, Outcome::Unsubscribed);
}

#[test]
fn a_request_that_another_one_overtakes_is_told_so() {
    let mut sim = Sim::bridge(9);
    let asked = sim.subscribe("in/light");
    let ended = sim.unsubscribe("in/light");
    let again = sim.subscribe("in/light");
    sim.run_until_connected();
    sim.run_for(secs(2));
    sim.assert_outcome(asked, Outcome::Superseded);
    sim.assert_outcome(ended, Outcome::Superseded);
    sim.assert_outcome(again, Outcome::Subscribed);
}

#[test]
fn after_an_esp_crash_each_subscription_is_asked_for_once() {
    let (mut sim, tap) = Tap::on(Sim::bridge(7));
    for filter in ["a", "b/+", "c/#"] {
        sim.subscribe(filter);
    }
    sim.run_until_connected();
    sim.run_for(secs(2));
    sim.at(0, FaultKind::EspCrash);
    sim.run_for(secs(15));
    let last = tap.all("CONNECT").last().unwrap().connection;
    let mut filters: Vec<_> = tap
        .all("SUBSCRIBE")
        .into_iter()
        .filter(|seen| seen.connection == last)
        .map(|seen| seen.topic)
        .collect();
    filters.sort();
    assert_eq!(filters, ["a", "b/+", "c/#"]);
}

/// D-30: the predecessors passed the text `False`, which is true.
#[test]
fn only_what_the_broker_had_kept_is_told_as_retained() {
    use fivewire_core::event::Event;
    use fivewire_core::time::Instant;
    use fivewire_sim::observation::{Observation, Observer};
    use std::{cell::RefCell, rc::Rc};

    #[derive(Clone, Default)]
    struct Retained(Rc<RefCell<Vec<bool>>>);
    impl Observer for Retained {
        fn observe(&mut self, _: Instant, observation: &Observation<'_>) {
            if let Observation::Told(Event::Message(message)) = observation {
                self.0.borrow_mut().push(message.retain);
            }
        }
    }

    let retained = Retained::default();
    let mut sim = Sim::bridge(8).watched_by(Box::new(retained.clone()));
    sim.witness_publish("in/light", b"kept", QoS::AtLeastOnce, true);
    sim.subscribe("in/light");
    sim.run_until_connected();
    sim.run_for(secs(2));
    sim.witness_publish("in/light", b"fresh", QoS::AtLeastOnce, false);
    sim.run_for(secs(2));
    assert_eq!(*retained.0.borrow(), [true, false]);
}
