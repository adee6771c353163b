//! One end: what it tells its owner, and when.

use super::config::{Config, Memory, check_size};
use super::foreign::Foreign;
use super::greeting::Greeting;
use super::hello::{Listener, Speaker};
use super::receiver::Receiver;
use super::register::{Line, Register};
use super::reply::Reply;
use super::sender::Sender;
use super::window::Window;
use crate::error::ConfigError;
use crate::link::Timing;
use crate::link::{
    Counters, DownReason, Event, Input, Levels, Link, Output, Peer, Role, SendError,
};
use crate::planted::{Bug, Planted};
use crate::storage::Storage;
use crate::time::{Instant, Reason, Wait};

/// Own bits of silence before an initiator pauses: more than lie between the end of a frame and its
/// answer.
const BUSY_BITS: u8 = 64;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// Not started.
    Idle,
    /// The reset line is low.
    Resetting { until: Instant },
    /// The other end starts.
    Settling { until: Instant },
    /// Looking for the other end.
    Greeting,
    /// Each knows the other; the session begins with the first frame of it that is heard.
    Joining {
        /// The last thing said was a HELLO: a frame is next.
        greeted: bool,
    },
    /// In a session.
    Up,
}

/// What is to be told or done, besides frames and steps.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Due {
    drive: Option<Levels>,
    reset: Option<bool>,
    down: Option<DownReason>,
    pub(super) up: bool,
    pub(super) unsuited: Option<Peer>,
    /// The owner was told that it has to wait until there is room for a frame of this size.
    pub(super) writable: Option<usize>,
}

/// What is due, besides the next bit.
enum News {
    Output(Output<'static>),
    /// The oldest frame that arrived.
    Frame,
    None,
}

/// One end. `S` is the caller's memory.
pub struct Native<S> {
    pub(super) now: Instant,
    timing: Timing,
    idle_step_us: u64,
    edge_timeout_us: u64,
    pub(super) stage: Stage,
    pub(super) register: Register,
    pub(super) due: Due,
    /// Something besides the next bit may be due: looked for once, and not at every bit.
    pub(super) has_news: bool,
    /// When this end last made a step, or began to listen.
    pub(super) stepped_at: Instant,
    looking_since: Instant,
    pub(super) greeting: Greeting,
    pub(super) listener: Listener,
    pub(super) speaker: Speaker,
    pub(super) foreign: Foreign,
    /// What was told about an end that no session is possible with.
    pub(super) told: Option<Peer>,
    pub(super) receiver: Receiver<S>,
    pub(super) reply: Reply,
    pub(super) sender: Sender<S>,
    /// Steps since either end had something to say.
    pub(super) quiet: u8,
    hold: bool,
    /// The oldest frame was lent; it goes with the next call.
    handed: bool,
    pub(super) counters: Counters,
    pub(super) planted: Planted,
}

impl<S: Storage> Native<S> {
    /// An end that stores everything in `memory`.
    ///
    /// From `seed` it draws a nonce for each session, so that no frame of an older session can be
    /// taken for one of this. It should differ from power-up to power-up and from board to board. A
    /// board without a source of randomness mixes its identifier with a counter of its starts, from
    /// flash or from memory that outlives a reset.
    ///
    /// # Errors
    /// The configuration or a buffer is out of range.
    pub fn new(config: &Config, memory: Memory<S>, seed: u64) -> Result<Self, ConfigError> {
        config.validate()?;
        check_size("transmit", memory.transmit.as_ref().len())?;
        check_size("receive", memory.receive.as_ref().len())?;
        let mut receiver = Receiver::new(memory.receive, config.planted);
        let reply = receiver.begin(Default::default());
        let memory_bytes = receiver.memory_bytes() as u16;
        Ok(Self {
            now: Instant::ZERO,
            timing: config.timing,
            idle_step_us: u64::from(config.idle_step_us),
            edge_timeout_us: u64::from(config.timing.edge_timeout_ms) * 1_000,
            stage: Stage::Idle,
            register: Register::new(config.role),
            due: Due::default(),
            has_news: false,
            stepped_at: Instant::ZERO,
            looking_since: Instant::ZERO,
            greeting: Greeting::new(config.role, config.version, memory_bytes, seed),
            listener: Listener::default(),
            speaker: Speaker::default(),
            foreign: Foreign::default(),
            told: None,
            receiver,
            reply,
            sender: Sender::new(memory.transmit, config.repair_bits, config.planted),
            quiet: 0,
            hold: false,
            handed: false,
            counters: Counters::default(),
            planted: config.planted,
        })
    }

