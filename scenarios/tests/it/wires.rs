//! The five wires, edge by edge (P1, P6, P8, and what the link promises them).

use std::cell::Cell;
use std::rc::Rc;

use fivewire_core::client::Publication;
use fivewire_core::error::PublishError;
use fivewire_core::event::{Event, Unsuited};
use fivewire_core::link::{DownReason, Peer};
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;
use fivewire_scenarios::secs;
use fivewire_sim::fault::{FaultKind, Firmware};
use fivewire_sim::harness::{Outcome, Sim};
use fivewire_sim::observation::{Observation, Observer, Part};
use fivewire_sim::wires::{Pace, Wire};

fn connected(seed: u64) -> Sim {
    let mut sim = Sim::wires(seed);
    sim.run_until_connected();
    sim.run_for(secs(1));
    sim
}

/// Publishes through whatever is going on, and sees that it arrives once.
#[track_caller]
fn assert_gets_through(sim: &mut Sim) {
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(secs(30));
    sim.assert_acked(opened);
    sim.assert_received("door/open", 1..=1);
}

/// What the wires were seen to do.
#[derive(Clone, Default, Debug)]
struct Probe(Rc<Seen>);

#[derive(Default, Debug)]
struct Seen {
    clock_edges: Cell<u64>,
    began: Cell<u32>,
    ended: Cell<Option<DownReason>>,
    repaired: Cell<u32>,
    unsuited: Cell<Option<Peer>>,
    told_unsuited: Cell<Option<Unsuited>>,
    cut_mid_bit: Cell<u32>,
    esp_clock_edges_in_reset: Cell<u32>,
    in_reset: Cell<bool>,
    reset_fell_us: Cell<u64>,
    reset_pulse_us: Cell<u64>,
}

impl Probe {
    fn on(sim: Sim) -> (Sim, Self) {
        let probe = Self::default();
        (sim.watched_by(Box::new(probe.clone())), probe)
    }

    fn edge(&self, now: Instant, wire: Wire, level: bool) {
        let seen = &self.0;
        match wire {
            Wire::Reset => {
                seen.in_reset.set(!level);
                if level {
                    seen.reset_pulse_us.set(now.as_micros() - seen.reset_fell_us.get());
                } else {
                    seen.reset_fell_us.set(now.as_micros());
                }
            }
            Wire::HostClock | Wire::EspClock => {
                seen.clock_edges.set(seen.clock_edges.get() + 1);
                if seen.in_reset.get() && wire == Wire::EspClock && level {
                    seen.esp_clock_edges_in_reset.set(seen.esp_clock_edges_in_reset.get() + 1);
                }
            }
            _ => {}
        }
    }
}

impl Observer for Probe {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        let seen = &self.0;
        match *observation {
            Observation::Edge { wire, level } => self.edge(now, wire, level),
            Observation::SessionBegan { .. } => seen.began.set(seen.began.get() + 1),
            Observation::SessionEnded { reason, .. } => seen.ended.set(Some(reason)),
            Observation::LinkRepaired { .. } => seen.repaired.set(seen.repaired.get() + 1),
            Observation::Unsuited { end: Part::Host, peer } => seen.unsuited.set(Some(peer)),
            Observation::Told(Event::EspUnsuited(what)) => seen.told_unsuited.set(Some(what)),
            Observation::Cut { mid_bit: true, .. } => {
                seen.cut_mid_bit.set(seen.cut_mid_bit.get() + 1);
            }
            _ => {}
        }
    }
}

#[test]
fn a_reset_in_the_middle_of_a_bit_loses_nothing() {
    let mut mid_bit = 0;
    for after_ms in 0..40 {
        let (mut sim, probe) = Probe::on(Sim::wires(u64::from(after_ms)));
        sim.run_until_connected();
        sim.run_for(secs(1));
        let opened = sim.publish("door/open", &[7; 200], QoS::AtLeastOnce);
        sim.at(after_ms, FaultKind::EspCrash);
        sim.run_for(secs(20));
        sim.assert_acked(opened);
        sim.assert_received("door/open", 1..=2);
        mid_bit += probe.0.cut_mid_bit.get();
    }
    assert!(mid_bit > 5, "only {mid_bit} crashes hit the middle of a bit");
}

