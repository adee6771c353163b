//! One MQTT session over a byte stream: it outlives its connections.
//!
//! The session knows nothing of WiFi, TCP or pauses; [`client`](crate::client) opens streams for it
//! and closes them when it says so. `step` decides what comes next, `show` lends it: two halves of
//! the `poll` that every machine has, so that the client can look at the decision in between.

mod answers;
mod checkpoint;
mod commands;
mod connect;
mod deliveries;
mod inbound;
mod keep_alive;
mod memory;
mod owed;
mod receive;
mod send;
#[cfg(feature = "mqtt5")]
mod v5;

use core::ops::Range;

use crate::config::{Config, Release, Resubscribe};
use crate::desk::Desk;
use crate::event::{Delivery, DownReason, Event, Message};
use crate::mqtt::{Breach, Packet, ProtocolVersion, QoS, decode};
use crate::planted::{Bug, Planted};
use crate::storage::Storage;
use crate::subscriptions;
use crate::time::{Instant, Reason, Wait};
use crate::transmit::Transmit;
use connect::ConnectPacket;
use deliveries::Deliveries;
use inbound::Inbound;
use keep_alive::KeepAlive;
pub(crate) use memory::Checked;
pub use memory::Memory;
use owed::Owed;
#[cfg(feature = "mqtt5")]
pub(crate) use v5::{Aliases, Server};

/// What the stream did.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input<'a> {
    Opened,
    Closed,
    Received(&'a [u8]),
    Sent(usize),
    Writable,
}

/// What comes next.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Transmit,
    Event(Event<'static>),
    Message(Handed),
    /// The stream is to be closed; the session has already let go of it.
    Close(Close),
    Wait(Wait),
}

/// A message in the receive buffer, being handed out.
#[derive(Clone, Debug)]
pub(crate) struct Handed {
    packet: Range<usize>,
    delivery: Option<Delivery>,
}

impl Handed {
    /// The name to release it by; `None` for QoS 0.
    pub(crate) const fn delivery(&self) -> Option<Delivery> {
        self.delivery
    }
}

/// Why the stream is to be closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Close {
    /// The broker forgot the old session; now for the one that lasts.
    CleanSlate,
    /// Something went wrong.
    Down(DownReason),
    /// DISCONNECT was flushed, or could not be.
    Finished,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// No stream.
    Offline,
    /// CONNECT is on its way.
    AwaitingConnack { until: Instant },
    /// Connected.
    Online,
    /// DISCONNECT is on its way; the stream is closed when it has left.
    Finishing { until: Instant, put: bool, close: Close },
}

/// What the session needs to know of its configuration.
struct Limits {
    window: usize,
    receive_maximum: usize,
    response_timeout_ms: u32,
    ack_timeout_ms: u32,
    release: Release,
    resubscribe: Resubscribe,
}

/// The session. `S` is the caller's memory.
pub(crate) struct Session<S> {
    now: Instant,
    version: ProtocolVersion,
    phase: Phase,
    limits: Limits,
    connect: ConnectPacket<S>,
    inbound: Inbound<S>,
    transmit: Transmit<S>,
    pub(crate) desk: Desk<S>,
    deliveries: Deliveries,
    keep_alive: KeepAlive,
    /// A message larger than this is not handed out now: 0 while the application holds.
    hand_out_max_bytes: usize,
    /// A message larger than this is never handed out.
    message_max_bytes: usize,
    /// A message that can never be handed out is being skipped.
    too_large: Option<receive::TooLarge>,
    /// The message that the last step handed out.
    handed: Option<usize>,
    /// Reading is withheld since then, because held messages fill the receive buffer.
    withheld_since: Option<Instant>,
    /// A CONNECT went out whose CONNACK was never seen: the broker may have begun a new session
    /// with it, and a session that is present next time may be that one, without our subscriptions.
    session_in_doubt: bool,
    /// Since when the broker owes answers.
    owed: Owed,
    /// Messages are given up unacknowledged, to get at the acknowledgements behind them.
    shedding: bool,
    closing: Option<Close>,
    #[cfg(feature = "mqtt5")]
    v5: v5::V5,
    planted: Planted,
}

