//! Publications and messages in frames: what is left of a PUBLISH packet where both ends know the
//! rest.

use crate::bridge::record::{Garbage, Reader, Writer};
use crate::bridge::topics::Naming;
use crate::event::Ticket;
use crate::mqtt::{PacketId, QoS};

/// The upper half of the first byte of a `Publish`, as in a PUBLISH packet. The lower half is as
/// there, too: again, in the place of DUP; QoS; retain.
pub(super) const PUBLISH: u8 = 0x30;
/// The same of a `Message`; the highest bit says that it goes to the host.
pub(super) const MESSAGE: u8 = PUBLISH | 0x80;

/// A publication on its way to the ESP8266.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Publish<'a> {
    pub(crate) ticket: Ticket,
    /// It was given to an ESP8266 before.
    pub(crate) again: bool,
    pub(crate) retain: bool,
    /// `None` for QoS 0; there is no QoS 2.
    pub(crate) packet_id: Option<PacketId>,
    pub(crate) topic: Naming<'a>,
    pub(crate) payload: &'a [u8],
}

/// A message on its way to the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Message<'a> {
    /// 0 for one that need not be released.
    pub(crate) delivery: u32,
    pub(crate) dup: bool,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) topic: Naming<'a>,
    pub(crate) payload: &'a [u8],
}

impl<'a> Publish<'a> {
    pub(crate) const fn qos(&self) -> QoS {
        if self.packet_id.is_some() { QoS::AtLeastOnce } else { QoS::AtMostOnce }
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        self.write_head(PUBLISH, writer);
        writer.bytes(self.payload);
    }

    /// Everything before the payload. `kind`: the upper half of the first byte.
    pub(super) fn write_head(&self, kind: u8, writer: &mut Writer<'_>) {
        let again = self.again && self.packet_id.is_some();
        writer.u8(kind | flags(again, self.qos(), self.retain));
        writer.varint(self.ticket.get());
        if let Some(id) = self.packet_id {
            writer.u16(id.get());
        }
        self.topic.write(writer);
    }

    pub(super) fn read(first: u8, mut reader: Reader<'a>) -> Result<Self, Garbage> {
        let (again, qos, retain) = read_flags(first)?;
        let ticket = Ticket::new(reader.varint()?).ok_or(Garbage)?;
        let packet_id = match qos {
            QoS::AtMostOnce => None,
            QoS::AtLeastOnce => Some(PacketId::new(reader.u16()?).ok_or(Garbage)?),
            // a host publishes none
            QoS::ExactlyOnce => return Err(Garbage),
        };
        let topic = Naming::read(&mut reader)?;
        Ok(Self { ticket, again, retain, packet_id, topic, payload: reader.rest() })
    }
}

impl<'a> Message<'a> {
    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        self.write_head(MESSAGE, writer);
        writer.bytes(self.payload);
    }

    /// Everything before the payload. `kind`: the upper half of the first byte.
    pub(super) fn write_head(&self, kind: u8, writer: &mut Writer<'_>) {
        writer.u8(kind | flags(self.dup, self.qos, self.retain));
        writer.varint(self.delivery);
        self.topic.write(writer);
    }

    pub(super) fn read(first: u8, mut reader: Reader<'a>) -> Result<Self, Garbage> {
        let (dup, qos, retain) = read_flags(first)?;
        let delivery = reader.varint()?;
        let topic = Naming::read(&mut reader)?;
        Ok(Self { delivery, dup, qos, retain, topic, payload: reader.rest() })
    }
}

/// The lower half of the first byte of a PUBLISH packet.
const fn flags(dup: bool, qos: QoS, retain: bool) -> u8 {
    (dup as u8) << 3 | qos.as_u8() << 1 | retain as u8
}

/// What it says: DUP with QoS 0 is never sent [MQTT-3.3.1-2]. QoS 2 is, by a broker that exceeds
/// what it granted.
fn read_flags(first: u8) -> Result<(bool, QoS, bool), Garbage> {
    let (dup, retain) = (first & 0b1000 != 0, first & 1 != 0);
    match QoS::from_u8(first >> 1 & 0b11) {
        Some(QoS::AtMostOnce) if !dup => Ok((dup, QoS::AtMostOnce, retain)),
        Some(qos @ (QoS::AtLeastOnce | QoS::ExactlyOnce)) => Ok((dup, qos, retain)),
        _ => Err(Garbage),
    }
}
