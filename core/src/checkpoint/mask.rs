//! What must not be in a recording is replaced, byte for byte, on its way into it.

use super::Out;
use crate::mqtt::ProtocolVersion;

/// What a recording holds of payloads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Payloads {
    /// Everything.
    Kept,
    /// Bytes of the same number, enciphered with this key. The key is not in the recording: take
    /// one that nobody can guess, and forget it.
    ///
    /// Equal payloads stay equal and different ones stay different, so that a replay still shows
    /// which message is which. Whoever has the recording sees that, the length of each payload,
    /// and how long the beginnings are that two of them have in common.
    Disguised {
        /// The key.
        key: [u64; 2],
    },
}

/// What a password is replaced with.
const PASSWORD: u8 = b'*';

/// The protocol level of MQTT 5 in a CONNECT.
const LEVEL_5: u8 = 5;

/// Writes what stands for a password of this length.
pub(crate) fn put_password(mut len: usize, out: &mut Out<'_>) {
    let stars = [PASSWORD; 32];
    while len > 0 {
        let count = len.min(stars.len());
        out(&stars[..count]);
        len -= count;
    }
}

/// Disguises one payload. Each byte is changed by what came before it, so a payload may come in
/// pieces of any size, and what differs at the input differs at the output.
///
/// The mixing is that of SipHash, one round a byte.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disguise([u64; 4]);

impl Disguise {
    const fn new(key: [u64; 2]) -> Self {
        let mut state = Self([
            key[0] ^ 0x736F_6D65_7073_6575,
            key[1] ^ 0x646F_7261_6E64_6F6D,
            key[0] ^ 0x6C79_6765_6E65_7261,
            key[1] ^ 0x7465_6462_7974_6573,
        ]);
        state.mix();
        state.mix();
        state
    }

    const fn mix(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.0;
        a = a.wrapping_add(b);
        b = b.rotate_left(13) ^ a;
        a = a.rotate_left(32);
        c = c.wrapping_add(d);
        d = d.rotate_left(16) ^ c;
        a = a.wrapping_add(d);
        d = d.rotate_left(21) ^ a;
        c = c.wrapping_add(b);
        b = b.rotate_left(17) ^ c;
        c = c.rotate_left(32);
        self.0 = [a, b, c, d];
    }

    const fn byte(&mut self, byte: u8) -> u8 {
        let [a, b, c, d] = self.0;
        let disguised = byte ^ (a ^ b ^ c ^ d) as u8;
        self.0[3] ^= byte as u64;
        self.mix();
        self.0[0] ^= byte as u64;
        disguised
    }
}

impl Payloads {
    /// The beginning of a payload.
    pub(crate) const fn begin(self) -> Payload {
        Payload(match self {
            Self::Kept => None,
            Self::Disguised { key } => Some(Disguise::new(key)),
        })
    }
}

/// A payload on its way into a recording.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payload(Option<Disguise>);

