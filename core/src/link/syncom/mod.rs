//! The predecessor's link, bit by bit: strings of characters 1 to 127, unchecked (PREDECESSORS.md §1).
//!
//! For one end that runs the predecessor's firmware; between two fivewire ends use
//! [`native`](super::native). Start-up is SYN in both directions, then seven bits a character, a 0
//! after each string, and zeros where there is nothing to say. The wires carry exactly what the
//! predecessor's own ends put there, but:
//!
//! | the predecessor's | here |
//! |---|---|
//! | waits for ever for an end that does not answer its first reset (D-04) | resets again after [`Timing::sync_timeout_ms`] |
//! | takes any SYN for a start, and reads garbage for ever (D-05) | counts the steps: a start out of step is [`DownReason::Damaged`], and reset |
//! | reads an ESP8266 that restarted by itself as garbage | [`DownReason::PeerRestarted`] |
//! | never finds a passive end again without a reset line (D-32) | a passive end answers whoever starts over |
//! | loses the high bit of a character, splits a string at a 0, loses an empty one (D-16, D-18, D-33) | `send` refuses them |
//! | queues without bound; what was queued before a start goes first (D-03) | `send` takes strings in a session, as many as fit |
//! | does not yield to a fast peer (D-31) | a step for each time the levels are told, at most |
//!
//! What cannot be healed: there is no checksum. A bit that is flipped arrives flipped; a bit that
//! is lost or doubled puts everything behind it out of step, until whoever reads the strings sees
//! that they make no sense and restarts the link.
//!
//! A passive end that hears strings where a start should be has lost step with an initiator that
//! believes in a session. It keeps still then, so that the initiator's own timeout makes it start
//! over.
//!
//! # Memory
//! A string may be as long as the buffer less one byte. A longer one is passed over to its end,
//! counted in [`Counters::rejected`], and told as [`Event::Oversized`]. Where the owner
//! [holds](super::Link::hold) and `receive` is full, this end makes no more steps, which keeps the
//! other one from sending, but also from receiving; a predecessor's host takes 10 s of that for a
//! crash.

mod config;
mod framing;
mod interface;
mod search;
mod strings;

use super::shake::Shake;
use super::{Counters, DownReason, Event, Levels, Peer, Role, Timing};
use crate::error::ConfigError;
use crate::planted::{Bug, Planted};
use crate::storage::{Storage, large_enough};
use crate::time::{Instant, Reason, Wait};
use framing::Framing;
use search::{Found, Relapse, SYN, Search};
use strings::{Incoming, Outgoing};

pub use config::{Config, MEMORY_MIN_BYTES, Memory};

/// A passive end that was reset is silent for longer than this.
const PASSIVE_REBOOT_MS: u32 = 100;
/// An initiator that starts over pauses for longer than this: its reset pulse, and the time to
/// settle.
const INITIATOR_RESTART_MS: u32 = 500;
/// An end that keeps still takes two wires that go high for a start, but not at once: the initiator
/// may have had a step left to make.
const STILL_MIN_MS: u32 = 1_000;
/// It may have missed the change: two high wires are a start, too, after longer than the
/// predecessor's initiator waits for an edge.
const STILL_MAX_MS: u32 = 12_000;
/// An initiator that was mute has said something this long after SYN, or believes in a session that
/// is gone.
const TRIAL_MS: u32 = 3_000;
/// Bits of SYN.
const SYN_BITS: u8 = 8;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Idle,
    /// The reset line is low.
    Resetting {
        until: Instant,
    },
    /// The other end starts.
    Settling {
        until: Instant,
    },
    /// Looking for the other end.
    Searching,
    /// A passive end says SYN to an initiator that has started over.
    Answering {
        bits_left: u8,
    },
    Up,
    /// A passive end that lost step gives no more edges.
    Still {
        since: Instant,
    },
    /// An initiator that is not to reset by itself waits to be told.
    Lost,
}

/// What is to be told or done, besides strings and steps.
#[derive(Clone, Copy, Default, Debug)]
struct Due {
    drive: Option<Levels>,
    reset: Option<bool>,
    down: Option<DownReason>,
    up: bool,
    native: bool,
    oversized: Option<usize>,
}

