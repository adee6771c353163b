//! Two ends on one bench: four wires, a reset line, faults; one seed is the whole run.

use std::collections::VecDeque;

use fivewire_core::link::native::{Config, Memory, Native};
use fivewire_core::link::{Counters, DownReason, Event, Input, Levels, Link, Output, Peer, Role};
use fivewire_core::time::{Instant, Wait};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// What is wrong with the wires, each as a chance in 65,536 at each look at them.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Noise {
    /// The data wire shows the other level.
    pub(crate) flip: u16,
    /// The clock wire shows the other level.
    pub(crate) glitch: u16,
}

/// How often an end looks at its wires, in µs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) every_us: u64,
    /// Up to this much more, each time anew.
    pub(crate) jitter_us: u64,
}

/// A wire that an end reads is stuck at this level.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Stuck {
    pub(crate) clock: Option<bool>,
    pub(crate) data: Option<bool>,
}

/// What an end told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    Up,
    Down(DownReason),
    Unsuited(Peer),
}

pub(crate) struct End {
    config: Config,
    memory_bytes: (usize, usize),
    seed: u64,
    pub(crate) link: Native<Vec<u8>>,
    /// Off: drives nothing and looks at nothing.
    pub(crate) on: bool,
    pub(crate) drives: Levels,
    pub(crate) pace: Pace,
    pub(crate) stuck: Stuck,
    looks_at: u64,
    pub(crate) wakes_at: u64,
    /// Edges of its own clock.
    pub(crate) edges: u64,
    /// Sizes of the frames to send.
    pub(crate) to_send: VecDeque<usize>,
    /// Frames that were taken in this session, and how many sessions there were.
    pub(crate) taken: u32,
    sessions: u32,
    /// Frames that arrived in this session, and in which of the other end's they were sent.
    pub(crate) arrived: u32,
    sent_in: Option<u32>,
    /// Every frame consists of this byte alone.
    pub(crate) fill: Option<u8>,
    pub(crate) told: Vec<(u64, Told)>,
    writable: bool,
    pub(crate) outputs: u64,
    pub(crate) looks: u64,
    /// It is asked for the short way first, and took it so many times.
    pub(crate) is_quick: bool,
    pub(crate) answers: u64,
}

impl End {
    fn new(config: Config, memory_bytes: (usize, usize), seed: u64) -> Self {
        Self {
            config,
            memory_bytes,
            seed,
            link: Self::make(&config, memory_bytes, seed),
            on: false,
            drives: Levels::default(),
            pace: Pace { every_us: 10, jitter_us: 0 },
            stuck: Stuck::default(),
            looks_at: 0,
            wakes_at: 0,
            edges: 0,
            to_send: VecDeque::new(),
            taken: 0,
            sessions: 0,
            arrived: 0,
            sent_in: None,
            fill: None,
            told: Vec::new(),
            writable: true,
            outputs: 0,
            looks: 0,
            is_quick: false,
            answers: 0,
        }
    }

    fn make(config: &Config, memory_bytes: (usize, usize), seed: u64) -> Native<Vec<u8>> {
        let memory = Memory { transmit: vec![0; memory_bytes.0], receive: vec![0; memory_bytes.1] };
        Native::new(config, memory, seed).expect("the rig's settings are valid")
    }

    fn begin(&mut self) {
        (self.taken, self.arrived, self.sent_in) = (0, 0, None);
        self.sessions += 1;
        self.writable = true;
    }

    /// A frame that tells where it belongs.
    fn frame(&self, which: usize, session: u32, number: u32, size: usize) -> Vec<u8> {
        if let Some(byte) = self.fill {
            return vec![byte; size];
        }
        let name = (u64::from(session) << 32 | u64::from(number)) << 1 | which as u64;
        let mut bytes = vec![0; size.max(8)];
        ChaCha8Rng::seed_from_u64(name).fill_bytes(&mut bytes);
        bytes[..4].copy_from_slice(&session.to_le_bytes());
        bytes[4..8].copy_from_slice(&number.to_le_bytes());
        bytes.truncate(size);
        bytes
    }

    pub(crate) fn is_up(&self) -> bool {
        self.link.is_up()
    }

    pub(crate) fn count(&self, told: Told) -> usize {
        self.told.iter().filter(|(_, it)| *it == told).count()
    }

    pub(crate) fn counters(&self) -> Counters {
        self.link.counters()
    }
}

