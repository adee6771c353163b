//! Between fivewire's host end and an ESP8266 with the original firmware.
//!
//! The host stays what it is: owner of every publication and subscription. The dialect tells the
//! ESP8266 its settings in the order it wants (PREDECESSORS.md §2.6), gives it one command at a time, and
//! makes of its statuses the frames that the host knows.
//!
//! ```text
//! loop {
//!     // drain the link, the dialect and the host until all three wait
//!     match link.poll()    { Event(event) => dialect.handle(now, Input::Link(event)), … }
//!     match host.poll()    { Frame(frame) => dialect.handle(now, Input::Frame(frame)),
//!                            Action(ResetEsp) => link.restart(now), … }
//!     dialect.handle(now, Input::Room(host.inbound_room_bytes()));
//!     match dialect.poll() { Host(input) => host.handle(now, input),
//!                            Record(record) => dialect.handle(now, match link.send(record) {
//!                                Ok(taken) => Input::Sent(taken), Err(_) => Input::Unsendable }),
//!                            Hold(hold) => link.hold(hold), … }
//! }
//! ```
//!
//! After each event of the link the dialect is drained before the link is polled again. The link's
//! [`resets_by_itself`](crate::link::Timing::resets_by_itself) is to be false: the host resets.
//!
//! * **Publications** are finished by status 4, which follows the broker's PUBACK (P1). The retain
//!   flag is sent as an empty text for false, the only one that the original takes for false
//!   (D-01), and so is the will's (D-02).
//! * **Subscriptions** are not confirmed by the original. But it does one command after the other,
//!   and a subscription is done when SUBACK has come: so `m` is asked behind it, and its answer is
//!   the confirmation, of the QoS that was asked for. A refused one makes the original's client
//!   reconnect for ever (D-38); after four connections that it broke it is told as refused.
//! * **Life**: see [`Config::command_timeout_ms`] and `m`, asked every 2.5 s while nothing else is
//!   under way (D-07).
//! * **Unsubscribing** is confirmed at once, because the original has no word for it. The broker
//!   goes on sending until the ESP8266 restarts; the host drops what nobody wants.
//! * **Shutting down** likewise: the ESP8266 keeps its connection until it loses power, and then
//!   its will is told (P10).
//! * **A message that a character 0 cut in two** (D-16) is dropped and counted with all its parts,
//!   so that no part of it is taken for a record: V0.1 says at the end of each message whether it
//!   is retained, so a message without that was cut. V0.22 does not.

mod commands;
mod life;
mod receive;
mod settings;

use crate::bridge::frame::{SMALL_FRAME_BYTES, Tally, ToHost, TopicBytes};
use crate::bridge::host::{self, Settings};
use crate::bridge::{HEARTBEAT_MS, VERSION};
use crate::error::ConfigError;
use crate::event::{ResetCause, Ticket};
use crate::link;
use crate::mqtt::QoS;
use crate::storage::{Storage, large_enough};
use crate::time::{Instant, Reason, Wait};
use life::Life;

pub use settings::{Config, Memory, SpecifiedNetwork};

/// One input causes no more frames than this.
const FRAMES: usize = 6;
/// The question to the command task.
const QUERY: &[u8] = b"m";
/// Permission to join the specified network.
const PERMISSION: &[u8] = b"1";