    /// Drives the wires from the beginning, with a pulse of the reset line if there is one.
    fn begin(&mut self) {
        self.greeting.begin();
        self.look();
        let first_bit = self.next_bit();
        let phase = self.register.shake;
        self.has_news = true;
        self.due.drive = Some(self.register.shake.begin(first_bit));
        if self.planted.has(Bug::LinkPhaseKept) {
            self.register.shake = phase;
        }
        if self.register.shake.role() == Role::Initiator {
            self.counters.resets = self.counters.resets.saturating_add(1);
            self.due.reset = Some(true);
            self.stage = Stage::Resetting { until: self.now.plus_ms(self.timing.reset_pulse_ms) };
        }
    }

    /// Looks for the other end from here on, in step with whatever the wires show.
    pub(super) fn look(&mut self) {
        self.stage = Stage::Greeting;
        self.looking_since = self.now;
        self.stepped_at = self.now;
        self.register.window = Window::default();
        self.listener = Listener::default();
        self.foreign = Foreign::default();
        self.speaker.stop();
        self.register.line = Line::default();
        self.register.end_middle();
        self.quiet = 0;
    }

    /// The session is over, or none came about.
    pub(super) fn fall(&mut self, reason: DownReason) {
        self.has_news = true;
        self.due.up = false;
        self.due.down = Some(reason);
        self.handed = false;
        let by_itself = matches!(reason, DownReason::Silent | DownReason::SyncOverdue);
        if by_itself && self.timing.resets_by_itself {
            self.begin();
        } else {
            self.greeting.begin();
            self.look();
        }
    }

    /// The session begins.
    pub(super) fn rise(&mut self) {
        self.stage = Stage::Up;
        self.has_news = true;
        self.due.up = true;
        self.told = None;
        self.counters.sessions = self.counters.sessions.saturating_add(1);
        // The other end may still wait for its first frame.
        self.reply.ask();
    }

    /// What is due, besides frames and steps.
    fn take_due(&mut self) -> Option<Output<'static>> {
        if let Some(levels) = self.due.drive.take() {
            return Some(Output::Drive(levels));
        }
        if let Some(asserted) = self.due.reset.take() {
            return Some(Output::Reset { asserted });
        }
        if let Some(reason) = self.due.down.take() {
            return Some(Output::Event(Event::Down { reason }));
        }
        if core::mem::take(&mut self.due.up) {
            let frame_max_bytes = self.sender.payload_max();
            return Some(Output::Event(Event::Up { frame_max_bytes }));
        }
        if let Some(peer) = self.due.unsuited.take() {
            return Some(Output::Event(Event::Unsuited { peer }));
        }
        None
    }

    /// What is due, besides the next bit: not the frame that was lent by the last call.
    fn take_news(&mut self) -> News {
        if core::mem::take(&mut self.handed) {
            self.register.end_middle();
            self.receiver.pop(&mut self.reply);
        }
        if let Some(output) = self.take_due() {
            return News::Output(output);
        }
        if !self.hold && self.stage == Stage::Up && !self.receiver.is_empty() {
            self.handed = true;
            return News::Frame;
        }
        if self.is_writable() {
            self.due.writable = None;
            return News::Output(Output::Event(Event::Writable));
        }
        self.has_news = false;
        News::None
    }

    /// There is room for the frame that was not taken.
    pub(super) fn is_writable(&self) -> bool {
        self.stage == Stage::Up && self.due.writable.is_some_and(|size| self.sender.has_room(size))
    }

    /// How long to wait where it is the other end's turn, or time for a pause. The deadline may
    /// have come.
    fn wait(&self) -> Wait {
        match self.stage {
            Stage::Idle => Wait::ForInput,
            Stage::Resetting { until } => Wait::Until(until, Reason::ResetPulse),
            Stage::Settling { until } => Wait::Until(until, Reason::Settling),
            Stage::Greeting | Stage::Joining { .. } => {
                let overdue = after(self.looking_since, self.timing.sync_timeout_ms);
                let wait = Wait::until(overdue, Reason::SyncOverdue);
                if self.is_pausing() { wait.sooner(self.pause()) } else { wait }
            }
            Stage::Up if self.is_pausing() => self.pause(),
            Stage::Up if self.edge_timeout_us == 0 => Wait::ForInput,
            Stage::Up => {
                Wait::Until(self.stepped_at.plus_us(self.edge_timeout_us), Reason::EdgeOverdue)
            }
        }
    }

    const fn pause(&self) -> Wait {
        Wait::Until(self.stepped_at.plus_us(self.idle_step_us), Reason::IdleStep)
    }

    /// It is this end's turn, and there is nothing to hurry for.
    #[inline]
    fn is_pausing(&self) -> bool {
        (self.quiet >= BUSY_BITS || self.told.is_some()) && self.has_no_hurry()
    }

    fn has_no_hurry(&self) -> bool {
        // A 1 that is about to be heard ends the silence.
        let is_silent = self.quiet >= BUSY_BITS && !self.register.heard.data;
        self.idle_step_us > 0
            && self.register.shake.role() == Role::Initiator
            && self.register.shake.is_ready(self.register.heard)
            && match (self.stage, self.told) {
                (Stage::Up, _) => is_silent && self.sender.is_quiet() && !self.reply.is_due(),
                // It is silent, too, and speaks up if another end takes its place.
                (_, Some(Peer::Syncom)) => is_silent,
                (_, told) => told.is_some(),
            }
    }

