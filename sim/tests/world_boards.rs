//! What the world does to a bridge: each fault of the boards and the link bites where it should and
//! is survived.

use fivewire_core::event::ResetCause;
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::Sim;
use fivewire_sim::observation::{BoardLoss, Observation, Observer, Part};

use std::cell::RefCell;
use std::rc::Rc;

/// A bridge that is connected and subscribed.
fn connected(seed: u64) -> Sim {
    let mut sim = Sim::bridge(seed).configure(|setup| setup.filters.push("down/#".to_owned()));
    sim.run_until_connected();
    sim.run_for(1_000);
    sim
}

/// Publishes while `kind` is at work, and expects that it bites and that the messages are saved.
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
    sim.assert_told("down/0", 1..=2);
    let bites: Vec<u64> = sim.world().faults().map(|(_, _, bites)| bites).collect();
    assert_eq!(bites, [1], "{kind:?} was to bite once\n{}", sim.timeline());
    sim
}

#[test]
fn a_bridge_connects_and_carries_messages_both_ways() {
    let mut sim = connected(1);
    let ticket = sim.publish("up/0", b"hello", QoS::AtLeastOnce);
    sim.witness_publish("down/0", b"hello yourself", QoS::AtLeastOnce, false);
    sim.heal_and_settle();
    sim.assert_acked(ticket);
    sim.assert_received("up/0", 1..=1);
    sim.assert_told("down/0", 1..=1);
}

#[test]
fn a_crash_is_survived() {
    survives(FaultKind::EspCrash, 0);
}

#[test]
fn a_hang_is_ended_by_the_reset_line() {
    let timeline = survives(FaultKind::EspHang, 0).timeline();
    assert!(timeline.contains("pulls the reset line: watchdog"), "{timeline}");
    assert!(timeline.contains("! hangs") && !timeline.contains("! crashes"), "{timeline}");
}

#[test]
fn a_dead_command_task_is_noticed_although_the_client_lives() {
    let sim = survives(FaultKind::EspCommandTaskDies, 0);
    assert!(sim.timeline().contains("pulls the reset line: watchdog"));
}

#[test]
fn a_brown_out_ends() {
    let sim = survives(FaultKind::EspBrownOut, 10_000);
    assert!(sim.timeline().matches("esp      ! loses power").count() >= 3, "{}", sim.timeline());
}

#[test]
fn a_slow_boot_takes_seconds() {
    let mut sim = connected(3);
    sim.at_for(0, 5_000, FaultKind::EspSlowBoot);
    sim.at(100, FaultKind::EspCrash);
    let before = sim.now_ms();
    sim.run_for(200);
    sim.run_until(20_000, |sim| sim.world().is_connected());
    assert!(sim.now_ms() - before > 3_000);
    sim.heal_and_settle();
    assert!(sim.world().faults().all(|(_, _, bites)| bites == 1));
}

#[test]
fn small_receive_buffers_overflow_while_the_application_holds() {
    let mut sim = connected(3);
    sim.at_for(0, 60_000, FaultKind::EspReceiveOverflow);
    sim.at_for(0, 60_000, FaultKind::AppHolds);
    for _ in 0..40 {
        sim.run_for(100);
        sim.witness_publish("down/0", &[9; 500], QoS::AtLeastOnce, false);
    }
    assert!(sim.timeline().contains("crashes, receive buffers full"), "{}", sim.timeline());
    sim.run_for(60_000);
    sim.heal_and_settle();
    sim.assert_told("down/0", 40..);
}

#[test]
fn a_reset_link_resumes() {
    let sim = survives(FaultKind::LinkReset, 0);
    assert!(sim.timeline().contains("ESP8266 ready, resumed"));
    assert_eq!(sim.counters().esp_resets, 1, "only the one at power-up");
}

#[test]
fn a_short_death_of_the_link_needs_no_reset() {
    let sim = survives(FaultKind::LinkDead, 3_000);
    assert_eq!(sim.counters().esp_resets, 1, "only the one at power-up");
}

#[test]
fn a_long_death_of_the_link_leads_to_resets() {
    assert!(survives(FaultKind::LinkDead, 25_000).counters().esp_resets >= 2);
}

#[test]
fn a_busy_host_is_no_silence_of_the_esp8266() {
    let sim = survives(FaultKind::HostBusy, 15_000);
    assert_eq!(sim.counters().esp_resets, 1, "only the one at power-up");
}

#[test]
fn the_network_goes_without_a_reset() {
    let sim = survives(FaultKind::WifiOutage, 60_000);
    assert_eq!(sim.counters().esp_resets, 1, "only the one at power-up");
}

/// Notes what happens to the ESP8266.
#[derive(Default)]
struct Losses {
    losses: Vec<BoardLoss>,
    causes: Vec<ResetCause>,
    frames_lost: usize,
}

struct Note(Rc<RefCell<Losses>>);

impl Observer for Note {
    fn observe(&mut self, _now: Instant, observation: &Observation<'_>) {
        let mut losses = self.0.borrow_mut();
        match observation {
            Observation::BoardDown { part: Part::Esp, loss } => losses.losses.push(*loss),
            Observation::ResetLine { cause } => losses.causes.push(*cause),
            Observation::FrameLost { .. } => losses.frames_lost += 1,
            _ => {}
        }
    }
}

#[test]
fn a_host_that_loses_power_pulls_the_reset_line_when_it_starts() {
    let losses = Rc::new(RefCell::new(Losses::default()));
    let mut sim = connected(2).watched_by(Box::new(Note(Rc::clone(&losses))));
    sim.at(0, FaultKind::HostReset);
    sim.run_for(10);
    sim.run_until_connected();
    sim.heal_and_settle();
    let losses = losses.borrow();
    assert_eq!(losses.losses, [BoardLoss::ResetLine]);
    assert_eq!(losses.causes, [ResetCause::PowerUp]);
}

#[test]
fn a_frame_is_cut_by_a_crash_in_the_middle_of_it() {
    let losses = Rc::new(RefCell::new(Losses::default()));
    let mut sim = connected(2).watched_by(Box::new(Note(Rc::clone(&losses))));
    let ticket = sim.publish("up/0", &[1; 200], QoS::AtLeastOnce);
    sim.at(3, FaultKind::EspCrash);
    sim.run_for(10);
    assert_eq!(losses.borrow().frames_lost, 1, "{}", sim.timeline());
    sim.heal_and_settle();
    sim.assert_acked(ticket);
    sim.assert_received("up/0", 1..=1);
}
