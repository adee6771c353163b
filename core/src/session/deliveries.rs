//! Messages handed out with QoS > 0 and not acknowledged to the broker yet.
//!
//! Acknowledgements leave in the order in which the messages came [MQTT-4.6.0-2], whatever the
//! order in which the application releases them.

use crate::checkpoint::{Checkpoint, Field, Fields, Out, Pass};
use crate::event::Delivery;
use crate::mqtt::{Packet, PacketId, QoS};

/// The most there can be; `receive_maximum` sets it lower.
pub(crate) const CAPACITY: usize = 32;

/// QoS 2 messages whose PUBREL has not come. We ask for QoS 1 at most, so a broker sends QoS 2 only
/// for a subscription of an earlier life of the session, or because it is mistaken. Further ones are
/// not noted: those may be handed out twice if the connection ends. Forgetting older ones instead
/// would have each one that comes again push out the next. To wait for a PUBREL would be to wait for
/// ever, because messages that are not handed out may lie before it.
const QOS2_CAPACITY: usize = 8;

#[derive(Clone, Copy, Debug)]
struct Entry {
    delivery: Delivery,
    packet_id: PacketId,
    /// With QoS 0 it is a QoS 2 message that was handed out before: one that has no answer but PUBREC.
    qos: QoS,
    released: bool,
}

impl Entry {
    const fn is_qos2(&self) -> bool {
        matches!(self.qos, QoS::ExactlyOnce)
    }
}

/// The table of deliveries.
#[derive(Debug)]
pub(crate) struct Deliveries {
    entries: [Option<Entry>; CAPACITY],
    first: usize,
    count: usize,
    last: u32,
    /// Identifiers of QoS 2 messages that the application owns, answered with PUBREC or not before the
    /// connection ended [MQTT-4.3.3-2].
    awaiting_pubrel: [Option<PacketId>; QOS2_CAPACITY],
    pubrec_due: Option<PacketId>,
    pubcomp_due: Option<PacketId>,
}

impl Deliveries {
    pub(crate) const fn new() -> Self {
        Self {
            entries: [None; CAPACITY],
            first: 0,
            count: 0,
            last: 0,
            awaiting_pubrel: [None; QOS2_CAPACITY],
            pubrec_due: None,
            pubcomp_due: None,
        }
    }

    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// Notes that a message was handed out. The caller saw to it that there is room.
    pub(crate) fn push(&mut self, packet_id: PacketId, qos: QoS, released: bool) -> Delivery {
        let delivery = Delivery::new(self.last.wrapping_add(1)).unwrap_or(Delivery::FIRST);
        self.last = delivery.get();
        let at = (self.first + self.count) % CAPACITY;
        self.entries[at] = Some(Entry { delivery, packet_id, qos, released });
        self.count += 1;
        delivery
    }

    /// The application owns the message now. False if the connection it came on is gone.
    pub(crate) fn release(&mut self, delivery: Delivery) -> bool {
        let found = self.entries.iter_mut().flatten().find(|entry| entry.delivery == delivery);
        found.is_some_and(|entry| {
            entry.released = true;
            true
        })
    }

    /// An acknowledgement is to be sent.
    pub(crate) fn owes_answer(&self) -> bool {
        let oldest = &self.entries[self.first];
        self.owes_pubcomp() || self.owes_pubrec() || oldest.is_some_and(|entry| entry.released)
    }

