//! What counts on the wires, and what only looks like it.

use fivewire_core::link::Peer;
use fivewire_core::time::Instant;
use fivewire_sim::fault::{FaultKind, Firmware};
use fivewire_sim::marks::{Mark, Marks, Situation};
use fivewire_sim::observation::{Observation, Observer, Part};
use fivewire_sim::schedule::{Fidelity, Setup, Topology};
use fivewire_sim::wires::Wire;

use crate::history::{fault, schedule, setup};

const ENDS: [Part; 2] = [Part::Host, Part::Esp];

struct Wires(Marks, u64);

impl Wires {
    /// Both boards run.
    fn new() -> Self {
        let setup = Setup { topology: Topology::Bridge, fidelity: Fidelity::Wire, ..setup() };
        let mut wires = Self(Marks::new(&schedule(setup)), 0);
        ENDS.map(|part| Observation::BoardUp { part }).iter().for_each(|up| wires.see(up));
        wires
    }

    fn see(&mut self, observation: &Observation<'_>) {
        self.1 += 1;
        self.0.observe(Instant::from_millis(self.1), observation);
    }

    fn steps(&mut self, count: u32) {
        for step in 0..count {
            for wire in [Wire::HostClock, Wire::EspClock] {
                self.see(&Observation::Edge { wire, level: step % 2 == 0 });
            }
        }
    }

    fn meet(&mut self) {
        ENDS.map(|end| Observation::SessionBegan { end }).iter().for_each(|began| self.see(began));
        self.steps(300);
    }

    fn glitch(&mut self, wire: Wire, looks: u32) {
        self.see(&Observation::Edge { wire, level: true });
        for _ in 0..looks {
            self.see(&Observation::Misread { reader: Part::Esp, wire, is_glitch: true });
        }
        self.see(&Observation::Edge { wire, level: false });
    }

    fn cut(&mut self, mid_bit: bool) {
        self.see(&Observation::Cut { part: Part::Esp, mid_bit });
    }

    fn count(&self, situation: Situation) -> u32 {
        self.0.count(Mark::Reached(situation))
    }
}

#[test]
fn a_glitch_counts_once_while_both_ends_look_for_each_other_and_a_stuck_wire_never() {
    let mut wires = Wires::new();
    wires.glitch(Wire::HostData, 3);
    assert_eq!(wires.count(Situation::GlitchDuringSync), 0, "nobody has made an edge yet");
    wires.steps(8);
    wires.glitch(Wire::HostData, 3);
    wires.see(&Observation::Misread { reader: Part::Esp, wire: Wire::HostClock, is_glitch: false });
    wires.glitch(Wire::Reset, 1);
    assert_eq!(wires.count(Situation::GlitchDuringSync), 1);
    wires.meet();
    wires.glitch(Wire::HostData, 1);
    assert_eq!(wires.count(Situation::GlitchDuringSync), 1, "they have met");
}

#[test]
fn a_glitch_while_another_firmware_is_there_disturbs_no_synchronisation() {
    let mut wires = Wires::new();
    let kind = FaultKind::EspFirmware { speaks: Firmware::Syncom };
    wires.see(&Observation::FaultBegan { index: 0, fault: &fault(kind) });
    wires.steps(8);
    wires.glitch(Wire::HostData, 1);
    wires.see(&Observation::FaultEnded { index: 0 });
    assert_eq!(wires.count(Situation::GlitchDuringSync), 0);
    wires.steps(8);
    wires.glitch(Wire::HostData, 1);
    assert_eq!(wires.count(Situation::GlitchDuringSync), 1);
}

#[test]
fn a_frame_is_cut_only_between_its_first_and_its_last_bit() {
    for (bits, expected) in [(10, 0), (100, 1), (480, 1), (500, 0)] {
        let mut wires = Wires::new();
        wires.meet();
        wires.see(&Observation::FrameAccepted { from: Part::Host, frame: &[7; 50] });
        wires.steps(bits);
        wires.cut(false);
        assert_eq!(wires.count(Situation::CutMidFrame), expected, "{bits} bits");
        assert_eq!(wires.count(Situation::CutMidBit), 0);
    }
    let mut wires = Wires::new();
    wires.meet();
    wires.see(&Observation::FrameAccepted { from: Part::Host, frame: &[7; 50] });
    wires.steps(100);
    wires.see(&Observation::FrameToEsp(&[7; 50]));
    wires.cut(true);
    assert_eq!(wires.count(Situation::CutMidFrame), 0, "it had arrived");
    assert_eq!(wires.count(Situation::CutMidBit), 1);
}

#[test]
fn a_cut_during_synchronisation_takes_two_ends_that_have_made_edges() {
    let mut wires = Wires::new();
    wires.cut(false);
    assert_eq!(wires.count(Situation::CutMidSync), 0);
    wires.see(&Observation::BoardUp { part: Part::Esp });
    wires.steps(1);
    wires.cut(false);
    assert_eq!(wires.count(Situation::CutMidSync), 1);
}

#[test]
fn peers_of_the_other_mode_and_of_another_version_are_told_apart() {
    let mut wires = Wires::new();
    for peer in [Peer::Syncom, Peer::Native, Peer::OtherVersion(2)] {
        wires.see(&Observation::Unsuited { end: Part::Host, peer });
    }
    assert_eq!(wires.count(Situation::PeerOfOtherMode), 2);
    assert_eq!(wires.count(Situation::PeerOfOtherVersion), 1);
}