pub(crate) struct Rig {
    pub(crate) now_us: u64,
    pub(crate) ends: [End; 2],
    pub(crate) noise: Noise,
    pub(crate) reset_low: bool,
    /// The reset line is connected.
    pub(crate) reset_wired: bool,
    chance: ChaCha8Rng,
    reseed: u64,
    /// Everything that was driven: when, and by which end.
    pub(crate) seen: Vec<(u64, usize, Levels)>,
    /// The first frame that should not have arrived like this.
    pub(crate) breach: Option<String>,
}

/// Wires without an edge for so long stand still: longer than any timeout, and what follows it.
const STANDSTILL_US: u64 = 25_000_000;

pub(crate) const HOST: usize = 0;
pub(crate) const ESP: usize = 1;

impl Rig {
    pub(crate) fn new(seed: u64, memory_bytes: usize) -> Self {
        Self::sized(seed, [memory_bytes; 4])
    }

    /// `sizes` are transmit and receive of the initiator, then of the passive end.
    pub(crate) fn sized(seed: u64, sizes: [usize; 4]) -> Self {
        Self::with(seed, [Config::new(Role::Initiator), Config::new(Role::Passive)], sizes)
    }

    pub(crate) fn with(seed: u64, configs: [Config; 2], sizes: [usize; 4]) -> Self {
        let [host, esp] = configs;
        Self {
            now_us: 0,
            ends: [
                End::new(host, (sizes[0], sizes[1]), seed ^ 0xA5A5),
                End::new(esp, (sizes[2], sizes[3]), seed.wrapping_mul(3) ^ 0x5A5A),
            ],
            noise: Noise::default(),
            reset_low: false,
            reset_wired: false,
            chance: ChaCha8Rng::seed_from_u64(seed),
            reseed: seed,
            seen: Vec::new(),
            breach: None,
        }
    }

    pub(crate) fn instant(&self) -> Instant {
        Instant::from_micros(self.now_us)
    }

    pub(crate) fn draw(&mut self, below: u64) -> u64 {
        self.chance.next_u64() % below.max(1)
    }

    fn strikes(&mut self, chance: u16) -> bool {
        chance > 0 && self.chance.next_u32() & 0xFFFF < u32::from(chance)
    }

    /// An end gets power, or starts over.
    pub(crate) fn start(&mut self, which: usize) {
        self.reseed = self.reseed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let now = self.instant();
        let end = &mut self.ends[which];
        end.seed ^= self.reseed;
        end.link = End::make(&end.config, end.memory_bytes, end.seed);
        (end.on, end.drives, end.writable) = (true, Levels::default(), true);
        end.looks_at = self.now_us;
        end.begin();
        end.link.start(now);
        self.drain(which);
    }

    pub(crate) fn start_both(&mut self) {
        self.start(ESP);
        self.start(HOST);
    }

    pub(crate) fn stop(&mut self, which: usize) {
        self.ends[which].on = false;
        self.ends[which].drives = Levels::default();
    }

    pub(crate) fn restart(&mut self, which: usize) {
        let now = self.instant();
        self.ends[which].link.restart(now);
        self.drain(which);
    }

    fn drain(&mut self, which: usize) {
        let mut polls = 0;
        loop {
            let now_us = self.now_us;
            let end = &mut self.ends[which];
            end.outputs += 1;
            polls += 1;
            assert!(polls < 500, "a drain ends");
            match end.link.poll() {
                Output::Drive(levels) => self.drive(which, levels),
                Output::Reset { asserted } => {
                    if asserted && self.reset_wired {
                        self.stop(ESP);
                        self.reset_low = true;
                    } else if self.reset_low {
                        self.reset_low = false;
                        self.start(ESP);
                    }
                }
                Output::Event(Event::Up { .. }) => {
                    end.told.push((now_us, Told::Up));
                    end.begin();
                }
                Output::Event(Event::Down { reason }) => {
                    end.told.push((now_us, Told::Down(reason)))
                }
                Output::Event(Event::Unsuited { peer }) => {
                    end.told.push((now_us, Told::Unsuited(peer)));
                }
                Output::Event(Event::Frame(frame)) => {
                    let frame = frame.to_vec();
                    self.judge(which, &frame);
                }
                Output::Event(Event::Writable) => end.writable = true,
                Output::Event(_) => {}
                Output::Wait(wait) => {
                    end.wakes_at = match wait {
                        Wait::Until(at, _) => at.as_micros(),
                        Wait::ForInput => u64::MAX,
                    };
                    if end.writable && self.offer(which) {
                        continue;
                    }
                    return;
                }
            }
        }
    }

