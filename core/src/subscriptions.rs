//! Topic filters that the application wants, kept over connections in the caller's memory.

mod checkpoint;

use crate::event::Ticket;
#[cfg(feature = "mqtt5")]
use crate::mqtt::v5::SubscriptionOptions;
use crate::mqtt::{PacketId, ProtocolVersion, QoS};
use crate::outbox::FIRST_SUBSCRIPTION_ID;
use crate::storage::{Storage, get_u16, get_u32, put_u16, put_u32};

const SIZE: usize = 0;
const TICKET: usize = 2;
const PACKET_ID: usize = 6;
const QOS: usize = 8;
const STATE: usize = 9;
const GRANTED: usize = 10;
const TOLD: usize = 11;

/// Bytes of a subscription besides its filter.
pub(crate) const HEADER_BYTES: usize = 12;

/// Bytes of a subscription identifier behind the filter, if it has one.
const IDENTIFIER_BYTES: usize = 4;
/// In the byte of the QoS and the options: there is an identifier.
const IDENTIFIED: u8 = 0x80;

/// Bytes of a SUBSCRIBE or UNSUBSCRIBE packet besides its one filter, at most: fixed header (5),
/// packet identifier (2), length of the filter (2), options (1); in MQTT 5 also the length of the
/// properties (1) and a subscription identifier (5).
pub(crate) const fn packet_bytes(version: ProtocolVersion) -> usize {
    match version {
        ProtocolVersion::V3_1_1 => 10,
        #[cfg(feature = "mqtt5")]
        ProtocolVersion::V5 => 16,
    }
}

/// Where a subscription stands with the other side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Standing {
    /// To be asked for.
    Wanted = 0,
    /// Asked for on this connection.
    Asked = 1,
    /// Granted, and the session that knows it lives.
    Active = 2,
    /// To be ended.
    Leaving = 3,
    /// Its end was asked for on this connection.
    LeavingAsked = 4,
    /// Ended, because the session that knew it is gone; the application is still to be told.
    Ended = 5,
}

impl Standing {
    const fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Wanted,
            1 => Self::Asked,
            2 => Self::Active,
            3 => Self::Leaving,
            4 => Self::LeavingAsked,
            _ => Self::Ended,
        }
    }
}

/// The fixed part of a subscription, copied out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subscription {
    at: usize,
    size: usize,
    pub(crate) ticket: Ticket,
    pub(crate) packet_id: Option<PacketId>,
    pub(crate) qos: QoS,
    /// The options of MQTT 5 besides the QoS, and [`IDENTIFIED`].
    options: u8,
    pub(crate) standing: Standing,
    pub(crate) granted: QoS,
    /// The application knows that it was granted.
    pub(crate) told: bool,
}

/// Bytes behind the filter, by the options of the subscription.
const fn suffix_bytes(options: u8) -> usize {
    if options & IDENTIFIED == 0 { 0 } else { IDENTIFIER_BYTES }
}

impl Subscription {
    /// Bytes behind the filter.
    const fn suffix(&self) -> usize {
        suffix_bytes(self.options)
    }

    /// How it is to be served.
    #[cfg(feature = "mqtt5")]
    pub(crate) fn options(&self) -> SubscriptionOptions {
        let byte = self.options & !IDENTIFIED | self.qos.as_u8();
        SubscriptionOptions::from_u8(byte).unwrap_or(SubscriptionOptions::new(self.qos))
    }

    /// Starts over, as if it had never been asked for.
    pub(crate) const fn ask_again(&mut self, qos: QoS) {
        self.qos = qos;
        self.standing = Standing::Wanted;
        self.packet_id = None;
        self.told = false;
    }
}

/// All subscriptions. `S` holds them.
pub(crate) struct Subscriptions<S> {
    bytes: S,
    tail: usize,
    /// How many wait to be asked for or to be ended.
    due: usize,
    /// How many were asked for or to be ended, without an answer.
    asked: usize,
    /// How many ended without the application knowing.
    ended: usize,
    last_packet_id: u16,
}

impl<S: Storage> Subscriptions<S> {
    pub(crate) fn new(bytes: S) -> Self {
        Self { bytes, tail: 0, due: 0, asked: 0, ended: 0, last_packet_id: u16::MAX }
    }

    pub(crate) fn into_storage(self) -> S {
        self.bytes
    }

    pub(crate) const fn asked(&self) -> usize {
        self.asked
    }

