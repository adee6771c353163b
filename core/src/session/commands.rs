//! What the application wants of the session.

use super::{Close, EVENTS, Phase, Session};
use crate::error::{PublishError, SubscribeError};
use crate::event::{AbandonReason, Delivery, Event, Ticket};
use crate::mqtt::{Packet, PacketId, Publish, QoS, topic};
use crate::outbox::Outbox;
use crate::planted::Bug;
use crate::storage::Storage;
use crate::subscriptions::{self, Standing};
use crate::time::Instant;

/// A publication as the application gives it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Publication<'a> {
    /// The topic name: 1 to 65,535 bytes, no wildcards, no U+0000.
    pub topic: &'a str,
    /// The application message, any bytes, as many as the outbox holds.
    pub payload: &'a [u8],
    /// [`QoS::AtMostOnce`] or [`QoS::AtLeastOnce`].
    pub qos: QoS,
    /// The broker keeps it for subscriptions to come.
    pub retain: bool,
    /// When to give it up. It is then told as `Abandoned`, and whether the broker has it is unknown.
    pub deadline: Option<Instant>,
}

impl<'a> Publication<'a> {
    /// A publication that is not retained and has no deadline.
    #[must_use]
    pub const fn new(topic: &'a str, payload: &'a [u8], qos: QoS) -> Self {
        Self { topic, payload, qos, retain: false, deadline: None }
    }
}

impl<S: Storage> Session<S> {
    pub(crate) fn publish(
        &mut self,
        now: Instant,
        publication: &Publication<'_>,
    ) -> Result<Ticket, PublishError> {
        self.now = self.now.max(now);
        if self.shut_down {
            return Err(PublishError::ShutDown);
        }
        topic::validate_name(publication.topic).map_err(PublishError::Topic)?;
        if publication.qos == QoS::ExactlyOnce {
            return Err(PublishError::QosNotSupported);
        }
        let publish = Publish {
            dup: false,
            qos: publication.qos,
            retain: publication.retain || self.planted.has(Bug::RetainAlwaysSet),
            topic: publication.topic,
            packet_id: PacketId::new(1).filter(|_| publication.qos == QoS::AtLeastOnce),
            payload: publication.payload,
        };
        self.make_outbox_room(&publish)?;
        let ticket = self.next_ticket();
        match self.outbox.push(ticket, &publish, publication.deadline) {
            Err(PublishError::OutboxFull) if self.planted.has(Bug::OverflowSilent) => Ok(ticket),
            result => result.map(|()| ticket),
        }
    }

    /// A QoS 1 publication may push out others, as many as can be told about.
    fn make_outbox_room(&mut self, publish: &Publish<'_>) -> Result<(), PublishError> {
        if publish.qos != QoS::AtLeastOnce {
            return Ok(());
        }
        let size = Outbox::<S>::cost(&Packet::Publish(*publish));
        let told = self.events.iter().flatten().count();
        let overflow = self.limits.overflow;
        if self.outbox.fits(size) || !self.outbox.could_fit(size, overflow, EVENTS - told) {
            return Ok(());
        }
        while !self.outbox.fits(size) {
            let (ticket, qos) = self.outbox.make_room(overflow).ok_or(PublishError::OutboxFull)?;
            let counter = match qos {
                QoS::AtMostOnce => &mut self.counters.dropped_qos0_out,
                QoS::AtLeastOnce | QoS::ExactlyOnce => &mut self.counters.dropped_qos1_out,
            };
            *counter = counter.saturating_add(1);
            self.tell(Event::Abandoned { ticket, reason: AbandonReason::Dropped });
        }
        Ok(())
    }

    /// Queues a publication whose ticket and packet identifier another machine chose.
    pub(crate) fn publish_as(
        &mut self,
        now: Instant,
        ticket: Ticket,
        publish: &Publish<'_>,
        again: bool,
    ) -> Result<(), PublishError> {
        self.now = self.now.max(now);
        self.outbox.push_with_id(ticket, publish, None, again)
    }

    pub(crate) fn cancel(&mut self, now: Instant, ticket: Ticket) -> bool {
        self.now = self.now.max(now);
        if self.events.iter().all(Option::is_some) || !self.outbox.cancel(ticket) {
            return false;
        }
        self.tell(Event::Abandoned { ticket, reason: AbandonReason::Cancelled })
    }