#[test]
fn start_orders_sixty_seconds_apart_meet() {
    for late in [FaultKind::EspPowerOff, FaultKind::HostPowerOff] {
        let (mut sim, probe) = Probe::on(Sim::wires(2));
        sim.at_for(0, secs(60), late);
        sim.run_for(secs(60));
        assert_eq!(probe.0.began.get(), 0, "{late:?}");
        sim.run_until_connected();
        assert_gets_through(&mut sim);
    }
}

#[test]
fn a_stuck_clock_ends_the_session_and_heals() {
    for wire in [Wire::HostClock, Wire::EspClock] {
        for high in [false, true] {
            let (mut sim, probe) = Probe::on(connected(3));
            sim.at_for(0, secs(25), FaultKind::WireStuck { wire, high });
            let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
            sim.run_for(secs(25));
            assert!(probe.0.ended.get().is_some(), "{wire:?} {high}");
            sim.run_for(secs(40));
            sim.assert_acked(opened);
            sim.assert_received("door/open", 1..=1);
        }
    }
}

#[test]
fn a_wire_that_holds_still_for_a_second_costs_nothing() {
    let (mut sim, probe) = Probe::on(connected(4));
    sim.at_for(0, secs(1), FaultKind::WireHolds { wire: Wire::EspClock });
    assert_gets_through(&mut sim);
    assert_eq!(probe.0.ended.get(), None);
    assert_eq!(sim.counters().esp_resets, 1);
}

#[test]
fn a_flipped_bit_is_repaired_within_the_session() {
    let (mut sim, probe) = Probe::on(connected(5));
    let noise = FaultKind::WireNoise { wire: Wire::HostData, every_us: 20_000 };
    sim.at_for(0, secs(5), noise);
    for number in 0..20 {
        sim.publish("door/open", &[number; 100], QoS::AtLeastOnce);
        sim.run_for(200);
    }
    sim.heal_and_settle();
    sim.assert_received("door/open", 20..=20);
    assert!(probe.0.repaired.get() > 0);
    assert_eq!(probe.0.ended.get(), None, "noise on a data wire ends no session");
}

#[test]
fn noise_on_any_wire_damages_no_message() {
    for wire in Wire::ALL {
        let mut sim = connected(6);
        sim.at_for(0, secs(10), FaultKind::WireNoise { wire, every_us: 20_000 });
        for number in 0..20 {
            sim.publish("door/open", &[number; 100], QoS::AtLeastOnce);
            sim.run_for(500);
        }
        sim.heal_and_settle();
    }
}

#[test]
fn the_reset_pulse_lasts_100_ms_and_the_host_sees_no_edge_in_it() {
    let (mut sim, probe) = Probe::on(Sim::wires(7));
    sim.run_until_connected();
    sim.at(0, FaultKind::EspHang);
    sim.run_for(secs(30));
    assert!(sim.counters().esp_resets > 1);
    let pulse_us = probe.0.reset_pulse_us.get();
    assert!((99_000..=101_000).contains(&pulse_us), "{pulse_us}");
    assert_eq!(probe.0.esp_clock_edges_in_reset.get(), 0);
}

#[test]
fn a_glitch_on_the_reset_line_is_survived() {
    let mut sim = connected(8);
    sim.at(0, FaultKind::WireGlitch { wire: Wire::Reset, length_us: 100 });
    assert_gets_through(&mut sim);
}

#[test]
fn a_link_that_does_not_come_up_says_what_it_found() {
    for (speaks, found) in [
        (Firmware::Syncom, Peer::Syncom),
        (Firmware::OtherVersion, Peer::OtherVersion(fivewire_core::link::native::VERSION + 1)),
    ] {
        let (mut sim, probe) = Probe::on(Sim::wires(9));
        sim.at_for(0, secs(30), FaultKind::EspFirmware { speaks });
        sim.run_for(secs(30));
        assert_eq!((probe.0.began.get(), probe.0.unsuited.get()), (0, Some(found)));
        assert_eq!(probe.0.told_unsuited.get(), Some(found.into()), "the application is told");
        sim.run_until_connected();
    }
}

#[test]
fn boards_of_any_speed_work_together() {
    for (host_us, esp_us) in [(1, 100), (100, 1), (30, 30)] {
        let mut sim = Sim::wires(10).configure(|setup| {
            setup.wires.host = Pace::around(host_us);
            setup.wires.esp = Pace::around(esp_us);
        });
        sim.run_until_connected();
        assert_gets_through(&mut sim);
    }
}

