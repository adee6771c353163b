//! What the world does to a client on one board: each fault of WiFi, TCP and broker bites where it
//! should, is survived, and shows in the timeline.

use fivewire_core::mqtt::QoS;
use fivewire_sim::fault::{FaultKind, Memory};
use fivewire_sim::harness::{Outcome, Sim};

/// A client that is connected and subscribed.
fn connected(seed: u64) -> Sim {
    let mut sim = Sim::client(seed).configure(|setup| setup.filters.push("down/#".to_owned()));
    sim.run_until_connected();
    sim.run_for(1_000);
    sim
}

/// Publishes 100 ms after `kind` began, and expects that it bites and that the message is saved.
#[track_caller]
fn survives(kind: FaultKind, duration_ms: u32) -> Sim {
    let mut sim = connected(7);
    sim.at_for(0, duration_ms, kind);
    sim.run_for(100);
    let ticket = sim.publish("up/0", b"saved", QoS::AtLeastOnce);
    sim.witness_publish("down/0", b"saved too", QoS::AtLeastOnce, false);
    sim.run_for(duration_ms + 1_000);
    sim.heal_and_settle();
    sim.assert_acked(ticket);
    sim.assert_received("up/0", 1..=2);
    let bites: Vec<u64> = sim.world().faults().map(|(_, _, bites)| bites).collect();
    assert_eq!(bites, [1], "{kind:?} was to bite once\n{}", sim.timeline());
    sim
}

#[test]
fn nothing_happens_by_itself() {
    let mut sim = connected(1);
    let ticket = sim.publish("up/0", b"hello", QoS::AtLeastOnce);
    sim.heal_and_settle();
    sim.assert_acked(ticket);
    sim.assert_received("up/0", 1..=1);
    assert_eq!(sim.counters().connections, 1);
}

#[test]
fn an_access_point_that_is_gone_is_joined_again() {
    survives(FaultKind::WifiOutage, 20_000).assert_told("down/0", 1..=2);
}

#[test]
fn a_short_fade_only_delays() {
    let sim = survives(FaultKind::WifiFade, 2_000);
    sim.assert_told("down/0", 1..=1);
    assert_eq!(sim.counters().connections, 1);
}

#[test]
fn a_long_fade_ends_the_connection() {
    let sim = survives(FaultKind::WifiFade, 120_000);
    assert_eq!(sim.counters().connections, 2);
}

#[test]
fn latency_only_delays() {
    let sim = survives(FaultKind::Latency { extra_ms: 2_000 }, 10_000);
    assert_eq!(sim.counters().connections, 1);
}

#[test]
fn a_reset_connection_is_opened_again() {
    survives(FaultKind::TcpReset, 0);
}

#[test]
fn a_half_open_connection_is_noticed_by_silence() {
    survives(FaultKind::TcpHalfOpen, 0);
}

#[test]
fn a_broker_that_closes_is_connected_to_again() {
    survives(FaultKind::BrokerCloses, 0);
}

#[test]
fn a_restarted_broker_is_found_again() {
    survives(FaultKind::BrokerRestart { memory: Memory::Kept }, 10_000).assert_told("down/0", 1..);
    survives(FaultKind::BrokerRestart { memory: Memory::Lost }, 10_000);
}

#[test]
fn a_broker_without_power_is_found_again() {
    survives(FaultKind::BrokerCrash { memory: Memory::Kept }, 10_000).assert_told("down/0", 1..);
    survives(FaultKind::BrokerCrash { memory: Memory::Lost }, 70_000);
}

#[test]
fn a_hanging_broker_is_waited_for() {
    let sim = survives(FaultKind::BrokerHang, 5_000);
    assert_eq!(sim.counters().connections, 1);
    survives(FaultKind::BrokerHang, 60_000);
}

#[test]
fn a_forgotten_session_is_made_again() {
    let sim = survives(FaultKind::SessionLost, 0);
    assert_eq!(sim.broker().subscriptions("device").count(), 1);
    assert!(sim.timeline().contains("has forgotten the session"));
    sim.assert_promises_kept();
}

#[test]
fn acknowledgements_that_are_swallowed_are_asked_for_again() {
    survives(FaultKind::AcksSwallowed, 5_000);
}

#[test]
fn acknowledgements_that_come_twice_are_counted() {
    let sim = survives(FaultKind::AcksDoubled, 5_000);
    assert!(sim.counters().unknown_acks > 0);
}

