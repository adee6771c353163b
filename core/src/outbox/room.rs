//! Whether there is room, what makes some, and who is told that there is some again.

use super::Outbox;
use super::record::{EVER_SENT, Record};
use crate::config::Overflow;
use crate::error::PublishError;
use crate::event::Ticket;
use crate::mqtt::QoS;
use crate::planted::Bug;
use crate::storage::Storage;

/// Whether somebody waits for room, and is told of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Room {
    NobodyWaits,
    /// The last publication was refused with `OutboxFull`.
    Awaited,
    /// Something left since, and no outcome tells that.
    Came,
}

impl<S: Storage> Outbox<S> {
    /// A publication of this size can be queued now.
    pub(crate) fn fits(&self, size: usize) -> bool {
        self.records(self.head).map(|record| record.size).sum::<usize>() + size <= self.size_bytes()
    }

    /// Taking out at most `victims` others would make `fits` true.
    pub(crate) fn could_fit(&self, size: usize, overflow: Overflow, victims: usize) -> bool {
        let room = |qos0: bool| {
            let unsent = self.records(self.head).filter(|record| self.is_unsent(record));
            unsent
                .filter(move |record| record.packet_id.is_none() == qos0)
                .map(|record| record.size)
        };
        let qos1 = room(false).filter(|_| overflow == Overflow::DropOldest);
        let freed: usize = room(true).chain(qos1).take(victims).sum();
        let used: usize = self.records(self.head).map(|record| record.size).sum();
        used - freed + size <= self.size_bytes()
    }

    fn is_unsent(&self, record: &Record) -> bool {
        record.at >= self.cursor && !record.has(EVER_SENT)
    }

    /// Frees room for a QoS 1 publication as the configuration wants it: one call takes out one
    /// publication that no connection was ever given. The oldest QoS 0 one goes first.
    pub(crate) fn make_room(&mut self, overflow: Overflow) -> Option<(Ticket, QoS)> {
        let unsent = |record: &Record| self.is_unsent(record);
        let qos0 =
            self.records(self.head).find(|record| unsent(record) && record.packet_id.is_none());
        let victim = match overflow {
            Overflow::Refuse => qos0,
            Overflow::DropOldest => qos0.or_else(|| self.records(self.head).find(unsent)),
        }?;
        self.forget(victim);
        let qos = if victim.packet_id.is_some() { QoS::AtLeastOnce } else { QoS::AtMostOnce };
        Some((victim.ticket, qos))
    }

    /// There is no room now.
    pub(crate) const fn full(&mut self) -> PublishError {
        self.room = Room::Awaited;
        PublishError::OutboxFull
    }

    /// Something left the outbox since somebody was told that it is full, and no outcome tells that.
    pub(crate) fn has_room_news(&self) -> bool {
        self.room == Room::Came && !self.planted.has(Bug::RoomUntold)
    }

    /// The same, which is told then.
    pub(crate) fn take_room(&mut self) -> bool {
        let has_news = self.has_room_news();
        if has_news {
            self.room = Room::NobodyWaits;
        }
        has_news
    }
}
