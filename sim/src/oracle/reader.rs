//! The oracle's own reader of MQTT 3.1.1, written from the specification and from nothing else.
//!
//! It takes a stream in pieces of any size and copies only packets that are cut. It checks no more
//! than it needs to find its way. A packet that it cannot read is skipped, because a device that
//! looks for acknowledgements behind messages it withholds does not read it yet either.

/// A packet, as far as the oracle looks at it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Packet<'a> {
    Connect(Connect<'a>),
    Connack { session_present: bool, code: u8 },
    Publish(Publish<'a>),
    Puback(u16),
    Pubrec(u16),
    Pubrel(u16),
    Pubcomp(u16),
    Subscribe { packet_id: u16, filters: Filters<'a> },
    Suback { packet_id: u16, codes: &'a [u8] },
    Unsubscribe { packet_id: u16, filters: Filters<'a> },
    Unsuback(u16),
    Pingreq,
    Pingresp,
    Disconnect,
}

/// CONNECT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Connect<'a> {
    pub(crate) clean_session: bool,
    pub(crate) keep_alive_s: u16,
    pub(crate) will: Option<Will<'a>>,
}

/// The will in a CONNECT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Will<'a> {
    pub(crate) topic: &'a [u8],
    pub(crate) payload: &'a [u8],
    pub(crate) qos: u8,
    pub(crate) retain: bool,
}

/// PUBLISH. The packet identifier is 0 where QoS is 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Publish<'a> {
    pub(crate) dup: bool,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    pub(crate) topic: &'a [u8],
    pub(crate) packet_id: u16,
    pub(crate) payload: &'a [u8],
    /// The whole packet with its fixed header.
    pub(crate) size_bytes: usize,
}

/// The topic filters of a SUBSCRIBE or UNSUBSCRIBE.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Filters<'a> {
    fields: Fields<'a>,
    has_qos: bool,
}

impl<'a> Iterator for Filters<'a> {
    type Item = (&'a [u8], u8);

    fn next(&mut self) -> Option<Self::Item> {
        let filter = self.fields.text()?;
        let qos = if self.has_qos { self.fields.byte()? } else { 0 };
        Some((filter, qos))
    }
}

/// One direction of one connection.
#[derive(Default, Debug)]
pub(crate) struct Reader {
    /// The beginning of a packet whose end has not come.
    held: Vec<u8>,
    /// The packet in `held` was given out.
    is_spent: bool,
    is_garbled: bool,
    /// It met a length that is none: nobody knows where the next packet begins.
    is_lost: bool,
}

impl Reader {
    /// Forgets everything but the memory.
    pub(crate) fn clear(&mut self) {
        self.held.clear();
        self.is_spent = false;
        self.is_garbled = false;
        self.is_lost = false;
    }

    /// Whether it met bytes it could not read.
    pub(crate) const fn is_garbled(&self) -> bool {
        self.is_garbled
    }

    /// The next whole packet of the stream that goes on with `bytes`; takes from `bytes` what it
    /// used. `None` once nothing whole is left.
    pub(crate) fn next<'r, 'b: 'r>(&'r mut self, bytes: &mut &'b [u8]) -> Option<Packet<'r>> {
        loop {
            if self.is_spent {
                self.held.clear();
                self.is_spent = false;
            }
            if self.is_lost || bytes.is_empty() {
                return None;
            }
            if self.held.is_empty()
                && let Some((packet, header_bytes)) = split_whole(bytes)
            {
                match parse(packet, header_bytes) {
                    None => self.is_garbled = true,
                    readable => return readable,
                }
            } else {
                let header_bytes = self.complete(bytes)?;
                // read twice: what is lent here cannot be lent further from within the loop
                if parse(&self.held, header_bytes).is_some() {
                    return parse(&self.held, header_bytes);
                }
                self.is_garbled = true;
            }
        }
    }

