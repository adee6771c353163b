//! The oracle's own reader of MQTT 3.1.1 and MQTT 5, written from the specifications and from nothing
//! else.
//!
//! It takes a stream in pieces of any size and copies only packets that are cut. It checks no more
//! than it needs to find its way. A packet that it cannot read is skipped, because a device that
//! looks for acknowledgements behind messages it withholds does not read it yet either.

mod glimpse;

use super::properties::Properties;

pub(crate) use glimpse::Glimpse;

/// A packet, as far as the oracle looks at it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Packet<'a> {
    Connect(Connect<'a>),
    Connack {
        session_present: bool,
        code: u8,
        properties: Properties<'a>,
    },
    Publish(Publish<'a>),
    /// With the reason code of MQTT 5, 0 in 3.1.1.
    Puback(u16, u8),
    Pubrec(u16),
    Pubrel(u16),
    Pubcomp(u16),
    Subscribe {
        packet_id: u16,
        properties: Properties<'a>,
        filters: Filters<'a>,
    },
    Suback {
        packet_id: u16,
        codes: &'a [u8],
    },
    Unsubscribe {
        packet_id: u16,
        filters: Filters<'a>,
    },
    /// With the first reason code of MQTT 5, 0 in 3.1.1.
    Unsuback(u16, u8),
    Pingreq,
    Pingresp,
    /// With the reason code of MQTT 5, 0 in 3.1.1, and the properties.
    Disconnect(u8, Properties<'a>),
    Auth,
}

/// CONNECT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Connect<'a> {
    /// The protocol level: 4 is MQTT 3.1.1.
    pub(crate) level: u8,
    /// Clean start in MQTT 5.
    pub(crate) clean_session: bool,
    pub(crate) keep_alive_s: u16,
    pub(crate) properties: Properties<'a>,
    pub(crate) client_id: &'a [u8],
    pub(crate) will: Option<Will<'a>>,
    pub(crate) username: Option<&'a [u8]>,
    pub(crate) password: Option<&'a [u8]>,
    /// The whole packet with its fixed header.
    pub(crate) size_bytes: usize,
}

/// The will in a CONNECT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Will<'a> {
    pub(crate) topic: &'a [u8],
    pub(crate) payload: &'a [u8],
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    pub(crate) properties: Properties<'a>,
}

/// PUBLISH. The packet identifier is 0 where QoS is 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Publish<'a> {
    pub(crate) dup: bool,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    pub(crate) topic: &'a [u8],
    pub(crate) packet_id: u16,
    pub(crate) properties: Properties<'a>,
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
        // the quality of service; in MQTT 5 the other bits are options
        let options = if self.has_qos { self.fields.byte()? } else { 0 };
        Some((filter, options))
    }
}

/// The beginning of a packet whose end has not come.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Unfinished {
    /// So much of it has come.
    pub(crate) arrived_bytes: usize,
    /// Its fixed header; 0 as long as that is not complete.
    pub(crate) header_bytes: usize,
    /// All of it, its header included; 0 as long as nobody knows.
    pub(crate) packet_bytes: usize,
    /// It is a PUBLISH with QoS 0.
    pub(crate) is_qos0: bool,
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
    /// The packets are those of MQTT 5: it was told, or a CONNECT said so.
    is_v5: bool,
}

impl Reader {
    /// Forgets everything but the memory. What comes is read as MQTT 5 or as 3.1.1.
    pub(crate) fn restart(&mut self, is_v5: bool) {
        self.clear();
        self.is_v5 = is_v5;
    }

    /// What comes is of this protocol level.
    pub(crate) const fn set_version(&mut self, level: u8) {
        self.is_v5 = level == 5;
    }

    /// Forgets everything but the memory and the version.
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

    /// What is left once there is no whole packet any more.
    pub(crate) fn unfinished(&self) -> Unfinished {
        let Some(first) = self.held.first().filter(|_| !self.is_spent) else {
            return Unfinished::default();
        };
        let (header_bytes, packet_bytes) = match length(&self.held) {
            Length::Packet { header_bytes, size_bytes } => (header_bytes, size_bytes),
            Length::Incomplete | Length::Garbled => (0, 0),
        };
        let is_qos0 = first & 0xF6 == 0x30;
        let arrived_bytes = self.held.len();
        Unfinished { arrived_bytes, header_bytes, packet_bytes, is_qos0 }
    }

    /// The next whole packet of the stream that goes on with `bytes`; takes from `bytes` what it
    /// used. `None` once nothing whole is left.
    #[inline]
    pub(crate) fn next<'r, 'b: 'r>(&'r mut self, bytes: &mut &'b [u8]) -> Option<Packet<'r>> {
        self.drop_spent();
        // mostly there is one packet, and then nothing
        if bytes.is_empty() { None } else { self.next_of_some(bytes) }
    }

    /// A packet that was given out is done with.
    #[inline]
    fn drop_spent(&mut self) {
        if self.is_spent {
            self.held.clear();
            self.is_spent = false;
        }
    }

    fn next_of_some<'r, 'b: 'r>(&'r mut self, bytes: &mut &'b [u8]) -> Option<Packet<'r>> {
        loop {
            self.drop_spent();
            if self.is_lost || bytes.is_empty() {
                return None;
            }
            if self.held.is_empty()
                && let Some((packet, header_bytes)) = split_whole(bytes)
            {
                match self.read(packet, header_bytes) {
                    None => self.is_garbled = true,
                    readable => return readable,
                }
            } else {
                let header_bytes = self.complete(bytes)?;
                let held = std::mem::take(&mut self.held);
                let is_readable = self.read(&held, header_bytes).is_some();
                self.held = held;
                // read twice: what is lent here cannot be lent further from within the loop
                if is_readable {
                    return parse(&self.held, header_bytes, self.is_v5);
                }
                self.is_garbled = true;
            }
        }
    }

