//! A server for MQTT 3.1.1 and MQTT 5 as a machine: bytes of transport connections in, bytes out.
//!
//! It keeps every normative statement the specifications make of servers, and has all that clients
//! meet in practice: sessions, retained messages, wills, takeover of a client identifier, limits. The
//! protocol level of a CONNECT decides which version its connection speaks; messages and sessions go
//! from one to the other. Of what MQTT 5 leaves to servers it has no shared subscriptions and no method
//! of authentication, and says so.
//! Told to, it [misbehaves](Misbehaviour) in named ways.
//!
//! The rule is that of all machines here: after every call drain [`Broker::poll`] until it yields
//! [`Output::Wait`].
//!
//! ```
//! use fivewire_core::time::{Instant, Wait};
//! use fivewire_sim::broker::{Broker, ClientKey, Config, Input, Output};
//!
//! let mut broker = Broker::new(Config { events: false, ..Config::default() });
//! let (now, key) = (Instant::ZERO, ClientKey(1));
//! broker.handle(now, Input::Opened(key));
//! let connect = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a";
//! broker.handle(now, Input::Received(key, connect));
//! let Output::Transmit(_, connack) = broker.poll() else { panic!("no answer") };
//! assert_eq!(connack, b"\x20\x02\x00\x00");
//! let taken = connack.len();
//! broker.handle(now, Input::Sent(key, taken));
//! assert_eq!(broker.poll(), Output::Wait(Wait::ForInput));
//! ```

mod config;
mod connect;
mod connection;
mod deliver;
mod ending;
mod events;
mod inspect;
mod interface;
mod malformed;
mod message;
mod misbehaviour;
mod output;
mod publish;
mod receive;
mod retained;
mod session;
mod shared;
mod subscribe;
mod v5;

use fivewire_core::mqtt::SubscribeReturnCode;
use fivewire_core::time::{Instant, Reason, Wait};

pub use config::{Config, Credentials, Limits, Mqtt5};
use connection::{ConnectionSlot, Phase, Task, Will};
pub use interface::{ClientKey, CloseReason, Counters, Event, Input, Output};
pub use malformed::{MALFORMED, Malformed};
pub use misbehaviour::Misbehaviour;
use retained::Retained;
use session::Sessions;
use shared::Shared;
use v5::Extras;
pub use v5::MALFORMED_V5;

use crate::fault::Memory;

/// The server. See the [module](self).
#[derive(Debug)]
pub struct Broker {
    shared: Shared,
    sessions: Sessions,
    retained: Retained,
    generated_client_ids: u32,
    /// When the first session ends, or the first will that waits is due.
    next_expiry: Option<Instant>,
    /// Memory for the answer to SUBSCRIBE.
    return_codes: Vec<SubscribeReturnCode>,
    /// Memory for what MQTT 5 adds to the message that just comes.
    extras: Extras,
    /// Memory for the wills of a restart.
    orphaned_wills: Vec<(ClientKey, Will)>,
}

