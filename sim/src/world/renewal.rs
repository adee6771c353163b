//! A machine goes on in another one, which is made of its state. Nobody may see a difference (P11).
//!
//! This happens while something is going on: every fourth time that a fault begins or ends, every eighth
//! time that the client's state has changed, and now and then when the application does something. Both ends
//! of a bridge take turns. A machine that is recorded or has a bug planted in it stays the one it is: neither
//! is a part of its state.

use fivewire_core::bridge::{esp::Esp, host::Host};
use fivewire_core::client::{Client, State as ClientState};
use fivewire_core::planted;
use fivewire_core::recorder::{BUFFERS_MAX, Machine, Recorded, Restored, Segment, State};
use fivewire_core::time::Instant;

use super::World;
use super::agenda::Slot;
use super::device::{Bytes, EspMachine, HostMachine, buffer_sizes, esp_buffer_sizes};
use crate::app::Application;
use crate::observation::{Observation, Observer, Part};

/// Every so many pairs of events at which the application may have done something.
const ACTIONS: u64 = 256;
/// The same of those after which the client's state is another one.
const CHANGES: u64 = 8;
/// The same of those at which a fault begins or ends.
const FAULTS: u64 = 4;
/// What is in memory before anything is written into it.
const UNWRITTEN: u8 = 0xEE;
/// What few states are larger than.
pub(super) const STATE_BYTES: usize = 4_096;

impl<A: Application> World<A> {
    /// This just happened at the world, and the client was in `state_before`.
    pub(super) fn renew_after<O: Observer>(
        &mut self,
        slot: Slot,
        state_before: ClientState,
        observer: &mut O,
    ) {
        // their parity says whose turn it is
        let pairs = self.events / 2;
        let is_worth_while = match slot {
            Slot::FaultBegins | Slot::FaultEnds => pairs.is_multiple_of(FAULTS),
            Slot::Application => pairs.is_multiple_of(ACTIONS),
            _ => self.client_state != state_before && pairs.is_multiple_of(CHANGES),
        };
        if is_worth_while && !planted::ENABLED {
            self.renew(observer);
        }
    }

    fn renew<O: Observer>(&mut self, observer: &mut O) {
        let setup = &self.schedule.setup;
        let is_v5 = setup.is_v5();
        let mut state = Vec::with_capacity(STATE_BYTES);
        let (part, renewed) = if self.has_bridge() && self.events.is_multiple_of(2) {
            let sizes = esp_buffer_sizes(setup);
            (Part::Esp, self.esp.renew(|machine| renewed_esp(machine, is_v5, sizes, &mut state)))
        } else {
            let sizes = buffer_sizes(setup);
            (Part::Host, self.host.renew(|machine| renewed_host(machine, is_v5, sizes, &mut state)))
        };
        if let Some(is_whole) = renewed {
            self.see(observer, &Observation::Renewed { part, is_whole });
            self.intrude(part, &state, observer);
        }
    }
}

/// A machine made of the state of another one. `None`: there is no such machine.
pub(super) fn made(
    machine: Machine,
    speaks_mqtt5: bool,
    memory_bytes: [usize; BUFFERS_MAX],
    state: &[u8],
) -> Option<Restored<Bytes>> {
    let segment = Segment {
        machine,
        speaks_mqtt5,
        number: 0,
        continues: false,
        payloads_kept: true,
        time: Instant::ZERO,
        memory_bytes,
    };
    State::new(state).restore(&segment, |size_bytes| vec![UNWRITTEN; size_bytes])
}

/// The same. `None` also where its state is another one again.
fn remade(
    machine: Machine,
    speaks_mqtt5: bool,
    memory_bytes: [usize; BUFFERS_MAX],
    state: &[u8],
) -> Option<Restored<Bytes>> {
    let mut made = made(machine, speaks_mqtt5, memory_bytes, state)?;
    is_in(&mut made, state).then_some(made)
}

/// The machine's state is this one.
pub(super) fn is_in(machine: &mut Restored<Bytes>, state: &[u8]) -> bool {
    let mut left = Some(state);
    // most parts are numbers of one byte
    let compare = |part: &[u8]| match (left, part) {
        (Some([first, rest @ ..]), [byte]) if first == byte => left = Some(rest),
        (before, _) => left = before.and_then(|before| before.strip_prefix(part)),
    };
    match machine {
        Restored::Client(client) => client.checkpoint(compare),
        Restored::Host(host) => host.checkpoint(compare),
        Restored::Esp(esp) => esp.checkpoint(compare),
    }
    left.is_some_and(<[u8]>::is_empty)
}

/// Adds a part of a state. Most are numbers of one byte.
pub(super) fn append(part: &[u8], state: &mut Vec<u8>) {
    match part {
        [byte] => state.push(*byte),
        _ => state.extend_from_slice(part),
    }
}

/// The machine that goes on in the place of this one, and whether it could be made. Its state is put
/// into `state`.
fn renewed_host(
    machine: HostMachine,
    is_v5: bool,
    sizes: [usize; BUFFERS_MAX],
    state: &mut Vec<u8>,
) -> (HostMachine, bool) {
    let write = |part: &[u8]| append(part, state);
    match machine {
        HostMachine::Client(client) => {
            let mut client: Client<Bytes> = client.into_parts().0;
            client.checkpoint(write);
            let made = match remade(Machine::Client, is_v5, sizes, state) {
                Some(Restored::Client(made)) => Some(made),
                _ => None,
            };
            let is_whole = made.is_some();
            (HostMachine::Client(Recorded::new(made.unwrap_or(client), None)), is_whole)
        }
        HostMachine::Bridge(host) => {
            let mut host: Host<Bytes> = host.into_parts().0;
            host.checkpoint(write);
            let made = match remade(Machine::BridgeHost, is_v5, sizes, state) {
                Some(Restored::Host(made)) => Some(made),
                _ => None,
            };
            let is_whole = made.is_some();
            (HostMachine::Bridge(Recorded::new(made.unwrap_or(host), None)), is_whole)
        }
    }
}

/// The same at the ESP8266.
fn renewed_esp(
    machine: EspMachine,
    is_v5: bool,
    sizes: [usize; BUFFERS_MAX],
    state: &mut Vec<u8>,
) -> (EspMachine, bool) {
    let mut esp: Esp<Bytes> = machine.into_parts().0;
    esp.checkpoint(|part| append(part, state));
    let made = match remade(Machine::BridgeEsp, is_v5, sizes, state) {
        Some(Restored::Esp(made)) => Some(made),
        _ => None,
    };
    let is_whole = made.is_some();
    (Recorded::new(made.unwrap_or(esp), None), is_whole)
}
