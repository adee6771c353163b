//! Publications and subscriptions with what MQTT 5 adds to them.

use super::{Desk, Publication};
use crate::error::{PublishError, SubscribeError};
use crate::event::{Event, Ticket};
use crate::mqtt::v5::{
    Packet, Properties, Property, Publish, SubscriptionOptions, VARIABLE_BYTE_INTEGER_MAX,
    check_share,
};
use crate::mqtt::{PacketId, QoS};
use crate::storage::Storage;
use crate::subscriptions::{Standing, packet_bytes};
use crate::time::Instant;

/// What an alias and a longer remaining length may add to a packet.
const ALIAS_BYTES: usize = 4;

impl<S: Storage> Desk<S> {
    /// A message expiry interval is a deadline, too: after it nobody wants the message any more.
    pub(super) fn publish_v5(
        &mut self,
        now: Instant,
        publication: &Publication<'_>,
        properties: Properties<'_>,
    ) -> Result<Ticket, PublishError> {
        let own = |property: Property<'_>| {
            matches!(property, Property::TopicAlias(_) | Property::SubscriptionIdentifier(_))
        };
        let publish = Publish {
            retain: publication.retain,
            packet_id: PacketId::new(1).filter(|_| publication.qos == QoS::AtLeastOnce),
            properties,
            ..Publish::new(publication.topic, b"", publication.qos)
        };
        if properties.iter().any(own) {
            return Err(PublishError::Property);
        }
        self.check_head(publish)?;
        let publish = Publish { payload: publication.payload, ..publish };
        let packet_bytes = Packet::Publish(publish).encoded_len();
        self.make_room(publish.qos, packet_bytes)?;
        let expiry_s = properties.message_expiry_interval_s();
        let ends_s = expiry_s.map(|seconds| seconds.saturating_add(whole_seconds(now)));
        let ends = expiry_s.map(|seconds| plus_s(now, seconds));
        let deadline = match (publication.deadline, ends) {
            (Some(deadline), Some(ends)) => Some(deadline.min(ends)),
            (deadline, ends) => deadline.or(ends),
        };
        let ticket = self.next_ticket();
        self.outbox.push_v5(ticket, &publish, packet_bytes, deadline, ends_s).map(|()| ticket)
    }

    /// All but the payload leaves in one piece, so it must fit into the transmit buffer.
    pub(crate) fn check_head(&self, publish: Publish<'_>) -> Result<(), PublishError> {
        let head_bytes = Packet::Publish(Publish { payload: b"", ..publish }).encoded_len();
        if head_bytes == usize::MAX {
            return Err(PublishError::Property);
        }
        let size_bytes = head_bytes + ALIAS_BYTES;
        let max_bytes = self.filter_max_bytes + packet_bytes(self.version);
        if size_bytes > max_bytes {
            return Err(PublishError::TooLarge { size_bytes, max_bytes });
        }
        Ok(())
    }

    /// A publication whose ticket and packet identifier another machine chose. Where it has a message
    /// expiry interval, that is given up here a little later than there, where it began earlier.
    pub(crate) fn publish_v5_as(
        &mut self,
        now: Instant,
        ticket: Ticket,
        publish: &Publish<'_>,
        again: bool,
    ) -> Result<(), PublishError> {
        self.check_head(*publish)?;
        let left_s = publish.properties.message_expiry_interval_s();
        let ends_s = left_s.map(|seconds| seconds.saturating_add(whole_seconds(now)));
        let deadline = left_s.map(|seconds| plus_s(now, seconds.saturating_add(1)));
        self.outbox.push_v5_with_id(ticket, publish, deadline, ends_s, again)
    }

    /// The same of a subscription with options; if it is active already, that is told again.
    pub(crate) fn subscribe_with_as(
        &mut self,
        ticket: Ticket,
        filter: &str,
        options: SubscriptionOptions,
        identifier: Option<u32>,
    ) -> Result<(), SubscribeError> {
        self.check_filter(filter)?;
        let known = self.subscriptions.find(filter);
        if let Some(known) = &known
            && known.ticket == ticket
            && known.options() == options
            && self.subscriptions.identifier(known) == identifier
        {
            match known.standing {
                Standing::Active => {
                    self.tell(Event::Subscribed { ticket, granted: known.granted });
                    return Ok(());
                }
                Standing::Wanted | Standing::Asked => return Ok(()),
                Standing::Leaving | Standing::LeavingAsked | Standing::Ended => {}
            }
        }
        if !self.subscriptions.has_room(filter, identifier.is_some(), known.as_ref()) {
            return Err(SubscribeError::TooMany);
        }
        if let Some(known) = known {
            self.subscriptions.remove(&known);
        }
        let options = options.as_u8();
        self.subscriptions
            .add_with(ticket, filter, options, identifier, Standing::Wanted)
            .ok_or(SubscribeError::TooMany)
    }

    /// Asks for a filter with options. What was asked for with the same filter before is replaced.
    pub(crate) fn subscribe_with(
        &mut self,
        filter: &str,
        options: SubscriptionOptions,
        identifier: Option<u32>,
    ) -> Result<Ticket, SubscribeError> {
        self.check_filter(filter)?;
        let valid = identifier.is_none_or(|id| id != 0 && id <= VARIABLE_BYTE_INTEGER_MAX);
        if !valid || (options.no_local && filter.starts_with("$share/")) {
            return Err(SubscribeError::Options);
        }
        let options = SubscriptionOptions { qos: options.qos.min(QoS::AtLeastOnce), ..options };
        let known = self.subscriptions.find(filter);
        if !self.subscriptions.has_room(filter, identifier.is_some(), known.as_ref()) {
            return Err(SubscribeError::TooMany);
        }
        if let Some(known) = known {
            self.supersede(&known);
            self.subscriptions.remove(&known);
        }
        let ticket = self.next_ticket();
        self.subscriptions
            .add_with(ticket, filter, options.as_u8(), identifier, Standing::Wanted)
            .ok_or(SubscribeError::TooMany)?;
        Ok(ticket)
    }

    /// The filter of a shared subscription has a form of its own.
    pub(super) fn check_shared(filter: &str) -> Result<(), SubscribeError> {
        check_share(filter).map_err(|_| SubscribeError::Options)
    }
}

fn plus_s(now: Instant, seconds: u32) -> Instant {
    Instant::from_micros(now.as_micros().saturating_add(u64::from(seconds) * 1_000_000))
}

fn whole_seconds(now: Instant) -> u32 {
    u32::try_from(now.as_micros() / 1_000_000).unwrap_or(u32::MAX)
}