/// What the world tells a dialect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Input<'a> {
    /// The instant that `Wait::Until` named has come, or any other: early is harmless.
    Timeout,
    /// What the link told.
    Link(link::Event<'a>),
    /// What the host gave: its [`Output::Frame`](host::Output::Frame). It is answered with
    /// [`Sent`](host::Input::Sent) through [`Output::Host`].
    Frame(&'a [u8]),
    /// How much the host can take: [`inbound_room_bytes`](host::Host::inbound_room_bytes), whenever
    /// it was drained.
    Room(usize),
    /// The link took the last [`Output::Record`]: its length, or 0 for not now.
    Sent(usize),
    /// The link said that it can never take the last [`Output::Record`].
    Unsendable,
}

/// What a dialect wants next. Exhaustive on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output<'a> {
    /// Tell the host.
    Host(host::Input<'a>),
    /// Send this string, and say with [`Input::Sent`] or [`Input::Unsendable`] what became of it.
    Record(&'a [u8]),
    /// Hold the link, or let it go: the host has no room for the last message.
    Hold(bool),
    /// For whoever wants to know: a status number of the original, 0 to 10 (PREDECESSORS.md §2.4).
    Status(u8),
    /// Everything is said: wait.
    Wait(Wait),
}

/// Where the ESP8266 stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// There is no link.
    Down,
    /// The host has not given its settings yet.
    AwaitingSettings,
    TellingWill,
    AwaitingWillOk,
    TellingInit,
    /// It joins and connects.
    Starting,
    Running,
}

/// A command that the host gave.
#[derive(Clone, Copy, Debug)]
struct Command {
    ticket: Ticket,
    qos: QoS,
    subscribes: bool,
    /// The link took it then.
    sent_at: Option<Instant>,
    /// Connections that ended as soon as it was tried on them.
    strikes: u8,
}

/// What the link is offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sending {
    Permission,
    Will,
    Init,
    Command,
    Query,
}

/// The dialect. `S` is the caller's memory.
pub struct HostDialect<S> {
    now: Instant,
    options: Options,
    settings: S,
    will_size: usize,
    init_size: usize,
    record: S,
    record_size: usize,
    message: S,
    /// Size of the frame in `message`, and the room that it needs, while the host has not got it.
    message_size: Option<(usize, usize)>,
    stage: Stage,
    connected: bool,
    /// When the connection came up.
    connected_at: Instant,
    /// The host asked for a clean slate.
    clean_init: bool,
    command: Option<Command>,
    permission_due: bool,
    /// `m` was asked and not answered.
    query_open: bool,
    query_at: Instant,
    life: Life,
    alive_at: Instant,
    offered: Option<Sending>,
    link_blocked: bool,
    /// The host was told that a frame was not taken.
    host_blocked: bool,
    /// Bytes of messages that the host can take now.
    room_bytes: usize,
    /// Bytes of messages that it could ever take.
    capacity_bytes: usize,
    /// The link is held.
    held: bool,
    /// A message was cut: what comes belongs to it.
    cut: bool,
    dropped_in: u32,
    due: Due,
    small: [u8; SMALL_FRAME_BYTES],
}

/// What is to be said, in this order.
#[derive(Clone, Copy, Default, Debug)]
struct Due {
    link_down: bool,
    frames: [Option<ToHost<'static>>; FRAMES],
    reset: Option<ResetCause>,
    sent: Option<usize>,
    writable: bool,
    status: Option<u8>,
    hold: Option<bool>,
    unsuited: Option<link::Peer>,
}

/// What was decided at construction.
#[derive(Clone, Copy, Debug)]
struct Options {
    generation: super::Generation,
    specified_network: SpecifiedNetwork,
    watchdog_timeout_ms: u32,
    start_up_timeout_ms: u32,
    command_timeout_ms: u32,
}

impl<S: Storage> HostDialect<S> {
    /// A dialect for a host with these settings.
    ///
    /// # Errors
    /// A text that the original cannot be told, a value out of range, or a buffer that is too
    /// small.
    pub fn new(
        settings: &Settings<'_>,
        config: &Config<'_>,
        memory: Memory<S>,
    ) -> Result<Self, ConfigError> {
        config.validate(settings)?;
        let Memory { settings: mut stored, record, message } = memory;
        let size_bytes = stored.as_ref().len();
        let (will_size, init_size) =
            config.write(settings, stored.as_mut()).map_err(|min_bytes| {
                ConfigError::MemoryTooSmall { buffer: "settings", size_bytes, min_bytes }
            })?;
        large_enough("record", &record, 32)?;
        large_enough("message", &message, 64)?;
        Ok(Self {
            now: Instant::ZERO,
            options: Options {
                generation: config.generation,
                specified_network: config.specified_network,
                watchdog_timeout_ms: settings.watchdog_timeout_ms,
                start_up_timeout_ms: config.start_up_timeout_ms,
                command_timeout_ms: config.command_timeout_ms,
            },
            settings: stored,
            will_size,
            init_size,
            record,
            record_size: 0,
            message,
            message_size: None,
            stage: Stage::Down,
            connected: false,
            connected_at: Instant::ZERO,
            clean_init: false,
            command: None,
            permission_due: false,
            query_open: false,
            query_at: Instant::ZERO,
            life: Life::Off,
            alive_at: Instant::ZERO,
            offered: None,
            link_blocked: false,
            host_blocked: false,
            room_bytes: 0,
            capacity_bytes: 0,
            held: false,
            cut: false,
            dropped_in: 0,
            due: Due::default(),
            small: [0; SMALL_FRAME_BYTES],
        })
    }

