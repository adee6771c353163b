//! The machines that can be recorded.

use crate::bridge::esp::Esp;
use crate::bridge::host::Host;
use crate::checkpoint::{Checkpoint, Out, Pass, Secrecy};
use crate::client::{Client, State};
use crate::mqtt::ProtocolVersion;
use crate::storage::Storage;
use crate::time::Instant;

/// No machine has more buffers.
pub const BUFFERS_MAX: usize = 9;

/// What was recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Machine {
    /// A [`Client`] that its application calls itself.
    Client,
    /// The bridge's end at the host, a [`Host`].
    BridgeHost,
    /// The bridge's end at the ESP8266, an [`Esp`].
    BridgeEsp,
}

impl Machine {
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Client => 1,
            Self::BridgeHost => 2,
            Self::BridgeEsp => 3,
        }
    }

    pub(super) const fn of(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Client,
            2 => Self::BridgeHost,
            3 => Self::BridgeEsp,
            _ => return None,
        })
    }

    /// How many buffers it has.
    #[must_use]
    pub const fn buffers(self) -> usize {
        match self {
            Self::Client => 5,
            Self::BridgeHost => 7,
            Self::BridgeEsp => BUFFERS_MAX,
        }
    }
}

/// A machine under the recorder's eyes.
pub(crate) trait Subject: Checkpoint {
    const MACHINE: Machine;

    fn time(&self) -> Instant;
    /// Bytes of each buffer, in the order of the fields of its memory.
    fn buffers(&self) -> [usize; BUFFERS_MAX];
    fn version(&self) -> ProtocolVersion;
    /// Where its client stands, if it has one.
    fn client_state(&self) -> State;

    fn save(&mut self, secrecy: Option<Secrecy>, out: &mut Out<'_>) {
        // Writing cannot fail.
        let _ = self.walk(&mut Pass::Save { out, secrecy });
    }
}

impl<S: Storage> Subject for Client<S> {
    const MACHINE: Machine = Machine::Client;

    fn time(&self) -> Instant {
        self.now()
    }

    fn buffers(&self) -> [usize; BUFFERS_MAX] {
        filled(self.memory_sizes())
    }

    fn version(&self) -> ProtocolVersion {
        Self::version(self)
    }

    fn client_state(&self) -> State {
        self.state()
    }
}

impl<S: Storage> Subject for Host<S> {
    const MACHINE: Machine = Machine::BridgeHost;

    fn time(&self) -> Instant {
        self.now()
    }

    fn buffers(&self) -> [usize; BUFFERS_MAX] {
        filled(self.memory_sizes())
    }

    fn version(&self) -> ProtocolVersion {
        Self::version(self)
    }

    fn client_state(&self) -> State {
        State::Idle
    }
}

impl<S: Storage> Subject for Esp<S> {
    const MACHINE: Machine = Machine::BridgeEsp;

    fn time(&self) -> Instant {
        self.now()
    }

    fn buffers(&self) -> [usize; BUFFERS_MAX] {
        self.memory_sizes()
    }

    /// Known once the host has told it.
    fn version(&self) -> ProtocolVersion {
        self.client().map_or(ProtocolVersion::V3_1_1, Client::version)
    }

    fn client_state(&self) -> State {
        Self::client_state(self)
    }
}

fn filled<const COUNT: usize>(sizes: [usize; COUNT]) -> [usize; BUFFERS_MAX] {
    let mut all = [0; BUFFERS_MAX];
    all[..COUNT].copy_from_slice(&sizes);
    all
}
