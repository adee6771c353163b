//! What happens on the wires, as far as marks need to know.

use fivewire_core::link::{DownReason, Peer};
use fivewire_core::time::Instant;

use super::mark::Situation;
use crate::fault::FaultKind;
use crate::observation::{Observation, Part};
use crate::wires::Wire;

/// Boards that start this far apart are apart: in ms.
const APART_MS: u32 = 60_000;
/// Bits of a frame without payload: one that is being sent when a frame is taken goes first.
const EMPTY_FRAME_BITS: u64 = 11 * 8;
/// Bits of a HELLO: one that is being said when a session begins goes first.
const HELLO_BITS: u64 = 16 + 256;

/// One end.
#[derive(Clone, Copy, Default, Debug)]
struct Station {
    runs: bool,
    /// When its program started for the first time.
    first_start: Option<Instant>,
    is_up: bool,
    /// It made edges on its clock wire while both ran and were not in a session.
    seeks: bool,
    /// Frames that its link took and the other end has not handed out.
    owes: u32,
    /// Bits that it put on the wires since the session began.
    bits: u64,
    /// The frame that was taken while nothing else was owed.
    sending: Option<Sending>,
}

/// A frame that a link sends at once.
#[derive(Clone, Copy, Debug)]
struct Sending {
    size_bytes: u64,
    /// Bits that its end put on the wires since it was taken.
    bits: u64,
}

impl Sending {
    /// Its first bit is on the wires, and its last cannot be.
    const fn is_half_sent(self) -> bool {
        self.bits > EMPTY_FRAME_BITS && self.bits < EMPTY_FRAME_BITS + 8 * self.size_bytes
    }
}

impl Station {
    fn takes(&mut self, frame: &[u8]) {
        let size_bytes = frame.len() as u64;
        let is_next = self.owes == 0 && self.bits > HELLO_BITS;
        self.sending = is_next.then_some(Sending { size_bytes, bits: 0 });
        self.owes += 1;
    }

    const fn is_heard(&mut self) {
        self.owes = self.owes.saturating_sub(1);
        self.sending = None;
    }
}

/// Both ends.
#[derive(Default, Debug)]
pub(super) struct WireWatch {
    host: Station,
    esp: Station,
    /// The two were in a session once.
    have_met: bool,
    /// Faults at work that keep a wire from following, by their place in the schedule.
    stuck: Vec<usize>,
    /// The same of those that put a firmware on the ESP8266 that no session is possible with.
    foreign: Vec<usize>,
    /// A glitch on this wire was seen, and the wire has not changed since.
    glitch_seen: [bool; Wire::COUNT],
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

    /// They look for each other, and both have made edges.
    const fn both_seek(&self) -> bool {
        self.host.seeks && self.esp.seeks
    }

    /// Calls `reach` for what `observation` brings about.
    pub(super) fn observe(
        &mut self,
        now: Instant,
        observation: &Observation<'_>,
        mut reach: impl FnMut(Situation),
    ) {
        match *observation {
            Observation::Edge { wire, .. } => self.edge(wire),
            Observation::BoardUp { part } => {
                let station = self.at(part);
                station.runs = true;
                station.first_start.get_or_insert(now);
            }
            Observation::SessionBegan { end } => {
                let station = self.at(end);
                (station.is_up, station.bits) = (true, 0);
                if self.both_up() {
                    (self.host.seeks, self.esp.seeks) = (false, false);
                    if !std::mem::replace(&mut self.have_met, true) {
                        self.met(reach);
                    }
                }
            }
            Observation::SessionEnded { end, reason } => {
                let station = self.at(end);
                (station.is_up, station.owes, station.sending) = (false, 0, None);
                if reason != DownReason::SyncOverdue && !self.stuck.is_empty() {
                    reach(Situation::StuckWireEndedSession);
                }
            }
            Observation::FrameAccepted { from, frame } => self.at(from).takes(frame),
            Observation::FrameToEsp(_) => self.host.is_heard(),
            Observation::FrameToHost(_) => self.esp.is_heard(),
            Observation::Cut { part, mid_bit } => self.cut(part, mid_bit, reach),
            Observation::Misread { wire, is_glitch: true, .. } if wire != Wire::Reset => {
                // However often it is looked at while it lasts, it is one.
                let is_new = !std::mem::replace(&mut self.glitch_seen[wire.index()], true);
                if is_new && self.both_seek() {
                    reach(Situation::GlitchDuringSync);
                }
            }
            Observation::LinkRepaired { .. } => reach(Situation::FrameRepaired),
            Observation::CreditStop { .. } => reach(Situation::CreditStop),
            Observation::Unsuited { peer, .. } => reach(match peer {
                Peer::OtherVersion(_) => Situation::PeerOfOtherVersion,
                _ => Situation::PeerOfOtherMode,
            }),
            Observation::FaultBegan { index, fault } => self.fault_began(index, fault.kind),
            Observation::FaultEnded { index } => {
                self.stuck.retain(|stuck| *stuck != index);
                self.foreign.retain(|foreign| *foreign != index);
            }
            _ => {}
        }
    }

    fn edge(&mut self, wire: Wire) {
        self.glitch_seen[wire.index()] = false;
        let is_apart = self.both_run() && !self.both_up() && self.foreign.is_empty();
        let station = match wire {
            Wire::HostClock => &mut self.host,
            Wire::EspClock => &mut self.esp,
            Wire::HostData | Wire::EspData | Wire::Reset => return,
        };
        station.seeks |= is_apart;
        station.bits += 1;
        if let Some(sending) = &mut station.sending {
            sending.bits += 1;
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
            let mut sending = [self.host.sending, self.esp.sending].into_iter().flatten();
            if self.both_up() && sending.any(Sending::is_half_sent) {
                reach(Situation::CutMidFrame);
            }
            if self.both_seek() {
                reach(Situation::CutMidSync);
            }
        }
        let station = self.at(part);
        *station = Station { first_start: station.first_start, ..Station::default() };
        (self.host.seeks, self.esp.seeks) = (false, false);
    }

    fn fault_began(&mut self, index: usize, kind: FaultKind) {
        let keeps_still = matches!(
            kind,
            FaultKind::WireStuck { .. } | FaultKind::WireHolds { .. } | FaultKind::LinkDead
        );
        if keeps_still {
            self.stuck.push(index);
        }
        if matches!(kind, FaultKind::EspFirmware { .. }) {
            self.foreign.push(index);
        }
    }
}
