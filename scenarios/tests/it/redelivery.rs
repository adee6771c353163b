//! Order, identifiers, DUP, the window, and acknowledgements that come oddly (P1, P2, P3).

use fivewire_core::mqtt::QoS;
use fivewire_scenarios::{Tap, secs};
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::{Outcome, Sim};

fn connected(seed: u64) -> (Sim, Tap) {
    let (mut sim, tap) = Tap::on(Sim::client(seed));
    sim.run_until_connected();
    (sim, tap)
}

/// D-42: a broker that is slow has it already.
#[test]
fn nothing_is_sent_twice_on_one_connection_however_slow_the_broker_is() {
    let (mut sim, tap) = connected(1);
    sim.at_for(0, secs(18), FaultKind::AcksSwallowed);
    sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(secs(17));
    assert_eq!(tap.publishes("door/open").len(), 1);
    sim.heal_and_settle();
}

/// D-43, D-50: the identifier stays, DUP is set.
#[test]
fn on_a_new_connection_the_identifier_stays_and_dup_is_set() {
    let (mut sim, tap) = connected(2);
    sim.at_for(0, secs(5), FaultKind::AcksSwallowed);
    for _ in 0..3 {
        sim.publish("door/open", b"1", QoS::AtLeastOnce);
    }
    sim.at(secs(1), FaultKind::TcpReset);
    sim.run_for(secs(20));
    let copies = tap.publishes("door/open");
    let ids: Vec<_> = copies.iter().map(|copy| copy.packet_id).collect();
    assert_eq!(ids[..3], ids[3..], "same identifiers, same order");
    assert!(copies[..3].iter().all(|copy| !copy.dup) && copies[3..].iter().all(|copy| copy.dup));
}

#[test]
fn new_publications_follow_those_that_are_redelivered() {
    let (mut sim, tap) = connected(3);
    sim.at_for(0, secs(5), FaultKind::AcksSwallowed);
    let first = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.at(secs(1), FaultKind::TcpReset);
    sim.run_for(secs(1) + 20);
    let second = sim.publish("door/open", b"2", QoS::AtLeastOnce);
    sim.heal_and_settle();
    sim.assert_acked(first);
    sim.assert_acked(second);
    let dups: Vec<_> = tap.publishes("door/open").iter().map(|copy| copy.dup).collect();
    assert_eq!(dups, [false, true, false]);
}

/// D-39: it was cause for a reconnect.
#[test]
fn a_puback_that_comes_twice_is_counted_and_otherwise_ignored() {
    let (mut sim, tap) = connected(4);
    let connects = tap.count("CONNECT");
    sim.at_for(0, secs(10), FaultKind::AcksDoubled);
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(secs(20));
    sim.assert_acked(opened);
    assert_eq!(tap.count("CONNECT"), connects);
    assert!(sim.counters().unknown_acks >= 1);
}

#[test]
fn the_window_is_never_exceeded() {
    let (mut sim, tap) = Tap::on(Sim::client(5).configure(|setup| setup.window = 3));
    sim.run_until_connected();
    sim.at_for(0, secs(5), FaultKind::AcksSwallowed);
    for _ in 0..9 {
        sim.publish("door/open", b"1", QoS::AtLeastOnce);
    }
    sim.run_for(secs(4));
    assert_eq!(tap.publishes("door/open").len(), 3);
    sim.heal_and_settle();
    sim.assert_received("door/open", 9..=12);
}

#[test]
fn qos_0_is_sent_once_or_given_up_but_never_repeated() {
    let (mut sim, tap) = connected(6);
    let said = sim.publish("door/open", b"1", QoS::AtMostOnce);
    sim.at(0, FaultKind::TcpReset);
    sim.heal_and_settle();
    sim.assert_received("door/open", 0..=1);
    assert!(matches!(sim.outcome(said), Some(Outcome::Sent | Outcome::Abandoned)));
    assert!(tap.publishes("door/open").iter().all(|copy| !copy.dup));
}

/// D-01: every publication of the predecessors was retained.
#[test]
fn retain_is_as_published() {
    use fivewire_core::client::Publication;
    let (mut sim, tap) = Tap::on(Sim::bridge(7));
    sim.run_until_connected();
    sim.publish("not/kept", b"1", QoS::AtLeastOnce);
    let kept = Publication { retain: true, ..Publication::new("kept", b"1", QoS::AtLeastOnce) };
    sim.command(|commands| commands.publish(&kept)).unwrap();
    sim.run_for(secs(2));
    assert!(!tap.publishes("not/kept")[0].retain);
    assert!(tap.publishes("kept")[0].retain);
    assert!(sim.broker().retained("kept").is_some() && sim.broker().retained("not/kept").is_none());
}

#[test]
fn a_publication_that_is_cancelled_before_it_leaves_never_arrives() {
    let (mut sim, _) = connected(8);
    sim.at_for(0, secs(10), FaultKind::WifiOutage);
    sim.run_for(secs(1));
    let unwanted = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    assert!(sim.command(|commands| commands.cancel(unwanted)));
    sim.heal_and_settle();
    sim.assert_outcome(unwanted, Outcome::Abandoned);
    sim.assert_received("door/open", 0..=0);
}
