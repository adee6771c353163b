//! What the host does for a client that speaks MQTT 5.

use super::{Host, INBOUND_HEADER_BYTES};
use crate::bridge::fifo;
use crate::bridge::frame::{self, Message, MessageWith, PublishWith, SubscribeWith, ToEsp};
use crate::checkpoint::{Field, Fields, Out, Pass};
use crate::client::Publication;
use crate::error::SubscribeError;
use crate::event::{self, Delivery, Event, RefusedReason, Ticket};
use crate::mqtt::v5::{Packet, Properties, Publish, ReasonCode, SubscriptionOptions, decode};
use crate::mqtt::{PacketId, ProtocolVersion, QoS};
use crate::outbox::Sending;
use crate::planted::Bug;
use crate::storage::{Storage, put_u32};
use crate::subscriptions::{Standing, Subscription};
use crate::time::Instant;

/// What the broker said, until it can be told.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Said {
    /// About these requests, of which the outcomes come next: one may come between the other's
    /// reason and outcome.
    reasons: [Option<(Ticket, ReasonCode)>; 2],
    /// Bytes of properties that lie behind the settings.
    properties_bytes: usize,
    /// They are to be told.
    pub(super) due: bool,
}

impl<S: Storage> Host<S> {
    /// Asks for the messages that match `filter` with options and a subscription identifier, 1 to
    /// 268,435,455, which comes back with each message (MQTT 5 only). QoS 2 is asked for as QoS 1.
    /// What was asked for with the same filter before is replaced.
    ///
    /// # Errors
    /// Why it was not queued.
    pub fn subscribe_with(
        &mut self,
        now: Instant,
        filter: &str,
        options: SubscriptionOptions,
        identifier: Option<u32>,
    ) -> Result<Ticket, SubscribeError> {
        self.advance_clock(now);
        if !self.speaks_v5() {
            return Err(SubscribeError::NeedsMqtt5);
        }
        self.desk.subscribe_with(filter, options, identifier)
    }

    pub(crate) fn speaks_v5(&self) -> bool {
        self.version() == ProtocolVersion::V5
    }

    /// Bytes of the packet that a publication becomes.
    pub(super) fn packet_bytes_v5(
        publication: &Publication<'_>,
        properties: Properties<'_>,
    ) -> usize {
        Packet::Publish(Publish {
            packet_id: PacketId::new(1).filter(|_| publication.qos != QoS::AtMostOnce),
            properties,
            ..Publish::new(
                publication.topic,
                publication.payload,
                publication.qos.min(QoS::AtLeastOnce),
            )
        })
        .encoded_len()
    }

    /// Makes the frame of a publication.
    pub(super) fn fill_publication_v5(&mut self, sending: &Sending) {
        // Packets were made by this end.
        let packet = decode(&self.desk.outbox.bytes()[sending.packet.clone()]);
        let Ok(Packet::Publish(packet)) = packet else { return };
        let topic = self.publication_topics.naming(packet.topic);
        let publish = frame::Publish {
            ticket: sending.ticket,
            again: sending.again,
            retain: packet.retain,
            packet_id: packet.packet_id,
            topic,
            payload: packet.payload,
        };
        let properties = packet.properties;
        let frame = if properties.is_empty() {
            ToEsp::Publish(publish)
        } else {
            let now_s = u32::try_from(self.now.as_micros() / 1_000_000).unwrap_or(u32::MAX);
            let leaves_s = Some(now_s).filter(|_| !self.planted.has(Bug::ExpiryNotDecremented));
            ToEsp::PublishWith(PublishWith { publish, properties, leaves_s })
        };
        // There is room: `publish` refuses what could not be sent.
        let written = frame.encode(self.frame.room()).unwrap_or(0);
        self.frame.extend(written);
        if written > 0 {
            // A naming that is made here means something.
            let _ = self.publication_topics.learn(topic);
        }
    }

    /// Makes the frame of a subscription.
    pub(super) fn write_subscription_v5(&mut self, subscription: &Subscription) -> usize {
        let Subscription { ticket, standing, .. } = *subscription;
        let filter = self.desk.subscriptions.filter(subscription);
        let frame = if standing == Standing::Leaving {
            ToEsp::Unsubscribe { ticket, filter }
        } else {
            let options = subscription.options();
            let identifier = self.desk.subscriptions.identifier(subscription);
            ToEsp::SubscribeWith(SubscribeWith { ticket, options, identifier, filter })
        };
        frame.encode(self.frame.room()).unwrap_or(0)
    }

