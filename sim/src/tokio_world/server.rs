//! The broker's process: the machine, and the buffers of its sockets. What a socket's task does with
//! turmoil's TCP is in `socket.rs`.

use std::collections::BTreeMap;
use std::task::Waker;

use fivewire_core::mqtt::QoS;
use fivewire_core::time::Wait;

use super::agreement::Given;
use super::seen::{Message, Seen, Stage as Way, Stream};
use super::stage::Parts;
use super::witness::Witness;
use crate::broker::{Broker, ClientKey, CloseReason, Event, Input, Misbehaviour, Output};
use crate::fault::Memory;
use crate::observation::{ConnectionId, Ending, Observation};
use crate::schedule::Schedule;
use crate::world::{
    DEVICE_ID, Faults, Lasting, REFUSED_TOPIC, WITNESS_ID, broker_config, filter_refused_with,
};

/// A socket takes this much that is not sent.
const SOCKET_BYTES: usize = 16_384;
/// Connections of the witness and of those who only listen are named from here on.
const WITNESS_FIRST: u32 = 1 << 31;
/// The first four bits of a PUBLISH.
const PUBLISH: u8 = 3;

/// One socket of the process.
#[derive(Default)]
pub(super) struct Socket {
    /// Whose it is: a numbered connection of the device, or one of the witness.
    connection: Option<ConnectionId>,
    pub(super) outgoing: Vec<u8>,
    /// The process has heard of it: one that hangs hears later.
    is_known: bool,
    /// The machine offered more than there was room for.
    is_full: bool,
    /// The machine closed it: what it took is still sent.
    pub(super) is_closed: bool,
    pub(super) waker: Option<Waker>,
}

/// The process. The machine in it is a disk as well: it is there while the process is not.
pub(super) struct Server {
    pub(super) broker: Broker,
    pub(super) speaks_v5: bool,
    pub(super) is_down: bool,
    /// It will have forgotten everything when it starts again.
    forgets: bool,
    /// How often it has.
    pub(super) era: u32,
    wait: Wait,
    sockets: BTreeMap<ClientKey, Socket>,
    witnesses: u32,
    /// The device said DISCONNECT on its last connection.
    pub(super) heard_goodbye: bool,
    /// Everything that is to be heard by others.
    pub(super) given: Given,
}

impl Server {
    pub(super) fn new(schedule: &Schedule) -> Self {
        let mut broker = Broker::new(broker_config(&schedule.setup));
        let refuse_filter = schedule.setup.refused_filter.clone();
        let refuse_filter_with = filter_refused_with(&schedule.setup);
        let refuses = Misbehaviour { refuse_filter, refuse_filter_with, ..Misbehaviour::default() };
        broker.set_misbehaviour(refuses);
        Self {
            broker,
            speaks_v5: schedule.setup.is_v5(),
            is_down: false,
            forgets: false,
            era: 0,
            wait: Wait::ForInput,
            sockets: BTreeMap::new(),
            witnesses: 0,
            heard_goodbye: false,
            given: Given::default(),
        }
    }

    pub(super) fn socket(&mut self, key: ClientKey) -> Option<&mut Socket> {
        self.sockets.get_mut(&key)
    }

    /// How many sockets of the device there are.
    pub(super) fn sockets_of_device(&self) -> usize {
        self.sockets.values().filter(|socket| socket.connection.is_some()).count()
    }

    /// The broker owes this client nothing.
    pub(super) fn is_drained(&self, client_id: &str) -> bool {
        self.broker.queued(client_id) == 0 && self.broker.in_flight(client_id) == 0
    }

    /// The device's connection, if it is connected.
    pub(super) fn device_key(&self) -> Option<ClientKey> {
        self.broker.connections().find(|&key| self.broker.client_id(key) == Some(DEVICE_ID))
    }

    /// Every socket's task looks again.
    pub(super) fn wake(&mut self) {
        for socket in self.sockets.values_mut() {
            if let Some(waker) = socket.waker.take() {
                waker.wake();
            }
        }
    }
}

impl Parts {
    /// The process is there and does its work.
    pub(super) fn broker_runs(&self) -> bool {
        !self.server.is_down && !self.faults.is_on(Lasting::BrokerHang)
    }

