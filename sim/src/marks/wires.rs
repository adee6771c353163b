//! What happens on the wires, as far as marks need to know.

use fivewire_core::link::DownReason;
use fivewire_core::time::Instant;

use super::mark::Situation;
use crate::fault::FaultKind;
use crate::observation::{Observation, Part};

/// Boards that start this far apart are apart: in ms.
const APART_MS: u32 = 60_000;

/// One end.
#[derive(Clone, Copy, Default, Debug)]
struct Station {
    runs: bool,
    /// When its program started for the first time.
    first_start: Option<Instant>,
    is_up: bool,
    /// Frames that its link took and the other end has not handed out.
    owes: u32,
}

/// Both ends.
#[derive(Default, Debug)]
pub(super) struct WireWatch {
    host: Station,
    esp: Station,
    /// The two were in a session once.
    have_met: bool,
    /// They look for each other, and have made edges.
    is_seeking: bool,
    /// Faults at work that keep a wire from following, by their place in the schedule.
    stuck: Vec<usize>,
}

impl WireWatch {
    const fn at(&mut self, part: Part) -> &mut Station {
        match part {
            Part::Esp => &mut self.esp,
            Part::Host | Part::Broker => &mut self.host,
        }
    }

    const fn both_up(&self) -> bool {
        self.host.is_up && self.esp.is_up
    }

    const fn both_run(&self) -> bool {
        self.host.runs && self.esp.runs
    }

    /// Calls `reach` for what `observation` brings about.
    pub(super) fn observe(
        &mut self,
        now: Instant,
        observation: &Observation<'_>,
        mut reach: impl FnMut(Situation),
    ) {
        match *observation {
            Observation::Edge { .. } => self.is_seeking |= !self.both_up() && self.both_run(),
            Observation::BoardUp { part } => {
                let station = self.at(part);
                station.runs = true;
                station.first_start.get_or_insert(now);
            }
            Observation::SessionBegan { end } => {
                self.at(end).is_up = true;
                if self.both_up() {
                    self.is_seeking = false;
                    if !std::mem::replace(&mut self.have_met, true) {
                        self.met(reach);
                    }
                }
            }
            Observation::SessionEnded { end, reason } => {
                let station = self.at(end);
                (station.is_up, station.owes) = (false, 0);
                if reason != DownReason::SyncOverdue && !self.stuck.is_empty() {
                    reach(Situation::StuckWireEndedSession);
                }
            }
            Observation::FrameAccepted { from, .. } => self.at(from).owes += 1,
            Observation::FrameToEsp(_) => self.host.owes = self.host.owes.saturating_sub(1),
            Observation::FrameToHost(_) => self.esp.owes = self.esp.owes.saturating_sub(1),
            Observation::Cut { part, mid_bit } => self.cut(part, mid_bit, reach),
            Observation::Misread { reader, .. } => {
                let is_glitch = self.stuck.is_empty() && self.both_run();
                if is_glitch && !self.at(reader).is_up {
                    reach(Situation::GlitchDuringSync);
                }
            }
            Observation::LinkRepaired { .. } => reach(Situation::FrameRepaired),
            Observation::CreditStop { .. } => reach(Situation::CreditStop),
            Observation::Unsuited { .. } => reach(Situation::UnsuitedPeer),
            Observation::FaultBegan { index, fault } => self.fault_began(index, fault.kind),
            Observation::FaultEnded { index } => self.stuck.retain(|stuck| *stuck != index),
            _ => {}
        }
    }

    fn met(&self, mut reach: impl FnMut(Situation)) {
        let (Some(host), Some(esp)) = (self.host.first_start, self.esp.first_start) else { return };
        if esp >= host.plus_ms(APART_MS) {
            reach(Situation::HostStartedFirst);
        }
        if host >= esp.plus_ms(APART_MS) {
            reach(Situation::EspStartedFirst);
        }
    }

    fn cut(&mut self, part: Part, mid_bit: bool, mut reach: impl FnMut(Situation)) {
        if self.at(part).runs && self.both_run() {
            if mid_bit {
                reach(Situation::CutMidBit);
            }
            if self.both_up() && self.host.owes + self.esp.owes > 0 {
                reach(Situation::CutMidFrame);
            }
            if self.is_seeking {
                reach(Situation::CutMidSync);
            }
        }
        let station = self.at(part);
        *station = Station { first_start: station.first_start, ..Station::default() };
        self.is_seeking = false;
    }

    fn fault_began(&mut self, index: usize, kind: FaultKind) {
        let keeps_still = matches!(
            kind,
            FaultKind::WireStuck { .. } | FaultKind::WireHolds { .. } | FaultKind::LinkDead
        );
        if keeps_still {
            self.stuck.push(index);
        }
    }
}