    /// Gives the memory back, for the next life.
    pub fn into_memory(self) -> Memory<S> {
        Memory { settings: self.settings, record: self.record, message: self.message }
    }

    /// Messages that were dropped since the link came up, because they were cut in two or had no
    /// valid topic.
    pub const fn dropped_in(&self) -> u32 {
        self.dropped_in
    }

    /// The world speaks. Never fails.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.now = self.now.max(now);
        match input {
            Input::Timeout => {}
            Input::Link(event) => self.take_event(event),
            Input::Frame(frame) => self.take_frame(frame),
            Input::Room(bytes) => self.room_bytes = bytes,
            Input::Sent(count) => self.take_sent(count),
            Input::Unsendable => self.take_unsendable(),
        }
    }

    fn take_event(&mut self, event: link::Event<'_>) {
        match event {
            link::Event::Up { .. } => self.begin(),
            link::Event::Down { reason } => self.end(reason),
            link::Event::Frame(record) => self.take_record(record),
            link::Event::Writable => self.link_blocked = false,
            link::Event::Oversized { size_bytes } => self.tell(ToHost::TooLarge {
                qos: QoS::AtMostOnce,
                size_bytes: u32::try_from(size_bytes).unwrap_or(u32::MAX),
            }),
            // It will not speak the records either: the host's own timeout resets it.
            link::Event::Unsuited { peer } => self.due.unsuited = Some(peer),
        }
    }

    /// The ESP8266 has started: the host gives everything once more.
    fn begin(&mut self) {
        self.forget();
        self.stage = Stage::AwaitingSettings;
        self.alive_at = self.now.plus_ms(HEARTBEAT_MS);
        self.watch_start_up();
        let topics = TopicBytes::default();
        self.tell(ToHost::Hello { version: VERSION, outbox_bytes: 0, topics });
    }

    /// The link is gone. Unless the host itself restarted it, the ESP8266 needs a reset: the
    /// original finds a link again only after one.
    fn end(&mut self, reason: link::DownReason) {
        let was_up = self.stage != Stage::Down;
        self.forget();
        self.due.link_down = was_up;
        self.due.reset = match reason {
            link::DownReason::Restarted => None,
            link::DownReason::SyncOverdue => Some(ResetCause::StartUpOverdue),
            link::DownReason::Silent => Some(ResetCause::Watchdog),
            link::DownReason::PeerRestarted => Some(ResetCause::GaveUp),
            link::DownReason::Damaged => Some(ResetCause::Garbage),
        };
    }

    fn forget(&mut self) {
        self.stage = Stage::Down;
        self.connected = false;
        self.command = None;
        self.permission_due = false;
        self.query_open = false;
        self.life = Life::Off;
        self.offered = None;
        self.link_blocked = false;
        self.host_blocked = false;
        self.message_size = None;
        let held = core::mem::take(&mut self.held);
        self.cut = false;
        self.dropped_in = 0;
        self.due = Due { hold: held.then_some(false), ..Due::default() };
    }