    /// Stores a message, as a packet with its properties. False if there is no room.
    pub(super) fn store_message_v5(&mut self, message: &MessageWith<'_>) -> bool {
        let MessageWith { message, properties } = message;
        let lost = self.planted.has(Bug::PropertiesLost);
        let packet = Packet::Publish(Publish {
            dup: message.dup,
            retain: message.retain,
            // The ESP8266 keeps it; the application never sees it.
            packet_id: PacketId::new(1).filter(|_| message.qos != QoS::AtMostOnce),
            properties: if lost { Properties::NONE } else { *properties },
            ..Publish::new(self.message_topics.name(message.topic), message.payload, message.qos)
        });
        let size = packet.encoded_len() + INBOUND_HEADER_BYTES - fifo::HEADER_BYTES;
        self.inbound.push(size).is_some_and(|room| {
            put_u32(room, 0, message.delivery);
            packet.encode(&mut room[4..]).is_ok()
        })
    }

    /// Notes what the broker said about a request: it is told before the outcome, where that is.
    pub(super) fn take_reason(&mut self, ticket: Ticket, reason_code: ReasonCode) {
        let [first, second] = self.said.reasons;
        self.said.reasons = [Some((ticket, reason_code)), first.or(second)];
    }

    /// What it was about was not told with the link.
    pub(super) fn forget_reason(&mut self) {
        self.said.reasons = [None; 2];
    }

    /// What the broker said about this request, if it said more than yes.
    fn reason_of(&mut self, ticket: Ticket) -> Option<ReasonCode> {
        let is_about = |reason: &&mut Option<(Ticket, ReasonCode)>| {
            reason.is_some_and(|(about, _)| about == ticket)
        };
        let reason = self.said.reasons.iter_mut().find(is_about)?;
        reason.take().map(|(_, reason_code)| reason_code)
    }

    /// Tells what the broker said about a request of which the outcome is told next.
    pub(super) fn tell_reason(&mut self, ticket: Ticket) {
        if let Some(reason_code) = self.reason_of(ticket) {
            self.desk.tell(Event::Reason { ticket, reason_code });
        }
    }

    /// The broker refused a publication for good.
    pub(super) fn refused(&mut self, ticket: Ticket) -> Event<'static> {
        let reason_code = self.reason_of(ticket).unwrap_or(ReasonCode::UnspecifiedError);
        self.desk.tell(Event::Reason { ticket, reason_code });
        Event::Refused { ticket, reason: RefusedReason::ByBroker(reason_code) }
    }

    /// Keeps what the broker said, if there is room for it, until the application has been told.
    pub(super) fn take_said(&mut self, properties: Properties<'_>) {
        let room = &mut self.settings.as_mut()[self.settings_size..];
        let size = properties.size_bytes();
        if size > room.len() {
            return;
        }
        let mut at = 0;
        properties.write(&mut |part| {
            room[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        });
        (self.said.properties_bytes, self.said.due) = (size, true);
    }

    /// Lends what the broker said.
    pub(super) fn show_said(&self) -> Event<'_> {
        let end = self.settings_size + self.said.properties_bytes;
        let properties = Properties::read(&self.settings.as_ref()[self.settings_size..end]);
        // It was read before it was kept.
        Event::BrokerSaid(properties.unwrap_or(Properties::NONE))
    }
}

/// Lends a message of the inbound queue.
pub(super) fn show(packet: &[u8], delivery: Option<Delivery>) -> Event<'_> {
    match decode(packet) {
        Ok(Packet::Publish(publish)) => Event::Message(event::Message {
            delivery,
            retain: publish.retain,
            dup: publish.dup,
            properties: publish.properties,
            ..event::Message::new(publish.topic, publish.payload, publish.qos)
        }),
        // Messages were decoded before they were queued.
        Ok(_) | Err(_) => Event::MessageTooLarge { qos: QoS::AtMostOnce, size_bytes: packet.len() },
    }
}

impl<'a> From<Message<'a>> for MessageWith<'a> {
    fn from(message: Message<'a>) -> Self {
        Self { message, properties: Properties::NONE }
    }
}

impl Said {
    /// `behind`: what lies behind the settings, however much of it is in use.
    pub(super) fn walk(&mut self, pass: &mut Pass<'_>, behind: &mut [u8]) -> Option<()> {
        let Self { reasons, properties_bytes, due } = self;
        pass.fields(reasons)?;
        pass.field(due)?;
        if !*due {
            return Some(());
        }
        pass.field(properties_bytes)?;
        pass.plain(behind, 0, *properties_bytes)
    }
}

impl Field for (Ticket, ReasonCode) {
    fn put(&self, out: &mut Out<'_>) {
        let (ticket, reason_code) = self;
        ticket.put(out);
        reason_code.put(out);
    }

    fn get(from: &mut Fields<'_>) -> Option<Self> {
        Some((Field::get(from)?, Field::get(from)?))
    }
}