    /// A bit that begins or ends something, in a session where nothing waits to be told.
    fn answer_whole(&mut self, now: Instant, heard: Levels) -> Option<Levels> {
        if self.stage != Stage::Up || self.has_news || !self.register.shake.is_ready(heard) {
            return None;
        }
        self.settle();
        self.now = self.now.max(now);
        self.register.heard = heard;
        if self.is_pausing() {
            return None;
        }
        let bit = self.step(heard.data);
        self.stepped_at = self.now;
        let levels = self.register.shake.step(bit);
        if self.has_news {
            // Driven first, then told.
            self.due.drive = Some(levels);
            return None;
        }
        Some(levels)
    }

    /// A step may be made now.
    fn may_step(&self) -> bool {
        matches!(self.stage, Stage::Greeting | Stage::Joining { .. } | Stage::Up)
            && self.register.shake.is_ready(self.register.heard)
            && !(self.is_pausing() && self.now.micros_since(self.stepped_at) < self.idle_step_us)
    }

    /// Does what is due at an instant that has come.
    fn expire(&mut self, reason: Reason) {
        match reason {
            Reason::ResetPulse => {
                self.due.reset = Some(false);
                self.has_news = true;
                self.stage = Stage::Settling { until: self.now.plus_ms(self.timing.settle_ms) };
            }
            Reason::Settling => {
                self.stage = Stage::Greeting;
                self.looking_since = self.now;
                self.stepped_at = self.now;
            }
            Reason::SyncOverdue => self.fall(DownReason::SyncOverdue),
            Reason::EdgeOverdue => self.fall(DownReason::Silent),
            _ => {}
        }
    }
}

impl<S: Storage> Link for Native<S> {
    fn start(&mut self, now: Instant) {
        self.settle();
        self.now = self.now.max(now);
        self.told = None;
        self.begin();
    }

    fn restart(&mut self, now: Instant) {
        self.settle();
        self.now = self.now.max(now);
        self.told = None;
        if self.is_up() {
            self.fall(DownReason::Restarted);
        }
        self.begin();
    }

    fn handle(&mut self, now: Instant, input: Input) {
        self.settle();
        self.now = self.now.max(now);
        if let Input::Levels(levels) = input {
            self.register.heard = levels;
        }
    }

    fn poll(&mut self) -> Output<'_> {
        self.settle();
        loop {
            if self.has_news {
                match self.take_news() {
                    News::Output(output) => return output,
                    News::Frame => break,
                    News::None => {}
                }
            }
            if self.may_step() {
                let heard = self.register.heard;
                if let Some(levels) = self.register.answer(self.now, heard) {
                    return Output::Drive(levels);
                }
                let bit = self.step(heard.data);
                self.stepped_at = self.now;
                return Output::Drive(self.register.shake.step(bit));
            }
            match self.wait() {
                Wait::Until(at, reason) if at <= self.now => self.expire(reason),
                wait => return Output::Wait(wait),
            }
        }
        Output::Event(Event::Frame(self.receiver.front().unwrap_or_default()))
    }

    #[inline]
    fn answer(&mut self, now: Instant, heard: Levels) -> Option<Levels> {
        if let Some(levels) = self.register.answer(now, heard) {
            return Some(levels);
        }
        self.answer_whole(now, heard)
    }

    fn send(&mut self, frame: &[u8]) -> Result<usize, SendError> {
        self.register.end_middle();
        let size_bytes = frame.len();
        let own = self.sender.capacity();
        let max_bytes = if self.is_up() { own.min(self.sender.payload_max()) } else { own };
        if frame.is_empty() {
            return Err(SendError::Empty);
        }
        if size_bytes > max_bytes {
            return Err(SendError::TooLarge { size_bytes, max_bytes });
        }
        if self.is_up() && self.sender.push(frame) {
            return Ok(size_bytes);
        }
        self.due.writable = Some(size_bytes);
        self.has_news = true;
        Ok(0)
    }

    fn hold(&mut self, hold: bool) {
        self.hold = hold;
        self.has_news = true;
        self.register.end_middle();
    }

    fn is_up(&self) -> bool {
        self.stage == Stage::Up
    }

    fn counters(&self) -> Counters {
        Counters { bits: self.counters.bits + u64::from(self.register.passed()), ..self.counters }
    }
}

/// The deadline that lies so many milliseconds ahead; 0 is never.
const fn after(since: Instant, timeout_ms: u32) -> Option<Instant> {
    if timeout_ms == 0 { None } else { Some(since.plus_ms(timeout_ms)) }
}
