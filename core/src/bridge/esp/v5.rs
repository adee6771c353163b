//! What the ESP8266's end does for a client that speaks MQTT 5.

use super::command::Verdict;
use super::{Esp, REPORT_BYTES};
use crate::bridge::frame::{Message, MessageWith, Outcome, PublishWith, ToHost};
use crate::bridge::host::INBOUND_HEADER_BYTES;
use crate::bridge::{HEARTBEAT_MS, fifo};
use crate::checkpoint::{Checkpoint, Field, Fields, Out, Pass};
use crate::event::{AbandonReason, Event, RefusedReason, Ticket};
use crate::mqtt::v5::{Packet, Publish, ReasonCode};
use crate::mqtt::{PacketId, QoS};
use crate::session::Handed;
use crate::storage::Storage;

/// The host has no more QoS 1 publications under way: the largest window there is.
const UNDER_WAY_MAX: usize = 16;
/// Those, and as many that ended.
const CAPACITY: usize = 2 * UNDER_WAY_MAX;

/// How a publication stands that the host gave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ending {
    /// It lies in the outbox, or the broker acknowledged it.
    None,
    Refused(ReasonCode),
    Expired,
}

/// The QoS 1 publications of the host that ended otherwise than by an acknowledgement, and those
/// that may come to that.
///
/// A host that lost the link asks again for what it knows no outcome of. What is not in the outbox
/// any more was acknowledged, unless it is here. Those that ended come after one another; the host
/// has missed the outcomes of the last ones, if any, and never of more than its window: so the
/// first of those that ended can be forgotten when room is needed. What the host gave up may still
/// be under way here, besides of its window. There is room for some of those, and while there is
/// none a new publication has to wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Endings {
    entries: [Option<(Ticket, Ending)>; CAPACITY],
}

impl Endings {
    pub(super) const fn new() -> Self {
        Self { entries: [None; CAPACITY] }
    }

    pub(super) const fn clear(&mut self) {
        self.entries = [None; CAPACITY];
    }

    /// The host gave a QoS 1 publication.
    fn begin(&mut self, ticket: Ticket) {
        let ended = |entry: &Option<(Ticket, Ending)>| {
            entry.is_some_and(|(_, ending)| ending != Ending::None)
        };
        let free = self.entries.iter().position(Option::is_none);
        let Some(place) = free.or_else(|| self.entries.iter().position(ended)) else { return };
        self.remove(place);
        self.entries[CAPACITY - 1] = Some((ticket, Ending::None));
    }

    /// So much is under way that none may be added.
    fn are_full(&self) -> bool {
        let under_way = self.entries.iter().flatten().filter(|(_, ending)| *ending == Ending::None);
        under_way.count() >= UNDER_WAY_MAX
    }

    fn end(&mut self, ticket: Ticket, ending: Option<Ending>) {
        let Some(place) = self.place(ticket) else { return };
        self.remove(place);
        self.entries[CAPACITY - 1] = ending.map(|ending| (ticket, ending));
    }

    /// The rest moves up.
    fn remove(&mut self, place: usize) {
        self.entries[place..].rotate_left(1);
        self.entries[CAPACITY - 1] = None;
    }

    fn place(&self, ticket: Ticket) -> Option<usize> {
        self.entries.iter().position(|entry| entry.is_some_and(|(known, _)| known == ticket))
    }

    /// What the host is to be told of a publication that ended.
    pub(super) fn of(&self, ticket: Ticket) -> Option<Verdict> {
        let (_, ending) = self.entries[self.place(ticket)?]?;
        match ending {
            Ending::None => None,
            Ending::Refused(reason_code) => Some(Verdict::Refused(reason_code)),
            Ending::Expired => Some(Verdict::Done(Outcome::Expired)),
        }
    }
}

impl<S: Storage> Esp<S> {
    pub(super) fn speaks_v5(&self) -> bool {
        self.client.as_ref().is_some_and(|client| client.session().speaks_v5())
    }

    /// Notes how a publication ended, whether there is a host to be told or not.
    pub(super) fn note_ending(&mut self, event: &Event<'_>) {
        match *event {
            Event::Acked(ticket) => self.endings.end(ticket, None),
            Event::Refused { ticket, reason: RefusedReason::ByBroker(code) } => {
                self.endings.end(ticket, Some(Ending::Refused(code)));
            }
            Event::Abandoned { ticket, reason: AbandonReason::Expired } => {
                self.endings.end(ticket, Some(Ending::Expired));
            }
            _ => {}
        }
    }

    /// A publication with whatever properties.
    pub(super) fn take_publication_v5(&mut self, publication: &PublishWith<'_>) {
        let PublishWith { publish: frame, properties, .. } = publication;
        if !self.learn_topic(frame) {
            return;
        }
        let publish = Publish {
            retain: frame.retain,
            packet_id: frame.packet_id,
            properties: *properties,
            ..Publish::new(self.publication_topics.name(frame.topic), frame.payload, frame.qos())
        };
        let size = Packet::Publish(publish).encoded_len();
        let desk = self.client.as_ref().map(|client| &client.session().desk);
        let fits = desk.is_none_or(|desk| desk.check_head(publish).is_ok());
        let mut verdict = self.judge(frame, size, fits);
        if verdict == Verdict::Store && frame.packet_id.is_some() && self.endings.are_full() {
            verdict = Verdict::Nothing;
            self.hello_at = Some(self.now.plus_ms(HEARTBEAT_MS));
        }
        if let (Verdict::Store, Some(client)) = (verdict, self.client.as_mut()) {
            let stored = client.session_mut().publish_v5_as(frame.ticket, &publish, frame.again);
            if stored.is_ok() && frame.packet_id.is_some() {
                self.endings.begin(frame.ticket);
            }
            return self.stored(frame.ticket, stored);
        }
        self.answer(frame.ticket, verdict);
    }

