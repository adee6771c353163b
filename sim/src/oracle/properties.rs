//! The oracle's own reader of the properties of MQTT 5 (§2.2.2.2), written from the specification and
//! from nothing else.

mod values;

use fivewire_core::mqtt::v5;
use smallvec::SmallVec;

pub(super) use values::{are_of_publish, are_properties, id_is_among, is_topic_name};

pub(crate) const PAYLOAD_FORMAT_INDICATOR: u8 = 0x01;
const MESSAGE_EXPIRY_INTERVAL: u8 = 0x02;
pub(crate) const CONTENT_TYPE: u8 = 0x03;
pub(crate) const RESPONSE_TOPIC: u8 = 0x08;
pub(crate) const CORRELATION_DATA: u8 = 0x09;
const SUBSCRIPTION_IDENTIFIER: u8 = 0x0B;
const SESSION_EXPIRY_INTERVAL: u8 = 0x11;
const WILL_DELAY_INTERVAL: u8 = 0x18;
const TOPIC_ALIAS: u8 = 0x23;
pub(crate) const USER_PROPERTY: u8 = 0x26;
const MAXIMUM_PACKET_SIZE: u8 = 0x27;

/// The bytes of properties, of which each has the length it should have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Properties<'a>(&'a [u8]);

impl<'a> Properties<'a> {
    /// None.
    pub(crate) const NONE: Self = Self(&[]);

    /// `None` if they are none.
    pub(crate) fn of(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        while !rest.is_empty() {
            split(&mut rest)?;
        }
        Some(Self(bytes))
    }

    /// Each with its identifier and its value.
    pub(crate) fn iter(self) -> impl Iterator<Item = (u8, &'a [u8])> {
        let mut rest = self.0;
        std::iter::from_fn(move || split(&mut rest))
    }

    fn find(self, wanted: u8) -> Option<&'a [u8]> {
        self.iter().find(|&(id, _)| id == wanted).map(|(_, value)| value)
    }

    fn four_bytes(self, wanted: u8) -> Option<u32> {
        self.find(wanted)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// All of them, as they are in the packet.
    pub(crate) const fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// The value of a property that is a byte.
    pub(super) fn byte(self, wanted: u8) -> Option<u8> {
        self.find(wanted)?.first().copied()
    }

    /// The value of a property that is a number of two bytes.
    pub(super) fn two_bytes(self, wanted: u8) -> Option<u16> {
        self.find(wanted)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
    }

    /// The first subscription identifier.
    pub(super) fn identifier(self) -> Option<u32> {
        let digits = self.find(SUBSCRIPTION_IDENTIFIER)?.iter().enumerate();
        Some(digits.fold(0, |value, (place, &byte)| value | u32::from(byte & 0x7F) << (7 * place)))
    }

    /// For how many more seconds the message is worth delivering.
    pub(crate) fn expiry_s(self) -> Option<u32> {
        self.four_bytes(MESSAGE_EXPIRY_INTERVAL)
    }

    /// For how many seconds a session lasts without a connection.
    pub(crate) fn session_expiry_s(self) -> u32 {
        self.four_bytes(SESSION_EXPIRY_INTERVAL).unwrap_or(0)
    }

    /// The largest packet that the sender takes.
    pub(crate) fn packet_max_bytes(self) -> Option<u32> {
        self.four_bytes(MAXIMUM_PACKET_SIZE)
    }

    /// How many seconds a will waits.
    pub(crate) fn will_delay_s(self) -> u32 {
        self.four_bytes(WILL_DELAY_INTERVAL).unwrap_or(0)
    }

    /// What stands for the topic.
    pub(crate) fn alias(self) -> Option<u16> {
        self.two_bytes(TOPIC_ALIAS)
    }

    /// Calls `piece` with the bytes of those that nobody on the way may change (MQTT 5 §3.3.2.3). Only
    /// that of user properties is an order that means something [MQTT5-3.3.2-18], so the kinds are put
    /// into one.
    fn travelling(self, piece: &mut dyn FnMut(&[u8])) {
        let mut kept: SmallVec<[(u8, &[u8]); 8]> =
            self.iter().filter(|&(id, _)| travels(id)).collect();
        kept.sort_by_key(|&(id, _)| id);
        for (id, value) in kept {
            piece(&[id]);
            piece(value);
        }
    }

    /// Whether those that travel are these, as [`write_travelling`] writes them.
    pub(super) fn are(self, expected: &[u8]) -> bool {
        compared(expected, |piece| self.travelling(piece))
    }
}

