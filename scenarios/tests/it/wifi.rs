//! WiFi comes and goes (P1, P4, P6).

use fivewire_core::mqtt::QoS;
use fivewire_scenarios::{Tap, mins, secs};
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::Sim;

#[test]
fn a_message_published_during_an_outage_arrives_after_it() {
    let mut sim = Sim::client(1);
    sim.run_until_connected();
    sim.at_for(0, secs(30), FaultKind::WifiOutage);
    sim.run_for(secs(5));
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(secs(60));
    sim.assert_acked(opened);
    sim.assert_received("door/open", 1..=1);
    insta::assert_snapshot!(sim.timeline());
}

#[test]
fn an_outage_of_an_hour_is_survived_without_help() {
    let mut sim = Sim::bridge(2);
    sim.run_until_connected();
    sim.at_for(0, mins(60), FaultKind::WifiOutage);
    sim.run_for(secs(10));
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(mins(61));
    sim.assert_acked(opened);
    assert_eq!(sim.counters().esp_resets, 1, "no outage is a reason for a reset");
}

#[test]
fn ten_short_outages_in_a_row_lose_nothing() {
    let mut sim = Sim::bridge(3);
    sim.run_until_connected();
    let mut tickets = Vec::new();
    for _ in 0..10 {
        tickets.push(sim.publish("door/open", b"1", QoS::AtLeastOnce));
        sim.at_for(5, 700, FaultKind::WifiOutage);
        sim.run_for(secs(4));
    }
    sim.heal_and_settle();
    for ticket in tickets {
        sim.assert_acked(ticket);
    }
}

#[test]
fn out_of_range_for_a_few_seconds_keeps_the_connection() {
    let (mut sim, tap) = Tap::on(Sim::client(4));
    sim.run_until_connected();
    let connects = tap.count("CONNECT");
    sim.at_for(0, secs(4), FaultKind::WifiFade);
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(secs(20));
    sim.assert_acked(opened);
    assert_eq!(tap.count("CONNECT"), connects, "TCP carried it over");
}

#[test]
fn a_board_that_starts_before_its_network_connects_when_the_network_comes() {
    let mut sim = Sim::bridge(5);
    sim.at_for(0, mins(5), FaultKind::WifiOutage);
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(mins(6));
    sim.assert_acked(opened);
}

#[test]
fn the_network_is_left_only_where_nothing_answers_at_all() {
    let mut refused = Sim::client(6);
    refused.run_until_connected();
    refused.at(0, FaultKind::TcpReset).at_for(0, mins(2), FaultKind::ConnectRefused);
    refused.run_for(mins(3));
    assert_eq!(refused.counters().wifi_rejoins, 0, "a refusal shows that the network works");

    let mut silent = Sim::client(6);
    silent.run_until_connected();
    silent.at(0, FaultKind::TcpReset).at_for(0, mins(2), FaultKind::ConnectBlackhole);
    silent.run_for(mins(3));
    assert!(silent.counters().wifi_rejoins > 0);
}