    /// Of what was asked and not answered, nothing was asked before what has this identifier.
    pub(crate) fn is_oldest_asked(&self, id: PacketId) -> bool {
        // they are given in turn, and come round
        let age =
            |id: PacketId| self.last_packet_id.wrapping_sub(id.get()) & !FIRST_SUBSCRIPTION_ID;
        self.iter()
            .filter_map(|subscription| subscription.packet_id)
            .all(|other| age(other) <= age(id))
    }

    /// Some are to be asked for or ended.
    pub(crate) const fn has_due(&self) -> bool {
        self.due > 0
    }

    /// Some ended with the session, and the application is to be told.
    pub(crate) const fn has_ended(&self) -> bool {
        self.ended > 0
    }

    /// The topic filter of `subscription`.
    pub(crate) fn filter(&self, subscription: &Subscription) -> &str {
        let filter = &self.bytes.as_ref()[subscription.at + HEADER_BYTES..]
            [..subscription.size - HEADER_BYTES - subscription.suffix()];
        core::str::from_utf8(filter).unwrap_or_default()
    }

    /// Its identifier, if it has one.
    #[cfg(feature = "mqtt5")]
    pub(crate) fn identifier(&self, subscription: &Subscription) -> Option<u32> {
        let at = subscription.at + subscription.size - IDENTIFIER_BYTES;
        (subscription.suffix() > 0).then(|| get_u32(self.bytes.as_ref(), at))
    }

    /// There is room for a subscription, in place of another one.
    #[cfg(feature = "mqtt5")]
    pub(crate) fn has_room(
        &self,
        filter: &str,
        identified: bool,
        instead_of: Option<&Subscription>,
    ) -> bool {
        let free = self.bytes.as_ref().len() - self.tail + instead_of.map_or(0, |old| old.size);
        free >= HEADER_BYTES + filter.len() + if identified { IDENTIFIER_BYTES } else { 0 }
    }

    pub(crate) fn find(&self, filter: &str) -> Option<Subscription> {
        self.iter().find(|subscription| self.filter(subscription) == filter)
    }

    /// Adds a subscription that is not there yet. `None` if there is no room.
    pub(crate) fn add(
        &mut self,
        ticket: Ticket,
        filter: &str,
        qos: QoS,
        standing: Standing,
    ) -> Option<()> {
        self.add_with(ticket, filter, qos.as_u8(), None, standing)
    }

    /// The same with the options of MQTT 5, the QoS among them, and an identifier.
    pub(crate) fn add_with(
        &mut self,
        ticket: Ticket,
        filter: &str,
        options: u8,
        identifier: Option<u32>,
        standing: Standing,
    ) -> Option<()> {
        let suffix = if identifier.is_some() { IDENTIFIER_BYTES } else { 0 };
        let size = HEADER_BYTES + filter.len() + suffix;
        let size_field = u16::try_from(size).ok()?;
        if self.bytes.as_ref().len() - self.tail < size {
            return None;
        }
        let at = self.tail;
        let record = &mut self.bytes.as_mut()[at..at + size];
        put_u16(record, SIZE, size_field);
        record[HEADER_BYTES..size - suffix].copy_from_slice(filter.as_bytes());
        if let Some(identifier) = identifier {
            put_u32(record, size - suffix, identifier);
        }
        self.tail += size;
        self.count(standing);
        self.put(&Subscription {
            at,
            size,
            ticket,
            packet_id: None,
            qos: QoS::from_u8(options & 3).unwrap_or(QoS::AtMostOnce),
            options: options & !3 | if suffix > 0 { IDENTIFIED } else { 0 },
            standing,
            granted: QoS::AtMostOnce,
            told: false,
        });
        Some(())
    }

    /// Writes back what changed; keeps the counts.
    pub(crate) fn update(&mut self, subscription: &Subscription) {
        let before = self.get(subscription.at).standing;
        self.uncount(before);
        self.count(subscription.standing);
        self.put(subscription);
    }

    /// It was asked for, or its end, with this packet identifier.
    pub(crate) fn asked_for(&mut self, subscription: &mut Subscription, packet_id: PacketId) {
        let leaving = subscription.standing == Standing::Leaving;
        subscription.packet_id = Some(packet_id);
        subscription.standing = if leaving { Standing::LeavingAsked } else { Standing::Asked };
        self.update(subscription);
    }

