//! Two link machines, their boards, and the wires between them.

use fivewire_core::link::{Counters, DownReason, Link, Peer, SendError};

use super::board::Board;
use super::cable::{Cable, Cause};
use super::{Damage, End, Pace, Wire};
use crate::clock::NEVER;

/// A pulse of the reset line that is shorter than this does nothing, in µs: the capacitor at the pin.
const RESET_MIN_US: u64 = 10;

/// How time goes by at a board.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tempo {
    /// How soon it looks at its pins.
    pub pace: Pace,
    /// How much faster its clock runs than true time, in parts per million.
    pub drift_ppm: i32,
}

/// What a link machine told its owner. [`Told::Frame`] lies in [`Pair::frame`] until the next one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// A link session begins.
    Up {
        /// The largest frame that it carries from there.
        frame_max_bytes: usize,
    },
    /// It ended, or could not begin.
    Down(DownReason),
    /// A frame arrived.
    Frame,
    /// It takes frames again.
    Writable,
    /// The other end is not suited.
    Unsuited(Peer),
}

/// What happened that somebody outside must know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum News {
    /// A machine told its owner something.
    Told {
        /// Whose machine.
        end: End,
        /// What.
        told: Told,
    },
    /// The ESP8266 is in reset from now on, or is let go. Its board is to be shut off, or booted.
    Reset {
        /// It is in reset.
        held: bool,
        /// Why, if it is not the host's machine that wants it.
        cause: Option<Cause>,
    },
    /// A board looked at a wire and saw what nobody drives.
    Misread {
        /// Whose board.
        end: End,
        /// The wire.
        wire: Wire,
        /// Why.
        cause: Cause,
    },
}

/// Two boards and five wires.
pub struct Pair<H, E> {
    now: u64,
    host: Board<H>,
    esp: Board<E>,
    cable: Cable,
    /// When the reset line will have been low for long enough.
    reset_at: u64,
    in_reset: bool,
    looks: u64,
}

/// Runs the same for the board at either end.
macro_rules! at {
    ($pair:expr, $end:expr, $board:ident => $body:expr) => {
        match $end {
            End::Host => {
                let $board = &mut $pair.host;
                $body
            }
            End::Esp => {
                let $board = &mut $pair.esp;
                $body
            }
        }
    };
}

impl<H: Link, E: Link> Pair<H, E> {
    /// Two boards without power.
    #[must_use]
    pub fn new(seed: u64, host: Tempo, esp: Tempo) -> Self {
        Self {
            now: 0,
            host: Board::new(End::Host, host, seed),
            esp: Board::new(End::Esp, esp, seed),
            cable: Cable::new(seed),
            reset_at: NEVER,
            in_reset: false,
            looks: 0,
        }
    }

    /// When something happens next, in µs.
    #[must_use]
    pub fn next(&self) -> u64 {
        if self.host.wants_drain() || self.esp.wants_drain() {
            return self.now;
        }
        self.host.next().min(self.esp.next()).min(self.cable.next()).min(self.reset_at)
    }

    /// The time of the last thing that happened, in µs.
    #[must_use]
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// How often a board looked at its pins.
    #[must_use]
    pub const fn looks(&self) -> u64 {
        self.looks
    }

    /// What a wire shows.
    #[must_use]
    pub const fn shows(&self, wire: Wire) -> bool {
        self.cable.shows(wire)
    }

    /// True while an edge towards this end has not been looked at: the end is in the middle of a bit.
    #[must_use]
    pub const fn is_mid_bit(&self, end: End) -> bool {
        match end {
            End::Host => self.host.has_unseen_edge(),
            End::Esp => self.esp.has_unseen_edge(),
        }
    }

    /// True once after changes of a wire that came late.
    pub const fn take_lagged(&mut self) -> bool {
        self.cable.take_lagged()
    }

    /// The last frame that this end told of.
    #[must_use]
    pub fn frame(&self, end: End) -> &[u8] {
        match end {
            End::Host => &self.host.frame,
            End::Esp => &self.esp.frame,
        }
    }

    /// The host's machine, while its board runs.
    #[must_use]
    pub const fn host(&self) -> Option<&H> {
        self.host.link.as_ref()
    }

    /// The ESP8266's machine, while its board runs.
    #[must_use]
    pub const fn esp(&self) -> Option<&E> {
        self.esp.link.as_ref()
    }

    /// True while this end is in a session.
    #[must_use]
    pub fn is_up(&self, end: End) -> bool {
        match end {
            End::Host => self.host.link.as_ref().is_some_and(Link::is_up),
            End::Esp => self.esp.link.as_ref().is_some_and(Link::is_up),
        }
    }

    /// What the machine at this end counted; zero while its board is off.
    #[must_use]
    pub fn counters(&self, end: End) -> Counters {
        match end {
            End::Host => self.host.link.as_ref().map(Link::counters),
            End::Esp => self.esp.link.as_ref().map(Link::counters),
        }
        .unwrap_or_default()
    }