    /// Reads a whole packet in the version of the stream, which a CONNECT decides.
    fn read<'b>(&mut self, packet: &'b [u8], header_bytes: usize) -> Option<Packet<'b>> {
        let read = parse(packet, header_bytes, self.is_v5);
        if let Some(Packet::Connect(connect)) = &read {
            self.is_v5 = connect.level == 5;
        }
        read
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
fn parse(packet: &[u8], header_bytes: usize, is_v5: bool) -> Option<Packet<'_>> {
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
        1 => Packet::Connect(connect(packet.len(), &mut fields)?),
        2 => {
            let session_present = fields.byte()? & 1 == 1;
            let code = fields.byte()?;
            Packet::Connack { session_present, code, properties: fields.properties(is_v5)? }
        }
        3 => Packet::Publish(publish(first, packet.len(), fields, is_v5)?),
        4 => {
            let packet_id = fields.number()?;
            Packet::Puback(packet_id, fields.outcome(is_v5)?)
        }
        5 => Packet::Pubrec(fields.number()?),
        6 => Packet::Pubrel(fields.number()?),
        7 => Packet::Pubcomp(fields.number()?),
        8 => {
            let packet_id = fields.number()?;
            let properties = fields.properties(is_v5)?;
            Packet::Subscribe { packet_id, properties, filters: Filters { fields, has_qos: true } }
        }
        9 => {
            let packet_id = fields.number()?;
            fields.properties(is_v5)?;
            Packet::Suback { packet_id, codes: fields.0 }
        }
        10 => {
            let packet_id = fields.number()?;
            fields.properties(is_v5)?;
            Packet::Unsubscribe { packet_id, filters: Filters { fields, has_qos: false } }
        }
        11 => {
            let packet_id = fields.number()?;
            fields.properties(is_v5)?;
            Packet::Unsuback(packet_id, fields.outcome(is_v5)?)
        }
        12 => Packet::Pingreq,
        13 => Packet::Pingresp,
        14 => {
            let code = fields.outcome(is_v5)?;
            let has_properties = is_v5 && !fields.0.is_empty();
            Packet::Disconnect(code, fields.properties(has_properties)?)
        }
        15 if is_v5 => Packet::Auth,
        _ => return None,
    })
}

fn connect<'a>(size_bytes: usize, fields: &mut Fields<'a>) -> Option<Connect<'a>> {
    if fields.text()? != b"MQTT" {
        return None;
    }
    let level = fields.byte()?;
    if level != 4 && level != 5 {
        return None;
    }
    let is_v5 = level == 5;
    let flags = fields.byte()?;
    let keep_alive_s = fields.number()?;
    let properties = fields.properties(is_v5)?;
    let client_id = fields.text()?;
    let will = if flags & 0x04 == 0 {
        None
    } else {
        let properties = fields.properties(is_v5)?;
        let (topic, payload) = (fields.text()?, fields.text()?);
        let (qos, retain) = (flags >> 3 & 3, flags & 0x20 != 0);
        Some(Will { topic, payload, qos, retain, properties })
    };
    let clean_session = flags & 0x02 != 0;
    let mut text_if = |flag: u8| match flags & flag {
        0 => Some(None),
        _ => fields.text().map(Some),
    };
    let (username, password) = (text_if(0x80)?, text_if(0x40)?);
    let (has_reserved, has_more) = (flags & 0x01 != 0, !fields.0.is_empty());
    let connect = Connect {
        level,
        clean_session,
        keep_alive_s,
        properties,
        client_id,
        will,
        username,
        password,
        size_bytes,
    };
    (!has_reserved && !has_more).then_some(connect)
}

fn publish(
    first: u8,
    size_bytes: usize,
    mut fields: Fields<'_>,
    is_v5: bool,
) -> Option<Publish<'_>> {
    let qos = first >> 1 & 3;
    let topic = fields.text()?;
    let packet_id = if qos == 0 { 0 } else { fields.number()? };
    let (dup, retain) = (first & 0x08 != 0, first & 0x01 != 0);
    let properties = fields.properties(is_v5)?;
    let payload = fields.0;
    let publish = Publish { dup, qos, retain, topic, packet_id, properties, payload, size_bytes };
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

    /// A variable byte integer.
    fn variable(&mut self) -> Option<u32> {
        let mut value = 0;
        for place in 0..4 {
            let byte = self.byte()?;
            value |= u32::from(byte & 0x7F) << (7 * place);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// The properties of a packet of MQTT 5; none in 3.1.1.
    fn properties(&mut self, is_v5: bool) -> Option<Properties<'a>> {
        if !is_v5 {
            return Some(Properties::NONE);
        }
        let size_bytes = self.variable()? as usize;
        let (properties, rest) = self.0.split_at_checked(size_bytes)?;
        self.0 = rest;
        Properties::of(properties)
    }

    /// The reason code at the end of a packet, if there is one, or success.
    fn outcome(&mut self, is_v5: bool) -> Option<u8> {
        if !is_v5 || self.0.is_empty() {
            return Some(0);
        }
        self.byte()
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
mod tests;
