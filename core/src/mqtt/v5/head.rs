//! What of a stored PUBLISH changes each time it is sent: its topic may become an alias, and it has
//! waited.

use super::property::{MESSAGE_EXPIRY, Raw, TOPIC_ALIAS, variable_len, write_variable};
use super::reader::Reader;
use crate::mqtt::writer::Writer;
use crate::mqtt::{FixedHeader, QoS, Split, split};

/// Bytes of a topic alias among the properties.
const ALIAS_BYTES: usize = 3;

/// How the topic of a PUBLISH is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Alias {
    /// By its name alone.
    None,
    /// By its name, which from now on has this alias.
    New(u16),
    /// By an alias that the receiver knows.
    Known(u16),
}

/// Everything of a stored PUBLISH packet before its payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    first_byte: u8,
    pub(crate) topic: &'a str,
    packet_id: &'a [u8],
    properties: &'a [u8],
    pub(crate) payload_len: usize,
}

impl<'a> Head<'a> {
    /// The head of a packet that was encoded here. `None` for anything else.
    pub(crate) fn of(packet: &'a [u8]) -> Option<Self> {
        let Ok(Split::Header(FixedHeader { first_byte, header_len, .. })) = split(packet) else {
            return None;
        };
        let qos = QoS::from_u8(first_byte >> 1 & 3)?;
        let mut reader = Reader::new(3, packet.get(header_len..)?);
        let topic = reader.utf8().ok()?;
        let packet_id = reader.take(if qos == QoS::AtMostOnce { 0 } else { 2 }).ok()?;
        let len = usize::try_from(reader.variable().ok()?).ok()?;
        let properties = reader.take(len).ok()?;
        Some(Self { first_byte, topic, packet_id, properties, payload_len: reader.rest().len() })
    }

    pub(crate) const fn retain(&self) -> bool {
        self.first_byte & 1 == 1
    }

    /// Bytes of it with the topic told this way, and of the whole packet.
    pub(crate) fn lens(&self, alias: Alias) -> (usize, usize) {
        let rest = self.fields_len(alias);
        let remaining = rest + self.payload_len;
        let header = 1 + variable_len(u32::try_from(remaining).unwrap_or(u32::MAX));
        (header + rest, header + remaining)
    }

    fn properties_len(&self, alias: Alias) -> usize {
        self.properties.len() + if alias == Alias::None { 0 } else { ALIAS_BYTES }
    }

    fn fields_len(&self, alias: Alias) -> usize {
        let topic = if matches!(alias, Alias::Known(_)) { 0 } else { self.topic.len() };
        let properties = self.properties_len(alias);
        let len = variable_len(u32::try_from(properties).unwrap_or(u32::MAX));
        2 + topic + self.packet_id.len() + len + properties
    }

    /// Writes it as it leaves at `now_s`: a message expiry interval is stored as the second at
    /// which it ends, and sent as what is left of it. `None` if there is no room.
    pub(crate) fn write(&self, into: &mut [u8], alias: Alias, now_s: u32) -> Option<usize> {
        let (len, _) = self.lens(alias);
        let mut writer = Writer::new(into.get_mut(..len)?);
        writer.fixed_header(self.first_byte, self.fields_len(alias) + self.payload_len)?;
        let topic = if matches!(alias, Alias::Known(_)) { "" } else { self.topic };
        writer.field(topic.as_bytes())?;
        writer.raw(self.packet_id)?;
        write_variable(&mut writer, u32::try_from(self.properties_len(alias)).ok()?)?;
        for property in Raw(self.properties) {
            match property {
                (MESSAGE_EXPIRY, &[id, a, b, c, d]) => {
                    let ends_s = u32::from_be_bytes([a, b, c, d]);
                    let left_s = ends_s.saturating_sub(now_s).max(1);
                    writer.raw(&[id])?;
                    writer.raw(&left_s.to_be_bytes())?;
                }
                (_, other) => writer.raw(other)?,
            }
        }
        if let Alias::New(alias) | Alias::Known(alias) = alias {
            let [high, low] = alias.to_be_bytes();
            writer.raw(&[TOPIC_ALIAS, high, low])?;
        }
        Some(len)
    }
}

/// Changes the message expiry interval of an encoded PUBLISH to the second at which it ends.
pub(crate) fn put_expiry(packet: &mut [u8], ends_s: u32) {
    let Some(head) = Head::of(packet) else { return };
    let (properties_len, payload_len) = (head.properties.len(), head.payload_len);
    let before = Raw(head.properties).take_while(|(id, _)| *id != MESSAGE_EXPIRY);
    let before: usize = before.map(|(_, property)| property.len()).sum();
    let at = packet.len() - payload_len - properties_len + before + 1;
    if before < properties_len
        && let Some(field) = packet.get_mut(at..at + 4)
    {
        field.copy_from_slice(&ends_s.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::PacketId;
    use crate::mqtt::v5::{Packet, Properties, Property, Publish, decode};

    const PROPERTIES: [Property<'_>; 3] = [
        Property::ContentType("t"),
        Property::MessageExpiryInterval(60),
        Property::UserProperty("k", "v"),
    ];

    fn stored() -> ([u8; 64], usize) {
        let publish = Publish {
            packet_id: PacketId::new(7),
            properties: Properties::of(&PROPERTIES),
            ..Publish::new("a/b", b"payload", QoS::AtLeastOnce)
        };
        let mut packet = [0; 64];
        let size = Packet::Publish(publish).encode(&mut packet).unwrap();
        put_expiry(&mut packet[..size], 1_060);
        (packet, size)
    }

    #[test]
    fn what_is_sent_is_the_stored_packet_with_what_is_left_of_its_interval() {
        let (packet, size) = stored();
        let head = Head::of(&packet[..size]).unwrap();
        for (alias, topic, number) in [
            (Alias::None, "a/b", None),
            (Alias::New(3), "a/b", Some(3)),
            (Alias::Known(3), "", Some(3)),
        ] {
            for (now_s, left_s) in [(1_000, 60), (1_059, 1), (1_060, 1), (2_000, 1)] {
                let mut sent = [0; 80];
                let len = head.write(&mut sent, alias, now_s).unwrap();
                let (head_len, packet_len) = head.lens(alias);
                assert_eq!((len, packet_len), (head_len, head_len + 7));
                sent[len..packet_len].copy_from_slice(b"payload");
                let Ok(Packet::Publish(sent)) = decode(&sent[..packet_len]) else { panic!() };
                assert_eq!((sent.topic, sent.properties.topic_alias()), (topic, number));
                assert_eq!(sent.properties.message_expiry_interval_s(), Some(left_s));
                assert_eq!(sent.properties.content_type(), Some("t"));
                assert!(sent.properties.user_properties().eq([("k", "v")]));
                assert_eq!((sent.packet_id, sent.payload), (PacketId::new(7), &b"payload"[..]));
            }
            let short = head.lens(alias).0 - 1;
            assert_eq!(head.write(&mut [0; 80][..short], alias, 0), None);
        }
    }

    #[test]
    fn a_packet_without_an_interval_is_left_as_it_is() {
        let publish = Publish::new("a", b"x", QoS::AtMostOnce);
        let mut packet = [0; 8];
        let size = Packet::Publish(publish).encode(&mut packet).unwrap();
        let before = packet;
        put_expiry(&mut packet[..size], 1);
        assert_eq!(packet, before);
    }
}