    /// The host's board has power, and its program starts.
    pub fn boot_host(&mut self, now: u64, link: H) {
        self.now = self.now.max(now);
        self.host.boot(link, now);
    }

    /// The ESP8266 starts its program. It must not be in reset.
    pub fn boot_esp(&mut self, now: u64, link: E) {
        self.now = self.now.max(now);
        self.esp.boot(link, now);
    }

    /// The ESP8266 is held in reset: it cannot be booted.
    #[must_use]
    pub const fn is_in_reset(&self) -> bool {
        self.in_reset
    }

    /// A board loses power or is held in reset: its machine is gone and its pins drive nothing.
    pub fn shut_off(&mut self, end: End, now: u64, mut probe: impl FnMut(u64, Wire, bool)) {
        self.now = self.now.max(now);
        at!(self, end, board => board.shut_off(&mut self.cable, now, &mut probe));
        self.wake(now);
    }

    /// A board stops dead: its pins keep their levels.
    pub const fn freeze(&mut self, end: End) {
        match end {
            End::Host => self.host.freeze(),
            End::Esp => self.esp.freeze(),
        }
    }

    /// A board's program looks at nothing for a while, or looks again.
    pub fn stall(&mut self, end: End, stalls: bool, now: u64) {
        self.now = self.now.max(now);
        at!(self, end, board => board.stall(stalls, now));
    }

    /// Offers a frame: what the machine took of it, see [`Link::send`]. 0 while its board is off.
    ///
    /// # Errors
    /// Those of [`Link::send`].
    pub fn send(&mut self, end: End, now: u64, frame: &[u8]) -> Result<usize, SendError> {
        self.now = self.now.max(now);
        at!(self, end, board => {
            let Some(link) = &mut board.link else { return Ok(0) };
            let taken = link.send(frame);
            board.touch();
            taken
        })
    }

    /// The owner at this end takes no frames, or takes them again.
    pub fn hold(&mut self, end: End, now: u64, hold: bool) {
        self.now = self.now.max(now);
        at!(self, end, board => {
            if let Some(link) = &mut board.link {
                link.hold(hold);
                board.touch();
            }
        });
    }

    /// The machine at this end begins again, see [`Link::restart`].
    pub fn restart(&mut self, end: End, now: u64) {
        self.now = self.now.max(now);
        at!(self, end, board => {
            let local = board.clock.local(now);
            if let Some(link) = &mut board.link {
                link.restart(local);
                board.touch();
            }
        });
    }

    /// A wire is damaged like this from now on.
    pub fn damage(
        &mut self,
        wire: Wire,
        damage: Damage,
        now: u64,
        mut probe: impl FnMut(u64, Wire, bool),
    ) {
        self.now = self.now.max(now);
        self.cable.damage(wire, damage, now, &mut probe);
        self.wake(now);
    }

    /// A wire shows the wrong level for so long.
    pub fn glitch(
        &mut self,
        wire: Wire,
        length_us: u32,
        number: usize,
        now: u64,
        mut probe: impl FnMut(u64, Wire, bool),
    ) {
        self.now = self.now.max(now);
        self.cable.glitch(wire, length_us, Cause::Glitch(number), now, &mut probe);
        self.wake(now);
    }

    /// Lets everything happen up to and with `until`, or to the first news. `probe` sees each edge.
    pub fn advance(&mut self, until: u64, mut probe: impl FnMut(u64, Wire, bool)) -> Option<News> {
        loop {
            for end in End::ALL {
                let news = at!(self, end, board => {
                    if !board.wants_drain() {
                        continue;
                    }
                    board.drain(&mut self.cable, self.now, &mut probe)
                });
                self.wake(self.now);
                if news.is_some() {
                    return news;
                }
            }
            let (cable, host, esp) = (self.cable.next(), self.host.next(), self.esp.next());
            let at = cable.min(host).min(esp).min(self.reset_at);
            if at > until || at == NEVER {
                return None;
            }
            self.now = self.now.max(at);
            if at == cable {
                self.cable.settle(self.now, &mut probe);
                self.wake(self.now);
            } else if at == self.reset_at {
                return Some(self.reset());
            } else {
                self.looks += 1;
                let end = if at == host { End::Host } else { End::Esp };
                let misread = at!(self, end, board => board.look(&self.cable, self.now));
                if misread.is_some() {
                    return misread;
                }
            }
        }
    }

    /// Whoever the wires woke plans to look; the reset line is followed.
    fn wake(&mut self, now: u64) {
        if self.cable.wakes(End::Host) {
            self.host.notice_edge(now);
        }
        if self.cable.wakes(End::Esp) {
            self.esp.notice_edge(now);
        }
        let is_low = !self.cable.shows(Wire::Reset);
        if is_low == self.in_reset {
            self.reset_at = NEVER;
        } else if self.reset_at == NEVER {
            self.reset_at = if is_low { now + RESET_MIN_US } else { now };
        }
    }

    fn reset(&mut self) -> News {
        self.reset_at = NEVER;
        self.in_reset = !self.in_reset;
        News::Reset { held: self.in_reset, cause: self.cable.misleads(Wire::Reset) }
    }
}
