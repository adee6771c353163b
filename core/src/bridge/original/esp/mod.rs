//! Between fivewire's ESP8266 end and a host with the original driver.
//!
//! The host tells its settings and gives commands as if the original firmware were there, and is
//! told what that would say (PREDECESSORS.md §2.6 to §2.8): status 7 for a will; 2 where the stored network
//! comes first; 1 when it is joined; 0, 5, 9 when the broker accepts; 4 for each publication; 10
//! and 9 as the connection goes and comes. What the original gets wrong and this end alone can
//! mend:
//!
//! * The retain flag is read, not taken for true (D-01, D-02).
//! * A publication that arrives before `init` waits until it can be carried (D-03); the original
//!   answers status 6.
//! * Each start is no clean slate: a session that is not clean outlives the ESP8266 (D-14).
//! * A message that the host cannot read, with a byte outside 1 to 126, is dropped and counted: it
//!   can neither inject a record nor kill anything (D-16, D-17). It is acknowledged to the broker,
//!   which would send it again for ever.
//! * A subscription that is given twice is subscribed to once (D-25).
//! * Network and broker are tried again for ever and without a reset: no status 3 or 8 is sent
//!   (D-08 to D-11).
//!
//! A QoS 1 message is acknowledged to the broker when the link has taken it: what the host has not
//! read when it restarts the link is gone (D-13). The answer to a question for the time is always
//! 0, which means failed: there is no time service yet. Not offered either: TLS (status 6).
//!
//! ```text
//! match link.poll()    { Event(event) => dialect.handle(now, Input::Link(event)), … }
//! match esp.poll()     { Frame(frame) => dialect.handle(now, Input::Frame(frame)), … }
//! match dialect.poll() { Esp(input) => esp.handle(now, input),
//!                        Record(record) => dialect.handle(now, match link.send(record) {
//!                            Ok(taken) => Input::Sent(taken), Err(_) => Input::Unsendable }), … }
//! ```

mod commands;
mod report;
mod settings;

use super::Generation;
use super::status;
use crate::bridge::esp;
use crate::bridge::frame::{SMALL_FRAME_BYTES, ToEsp};
use crate::error::ConfigError;
use crate::event::Ticket;
use crate::link;
use crate::storage::{Storage, large_enough};
use crate::time::{Instant, Wait};

/// One input causes no more records than this.
const RECORDS: usize = 6;

/// What the host is told about the board, and what it does not tell.
#[derive(Clone, Copy, Debug)]
pub struct Config<'a> {
    /// The client identifier: the original's is the chip's unique number in hexadecimal digits. It
    /// is never told over the link.
    pub client_id: &'a str,
    /// What the answer to `m` says is free, in bytes.
    pub free_bytes: u32,
    /// What it says is in use, in bytes.
    pub allocated_bytes: u32,
}

/// The caller's buffers for a dialect.
///
/// | buffer | holds | at least |
/// |---|---|---|
/// | `will` | the record `w` | 0 bytes: then there can be no will |
/// | `settings` | what the host told of network and broker | about 100 bytes and all texts |
/// | `publication` | the publication under way: topic, payload and 20 bytes | 64 bytes |
/// | `command` | a subscription on its way to the ESP8266's end: its filter and 8 bytes | 64 bytes |
/// | `record` | what is told to the host next: topic, payload and 10 bytes | 64 bytes |
#[derive(Clone, Copy, Debug)]
pub struct Memory<S> {
    /// The will.
    pub will: S,
    /// The settings.
    pub settings: S,
    /// The publication under way.
    pub publication: S,
    /// A subscription.
    pub command: S,
    /// What the host is told next.
    pub record: S,
}