    /// Moves bytes to the held ones until those are a whole packet. The size of its header.
    fn complete(&mut self, bytes: &mut &[u8]) -> Option<usize> {
        loop {
            let missing = match length(&self.held) {
                Length::Garbled => {
                    self.is_garbled = true;
                    self.is_lost = true;
                    return None;
                }
                Length::Incomplete => 1,
                Length::Packet { header_bytes, size_bytes } => {
                    if size_bytes == self.held.len() {
                        self.is_spent = true;
                        return Some(header_bytes);
                    }
                    size_bytes - self.held.len()
                }
            };
            let taken = missing.min(bytes.len());
            if taken == 0 {
                return None;
            }
            let (piece, rest) = bytes.split_at(taken);
            self.held.extend_from_slice(piece);
            *bytes = rest;
        }
    }
}

/// What the fixed header says about the length of the packet it begins.
enum Length {
    /// The header itself is not complete.
    Incomplete,
    /// Bytes of the header, and of the packet with it.
    Packet { header_bytes: usize, size_bytes: usize },
    /// Five bytes of remaining length.
    Garbled,
}

fn length(bytes: &[u8]) -> Length {
    let mut remaining = 0;
    for place in 0..4 {
        let Some(&byte) = bytes.get(place + 1) else { return Length::Incomplete };
        remaining |= usize::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            let header_bytes = place + 2;
            return Length::Packet { header_bytes, size_bytes: header_bytes + remaining };
        }
    }
    Length::Garbled
}

/// The packet at the front, if it is whole, and the size of its header.
fn split_whole<'b>(bytes: &mut &'b [u8]) -> Option<(&'b [u8], usize)> {
    let Length::Packet { header_bytes, size_bytes } = length(bytes) else { return None };
    let (packet, rest) = bytes.split_at_checked(size_bytes)?;
    *bytes = rest;
    Some((packet, header_bytes))
}

/// Reads one whole packet; `None` if it is none.
fn parse(packet: &[u8], header_bytes: usize) -> Option<Packet<'_>> {
    let first = packet[0];
    let mut fields = Fields(&packet[header_bytes..]);
    // SUBSCRIBE, UNSUBSCRIBE and PUBREL have a reserved bit set; PUBLISH has its own flags
    let reserved = match first >> 4 {
        3 => first & 0x0F,
        6 | 8 | 10 => 2,
        _ => 0,
    };
    if first & 0x0F != reserved {
        return None;
    }
    Some(match first >> 4 {
        1 => Packet::Connect(connect(&mut fields)?),
        2 => {
            let session_present = fields.byte()? & 1 == 1;
            Packet::Connack { session_present, code: fields.byte()? }
        }
        3 => Packet::Publish(publish(first, packet.len(), fields)?),
        4 => Packet::Puback(fields.number()?),
        5 => Packet::Pubrec(fields.number()?),
        6 => Packet::Pubrel(fields.number()?),
        7 => Packet::Pubcomp(fields.number()?),
        8 => {
            let packet_id = fields.number()?;
            Packet::Subscribe { packet_id, filters: Filters { fields, has_qos: true } }
        }
        9 => Packet::Suback { packet_id: fields.number()?, codes: fields.0 },
        10 => {
            let packet_id = fields.number()?;
            Packet::Unsubscribe { packet_id, filters: Filters { fields, has_qos: false } }
        }
        11 => Packet::Unsuback(fields.number()?),
        12 => Packet::Pingreq,
        13 => Packet::Pingresp,
        14 => Packet::Disconnect,
        _ => return None,
    })
}

fn connect<'a>(fields: &mut Fields<'a>) -> Option<Connect<'a>> {
    if fields.text()? != b"MQTT" || fields.byte()? != 4 {
        return None;
    }
    let flags = fields.byte()?;
    let keep_alive_s = fields.number()?;
    let _client_id = fields.text()?;
    let will = if flags & 0x04 == 0 {
        None
    } else {
        let (topic, payload) = (fields.text()?, fields.text()?);
        Some(Will { topic, payload, qos: flags >> 3 & 3, retain: flags & 0x20 != 0 })
    };
    Some(Connect { clean_session: flags & 0x02 != 0, keep_alive_s, will })
}