/// Whether a property goes from the publisher to the subscriber as it is.
const fn travels(id: u8) -> bool {
    matches!(
        id,
        PAYLOAD_FORMAT_INDICATOR | CONTENT_TYPE | RESPONSE_TOPIC | CORRELATION_DATA | USER_PROPERTY
    )
}

/// Adds the same bytes for what an application said to `bytes`.
pub(super) fn write_travelling(properties: v5::Properties<'_>, bytes: &mut Vec<u8>) {
    travelling(properties, &mut |piece| bytes.extend_from_slice(piece));
}

/// Whether the properties that an application was told are these.
pub(super) fn are_told(properties: v5::Properties<'_>, expected: &[u8]) -> bool {
    compared(expected, |piece| travelling(properties, piece))
}

/// Whether the properties that an application was told of the broker are these, in this order.
pub(super) fn are_all(properties: v5::Properties<'_>, expected: &[u8]) -> bool {
    compared(expected, |piece| {
        for property in properties.iter() {
            said(property, piece);
        }
    })
}

/// Calls `piece` with a property of a CONNACK or DISCONNECT as it is in the packet.
fn said(property: v5::Property<'_>, piece: &mut dyn FnMut(&[u8])) {
    use v5::Property as Said;

    let mut number = |id: u8, value: &[u8]| {
        piece(&[id]);
        piece(value);
    };
    match property {
        Said::SessionExpiryInterval(seconds) => number(0x11, &seconds.to_be_bytes()),
        Said::ServerKeepAlive(seconds) => number(0x13, &seconds.to_be_bytes()),
        Said::ReceiveMaximum(maximum) => number(0x21, &maximum.to_be_bytes()),
        Said::TopicAliasMaximum(maximum) => number(0x22, &maximum.to_be_bytes()),
        Said::MaximumQos(qos) => number(0x24, &[qos as u8]),
        Said::RetainAvailable(is_so) => number(0x25, &[u8::from(is_so)]),
        Said::MaximumPacketSize(bytes) => number(MAXIMUM_PACKET_SIZE, &bytes.to_be_bytes()),
        Said::WildcardSubscriptionAvailable(is_so) => number(0x28, &[u8::from(is_so)]),
        Said::SubscriptionIdentifierAvailable(is_so) => number(0x29, &[u8::from(is_so)]),
        Said::SharedSubscriptionAvailable(is_so) => number(0x2A, &[u8::from(is_so)]),
        Said::AssignedClientIdentifier(text) => text_with(0x12, text, piece),
        Said::ResponseInformation(text) => text_with(0x1A, text, piece),
        Said::ServerReference(text) => text_with(0x1C, text, piece),
        Said::ReasonString(text) => text_with(0x1F, text, piece),
        Said::UserProperty(name, value) => {
            text_with(USER_PROPERTY, name, piece);
            field(value.as_bytes(), piece);
        }
        _ => piece(&[0]),
    }
}

fn text_with(id: u8, text: &str, piece: &mut dyn FnMut(&[u8])) {
    piece(&[id]);
    field(text.as_bytes(), piece);
}

