//! PUBLISH of MQTT 5, from clients and to them (§3.3).

use fivewire_core::mqtt::v5::{Ack, Breach, Packet, Properties, Property, Publish, ReasonCode};
use fivewire_core::mqtt::{PacketId, QoS};

use super::{Client, Extras};
use crate::broker::Broker;
use crate::broker::connection::ConnectionSlot;
use crate::broker::events::PublishHeader;
use crate::broker::message::MessageId;
use crate::broker::session::{Outgoing, SessionSlot};
use crate::broker::shared::Shared;

/// Bytes of a topic alias property.
const ALIAS_BYTES: usize = 3;

impl Client {
    /// The topic of a PUBLISH from the client, whose alias is noted or looked up.
    fn topic<'a>(
        &'a mut self,
        publish: &Publish<'a>,
        alias_maximum: u16,
    ) -> Result<&'a str, Breach> {
        let Some(alias) = publish.properties.topic_alias() else { return Ok(publish.topic) };
        // [MQTT5-3.3.2-9]
        if alias > alias_maximum {
            return Err(Breach::TopicAliasTooLarge);
        }
        let place = usize::from(alias) - 1;
        if publish.topic.is_empty() {
            let known = self.aliases_from.get(place).filter(|topic| !topic.is_empty());
            return known.map(String::as_str).ok_or(Breach::TopicAliasUnknown);
        }
        if self.aliases_from.len() <= place {
            self.aliases_from.resize(place + 1, String::new());
        }
        publish.topic.clone_into(&mut self.aliases_from[place]);
        Ok(publish.topic)
    }

    /// How a topic is told to the client: as a text or not, with an alias or not.
    fn tell(&mut self, topic: &str, is_known_only: bool) -> (bool, Option<u16>) {
        let number = |place: usize| u16::try_from(place + 1).ok();
        if let Some(place) = self.aliases_to.iter().position(|known| known == topic) {
            return (false, number(place));
        }
        let next = number(self.aliases_to.len()).filter(|next| *next <= self.topic_alias_maximum);
        if next.is_some() && !is_known_only {
            self.aliases_to.push(topic.into());
        }
        (true, next)
    }
}

impl Broker {
    /// PUBLISH: routed, then acknowledged.
    pub(super) fn publish_from_v5(
        &mut self,
        slot: ConnectionSlot,
        session: SessionSlot,
        publish: &Publish<'_>,
    ) -> Result<(), Breach> {
        let maximum = self.shared.config.mqtt5.topic_alias_maximum;
        let receive_maximum = self.shared.config.mqtt5.receive_maximum.max(1);
        let connection = &mut self.shared.connections[slot];
        let key = connection.key;
        let Some(client) = connection.v5.as_mut() else { return Ok(()) };
        // [MQTT5-3.3.4-6]
        if publish.properties.subscription_identifiers().next().is_some() {
            return Err(Breach::SubscriptionIdentifierFromClient);
        }
        if let Some(packet_id) = publish.packet_id {
            client.answered(packet_id);
            client.under_way.push(packet_id);
            // [MQTT5-3.3.4-7]
            if client.under_way.len() > receive_maximum.into() {
                return Err(Breach::ReceiveMaximumExceeded);
            }
        }
        let topic = client.topic(publish, maximum)?;
        let message = self.shared.messages.store(topic, publish.payload);
        if let Some(extras) = Extras::of(publish.properties, self.shared.now) {
            self.shared.messages.set_extras(message, extras);
        }
        let &Publish { dup, qos, retain, packet_id, .. } = publish;
        let refusal = self.refused_topic(message).filter(|_| packet_id.is_some());
        let repeated = refusal.is_none() && self.is_repeated(session, publish);
        let header = PublishHeader { dup, qos, retain, packet_id };
        let shared = &mut self.shared;
        shared.events.publish_received(&mut shared.messages, key, header, message, repeated);
        let mut reason_code = refusal.unwrap_or(ReasonCode::Success);
        if refusal.is_none() && !repeated && self.route(message, qos, retain, Some(session)) == 0 {
            reason_code = ReasonCode::NoMatchingSubscribers;
        }
        self.shared.messages.release(message);
        if let Some(packet_id) = packet_id {
            self.answer_publish(slot, qos, packet_id, reason_code);
        }
        Ok(())
    }

    /// Why a message on this topic is refused, if it is.
    fn refused_topic(&self, message: MessageId) -> Option<ReasonCode> {
        let (topic, reason_code) = self.shared.misbehaviour.refuse_topic.as_ref()?;
        (self.shared.messages.topic(message) == topic).then_some(*reason_code)
    }