    fn drive(&mut self, which: usize, levels: Levels) {
        let end = &mut self.ends[which];
        end.edges += u64::from(levels.clock != end.drives.clock);
        end.drives = levels;
        self.seen.push((self.now_us, which, levels));
    }

    /// Hands in what there is to send; true if anything was taken.
    fn offer(&mut self, which: usize) -> bool {
        let end = &mut self.ends[which];
        let mut any = false;
        while end.link.is_up() {
            let Some(size) = end.to_send.front() else { break };
            let frame = end.frame(which, end.sessions, end.taken, *size);
            if end.link.send(&frame).expect("the rig sends what fits") == 0 {
                end.writable = false;
                break;
            }
            end.taken += 1;
            end.to_send.pop_front();
            any = true;
        }
        any
    }

    /// An end looks at its wires.
    fn look(&mut self, which: usize) {
        let mut levels = self.ends[1 - which].drives;
        let end = &self.ends[which];
        levels.clock = end.stuck.clock.unwrap_or(levels.clock);
        levels.data = end.stuck.data.unwrap_or(levels.data);
        let (flip, glitch) = (self.noise.flip, self.noise.glitch);
        levels.data ^= self.strikes(flip);
        levels.clock ^= self.strikes(glitch);
        let now = self.instant();
        let end = &mut self.ends[which];
        end.looks += 1;
        // Who has something to send drains first.
        let is_quick = end.is_quick && (!end.writable || end.to_send.is_empty());
        if let Some(answer) = is_quick.then(|| end.link.answer(now, levels)).flatten() {
            end.answers += 1;
            self.drive(which, answer);
            return;
        }
        end.link.handle(now, Input::Levels(levels));
        self.drain(which);
    }

    /// The next thing happens.
    pub(crate) fn tick(&mut self) {
        let next = |end: &End| if end.on { end.looks_at } else { u64::MAX };
        let (host, esp) = (next(&self.ends[HOST]), next(&self.ends[ESP]));
        let which = usize::from(esp < host);
        let at = host.min(esp);
        assert!(at < u64::MAX, "an end is on");
        self.now_us = self.now_us.max(at);
        let pace = self.ends[which].pace;
        let later = pace.every_us + self.draw(pace.jitter_us + 1);
        self.ends[which].looks_at = self.now_us + later.max(1);
        self.look(which);
    }

    pub(crate) fn run_for(&mut self, micros: u64) {
        let until = self.now_us + micros;
        while self.now_us < until {
            self.tick();
        }
    }

    /// Runs until it holds; false if it does not within so many edges of one end, or if the wires
    /// stand still.
    pub(crate) fn run_until(&mut self, edges: u64, mut holds: impl FnMut(&Self) -> bool) -> bool {
        let begin = self.ends.each_ref().map(|end| end.edges);
        let mut last = (self.now_us, 0);
        while !holds(self) {
            let most =
                (0..2).map(|which| self.ends[which].edges - begin[which]).max().unwrap_or_default();
            if most != last.1 {
                last = (self.now_us, most);
            }
            if most > edges || self.now_us - last.0 > STANDSTILL_US {
                return false;
            }
            self.tick();
        }
        true
    }

    pub(crate) fn both_up(&self) -> bool {
        self.ends.iter().all(|end| end.on && end.is_up())
    }

    /// Everything that was to be sent has arrived.
    pub(crate) fn all_arrived(&self) -> bool {
        (0..2).all(|which| {
            let (from, to) = (&self.ends[which], &self.ends[1 - which]);
            from.to_send.is_empty() && from.taken == to.arrived
        })
    }

    /// Within a session nothing is damaged, doubled, missing in between or out of order.
    fn judge(&mut self, which: usize, frame: &[u8]) {
        let (from, to) = (&self.ends[1 - which], &self.ends[which]);
        let said = frame.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
        let said = said.filter(|_| frame.len() >= 8 && from.fill.is_none());
        let session = to.sent_in.or(said).unwrap_or(from.sessions);
        let number = to.arrived;
        if frame != from.frame(1 - which, session, number, frame.len()) || frame.is_empty() {
            self.breach.get_or_insert(format!(
                "at {} µs end {which} got {frame:?} as frame {number} of session {session}",
                self.now_us
            ));
        }
        let to = &mut self.ends[which];
        to.sent_in = said.or(to.sent_in);
        to.arrived += 1;
    }

    pub(crate) fn assert_faithful(&self) {
        assert_eq!(self.breach, None);
    }
}
