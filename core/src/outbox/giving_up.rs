//! Publications that end without the broker's word: out of time, cancelled, too large, or at the
//! end of it all.

use super::Outbox;
use super::record::{ABANDONED, LOST, OWNED_ELSEWHERE, Record};
use crate::event::Ticket;
use crate::storage::Storage;
use crate::time::Instant;

impl<S: Storage> Outbox<S> {
    /// The oldest publication that is out of time at `now`, given up. One call tells one.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<Ticket> {
        if self.next_deadline.is_none_or(|deadline| deadline > now) {
            return None;
        }
        let late = |record: &Record| {
            self.can_be_given_up(record) && record.deadline.is_some_and(|deadline| deadline <= now)
        };
        if let Some(record) = self.records(self.head).find(late) {
            self.abandon(record);
            return Some(record.ticket);
        }
        let waiting = self.records(self.head).filter(|record| self.can_be_given_up(record));
        self.next_deadline = waiting.filter_map(|record| record.deadline).min();
        None
    }

    /// Gives up the publication with this ticket. False if its outcome is known already.
    pub(crate) fn cancel(&mut self, ticket: Ticket) -> bool {
        let wanted = |record: &Record| record.ticket == ticket && self.can_be_given_up(record);
        match self.records(self.head).find(wanted) {
            Some(record) => {
                self.abandon(record);
                true
            }
            None => false,
        }
    }

    /// Gives up any publication, the oldest first.
    pub(crate) fn take_any(&mut self) -> Option<Ticket> {
        let record = self.records(self.head).find(|record| !record.has(ABANDONED))?;
        self.forget(record);
        Some(record.ticket)
    }

    /// Gives up the oldest publication whose packet is larger than this.
    pub(crate) fn take_larger_than(&mut self, packet_max_bytes: usize) -> Option<Ticket> {
        let larger = |record: &Record| {
            !record.has(ABANDONED | LOST) && record.packet().len() > packet_max_bytes
        };
        let record = self.records(self.head).find(larger)?;
        self.forget(record);
        Some(record.ticket)
    }

    /// Not given up already, and no QoS 0 publication of which half is on the wire.
    fn can_be_given_up(&self, record: &Record) -> bool {
        let must_stay = record.has(OWNED_ELSEWHERE) && record.at < self.cursor;
        !record.has(ABANDONED | LOST)
            && !must_stay
            && (record.packet_id.is_some() || !self.is_leaving(record))
    }

    /// What is under way keeps its identifier, and its room at the other side, until that is done
    /// with it or the connection ends.
    fn abandon(&mut self, mut record: Record) {
        if record.at < self.cursor {
            record.set(self.bytes.as_mut(), ABANDONED);
            self.unacknowledged -= usize::from(record.packet_id.is_some());
        } else {
            self.forget(record);
        }
    }
}