#[test]
fn an_idle_link_goes_easy_on_both_boards() {
    let (mut sim, probe) = Probe::on(connected(11));
    let before = probe.0.clock_edges.get();
    sim.run_for(secs(10));
    let edges = probe.0.clock_edges.get() - before;
    assert!((10_000..40_000).contains(&edges), "{edges} in 10 s");
}

/// D-04: the predecessor pulled the reset line once, and waited for ever for an edge that never
/// came.
#[test]
fn an_esp_that_makes_no_edge_after_a_reset_is_reset_again_until_it_does() {
    let mut sim = Sim::wires(12);
    sim.at_for(0, secs(45), FaultKind::EspPowerOff);
    sim.run_for(secs(45));
    let resets = sim.counters().esp_resets;
    assert!(resets >= 4, "{resets} resets in 45 s");
    sim.run_until_connected();
}

/// D-05: in the predecessor one glitch on a clock before the peer was up shifted both streams for
/// good.
#[test]
fn a_glitch_while_the_ends_look_for_each_other_leads_to_no_garbage() {
    for at_ms in (300..1_100).step_by(20) {
        for wire in [Wire::HostClock, Wire::EspClock] {
            let mut sim = Sim::wires(u64::from(at_ms));
            sim.at(at_ms, FaultKind::WireGlitch { wire, length_us: 30 });
            sim.run_until_connected();
            assert_gets_through(&mut sim);
        }
    }
}

/// D-31: in the predecessor a peer that was faster than the program starved it.
#[test]
fn a_peer_that_answers_at_once_starves_no_program() {
    let mut sim = Sim::wires(13).configure(|setup| {
        setup.wires.esp = Pace::steady(1);
        setup.wires.host = Pace::steady(1);
        setup.wires.idle_step_us = 0;
    });
    sim.run_until_connected();
    assert_gets_through(&mut sim);
    assert_eq!(sim.counters().esp_resets, 1, "the host found time for its watchdog");
}

/// D-32: in the predecessor nothing could resynchronise two ends without the reset line.
#[test]
fn a_host_that_starts_over_meets_an_esp_that_its_reset_line_does_not_reach() {
    let (mut sim, probe) = Probe::on(connected(14));
    let began = probe.0.began.get();
    sim.at_for(0, secs(25), FaultKind::WireStuck { wire: Wire::Reset, high: true });
    sim.at(100, FaultKind::HostReset);
    sim.run_for(secs(20));
    assert!(probe.0.began.get() >= began + 2, "both ends are in a new session");
    assert_gets_through(&mut sim);
}

/// Either end may have the smaller memory; what does not fit is said, and the rest goes on, at
/// either fidelity.
#[test]
fn what_a_link_cannot_carry_is_refused_or_counted_and_stops_nothing() {
    for (new, memory_bytes) in [
        (Sim::wires as fn(u64) -> Sim, (3_072, 512)),
        (Sim::wires, (512, 3_072)),
        (Sim::bridge, (3_072, 512)),
    ] {
        let mut sim = new(7).configure(|setup| {
            let wires = &mut setup.wires;
            (wires.host_memory_bytes, wires.esp_memory_bytes) = memory_bytes;
        });
        let early = sim.publish("door/log", &[7; 600], QoS::AtLeastOnce);
        sim.subscribe("lamp/#");
        sim.run_until_connected();
        sim.run_for(secs(1));
        sim.assert_outcome(early, Outcome::Refused);
        let large = Publication::new("door/log", &[7; 600], QoS::AtLeastOnce);
        let refused = sim.command(|device| device.publish(&large));
        assert!(matches!(refused, Err(PublishError::TooLarge { .. })), "{refused:?}");
        sim.witness_publish("lamp/text", &[7; 600], QoS::AtLeastOnce, false);
        sim.witness_publish("lamp/on", b"1", QoS::AtLeastOnce, false);
        assert_gets_through(&mut sim);
        sim.assert_told("lamp/on", 1..=1);
        sim.assert_told("lamp/text", 0..=0);
        assert_eq!((sim.counters().too_large_in, sim.counters().esp_resets), (1, 1));
    }
}
