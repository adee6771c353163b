//! Publications kept until their outcome is known, in the caller's memory.
//!
//! Each is stored as the PUBLISH packet that goes on the wire, so sending is copying and sending
//! again is setting one bit. Records lie in publish order:
//!
//! ```text
//! | done | given to this connection | not yet given to it | free |
//!        head                       cursor                tail
//! ```
//!
//! When the connection ends the cursor goes back to the head: everything unacknowledged is given
//! to the next one first, in the original order [MQTT-4.6.0-1], and new publications follow.

mod checkpoint;
mod giving_up;
mod planted;
mod record;
mod records;
mod room;
#[cfg(test)]
mod tests;
#[cfg(feature = "mqtt5")]
mod v5;

use core::ops::Range;

use crate::error::PublishError;
use crate::event::Ticket;
use crate::mqtt::{Packet, PacketId, Publish, QoS};
use crate::planted::{Bug, Planted};
use crate::storage::Storage;
use crate::time::Instant;
use record::{ABANDONED, DEAD, DUP_BIT, EVER_SENT, LOST, OWNED_ELSEWHERE, Record};

pub(crate) use record::HEADER_BYTES;
use records::Records;
use room::Room;

/// Identifiers of publications are below this, those of subscriptions from it on: so the owner of
/// the publications can choose theirs (the bridge's host) while the session chooses the others.
pub(crate) const FIRST_SUBSCRIPTION_ID: u16 = 0x8000;

/// A publication as it is taken out to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Sending {
    pub(crate) ticket: Ticket,
    pub(crate) packet: Range<usize>,
    /// It was given to a connection before.
    pub(crate) again: bool,
}

/// The outbox. `S` holds the records.
pub(crate) struct Outbox<S> {
    bytes: S,
    head: usize,
    cursor: usize,
    tail: usize,
    /// QoS 1 records before the cursor.
    in_flight: usize,
    /// QoS 1 records whose outcome the application does not know yet.
    unacknowledged: usize,
    /// QoS 0 records before the cursor, and those lost with a connection and not yet told.
    qos0_given: usize,
    last_packet_id: u16,
    /// The rest of a packet of which the beginning was copied out. Its record stays where it is
    /// found: it is neither forgotten nor overwritten until the rest has gone too.
    sending: Range<usize>,
    /// The soonest deadline of all records, or sooner.
    next_deadline: Option<Instant>,
    room: Room,
    planted: Planted,
}

impl<S: Storage> Outbox<S> {
    pub(crate) fn new(bytes: S, planted: Planted) -> Self {
        Self {
            bytes,
            head: 0,
            cursor: 0,
            tail: 0,
            in_flight: 0,
            unacknowledged: 0,
            qos0_given: 0,
            last_packet_id: 0,
            sending: 0..0,
            next_deadline: None,
            room: Room::NobodyWaits,
            planted,
        }
    }

