//! Brokers restart, hang, refuse (P1, P4, P6).

use fivewire_core::mqtt::QoS;
use fivewire_scenarios::{Tap, mins, secs};
use fivewire_sim::fault::{FaultKind, Memory};
use fivewire_sim::harness::Sim;

const FORGETFUL: FaultKind = FaultKind::BrokerRestart { memory: Memory::Lost };
const FAITHFUL: FaultKind = FaultKind::BrokerRestart { memory: Memory::Kept };

#[test]
fn a_broker_restart_does_not_touch_the_network() {
    let mut sim = Sim::client(1);
    sim.run_until_connected();
    sim.at_for(0, secs(20), FAITHFUL);
    sim.run_for(secs(5));
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(secs(60));
    sim.assert_acked(opened);
    assert_eq!(sim.counters().wifi_rejoins, 0);
    insta::assert_snapshot!(sim.timeline());
}

#[test]
fn a_broker_that_lost_everything_gets_publications_and_subscriptions_again() {
    let mut sim = Sim::bridge(2);
    sim.subscribe("in/+");
    sim.run_until_connected();
    sim.run_for(secs(2));
    sim.at_for(0, secs(10), FORGETFUL);
    sim.run_for(secs(1));
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(secs(60));
    sim.assert_acked(opened);
    sim.witness_publish("in/light", b"on", QoS::AtLeastOnce, false);
    sim.run_for(secs(2));
    sim.assert_told("in/light", 1..=1);
}

/// D-49: the connection after the first loss is not the only one that subscribes again.
#[test]
fn subscriptions_come_back_after_every_loss_not_only_after_the_first() {
    let (mut sim, tap) = Tap::on(Sim::client(3));
    sim.subscribe("in/+");
    sim.run_until_connected();
    sim.run_for(secs(1));
    for losses in 1..=4 {
        sim.at_for(0, secs(3), FORGETFUL);
        sim.run_for(secs(30));
        assert_eq!(tap.count("SUBSCRIBE"), 1 + losses, "once each time");
    }
    sim.witness_publish("in/light", b"on", QoS::AtLeastOnce, false);
    sim.run_for(secs(1));
    sim.assert_told("in/light", 1..=1);
}

#[test]
fn a_broker_that_hangs_is_left_and_found_again() {
    let mut sim = Sim::client(4);
    sim.run_until_connected();
    sim.at_for(0, mins(2), FaultKind::BrokerHang);
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(mins(3));
    sim.assert_acked(opened);
}

#[test]
fn a_broker_that_acknowledges_nothing_is_left_in_bounded_time() {
    let (mut sim, tap) = Tap::on(Sim::client(5));
    sim.run_until_connected();
    sim.at_for(0, secs(50), FaultKind::AcksSwallowed);
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(secs(40));
    assert!(tap.publishes("door/open").len() >= 2, "it was sent again on another connection");
    sim.heal_and_settle();
    sim.assert_acked(opened);
}

#[test]
fn an_acknowledgement_that_is_left_out_is_missed_however_many_others_come() {
    let mut sim = Sim::client(18).workload(|workload| workload.publish_every_ms = 2_000);
    sim.run_until_connected();
    sim.at_for(0, secs(1), FaultKind::AcksSwallowed);
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(secs(30));
    sim.assert_acked(opened);
}

#[test]
fn a_subscription_that_is_left_unanswered_is_asked_for_again_however_much_else_is_answered() {
    let mut sim = Sim::client(19).workload(|workload| workload.publish_every_ms = 2_000);
    sim.run_until_connected();
    sim.at_for(0, secs(1), FaultKind::AcksSwallowed);
    sim.subscribe("in/+");
    sim.run_for(secs(30));
    sim.witness_publish("in/light", b"on", QoS::AtLeastOnce, false);
    sim.run_for(secs(2));
    sim.assert_told("in/light", 1..=1);
}

/// D-46: a refusal is final for the attempt, said once, and no reason to spin.
#[test]
fn a_refused_connection_is_tried_again_at_the_pace_of_the_back_off() {
    let (mut sim, tap) = Tap::on(Sim::client(6));
    sim.run_until_connected();
    let before = tap.count("CONNECT");
    sim.at(0, FaultKind::TcpReset).at_for(0, mins(10), FaultKind::ConnectDenied { code: 5 });
    sim.run_for(mins(10));
    let attempts = tap.count("CONNECT") - before;
    assert!((60..=170).contains(&attempts), "{attempts} attempts in ten minutes");
    sim.heal_and_settle();
}

#[test]
fn a_broker_that_is_not_there_yet_is_waited_for() {
    let mut sim = Sim::bridge(7);
    sim.at_for(0, mins(4), FAITHFUL);
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(mins(5));
    sim.assert_acked(opened);
}

#[test]
fn a_broker_whose_machine_lost_power_says_nothing_and_is_noticed_all_the_same() {
    let mut sim = Sim::bridge(8);
    sim.run_until_connected();
    sim.at_for(0, mins(3), FaultKind::BrokerCrash { memory: Memory::Kept });
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(mins(4));
    sim.assert_acked(opened);
}

/// A device asks for QoS 1 at most; a broker may send QoS 2 all the same.
#[test]
fn what_comes_with_qos_2_is_told_once_and_answered_to_its_end() {
    for new in [Sim::client as fn(u64) -> Sim, Sim::bridge] {
        let (mut sim, tap) = Tap::on(new(5));
        sim.subscribe("in/+");
        sim.run_until_connected();
        sim.run_for(secs(1));
        sim.at_for(0, secs(30), FaultKind::QosExceeded);
        sim.run_for(10);
        for _ in 0..20 {
            sim.witness_publish("in/light", b"on", QoS::AtLeastOnce, false);
            sim.run_for(100);
        }
        sim.at(0, FaultKind::TcpReset);
        sim.run_for(secs(20));
        sim.assert_told("in/light", 20..=21);
        assert!(tap.count("PUBCOMP") >= 20, "each is completed");
        assert_eq!(sim.counters().connections, 2, "only the reset ended a connection");
        sim.heal_and_settle();
    }
}