    /// A connection of the device (`Some`) or of the witness is open.
    pub(super) fn broker_accepts(&mut self, connection: Option<ConnectionId>) -> ClientKey {
        let key = connection.map_or_else(
            || {
                self.server.witnesses += 1;
                ClientKey(WITNESS_FIRST + self.server.witnesses)
            },
            |connection| ClientKey(connection.0),
        );
        if let Some(connection) = connection {
            self.see(Observation::Accepted { connection });
            self.server.heard_goodbye = false;
        }
        self.server.sockets.insert(key, Socket { connection, ..Socket::default() });
        key
    }

    /// The process, which does its work, hears of a socket if it has not yet.
    pub(super) fn broker_hears_of(&mut self, key: ClientKey) {
        let Some(socket) = self.server.socket(key) else { return };
        if !std::mem::replace(&mut socket.is_known, true) {
            self.server.broker.handle(self.now, Input::Opened(key));
            self.drain_broker();
        }
    }

    /// Bytes arrived.
    pub(super) fn broker_receives(&mut self, key: ClientKey, bytes: &[u8]) {
        let Some(socket) = self.server.socket(key) else { return };
        if let Some(connection) = socket.connection {
            self.see_bytes(Stream::ToBroker, connection, bytes);
        }
        self.server.broker.handle(self.now, Input::Received(key, bytes));
        self.drain_broker();
        self.note_subscriptions();
    }

    /// Notes since when the broker has the subscriptions of those who hear the device.
    fn note_subscriptions(&mut self) {
        let Self { server: Server { broker, given, .. }, witness, listeners, .. } = self;
        let listeners = listeners.iter_mut().map(|one| (one.identity.client_id, &mut one.hearing));
        for (client_id, hearing) in listeners.chain([(WITNESS_ID, &mut witness.hearing)]) {
            if hearing.is_unsubscribed() && broker.subscriptions(client_id).next().is_some() {
                hearing.subscribed(given);
            }
        }
    }

    /// A socket's task took what was outgoing.
    pub(super) fn broker_sent(&mut self, key: ClientKey) {
        let Some(socket) = self.server.socket(key) else { return };
        if std::mem::take(&mut socket.is_full) {
            self.server.broker.handle(self.now, Input::Writable(key));
            self.drain_broker();
        }
    }

    /// A connection ended at the other end, or on the way.
    pub(super) fn broker_loses(&mut self, key: ClientKey, ending: Ending) {
        let Some(socket) = self.server.sockets.remove(&key) else { return };
        if let Some(connection) = socket.connection
            && !socket.is_closed
        {
            self.see(Observation::EndedAtBroker { connection, ending });
        }
        self.server.broker.handle(self.now, Input::Closed(key));
        self.drain_broker();
    }

    /// The process is woken by its own deadline, if that has come.
    pub(super) fn wake_broker(&mut self) {
        if let Wait::Until(deadline, _) = self.server.wait
            && deadline <= self.now
            && self.broker_runs()
        {
            self.server.broker.handle(self.now, Input::Timeout);
            self.drain_broker();
        }
    }

    /// Does what the machine wants until it waits.
    pub(super) fn drain_broker(&mut self) {
        loop {
            let Self { server, faults, seen, now, witness, .. } = self;
            match server.broker.poll() {
                Output::Transmit(key, bytes) => {
                    let offered = bytes.len();
                    let mut taken = 0;
                    if let Some(socket) = server.sockets.get_mut(&key) {
                        taken = offered.min(SOCKET_BYTES.saturating_sub(socket.outgoing.len()));
                        socket.is_full = taken < offered;
                        if bytes[0] >> 4 == PUBLISH {
                            faults.bite(Lasting::AppHolds);
                        }
                        let bytes = &bytes[..taken];
                        socket.outgoing.extend_from_slice(bytes);
                        if let Some(connection) = socket.connection {
                            seen.push(Seen::Bytes(Stream::FromBroker, connection, bytes.to_vec()));
                        }
                        if let Some(waker) = socket.waker.take() {
                            waker.wake();
                        }
                    }
                    server.broker.handle(*now, Input::Sent(key, taken));
                }
                Output::Close(key, reason) => self.close_socket(key, reason),
                Output::Event(event) => {
                    give(&event, &mut server.given);
                    note(&event, faults, witness, seen, &mut server.heard_goodbye);
                }
                Output::Wait(wait) => {
                    self.server.wait = wait;
                    break;
                }
            }
        }
    }