    pub(crate) fn into_storage(self) -> S {
        self.bytes
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    pub(crate) fn size_bytes(&self) -> usize {
        self.bytes.as_ref().len()
    }

    pub(crate) const fn unacknowledged(&self) -> usize {
        self.unacknowledged
    }

    pub(crate) const fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// QoS 0 publications were given to a connection, and it may be known what became of them.
    pub(crate) const fn has_given_qos0(&self) -> bool {
        self.qos0_given > 0
    }

    /// Something has not been given to this connection, or not the whole of it.
    pub(crate) fn has_more_to_send(&self) -> bool {
        self.cursor < self.tail || self.is_mid_packet()
    }

    pub(crate) const fn next_deadline(&self) -> Option<Instant> {
        self.next_deadline
    }

    /// Bytes that a publication takes here whose packet has this size.
    pub(crate) const fn cost(packet_bytes: usize) -> usize {
        packet_bytes.saturating_add(HEADER_BYTES)
    }

    /// A PUBLISH packet of this size would fit if there were nothing else.
    pub(crate) fn could_ever_fit(&self, packet_bytes: usize) -> bool {
        packet_bytes.saturating_add(HEADER_BYTES) <= self.size_bytes()
    }

    /// Queues a publication and gives it a packet identifier of its own.
    pub(crate) fn push(
        &mut self,
        ticket: Ticket,
        publish: &Publish<'_>,
        deadline: Option<Instant>,
    ) -> Result<(), PublishError> {
        let mut publish = *publish;
        publish.packet_id = match publish.qos {
            QoS::AtMostOnce => None,
            QoS::AtLeastOnce => Some(self.free_packet_id().ok_or_else(|| self.full())?),
            QoS::ExactlyOnce => return Err(PublishError::QosNotSupported),
        };
        self.push_with_id(ticket, &publish, deadline, false)?;
        if let Some(id) = publish.packet_id {
            self.last_packet_id = id.get();
        }
        Ok(())
    }

    /// Queues a publication whose packet identifier its owner chose. `again`: an earlier connection
    /// may have sent it, so it carries DUP.
    pub(crate) fn push_with_id(
        &mut self,
        ticket: Ticket,
        publish: &Publish<'_>,
        deadline: Option<Instant>,
        again: bool,
    ) -> Result<(), PublishError> {
        if publish.qos == QoS::ExactlyOnce {
            return Err(PublishError::QosNotSupported);
        }
        let packet = Packet::Publish(*publish);
        let flags = if again { EVER_SENT } else { 0 };
        self.store(ticket, publish.packet_id, packet.encoded_len(), deadline, flags, |into| {
            packet.encode(into).is_ok()
        })
    }

    /// Makes a record of `packet_bytes`, which `encode` writes.
    fn store(
        &mut self,
        ticket: Ticket,
        packet_id: Option<PacketId>,
        packet_bytes: usize,
        deadline: Option<Instant>,
        flags: u8,
        encode: impl FnOnce(&mut [u8]) -> bool,
    ) -> Result<(), PublishError> {
        let size = Self::cost(packet_bytes);
        if size > self.size_bytes() {
            return Err(PublishError::TooLarge { size_bytes: size, max_bytes: self.size_bytes() });
        }
        if self.size_bytes() - self.tail < size {
            self.compact();
        }
        if self.size_bytes() - self.tail < size {
            return Err(self.full());
        }
        let deadline = deadline.filter(|_| !self.planted.has(Bug::DeadlineForgotten));
        let record = Record { at: self.tail, size, ticket, deadline, packet_id, flags };
        if !encode(&mut self.bytes.as_mut()[record.packet()]) {
            return Err(self.full());
        }
        record.write(self.bytes.as_mut());
        self.room = Room::NobodyWaits;
        self.tail += size;
        if packet_id.is_some() {
            self.unacknowledged += 1;
        }
        if let Some(deadline) = deadline {
            self.expect_deadline(deadline);
        }
        Ok(())
    }

    fn expect_deadline(&mut self, deadline: Instant) {
        self.next_deadline = Some(self.next_deadline.map_or(deadline, |next| next.min(deadline)));
    }

    /// Identifiers are given in turn and records lie in that order, so the next one is taken only
    /// if the turn has come round to the oldest record.
    fn free_packet_id(&self) -> Option<PacketId> {
        let next = PacketId::new((self.last_packet_id + 1) % FIRST_SUBSCRIPTION_ID)
            .or_else(|| PacketId::new(1))?;
        let oldest = self.records(self.head).find_map(|record| record.packet_id);
        (oldest != Some(next)).then_some(next)
    }

    /// Takes out the next publication for this connection, if the window has room.
    pub(crate) fn next_to_send(&mut self, window: usize) -> Option<Sending> {
        let mut record = self.records(self.cursor).next()?;
        if record.packet_id.is_some() {
            if self.in_flight >= window {
                return None;
            }
            self.in_flight += 1;
        } else {
            self.qos0_given += 1;
        }
        self.cursor = record.at + record.size;
        let again = record.has(EVER_SENT);
        let bytes = self.bytes.as_mut();
        if again && !self.planted.has(Bug::DupNotSet) {
            bytes[record.packet().start] |= DUP_BIT;
        }
        if !again {
            record.set(bytes, EVER_SENT);
        }
        if again && self.planted.has(Bug::FreshIdentifier) {
            self.plant_fresh_identifier(record);
        }
        Some(Sending { ticket: record.ticket, packet: record.packet(), again })
    }

    /// Copies packets into `into`, as many and as far as they fit, and counts those sent `again`.
    /// Returns how many bytes it wrote.
    pub(crate) fn fill(&mut self, into: &mut [u8], window: usize, again: &mut u32) -> usize {
        let mut filled = if self.is_mid_packet() { self.copy_rest(into) } else { 0 };
        while filled < into.len() && self.sending.is_empty() {
            let Some(next) = self.next_to_send(window) else { break };
            *again = again.saturating_add(u32::from(next.again));
            self.sending = next.packet;
            filled += self.copy_rest(&mut into[filled..]);
        }
        filled
    }

    /// A packet has begun to leave and is not complete.
    pub(crate) fn is_mid_packet(&self) -> bool {
        !self.sending.is_empty()
    }

    /// Copies what is left of the packet that has begun to leave.
    pub(crate) fn copy_rest(&mut self, into: &mut [u8]) -> usize {
        let count = self.sending.len().min(into.len());
        let from = self.sending.start;
        into[..count].copy_from_slice(&self.bytes.as_ref()[from..from + count]);
        self.sending.start += count;
        count
    }

    fn is_leaving(&self, record: &Record) -> bool {
        self.is_mid_packet() && record.packet().contains(&self.sending.start)
    }

    /// Of the publications under way, none was sent before the one with this identifier.
    pub(crate) fn is_oldest_in_flight(&self, id: PacketId) -> bool {
        let mut given = self.records(self.head).take_while(|record| record.at < self.cursor);
        given.find_map(|record| record.packet_id) == Some(id)
    }

    /// That one has begun to leave and is not complete.
    pub(crate) fn is_oldest_leaving(&self) -> bool {
        let mut given = self.records(self.head).take_while(|record| record.at < self.cursor);
        let oldest = given.find(|record| record.packet_id.is_some());
        oldest.is_some_and(|oldest| self.is_leaving(&oldest))
    }

    /// The PUBACK for `id` came. `None` if nothing under way has this identifier; `Some(None)` if
    /// the application gave the publication up and is not told.
    #[expect(clippy::option_option, reason = "unknown, silent and told are three answers")]
    pub(crate) fn acknowledge(&mut self, id: PacketId) -> Option<Option<Ticket>> {
        let oldest = self.planted.has(Bug::AckMatchesOldest);
        let matches = |record: &Record| {
            record.packet_id == Some(id) || (oldest && record.packet_id.is_some())
        };
        let given = self.records(self.head).take_while(|record| record.at < self.cursor);
        let record = given.filter(|record| !self.is_leaving(record)).find(matches)?;
        self.forget(record);
        Some((!record.has(ABANDONED)).then_some(record.ticket))
    }

    /// The other side is done with this publication. `None` if it is not under way; `Some(false)`
    /// if the application gave it up and is not told.
    pub(crate) fn settle(&mut self, ticket: Ticket) -> Option<bool> {
        let given = self.records(self.head).take_while(|record| record.at < self.cursor);
        let record =
            given.filter(|record| !record.has(LOST)).find(|record| record.ticket == ticket)?;
        self.forget(record);
        Some(!record.has(ABANDONED))
    }

    /// What is under way and the next publication together take at most `max_bytes`.
    pub(crate) fn next_fits(&self, max_bytes: usize) -> bool {
        let given = self.records(self.head).take_while(|record| record.at < self.cursor);
        let given: usize = given.filter(|record| !record.has(LOST)).map(|record| record.size).sum();
        self.records(self.cursor)
            .next()
            .is_some_and(|next| given == 0 || given + next.size <= max_bytes)
    }

    /// Everything given to the transport has left: QoS 0 publications are done. One call tells one.
    pub(crate) fn take_sent(&mut self) -> Option<Ticket> {
        loop {
            let record = self.take_given_qos0(|record| !record.has(LOST))?;
            if !record.has(ABANDONED) {
                return Some(record.ticket);
            }
        }
    }

    /// Drops the QoS 0 publications that no connection was given; nobody asks for them any more.
    pub(crate) fn drop_unsent_qos0(&mut self) {
        while let Some(record) = self.records(self.cursor).find(|record| record.packet_id.is_none())
        {
            self.forget(record);
        }
    }

    /// One QoS 0 publication that a connection took with it when it ended.
    pub(crate) fn take_lost(&mut self) -> Option<Ticket> {
        self.take_given_qos0(|record| record.has(LOST)).map(|record| record.ticket)
    }

    fn take_given_qos0(&mut self, wanted: impl Fn(&Record) -> bool) -> Option<Record> {
        if self.qos0_given == 0 {
            return None;
        }
        let given = |record: &Record| record.at < self.cursor || record.has(LOST);
        let record = self
            .records(self.head)
            .filter(|record| record.packet_id.is_none() && !self.is_leaving(record))
            .find(|record| given(record) && wanted(record))?;
        self.forget(record);
        Some(record)
    }

    /// The connection ended: what it was given and did not acknowledge goes to the next one.
    pub(crate) fn connection_lost(&mut self) {
        let mut at = self.head;
        while let Some(mut record) =
            self.records(at).next().filter(|record| record.at < self.cursor)
        {
            at = record.at + record.size;
            if record.has(ABANDONED) {
                self.forget(record);
                continue;
            }
            if record.packet_id.is_none() {
                record.set(self.bytes.as_mut(), LOST);
            }
            if record.has(OWNED_ELSEWHERE)
                && let Some(deadline) = record.deadline
            {
                // now that it is not under way any more it can be given up
                self.expect_deadline(deadline);
            }
        }
        self.in_flight = 0;
        self.sending = 0..0;
        if self.planted.has(Bug::NewBeforeRedelivered) && self.cursor < self.tail {
            self.plant_rotation();
        }
        self.cursor = self.head;
    }

    /// The publication with this ticket is here.
    pub(crate) fn holds(&self, ticket: Ticket) -> bool {
        self.records(self.head).any(|record| record.ticket == ticket)
    }

    fn forget(&mut self, mut record: Record) {
        let given = record.at < self.cursor;
        if record.packet_id.is_some() {
            self.in_flight -= usize::from(given && self.in_flight > 0);
            self.unacknowledged -= usize::from(!record.has(ABANDONED));
        } else if given || record.has(LOST) {
            self.qos0_given -= 1;
        }
        if record.has(ABANDONED) && self.room == Room::Awaited {
            self.room = Room::Came;
        }
        record.set(self.bytes.as_mut(), DEAD);
        self.head = self.records(self.head).next().map_or(self.tail, |next| next.at);
        self.cursor = self.cursor.max(self.head);
        if self.head == self.tail {
            (self.head, self.cursor, self.tail) = (0, 0, 0);
            self.next_deadline = None;
        }
    }

    /// The records from `at` on that are not dead.
    fn records(&self, at: usize) -> Records<'_> {
        Records { bytes: &self.bytes.as_ref()[..self.tail], at }
    }

    /// Closes the gaps that dead records left.
    fn compact(&mut self) {
        let (mut read, mut write, mut cursor) = (self.head, 0, None);
        while read < self.tail {
            let mut record = Record::read(self.bytes.as_ref(), read);
            if cursor.is_none() && read >= self.cursor {
                cursor = Some(write);
            }
            if !record.has(DEAD) {
                if self.is_leaving(&record) {
                    let moved = read - write;
                    self.sending = self.sending.start - moved..self.sending.end - moved;
                }
                self.bytes.as_mut().copy_within(read..read + record.size, write);
                record.at = write;
                write += record.size;
            }
            read += record.size;
        }
        self.head = 0;
        self.cursor = cursor.unwrap_or(write);
        self.tail = write;
    }
}
