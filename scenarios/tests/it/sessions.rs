//! Clean and persistent sessions, and the clean slate (P3, P5).

use fivewire_core::mqtt::QoS;
use fivewire_scenarios::{Tap, mins, secs};
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::Sim;

/// D-36: a session that was kept was an error.
#[test]
fn a_session_that_is_present_is_welcome() {
    let mut sim = Sim::client(1).configure(|setup| setup.clean_init = false);
    sim.subscribe("in/light");
    sim.run_until_connected();
    sim.run_for(secs(1));
    for _ in 0..3 {
        sim.at(0, FaultKind::TcpReset);
        sim.run_for(secs(10));
        assert!(sim.world().is_connected());
    }
}

#[test]
fn what_the_broker_kept_during_an_outage_is_delivered_after_it() {
    let mut sim = Sim::bridge(2);
    sim.subscribe("in/light");
    sim.run_until_connected();
    sim.run_for(secs(2));
    sim.at_for(0, mins(3), FaultKind::WifiOutage);
    sim.run_for(mins(2));
    sim.witness_publish("in/light", b"on", QoS::AtLeastOnce, false);
    sim.run_for(mins(2));
    sim.assert_told("in/light", 1..=1);
}

#[test]
fn the_clean_slate_is_connect_disconnect_connect() {
    let (mut sim, tap) = Tap::on(Sim::client(3));
    sim.run_until_connected();
    let clean: Vec<_> = tap.all("CONNECT").iter().map(|seen| seen.clean_session).collect();
    assert_eq!((clean, tap.count("DISCONNECT")), (vec![true, false], 1));
    insta::assert_snapshot!(sim.timeline());
    sim.at(0, FaultKind::TcpReset);
    sim.run_for(secs(10));
    assert_eq!(tap.count("DISCONNECT"), 1, "once");
}

/// D-14: every start of the ESP8266 threw the session away.
#[test]
fn the_session_outlives_every_crash_of_the_esp() {
    let (mut sim, tap) = Tap::on(Sim::bridge(4));
    sim.subscribe("in/light");
    sim.run_until_connected();
    sim.run_for(secs(2));
    for crashes in 1..=3 {
        sim.at(0, FaultKind::EspHang);
        sim.run_for(secs(2));
        sim.witness_publish("in/light", b"on", QoS::AtLeastOnce, false);
        sim.run_for(secs(20));
        sim.assert_told("in/light", crashes..=crashes);
    }
    assert_eq!(tap.all("CONNECT").iter().filter(|seen| seen.clean_session).count(), 1);
}

#[test]
fn a_host_that_powers_up_again_asks_for_a_clean_slate_again() {
    let (mut sim, tap) = Tap::on(Sim::bridge(5));
    sim.run_until_connected();
    sim.at(0, FaultKind::HostReset);
    sim.run_for(secs(20));
    assert_eq!(tap.all("CONNECT").iter().filter(|seen| seen.clean_session).count(), 2);
}

#[test]
fn a_clean_session_is_clean_on_every_connection_and_subscribes_on_every_one() {
    let (mut sim, tap) = Tap::on(Sim::client(6).configure(|setup| setup.clean_session = true));
    sim.subscribe("in/light");
    sim.run_until_connected();
    sim.run_for(secs(1));
    sim.at(0, FaultKind::TcpReset);
    sim.run_for(secs(10));
    assert!(tap.all("CONNECT").iter().all(|seen| seen.clean_session));
    assert_eq!((tap.count("CONNECT"), tap.count("SUBSCRIBE")), (2, 2));
}

#[test]
fn a_broker_that_forgot_the_session_gets_unacknowledged_publications_all_the_same() {
    let mut sim = Sim::client(7);
    sim.run_until_connected();
    sim.at_for(0, secs(4), FaultKind::AcksSwallowed);
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.at(secs(1), FaultKind::SessionLost);
    sim.run_for(secs(30));
    sim.assert_acked(opened);
}

/// The broker began a new session with a CONNECT whose CONNACK nobody saw. On the next connection
/// that session is present, but it is not the one that knew our subscriptions.
#[test]
fn a_connack_that_was_never_seen_may_have_begun_another_session() {
    use fivewire_sim::fault::Memory;
    let mut sim = Sim::client(8);
    sim.subscribe("in/light");
    sim.run_until_connected();
    sim.run_for(secs(1));
    sim.at_for(0, secs(1), FaultKind::BrokerRestart { memory: Memory::Lost });
    sim.at_for(secs(1), secs(20), FaultKind::BrokerHang);
    sim.run_for(mins(2));
    sim.witness_publish("in/light", b"on", QoS::AtLeastOnce, false);
    sim.run_for(secs(2));
    sim.assert_told("in/light", 1..=1);
}