fn travelling(properties: v5::Properties<'_>, piece: &mut dyn FnMut(&[u8])) {
    let mut kept: SmallVec<[(u8, v5::Property<'_>); 8]> =
        properties.iter().filter_map(|property| Some((id(&property)?, property))).collect();
    kept.sort_by_key(|&(id, _)| id);
    for (id, property) in kept {
        piece(&[id]);
        value(property, piece);
    }
}

/// Whether what `say` says piece by piece is `expected`.
fn compared(expected: &[u8], say: impl FnOnce(&mut dyn FnMut(&[u8]))) -> bool {
    let mut left = Some(expected);
    say(&mut |piece| left = left.and_then(|left| left.strip_prefix(piece)));
    left.is_some_and(<[u8]>::is_empty)
}

/// The identifier of a property that travels.
const fn id(property: &v5::Property<'_>) -> Option<u8> {
    Some(match property {
        v5::Property::PayloadFormatIndicator(_) => PAYLOAD_FORMAT_INDICATOR,
        v5::Property::ContentType(_) => CONTENT_TYPE,
        v5::Property::ResponseTopic(_) => RESPONSE_TOPIC,
        v5::Property::CorrelationData(_) => CORRELATION_DATA,
        v5::Property::UserProperty(..) => USER_PROPERTY,
        _ => return None,
    })
}

/// Calls `piece` with the value of a property that travels, as it is in a packet.
fn value(property: v5::Property<'_>, piece: &mut dyn FnMut(&[u8])) {
    match property {
        v5::Property::PayloadFormatIndicator(is_utf8) => piece(&[u8::from(is_utf8)]),
        v5::Property::ContentType(text) | v5::Property::ResponseTopic(text) => {
            field(text.as_bytes(), piece);
        }
        v5::Property::CorrelationData(data) => field(data, piece),
        v5::Property::UserProperty(name, value) => {
            field(name.as_bytes(), piece);
            field(value.as_bytes(), piece);
        }
        _ => {}
    }
}

fn field(text: &[u8], piece: &mut dyn FnMut(&[u8])) {
    let size_bytes = u16::try_from(text.len()).expect("MQTT has no longer texts");
    piece(&size_bytes.to_be_bytes());
    piece(text);
}

/// Takes a property off the front.
fn split<'a>(bytes: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&id, rest) = bytes.split_first()?;
    let size_bytes = match id {
        0x01 | 0x17 | 0x19 | 0x24 | 0x25 | 0x28 | 0x29 | 0x2A => 1,
        0x13 | 0x21 | 0x22 | 0x23 => 2,
        0x02 | 0x11 | 0x18 | 0x27 => 4,
        0x0B => 1 + rest.iter().take(3).take_while(|&&byte| byte & 0x80 != 0).count(),
        0x03 | 0x08 | 0x09 | 0x12 | 0x15 | 0x16 | 0x1A | 0x1C | 0x1F => text(rest)?,
        USER_PROPERTY => {
            let name = text(rest)?;
            name + text(rest.get(name..)?)?
        }
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(size_bytes)?;
    *bytes = rest;
    Some((id, value))
}

/// Bytes of a text with its length in front.
pub(crate) fn text(bytes: &[u8]) -> Option<usize> {
    let size_bytes = bytes.first_chunk().map(|size| u16::from_be_bytes(*size))?;
    Some(2 + usize::from(size_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(properties: &[v5::Property<'_>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_travelling(v5::Properties::of(properties), &mut bytes);
        bytes
    }

    #[test]
    fn properties_are_found_where_they_are() {
        let bytes =
            b"\x02\x00\x00\x00\x3c\x26\x00\x01k\x00\x02vw\x23\x00\x07\x0b\x80\x01\x09\x00\x01x";
        let properties = Properties::of(bytes).expect("they are well-formed");
        assert_eq!((properties.expiry_s(), properties.alias()), (Some(60), Some(7)));
        assert_eq!(properties.iter().count(), 5);
        let travelling = b"\x09\x00\x01x\x26\x00\x01k\x00\x02vw";
        assert!(properties.are(travelling));
        for size_bytes in 0..travelling.len() {
            assert!(!properties.are(&travelling[..size_bytes]), "{size_bytes}");
        }
        assert!(!properties.are(b"\x09\x00\x01x\x26\x00\x01k\x00\x02vw\x00"));
        let said = [
            v5::Property::MessageExpiryInterval(9),
            v5::Property::UserProperty("k", "vw"),
            v5::Property::CorrelationData(b"x"),
        ];
        assert_eq!(written(&said), travelling);
        assert!(are_told(v5::Properties::of(&said), travelling));
        let user = |first, second| {
            let [first, second] =
                [first, second].map(|value| v5::Property::UserProperty("k", value));
            written(&[first, v5::Property::ContentType("t"), second])
        };
        assert_ne!(user("1", "2"), user("2", "1"), "their order is theirs");
        for size_bytes in [1, 4, 8, 14, 17, 20] {
            assert_eq!(Properties::of(&bytes[..size_bytes]), None, "{size_bytes}");
        }
    }
}
