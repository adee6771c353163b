//! The host end of the bridge: owns every message until it is done, tells the ESP8266 what to do,
//! and resets it when it is silent.

mod checkpoint;
mod commands;
mod deliveries;
mod errands;
mod queries;
mod receive;
mod send;
mod settings;
#[cfg(feature = "mqtt5")]
mod v5;

use crate::bridge::fifo::Fifo;
use crate::bridge::frame::{Init, Services, ToEsp, TopicBytes, subscribe_header_bytes};
use crate::bridge::topics::Topics;
use crate::bridge::watchdog::Watchdog;
use crate::config::Release;
use crate::desk::Desk;
use crate::error::ConfigError;
use crate::event::{Counters, Delivery, DownReason, Event, Message, ResetCause, Unsuited};
use crate::mqtt::{Packet, QoS, decode};
use crate::planted::{Bug, Planted};
use crate::storage::{Storage, large_enough};
use crate::time::{Instant, Reason, Wait};
use crate::transmit::Transmit;
use deliveries::Deliveries;
use errands::Errands;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

pub use settings::{Firmware, Memory, Settings};

/// Bytes that a received message takes in `inbound` besides its packet.
pub(crate) const INBOUND_HEADER_BYTES: usize = crate::bridge::fifo::HEADER_BYTES + 4;

/// What the world tells the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Input<'a> {
    /// The instant that `Wait::Until` named has come, or any other: early is harmless. What has
    /// arrived on the link must be delivered first.
    Timeout,
    /// The two ends of the link found each other.
    LinkUp {
        /// The largest frame that the link carries to the ESP8266
        /// ([`Event::Up`](crate::link::Event::Up)), at least 62 bytes; `usize::MAX` for no limit.
        /// No frame is larger. What it leaves no room for is refused: a publication or filter at
        /// once while the limit is known, and told of as refused where it was queued before.
        frame_max_bytes: usize,
    },
    /// They lost each other. What was on its way is lost.
    LinkDown,
    /// A whole frame arrived.
    Frame(&'a [u8]),
    /// The link took the last [`Output::Frame`]: its length, or 0 for not now.
    Sent(usize),
    /// The link takes frames again.
    Writable,
    /// The link heard an ESP8266 that it cannot work with.
    Unsuited(Unsuited),
    /// Who translates for an ESP8266 that speaks otherwise found that it must be reset.
    Reset(ResetCause),
}

/// What the host asks of the world. Exhaustive on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Pulse the reset line. The link goes down with it, and comes up by itself afterwards.
    ResetEsp,
}

/// What the host wants next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output<'a> {
    /// Do this.
    Action(Action),
    /// Send this frame, and say with `Sent` whether the link took it.
    Frame(&'a [u8]),
    /// Tell the application.
    Event(Event<'a>),
    /// Everything is said: wait.
    Wait(Wait),
}

/// Where the host stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum State {
    /// Not started.
    Idle,
    /// The ESP8266 was reset and has not spoken yet.
    AwaitingEsp,
    /// It spoke and is being told its settings.
    Configuring,
    /// It has them.
    Running {
        /// The broker accepted the connection.
        connected: bool,
    },
    /// DISCONNECT is on its way.
    Disconnecting,
    /// Shut down.
    Stopped,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Idle,
    AwaitingEsp,
    Configuring,
    Running,
    Stopping { until: Instant },
    Stopped,
}

/// Frames without a queue of their own, to be sent as soon as the link takes them.
#[derive(Clone, Copy, Default, Debug)]
struct Due {
    init: bool,
    slate_noted: bool,
    shut_down: bool,
    /// What was queued may be too large for the link.
    refusals: bool,
}

