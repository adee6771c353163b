//! What the application handed over and does not know the outcome of: the desk at which it gives
//! publications and subscriptions, and is told what became of them.
//!
//! A [`session`](crate::session) serves it over MQTT, the bridge's host end over the link.

mod checkpoint;
#[cfg(feature = "mqtt5")]
mod v5;

use crate::config::{Config, Overflow};
use crate::error::{PublishError, SubscribeError};
use crate::event::{AbandonReason, Counters, Event, RefusedReason, Ticket};
#[cfg(feature = "mqtt5")]
use crate::mqtt::v5::{Properties, Property};
use crate::mqtt::{Packet, PacketId, ProtocolVersion, Publish, QoS, topic};
use crate::news::News;
use crate::outbox::Outbox;
use crate::planted::{Bug, Planted};
use crate::storage::Storage;
use crate::subscriptions::{Standing, Subscription, Subscriptions};
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
    /// When to give it up. It is then told as `Abandoned`, and whether the broker has it is
    /// unknown.
    pub deadline: Option<Instant>,
    /// What travels with it (MQTT 5 §3.3.2.3), only to be set for a client that speaks MQTT 5. A
    /// [`MessageExpiryInterval`](Property::MessageExpiryInterval) is a deadline, too; what is left of
    /// it is what the broker is told.
    #[cfg(feature = "mqtt5")]
    pub properties: &'a [Property<'a>],
}

impl<'a> Publication<'a> {
    /// A publication that is not retained and has no deadline.
    #[must_use]
    pub const fn new(topic: &'a str, payload: &'a [u8], qos: QoS) -> Self {
        Self {
            topic,
            payload,
            qos,
            retain: false,
            deadline: None,
            #[cfg(feature = "mqtt5")]
            properties: &[],
        }
    }
}

/// The desk. `S` is the caller's memory.
pub(crate) struct Desk<S> {
    pub(crate) outbox: Outbox<S>,
    pub(crate) subscriptions: Subscriptions<S>,
    pub(crate) counters: Counters,
    /// Nothing new is accepted.
    pub(crate) shut_down: bool,
    news: News,
    last_ticket: u32,
    overflow: Overflow,
    /// The longest filter of which the packet or frame can be made.
    filter_max_bytes: usize,
    version: ProtocolVersion,
    planted: Planted,
}

impl<S: Storage> Desk<S> {
    pub(crate) fn new(
        config: &Config<'_>,
        outbox: S,
        subscriptions: S,
        filter_max_bytes: usize,
    ) -> Self {
        Self {
            outbox: Outbox::new(outbox, config.planted),
            subscriptions: Subscriptions::new(subscriptions),
            counters: Counters::default(),
            shut_down: false,
            news: News::new(),
            last_ticket: 0,
            overflow: config.overflow,
            filter_max_bytes,
            version: config.protocol,
            planted: config.planted,
        }
    }

    /// The version of MQTT that publications are stored in.
    pub(crate) const fn version(&self) -> ProtocolVersion {
        self.version
    }

    /// The memory of the outbox and of the subscriptions.
    pub(crate) fn into_storage(self) -> (S, S) {
        (self.outbox.into_storage(), self.subscriptions.into_storage())
    }

    pub(crate) fn publish(
        &mut self,
        now: Instant,
        publication: &Publication<'_>,
    ) -> Result<Ticket, PublishError> {
        #[cfg(feature = "mqtt5")]
        return self.publish_with(now, publication, Properties::of(publication.properties));
        #[cfg(not(feature = "mqtt5"))]
        self.publish_with(now, publication)
    }

    /// The same with properties from wherever; those of the publication are ignored.
    pub(crate) fn publish_with(
        &mut self,
        now: Instant,
        publication: &Publication<'_>,
        #[cfg(feature = "mqtt5")] properties: Properties<'_>,
    ) -> Result<Ticket, PublishError> {
        if self.shut_down {
            return Err(PublishError::ShutDown);
        }
        topic::validate_name(publication.topic).map_err(PublishError::Topic)?;
        if publication.qos == QoS::ExactlyOnce {
            return Err(PublishError::QosNotSupported);
        }
        #[cfg(feature = "mqtt5")]
        if self.version == ProtocolVersion::V5 {
            return self.publish_v5(now, publication, properties);
        } else if !properties.is_empty() {
            return Err(PublishError::NeedsMqtt5);
        }
        let _ = now; // only MQTT 5 has intervals
        let publish = Publish {
            dup: false,
            qos: publication.qos,
            retain: publication.retain || self.planted.has(Bug::RetainAlwaysSet),
            topic: publication.topic,
            packet_id: PacketId::new(1).filter(|_| publication.qos == QoS::AtLeastOnce),
            payload: publication.payload,
        };
        self.make_room(publish.qos, Packet::Publish(publish).encoded_len())?;
        let ticket = self.next_ticket();
        match self.outbox.push(ticket, &publish, publication.deadline) {
            Err(PublishError::OutboxFull) if self.planted.has(Bug::OverflowSilent) => Ok(ticket),
            result => result.map(|()| ticket),
        }
    }

