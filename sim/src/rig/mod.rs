//! Two link machines joined by five wires, and nothing else: for tests and for measuring.
//!

mod log;

use fivewire_core::link::{Counters, Link};

use crate::wires::{Damage, End, News, Pace, Pair, Tempo, Told, Wire};

pub use log::{Edge, EndLog};

/// How the two boards are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Boards {
    /// How soon the host looks at its pins.
    pub host: Pace,
    /// How soon the ESP8266 does.
    pub esp: Pace,
    /// The ESP8266 needs this long from the end of a reset to the start of its program, in µs.
    pub boot_us: u64,
}

impl Boards {
    /// Both need exactly this long from an edge until they look, and the ESP8266 boots in 300 ms.
    #[must_use]
    pub const fn steady(look_us: u32) -> Self {
        Self { host: Pace::steady(look_us), esp: Pace::steady(look_us), boot_us: 300_000 }
    }
}

impl Default for Boards {
    /// Two fast boards, see [`Pace::FAST`].
    fn default() -> Self {
        Self { host: Pace::FAST, esp: Pace::FAST, boot_us: 300_000 }
    }
}

/// Two machines on a bench.
pub struct Rig<H, E> {
    pair: Pair<H, E>,
    boots: Box<dyn FnMut() -> E>,
    boot_us: u64,
    boot_at: Option<u64>,
    now: u64,
    logs: [EndLog; 2],
    edges: [u64; Wire::COUNT],
    /// Each edge, if that was asked for.
    recorded: Option<Vec<Edge>>,
}

impl<H: Link, E: Link> Rig<H, E> {
    /// Power is on: the host starts `host` at once, and the ESP8266 whatever `esp` makes, at each boot.
    #[must_use]
    pub fn new(seed: u64, boards: Boards, host: H, esp: impl FnMut() -> E + 'static) -> Self {
        let tempo = |pace| Tempo { pace, drift_ppm: 0 };
        let mut rig = Self {
            pair: Pair::new(seed, tempo(boards.host), tempo(boards.esp)),
            boots: Box::new(esp),
            boot_us: boards.boot_us,
            boot_at: Some(boards.boot_us),
            now: 0,
            logs: [EndLog::default(), EndLog::default()],
            edges: [0; Wire::COUNT],
            recorded: None,
        };
        rig.pair.boot_host(0, host);
        rig
    }

    /// Keeps every edge from now on, see [`Rig::recorded`].
    pub fn record(&mut self) {
        self.recorded = Some(Vec::new());
    }

    /// Every edge since [`Rig::record`], in order.
    #[must_use]
    pub fn recorded(&self) -> &[Edge] {
        self.recorded.as_deref().unwrap_or_default()
    }

    /// Hands a frame to the machine at `end`, as soon as that takes it.
    pub fn send(&mut self, end: End, frame: &[u8]) {
        self.logs[end as usize].waiting.push_back(frame.to_vec());
        self.offer(end);
    }

    /// The owner at `end` takes no frames, or takes them again.
    pub fn hold(&mut self, end: End, hold: bool) {
        self.pair.hold(end, self.now, hold);
    }

    /// The ESP8266's board loses power for a moment, and boots.
    pub fn crash_esp(&mut self) {
        self.shut_off_esp();
        self.boot_at = Some(self.now + self.boot_us);
    }

    /// The machine at `end` begins again.
    pub fn restart(&mut self, end: End) {
        self.pair.restart(end, self.now);
    }

    /// A wire is damaged like this from now on.
    pub fn damage(&mut self, wire: Wire, damage: Damage) {
        let Self { pair, edges, recorded, now, .. } = self;
        pair.damage(wire, damage, *now, |at, wire, level| see(edges, recorded, at, wire, level));
    }

    /// A wire shows the wrong level for so long.
    pub fn glitch(&mut self, wire: Wire, length_us: u32) {
        let Self { pair, edges, recorded, now, .. } = self;
        let probe = |at, wire, level| see(edges, recorded, at, wire, level);
        pair.glitch(wire, length_us, 0, *now, probe);
    }