impl<S: Storage> Session<S> {
    /// Inlined, see `Client::put`.
    #[inline(always)]
    pub(crate) fn of(config: &Config<'_>, memory: Checked<S>) -> Self {
        let Checked { receive, transmit, outbox, subscriptions, connect } = memory;
        let transmit_bytes = transmit.as_ref().len();
        let filter_max_bytes = transmit_bytes - subscriptions::packet_bytes(config.protocol);
        Self {
            now: Instant::ZERO,
            version: config.protocol,
            phase: Phase::Offline,
            limits: Limits {
                window: usize::from(config.window),
                receive_maximum: usize::from(config.receive_maximum).min(deliveries::CAPACITY),
                response_timeout_ms: config.response_timeout_ms,
                ack_timeout_ms: config.ack_timeout_ms,
                release: config.release,
                resubscribe: config.resubscribe,
            },
            connect,
            inbound: Inbound::new(receive),
            transmit: Transmit::new(transmit),
            desk: Desk::new(config, outbox, subscriptions, filter_max_bytes),
            deliveries: Deliveries::new(),
            keep_alive: KeepAlive::new(
                config.effective_ping_interval_ms(),
                config.response_timeout_ms,
            ),
            hand_out_max_bytes: usize::MAX,
            message_max_bytes: usize::MAX,
            session_in_doubt: false,
            too_large: None,
            handed: None,
            withheld_since: None,
            owed: Owed::default(),
            shedding: false,
            closing: None,
            #[cfg(feature = "mqtt5")]
            v5: v5::V5::new(config),
            planted: config.planted,
        }
    }

    pub(crate) fn into_memory(self) -> Memory<S> {
        let (outbox, subscriptions) = self.desk.into_storage();
        Memory {
            receive: self.inbound.into_storage(),
            transmit: self.transmit.into_storage(),
            outbox,
            subscriptions,
            connect: self.connect.into_storage(),
        }
    }

    /// Commands lie on the desk; what is then sent is stamped with the time they were given.
    pub(crate) fn advance_clock(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    /// The world speaks. Never fails.
    pub(crate) fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.advance_clock(now);
        match input {
            Input::Opened => {
                let until = self.now.plus_ms(self.limits.response_timeout_ms);
                self.phase = Phase::AwaitingConnack { until };
                self.send_connect();
            }
            Input::Closed => {
                if self.phase != Phase::Offline {
                    self.close_down(DownReason::TcpClosed);
                }
            }
            Input::Received(chunk) => self.receive(chunk),
            Input::Sent(count) => {
                if count > 0 {
                    self.keep_alive.sent(self.now);
                    if self.desk.outbox.is_oldest_leaving() {
                        // A long packet on a slow line: nobody can answer what has not arrived.
                        self.owed.oldest_leaves(self.now);
                    }
                }
                self.transmit.sent(count);
            }
            Input::Writable => self.transmit.writable(),
        }
    }

    /// Decides what comes next. Bounded work.
    pub(crate) fn step(&mut self) -> Step {
        self.take_handed();
        let (flushed, closed) = (self.transmit.is_empty(), self.phase == Phase::Offline);
        if let Some(event) = self.desk.next_event(self.now, flushed, closed) {
            return Step::Event(event);
        }
        if self.phase != Phase::Offline && self.closing.is_none() {
            if let Some(step) = self.read() {
                return step;
            }
            self.tick();
        }
        if let Some(close) = self.closing.take() {
            self.let_go();
            return Step::Close(close);
        }
        #[cfg(feature = "mqtt5")]
        if self.is_v5()
            && let Some(event) = self.refuse_next()
        {
            return Step::Event(event);
        }
        if self.phase != Phase::Offline && self.fill() {
            return Step::Transmit;
        }
        if let Some(close) = self.closing.take() {
            self.let_go();
            return Step::Close(close);
        }
        Step::Wait(self.wait())
    }

    /// The bytes to be sent.
    pub(crate) fn pending(&self) -> &[u8] {
        self.transmit.pending()
    }