    /// A QoS 1 publication may push out others, as many as can be told about.
    fn make_room(&mut self, qos: QoS, packet_bytes: usize) -> Result<(), PublishError> {
        let size = Outbox::<S>::cost(packet_bytes);
        if qos != QoS::AtLeastOnce || self.outbox.fits(size) {
            return Ok(());
        }
        if !self.outbox.could_fit(size, self.overflow, self.news.free()) {
            return Ok(());
        }
        while !self.outbox.fits(size) {
            let (ticket, qos) =
                self.outbox.make_room(self.overflow).ok_or_else(|| self.outbox.full())?;
            let counter = match qos {
                QoS::AtMostOnce => &mut self.counters.dropped_qos0_out,
                QoS::AtLeastOnce | QoS::ExactlyOnce => &mut self.counters.dropped_qos1_out,
            };
            *counter = counter.saturating_add(1);
            self.tell(Event::Abandoned { ticket, reason: AbandonReason::Dropped });
        }
        Ok(())
    }

    pub(crate) fn cancel(&mut self, ticket: Ticket) -> bool {
        if self.news.free() == 0 || !self.outbox.cancel(ticket) {
            return false;
        }
        self.tell(Event::Abandoned { ticket, reason: AbandonReason::Cancelled })
    }

    /// Asks for a filter. One that waits for its answer already keeps its ticket; one that was
    /// answered is asked for again.
    pub(crate) fn subscribe(&mut self, filter: &str, qos: QoS) -> Result<Ticket, SubscribeError> {
        self.check_filter(filter)?;
        let qos = qos.min(QoS::AtLeastOnce);
        let Some(mut known) = self.subscriptions.find(filter) else {
            let ticket = self.next_ticket();
            self.add_subscription(ticket, filter, qos, Standing::Wanted)?;
            return Ok(ticket);
        };
        let pending = matches!(known.standing, Standing::Wanted | Standing::Asked) && !known.told;
        if !pending || known.qos != qos {
            self.supersede(&known);
            known.ticket = self.next_ticket();
            known.ask_again(qos);
            self.subscriptions.update(&known);
        }
        Ok(known.ticket)
    }

    /// A subscription whose ticket another machine chose; if it is active already, that is told
    /// again.
    pub(crate) fn subscribe_as(
        &mut self,
        ticket: Ticket,
        filter: &str,
        qos: QoS,
    ) -> Result<(), SubscribeError> {
        self.check_filter(filter)?;
        let qos = qos.min(QoS::AtLeastOnce);
        let Some(mut known) = self.subscriptions.find(filter) else {
            return self.add_subscription(ticket, filter, qos, Standing::Wanted);
        };
        let same = known.qos == qos && known.ticket == ticket;
        match known.standing {
            Standing::Active if same => {
                self.tell(Event::Subscribed { ticket, granted: known.granted });
            }
            Standing::Wanted | Standing::Asked if same => {}
            _ => {
                known.ticket = ticket;
                known.ask_again(qos);
                self.subscriptions.update(&known);
            }
        }
        Ok(())
    }

    pub(crate) fn unsubscribe(&mut self, filter: &str) -> Result<Ticket, SubscribeError> {
        // what is refused leaves no ticket out
        self.check_filter(filter)?;
        let overtaken = self.subscriptions.find(filter);
        let ticket = self.next_ticket();
        self.unsubscribe_as(ticket, filter)?;
        if let Some(overtaken) = overtaken {
            self.supersede(&overtaken);
        }
        Ok(ticket)
    }

    /// Another request takes the place of this one: if nobody was told how it ended, it ends here.
    fn supersede(&mut self, subscription: &Subscription) {
        let open = match subscription.standing {
            Standing::Wanted | Standing::Asked => !subscription.told,
            Standing::Leaving | Standing::LeavingAsked | Standing::Ended => true,
            Standing::Active => false,
        };
        if open {
            self.tell(Event::Superseded(subscription.ticket));
        }
    }

