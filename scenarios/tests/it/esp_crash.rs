//! The ESP8266 crashes, hangs, boots slowly (P1, P3, P5, P8).

use fivewire_core::mqtt::QoS;
use fivewire_scenarios::{Tap, mins, secs};
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::Sim;

fn connected(seed: u64) -> Sim {
    let mut sim = Sim::bridge(seed);
    sim.run_until_connected();
    sim.run_for(secs(1));
    sim
}

/// D-03: the predecessors called it a success and lost it.
#[test]
fn what_is_in_flight_at_a_crash_is_neither_lost_nor_called_acked() {
    let mut sim = connected(1).configure_latency();
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.at(15, FaultKind::EspCrash);
    sim.run_for(100);
    assert_eq!(sim.outcome(opened), None, "nobody knows yet");
    sim.run_for(secs(30));
    sim.assert_acked(opened);
    sim.assert_received("door/open", 1..=2);
    insta::assert_snapshot!(sim.timeline());
}

/// D-03: nothing of the application overtakes the settings of a new start.
#[test]
fn publications_queued_during_a_reboot_all_arrive_and_cost_no_further_reset() {
    let mut sim = connected(2);
    sim.at(0, FaultKind::EspCrash);
    let tickets: Vec<_> = (0..4)
        .map(|_| {
            sim.run_for(100);
            sim.publish("door/open", b"1", QoS::AtLeastOnce)
        })
        .collect();
    sim.run_for(secs(30));
    for ticket in tickets {
        sim.assert_acked(ticket);
    }
    assert_eq!(sim.counters().esp_resets, 1, "only the one at power-up");
}

#[test]
fn a_crash_at_any_instant_of_a_publication_loses_nothing() {
    for after_ms in (0..200).step_by(7) {
        let mut sim = connected(u64::from(after_ms));
        let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
        sim.at(after_ms, FaultKind::EspCrash);
        sim.run_for(secs(30));
        sim.assert_acked(opened);
        sim.assert_received("door/open", 1..=2);
    }
}

/// D-43, D-50: the identifier is the host's, and DUP is set although the ESP8266 knows of nothing.
#[test]
fn after_a_crash_the_same_packet_identifier_is_used_with_dup() {
    let (sim, tap) = Tap::on(Sim::bridge(3));
    let mut sim = sim;
    sim.run_until_connected();
    sim.at_for(0, secs(3), FaultKind::AcksSwallowed);
    sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.at(secs(1), FaultKind::EspCrash);
    sim.run_for(secs(30));
    let copies = tap.publishes("door/open");
    assert_eq!(copies.len(), 2);
    assert_eq!(copies[0].packet_id, copies[1].packet_id);
    assert_eq!((copies[0].dup, copies[1].dup), (false, true));
}

/// D-04: one reset is not enough for a chip that stays silent.
#[test]
fn an_esp_that_stays_silent_after_a_reset_is_reset_again() {
    let mut sim = connected(4);
    sim.at_for(0, secs(60), FaultKind::EspSlowBoot).at(0, FaultKind::EspHang);
    for hang in [secs(11), secs(25), secs(40)] {
        sim.at(hang, FaultKind::EspHang);
    }
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(mins(3));
    sim.assert_acked(opened);
    assert!(sim.counters().esp_resets >= 3);
}

/// D-07: the link's clock runs on, and nobody obeys.
#[test]
fn a_dead_command_task_is_noticed_although_everything_else_lives() {
    let mut sim = connected(5);
    sim.at(0, FaultKind::EspCommandTaskDies);
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(secs(30));
    sim.assert_acked(opened);
    assert_eq!(sim.counters().esp_resets, 2);
    insta::assert_snapshot!(sim.timeline());
}

#[test]
fn a_hung_esp_is_back_within_the_watchdog_and_six_seconds() {
    let mut sim = connected(6);
    sim.at(0, FaultKind::EspHang);
    sim.run_for(secs(10) + secs(6));
    assert!(sim.world().is_connected());
}

/// D-13: the predecessors acknowledged what was only in the ESP8266's memory.
#[test]
fn a_message_that_the_host_never_got_is_delivered_again_after_a_crash() {
    for after_ms in (0..60).step_by(3) {
        let mut sim =
            Sim::bridge(u64::from(after_ms)).configure(|setup| setup.release_after_ms = Some(50));
        sim.subscribe("in/+");
        sim.run_until_connected();
        sim.run_for(secs(2));
        sim.witness_publish("in/light", b"on", QoS::AtLeastOnce, false);
        sim.at(after_ms, FaultKind::EspCrash);
        sim.run_for(secs(30));
        sim.assert_told("in/light", 1..=2);
    }
}

/// D-19: whoever asks is told the truth at once.
#[test]
fn the_application_is_told_that_the_connection_went_with_a_crash() {
    let mut sim = connected(7);
    assert!(sim.world().is_connected());
    sim.at(0, FaultKind::EspCrash);
    sim.run_for(200);
    assert!(!sim.world().is_connected());
    sim.run_for(secs(10));
    assert!(sim.world().is_connected());
}

#[test]
fn a_supply_that_sags_for_a_minute_is_survived() {
    let mut sim = connected(8);
    sim.at_for(0, secs(60), FaultKind::EspBrownOut);
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(mins(2));
    sim.assert_acked(opened);
}

trait Slowly {
    fn configure_latency(self) -> Self;
}

impl Slowly for Sim {
    /// Makes the way to the broker slow enough to crash on it.
    fn configure_latency(mut self) -> Self {
        self.at_for(0, secs(1), FaultKind::Latency { extra_ms: 50 });
        self
    }
}