/// One end. `S` is the caller's memory.
pub struct Syncom<S> {
    now: Instant,
    timing: Timing,
    stage: Stage,
    shake: Shake,
    heard: Levels,
    search: Search,
    /// When the search began.
    searching_since: Instant,
    /// What is left of SYN.
    syn: u8,
    framing: Framing,
    relapse: Relapse,
    /// The session is with an initiator that was mute: it must say something until then.
    trial_until: Option<Instant>,
    last_step_at: Instant,
    outgoing: Outgoing<S>,
    incoming: Incoming<S>,
    due: Due,
    /// A string of this size was not taken.
    refused_size: Option<usize>,
    /// The oldest string was lent; it goes with the next call.
    handed: bool,
    hold: bool,
    counters: Counters,
    planted: Planted,
}

impl<S: Storage> Syncom<S> {
    /// An end that stores everything in `memory`.
    ///
    /// # Errors
    /// The configuration or a buffer is out of range.
    pub fn new(config: &Config, memory: Memory<S>) -> Result<Self, ConfigError> {
        config.validate()?;
        large_enough("transmit", &memory.transmit, MEMORY_MIN_BYTES)?;
        large_enough("receive", &memory.receive, MEMORY_MIN_BYTES)?;
        Ok(Self {
            now: Instant::ZERO,
            timing: config.timing,
            stage: Stage::Idle,
            shake: Shake::new(config.role),
            heard: Levels::default(),
            search: Search::default(),
            searching_since: Instant::ZERO,
            syn: 0,
            framing: Framing::new(config.role),
            relapse: Relapse::default(),
            trial_until: None,
            last_step_at: Instant::ZERO,
            outgoing: Outgoing::new(memory.transmit),
            incoming: Incoming::new(memory.receive),
            due: Due::default(),
            refused_size: None,
            handed: false,
            hold: false,
            counters: Counters::default(),
            planted: config.planted,
        })
    }

    /// Gives the memory back, for the next life.
    pub fn into_memory(self) -> Memory<S> {
        Memory { transmit: self.outgoing.into_storage(), receive: self.incoming.into_storage() }
    }

