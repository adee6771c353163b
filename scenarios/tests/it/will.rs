//! The will is told when the client vanishes, and only then (P10).

use fivewire_core::mqtt::QoS;
use fivewire_scenarios::{Tap, mins, secs};
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::Sim;
use fivewire_sim::observation::{Observation, Observer};

const WILL_TOPIC: &str = "will/device";

#[derive(Clone, Default)]
struct Wills(std::rc::Rc<std::cell::RefCell<usize>>);

impl Wills {
    fn on(sim: Sim) -> (Sim, Self) {
        let wills = Self::default();
        (sim.configure(|setup| setup.will = true).watched_by(Box::new(wills.clone())), wills)
    }

    fn count(&self) -> usize {
        *self.0.borrow()
    }
}

impl Observer for Wills {
    fn observe(&mut self, _: fivewire_core::time::Instant, observation: &Observation<'_>) {
        if let Observation::WitnessReceived { topic: WILL_TOPIC, .. } = observation {
            *self.0.borrow_mut() += 1;
        }
    }
}

#[test]
fn a_client_that_stays_away_is_told_of_within_one_and_a_half_keep_alives() {
    let (mut sim, wills) = Wills::on(Sim::bridge(1));
    sim.run_until_connected();
    sim.at_for(0, mins(10), FaultKind::WifiOutage);
    sim.run_for(secs(91));
    assert_eq!(wills.count(), 1);
}

#[test]
fn a_purposeful_end_is_no_case_for_the_will() {
    let (mut sim, wills) = Wills::on(Sim::bridge(2));
    sim.run_until_connected();
    sim.run_for(secs(1));
    let before = wills.count();
    sim.command(|commands| commands.shut_down());
    sim.run_for(mins(5));
    assert_eq!(wills.count(), before);
}

/// D-02: the will of the predecessors was always retained.
#[test]
fn the_will_is_in_every_connect_and_its_retain_flag_is_as_configured() {
    let (sim, _) = Wills::on(Sim::bridge(3));
    let (mut sim, tap) = Tap::on(sim);
    sim.run_until_connected();
    for fault in [FaultKind::TcpReset, FaultKind::EspCrash, FaultKind::HostReset] {
        sim.at(0, fault);
        sim.run_for(secs(20));
    }
    let connects = tap.all("CONNECT");
    assert!(connects.len() >= 5);
    assert!(connects.iter().all(|connect| connect.topic == WILL_TOPIC && !connect.retain));
}

#[test]
fn a_shut_down_flushes_disconnect_and_abandons_what_is_left() {
    let (mut sim, tap) = Tap::on(Sim::client(4));
    sim.run_until_connected();
    let before = tap.count("DISCONNECT");
    sim.at_for(0, secs(5), FaultKind::AcksSwallowed);
    let unacked = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(100);
    sim.command(|commands| commands.shut_down());
    sim.run_for(secs(2));
    sim.assert_outcome(unacked, fivewire_sim::harness::Outcome::Abandoned);
    assert_eq!(tap.count("DISCONNECT"), before + 1);
}