/// The host end. `S` is the caller's memory.
pub struct Host<S> {
    now: Instant,
    stage: Stage,
    desk: Desk<S>,
    inbound: Fifo<S>,
    frame: Transmit<S>,
    publication_topics: Topics<S>,
    message_topics: Topics<S>,
    settings: S,
    settings_size: usize,
    watchdog: Option<Watchdog>,
    watchdog_timeout_ms: u32,
    startup_timeout_ms: u32,
    window: usize,
    release: Release,
    firmware: Firmware,
    epoch: u32,
    /// The broker is still to forget the session of an earlier life: once per power-up of the host.
    clean_init_due: bool,
    link_up: bool,
    connected: bool,
    /// The ESP8266 has joined a network.
    wifi: bool,
    due: Due,
    errands: Errands,
    reset_due: Option<ResetCause>,
    esp_outbox_bytes: usize,
    /// The largest frame that the link carries, as far as it ever said so.
    frame_max_bytes: usize,
    deliveries: Deliveries,
    hold: bool,
    /// The last step lent the oldest message; it goes with the next one.
    handed: bool,
    stop_told: bool,
    /// Bytes of messages that the application took, since the ESP8266 was told its settings.
    freed_bytes: u32,
    /// How many of them it was told of.
    told_freed_bytes: u32,
    /// What earlier starts of the ESP8266 had counted.
    tally_base: Counters,
    #[cfg(feature = "mqtt5")]
    said: v5::Said,
    planted: Planted,
}

impl<S: Storage> Host<S> {
    /// A host that stores everything in `memory`. `seed` should differ from power-up to power-up:
    /// it names this one to the ESP8266.
    ///
    /// # Errors
    /// The settings or one of the buffers are out of range.
    pub fn new(settings: &Settings<'_>, memory: Memory<S>, seed: u64) -> Result<Self, ConfigError> {
        settings.validate()?;
        let config = &settings.client;
        let Memory { outbox, subscriptions, inbound, frame, settings: mut stored, .. } = memory;
        let init = Init {
            epoch: 0,
            room_bytes: 0,
            capacity_bytes: 0,
            topics: TopicBytes::default(),
            config: *config,
            network: settings.network,
            broker: settings.broker,
            services: Services {
                asks_network: settings.asks_network,
                tells_attempts: settings.tells_attempts,
                time_server: settings.time_server,
            },
        };
        let size_bytes = stored.as_ref().len();
        let settings_size = ToEsp::Init(init).encode(stored.as_mut()).map_err(|min_bytes| {
            ConfigError::MemoryTooSmall { buffer: "settings", size_bytes, min_bytes }
        })?;
        large_enough("outbox", &outbox, 64)?;
        large_enough("inbound", &inbound, 128)?;
        large_enough("frame", &frame, settings_size.max(64))?;
        let filter_max_bytes = frame.as_ref().len() - subscribe_header_bytes(config.protocol);
        Ok(Self {
            now: Instant::ZERO,
            stage: Stage::Idle,
            desk: Desk::new(config, outbox, subscriptions, filter_max_bytes),
            inbound: Fifo::new(inbound),
            frame: Transmit::new(frame),
            publication_topics: Topics::new(memory.publication_topics),
            message_topics: Topics::new(memory.message_topics),
            settings: stored,
            settings_size,
            watchdog: None,
            watchdog_timeout_ms: settings.watchdog_timeout_ms,
            startup_timeout_ms: settings.startup_timeout_ms,
            window: usize::from(config.window),
            release: config.release,
            firmware: settings.firmware,
            epoch: ChaCha8Rng::seed_from_u64(seed).next_u32(),
            clean_init_due: config.clean_init,
            link_up: false,
            connected: false,
            wifi: false,
            due: Due::default(),
            errands: Errands::default(),
            reset_due: None,
            esp_outbox_bytes: 0,
            frame_max_bytes: usize::MAX,
            deliveries: Deliveries::new(),
            hold: false,
            handed: false,
            stop_told: false,
            freed_bytes: 0,
            told_freed_bytes: 0,
            tally_base: Counters::default(),
            #[cfg(feature = "mqtt5")]
            said: v5::Said::default(),
            planted: config.planted,
        })
    }

