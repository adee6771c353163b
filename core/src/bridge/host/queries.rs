//! What the host says of itself when it is asked.

use super::{Host, Stage, State};
use crate::event::Counters;
use crate::mqtt::ProtocolVersion;
use crate::storage::Storage;

impl<S: Storage> Host<S> {
    pub(crate) const fn version(&self) -> ProtocolVersion {
        self.desk.version()
    }

    /// Where the host stands.
    pub const fn state(&self) -> State {
        match self.stage {
            Stage::Idle => State::Idle,
            Stage::AwaitingEsp => State::AwaitingEsp,
            Stage::Configuring => State::Configuring,
            Stage::Running => State::Running { connected: self.connected },
            Stage::Stopping { .. } => State::Disconnecting,
            Stage::Stopped => State::Stopped,
        }
    }

    /// The ESP8266 has its settings: false from a crash, or a loss of the link, until it is told
    /// them again.
    pub const fn is_running(&self) -> bool {
        matches!(self.stage, Stage::Running)
    }

    /// The ESP8266 has joined a network: false in an outage, and from a crash, or a loss of the
    /// link, until it has said so again.
    pub const fn is_wifi_up(&self) -> bool {
        self.wifi
    }

    /// The broker accepted the connection: what is published now is on its way.
    pub const fn is_ready(&self) -> bool {
        self.connected && self.is_running()
    }

    /// What was dropped, repeated or given up so far, at both ends.
    pub const fn counters(&self) -> Counters {
        self.desk.counters
    }

    /// QoS 1 publications without an outcome.
    pub const fn unacknowledged(&self) -> usize {
        self.desk.outbox.unacknowledged()
    }

    /// Messages handed out and not yet released to the ESP8266.
    pub const fn unreleased(&self) -> usize {
        self.deliveries.count()
    }

    /// Messages that wait for the application.
    pub const fn has_waiting_messages(&self) -> bool {
        !self.inbound.is_empty()
    }

    /// Bytes of messages that there is room for, each counted with 8 bytes more than its packet.
    pub fn inbound_room_bytes(&self) -> usize {
        self.inbound.free()
    }
}