    pub(crate) fn remove(&mut self, subscription: &Subscription) {
        self.uncount(self.get(subscription.at).standing);
        let end = subscription.at + subscription.size;
        self.bytes.as_mut().copy_within(end..self.tail, subscription.at);
        self.tail -= subscription.size;
    }

    /// The next one to be asked for or ended, with a packet identifier that is free.
    pub(crate) fn next_due(&mut self) -> Option<(Subscription, PacketId)> {
        if self.due == 0 {
            return None;
        }
        let due = |s: &Subscription| matches!(s.standing, Standing::Wanted | Standing::Leaving);
        let subscription = self.iter().find(due)?;
        let id = self.free_packet_id()?;
        Some((subscription, id))
    }

    /// Identifiers from [`FIRST_SUBSCRIPTION_ID`] up, in turn; there are never that many in use.
    fn free_packet_id(&mut self) -> Option<PacketId> {
        loop {
            self.last_packet_id = self.last_packet_id.wrapping_add(1) | FIRST_SUBSCRIPTION_ID;
            let id = PacketId::new(self.last_packet_id)?;
            if self.with_id(id).is_none() {
                return Some(id);
            }
        }
    }

    /// The one whose answer carries `id`.
    pub(crate) fn with_id(&self, id: PacketId) -> Option<Subscription> {
        self.iter().find(|subscription| subscription.packet_id == Some(id))
    }

    /// The connection ended: what was asked for is to be asked for again.
    pub(crate) fn connection_lost(&mut self) {
        self.for_each(|subscription| {
            subscription.packet_id = None;
            match subscription.standing {
                Standing::Asked => subscription.standing = Standing::Wanted,
                Standing::LeavingAsked => subscription.standing = Standing::Leaving,
                Standing::Wanted | Standing::Active | Standing::Leaving | Standing::Ended => {}
            }
        });
    }

    /// The other side forgot all of them.
    pub(crate) fn session_lost(&mut self) {
        self.for_each(|subscription| match subscription.standing {
            Standing::Active => subscription.standing = Standing::Wanted,
            Standing::Leaving => subscription.standing = Standing::Ended,
            Standing::Wanted | Standing::Asked | Standing::LeavingAsked | Standing::Ended => {}
        });
    }

    /// Asks for every one again that is not on its way out.
    pub(crate) fn renew_all(&mut self) {
        self.for_each(|subscription| {
            if subscription.standing == Standing::Active {
                subscription.standing = Standing::Wanted;
            }
        });
    }

    /// One that ended with the session, for the application to be told.
    pub(crate) fn take_ended(&mut self) -> Option<Ticket> {
        if self.ended == 0 {
            return None;
        }
        let subscription =
            self.iter().find(|subscription| subscription.standing == Standing::Ended)?;
        self.remove(&subscription);
        Some(subscription.ticket)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Subscription> + '_ {
        let mut at = 0;
        core::iter::from_fn(move || {
            (at < self.tail).then(|| {
                let subscription = self.get(at);
                at += subscription.size;
                subscription
            })
        })
    }

    fn for_each(&mut self, mut change: impl FnMut(&mut Subscription)) {
        let mut at = 0;
        while at < self.tail {
            let mut subscription = self.get(at);
            change(&mut subscription);
            self.update(&subscription);
            at += subscription.size;
        }
    }

    fn get(&self, at: usize) -> Subscription {
        let bytes = &self.bytes.as_ref()[at..];
        Subscription {
            at,
            size: usize::from(get_u16(bytes, SIZE)),
            ticket: Ticket::new(get_u32(bytes, TICKET)).unwrap_or(Ticket::FIRST),
            packet_id: PacketId::new(get_u16(bytes, PACKET_ID)),
            qos: QoS::from_u8(bytes[QOS] & 3).unwrap_or(QoS::AtMostOnce),
            options: bytes[QOS] & !3,
            standing: Standing::from_byte(bytes[STATE]),
            granted: QoS::from_u8(bytes[GRANTED]).unwrap_or(QoS::AtMostOnce),
            told: bytes[TOLD] != 0,
        }
    }

    fn put(&mut self, subscription: &Subscription) {
        let bytes = &mut self.bytes.as_mut()[subscription.at..];
        put_u32(bytes, TICKET, subscription.ticket.get());
        put_u16(bytes, PACKET_ID, subscription.packet_id.map_or(0, PacketId::get));
        bytes[QOS] = subscription.qos.as_u8() | subscription.options;
        bytes[STATE] = subscription.standing as u8;
        bytes[GRANTED] = subscription.granted.as_u8();
        bytes[TOLD] = u8::from(subscription.told);
    }

