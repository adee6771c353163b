//! Keep alive: neither too quiet nor too patient (P6, P9) [MQTT-3.1.2-23].

use fivewire_core::mqtt::QoS;
use fivewire_scenarios::{Tap, mins, secs};
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::Sim;

/// D-48: the fork never pinged.
#[test]
fn an_idle_connection_is_kept_alive_for_hours() {
    let (mut sim, tap) = Tap::on(Sim::client(1));
    sim.run_until_connected();
    sim.run_for(mins(180));
    assert!(sim.world().is_connected());
    assert_eq!(tap.count("CONNECT"), 2, "the clean slate and the one that lasts");
    let pings = tap.count("PINGREQ");
    assert!((700..=725).contains(&pings), "{pings}: one each quarter of keep alive");
}

#[test]
fn a_busy_connection_is_not_pinged() {
    let (mut sim, tap) = Tap::on(Sim::client(2));
    sim.run_until_connected();
    for _ in 0..60 {
        sim.publish("door/open", b"1", QoS::AtLeastOnce);
        sim.run_for(secs(5));
    }
    assert_eq!(tap.count("PINGREQ"), 0);
}

#[test]
fn without_keep_alive_a_dead_broker_is_noticed_all_the_same() {
    let mut sim = Sim::client(3).configure(|setup| setup.keep_alive_s = 0);
    sim.run_until_connected();
    sim.run_for(secs(1));
    sim.at(0, FaultKind::TcpHalfOpen);
    sim.run_for(secs(15 + 6 + 1));
    assert_eq!(sim.counters().connections, 2);
}

#[test]
fn a_short_keep_alive_is_kept_with_drifting_clocks() {
    let (mut sim, tap) = Tap::on(Sim::bridge(4).configure(|setup| {
        setup.keep_alive_s = 5;
        setup.host_drift_ppm = -400;
        setup.esp_drift_ppm = 400;
    }));
    sim.run_until_connected();
    sim.run_for(mins(30));
    assert!(sim.world().is_connected());
    assert_eq!(tap.count("CONNECT"), 2);
}