    /// Time that goes backwards is ignored.
    fn advance_clock(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    fn is_initiator(&self) -> bool {
        self.shake.role() == Role::Initiator
    }

    /// Drives the wires as at power-up, and begins.
    fn begin(&mut self) {
        self.drop_session();
        self.rewind_syn();
        self.due.drive =
            Some(if self.planted.has(Bug::LinkPhaseKept) && self.counters.resets > 0 {
                Levels { clock: self.shake.phase(), data: self.take_syn_bit() }
            } else if self.is_initiator() {
                let first_bit = self.take_syn_bit();
                self.shake.begin(first_bit)
            } else {
                self.shake.begin(false)
            });
        if self.is_initiator() {
            self.due.reset = Some(true);
            self.counters.resets = self.counters.resets.saturating_add(1);
            self.stage = Stage::Resetting { until: self.now.plus_ms(self.timing.reset_pulse_ms) };
        } else {
            self.search(true);
        }
    }

    /// `fresh`: this end has not said SYN yet, as after a reset.
    fn search(&mut self, fresh: bool) {
        self.stage = Stage::Searching;
        self.search = Search::new(fresh);
        self.relapse = Relapse::default();
        self.searching_since = self.now;
        self.last_step_at = self.now;
    }

    /// What was on its way is lost.
    fn drop_session(&mut self) {
        self.trial_until = None;
        self.outgoing.clear();
        self.incoming.clear();
        self.handed = false;
        self.due.up = false;
        self.due.oversized = None;
    }

    fn go_up(&mut self) {
        self.stage = Stage::Up;
        self.framing = Framing::new(self.shake.role());
        if self.planted.has(Bug::LinkOffsetWrong) {
            self.framing.plant_wrong_offset();
        }
        self.relapse = Relapse::default();
        self.counters.sessions = self.counters.sessions.saturating_add(1);
        self.due.up = true;
    }

    /// The session is over, or none came about.
    fn fail(&mut self, reason: DownReason) {
        self.drop_session();
        self.due.down = Some(reason);
        if !self.is_initiator() {
            if reason == DownReason::Damaged {
                self.due.drive = Some(self.shake.begin(false));
                self.stage = Stage::Still { since: self.now };
            } else {
                self.search(self.stage == Stage::Searching && self.search.is_untouched());
            }
        } else if self.timing.resets_by_itself {
            self.begin();
        } else {
            self.due.drive = Some(Levels::default());
            self.stage = Stage::Lost;
        }
    }

    fn tick(&mut self) {
        match self.stage {
            Stage::Resetting { until } if until <= self.now => {
                self.due.reset = Some(false);
                self.stage = Stage::Settling { until: self.now.plus_ms(self.timing.settle_ms) };
            }
            Stage::Settling { until } if until <= self.now => self.search(true),
            Stage::Still { since } if self.is_high() && since.plus_ms(STILL_MAX_MS) <= self.now => {
                self.leave_still();
            }
            _ => {}
        }
        if self.trial_until.is_some_and(|until| until <= self.now) {
            self.fail(DownReason::Damaged);
        }
        // An edge that is there is never overdue (PREDECESSORS.md §1.10).
        if let Some((at, reason)) = self.deadline()
            && at <= self.now
            && !self.can_step()
        {
            self.fail(reason);
        }
    }

    /// An initiator drives both wires high when it begins.
    fn is_high(&self) -> bool {
        self.heard == Levels { clock: true, data: true }
    }

    /// The initiator has begun anew: this end answers as after a reset.
    fn leave_still(&mut self) {
        self.rewind_syn();
        self.search(true);
    }

    /// When the search, or the other end's silence, has lasted too long.
    fn deadline(&self) -> Option<(Instant, DownReason)> {
        let (timeout_ms, since, reason) = match self.stage {
            Stage::Searching => {
                (self.timing.sync_timeout_ms, self.searching_since, DownReason::SyncOverdue)
            }
            Stage::Up | Stage::Answering { .. } if !self.is_stalled() => {
                (self.timing.edge_timeout_ms, self.last_step_at, DownReason::Silent)
            }
            _ => return None,
        };
        (timeout_ms > 0).then(|| (since.plus_ms(timeout_ms), reason))
    }

    /// The owner takes no strings, and there is no room for another character.
    fn is_stalled(&self) -> bool {
        self.stage == Stage::Up
            && self.framing.is_at_last_step()
            && self.hold
            && self.incoming.has_whole()
            && !self.incoming.has_room()
    }

    fn can_step(&self) -> bool {
        let steps = matches!(self.stage, Stage::Searching | Stage::Answering { .. } | Stage::Up);
        steps && self.shake.is_ready(self.heard) && !self.is_stalled()
    }

    /// Hears a bit and says one (PREDECESSORS.md §1.4).
    fn step(&mut self) -> Levels {
        let heard = self.heard.data;
        let silent_us = self.now.micros_since(self.last_step_at);
        self.last_step_at = self.now;
        self.counters.bits = self.counters.bits.saturating_add(1);
        let bit = match self.stage {
            Stage::Up => self.step_in_session(heard, silent_us),
            Stage::Answering { bits_left } => self.answer(heard, bits_left),
            _ => self.step_in_search(heard, silent_us),
        };
        // Who begins anew with this step, or gives up, shows that instead.
        match self.due.drive.take() {
            Some(levels) => levels,
            None => self.shake.step(bit),
        }
    }

    /// SYN is to be said from its first bit on.
    fn rewind_syn(&mut self) {
        let was_said = self.counters.sessions > 0;
        self.syn = if was_said && self.planted.has(Bug::LinkHelloOnce) { 0 } else { SYN };
    }

    fn take_syn_bit(&mut self) -> bool {
        let bit = self.syn & 1 != 0;
        self.syn >>= 1;
        bit
    }

    fn step_in_search(&mut self, heard: bool, silent_us: u64) -> bool {
        let bit = self.take_syn_bit();
        let found = if self.is_initiator() {
            self.search.hear_as_initiator(heard)
        } else if self.hears_relapse(heard, silent_us) {
            Found::Caller
        } else {
            self.search.hear_as_passive(heard)
        };
        match found {
            Found::Nothing => {}
            Found::Peer => self.go_up(),
            Found::OutOfStep => self.fail(DownReason::Damaged),
            Found::Caller => return self.begin_answer(),
            Found::Mute => {
                self.trial_until = Some(self.now.plus_ms(TRIAL_MS));
                return self.begin_answer();
            }
            Found::Native => self.due.native = true,
        }
        bit
    }

    /// The first bit of SYN goes out in the very step in which the caller is recognised.
    fn begin_answer(&mut self) -> bool {
        self.rewind_syn();
        self.stage = Stage::Answering { bits_left: SYN_BITS - 1 };
        self.counters.resyncs = self.counters.resyncs.saturating_add(1);
        self.take_syn_bit()
    }

    fn answer(&mut self, heard: bool, bits_left: u8) -> bool {
        let bit = self.take_syn_bit();
        if heard {
            // An initiator that waits for SYN says nothing.
            self.fail(DownReason::Damaged);
        } else if bits_left == 1 {
            self.go_up();
        } else {
            self.stage = Stage::Answering { bits_left: bits_left - 1 };
        }
        bit
    }

    /// The other end has started over.
    fn hears_relapse(&mut self, heard: bool, silent_us: u64) -> bool {
        let initiator = self.is_initiator();
        let pause_ms = if initiator { PASSIVE_REBOOT_MS } else { INITIATOR_RESTART_MS };
        let after_silence = silent_us >= u64::from(pause_ms) * 1_000;
        self.relapse.hear(heard, after_silence, initiator)
    }

    fn step_in_session(&mut self, heard: bool, silent_us: u64) -> bool {
        if self.hears_relapse(heard, silent_us) {
            self.fail(DownReason::PeerRestarted);
            return if self.is_initiator() { false } else { self.begin_answer() };
        }
        if self.framing.wants_character() {
            self.framing.load(self.outgoing.next());
        }
        let (bit, character) = self.framing.step(heard);
        if let Some(size_bytes) = character.and_then(|character| self.incoming.take(character)) {
            self.trial_until = None;
            self.counters.rejected = self.counters.rejected.saturating_add(1);
            self.due.oversized = Some(size_bytes);
        }
        if self.incoming.has_whole() {
            self.trial_until = None;
        }
        bit
    }

    fn next_event(&mut self) -> Option<Event<'static>> {
        if let Some(reason) = self.due.down.take() {
            return Some(Event::Down { reason });
        }
        if core::mem::take(&mut self.due.native) {
            return Some(Event::Unsuited { peer: Peer::Native });
        }
        if core::mem::take(&mut self.due.up) {
            return Some(Event::Up { frame_max_bytes: self.outgoing.string_max_bytes() });
        }
        if let Some(size_bytes) = self.due.oversized.take() {
            return Some(Event::Oversized { size_bytes });
        }
        let size = self.refused_size.filter(|_| self.stage == Stage::Up)?;
        if !self.outgoing.fits(size) {
            return None;
        }
        self.refused_size = None;
        Some(Event::Writable)
    }

    fn wait(&self) -> Wait {
        match self.stage {
            Stage::Resetting { until } => Wait::Until(until, Reason::ResetPulse),
            Stage::Settling { until } => Wait::Until(until, Reason::Settling),
            Stage::Still { since } if self.now < since.plus_ms(STILL_MAX_MS) => {
                Wait::Until(since.plus_ms(STILL_MAX_MS), Reason::EdgeOverdue)
            }
            _ => {
                let trial = Wait::until(self.trial_until, Reason::SyncOverdue);
                let overdue = self.deadline().map_or(Wait::ForInput, |(at, reason)| {
                    let sync = reason == DownReason::SyncOverdue;
                    Wait::Until(at, if sync { Reason::SyncOverdue } else { Reason::EdgeOverdue })
                });
                trial.sooner(overdue)
            }
        }
    }
}