    pub(super) fn close_socket(&mut self, key: ClientKey, reason: CloseReason) {
        if matches!(reason, CloseReason::Refused(_) | CloseReason::RefusedWith(_)) {
            self.faults.bite(Lasting::ConnectDenied);
        }
        let Some(socket) = self.server.sockets.get_mut(&key) else { return };
        socket.is_closed = true;
        if let Some(waker) = socket.waker.take() {
            waker.wake();
        }
        if let Some(connection) = socket.connection {
            self.see(Observation::EndedAtBroker { connection, ending: Ending::Closed });
        }
    }

    /// The process is gone, and its sockets with it. What it will remember is decided now.
    pub(super) fn broker_goes_down(&mut self, memory: Memory, ending: Ending, sort: Lasting) {
        self.server.forgets |= memory == Memory::Lost;
        if self.server.is_down {
            return;
        }
        self.server.is_down = true;
        self.see(Observation::BrokerDown(true));
        for socket in std::mem::take(&mut self.server.sockets).into_values() {
            if let Some(connection) = socket.connection
                && !socket.is_closed
            {
                self.faults.bite(sort);
                self.see(Observation::EndedAtBroker { connection, ending });
            }
        }
    }

    /// The process starts again.
    pub(super) fn broker_comes_up(&mut self) {
        self.server.is_down = false;
        let forgets = std::mem::take(&mut self.server.forgets);
        let memory = if forgets { Memory::Lost } else { Memory::Kept };
        self.server.broker.restart(self.now, memory);
        self.see(Observation::BrokerDown(false));
        self.server.era += u32::from(forgets);
        self.witness.plain.cut_off(forgets);
        self.listeners.iter_mut().for_each(|listener| listener.plain.cut_off(forgets));
        if forgets {
            self.see(Observation::SessionForgotten);
        }
        self.drain_broker();
    }
}

/// Keeps what others are to hear.
fn give(event: &Event<'_>, given: &mut Given) {
    if let Event::PublishReceived { publish, repeated: false, .. } = event
        && publish.qos != QoS::AtMostOnce
    {
        given.push(publish.topic, publish.payload);
    }
}

/// Sees which faults bite in what the broker does, and what the witness says.
fn note(
    event: &Event<'_>,
    faults: &mut Faults,
    witness: &Witness,
    seen: &mut Vec<Seen>,
    heard_goodbye: &mut bool,
) {
    match event {
        Event::PublishReceived { key, publish, .. } if key.0 > WITNESS_FIRST => {
            let message = Message {
                topic: publish.topic.to_owned(),
                payload: publish.payload.to_vec(),
                qos: publish.qos,
                retain: publish.retain,
                properties: witness.properties(publish.payload),
            };
            seen.push(Seen::Message(Way::WitnessPublished, message));
        }
        Event::PublishReceived { publish, .. } if publish.qos != QoS::AtMostOnce => {
            faults.bite(Lasting::AcksSwallowed);
            faults.bite(Lasting::AcksDoubled);
            if publish.topic == REFUSED_TOPIC {
                faults.bite(Lasting::PublicationsRefused);
            }
        }
        Event::Delivered { publish, .. } if publish.qos == QoS::ExactlyOnce => {
            faults.bite(Lasting::QosExceeded);
        }
        Event::SessionExpired { client_id: DEVICE_ID } => {
            seen.push(Seen::Plain(Observation::SessionExpired));
        }
        Event::MessageExpired { client_id: DEVICE_ID, topic, payload } => {
            let (topic, payload) = ((*topic).to_owned(), payload.to_vec());
            seen.push(Seen::MessageExpired { topic, payload });
        }
        Event::Disconnected { client_id: Some(DEVICE_ID), reason, .. } => {
            *heard_goodbye |= *reason == CloseReason::Disconnect;
        }
        _ => {}
    }
}