/// What the world tells a dialect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Input<'a> {
    /// What the link told.
    Link(link::Event<'a>),
    /// What the ESP8266's end gave: its [`Output::Frame`](esp::Output::Frame). It is answered with
    /// [`FrameSent`](esp::Input::FrameSent) through [`Output::Esp`].
    Frame(&'a [u8]),
    /// The link took the last [`Output::Record`]: its length, or 0 for not now.
    Sent(usize),
    /// The link said that it can never take the last [`Output::Record`].
    Unsendable,
}

/// What a dialect wants next. Exhaustive on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output<'a> {
    /// Tell the ESP8266's end.
    Esp(esp::Input<'a>),
    /// Send this string, and say with [`Input::Sent`] or [`Input::Unsendable`] what became of it.
    Record(&'a [u8]),
    /// Everything is said: wait. A dialect of this end has no deadline.
    Wait(Wait),
}

/// What was dropped since the dialect was made.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counters {
    /// Messages with a byte that the host cannot read, or too long for a record.
    pub dropped_in: u32,
    /// Publications that could not be carried, of which the host was told that they are done: it
    /// waits for that.
    pub dropped_out: u32,
}

/// A record to the host, not written yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Saying {
    Status(u8),
    /// Status 6, with this explanation.
    Trouble(&'static str),
    Time,
    Memory,
}

/// A record that lies in `record`.
#[derive(Clone, Copy, Debug)]
struct Ready {
    size: usize,
    offered: bool,
    /// The delivery of the message that it carries, and what it cost.
    message: Option<(u32, u32)>,
}

/// What is to be told the ESP8266's end, in this order.
#[derive(Clone, Copy, Default, Debug)]
struct Due {
    link: Option<bool>,
    init: bool,
    slate_noted: bool,
    publication: bool,
    /// Size of the frame in `command`.
    command: Option<usize>,
    release: Option<ToEsp<'static>>,
    sent: Option<usize>,
    writable: bool,
}

/// The dialect. `S` is the caller's memory.
pub struct EspDialect<'a, S> {
    config: Config<'a>,
    memory: Memory<S>,
    will_size: usize,
    settings_size: usize,
    publication_size: usize,
    /// The publication under way.
    publication: Option<Ticket>,
    last_ticket: u32,
    generation: Generation,
    link_up: bool,
    /// `init` was understood.
    configured: bool,
    /// The ESP8266's end has the settings.
    ready: bool,
    check_told: bool,
    running_told: bool,
    connected: bool,
    link_blocked: bool,
    /// The ESP8266's end was told that a frame was not taken.
    esp_blocked: bool,
    freed_bytes: u32,
    says: [Option<Saying>; RECORDS],
    record: Option<Ready>,
    due: Due,
    counters: Counters,
    small: [u8; SMALL_FRAME_BYTES],
}

impl<'a, S: Storage> EspDialect<'a, S> {
    /// A dialect that stores everything in `memory`.
    ///
    /// # Errors
    /// A buffer is too small, or the client identifier is empty.
    pub fn new(config: Config<'a>, memory: Memory<S>) -> Result<Self, ConfigError> {
        if config.client_id.is_empty() {
            let field = "client_id (bytes)";
            return Err(ConfigError::OutOfRange { field, value: 0, min: 1, max: 65_535 });
        }
        for (buffer, storage) in [
            ("settings", &memory.settings),
            ("publication", &memory.publication),
            ("command", &memory.command),
            ("record", &memory.record),
        ] {
            large_enough(buffer, storage, 64)?;
        }
        Ok(Self {
            config,
            memory,
            will_size: 0,
            settings_size: 0,
            publication_size: 0,
            publication: None,
            last_ticket: 0,
            generation: Generation::V01,
            link_up: false,
            configured: false,
            ready: false,
            check_told: false,
            running_told: false,
            connected: false,
            link_blocked: false,
            esp_blocked: false,
            freed_bytes: 0,
            says: [None; RECORDS],
            record: None,
            due: Due::default(),
            counters: Counters::default(),
            small: [0; SMALL_FRAME_BYTES],
        })
    }

    /// Gives the memory back, for the next life.
    pub fn into_memory(self) -> Memory<S> {
        self.memory
    }

