//! Session state [MQTT-4.1.0-1]: what a server keeps for a client, also while it is away.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{Index, IndexMut};

use fivewire_core::mqtt::v5::SubscriptionOptions;
use fivewire_core::mqtt::{PacketId, QoS, topic};
use fivewire_core::time::Instant;

use super::connection::{ConnectionSlot, Will};
use super::interface::ClientKey;
use super::message::{MessageId, Messages};

/// The session expiry interval of sessions that never end.
pub(super) const FOR_EVER: u32 = u32::MAX;

/// The place of a session in [`Sessions`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SessionSlot(usize);

/// A message on its way to a client. Whoever has one holds its message.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) message: MessageId,
    pub(super) qos: QoS,
    pub(super) retain: bool,
    /// Of the subscriptions it is for, those that have one (MQTT 5).
    pub(super) identifiers: Option<Box<[u32]>>,
}

/// How far a QoS 1 or QoS 2 message is that was sent to the client.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    /// PUBACK or PUBREC is to come.
    Published(Outgoing),
    /// PUBREC came, PUBCOMP is to come. The message itself is done with.
    Released,
}

#[derive(Clone, Debug)]
pub(super) struct InFlight {
    pub(super) packet_id: PacketId,
    pub(super) stage: Stage,
}

#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) filter: String,
    pub(super) qos: QoS,
    has_wildcard: bool,
    /// As MQTT 5 asked for it; with 3.1.1 what that always does.
    pub(super) options: SubscriptionOptions,
    pub(super) identifier: Option<u32>,
}

impl Subscription {
    pub(super) fn matches(&self, name: &str) -> bool {
        if self.has_wildcard { topic::matches(&self.filter, name) } else { self.filter == name }
    }
}

#[derive(Default, Debug)]
pub(super) struct Session {
    pub(super) client_id: String,
    /// For how many seconds it outlives its connection: 0, or [`FOR_EVER`] where CONNECT came without
    /// clean session [MQTT-3.1.2-4].
    pub(super) expiry_s: u32,
    /// When it ends, if its client does not come back before.
    pub(super) ends_at: Option<Instant>,
    /// The will of the last connection, when its delay is over, and the connection.
    pub(super) delayed_will: Option<(Will, Instant, ClientKey)>,
    /// Its client speaks MQTT 5.
    pub(super) is_v5: bool,
    /// How many QoS 1 and QoS 2 messages its client takes at once.
    pub(super) receive_maximum: u16,
    /// How many at the end of `in_flight` were not sent on the present connection.
    pub(super) unsent: usize,
    pub(super) connection: Option<ConnectionSlot>,
    pub(super) subscriptions: Vec<Subscription>,
    /// Sent and not acknowledged, in the order of their first sending.
    pub(super) in_flight: VecDeque<InFlight>,
    /// Not sent yet: the client is away, or as much as may be in flight is.
    pub(super) queue: VecDeque<Outgoing>,
    /// Identifiers of QoS 2 messages from the client whose PUBREL has not come.
    pub(super) unreleased: Vec<PacketId>,
    last_packet_id: u16,
}

impl Session {
    /// The QoS of the best subscription to `topic`: several that match still make one copy, at the
    /// highest QoS [MQTT-3.3.5-1].
    pub(super) fn granted_for(&self, topic: &str) -> Option<QoS> {
        self.subscriptions
            .iter()
            .filter(|subscription| subscription.matches(topic))
            .map(|subscription| subscription.qos)
            .max()
    }

    /// Makes a subscription, or replaces the one with the same filter [MQTT-3.8.4-3].
    ///
    /// True if there was none.
    pub(super) fn subscribe(
        &mut self,
        filter: &str,
        options: SubscriptionOptions,
        identifier: Option<u32>,
    ) -> bool {
        let made = Subscription {
            filter: filter.into(),
            qos: options.qos,
            has_wildcard: filter.contains(['+', '#']),
            options,
            identifier,
        };
        match self.subscriptions.iter_mut().find(|subscription| subscription.filter == filter) {
            Some(subscription) => {
                *subscription = made;
                false
            }
            None => {
                self.subscriptions.push(made);
                true
            }
        }
    }

