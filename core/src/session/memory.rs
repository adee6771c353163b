//! The memory that a session lives on, and whether it is enough.

use super::connect::{self, ConnectPacket};
use super::inbound;
use crate::config::Config;
use crate::error::ConfigError;
use crate::storage::{Storage, large_enough};

/// The caller's buffers.
///
/// | buffer | holds | at least |
/// |---|---|---|
/// | `receive` | 32 bytes more than the packet of the largest message to be received; messages that wait while the application holds | 64 bytes |
/// | `transmit` | what leaves in one write; a larger publication leaves in pieces | the CONNECT packet, 64 bytes |
/// | `outbox` | publications until they are acknowledged, each with 20 bytes more than its packet | 64 bytes |
/// | `subscriptions` | topic filters, each with 12 bytes more than its text | 0 bytes |
/// | `connect` | the CONNECT packet: 14 bytes, and 2 more than each text in it | the CONNECT packet |
#[derive(Clone, Copy, Debug)]
pub struct Memory<S> {
    /// What arrives.
    pub receive: S,
    /// What leaves.
    pub transmit: S,
    /// What is not acknowledged.
    pub outbox: S,
    /// What is subscribed to.
    pub subscriptions: S,
    /// How to connect.
    pub connect: S,
}

impl<S: Storage> Memory<S> {
    /// Whether a session with this configuration can live on it.
    pub(crate) fn check(&mut self, config: &Config<'_>) -> Result<(), ConfigError> {
        config.validate()?;
        // before CONNECT, which says how much can be received
        large_enough("receive", &self.receive, 64)?;
        large_enough("outbox", &self.outbox, 64)?;
        let packet_max_bytes = self.packet_max_bytes();
        let connect_bytes = connect::size_bytes(config, self.connect.as_mut(), packet_max_bytes)?;
        large_enough("transmit", &self.transmit, connect_bytes.max(64))
    }

    /// The largest packet that can be received.
    fn packet_max_bytes(&self) -> usize {
        self.receive.as_ref().len().saturating_sub(inbound::RESERVE_BYTES)
    }
}

/// Memory that is large enough for a configuration, with the CONNECT packet in it.
pub(crate) struct Checked<S> {
    pub(super) receive: S,
    pub(super) transmit: S,
    pub(super) outbox: S,
    pub(super) subscriptions: S,
    pub(super) connect: ConnectPacket<S>,
}

impl<S: Storage> Checked<S> {
    pub(crate) fn new(config: &Config<'_>, mut memory: Memory<S>) -> Result<Self, ConfigError> {
        memory.check(config)?;
        let packet_max_bytes = memory.packet_max_bytes();
        let Memory { receive, transmit, outbox, subscriptions, connect } = memory;
        let connect = ConnectPacket::new(config, connect, packet_max_bytes)?;
        Ok(Self { receive, transmit, outbox, subscriptions, connect })
    }
}
