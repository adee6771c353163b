//! Machines from their states.

use super::machine::{BUFFERS_MAX, Machine, Subject};
use super::read::{Segment, State};
use crate::bridge::esp::{self, Esp};
use crate::bridge::host::{self, Host, Settings};
use crate::bridge::{Broker, Network};
use crate::checkpoint::{Checkpoint, Fields, Pass};
use crate::client::{self, Client};
use crate::config::Config;
use crate::storage::Storage;

/// A machine that was restored.
#[allow(
    clippy::large_enum_variant,
    reason = "there is no heap to box it in, and it depends on the features whether it is large"
)]
pub enum Restored<S> {
    /// A client.
    Client(Client<S>),
    /// The bridge's end at the host.
    Host(Host<S>),
    /// The bridge's end at the ESP8266.
    Esp(Esp<S>),
}

impl State<'_> {
    /// A machine in this state, as the segment names it. `memory` makes a buffer of a size.
    ///
    /// `None` if this is no state of such a machine, or one that speaks a version of MQTT which
    /// this build does not know.
    pub fn restore<S: Storage>(
        &self,
        segment: &Segment,
        memory: impl FnMut(usize) -> S,
    ) -> Option<Restored<S>> {
        // Their own configurations are in the states; these fit wherever those did.
        let [a, b, c, d, e, f, g, h, i] = segment.memory_bytes.map(memory);
        let mut restored = match segment.machine {
            Machine::Client => {
                let memory = client_memory([a, b, c, d, e]);
                Restored::Client(
                    Client::new(&Config::smallest(segment.speaks_mqtt5)?, memory, 0).ok()?,
                )
            }
            Machine::BridgeHost => {
                let memory = host::Memory {
                    outbox: a,
                    subscriptions: b,
                    inbound: c,
                    frame: d,
                    publication_topics: e,
                    message_topics: f,
                    settings: g,
                };
                let network = Network { ssid: "", password: "", use_default: false };
                let broker = Broker { host: "b", port: 1 };
                let settings =
                    Settings::new(Config::smallest(segment.speaks_mqtt5)?, network, broker);
                Restored::Host(Host::new(&settings, memory, 0).ok()?)
            }
            Machine::BridgeEsp => {
                let memory = esp::Memory {
                    client: client_memory([a, b, c, d, e]),
                    frames: f,
                    publication_topics: g,
                    message_topics: h,
                    settings: i,
                };
                Restored::Esp(Esp::new(memory, 0).ok()?)
            }
        };
        restored.load(self.bytes())?;
        Some(restored)
    }
}

impl<S: Storage> Restored<S> {
    fn load(&mut self, state: &[u8]) -> Option<()> {
        let mut pass = Pass::Load(Fields(state));
        match self {
            Self::Client(client) => client.walk(&mut pass)?,
            Self::Host(host) => host.walk(&mut pass)?,
            Self::Esp(esp) => esp.walk(&mut pass)?,
        }
        pass.is_over().then_some(())
    }

    /// Its state is this one, and its buffers have these sizes.
    pub(super) fn is_in(&mut self, state: &State<'_>, memory_bytes: &[usize; BUFFERS_MAX]) -> bool {
        match self {
            Self::Client(client) => is_in(client, state, memory_bytes),
            Self::Host(host) => is_in(host, state, memory_bytes),
            Self::Esp(esp) => is_in(esp, state, memory_bytes),
        }
    }
}

fn is_in<M: Subject>(
    machine: &mut M,
    state: &State<'_>,
    memory_bytes: &[usize; BUFFERS_MAX],
) -> bool {
    let mut left = Some(state.bytes());
    machine.save(None, &mut |part| left = left.and_then(|left| left.strip_prefix(part)));
    left == Some(&[]) && machine.buffers() == *memory_bytes
}

fn client_memory<S>(
    [receive, transmit, outbox, subscriptions, connect]: [S; 5],
) -> client::Memory<S> {
    client::Memory { receive, transmit, outbox, subscriptions, connect }
}
