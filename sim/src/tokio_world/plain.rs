//! A plain MQTT client on a machine of its own, with a good line to the broker: what every witness
//! is made of. It is written on the codec alone, so that the adapter is not its own witness.

use std::collections::{BTreeSet, VecDeque};
use std::task::Waker;

use fivewire_core::mqtt::v5::Property;
use fivewire_core::mqtt::{PacketId, QoS};

use super::seen::Message;
use super::socket::PREAMBLE_BYTES;
use super::words::{self, Heard};

/// Who it is at the broker, and what it wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Identity {
    pub(super) client_id: &'static str,
    /// The one filter that it subscribes to, with QoS 1.
    pub(super) filter: &'static str,
    /// Its session ends with its connection.
    pub(super) clean_session: bool,
}

/// What it knows, wherever its connection is.
pub(super) struct Plain {
    identity: Identity,
    is_v5: bool,
    last_id: u16,
    /// PUBLISH packets without a PUBACK, oldest first: sent again on a new connection.
    unacknowledged: VecDeque<(PacketId, Vec<u8>)>,
    /// Identifiers of messages that it has: one that comes again with DUP is no news.
    received: BTreeSet<PacketId>,
    is_connected: bool,
    /// The broker has granted its subscription, in a session that lasts.
    is_subscribed: bool,
    /// Nothing will come on this connection any more.
    is_cut_off: bool,
    incoming: Vec<u8>,
    pub(super) outgoing: Vec<u8>,
    pub(super) waker: Option<Waker>,
}

impl Plain {
    pub(super) const fn new(identity: Identity, is_v5: bool) -> Self {
        Self {
            identity,
            is_v5,
            last_id: 0,
            unacknowledged: VecDeque::new(),
            received: BTreeSet::new(),
            is_connected: false,
            is_subscribed: false,
            is_cut_off: false,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            waker: None,
        }
    }

    pub(super) const fn is_connected(&self) -> bool {
        self.is_connected
    }

    pub(super) const fn is_cut_off(&self) -> bool {
        self.is_cut_off
    }

    /// It has its session, and everything it had to say has left it.
    pub(super) fn is_idle(&self) -> bool {
        self.is_subscribed && self.outgoing.is_empty()
    }

    /// Its connection is over, because it wants so or the broker starts anew, which may have
    /// forgotten it. It is told at once, because it is not the one under test.
    pub(super) fn cut_off(&mut self, is_forgotten: bool) {
        self.disconnected();
        self.is_subscribed &= !is_forgotten;
        self.is_cut_off = true;
        self.wake();
    }

    /// Its connection is over.
    pub(super) const fn disconnected(&mut self) {
        self.is_connected = false;
        self.is_subscribed &= !self.identity.clean_session;
    }

    pub(super) fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Starts a new connection.
    pub(super) fn connect(&mut self) {
        self.disconnected();
        self.is_cut_off = false;
        self.incoming.clear();
        self.outgoing = [0; PREAMBLE_BYTES].to_vec();
        let Identity { client_id, clean_session, .. } = self.identity;
        self.outgoing.extend_from_slice(&words::connect(self.is_v5, client_id, clean_session));
    }

    /// Publishes with QoS 0 or 1.
    pub(super) fn publish(
        &mut self,
        topic: &str,
        payload: &[u8],
        qos: QoS,
        properties: &[Property<'_>],
    ) {
        let id = (qos != QoS::AtMostOnce).then(|| {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            PacketId::new(self.last_id).expect("it counts from 1")
        });
        let bytes = words::publish(self.is_v5, qos, id, topic, payload, properties);
        self.outgoing.extend_from_slice(&bytes);
        self.unacknowledged.extend(id.map(|id| (id, bytes)));
    }

    /// Takes bytes of the broker, and shows what is new in them.
    ///
    /// # Panics
    /// The broker writes no MQTT: a bug of the simulator.
    pub(super) fn receive(&mut self, bytes: &[u8], mut show: impl FnMut(News)) {
        let mut buffer = std::mem::take(&mut self.incoming);
        buffer.extend_from_slice(bytes);
        let mut start = 0;
        while let Some(packet) = words::first(self.is_v5, &buffer[start..]) {
            start += packet.len();
            match words::heard(self.is_v5, packet) {
                Heard::Publish { id, dup, message } => {
                    let is_new = id.is_none_or(|id| self.received.insert(id));
                    if is_new || !dup {
                        show(News::Message(message));
                    }
                    if let Some(id) = id {
                        self.outgoing.extend_from_slice(&words::puback(self.is_v5, id));
                    }
                }
                Heard::Puback(id) => self.unacknowledged.retain(|&(other, _)| other != id),
                Heard::Accepted { session_present } => {
                    self.greeted(session_present);
                    if !session_present {
                        show(News::SessionBegins);
                    }
                }
                Heard::Suback => self.is_subscribed = true,
                Heard::Else => {}
            }
        }
        buffer.drain(..start);
        self.incoming = buffer;
    }

    /// The broker accepted the connection.
    fn greeted(&mut self, session_present: bool) {
        self.is_connected = true;
        if !session_present {
            self.is_subscribed = false;
            self.received.clear();
            let subscribe = words::subscribe(self.is_v5, self.identity.filter);
            self.outgoing.extend_from_slice(&subscribe);
        }
        for (_, packet) in &mut self.unacknowledged {
            packet[0] |= 0b1000; // DUP
            self.outgoing.extend_from_slice(packet);
        }
    }
}

/// What the broker told a plain client.
pub(super) enum News {
    Message(Message),
    /// It begins anew: nothing was subscribed before.
    SessionBegins,
}