#[test]
fn bytes_that_are_no_mqtt_end_the_connection() {
    for which in 0..32 {
        let sim = survives(FaultKind::Malformed { which }, 0);
        assert_eq!(sim.counters().connections, 2, "{which}\n{}", sim.timeline());
    }
}

#[test]
fn a_backlog_drains() {
    let mut sim = Sim::client(3)
        .configure(|setup| setup.filters.push("down/#".to_owned()))
        .workload(|workload| workload.inbound_topics.push("down/0".to_owned()));
    sim.run_until_connected();
    sim.run_for(1_000);
    sim.at(0, FaultKind::Backlog { messages: 500 });
    sim.run_for(1);
    sim.heal_and_settle();
    sim.assert_told("down/0", 500..=500);
}

/// What hinders a connection hurts nobody who has one: it bites after a reset.
#[track_caller]
fn hinders(kind: FaultKind) -> Sim {
    let mut sim = connected(5);
    sim.at_for(0, 20_000, kind);
    sim.run_for(5_000);
    assert_eq!(sim.world().faults().map(|(_, _, bites)| bites).sum::<u64>(), 0);
    sim.at(0, FaultKind::TcpReset);
    sim.run_for(10_000);
    assert!(!sim.world().is_connected());
    let ticket = sim.publish("up/0", b"later", QoS::AtLeastOnce);
    sim.run_for(10_000);
    sim.heal_and_settle();
    sim.assert_acked(ticket);
    assert_eq!(sim.world().faults().map(|(_, _, bites)| bites).sum::<u64>(), 2);
    sim
}

#[test]
fn refused_connections_are_tried_again() {
    assert!(hinders(FaultKind::ConnectRefused).timeline().contains("tcp 4 refused"));
}

#[test]
fn connections_without_an_answer_are_tried_again() {
    let sim = hinders(FaultKind::ConnectBlackhole);
    assert!(sim.timeline().contains("timer:open-overdue"));
}

#[test]
fn denied_connections_are_tried_again() {
    assert!(hinders(FaultKind::ConnectDenied { code: 3 }).timeline().contains("CONNACK code=3"));
}

#[test]
fn an_application_that_takes_nothing_gets_everything_later() {
    let mut sim = connected(2);
    sim.at_for(0, 100_000, FaultKind::AppHolds);
    for _ in 0..40 {
        sim.run_for(1_000);
        sim.witness_publish("down/0", &[9; 100], QoS::AtLeastOnce, false);
    }
    sim.assert_told("down/0", 0..=0);
    sim.run_for(60_000);
    sim.heal_and_settle();
    sim.assert_told("down/0", 40..=40);
    assert_eq!(sim.counters().connections, 1, "holding is no silence of the broker");
}

#[test]
fn a_host_that_loses_power_starts_over() {
    let mut sim = connected(4);
    sim.at(0, FaultKind::HostReset);
    sim.run_for(10);
    assert!(!sim.world().is_connected());
    sim.run_until_connected();
    sim.witness_publish("down/0", b"1", QoS::AtLeastOnce, false);
    sim.heal_and_settle();
}

#[test]
fn a_refused_filter_is_told_and_the_others_live() {
    let mut sim = Sim::client(9);
    let misbehaviour = fivewire_sim::broker::Misbehaviour {
        refuse_filter: Some("secret".to_owned()),
        ..Default::default()
    };
    sim.broker_mut().set_misbehaviour(misbehaviour);
    sim.run_until_connected();
    let secret = sim.subscribe("secret");
    let open = sim.subscribe("open");
    sim.heal_and_settle();
    sim.assert_outcome(secret, Outcome::SubscribeRefused);
    sim.assert_outcome(open, Outcome::Subscribed);
}

#[test]
fn a_will_reaches_the_witness_when_the_client_vanishes() {
    let mut sim = Sim::client(6).configure(|setup| {
        setup.will = true;
        setup.keep_alive_s = 10;
    });
    sim.run_until_connected();
    sim.at(0, FaultKind::TcpHalfOpen);
    sim.at_for(0, 60_000, FaultKind::WifiFade);
    sim.run_for(40_000);
    assert!(sim.timeline().contains("receives qos1 will/device"), "{}", sim.timeline());
}

#[test]
fn retransmission_after_a_lost_acknowledgement_reads_like_this() {
    let mut sim = Sim::client(7).configure(|setup| setup.keep_alive_s = 20);
    sim.run_until_connected();
    sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.at_for(15, 10_000, FaultKind::BrokerCrash { memory: Memory::Kept });
    sim.heal_after(10_100);
    sim.assert_received("door/open", 2..=2);
    insta::assert_snapshot!(sim.timeline());
}