    /// Lets so much time pass, in µs.
    pub fn run_for(&mut self, duration_us: u64) {
        let until = self.now + duration_us;
        while self.step(until) {}
        self.now = until;
    }

    /// Lets time pass until `done`, which is asked after each news. False if it did not come about
    /// within `limit_us`.
    pub fn run_until(&mut self, limit_us: u64, done: impl Fn(&Self) -> bool) -> bool {
        let until = self.now + limit_us;
        while !done(self) {
            if !self.step(until) {
                self.now = until;
                return done(self);
            }
        }
        true
    }

    /// Lets time pass until both ends are in a session. False if they are not within `limit_us`.
    pub fn run_until_up(&mut self, limit_us: u64) -> bool {
        self.run_until(limit_us, |rig| rig.is_up(End::Host) && rig.is_up(End::Esp))
    }

    /// Up to the next news. False if there is none until then.
    fn step(&mut self, until: u64) -> bool {
        let boot_at = self.boot_at.filter(|at| *at <= until);
        let Self { pair, edges, recorded, .. } = self;
        let probe = |at, wire, level| see(edges, recorded, at, wire, level);
        let news = pair.advance(boot_at.unwrap_or(until), probe);
        let Some(news) = news else {
            let Some(at) = boot_at else { return false };
            self.now = self.now.max(at);
            self.boot_at = None;
            let link = (self.boots)();
            self.pair.boot_esp(self.now, link);
            return true;
        };
        self.now = self.now.max(self.pair.now());
        match news {
            News::Told { end, told } => self.told(end, told),
            News::Reset { held: true, .. } => self.shut_off_esp(),
            News::Reset { held: false, .. } => self.boot_at = Some(self.now + self.boot_us),
            News::Misread { end, .. } => self.logs[end as usize].misread += 1,
        }
        true
    }

    fn told(&mut self, end: End, told: Told) {
        let log = &mut self.logs[end as usize];
        match told {
            Told::Frame => log.received.push(self.pair.frame(end).to_vec()),
            told => log.told.push((self.now, told)),
        }
        if matches!(told, Told::Up { .. } | Told::Writable) {
            self.offer(end);
        }
    }

    fn offer(&mut self, end: End) {
        let log = &mut self.logs[end as usize];
        while let Some(frame) = log.waiting.front() {
            match self.pair.send(end, self.now, frame) {
                Ok(0) => break,
                Ok(_) => log.accepted += 1,
                Err(error) => log.refused.push(error),
            }
            log.waiting.pop_front();
        }
    }

    fn shut_off_esp(&mut self) {
        let Self { pair, edges, recorded, now, .. } = self;
        pair.shut_off(End::Esp, *now, |at, wire, level| see(edges, recorded, at, wire, level));
        self.boot_at = None;
    }

    /// The time, in µs.
    #[must_use]
    pub const fn now_us(&self) -> u64 {
        self.now
    }

    /// True while `end` is in a session.
    #[must_use]
    pub fn is_up(&self, end: End) -> bool {
        self.pair.is_up(end)
    }

    /// What happened at `end` so far.
    #[must_use]
    pub const fn at(&self, end: End) -> &EndLog {
        &self.logs[end as usize]
    }

    /// Edges on this wire so far.
    #[must_use]
    pub const fn edges(&self, wire: Wire) -> u64 {
        self.edges[wire.index()]
    }

    /// What the machine at `end` counted since it booted.
    #[must_use]
    pub fn counters(&self, end: End) -> Counters {
        self.pair.counters(end)
    }
}

fn see(
    edges: &mut [u64; Wire::COUNT],
    recorded: &mut Option<Vec<Edge>>,
    at_us: u64,
    wire: Wire,
    level: bool,
) {
    edges[wire.index()] += 1;
    if let Some(recorded) = recorded {
        recorded.push(Edge { at_us, wire, level });
    }
}