    /// QoS 2: known until PUBREL comes, and until then not routed again [MQTT5-4.3.3-10].
    fn is_repeated(&mut self, session: SessionSlot, publish: &Publish<'_>) -> bool {
        let Some(packet_id) = publish.packet_id.filter(|_| publish.qos == QoS::ExactlyOnce) else {
            return false;
        };
        let unreleased = &mut self.sessions[session].unreleased;
        let is_known = unreleased.contains(&packet_id);
        if !is_known {
            unreleased.push(packet_id);
        }
        is_known
    }

    fn answer_publish(
        &mut self,
        slot: ConnectionSlot,
        qos: QoS,
        packet_id: PacketId,
        reason_code: ReasonCode,
    ) {
        let is_final = qos == QoS::AtLeastOnce || reason_code.is_failure();
        // also an answer that is swallowed or held back: the broker has done its part
        if is_final && let Some(client) = &mut self.shared.connections[slot].v5 {
            client.answered(packet_id);
        }
        let ack = Ack { reason_code, ..Ack::success(packet_id) };
        let packet =
            if qos == QoS::AtLeastOnce { Packet::Puback(ack) } else { Packet::Pubrec(ack) };
        self.shared.acknowledge(slot, &packet);
    }
}

impl Shared {
    /// The packet of a message as it leaves now, with its topic in words.
    fn with_publish_v5<R>(
        &self,
        header: PublishHeader,
        message: MessageId,
        identifiers: Option<&[u32]>,
        make: impl FnOnce(&Publish<'_>, &[Property<'_>]) -> R,
    ) -> R {
        let mut properties = Vec::new();
        if let Some(extras) = self.messages.extras(message) {
            let unchanged = self.misbehaviour.expiry_unchanged;
            extras.for_each(self.now, unchanged, |property| properties.push(property));
        }
        let identifiers = identifiers.unwrap_or_default().iter().copied();
        properties.extend(identifiers.map(Property::SubscriptionIdentifier));
        let publish = Publish {
            dup: header.dup,
            qos: header.qos,
            retain: header.retain,
            topic: self.messages.topic(message),
            packet_id: header.packet_id,
            properties: Properties::of(&properties),
            payload: self.messages.payload(message),
        };
        make(&publish, &properties)
    }

    fn packet_max_bytes(&self, slot: ConnectionSlot) -> usize {
        match &self.connections[slot].v5 {
            Some(client) if !self.misbehaviour.exceed_packet_maximum => client.packet_max_bytes,
            _ => usize::MAX,
        }
    }

    /// Whether the client does not take a QoS 1 or QoS 2 message because of its size. It is then
    /// treated as if it had been delivered [MQTT5-3.1.2-25].
    pub(in crate::broker) fn is_too_large(
        &self,
        slot: ConnectionSlot,
        outgoing: &Outgoing,
    ) -> bool {
        let Outgoing { message, qos, retain, .. } = *outgoing;
        let header = PublishHeader { dup: false, qos, retain, packet_id: PacketId::new(1) };
        let identifiers = outgoing.identifiers.as_deref();
        let size = self.with_publish_v5(header, message, identifiers, |publish, _| {
            Packet::Publish(*publish).encoded_len()
        });
        size > self.packet_max_bytes(slot)
    }

    /// Sends a message to a client that speaks MQTT 5, with an alias if it takes one.
    pub(in crate::broker) fn publish_v5(
        &mut self,
        slot: ConnectionSlot,
        header: PublishHeader,
        message: MessageId,
        identifiers: Option<&[u32]>,
    ) {
        let max_bytes = self.packet_max_bytes(slot);
        // taken out, so that the message can be looked at beside it
        let Some(mut client) = self.connections[slot].v5.take() else { return };
        let mut bytes = Vec::new();
        let unknown = self.misbehaviour.alias_unknown;
        let is_sent = self.with_publish_v5(header, message, identifiers, |publish, properties| {
            let size = Packet::Publish(*publish).encoded_len();
            if size > max_bytes {
                return false;
            }
            let is_roomy = size + ALIAS_BYTES <= max_bytes;
            let (is_named, alias) =
                if is_roomy { client.tell(publish.topic, unknown) } else { (true, None) };
            let alias = alias.map(Property::TopicAlias);
            let topic = if is_named && !(unknown && alias.is_some()) { publish.topic } else { "" };
            let properties = Properties::of_both(properties, alias.as_slice());
            let packet = Packet::Publish(Publish { topic, properties, ..*publish });
            bytes.resize(packet.encoded_len(), 0);
            packet.encode(&mut bytes).expect("it has the room it asks for");
            true
        });
        let connection = &mut self.connections[slot];
        connection.v5 = Some(client);
        if is_sent {
            connection.output.push_raw(&bytes);
            self.events.delivered(&mut self.messages, connection.key, header, message);
        } else {
            self.counters.too_large += 1;
        }
    }
}