fn publish(first: u8, size_bytes: usize, mut fields: Fields<'_>) -> Option<Publish<'_>> {
    let qos = first >> 1 & 3;
    let topic = fields.text()?;
    let packet_id = if qos == 0 { 0 } else { fields.number()? };
    let (dup, retain) = (first & 0x08 != 0, first & 0x01 != 0);
    let publish = Publish { dup, qos, retain, topic, packet_id, payload: fields.0, size_bytes };
    (qos < 3).then_some(publish)
}

/// What is left of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    /// A text or binary field with its length in front.
    fn text(&mut self) -> Option<&'a [u8]> {
        let size_bytes = usize::from(self.number()?);
        let (text, rest) = self.0.split_at_checked(size_bytes)?;
        self.0 = rest;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All 14 packets, one after the other.
    const STREAM: &[u8] = b"\x10\x19\x00\x04MQTT\x04\x2e\x00\x3c\x00\x01c\x00\x04will\x00\x04gone\
        \x20\x02\x01\x00\x3b\x07\x00\x01t\x00\x07hi\x30\x04\x00\x01tx\x40\x02\x00\x07\
        \x50\x02\x00\x08\x62\x02\x00\x09\x70\x02\x00\x0a\x82\x0a\x00\x0b\x00\x01a\x01\x00\x01b\x00\
        \x90\x04\x00\x0b\x01\x80\xa2\x05\x00\x0c\x00\x01a\xb0\x02\x00\x0c\xc0\x00\xd0\x00\xe0\x00";

    fn read(pieces: &[&[u8]]) -> Vec<String> {
        let mut reader = Reader::default();
        let mut packets = Vec::new();
        for &piece in pieces {
            let mut bytes = piece;
            while let Some(packet) = reader.next(&mut bytes) {
                packets.push(format!("{packet:?}"));
            }
        }
        packets
    }

    #[test]
    fn all_packets_are_read_from_pieces_of_any_size() {
        let whole = read(&[STREAM]);
        assert_eq!(whole.len(), 15);
        for size_bytes in 1..STREAM.len() {
            let pieces: Vec<_> = STREAM.chunks(size_bytes).collect();
            assert_eq!(read(&pieces), whole, "in pieces of {size_bytes}");
        }
    }

    #[test]
    fn fields_are_where_the_specification_puts_them() {
        let mut reader = Reader::default();
        let mut bytes = STREAM;
        let will = Will { topic: b"will", payload: b"gone", qos: 1, retain: true };
        assert_eq!(
            reader.next(&mut bytes),
            Some(Packet::Connect(Connect {
                clean_session: true,
                keep_alive_s: 60,
                will: Some(will)
            }))
        );
        assert_eq!(
            reader.next(&mut bytes),
            Some(Packet::Connack { session_present: true, code: 0 })
        );
        let publish = Publish {
            dup: true,
            qos: 1,
            retain: true,
            topic: b"t",
            packet_id: 7,
            payload: b"hi",
            size_bytes: 9,
        };
        assert_eq!(reader.next(&mut bytes), Some(Packet::Publish(publish)));
        let mut subscriptions = Vec::new();
        while let Some(packet) = reader.next(&mut bytes) {
            if let Packet::Subscribe { filters, .. } = packet {
                subscriptions.extend(filters.map(|(filter, qos)| (filter.to_vec(), qos)));
            }
        }
        assert_eq!(subscriptions, [(b"a".to_vec(), 1), (b"b".to_vec(), 0)]);
    }

    #[test]
    fn what_is_no_mqtt_is_noticed_and_skipped() {
        for garbage in [
            &b"\x00\x00"[..],
            b"\xf0\x00",
            b"\x36\x05\x00\x01a\x00\x01",
            b"\x30\x03\x00\x09a",
            b"\xd1\x00",
            b"\x40\x01\x00",
        ] {
            for size_bytes in 1..=garbage.len() {
                let mut reader = Reader::default();
                for mut piece in garbage.chunks(size_bytes) {
                    assert_eq!(reader.next(&mut piece), None);
                }
                assert!(reader.is_garbled(), "{garbage:?}");
                assert_eq!(reader.next(&mut &b"\xc0\x00"[..]), Some(Packet::Pingreq));
            }
        }
    }

    #[test]
    fn reading_ends_at_a_length_that_is_none() {
        let mut reader = Reader::default();
        assert_eq!(reader.next(&mut &b"\x30\xff\xff\xff\xff\x01"[..]), None);
        assert!(reader.is_garbled());
        assert_eq!(reader.next(&mut &b"\xc0\x00"[..]), None);
        reader.clear();
        assert_eq!(reader.next(&mut &b"\xc0\x00"[..]), Some(Packet::Pingreq));
    }
}
