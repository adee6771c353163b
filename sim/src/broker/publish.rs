//! Messages from clients, and from the server on their behalf, to all who subscribed.

use fivewire_core::mqtt::{Packet, Publish, QoS};

use super::Broker;
use super::connection::ConnectionSlot;
use super::events::PublishHeader;
use super::message::MessageId;
use super::session::{Outgoing, SessionSlot};

impl Broker {
    /// PUBLISH: routed, then acknowledged.
    pub(super) fn publish(
        &mut self,
        slot: ConnectionSlot,
        session: SessionSlot,
        publish: &Publish<'_>,
    ) {
        let &Publish { dup, qos, retain, topic, packet_id, payload } = publish;
        let unreleased = &mut self.sessions[session].unreleased;
        // QoS 2: known until PUBREL comes, and until then not routed again [MQTT-4.3.3-2]
        let repeated = match packet_id.filter(|_| qos == QoS::ExactlyOnce) {
            Some(packet_id) if unreleased.contains(&packet_id) => true,
            Some(packet_id) => {
                unreleased.push(packet_id);
                false
            }
            None => false,
        };
        let message = self.shared.messages.store(topic, payload);
        let key = self.shared.connections[slot].key;
        let header = PublishHeader { dup, qos, retain, packet_id };
        let shared = &mut self.shared;
        shared.events.publish_received(&mut shared.messages, key, header, message, repeated);
        if !repeated {
            self.route(message, qos, retain, Some(session));
        }
        self.shared.messages.release(message);
        match (qos, packet_id) {
            // [MQTT-4.3.2-2]
            (QoS::AtLeastOnce, Some(packet_id)) => {
                self.shared.acknowledge(slot, &Packet::Puback(packet_id));
            }
            (QoS::ExactlyOnce, Some(packet_id)) => {
                self.shared.acknowledge(slot, &Packet::Pubrec(packet_id));
            }
            _ => {}
        }
    }

    /// Keeps a message if it is to be retained, and gives it to every session with a subscription
    /// that matches, the publisher's own included.
    /// How many sessions that were. `from` is the publisher's.
    pub(super) fn route(
        &mut self,
        message: MessageId,
        qos: QoS,
        retain: bool,
        from: Option<SessionSlot>,
    ) -> u32 {
        if retain {
            self.retained.keep(&mut self.shared.messages, message, qos);
        }
        let mut count = 0;
        for (slot, session) in self.sessions.iter_mut() {
            let topic = self.shared.messages.topic(message);
            let outgoing = if session.is_v5 {
                let is_own = from == Some(slot);
                session.wanted_v5(topic, is_own).map(|wanted| wanted.outgoing(message, qos, retain))
            } else {
                // the subscription is older than the message, so RETAIN is 0 [MQTT-3.3.1-9]
                session.granted_for(topic).map(|granted| Outgoing {
                    message,
                    qos: qos.min(granted),
                    retain: false,
                    identifiers: None,
                })
            };
            if let Some(outgoing) = outgoing {
                count += 1;
                session.deliver(outgoing, &mut self.shared);
            }
        }
        count
    }
}