    /// Ends a subscription under a ticket that the caller chose. A filter that was never subscribed
    /// to is asked about all the same [MQTT-3.10.4-5].
    pub(crate) fn unsubscribe_as(
        &mut self,
        ticket: Ticket,
        filter: &str,
    ) -> Result<(), SubscribeError> {
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
        #[cfg(feature = "mqtt5")]
        if self.version == ProtocolVersion::V5 {
            Self::check_shared(filter)?;
        }
        let (size_bytes, max_bytes) = (filter.len(), self.filter_max_bytes);
        if size_bytes > max_bytes {
            return Err(SubscribeError::TooLong { size_bytes, max_bytes });
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
        self.subscriptions.add(ticket, filter, qos, standing).ok_or(SubscribeError::TooMany)
    }

    /// One thing to tell. `flushed`: whatever was given to the transport has left; `closed`: after
    /// a shut-down nothing will be sent any more.
    #[inline]
    pub(crate) fn next_event(
        &mut self,
        now: Instant,
        flushed: bool,
        closed: bool,
    ) -> Option<Event<'static>> {
        let may_have = !self.news.is_empty()
            || self.outbox.has_given_qos0()
            || self.subscriptions.has_ended()
            || self.outbox.next_deadline().is_some_and(|deadline| deadline <= now)
            || self.outbox.has_room_news()
            || self.shut_down;
        if may_have { self.find_event(now, flushed, closed) } else { None }
    }

    fn find_event(&mut self, now: Instant, flushed: bool, closed: bool) -> Option<Event<'static>> {
        if let Some(event) = self.news.pop() {
            return Some(event);
        }
        if let Some(ticket) = self.outbox.take_lost() {
            self.counters.dropped_qos0_out = self.counters.dropped_qos0_out.saturating_add(1);
            return Some(Event::Abandoned { ticket, reason: AbandonReason::ConnectionLost });
        }
        if flushed && let Some(ticket) = self.outbox.take_sent() {
            return Some(Event::Sent(ticket));
        }
        if let Some(ticket) = self.subscriptions.take_ended() {
            return Some(Event::Unsubscribed(ticket));
        }
        if let Some(ticket) = self.outbox.expire(now) {
            return Some(Event::Abandoned { ticket, reason: AbandonReason::Expired });
        }
        if let Some(event) = self.take_room() {
            return Some(event);
        }
        let ticket = if self.shut_down && closed { self.outbox.take_any()? } else { return None };
        Some(Event::Abandoned { ticket, reason: AbandonReason::ShutDown })
    }

    /// That there is room again, where somebody waits for it and no outcome tells.
    pub(crate) fn take_room(&mut self) -> Option<Event<'static>> {
        (!self.shut_down && self.outbox.take_room()).then_some(Event::OutboxHasRoom)
    }

    /// No frame or packet can be made of a longer filter from now on.
    pub(crate) const fn limit_filters(&mut self, max_bytes: usize) {
        self.filter_max_bytes = max_bytes;
    }

    /// Refuses one publication whose packet, or one subscription whose filter, is larger than there
    /// can be frames for. False if there is none.
    pub(crate) fn refuse_larger_than(
        &mut self,
        packet_max_bytes: usize,
        filter_max_bytes: usize,
    ) -> bool {
        if self.news.free() == 0 {
            return true;
        }
        if let Some(ticket) = self.outbox.take_larger_than(packet_max_bytes) {
            return self.tell(Event::Refused { ticket, reason: RefusedReason::TooLargeForLink });
        }
        let longer = |s: &Subscription| {
            let waits = matches!(s.standing, Standing::Wanted | Standing::Leaving);
            waits && self.subscriptions.filter(s).len() > filter_max_bytes
        };
        let Some(subscription) = self.subscriptions.iter().find(longer) else { return false };
        self.subscriptions.remove(&subscription);
        self.tell(Event::SubscribeRefused(subscription.ticket))
    }

    /// Queues an event. There is room for those that one call causes.
    pub(crate) fn tell(&mut self, event: Event<'static>) -> bool {
        self.news.push(event)
    }

    fn next_ticket(&mut self) -> Ticket {
        let ticket = Ticket::new(self.last_ticket.wrapping_add(1)).unwrap_or(Ticket::FIRST);
        self.last_ticket = ticket.get();
        ticket
    }
}