    /// The next acknowledgement to send.
    pub(crate) fn next_answer(&mut self) -> Option<Packet<'static>> {
        if let Some(id) = self.pubcomp_due.take() {
            return Some(Packet::Pubcomp(id));
        }
        if let Some(id) = self.pubrec_due.take() {
            return Some(Packet::Pubrec(id));
        }
        let entry = self.entries[self.first].filter(|entry| entry.released)?;
        if entry.is_qos2() {
            self.await_pubrel(entry.packet_id);
        }
        self.take_oldest();
        Some(match entry.qos {
            QoS::ExactlyOnce | QoS::AtMostOnce => Packet::Pubrec(entry.packet_id),
            QoS::AtLeastOnce => Packet::Puback(entry.packet_id),
        })
    }

    fn take_oldest(&mut self) -> Option<Entry> {
        let oldest = self.entries[self.first].take();
        self.first = (self.first + 1) % CAPACITY;
        self.count -= 1;
        oldest
    }

    fn await_pubrel(&mut self, packet_id: PacketId) {
        if self.awaiting_pubrel.contains(&Some(packet_id)) {
            return;
        }
        if let Some(free) = self.awaiting_pubrel.iter_mut().find(|slot| slot.is_none()) {
            *free = Some(packet_id);
        }
    }

    /// A QoS 2 message that was handed out before comes again: it is answered, not handed out, and
    /// like any other behind those that came before it [MQTT-4.6.0-3]. The caller saw to it that
    /// there is room.
    pub(crate) fn is_repeated_qos2(&mut self, packet_id: PacketId) -> bool {
        let same = |entry: &Entry| (entry.packet_id, entry.qos) == (packet_id, QoS::ExactlyOnce);
        let repeated = self.awaiting_pubrel.contains(&Some(packet_id))
            || self.entries.iter().flatten().any(same);
        if repeated && self.count == 0 && !self.owes_pubrec() {
            self.pubrec_due = Some(packet_id);
        } else if repeated {
            self.push(packet_id, QoS::AtMostOnce, true);
        }
        repeated
    }

    /// The last PUBREL is not answered yet: the next one has to wait.
    pub(crate) const fn owes_pubcomp(&self) -> bool {
        self.pubcomp_due.is_some()
    }

    /// A repeated QoS 2 message is not answered yet, and no other comes before it.
    const fn owes_pubrec(&self) -> bool {
        self.pubrec_due.is_some()
    }

    /// PUBREL came: the identifier is free, whether it was known or not.
    pub(crate) fn pubrel(&mut self, packet_id: PacketId) {
        for slot in &mut self.awaiting_pubrel {
            slot.take_if(|known| *known == packet_id);
        }
        self.pubcomp_due = Some(packet_id);
    }

    /// The broker will deliver again what it got no answer for. What the application owns is then
    /// answered, and not handed out again, where that can be told: with QoS 2 [MQTT-4.3.3-2].
    pub(crate) fn connection_lost(&mut self) {
        while self.count > 0 {
            let oldest = self.take_oldest();
            if let Some(entry) = oldest.filter(|entry| entry.released && entry.is_qos2()) {
                self.await_pubrel(entry.packet_id);
            }
        }
        self.pubrec_due = None;
        self.pubcomp_due = None;
    }

    /// The broker forgot the session, and its QoS 2 identifiers with it.
    pub(crate) const fn session_lost(&mut self) {
        self.awaiting_pubrel = [None; QOS2_CAPACITY];
    }
}

impl Checkpoint for Deliveries {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self { entries, first, count, last, awaiting_pubrel, pubrec_due, pubcomp_due } = self;
        pass.field(first)?;
        pass.field(count)?;
        pass.agrees(*first < entries.len() && *count <= entries.len())?;
        for offset in 0..*count {
            pass.field(&mut entries[(*first + offset) % CAPACITY])?;
        }
        pass.field(last)?;
        pass.fields(awaiting_pubrel)?;
        pass.field(pubrec_due)?;
        pass.field(pubcomp_due)
    }
}

impl Field for Entry {
    fn put(&self, out: &mut Out<'_>) {
        let Self { delivery, packet_id, qos, released } = self;
        delivery.put(out);
        packet_id.put(out);
        qos.put(out);
        released.put(out);
    }

    fn get(from: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            delivery: Field::get(from)?,
            packet_id: Field::get(from)?,
            qos: Field::get(from)?,
            released: Field::get(from)?,
        })
    }
}
