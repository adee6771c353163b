//! Transport connections, and what the broker knows of each.

use std::ops::{Index, IndexMut};

use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;

use super::interface::{ClientKey, CloseReason};
use super::message::MessageId;
use super::output::{DelayedPackets, OutputBuffer};
use super::session::SessionSlot;
use super::v5::Client;

/// The place of a connection in [`Connections`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ConnectionSlot(usize);

/// How far a connection is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// No connection has this place.
    Free,
    /// The transport is open, CONNECT has not come.
    AwaitingConnect,
    /// A client uses it.
    Connected(SessionSlot),
    /// It is over. What its transport takes at once is still sent, then it is closed.
    Closing(CloseReason),
}

/// What is published when the connection ends without DISCONNECT.
#[derive(Clone, Copy, Debug)]
pub(super) struct Will {
    pub(super) message: MessageId,
    pub(super) qos: QoS,
    pub(super) retain: bool,
    /// How long the session waits for its client before it is published, in seconds (MQTT 5).
    pub(super) delay_s: u32,
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) key: ClientKey,
    pub(super) phase: Phase,
    /// The beginning of a packet whose end has not come.
    pub(super) partial: Vec<u8>,
    pub(super) output: OutputBuffer,
    pub(super) delayed: DelayedPackets,
    /// When the client was last heard, or the transport was opened.
    pub(super) heard_at: Instant,
    /// How long it may be silent after that, 0 for ever.
    pub(super) silence_max_ms: u32,
    pub(super) will: Option<Will>,
    /// What is known of a client that speaks MQTT 5.
    pub(super) v5: Option<Box<Client>>,
}

impl Connection {
    fn free() -> Self {
        Self {
            key: ClientKey(0),
            phase: Phase::Free,
            partial: Vec::new(),
            output: OutputBuffer::default(),
            delayed: DelayedPackets::default(),
            heard_at: Instant::ZERO,
            silence_max_ms: 0,
            will: None,
            v5: None,
        }
    }

    /// No connection has this place.
    fn is_free(&self) -> bool {
        matches!(self.phase, Phase::Free)
    }

    /// Neither over nor about to be.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::AwaitingConnect | Phase::Connected(_))
    }

    /// Over, but not told to the caller yet.
    pub(super) fn is_closing(&self) -> bool {
        matches!(self.phase, Phase::Closing(_))
    }

    /// When its silence has lasted too long.
    pub(super) fn silence_deadline(&self) -> Option<Instant> {
        (self.is_open() && self.silence_max_ms > 0)
            .then(|| self.heard_at.plus_ms(self.silence_max_ms))
    }

    /// Gives the place back, buffers emptied and kept.
    pub(super) fn clear(&mut self) {
        self.phase = Phase::Free;
        self.partial.clear();
        self.output.clear();
        self.delayed.clear();
        self.v5 = None;
    }
}

/// What a connection needs of the broker.
#[derive(Clone, Copy, Debug)]
pub(super) enum Task {
    /// It is over, and is to be told to the caller.
    Close(ConnectionSlot),
    /// It has something to send.
    Transmit(ConnectionSlot),
}

/// All connections. They are few, so looking through them beats any index.
#[derive(Default, Debug)]
pub(super) struct Connections(Vec<Connection>);

impl Connections {
    /// The connection that the caller knows by this name.
    pub(super) fn find(&self, key: ClientKey) -> Option<ConnectionSlot> {
        self.slot_where(|connection| connection.key == key && !connection.is_free())
    }

    /// The first connection for which `condition` holds.
    fn slot_where(&self, condition: impl FnMut(&Connection) -> bool) -> Option<ConnectionSlot> {
        self.0.iter().position(condition).map(ConnectionSlot)
    }

    /// What is to be done: what is over is closed before anything is sent.
    pub(super) fn next_task(&self) -> Option<Task> {
        let mut offering = None;
        for (place, connection) in self.0.iter().enumerate() {
            if connection.is_closing() {
                return Some(Task::Close(ConnectionSlot(place)));
            }
            if offering.is_none() && connection.output.has_offer() {
                offering = Some(Task::Transmit(ConnectionSlot(place)));
            }
        }
        offering
    }

    /// Takes a free place.
    pub(super) fn open(&mut self, key: ClientKey, now: Instant, silence_max_ms: u32) {
        let free = self.slot_where(Connection::is_free);
        let slot = free.unwrap_or_else(|| {
            self.0.push(Connection::free());
            ConnectionSlot(self.0.len() - 1)
        });
        let connection = &mut self[slot];
        connection.key = key;
        connection.phase = Phase::AwaitingConnect;
        connection.heard_at = now;
        connection.silence_max_ms = silence_max_ms;
    }

    /// The places of all connections, free ones included.
    pub(super) fn slots(&self) -> impl Iterator<Item = ConnectionSlot> + use<> {
        (0..self.0.len()).map(ConnectionSlot)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Connection> {
        self.0.iter()
    }
}

impl Index<ConnectionSlot> for Connections {
    type Output = Connection;

    fn index(&self, slot: ConnectionSlot) -> &Connection {
        &self.0[slot.0]
    }
}

impl IndexMut<ConnectionSlot> for Connections {
    fn index_mut(&mut self, slot: ConnectionSlot) -> &mut Connection {
        &mut self.0[slot.0]
    }
}