    /// Passes on a message, or what the broker said. There is room for a message: the client hands
    /// out none for which there is not. What the broker said is left out where there is none.
    pub(super) fn forward_v5(&mut self, handed: &Handed) {
        let Some(client) = self.client.as_ref() else { return };
        let message = match client.session().show(handed) {
            Event::Message(message) => message,
            Event::BrokerSaid(properties) => {
                let said = ToHost::BrokerSaid(properties);
                let Err(size) = said.encode(&mut []) else { return };
                let room = self.frames.free().saturating_sub(fifo::HEADER_BYTES + REPORT_BYTES);
                if !self.configured || size > room.min(self.frame_max_bytes) {
                    return;
                }
                if let Some(room) = self.frames.push(size)
                    && said.encode(room).is_ok()
                {
                    self.last_frame_at = self.now;
                }
                return;
            }
            _ => return,
        };
        let topic = self.message_topics.naming(message.topic);
        let frame = Message {
            delivery: handed.delivery().map_or(0, crate::event::Delivery::get),
            dup: message.dup,
            qos: message.qos,
            retain: message.retain,
            topic,
            payload: message.payload,
        };
        let properties = message.properties;
        let frame = if properties.is_empty() {
            ToHost::Message(frame)
        } else {
            ToHost::MessageWith(MessageWith { message: frame, properties })
        };
        // as the host stores it
        let packet = Packet::Publish(Publish {
            packet_id: PacketId::new(1).filter(|_| message.qos != QoS::AtMostOnce),
            properties,
            ..Publish::new(message.topic, message.payload, message.qos)
        });
        let cost = packet.encoded_len() + INBOUND_HEADER_BYTES;
        let Err(size) = frame.encode(&mut []) else { return };
        let Some(room) = self.frames.push(size) else { return };
        if frame.encode(room).is_err() || self.message_topics.learn(topic).is_err() {
            return;
        }
        self.room.sent_bytes = self.room.sent_bytes.wrapping_add(u32::try_from(cost).unwrap_or(0));
        self.last_frame_at = self.now;
    }
}

impl Checkpoint for Endings {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self { entries } = self;
        pass.fields(entries)
    }
}

impl Field for (Ticket, Ending) {
    fn put(&self, out: &mut Out<'_>) {
        let (ticket, ending) = self;
        ticket.put(out);
        match ending {
            Ending::None => 0_u8.put(out),
            Ending::Expired => 1_u8.put(out),
            Ending::Refused(code) => code.put(out),
        }
    }

    fn get(from: &mut Fields<'_>) -> Option<Self> {
        let ticket = Field::get(from)?;
        let ending = match u8::get(from)? {
            0 => Ending::None,
            1 => Ending::Expired,
            // those that end a publication are failures, from 0x80 on
            code => Ending::Refused(ReasonCode::from_u8(code)?),
        };
        Some((ticket, ending))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: Ending = Ending::Refused(ReasonCode::QuotaExceeded);

    fn ticket(number: u32) -> Ticket {
        Ticket::new(number).unwrap()
    }

    #[test]
    fn what_ended_is_known_until_its_room_is_needed_the_oldest_first() {
        let refused = Some(Verdict::Refused(ReasonCode::QuotaExceeded));
        let expired = Some(Verdict::Done(Outcome::Expired));
        let mut endings = Endings::new();
        (1..=15).for_each(|number| endings.begin(ticket(number)));
        assert!(!endings.are_full());
        endings.begin(ticket(16));
        assert!(endings.are_full());
        endings.end(ticket(9), Some(REFUSED));
        endings.end(ticket(3), Some(Ending::Expired));
        endings.end(ticket(5), None);
        // of 32 entries 13 are under way, 2 ended, 17 are free
        for number in 17..=33 {
            endings.begin(ticket(number));
            endings.end(ticket(number), Some(REFUSED));
        }
        assert_eq!([3, 5, 9].map(|it| endings.of(ticket(it))), [expired, None, refused]);
        endings.begin(ticket(34));
        assert_eq!([3, 9].map(|it| endings.of(ticket(it))), [expired, None]);
        endings.begin(ticket(35));
        assert_eq!([3, 17].map(|it| endings.of(ticket(it))), [None, refused]);
        endings.end(ticket(1), Some(REFUSED));
        assert_eq!(endings.of(ticket(1)), refused);
    }

    #[test]
    fn what_was_never_given_has_no_ending() {
        let mut endings = Endings::new();
        endings.end(ticket(1), Some(REFUSED));
        assert_eq!(endings.of(ticket(1)), None);
    }
}
