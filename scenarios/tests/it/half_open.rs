//! Connections that only one end believes in (P1, P6).

use fivewire_core::mqtt::QoS;
use fivewire_scenarios::{Tap, secs};
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::Sim;

#[test]
fn a_half_open_connection_is_noticed_within_a_ping_and_its_answer() {
    let mut sim = Sim::client(1);
    sim.run_until_connected();
    sim.run_for(secs(1));
    sim.at(0, FaultKind::TcpHalfOpen);
    sim.run_for(secs(15 + 6 + 1));
    assert_eq!(sim.counters().connections, 2);
    insta::assert_snapshot!(sim.timeline());
}

#[test]
fn what_went_into_a_half_open_connection_is_sent_again() {
    let mut sim = Sim::bridge(2);
    sim.run_until_connected();
    sim.at(0, FaultKind::TcpHalfOpen);
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(secs(40));
    sim.assert_acked(opened);
    sim.assert_received("door/open", 1..=1);
}

#[test]
fn a_client_that_only_publishes_with_qos_0_notices_too() {
    let mut sim = Sim::client(3);
    sim.run_until_connected();
    sim.at(0, FaultKind::TcpHalfOpen);
    for _ in 0..30 {
        sim.publish("temperature", b"21", QoS::AtMostOnce);
        sim.run_for(secs(1));
    }
    assert_eq!(sim.counters().connections, 2);
}

#[test]
fn the_new_connection_takes_over_from_the_one_that_the_broker_still_believes_in() {
    let (mut sim, tap) = Tap::on(Sim::client(4));
    sim.subscribe("in/light");
    sim.run_until_connected();
    sim.run_for(secs(1));
    sim.at(0, FaultKind::TcpHalfOpen);
    sim.run_for(secs(30));
    sim.witness_publish("in/light", b"on", QoS::AtLeastOnce, false);
    sim.run_for(secs(2));
    sim.assert_told("in/light", 1..=1);
    assert_eq!(tap.count("SUBSCRIBE"), 1, "the session was kept");
}