    /// Ends the subscription whose filter is the same letter by letter [MQTT-3.10.4-1].
    /// True if there was one.
    pub(super) fn unsubscribe(&mut self, filter: &str) -> bool {
        let before = self.subscriptions.len();
        self.subscriptions.retain(|subscription| subscription.filter != filter);
        self.subscriptions.len() < before
    }

    /// An identifier that nothing in flight has [MQTT-2.3.1-2]. There is one: no more is ever in
    /// flight than [`Config::in_flight_max`](super::Config::in_flight_max), 65,535 at most, and
    /// one of those is about to be added.
    pub(super) fn next_packet_id(&mut self) -> PacketId {
        loop {
            self.last_packet_id = self.last_packet_id.wrapping_add(1);
            if let Some(packet_id) = PacketId::new(self.last_packet_id)
                && self.in_flight.iter().all(|other| other.packet_id != packet_id)
            {
                return packet_id;
            }
        }
    }

    fn release_messages(&mut self, messages: &mut Messages) {
        for outgoing in self.queue.drain(..) {
            messages.release(outgoing.message);
        }
        for in_flight in self.in_flight.drain(..) {
            if let Stage::Published(outgoing) = in_flight.stage {
                messages.release(outgoing.message);
            }
        }
        if let Some((will, ..)) = self.delayed_will.take() {
            messages.release(will.message);
        }
    }
}

/// All sessions. Traffic finds them by place, only CONNECT and questions find them by name.
#[derive(Default, Debug)]
pub(super) struct Sessions {
    slots: Vec<Session>,
    by_client_id: BTreeMap<String, SessionSlot>,
}

impl Sessions {
    pub(super) fn find(&self, client_id: &str) -> Option<SessionSlot> {
        self.by_client_id.get(client_id).copied()
    }

    pub(super) fn get(&self, client_id: &str) -> Option<&Session> {
        self.find(client_id).map(|slot| &self[slot])
    }

    /// A new session for a client that has none.
    pub(super) fn create(&mut self, client_id: &str) -> SessionSlot {
        // a session that is gone has no name, unlike all others
        let free = self.slots.iter().position(|session| session.client_id.is_empty());
        let slot = SessionSlot(free.unwrap_or(self.slots.len()));
        if free.is_none() {
            self.slots.push(Session::default());
        }
        self[slot].client_id.push_str(client_id);
        self.by_client_id.insert(client_id.into(), slot);
        slot
    }

    /// Forgets a session, its memory kept for the next.
    pub(super) fn remove(&mut self, slot: SessionSlot, messages: &mut Messages) {
        let session = &mut self.slots[slot.0];
        session.release_messages(messages);
        self.by_client_id.remove(&session.client_id);
        session.client_id.clear();
        session.connection = None;
        session.ends_at = None;
        session.unsent = 0;
        session.subscriptions.clear();
        session.unreleased.clear();
        session.last_packet_id = 0;
    }

    /// Forgets all sessions.
    pub(super) fn clear(&mut self, messages: &mut Messages) {
        while let Some((_, &slot)) = self.by_client_id.first_key_value() {
            self.remove(slot, messages);
        }
    }

    /// All places, empty ones included.
    pub(super) fn slots(&self) -> impl Iterator<Item = SessionSlot> + use<> {
        (0..self.slots.len()).map(SessionSlot)
    }

    /// All sessions, and empty places that have no subscription, with their places.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (SessionSlot, &mut Session)> {
        self.slots.iter_mut().enumerate().map(|(place, session)| (SessionSlot(place), session))
    }
}

impl Index<SessionSlot> for Sessions {
    type Output = Session;

    fn index(&self, slot: SessionSlot) -> &Session {
        &self.slots[slot.0]
    }
}

impl IndexMut<SessionSlot> for Sessions {
    fn index_mut(&mut self, slot: SessionSlot) -> &mut Session {
        &mut self.slots[slot.0]
    }
}