    /// Gives the memory back, for the next life.
    pub fn into_memory(self) -> Memory<S> {
        let (outbox, subscriptions) = self.desk.into_storage();
        Memory {
            outbox,
            subscriptions,
            inbound: self.inbound.into_storage(),
            frame: self.frame.into_storage(),
            publication_topics: self.publication_topics.into_storage(),
            message_topics: self.message_topics.into_storage(),
            settings: self.settings,
        }
    }

    /// Resets the ESP8266 and begins; never stops trying until [`shut_down`](Self::shut_down).
    pub fn start(&mut self, now: Instant) {
        self.advance_clock(now);
        if matches!(self.stage, Stage::Idle | Stage::Stopped) {
            self.desk.shut_down = false;
            self.reset_esp(ResetCause::PowerUp);
        }
    }

    /// The world speaks. Never fails.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.advance_clock(now);
        match input {
            Input::Timeout => {}
            Input::LinkUp { frame_max_bytes } => {
                self.link_up = true;
                self.limit_frames(frame_max_bytes);
            }
            Input::LinkDown => self.lose_link(DownReason::LinkLost),
            Input::Frame(frame) => self.take_frame(frame),
            // A frame is taken whole or not at all.
            Input::Sent(count) => {
                self.frame.sent(if count == 0 { 0 } else { self.frame.pending().len() });
            }
            Input::Writable => self.frame.writable(),
            Input::Unsuited(unsuited) => {
                self.desk.tell(Event::EspUnsuited(unsuited));
            }
            Input::Reset(cause) => {
                if !matches!(self.stage, Stage::Idle | Stage::Stopped) {
                    self.reset_esp(cause);
                }
            }
        }
    }

    /// What the host wants. Call it after every other call, until it yields [`Output::Wait`].
    pub fn poll(&mut self) -> Output<'_> {
        if core::mem::take(&mut self.handed) {
            self.drop_handed();
        }
        self.tick();
        if self.due.refusals {
            self.refuse_too_large();
        }
        #[cfg(feature = "mqtt5")]
        if core::mem::take(&mut self.said.due) {
            return Output::Event(self.show_said());
        }
        let closed = matches!(self.stage, Stage::Stopped) && !self.planted.has(Bug::NeverStops);
        if let Some(event) = self.desk.next_event(self.now, false, closed) {
            return Output::Event(event);
        }
        // The application hears of a crash before the ESP8266 is reset for it (PREDECESSORS.md §2.10).
        if self.reset_due.take().is_some() {
            return Output::Action(Action::ResetEsp);
        }
        if let Some((record, delivery)) = self.next_message() {
            self.handed = true;
            return Output::Event(self.show(record, delivery));
        }
        if closed && !core::mem::replace(&mut self.stop_told, true) {
            return Output::Event(Event::Stopped);
        }
        if self.fill() {
            return Output::Frame(self.frame.pending());
        }
        Output::Wait(self.wait())
    }

    /// Time that goes backwards is ignored.
    fn advance_clock(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    fn tick(&mut self) {
        if let Stage::Stopping { until } = self.stage
            && until <= self.now
        {
            self.stop();
        }
        let Some(watchdog) = self.watchdog.as_mut() else { return };
        if !watchdog.is_over(self.now) {
            return;
        }
        let cause = match watchdog.reason() {
            Reason::Watchdog => ResetCause::Watchdog,
            _ => ResetCause::StartUpOverdue,
        };
        if cause == ResetCause::Watchdog
            && self.link_up
            && self.planted.has(Bug::WatchdogSeesClockOnly)
        {
            self.watch();
        } else if cause == ResetCause::StartUpOverdue && self.planted.has(Bug::ResetOnce) {
            self.watchdog = None;
        } else {
            self.reset_esp(cause);
        }
    }

    /// The command task spoke: from here on it must not be silent for longer than the timeout.
    fn watch(&mut self) {
        self.watchdog = Some(Watchdog::start(self.now, self.watchdog_timeout_ms, Reason::Watchdog));
    }

    /// The ESP8266 starts: it must say hello within the timeout.
    fn watch_start_up(&mut self) {
        let timeout_ms = self.startup_timeout_ms;
        self.watchdog = Some(Watchdog::start(self.now, timeout_ms, Reason::StartUpOverdue));
    }

    #[cold]
    fn reset_esp(&mut self, cause: ResetCause) {
        if matches!(self.stage, Stage::Stopping { .. }) {
            // Who is leaving does not wait for an ESP8266 to start.
            self.stop();
            return;
        }
        self.lose_link(DownReason::EspRestarted);
        self.stage = Stage::AwaitingEsp;
        self.watch_start_up();
        self.reset_due = Some(cause);
        let resets = &mut self.desk.counters.esp_resets;
        *resets = resets.saturating_add(1);
        self.desk.tell(Event::EspReset { cause });
    }

    /// Nothing is given to the link again before the ESP8266 has said hello.
    #[cold]
    fn lose_link(&mut self, reason: DownReason) {
        self.link_up = false;
        self.wifi = false;
        if self.stage == Stage::Running {
            self.stage = Stage::Configuring;
        }
        self.frame.clear();
        self.due.init = false;
        if core::mem::take(&mut self.connected) {
            self.desk.tell(Event::Disconnected { reason });
        }
    }

    #[cold]
    fn stop(&mut self) {
        self.stage = Stage::Stopped;
        self.watchdog = None;
        self.due = Due::default();
        self.lose_link(DownReason::ShutDown);
        self.desk.outbox.connection_lost();
    }

    /// The oldest message, if the application takes it.
    fn next_message(&mut self) -> Option<(core::ops::Range<usize>, Option<Delivery>)> {
        if self.inbound.is_empty() || self.hold || self.deliveries.is_full() {
            return None;
        }
        let record = self.inbound.front()?;
        let at_esp = crate::storage::get_u32(self.inbound.get(record.clone()), 0);
        let explicit = self.release == Release::Explicit;
        // 0: QoS 0, or received by an ESP8266 that is gone and cannot be told.
        let delivery = (at_esp != 0).then(|| self.deliveries.push(at_esp, !explicit));
        Some((record, delivery.filter(|_| explicit)))
    }

    /// Lends a message of the inbound queue.
    fn show(&self, record: core::ops::Range<usize>, delivery: Option<Delivery>) -> Event<'_> {
        let packet = &self.inbound.get(record)[4..];
        #[cfg(feature = "mqtt5")]
        if self.speaks_v5() {
            return v5::show(packet, delivery);
        }
        show(packet, delivery)
    }

    /// The application has read the oldest message.
    fn drop_handed(&mut self) {
        let freed = u32::try_from(self.inbound.pop()).unwrap_or(0);
        self.freed_bytes = self.freed_bytes.wrapping_add(freed);
    }

    fn wait(&self) -> Wait {
        let expiry = Wait::until(self.desk.outbox.next_deadline(), Reason::Expiry);
        let stopping = match self.stage {
            Stage::Stopping { until } => Wait::Until(until, Reason::DisconnectOverdue),
            _ => Wait::ForInput,
        };
        let watchdog = self.watchdog.as_ref().map_or(Wait::ForInput, Watchdog::wait);
        watchdog.sooner(expiry).sooner(stopping)
    }
}

fn show(packet: &[u8], delivery: Option<Delivery>) -> Event<'_> {
    match decode(packet) {
        Ok(Packet::Publish(publish)) => Event::Message(Message {
            delivery,
            retain: publish.retain,
            dup: publish.dup,
            ..Message::new(publish.topic, publish.payload, publish.qos)
        }),
        // Messages were decoded before they were queued.
        Ok(_) | Err(_) => Event::MessageTooLarge { qos: QoS::AtMostOnce, size_bytes: packet.len() },
    }
}