    /// What the dialect wants. Call it after every other call, until it yields [`Output::Wait`].
    pub fn poll(&mut self) -> Output<'_> {
        self.tick();
        if core::mem::take(&mut self.due.link_down) {
            return Output::Host(host::Input::LinkDown);
        }
        if let Some(frame) = self.due.frames[0].take() {
            self.due.frames.rotate_left(1);
            let size = frame.encode(&mut self.small).unwrap_or(0);
            return Output::Host(host::Input::Frame(&self.small[..size]));
        }
        if let Some(status) = self.due.status.take() {
            return Output::Status(status);
        }
        if let Some(peer) = self.due.unsuited.take() {
            return Output::Host(host::Input::Unsuited(peer.into()));
        }
        if let Some(size) = self.take_message_that_fits() {
            return Output::Host(host::Input::Frame(&self.message.as_ref()[..size]));
        }
        if let Some(cause) = self.due.reset.take() {
            return Output::Host(host::Input::Reset(cause));
        }
        if let Some(count) = self.due.sent.take() {
            return Output::Host(host::Input::Sent(count));
        }
        if core::mem::take(&mut self.due.writable) {
            return Output::Host(host::Input::Writable);
        }
        if let Some(hold) = self.due.hold.take() {
            return Output::Hold(hold);
        }
        if let Some(sending) = self.next_sending() {
            self.offered = Some(sending);
            return Output::Record(self.show(sending));
        }
        Output::Wait(self.wait())
    }

    fn tick(&mut self) {
        if self.stage == Stage::Down {
            return;
        }
        match self.life.is_over(self.now) {
            None => {}
            Some(Reason::StartUpOverdue) => self.give_up(ResetCause::StartUpOverdue),
            Some(_) => self.give_up(ResetCause::Watchdog),
        }
        if self.alive_at <= self.now {
            self.alive_at = self.now.plus_ms(HEARTBEAT_MS);
            self.tell(ToHost::Alive(Tally {
                dropped_qos0_in: self.dropped_in,
                ..Tally::default()
            }));
        }
        if self.host_blocked && self.command.is_none() && self.connected {
            self.host_blocked = false;
            self.due.writable = true;
        }
    }

    /// The ESP8266 must be reset.
    const fn give_up(&mut self, cause: ResetCause) {
        self.life = Life::Off;
        self.due.reset = Some(cause);
    }

    fn tell(&mut self, frame: ToHost<'static>) {
        let free = self.due.frames.iter_mut().find(|slot| slot.is_none());
        debug_assert!(free.is_some(), "one input causes no more frames than there is room for");
        if let Some(free) = free {
            *free = Some(frame);
        }
    }

    fn watch_start_up(&mut self) {
        let timeout_ms = self.options.start_up_timeout_ms;
        self.life = Life::watch(self.now, timeout_ms, Reason::StartUpOverdue);
    }

    /// The command task has shown that it lives, and has nothing to do.
    fn watch_idle(&mut self) {
        self.life = Life::watch(self.now, self.options.watchdog_timeout_ms, Reason::Watchdog);
        self.query_at = self.now.plus_ms(HEARTBEAT_MS);
    }

    fn query_due_at(&self) -> Option<Instant> {
        if self.stage != Stage::Running || self.query_open {
            return None;
        }
        match self.command {
            None => Some(self.query_at),
            Some(command) if command.subscribes => command.sent_at,
            Some(_) => None,
        }
    }

    fn wait(&self) -> Wait {
        if self.stage == Stage::Down {
            return Wait::ForInput;
        }
        let sends = self.offered.is_none() && !self.link_blocked;
        let query = Wait::until(self.query_due_at().filter(|_| sends), Reason::Heartbeat);
        let alive = Wait::Until(self.alive_at, Reason::Heartbeat);
        self.life.wait().sooner(query).sooner(alive)
    }
}