    pub(crate) fn subscribe(
        &mut self,
        now: Instant,
        filter: &str,
        qos: QoS,
    ) -> Result<Ticket, SubscribeError> {
        self.now = self.now.max(now);
        self.check_filter(filter)?;
        if let Some(mut known) = self.subscriptions.find(filter) {
            let pending =
                matches!(known.standing, Standing::Wanted | Standing::Asked) && !known.told;
            if pending && known.qos == qos.min(QoS::AtLeastOnce) {
                return Ok(known.ticket);
            }
            known.ticket = self.next_ticket();
            known.qos = qos.min(QoS::AtLeastOnce);
            known.standing = Standing::Wanted;
            known.packet_id = None;
            known.told = false;
            self.subscriptions.update(&known);
            return Ok(known.ticket);
        }
        let ticket = self.next_ticket();
        self.add_subscription(ticket, filter, qos, Standing::Wanted)?;
        Ok(ticket)
    }

    /// A subscription whose ticket another machine chose; if it is active already, that is told
    /// again under the new ticket.
    pub(crate) fn subscribe_as(
        &mut self,
        now: Instant,
        ticket: Ticket,
        filter: &str,
        qos: QoS,
    ) -> Result<(), SubscribeError> {
        self.now = self.now.max(now);
        self.check_filter(filter)?;
        let Some(mut known) = self.subscriptions.find(filter) else {
            return self.add_subscription(ticket, filter, qos, Standing::Wanted);
        };
        let same = known.qos == qos.min(QoS::AtLeastOnce) && known.ticket == ticket;
        known.ticket = ticket;
        match known.standing {
            Standing::Active if same => {
                self.tell(Event::Subscribed { ticket, granted: known.granted });
            }
            Standing::Wanted | Standing::Asked if same => {}
            _ => {
                known.qos = qos.min(QoS::AtLeastOnce);
                known.standing = Standing::Wanted;
                known.packet_id = None;
                known.told = false;
            }
        }
        self.subscriptions.update(&known);
        Ok(())
    }

    pub(crate) fn unsubscribe(
        &mut self,
        now: Instant,
        filter: &str,
    ) -> Result<Ticket, SubscribeError> {
        let ticket = self.next_ticket();
        self.unsubscribe_as(now, ticket, filter).map(|()| ticket)
    }

    /// Ends a subscription under a ticket that was chosen by the caller. A filter that was never
    /// subscribed to is asked about all the same [MQTT-3.10.4-5].
    pub(crate) fn unsubscribe_as(
        &mut self,
        now: Instant,
        ticket: Ticket,
        filter: &str,
    ) -> Result<(), SubscribeError> {
        self.now = self.now.max(now);
        self.check_filter(filter)?;
        let Some(mut known) = self.subscriptions.find(filter) else {
            return self.add_subscription(ticket, filter, QoS::AtMostOnce, Standing::Leaving);
        };
        known.ticket = ticket;
        known.standing = Standing::Leaving;
        known.packet_id = None;
        self.subscriptions.update(&known);
        Ok(())
    }

    fn check_filter(&self, filter: &str) -> Result<(), SubscribeError> {
        if self.shut_down {
            return Err(SubscribeError::ShutDown);
        }
        topic::validate_filter(filter).map_err(SubscribeError::Filter)?;
        let max_bytes = self.transmit.capacity() - subscriptions::PACKET_BYTES;
        if filter.len() > max_bytes {
            return Err(SubscribeError::TooLong { size_bytes: filter.len(), max_bytes });
        }
        Ok(())
    }

    fn add_subscription(
        &mut self,
        ticket: Ticket,
        filter: &str,
        qos: QoS,
        standing: Standing,
    ) -> Result<(), SubscribeError> {
        self.subscriptions
            .add(ticket, filter, qos.min(QoS::AtLeastOnce), standing)
            .ok_or(SubscribeError::TooMany)
    }

    pub(crate) fn release(&mut self, now: Instant, delivery: Delivery) -> bool {
        self.now = self.now.max(now);
        self.deliveries.release(delivery)
    }

    /// Hands out only messages whose packet is at most this large; 0 for none.
    pub(crate) const fn limit_hand_out(&mut self, max_bytes: usize) {
        self.hand_out_max_bytes = max_bytes;
    }

    /// Treats a message whose packet is larger than this as one that can never be handed out.
    pub(crate) const fn limit_messages(&mut self, max_bytes: usize) {
        self.message_max_bytes = max_bytes;
    }

    /// Says DISCONNECT if there is anybody to say it to. Nothing new is accepted from here on.
    pub(crate) fn shut_down(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.shut_down = true;
        let until = self.now.plus_ms(self.limits.response_timeout_ms);
        match self.phase {
            Phase::Online => {
                self.phase = Phase::Finishing { until, put: false, close: Close::Finished }
            }
            Phase::Finishing { until, put, .. } => {
                self.phase = Phase::Finishing { until, put, close: Close::Finished };
            }
            Phase::AwaitingConnack { .. } => self.closing = Some(Close::Finished),
            Phase::Offline => {}
        }
    }
}