    /// Lends the message that `step` handed out.
    pub(crate) fn show(&self, handed: &Handed) -> Event<'_> {
        #[cfg(feature = "mqtt5")]
        if self.is_v5() {
            return self.show_v5(handed);
        }
        let Handed { packet, delivery } = handed.clone();
        match decode(&self.inbound.bytes()[packet]) {
            Ok(Packet::Publish(publish)) => Event::Message(Message {
                delivery,
                retain: publish.retain,
                dup: publish.dup,
                ..Message::new(publish.topic, publish.payload, publish.qos)
            }),
            // Kept packets were decoded before they were kept.
            Ok(_) | Err(_) => Event::MessageTooLarge { qos: QoS::AtMostOnce, size_bytes: 0 },
        }
    }

    /// The packet of the message that `step` handed out, as the broker sent it.
    pub(crate) fn show_packet(&self, handed: &Handed) -> &[u8] {
        &self.inbound.bytes()[handed.packet.clone()]
    }

    pub(crate) const fn is_connected(&self) -> bool {
        matches!(self.phase, Phase::Online)
    }

    pub(crate) const fn is_finishing(&self) -> bool {
        matches!(self.phase, Phase::Finishing { .. })
    }

    pub(crate) const fn unreleased(&self) -> usize {
        self.deliveries.count()
    }

    pub(crate) const fn awaiting_suback(&self) -> bool {
        self.desk.subscriptions.asked() > 0
    }

    /// Ends the connection because of something only the client knows.
    #[cold]
    pub(crate) fn close_down(&mut self, reason: DownReason) {
        if self.phase != Phase::Offline && self.closing.is_none() {
            // A stream that was to be closed anyway is closed for the reason it was to be.
            self.closing = Some(match self.phase {
                Phase::Finishing { close, .. } => close,
                Phase::Offline | Phase::AwaitingConnack { .. } | Phase::Online => {
                    Close::Down(reason)
                }
            });
        }
    }

    fn breach(&mut self, breach: Breach) {
        #[cfg(feature = "mqtt5")]
        if let Breach::V5(breach) = breach {
            return self.breach_v5(breach);
        }
        self.close_down(DownReason::Breach(breach));
    }

    /// Forgets everything that belongs to the connection.
    #[cold]
    fn let_go(&mut self) {
        self.session_in_doubt |= matches!(self.phase, Phase::AwaitingConnack { .. });
        self.phase = Phase::Offline;
        self.inbound.clear();
        self.transmit.clear();
        self.desk.outbox.connection_lost();
        self.desk.subscriptions.connection_lost();
        self.deliveries.connection_lost();
        self.too_large = None;
        self.handed = None;
        self.withheld_since = None;
        self.owed = Owed::default();
        self.shedding = false;
        #[cfg(feature = "mqtt5")]
        self.v5.connection_lost(self.planted);
    }

    /// Checks the deadlines that have come.
    fn tick(&mut self) {
        let now = self.now;
        match self.phase {
            Phase::Offline => {}
            Phase::AwaitingConnack { until } if until <= now => {
                self.close_down(DownReason::ConnackOverdue)
            }
            Phase::Finishing { until, close, .. } if until <= now => self.closing = Some(close),
            Phase::AwaitingConnack { .. } | Phase::Finishing { .. } => {}
            Phase::Online => self.tick_online(),
        }
    }

    fn tick_online(&mut self) {
        self.note_withheld();
        let withheld = self.withheld_since.is_some() && !self.planted.has(Bug::HoldIsSilence);
        if self.keep_alive.tick(self.now, withheld) {
            self.close_down(DownReason::PingrespOverdue);
        } else if self.ack_overdue_at().is_some_and(|at| at <= self.now) {
            self.close_down(DownReason::AckOverdue);
        } else if self.shed_at().is_some_and(|at| at <= self.now) {
            self.start_shedding();
        } else if self.shedding && self.takes_everything() {
            self.close_down(DownReason::Shed);
        }
    }

    /// The application has taken all that was kept, and would take any message.
    fn takes_everything(&self) -> bool {
        let largest = self.inbound.packet_max_bytes().min(self.message_max_bytes);
        let idle = !self.inbound.keeps_messages() && self.deliveries.count() == 0;
        idle && self.hand_out_max_bytes >= largest
    }

    fn ack_overdue_at(&self) -> Option<Instant> {
        let since = self.owed.since().filter(|_| self.withheld_since.is_none())?;
        Some(since.plus_ms(self.limits.ack_timeout_ms))
    }

    /// Acknowledgements may wait behind messages that the application does not take. After a while
    /// those messages are given up: the broker delivers them again, because it gets no PUBACK (P9).
    fn shed_at(&self) -> Option<Instant> {
        let since = self.withheld_since?.max(self.owed.since()?);
        Some(since.plus_ms(self.limits.response_timeout_ms))
    }

    /// Starts or stops the time in which reading is withheld.
    fn note_withheld(&mut self) {
        let withheld = self.receive_capacity() == 0 || self.is_held_up();
        match (withheld, self.withheld_since) {
            (true, None) => self.withheld_since = Some(self.now),
            (false, Some(since)) => {
                self.withheld_since = None;
                self.keep_alive.received(self.now);
                self.owed.held_up(self.now, since);
            }
            (true, Some(_)) | (false, None) => {}
        }
    }

    /// What arrived is not read although there is room: a message waits for those before it.
    fn is_held_up(&self) -> bool {
        #[cfg(feature = "mqtt5")]
        return self.is_v5() && self.waits_for_alias();
        #[cfg(not(feature = "mqtt5"))]
        false
    }

    fn wait(&self) -> Wait {
        let expiry = Wait::until(self.desk.outbox.next_deadline(), Reason::Expiry);
        match self.phase {
            Phase::Offline => expiry,
            Phase::AwaitingConnack { until } => {
                expiry.sooner(Wait::Until(until, Reason::ConnackOverdue))
            }
            Phase::Finishing { until, .. } => {
                expiry.sooner(Wait::Until(until, Reason::DisconnectOverdue))
            }
            Phase::Online => {
                let withheld =
                    self.withheld_since.is_some() && !self.planted.has(Bug::HoldIsSilence);
                self.keep_alive
                    .wait(withheld)
                    .sooner(Wait::until(self.ack_overdue_at(), Reason::AckOverdue))
                    .sooner(Wait::until(self.shed_at(), Reason::ShedDue))
                    .sooner(expiry)
            }
        }
    }
}
