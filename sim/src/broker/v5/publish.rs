//! PUBLISH of MQTT 5, from clients and to them (§3.3).

use fivewire_core::mqtt::v5::{Ack, Breach, Packet, Properties, Property, Publish, ReasonCode};
use fivewire_core::mqtt::{PacketId, QoS};
use fivewire_core::time::Instant;
use smallvec::SmallVec;

use super::Client;
use crate::broker::Broker;
use crate::broker::connection::ConnectionSlot;
use crate::broker::events::PublishHeader;
use crate::broker::interface::CloseReason;
use crate::broker::message::{MessageId, Messages};
use crate::broker::misbehaviour::Misbehaviour;
use crate::broker::session::{Outgoing, SessionSlot};
use crate::broker::shared::Shared;

/// Bytes of a topic alias property.
const ALIAS_BYTES: usize = 3;
/// Bytes of a subscription identifier property, at most.
const IDENTIFIER_BYTES: usize = 5;
/// Bytes of a PUBLISH besides topic, properties and payload, at most: its header, the lengths of topic
/// and properties, the packet identifier.
const HEADER_BYTES: usize = 13;

impl Client {
    /// The largest packet that it is sent.
    const fn packet_max_bytes(&self, misbehaviour: &Misbehaviour) -> usize {
        if misbehaviour.exceed_packet_maximum { usize::MAX } else { self.packet_max_bytes }
    }

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
    fn tell(&mut self, topic: &str, is_known_only: bool, renames: bool) -> (bool, Option<u16>) {
        let number = |place: usize| u16::try_from(place + 1).ok();
        if let Some(place) = self.aliases_to.iter().position(|known| known == topic) {
            return (false, number(place));
        }
        if renames && !is_known_only && self.aliases_to.len() >= self.topic_alias_maximum.into() {
            let Some(place) = self.renamed.checked_rem(self.aliases_to.len()) else {
                return (true, None);
            };
            self.renamed += 1;
            topic.clone_into(&mut self.aliases_to[place]);
            return (true, number(place));
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
        self.extras.keep(publish.properties, self.shared.now);
        // [MQTT5-3.3.4-6]
        if self.extras.has_identifier {
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
        // [MQTT5-3.2.2-11] [MQTT5-3.2.2-14]
        let limits = client.limits;
        if publish.qos > limits.maximum_qos {
            self.end(slot, CloseReason::ByServer(ReasonCode::QosNotSupported));
            return Ok(());
        }
        if publish.retain && !limits.retain {
            self.end(slot, CloseReason::ByServer(ReasonCode::RetainNotSupported));
            return Ok(());
        }
        let topic = client.topic(publish, maximum)?;
        let message = self.shared.messages.store(topic, publish.payload);
        std::mem::swap(self.shared.messages.extras_mut(message), &mut self.extras);
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

/// Room for the properties of most messages.
type PropertyList<'a> = SmallVec<[Property<'a>; 8]>;

impl Shared {
    /// Whether the client does not take a QoS 1 or QoS 2 message because of its size. It is then
    /// treated as if it had been delivered [MQTT5-3.1.2-25].
    pub(in crate::broker) fn is_too_large(
        &self,
        slot: ConnectionSlot,
        outgoing: &Outgoing,
    ) -> bool {
        let Some(client) = &self.connections[slot].v5 else { return false };
        let packet_max_bytes = client.packet_max_bytes(&self.misbehaviour);
        let Outgoing { message, qos, retain, .. } = *outgoing;
        let identifiers = outgoing.identifiers.as_deref();
        if size_at_most(&self.messages, message, identifiers) <= packet_max_bytes {
            return false;
        }
        let properties = self.properties_v5(message, identifiers);
        let header = PublishHeader { dup: false, qos, retain, packet_id: PacketId::new(1) };
        let publish = publish(&self.messages, header, message, &properties);
        Packet::Publish(publish).encoded_len() > packet_max_bytes
    }

    /// The properties of a message as they leave now.
    fn properties_v5(&self, message: MessageId, identifiers: Option<&[u32]>) -> PropertyList<'_> {
        let unchanged = self.misbehaviour.expiry_unchanged;
        leaving(&self.messages, message, self.now, unchanged, identifiers)
    }

    /// Sends a message to a client that speaks MQTT 5, with an alias if it takes one.
    pub(in crate::broker) fn publish_v5(
        &mut self,
        slot: ConnectionSlot,
        header: PublishHeader,
        message: MessageId,
        identifiers: Option<&[u32]>,
    ) {
        let Self { misbehaviour, connections, messages, config, .. } = self;
        let renames = config.mqtt5.renames_aliases;
        let connection = &mut connections[slot];
        let Some(client) = &mut connection.v5 else { return };
        let unchanged = misbehaviour.expiry_unchanged;
        let list = leaving(messages, message, self.now, unchanged, identifiers);
        let publish = publish(messages, header, message, &list);
        let packet_max_bytes = client.packet_max_bytes(misbehaviour);
        let mut size = size_at_most(messages, message, identifiers);
        if size + ALIAS_BYTES > packet_max_bytes {
            size = Packet::Publish(publish).encoded_len();
        }
        if size > packet_max_bytes {
            self.counters.too_large += 1;
            return;
        }
        let unknown = misbehaviour.alias_unknown;
        let is_roomy = size + ALIAS_BYTES <= packet_max_bytes;
        let (is_named, alias) =
            if is_roomy { client.tell(publish.topic, unknown, renames) } else { (true, None) };
        let alias = alias.map(Property::TopicAlias);
        let topic = if is_named && !(unknown && alias.is_some()) { publish.topic } else { "" };
        let properties = Properties::of_both(&list, alias.as_slice());
        connection.output.push(&Packet::Publish(Publish { topic, properties, ..publish }));
        drop(list);
        self.events.delivered(&mut self.messages, connection.key, header, message);
    }
}

/// What the packet of a message takes, or a little more: far cheaper than to look exactly.
fn size_at_most(messages: &Messages, message: MessageId, identifiers: Option<&[u32]>) -> usize {
    let identifiers_bytes = IDENTIFIER_BYTES * identifiers.map_or(0, <[u32]>::len);
    let message_bytes = messages.topic(message).len() + messages.payload(message).len();
    HEADER_BYTES + message_bytes + messages.extras(message).max_bytes() + identifiers_bytes
}

/// The properties of a message as they leave at `now`.
fn leaving<'a>(
    messages: &'a Messages,
    message: MessageId,
    now: Instant,
    unchanged: bool,
    identifiers: Option<&[u32]>,
) -> PropertyList<'a> {
    let mut properties = PropertyList::new();
    messages.extras(message).for_each(now, unchanged, |property| properties.push(property));
    let identifiers = identifiers.unwrap_or_default().iter().copied();
    properties.extend(identifiers.map(Property::SubscriptionIdentifier));
    properties
}

/// The packet of a message with its topic in words.
fn publish<'a>(
    messages: &'a Messages,
    header: PublishHeader,
    message: MessageId,
    properties: &'a [Property<'a>],
) -> Publish<'a> {
    Publish {
        dup: header.dup,
        qos: header.qos,
        retain: header.retain,
        topic: messages.topic(message),
        packet_id: header.packet_id,
        properties: Properties::of(properties),
        payload: messages.payload(message),
    }
}