impl Payload {
    pub(crate) const fn byte(&mut self, byte: u8) -> u8 {
        match &mut self.0 {
            Some(disguise) => disguise.byte(byte),
            None => byte,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Place {
    First,
    Length {
        first: u8,
        shift: u8,
        value: usize,
    },
    /// The topic's length, the first `.0` bytes of which were seen.
    TopicLength(u8, u16),
    Topic(u16),
    PacketId(u8),
    /// The length of properties (MQTT 5), as far as it was seen.
    PropertiesLength {
        shift: u8,
        value: usize,
    },
    Properties(usize),
    Payload(Payload),
    /// The first ten bytes of the body of a CONNECT.
    ConnectHead(u8),
    FieldLength(u8, u16),
    Field(u16, Payload),
    Body,
    /// No MQTT from here on.
    Lost(Payload),
}

/// Fields of a CONNECT behind its head, in their order.
const WILL_TOPIC: u8 = 1;
const WILL_PAYLOAD: u8 = 2;
const PASSWORD_FIELD: u8 = 4;

/// A stream of MQTT on its way into a recording, in pieces of any size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mask {
    payloads: Payloads,
    place: Place,
    /// Bytes of this packet still to come.
    left: usize,
    /// Packets have properties: MQTT 5.
    has_properties: bool,
    /// This packet is a CONNECT, whose level says what it has.
    is_connect: bool,
    /// QoS > 0: it carries a packet identifier.
    has_id: bool,
    /// The fields that this CONNECT has, a bit each, and the one that is looked at.
    fields: u8,
    field: u8,
}

impl Mask {
    /// The beginning of a stream, or of a packet in it.
    pub(crate) const fn new(payloads: Payloads, version: ProtocolVersion) -> Self {
        Self {
            payloads,
            place: Place::First,
            left: 0,
            has_properties: version.level() == LEVEL_5,
            is_connect: false,
            has_id: false,
            fields: 0,
            field: 0,
        }
    }

    /// What the recording gets for the next byte.
    pub(crate) fn byte(&mut self, byte: u8) -> u8 {
        match &mut self.place {
            Place::First => {
                self.place = Place::Length { first: byte, shift: 0, value: 0 };
                return byte;
            }
            Place::Length { first, shift, value } => {
                let (first, value) = (*first, *value | usize::from(byte & 0x7F) << *shift);
                self.place = match (byte & 0x80 != 0, *shift) {
                    (true, 21) => Place::Lost(self.payloads.begin()),
                    (true, shift) => Place::Length { first, shift: shift + 7, value },
                    (false, _) => self.begin_body(first, value),
                };
                return byte;
            }
            Place::Lost(payload) => return payload.byte(byte),
            _ => {}
        }
        let masked = self.body_byte(byte);
        self.left -= 1;
        if self.left == 0 {
            self.place = Place::First;
        }
        masked
    }

    const fn begin_body(&mut self, first: u8, len: usize) -> Place {
        self.left = len;
        self.has_id = first & 0b0110 != 0;
        self.is_connect = first >> 4 == 1;
        match (len, first >> 4) {
            (0, _) => Place::First,
            (_, 3) => Place::TopicLength(0, 0),
            (_, 1) => Place::ConnectHead(0),
            _ => Place::Body,
        }
    }

    fn body_byte(&mut self, byte: u8) -> u8 {
        match &mut self.place {
            Place::TopicLength(seen, len) => {
                *len = *len << 8 | u16::from(byte);
                *seen += 1;
                if *seen == 2 {
                    self.place = if *len > 0 { Place::Topic(*len) } else { self.after_topic() };
                }
            }
            Place::Topic(left) => {
                *left -= 1;
                if *left == 0 {
                    self.place = self.after_topic();
                }
            }
            Place::PacketId(1) => self.place = self.after_packet_id(),
            Place::PacketId(seen) => *seen += 1,
            &mut Place::PropertiesLength { shift, value } => {
                self.properties_length_byte(byte, shift, value);
            }
            Place::Properties(left) => {
                *left -= 1;
                if *left == 0 {
                    self.place = self.after_properties();
                }
            }
            Place::Payload(payload) => return payload.byte(byte),
            &mut Place::ConnectHead(seen) => self.connect_head_byte(byte, seen),
            Place::FieldLength(seen, len) => {
                *len = *len << 8 | u16::from(byte);
                *seen += 1;
                if *seen == 2 {
                    self.place = match *len {
                        0 => self.next_field(),
                        len => Place::Field(len, self.payloads.begin()),
                    };
                }
            }
            Place::Field(left, payload) => {
                let masked = match self.field {
                    WILL_PAYLOAD => payload.byte(byte),
                    PASSWORD_FIELD => PASSWORD,
                    _ => byte,
                };
                *left -= 1;
                if *left == 0 {
                    self.place = self.next_field();
                }
                return masked;
            }
            Place::Body | Place::First | Place::Length { .. } | Place::Lost(_) => {}
        }
        byte
    }

    const fn properties_length_byte(&mut self, byte: u8, shift: u8, value: usize) {
        let value = value | ((byte & 0x7F) as usize) << shift;
        self.place = match (byte & 0x80 != 0, shift) {
            (true, 21) => Place::Lost(self.payloads.begin()),
            (true, shift) => Place::PropertiesLength { shift: shift + 7, value },
            (false, _) if value == 0 => self.after_properties(),
            (false, _) => Place::Properties(value),
        };
    }

    /// The protocol's name, level, flags and keep alive.
    const fn connect_head_byte(&mut self, byte: u8, seen: u8) {
        if seen == 6 {
            self.has_properties = byte == LEVEL_5;
        }
        if seen == 7 {
            let (will, username, password) = (byte & 4, byte & 0x80, byte & 0x40);
            self.fields = 1 | (will >> 1 | will) | username >> 4 | password >> 2;
        }
        self.place = Place::ConnectHead(seen + 1);
        if seen + 1 == 10 {
            self.field = 0;
            self.place = self.properties_or(Place::FieldLength(0, 0));
        }
    }

    const fn after_topic(&self) -> Place {
        if self.has_id { Place::PacketId(0) } else { self.after_packet_id() }
    }

    const fn after_packet_id(&self) -> Place {
        self.properties_or(Place::Payload(self.payloads.begin()))
    }

    const fn properties_or(&self, other: Place) -> Place {
        if self.has_properties { Place::PropertiesLength { shift: 0, value: 0 } } else { other }
    }

    const fn after_properties(&self) -> Place {
        if self.is_connect {
            Place::FieldLength(0, 0)
        } else {
            Place::Payload(self.payloads.begin())
        }
    }

    const fn next_field(&mut self) -> Place {
        self.field += 1;
        while self.field <= PASSWORD_FIELD {
            if self.fields >> self.field & 1 == 1 {
                let field = Place::FieldLength(0, 0);
                return if self.field == WILL_TOPIC { self.properties_or(field) } else { field };
            }
            self.field += 1;
        }
        Place::Body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::{Connect, Packet, PacketId, Publish, QoS, Will, decode};
    use std::vec::Vec;

    const DISGUISED: Payloads = Payloads::Disguised { key: [1, 2] };

    fn masked(payloads: Payloads, bytes: &[u8]) -> Vec<u8> {
        let mut mask = Mask::new(payloads, ProtocolVersion::V3_1_1);
        bytes.iter().map(|byte| mask.byte(*byte)).collect()
    }

    fn encoded(packet: &Packet<'_>) -> Vec<u8> {
        let mut bytes = std::vec![0; packet.encoded_len()];
        packet.encode(&mut bytes).unwrap();
        bytes
    }

    fn publish(payload: &[u8], qos: QoS) -> Vec<u8> {
        let packet_id = PacketId::new(7).filter(|_| qos != QoS::AtMostOnce);
        let publish = Publish { dup: false, qos, retain: false, topic: "a/b", packet_id, payload };
        encoded(&Packet::Publish(publish))
    }

    #[test]
    fn a_password_never_shows_and_everything_else_of_a_connect_does() {
        for (will, username) in [(false, true), (true, true), (true, false)] {
            let will = will.then_some(Will {
                topic: "w",
                payload: b"gone",
                qos: QoS::AtLeastOnce,
                retain: false,
            });
            let connect = Connect {
                client_id: "id",
                clean_session: false,
                keep_alive_s: 9,
                will,
                username: username.then_some("me"),
                password: username.then_some(b"secret"),
            };
            let shown = Connect { password: username.then_some(b"******"), ..connect };
            let bytes = encoded(&Packet::Connect(connect));
            assert_eq!(masked(Payloads::Kept, &bytes), encoded(&Packet::Connect(shown)));
            let disguised = masked(DISGUISED, &bytes);
            let Ok(Packet::Connect(decoded)) = decode(&disguised) else { panic!() };
            assert_eq!((decoded.client_id, decoded.username), ("id", shown.username));
            assert_eq!(decoded.password, shown.password);
            assert_eq!(decoded.will.is_some(), will.is_some());
            assert_ne!(decoded.will.map(|will| will.payload), Some(&b"gone"[..]));
        }
    }

    #[test]
    fn payloads_are_disguised_whatever_their_pieces_and_the_packets_between_stay() {
        let stream = [
            publish(b"", QoS::AtMostOnce),
            publish(b"tomato", QoS::AtLeastOnce),
            std::vec![0xD0, 0, 0x40, 2, 0, 7],
            publish(b"tomatoes", QoS::AtMostOnce),
            publish(b"tomato", QoS::AtLeastOnce),
        ]
        .concat();
        assert_eq!(masked(Payloads::Kept, &stream), stream);
        let disguised = masked(DISGUISED, &stream);
        let hides = |part: &[u8]| !disguised.windows(part.len()).any(|window| window == part);
        assert!(hides(b"tom") && !hides(b"a/b") && !hides(&[0xD0, 0, 0x40, 2, 0, 7]));
        // Equal ones stay equal, and so do equal beginnings.
        let (first, last) = (&disguised[7..][9..15], &disguised[disguised.len() - 6..]);
        assert_eq!(first, last);
        assert_ne!(masked(Payloads::Disguised { key: [1, 3] }, &stream), disguised);
    }

    #[test]
    fn different_payloads_stay_different() {
        let disguise = |payload: &[u8]| {
            let mut begun = DISGUISED.begin();
            payload.iter().map(|byte| begun.byte(*byte)).collect::<Vec<_>>()
        };
        let all: std::collections::BTreeSet<_> =
            (0..=u16::MAX).map(|number| disguise(&number.to_be_bytes())).collect();
        assert_eq!(all.len(), 1 << 16);
    }

    #[test]
    fn what_is_no_mqtt_is_disguised_as_well() {
        let stream = [&[0x30, 0xFF, 0xFF, 0xFF, 0xFF][..], b"secret"].concat();
        let disguised = masked(DISGUISED, &stream);
        assert!(!disguised.ends_with(b"secret"));
        assert_eq!(disguised.len(), stream.len());
    }
}
