//! What tests and observers may ask a broker.

use fivewire_core::mqtt::QoS;

use super::Broker;
use super::connection::Phase;
use super::interface::{ClientKey, Counters};

impl Broker {
    /// Whether there is a session for this client, connected or not.
    #[must_use]
    pub fn session_exists(&self, client_id: &str) -> bool {
        self.sessions.find(client_id).is_some()
    }

    /// The client's subscriptions with the QoS granted, in the order they were first made.
    pub fn subscriptions(&self, client_id: &str) -> impl Iterator<Item = (&str, QoS)> {
        let subscriptions =
            self.sessions.get(client_id).map_or(&[][..], |session| &session.subscriptions);
        subscriptions.iter().map(|subscription| (subscription.filter.as_str(), subscription.qos))
    }

    /// How many QoS 1 and QoS 2 messages wait for the client behind those in flight.
    #[must_use]
    pub fn queued(&self, client_id: &str) -> usize {
        self.sessions.get(client_id).map_or(0, |session| session.queue.len())
    }

    /// How many QoS 1 and QoS 2 messages were sent to the client and not acknowledged.
    #[must_use]
    pub fn in_flight(&self, client_id: &str) -> usize {
        self.sessions.get(client_id).map_or(0, |session| session.in_flight.len())
    }

    /// The connections that are open, whether a client has used them or not.
    pub fn connections(&self) -> impl Iterator<Item = ClientKey> {
        let open = self.shared.connections.iter().filter(|connection| connection.is_open());
        open.map(|connection| connection.key)
    }

    /// Who uses this connection; `None` before its CONNECT and after its end.
    #[must_use]
    pub fn client_id(&self, key: ClientKey) -> Option<&str> {
        let slot = self.shared.connections.find(key)?;
        match self.shared.connections[slot].phase {
            Phase::Connected(session) => Some(&self.sessions[session].client_id),
            Phase::AwaitingConnect | Phase::Closing(_) | Phase::Free => None,
        }
    }

    /// The retained message of a topic.
    #[must_use]
    pub fn retained(&self, topic: &str) -> Option<&[u8]> {
        self.retained.get(topic).map(|kept| self.shared.messages.payload(kept.message))
    }

    /// What was dropped since the broker was made.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.counters
    }
}
