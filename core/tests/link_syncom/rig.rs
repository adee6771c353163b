//! Two ends and their wires.

use fivewire_core::link::syncom::{Config, Memory, Syncom};
use fivewire_core::link::{Event, Input, Levels, Link, Output, Role};
use fivewire_core::time::Instant;

/// One end, with what its owner and its wires saw.
pub(crate) struct End {
    pub(crate) link: Syncom<Vec<u8>>,
    pub(crate) shows: Levels,
    /// (clock, data) after each write, since the last start.
    pub(crate) writes: Vec<Levels>,
    /// What is given to the link as soon as it is up.
    pub(crate) to_send: Vec<Vec<u8>>,
    pub(crate) sent: usize,
    /// Strings, and the number of steps at which they came.
    pub(crate) received: Vec<(Vec<u8>, usize)>,
    pub(crate) told: Vec<String>,
    pub(crate) reset_asserted: bool,
}

impl End {
    pub(crate) fn new(config: &Config, memory_bytes: usize) -> Self {
        let memory = Memory { transmit: vec![0; memory_bytes], receive: vec![0; memory_bytes] };
        Self {
            link: Syncom::new(config, memory).unwrap(),
            shows: Levels::default(),
            writes: Vec::new(),
            to_send: Vec::new(),
            sent: 0,
            received: Vec::new(),
            told: Vec::new(),
            reset_asserted: false,
        }
    }

    pub(crate) fn of(role: Role) -> Self {
        Self::new(&Config::new(role), 256)
    }

    pub(crate) fn sends(mut self, strings: &[String]) -> Self {
        self.to_send = strings.iter().map(|string| string.clone().into_bytes()).collect();
        self
    }

    pub(crate) fn start(&mut self, now: Instant) {
        self.link.start(now);
        self.drain();
    }

    pub(crate) fn sees(&mut self, now: Instant, levels: Levels) {
        self.link.handle(now, Input::Levels(levels));
        self.drain();
    }

    pub(crate) fn drain(&mut self) {
        let mut steps = 0;
        loop {
            match self.link.poll() {
                Output::Drive(levels) => {
                    self.shows = levels;
                    self.writes.push(levels);
                    steps += 1;
                    assert!(steps <= 3, "each call makes a step at most, and perhaps begins anew");
                }
                Output::Reset { asserted } => self.reset_asserted = asserted,
                Output::Event(Event::Frame(string)) => {
                    self.received.push((string.to_vec(), self.writes.len().saturating_sub(1)));
                }
                Output::Event(Event::Up { .. }) => {
                    self.sent = 0;
                    self.told.push("Up".to_owned());
                }
                Output::Event(event) => {
                    self.told.push(format!("{event:?}"));
                }
                Output::Wait(_) => {
                    if self.send_next() {
                        continue;
                    }
                    return;
                }
            }
        }
    }

    pub(crate) fn send_next(&mut self) -> bool {
        let Some(next) = self.to_send.get(self.sent).filter(|_| self.link.is_up()) else {
            return false;
        };
        let taken = self.link.send(next).unwrap() > 0;
        self.sent += usize::from(taken);
        taken
    }

    pub(crate) fn told(&self, what: &str) -> usize {
        self.told.iter().filter(|event| event.contains(what)).count()
    }

    pub(crate) fn strings(&self) -> Vec<Vec<u8>> {
        self.received.iter().map(|(string, _)| string.clone()).collect()
    }
}

/// Two ends and their wires. Time goes in microseconds; each end polls when its turn has come.
pub(crate) struct Pair {
    pub(crate) initiator: End,
    pub(crate) passive: End,
    pub(crate) now_us: u64,
    /// The reset line reaches the passive end.
    pub(crate) reset_line: bool,
}

impl Pair {
    pub(crate) fn new(initiator: End, passive: End) -> Self {
        let mut pair = Self { initiator, passive, now_us: 0, reset_line: true };
        pair.initiator.start(pair.now());
        pair.passive.start(pair.now());
        pair
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::from_micros(self.now_us)
    }

    pub(crate) fn initiator_looks(&mut self) {
        let (now, levels) = (self.now(), self.passive.shows);
        self.initiator.sees(now, levels);
        if self.reset_line && self.initiator.reset_asserted {
            self.passive = End {
                to_send: std::mem::take(&mut self.passive.to_send),
                received: std::mem::take(&mut self.passive.received),
                told: std::mem::take(&mut self.passive.told),
                ..End::of(Role::Passive)
            };
            self.passive.start(now);
        }
    }

    pub(crate) fn passive_looks(&mut self) {
        if self.reset_line && self.initiator.reset_asserted {
            return;
        }
        let (now, levels) = (self.now(), self.initiator.shows);
        self.passive.sees(now, levels);
    }

    /// Lets both ends look every 100 µs.
    pub(crate) fn run_ms(&mut self, millis: u64) {
        let end = self.now_us + millis * 1_000;
        while self.now_us < end {
            self.now_us += 100;
            self.initiator_looks();
            self.passive_looks();
        }
    }

    pub(crate) fn are_up(&self) -> bool {
        self.initiator.link.is_up() && self.passive.link.is_up()
    }
}
