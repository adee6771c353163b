//! The plainest link that works as long as nothing is wrong: what the wires are tested with.

use std::collections::VecDeque;

use fivewire_core::link::{
    Counters, DownReason, Event, Input, Levels, Link, Output, Role, SendError,
};
use fivewire_core::time::{Instant, Reason, Wait};

/// Sent until the other end is heard, and a little longer.
const SYN: u8 = 0xa5;
/// Before the length of a frame.
const START: u8 = 0x7e;
/// An idle end answers this late, in ms.
const IDLE_MS: u32 = 1;

pub(crate) struct Plain {
    role: Role,
    phase: bool,
    now: Instant,
    heard: Option<Levels>,
    drives: VecDeque<Levels>,
    reset: VecDeque<bool>,
    let_go_at: Option<Instant>,
    events: VecDeque<Told>,
    lent: Vec<u8>,
    up: bool,
    syn_left: u32,
    out: VecDeque<bool>,
    window: u8,
    bits: u32,
    frame: Vec<u8>,
    awaited: usize,
    hears_frame: bool,
    answer_at: Option<Instant>,
    counters: Counters,
}

enum Told {
    Up,
    Down,
    Frame(Vec<u8>),
}

impl Plain {
    pub(crate) fn new(role: Role) -> Self {
        Self {
            role,
            phase: false,
            now: Instant::ZERO,
            heard: None,
            drives: VecDeque::new(),
            reset: VecDeque::new(),
            let_go_at: None,
            events: VecDeque::new(),
            lent: Vec::new(),
            up: false,
            syn_left: 3,
            out: VecDeque::new(),
            window: 0,
            bits: 0,
            frame: Vec::new(),
            awaited: 0,
            hears_frame: false,
            answer_at: None,
            counters: Counters::default(),
        }
    }

    fn push(&mut self, byte: u8) {
        self.out.extend((0..8).map(|place| byte >> place & 1 != 0));
    }

    fn next_bit(&mut self) -> bool {
        if self.out.is_empty() {
            let byte = if self.syn_left > 0 { SYN } else { 0 };
            self.syn_left -= u32::from(self.up && self.syn_left > 0);
            self.push(byte);
        }
        self.out.pop_front().expect("a byte was loaded")
    }

    fn begin(&mut self) {
        self.phase = self.role == Role::Initiator;
        let data = self.phase && self.next_bit();
        self.drives.push_back(Levels { clock: self.phase, data });
    }

    fn is_quiet(&self) -> bool {
        self.up && self.syn_left == 0 && self.out.is_empty() && !self.hears_frame
    }

    fn look(&mut self) {
        let Some(heard) = self.heard else { return };
        let answer_at = self.answer_at.take();
        let ready = match self.role {
            Role::Initiator => heard.clock == self.phase,
            Role::Passive => heard.clock != self.phase,
        };
        if !ready || self.let_go_at.is_some() {
            return;
        }
        if self.is_quiet() && self.bits == 0 {
            let at = answer_at.unwrap_or(self.now.plus_ms(IDLE_MS));
            if self.now < at {
                self.answer_at = Some(at);
                return;
            }
        }
        self.sample(heard.data);
        let data = self.next_bit();
        self.phase = !self.phase;
        self.counters.bits += 1;
        self.drives.push_back(Levels { clock: self.phase, data });
    }

    fn sample(&mut self, bit: bool) {
        self.window = self.window >> 1 | u8::from(bit) << 7;
        self.bits += 1;
        if !self.up {
            if self.window == SYN {
                self.up = true;
                self.bits = 0;
                self.events.push_back(Told::Up);
            }
        } else if self.bits == 8 {
            self.bits = 0;
            self.byte(self.window);
        }
    }

    fn byte(&mut self, byte: u8) {
        if self.hears_frame {
            self.frame.push(byte);
            if self.frame.len() == 2 {
                self.awaited = 2 + usize::from(self.frame[0]) + usize::from(self.frame[1]) * 256;
            }
            if self.frame.len() == self.awaited {
                self.hears_frame = false;
                self.events.push_back(Told::Frame(self.frame.split_off(2)));
            }
        } else if byte == START {
            self.hears_frame = true;
            self.frame.clear();
            self.awaited = 0;
        }
    }
}

impl Link for Plain {
    fn start(&mut self, now: Instant) {
        self.now = now;
        self.begin();
        if self.role == Role::Initiator {
            self.reset.push_back(true);
            self.let_go_at = Some(now.plus_ms(100));
        }
    }

    fn restart(&mut self, now: Instant) {
        let was_up = self.up;
        *self = Self::new(self.role);
        if was_up {
            self.events.push_back(Told::Down);
        }
        self.start(now);
    }

    fn handle(&mut self, now: Instant, input: Input) {
        self.now = now;
        if self.let_go_at.is_some_and(|at| now >= at) {
            self.let_go_at = None;
            self.reset.push_back(false);
        }
        if let Input::Levels(levels) = input {
            self.heard = Some(levels);
        }
        self.look();
    }

    fn poll(&mut self) -> Output<'_> {
        if let Some(levels) = self.drives.pop_front() {
            return Output::Drive(levels);
        }
        if let Some(asserted) = self.reset.pop_front() {
            return Output::Reset { asserted };
        }
        match self.events.pop_front() {
            Some(Told::Up) => Output::Event(Event::Up { frame_max_bytes: usize::MAX }),
            Some(Told::Down) => Output::Event(Event::Down { reason: DownReason::Restarted }),
            Some(Told::Frame(frame)) => {
                self.lent = frame;
                Output::Event(Event::Frame(&self.lent))
            }
            None => Output::Wait(match self.let_go_at.or(self.answer_at) {
                Some(at) => Wait::Until(at, Reason::MoreWork),
                None => Wait::ForInput,
            }),
        }
    }

    fn send(&mut self, frame: &[u8]) -> Result<usize, SendError> {
        if !self.up {
            return Ok(0);
        }
        self.push(START);
        self.push(frame.len() as u8);
        self.push((frame.len() >> 8) as u8);
        for byte in frame {
            self.push(*byte);
        }
        Ok(frame.len())
    }

    fn hold(&mut self, _hold: bool) {}

    fn is_up(&self) -> bool {
        self.up
    }

    fn counters(&self) -> Counters {
        self.counters
    }
}
