//! Brokers that break the protocol (P12).

use fivewire_core::event::{DownReason, Event};
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;
use fivewire_scenarios::secs;
use fivewire_sim::broker::MALFORMED;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::Sim;
use fivewire_sim::observation::{Observation, Observer};
use std::{cell::RefCell, rc::Rc};

#[derive(Clone, Default)]
struct Clauses(Rc<RefCell<Vec<&'static str>>>);

impl Observer for Clauses {
    fn observe(&mut self, _: Instant, observation: &Observation<'_>) {
        if let Observation::Told(Event::Disconnected { reason: DownReason::Breach(breach) }) =
            observation
        {
            self.0.borrow_mut().push(breach.clause());
        }
    }
}

/// D-44, D-45: unknown types and bad texts left the predecessors deaf or out of step.
#[test]
fn every_breach_ends_the_connection_with_its_clause_and_is_recovered_from() {
    for (which, malformed) in (0..).zip(MALFORMED) {
        let clauses = Clauses::default();
        let mut sim = Sim::bridge(1).watched_by(Box::new(clauses.clone()));
        sim.run_until_connected();
        sim.run_for(secs(1));
        sim.at(0, FaultKind::Malformed { which });
        let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
        sim.run_for(secs(20));
        sim.assert_acked(opened);
        assert_eq!(*clauses.0.borrow(), [malformed.clause], "{}", malformed.name);
    }
}

/// D-44: a payload that is no text stopped all reception.
#[test]
fn a_payload_may_be_any_bytes() {
    let mut sim = Sim::bridge(2);
    sim.subscribe("in/raw");
    sim.run_until_connected();
    sim.run_for(secs(2));
    let every_byte: Vec<u8> = (0..=255).collect();
    sim.witness_publish("in/raw", &every_byte, QoS::AtLeastOnce, false);
    sim.witness_publish("in/raw", &[], QoS::AtLeastOnce, false);
    sim.witness_publish("in/raw", &[0xFF, 0xFE, 0x7F, 0x00], QoS::AtLeastOnce, false);
    sim.run_for(secs(2));
    sim.assert_told("in/raw", 3..=3);
}

/// D-51: the predecessor's fork noted a publication only after sending it.
#[test]
fn an_acknowledgement_that_comes_at_once_is_not_missed() {
    let mut sim =
        Sim::client(3).configure(|setup| (setup.latency_min_ms, setup.latency_max_ms) = (0, 0));
    sim.run_until_connected();
    for _ in 0..20 {
        let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
        sim.run_for(10);
        sim.assert_acked(opened);
    }
    sim.assert_received("door/open", 20..=20);
}

#[test]
fn a_message_larger_than_the_receive_buffer_is_told_and_does_not_come_for_ever() {
    let mut sim = Sim::client(4);
    sim.subscribe("in/large");
    sim.run_until_connected();
    sim.run_for(secs(1));
    sim.witness_publish("in/large", &[7; 64 * 1024], QoS::AtLeastOnce, false);
    sim.witness_publish("in/large", b"small", QoS::AtLeastOnce, false);
    sim.run_for(secs(10));
    sim.assert_told("in/large", 1..=1);
    assert_eq!((sim.counters().too_large_in, sim.counters().connections), (1, 1));
}
