//! The link and the host of the bridge (P1, P6, P8).

use fivewire_core::mqtt::QoS;
use fivewire_scenarios::{Tap, mins, secs};
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::Sim;

fn connected(seed: u64) -> (Sim, Tap) {
    let (mut sim, tap) = Tap::on(Sim::bridge(seed));
    sim.run_until_connected();
    sim.run_for(secs(1));
    (sim, tap)
}

#[test]
fn a_link_that_is_lost_and_found_costs_neither_a_reset_nor_a_connection() {
    let (mut sim, tap) = connected(1);
    let connects = tap.count("CONNECT");
    sim.at(0, FaultKind::LinkReset);
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(secs(10));
    sim.assert_acked(opened);
    sim.assert_received("door/open", 1..=1);
    assert_eq!(tap.count("CONNECT"), connects);
    assert_eq!(sim.counters().esp_resets, 1);
    insta::assert_snapshot!(sim.timeline());
}

#[test]
fn a_link_reset_at_any_instant_of_a_publication_neither_loses_nor_repeats_it() {
    for after_ms in (0..120).step_by(5) {
        let (mut sim, _) = connected(u64::from(after_ms));
        let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
        sim.at(after_ms, FaultKind::LinkReset);
        sim.run_for(secs(10));
        sim.assert_acked(opened);
        sim.assert_received("door/open", 1..=1);
    }
}

#[test]
fn a_dead_link_is_ended_by_the_watchdog() {
    let (mut sim, _) = connected(2);
    sim.at_for(0, secs(30), FaultKind::LinkDead);
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(mins(2));
    sim.assert_acked(opened);
    assert!(sim.counters().esp_resets > 1);
}

#[test]
fn a_host_that_was_busy_for_a_minute_resets_nobody() {
    let (mut sim, _) = connected(3);
    sim.at_for(0, secs(60), FaultKind::HostBusy);
    sim.run_for(mins(2));
    assert_eq!(sim.counters().esp_resets, 1);
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(secs(2));
    sim.assert_acked(opened);
}

#[test]
fn whatever_wifi_and_broker_do_the_esp_is_not_reset() {
    let (mut sim, _) = connected(4);
    sim.at_for(0, mins(10), FaultKind::WifiOutage)
        .at_for(mins(11), mins(10), FaultKind::ConnectBlackhole)
        .at(mins(11), FaultKind::TcpReset)
        .at_for(mins(22), mins(10), FaultKind::BrokerHang)
        .at_for(mins(33), mins(10), FaultKind::WifiFade);
    sim.run_for(mins(45));
    assert_eq!(sim.counters().esp_resets, 1);
}

#[test]
fn several_publications_are_under_way_at_once() {
    let mut sim = Sim::bridge(5);
    sim.run_until_connected();
    sim.at_for(0, secs(20), FaultKind::Latency { extra_ms: 1_000 });
    sim.run_for(100);
    let tickets: Vec<_> =
        (0..8).map(|_| sim.publish("door/open", b"1", QoS::AtLeastOnce)).collect();
    sim.run_for(secs(3));
    for ticket in tickets {
        sim.assert_acked(ticket);
    }
}

#[test]
fn a_host_that_lost_power_starts_the_whole_chain_again() {
    let (mut sim, _) = connected(6);
    sim.at(0, FaultKind::HostReset);
    sim.run_for(secs(20));
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(secs(2));
    sim.assert_acked(opened);
}