    /// What was dropped so far.
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// The world speaks. Never fails. The time is taken for the sake of the contract; nothing here
    /// depends on it.
    pub fn handle(&mut self, _now: Instant, input: Input<'_>) {
        match input {
            Input::Link(event) => self.take_event(event),
            Input::Frame(frame) => self.take_frame(frame),
            Input::Sent(count) => self.take_sent(count),
            Input::Unsendable => self.drop_record(),
        }
    }

    fn take_event(&mut self, event: link::Event<'_>) {
        match event {
            link::Event::Up { .. } => {
                self.forget();
                self.link_up = true;
                self.due.link = Some(true);
            }
            link::Event::Down { .. } => {
                let was_up = self.link_up;
                self.forget();
                self.due.link = was_up.then_some(false);
            }
            link::Event::Frame(record) => self.take_record(record),
            link::Event::Writable => self.link_blocked = false,
            link::Event::Oversized { .. } => self.take_oversized(),
            link::Event::Unsuited { .. } => {}
        }
    }

    /// The host starts over.
    fn forget(&mut self) {
        self.link_up = false;
        self.will_size = 0;
        self.publication = None;
        self.configured = false;
        self.ready = false;
        self.check_told = false;
        self.running_told = false;
        self.connected = false;
        self.link_blocked = false;
        self.esp_blocked = false;
        self.says = [None; RECORDS];
        self.record = None;
        self.due = Due::default();
    }

    /// What the dialect wants. Call it after every other call, until it yields [`Output::Wait`].
    pub fn poll(&mut self) -> Output<'_> {
        if let Some(up) = self.due.link.take() {
            // What a record cannot say, the dialect drops and counts itself.
            let begins = esp::Input::LinkUp { frame_max_bytes: usize::MAX };
            return Output::Esp(if up { begins } else { esp::Input::LinkDown });
        }
        if let Some(count) = self.due.sent.take() {
            return Output::Esp(esp::Input::FrameSent(count));
        }
        if core::mem::take(&mut self.due.init) {
            return frame_to_esp(&self.memory.settings, self.settings_size);
        }
        if core::mem::take(&mut self.due.slate_noted) {
            return self.small_frame(ToEsp::SlateNoted);
        }
        if self.ready && core::mem::take(&mut self.due.publication) {
            return frame_to_esp(&self.memory.publication, self.publication_size);
        }
        if let Some(size) = self.due.command.take_if(|_| self.ready) {
            return frame_to_esp(&self.memory.command, size);
        }
        if let Some(frame) = self.due.release.take() {
            return self.small_frame(frame);
        }
        self.write_next();
        if self.esp_blocked && self.takes_frames() {
            self.esp_blocked = false;
            self.due.writable = true;
        }
        if core::mem::take(&mut self.due.writable) {
            return Output::Esp(esp::Input::FrameWritable);
        }
        match self.record.as_mut().filter(|ready| !ready.offered && !self.link_blocked) {
            Some(ready) => {
                ready.offered = true;
                let size = ready.size;
                Output::Record(&self.memory.record.as_ref()[..size])
            }
            None => Output::Wait(Wait::ForInput),
        }
    }

    fn small_frame(&mut self, frame: ToEsp<'_>) -> Output<'_> {
        let size = frame.encode(&mut self.small).unwrap_or(0);
        Output::Esp(esp::Input::Frame(&self.small[..size]))
    }

    fn say(&mut self, saying: Saying) {
        let free = self.says.iter_mut().find(|slot| slot.is_none());
        if let Some(free) = free {
            *free = Some(saying);
        }
    }

    fn say_status(&mut self, number: u8) {
        self.say(Saying::Status(number));
    }

    /// The host waits for this, and takes it for done.
    fn finish_publication(&mut self) {
        self.publication = None;
        self.due.publication = false;
        self.say_status(status::PUBOK);
    }
}

fn frame_to_esp<S: Storage>(storage: &S, size: usize) -> Output<'_> {
    Output::Esp(esp::Input::Frame(&storage.as_ref()[..size]))
}