impl Broker {
    /// A broker without connections, sessions and messages.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            shared: Shared::new(config),
            sessions: Sessions::default(),
            retained: Retained::default(),
            generated_client_ids: 0,
            next_expiry: None,
            return_codes: Vec::new(),
            extras: Extras::default(),
            orphaned_wills: Vec::new(),
        }
    }

    /// Takes what the world did. Time that goes backwards stands still.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.shared.now = self.shared.now.max(now);
        match input {
            Input::Timeout => self.expire(),
            Input::Opened(key) => self.open(key),
            Input::Received(key, bytes) => {
                if let Some(slot) = self.shared.connections.find(key) {
                    self.receive(slot, bytes);
                }
            }
            Input::Sent(key, count) => {
                if let Some(slot) = self.shared.connections.find(key) {
                    self.shared.connections[slot].output.sent(count);
                }
            }
            Input::Writable(key) => {
                if let Some(slot) = self.shared.connections.find(key) {
                    self.shared.connections[slot].output.writable();
                }
            }
            Input::Closed(key) => {
                if let Some(slot) = self.shared.connections.find(key) {
                    self.end(slot, CloseReason::TransportClosed);
                }
            }
        }
    }

    /// Says what the broker wants next: events first, then what ends, then what is to be sent.
    pub fn poll(&mut self) -> Output<'_> {
        if let Some(record) = self.shared.events.next(&mut self.shared.messages) {
            return Output::Event(self.shared.events.event(record, &self.shared.messages));
        }
        match self.shared.connections.next_task() {
            Some(Task::Close(slot)) => self.close(slot),
            Some(Task::Transmit(slot)) => self.transmit(slot),
            None => Output::Wait(self.wait()),
        }
    }

    /// The broker stops and starts again: all connections are gone without [`Output::Close`], and
    /// sessions, queues and retained messages are kept or lost. Wills of the connections are
    /// published to what is kept.
    pub fn restart(&mut self, now: Instant, memory: Memory) {
        self.shared.now = self.shared.now.max(now);
        self.restart_with(memory);
    }

    /// Drops the client's connection, if it has one, and forgets its session.
    pub fn forget_session(&mut self, now: Instant, client_id: &str) {
        self.shared.now = self.shared.now.max(now);
        if let Some(slot) = self.sessions.get(client_id).and_then(|session| session.connection) {
            self.end(slot, CloseReason::SessionForgotten);
        }
        if let Some(session) = self.sessions.find(client_id) {
            self.end_session(session);
        }
    }

    /// Gives [`Output::Event`] from now on or does not, as [`Config::events`] has it from the start.
    pub const fn set_events(&mut self, wanted: bool) {
        self.shared.events.set_wanted(wanted);
    }

    /// Switches misbehaviour on and off, from the next packet on.
    pub fn set_misbehaviour(&mut self, misbehaviour: Misbehaviour) {
        self.shared.misbehaviour = misbehaviour;
    }

    /// The misbehaviour that is on.
    #[must_use]
    pub fn misbehaviour(&self) -> &Misbehaviour {
        &self.shared.misbehaviour
    }

    /// Sends raw bytes to a client, behind what it is being sent already, for example those of
    /// [`MALFORMED`]. False if the connection is over.
    pub fn inject(&mut self, key: ClientKey, bytes: &[u8]) -> bool {
        let Some(slot) = self.shared.connections.find(key) else { return false };
        let connection = &mut self.shared.connections[slot];
        if connection.is_open() {
            connection.output.push_raw(bytes);
        }
        connection.is_open()
    }

    #[cold]
    fn open(&mut self, key: ClientKey) {
        // whoever uses a name again has lost the connection that had it
        if let Some(slot) = self.shared.connections.find(key) {
            self.end(slot, CloseReason::TransportClosed);
        }
        let shared = &mut self.shared;
        shared.connections.open(key, shared.now, shared.config.connect_timeout_ms);
    }

    /// Offers once what a connection that is over still has to say, then closes it.
    #[cold]
    fn close(&mut self, slot: ConnectionSlot) -> Output<'_> {
        let connection = &mut self.shared.connections[slot];
        match connection.phase {
            Phase::Closing(reason) if !connection.output.has_offer() => {
                connection.clear();
                Output::Close(connection.key, reason)
            }
            _ => self.transmit(slot),
        }
    }

    fn transmit(&mut self, slot: ConnectionSlot) -> Output<'_> {
        let connection = &mut self.shared.connections[slot];
        Output::Transmit(connection.key, connection.output.offer())
    }

    /// The soonest of: a client silent for too long, an acknowledgement held back for long enough, a
    /// session that ends.
    fn wait(&self) -> Wait {
        let mut wait = match self.next_expiry {
            Some(at) => Wait::Until(at, Reason::MoreWork),
            None => Wait::ForInput,
        };
        for connection in self.shared.connections.iter() {
            if let Some(at) = connection.silence_deadline() {
                wait = wait.sooner(Wait::Until(at, Reason::PingDue));
            }
            if let Some(at) = connection.delayed.next_due() {
                wait = wait.sooner(Wait::Until(at, Reason::MoreWork));
            }
        }
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(broker: &mut Broker) {
        loop {
            match broker.poll() {
                Output::Transmit(key, bytes) => {
                    let taken = bytes.len();
                    broker.handle(Instant::ZERO, Input::Sent(key, taken));
                }
                Output::Close(..) | Output::Event(_) => {}
                Output::Wait(_) => break,
            }
        }
    }

    /// Client 1 with a lasting session, subscribed to everything with QoS 2; client 2 with a will.
    /// One message retained, one in flight, one released, one queued, one acknowledged.
    fn busy_broker() -> Broker {
        let mut broker = Broker::new(Config { in_flight_max: 2, ..Config::default() });
        for (key, packet) in [
            (1, &b"\x10\x0d\x00\x04MQTT\x04\x00\x00\x00\x00\x01a"[..]),
            (1, b"\x82\x06\x00\x01\x00\x01#\x02"),
            (2, b"\x10\x13\x00\x04MQTT\x04\x0e\x00\x00\x00\x01b\x00\x01w\x00\x01!"),
            (2, b"\x33\x06\x00\x01r\x00\x01x"),
            (1, b"\x40\x02\x00\x01"),
            (2, b"\x34\x06\x00\x01b\x00\x02x"),
            (1, b"\x50\x02\x00\x02"),
            (2, b"\x34\x06\x00\x01c\x00\x03x"),
            (2, b"\x32\x06\x00\x01d\x00\x04x"),
        ] {
            let key = ClientKey(key);
            if packet[0] == 0x10 {
                broker.handle(Instant::ZERO, Input::Opened(key));
            }
            broker.handle(Instant::ZERO, Input::Received(key, packet));
            drain(&mut broker);
        }
        assert_eq!((broker.in_flight("a"), broker.queued("a")), (2, 1));
        broker
    }

    #[test]
    fn a_message_is_held_only_while_somebody_needs_it() {
        let mut broker = busy_broker();
        let held = |broker: &Broker| broker.shared.messages.held_count();
        assert_eq!(held(&broker), 4, "retained, in flight, queued, will");
        broker.handle(Instant::ZERO, Input::Closed(ClientKey(2)));
        drain(&mut broker);
        assert_eq!(held(&broker), 4, "the will is queued now");
        broker.forget_session(Instant::ZERO, "a");
        drain(&mut broker);
        assert_eq!(held(&broker), 1, "retained");
        broker.restart(Instant::ZERO, Memory::Lost);
        assert_eq!(held(&broker), 0);
    }

    #[test]
    fn a_restart_without_memory_holds_nothing() {
        let mut broker = busy_broker();
        broker.restart(Instant::ZERO, Memory::Lost);
        drain(&mut broker);
        assert_eq!(broker.shared.messages.held_count(), 0);
    }
}
