//! A board at one end: its pins, its clock, its link machine, and when it looks.

use fivewire_core::link::{Event, Input, Levels, Link, Output};
use fivewire_core::time::{Instant, Wait};

use super::cable::{Cable, Cause, Probe};
use super::pair::{News, Told};
use super::{End, Tempo, Wire};
use crate::clock::{Clock, NEVER};
use crate::random::{Purpose, Random};

/// A board.
pub(super) struct Board<L> {
    end: End,
    pub(super) link: Option<L>,
    /// The board is there but does nothing: its pins keep their levels.
    is_frozen: bool,
    /// Its program is busy elsewhere and looks at nothing for now.
    is_stalled: bool,
    pub(super) clock: Clock,
    pace: super::Pace,
    /// When it looks because of an edge.
    look_at: u64,
    /// The clock of the other end changed, and the board has not looked since.
    edge_is_unseen: bool,
    /// When it looks because its machine asked for that, and the same on its own clock.
    wake_at: u64,
    wakes: Instant,
    /// Its machine may have something to say.
    is_full: bool,
    /// The last frame.
    pub(super) frame: Vec<u8>,
    random: Random,
}

impl<L: Link> Board<L> {
    pub(super) fn new(end: End, tempo: Tempo, seed: u64) -> Self {
        let purpose = match end {
            End::Host => Purpose::HostLooks,
            End::Esp => Purpose::EspLooks,
        };
        Self {
            end,
            link: None,
            is_frozen: false,
            is_stalled: false,
            clock: Clock::new(tempo.drift_ppm),
            pace: tempo.pace,
            look_at: NEVER,
            edge_is_unseen: false,
            wake_at: NEVER,
            wakes: Instant::ZERO,
            is_full: false,
            frame: Vec::new(),
            random: Random::new(seed, purpose),
        }
    }

    /// It has power, and this program starts.
    pub(super) fn boot(&mut self, mut link: L, now: u64) {
        self.clock.restart(now);
        link.start(Instant::ZERO);
        self.link = Some(link);
        self.is_frozen = false;
        self.is_full = true;
        self.look_at = NEVER;
        self.edge_is_unseen = false;
        self.wake_at = NEVER;
        self.look_soon(now);
    }

    /// It has no power, or is held in reset: its pins drive nothing.
    pub(super) fn shut_off(&mut self, cable: &mut Cable, now: u64, probe: &mut Probe<'_>) {
        self.link = None;
        self.is_frozen = false;
        self.is_full = false;
        cable.drive(Wire::data_of(self.end), None, now, probe);
        cable.drive(Wire::clock_of(self.end), None, now, probe);
        if self.end == End::Host {
            cable.drive(Wire::Reset, None, now, probe);
        }
    }

    pub(super) const fn freeze(&mut self) {
        self.is_frozen = true;
    }

    pub(super) fn stall(&mut self, stalls: bool, now: u64) {
        self.is_stalled = stalls;
        if !stalls {
            self.look_soon(now);
        }
    }

    const fn is_idle(&self) -> bool {
        self.link.is_none() || self.is_frozen || self.is_stalled
    }

    /// When it looks next.
    pub(super) fn next(&self) -> u64 {
        if self.is_idle() { NEVER } else { self.look_at.min(self.wake_at) }
    }

    /// The clock of the other end changed: it is seen within the board's pace.
    pub(super) fn notice_edge(&mut self, now: u64) {
        self.edge_is_unseen = true;
        self.look_soon(now);
    }

    fn look_soon(&mut self, now: u64) {
        if self.look_at == NEVER {
            self.look_at = now + self.pace.draw(&mut self.random);
        }
    }

    /// True while an edge is there that the board has not looked at.
    pub(super) const fn has_unseen_edge(&self) -> bool {
        self.edge_is_unseen && self.link.is_some()
    }

    /// Looks at the pins. The news is what it misread there.
    pub(super) fn look(&mut self, cable: &Cable, now: u64) -> Option<News> {
        self.look_at = NEVER;
        self.edge_is_unseen = false;
        if self.wake_at <= now {
            self.wake_at = NEVER;
        }
        let other = self.end.other();
        let (clock, data) = (Wire::clock_of(other), Wire::data_of(other));
        let link = self.link.as_mut()?;
        let levels = Levels { clock: cable.shows(clock), data: cable.shows(data) };
        link.handle(self.clock.local(now), Input::Levels(levels));
        self.is_full = true;
        [clock, data].into_iter().find_map(|wire| {
            let cause = cable.misleads(wire)?;
            // a clock that is late is not misread: its change is there when it is there
            let is_wrong = cause != Cause::Lag || !wire.is_clock();
            is_wrong.then_some(News::Misread { end: self.end, wire, cause })
        })
    }

    /// The machine was told something by its owner.
    pub(super) const fn touch(&mut self) {
        self.is_full = true;
    }

    pub(super) const fn wants_drain(&self) -> bool {
        self.is_full && !self.is_idle()
    }

    /// Does what the machine wants until it waits or has something to tell.
    pub(super) fn drain(
        &mut self,
        cable: &mut Cable,
        now: u64,
        probe: &mut Probe<'_>,
    ) -> Option<News> {
        let link = self.link.as_mut()?;
        loop {
            match link.poll() {
                Output::Drive(Levels { clock, data }) => {
                    cable.drive(Wire::data_of(self.end), Some(data), now, probe);
                    cable.drive(Wire::clock_of(self.end), Some(clock), now, probe);
                }
                Output::Reset { asserted } => {
                    cable.drive(Wire::Reset, asserted.then_some(false), now, probe);
                    if let Some(cause) = cable.misleads(Wire::Reset) {
                        return Some(News::Misread { end: End::Esp, wire: Wire::Reset, cause });
                    }
                }
                Output::Event(event) => {
                    let told = match event {
                        Event::Up { frame_max_bytes } => Told::Up { frame_max_bytes },
                        Event::Down { reason } => Told::Down(reason),
                        Event::Frame(frame) => {
                            self.frame.clear();
                            self.frame.extend_from_slice(frame);
                            Told::Frame
                        }
                        Event::Writable => Told::Writable,
                        Event::Unsuited { peer } => Told::Unsuited(peer),
                        _ => continue,
                    };
                    return Some(News::Told { end: self.end, told });
                }
                Output::Wait(wait) => {
                    self.is_full = false;
                    self.plan(wait, now);
                    return None;
                }
            }
        }
    }

    /// A board needs its time for a look, also where its machine is in a hurry.
    fn plan(&mut self, wait: Wait, now: u64) {
        match wait {
            // Early is harmless: most deadlines only move on, and never come.
            Wait::Until(at, _) if self.wake_at != NEVER && at >= self.wakes => {}
            Wait::Until(at, _) => {
                self.wakes = at;
                self.wake_at = self.clock.world(at).max(now + u64::from(self.pace.min_us));
            }
            Wait::ForInput => self.wake_at = NEVER,
        }
    }
}