    fn uncount(&mut self, standing: Standing) {
        match standing {
            Standing::Wanted | Standing::Leaving => self.due -= 1,
            Standing::Asked | Standing::LeavingAsked => self.asked -= 1,
            Standing::Ended => self.ended -= 1,
            Standing::Active => {}
        }
    }

    fn count(&mut self, standing: Standing) {
        match standing {
            Standing::Wanted | Standing::Leaving => self.due += 1,
            Standing::Asked | Standing::LeavingAsked => self.asked += 1,
            Standing::Ended => self.ended += 1,
            Standing::Active => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn with(filters: &[&str]) -> Subscriptions<Vec<u8>> {
        let mut subscriptions = Subscriptions::new(std::vec![0; 100]);
        for (number, filter) in (1..).zip(filters) {
            let ticket = Ticket::new(number).unwrap();
            subscriptions.add(ticket, filter, QoS::AtLeastOnce, Standing::Wanted).unwrap();
        }
        subscriptions
    }

    /// Asks for everything that is due and grants it.
    fn grant_all(subscriptions: &mut Subscriptions<Vec<u8>>) -> Vec<u16> {
        core::iter::from_fn(|| {
            let (mut subscription, id) = subscriptions.next_due()?;
            subscription.packet_id = Some(id);
            subscription.standing = Standing::Asked;
            subscriptions.update(&subscription);
            assert_eq!(subscriptions.asked(), 1);
            let mut asked = subscriptions.with_id(id).unwrap();
            asked.packet_id = None;
            asked.standing = Standing::Active;
            subscriptions.update(&asked);
            Some(id.get())
        })
        .collect()
    }

    #[test]
    fn each_is_asked_for_once_with_an_identifier_that_no_publication_has() {
        let mut subscriptions = with(&["a", "b/#", "+"]);
        let ids = grant_all(&mut subscriptions);
        assert_eq!(ids.len(), 3);
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
        assert!(ids.iter().all(|id| *id >= FIRST_SUBSCRIPTION_ID));
        assert_eq!(subscriptions.asked(), 0);
    }

    #[test]
    fn a_lost_session_makes_active_ones_wanted_and_ends_those_that_were_leaving() {
        let mut subscriptions = with(&["a", "b"]);
        grant_all(&mut subscriptions);
        let mut leaving = subscriptions.find("b").unwrap();
        leaving.standing = Standing::Leaving;
        subscriptions.update(&leaving);
        subscriptions.session_lost();
        assert_eq!(subscriptions.take_ended(), Ticket::new(2));
        assert_eq!(subscriptions.take_ended(), None);
        assert_eq!(grant_all(&mut subscriptions).len(), 1);
        assert_eq!(subscriptions.iter().count(), 1);
    }

    #[test]
    fn what_was_asked_for_is_asked_for_again_on_the_next_connection() {
        let mut subscriptions = with(&["a"]);
        let (mut subscription, id) = subscriptions.next_due().unwrap();
        subscription.packet_id = Some(id);
        subscription.standing = Standing::Asked;
        subscriptions.update(&subscription);
        assert!(subscriptions.next_due().is_none());
        subscriptions.connection_lost();
        assert!(subscriptions.with_id(id).is_none());
        assert_eq!((subscriptions.asked(), grant_all(&mut subscriptions).len()), (0, 1));
    }

    #[test]
    fn room_is_given_back() {
        let mut subscriptions = with(&["0123456789", "b"]);
        let ticket = Ticket::FIRST;
        let long = "x".repeat(100 - 22 - 13 - 12);
        let too_long = "x".repeat(100 - 22 - 13 - 11);
        assert!(subscriptions.add(ticket, &too_long, QoS::AtMostOnce, Standing::Wanted).is_none());
        assert!(subscriptions.add(ticket, &long, QoS::AtMostOnce, Standing::Wanted).is_some());
        let first = subscriptions.find("0123456789").unwrap();
        subscriptions.remove(&first);
        assert!(subscriptions.find("b").is_some() && subscriptions.find(&long).is_some());
        assert!(
            subscriptions.add(ticket, "9876543210", QoS::AtMostOnce, Standing::Wanted).is_some()
        );
    }
}
