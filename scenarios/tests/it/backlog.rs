//! Much at once, after long absence (P9).

use fivewire_core::mqtt::QoS;
use fivewire_scenarios::{mins, secs};
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::Sim;

/// D-15: the flood crashed the ESP8266, which made the flood larger.
#[test]
fn a_backlog_of_five_hundred_messages_drains_without_a_reset() {
    let mut sim = Sim::bridge(1);
    sim.subscribe("in/+");
    sim.run_until_connected();
    sim.run_for(secs(2));
    sim.at_for(0, mins(10), FaultKind::WifiOutage);
    sim.run_for(mins(1));
    for _ in 0..500 {
        sim.witness_publish("in/light", b"on", QoS::AtLeastOnce, false);
    }
    sim.run_for(mins(14));
    sim.assert_told("in/light", 500..=520);
    assert_eq!(sim.counters().esp_resets, 1);
}

/// D-15: even a crash in the middle of it ends.
#[test]
fn a_crash_while_a_backlog_drains_and_grows_converges() {
    let mut sim = Sim::bridge(2);
    sim.subscribe("in/+");
    sim.run_until_connected();
    sim.run_for(secs(2));
    for second in 0..300 {
        if second % 50 == 10 {
            sim.at(0, FaultKind::EspCrash);
        }
        sim.witness_publish("in/light", b"on", QoS::AtLeastOnce, false);
        sim.run_for(secs(1));
    }
    sim.heal_and_settle();
    sim.assert_told("in/light", 300..);
}

#[test]
fn a_burst_of_the_application_is_sent_as_the_window_opens() {
    let mut sim = Sim::bridge(3).configure(|setup| setup.window = 2);
    sim.run_until_connected();
    let tickets: Vec<_> =
        (0..50).map(|_| sim.publish("door/open", b"1", QoS::AtLeastOnce)).collect();
    sim.run_for(secs(30));
    for ticket in tickets {
        sim.assert_acked(ticket);
    }
    sim.assert_received("door/open", 50..=50);
}

#[test]
fn a_message_every_twenty_seconds_and_a_crash_a_day_lose_nothing_in_two_days() {
    let mut sim = Sim::bridge(4).workload(|workload| workload.publish_every_ms = secs(20));
    sim.at(mins(7 * 60), FaultKind::EspCrash).at(mins(31 * 60), FaultKind::EspHang);
    sim.run_for(mins(48 * 60));
    sim.heal_and_settle();
}
