//! The fourteen packets as values that borrow their texts and payloads.

use core::fmt;
use core::num::NonZeroU16;

use super::connect::{Connack, Connect};
use super::lists::{Filters, ReturnCodes};

/// How surely a message arrives (MQTT 3.1.1 §4.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum QoS {
    /// QoS 0: lost if the connection is.
    AtMostOnce = 0,
    /// QoS 1: sent until acknowledged, so it may arrive more than once.
    AtLeastOnce = 1,
    /// QoS 2: neither lost nor repeated.
    ExactlyOnce = 2,
}

impl QoS {
    /// The quality of service with this number; `None` from 3 on [MQTT-3.3.1-4].
    #[must_use]
    #[inline]
    pub const fn from_u8(qos: u8) -> Option<Self> {
        match qos {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }

    /// The number on the wire, 0 to 2.
    #[must_use]
    #[inline]
    pub const fn as_u8(self) -> u8 {
        self as u8
    }
}

/// Ties an acknowledgement to its packet: 1 to 65,535 [MQTT-2.3.1-1].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PacketId(NonZeroU16);

impl PacketId {
    /// The identifier `id`; `None` for 0, which no packet may carry.
    #[must_use]
    #[inline]
    pub const fn new(id: u16) -> Option<Self> {
        match NonZeroU16::new(id) {
            Some(id) => Some(Self(id)),
            None => None,
        }
    }

    /// The number on the wire.
    #[must_use]
    #[inline]
    pub const fn get(self) -> u16 {
        self.0.get()
    }
}

impl fmt::Display for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A packet, in the order of MQTT 3.1.1 table 2.1.
///
/// Exhaustive on purpose: MQTT 3.1.1 is finished, and whoever handles packets handles all of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Packet<'a> {
    /// A client wants to connect.
    Connect(Connect<'a>),
    /// The server answers CONNECT.
    Connack(Connack),
    /// A message, in either direction.
    Publish(Publish<'a>),
    /// Answers a PUBLISH with QoS 1.
    Puback(PacketId),
    /// Answers a PUBLISH with QoS 2: the first of three steps.
    Pubrec(PacketId),
    /// Answers PUBREC.
    Pubrel(PacketId),
    /// Answers PUBREL.
    Pubcomp(PacketId),
    /// A client asks for messages.
    Subscribe(Subscribe<'a>),
    /// The server answers SUBSCRIBE.
    Suback(Suback<'a>),
    /// A client wants no more messages.
    Unsubscribe(Unsubscribe<'a>),
    /// The server answers UNSUBSCRIBE.
    Unsuback(PacketId),
    /// A client shows that it lives and asks whether the server does.
    Pingreq,
    /// The server answers PINGREQ.
    Pingresp,
    /// A client leaves, and its will is not to be published.
    Disconnect,
}

impl Packet<'_> {
    /// The number of the packet's type, 1 to 14 (MQTT 3.1.1 §2.2.1).
    #[must_use]
    pub const fn packet_type(&self) -> u8 {
        match self {
            Self::Connect(_) => 1,
            Self::Connack(_) => 2,
            Self::Publish(_) => 3,
            Self::Puback(_) => 4,
            Self::Pubrec(_) => 5,
            Self::Pubrel(_) => 6,
            Self::Pubcomp(_) => 7,
            Self::Subscribe(_) => 8,
            Self::Suback(_) => 9,
            Self::Unsubscribe(_) => 10,
            Self::Unsuback(_) => 11,
            Self::Pingreq => 12,
            Self::Pingresp => 13,
            Self::Disconnect => 14,
        }
    }

    /// The name the specification gives it, such as `"PUBLISH"`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        type_name(self.packet_type())
    }
}

/// The name of a packet type.
pub(super) const fn type_name(packet_type: u8) -> &'static str {
    match packet_type {
        1 => "CONNECT",
        2 => "CONNACK",
        3 => "PUBLISH",
        4 => "PUBACK",
        5 => "PUBREC",
        6 => "PUBREL",
        7 => "PUBCOMP",
        8 => "SUBSCRIBE",
        9 => "SUBACK",
        10 => "UNSUBSCRIBE",
        11 => "UNSUBACK",
        12 => "PINGREQ",
        13 => "PINGRESP",
        14 => "DISCONNECT",
        _ => "a packet of no known type",
    }
}

/// PUBLISH: a message (MQTT 3.1.1 §3.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Publish<'a> {
    /// Whether it may have been sent before [MQTT-3.3.1-1]. False with QoS 0 [MQTT-3.3.1-2].
    pub dup: bool,
    /// How surely it is to arrive.
    pub qos: QoS,
    /// To the server: keep it for later subscribers. From the server: it was kept.
    pub retain: bool,
    /// A topic name, see [`validate_name`](super::topic::validate_name).
    pub topic: &'a str,
    /// There with QoS 1 and 2 [MQTT-2.3.1-1], and only there [MQTT-2.3.1-5].
    pub packet_id: Option<PacketId>,
    /// Any bytes, also none. [`REMAINING_LENGTH_MAX`](super::REMAINING_LENGTH_MAX) limits them.
    pub payload: &'a [u8],
}

/// SUBSCRIBE: a client asks for messages (MQTT 3.1.1 §3.8).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Subscribe<'a> {
    /// SUBACK repeats it [MQTT-2.3.1-7].
    pub packet_id: PacketId,
    /// What is asked for and the QoS wanted for it, at least one [MQTT-3.8.3-3].
    pub filters: Filters<'a>,
}

/// UNSUBSCRIBE: a client wants no more messages (MQTT 3.1.1 §3.10).
///
/// No QoS is on the wire: that of `filters` is ignored, also in comparisons.
#[derive(Clone, Copy, Debug)]
pub struct Unsubscribe<'a> {
    /// UNSUBACK repeats it [MQTT-2.3.1-7].
    pub packet_id: PacketId,
    /// The filters as they were subscribed to, letter by letter, at least one [MQTT-3.10.3-2].
    pub filters: Filters<'a>,
}

impl PartialEq for Unsubscribe<'_> {
    fn eq(&self, other: &Self) -> bool {
        let texts = self.filters.iter().map(|(filter, _)| filter);
        self.packet_id == other.packet_id
            && texts.eq(other.filters.iter().map(|(filter, _)| filter))
    }
}

impl Eq for Unsubscribe<'_> {}

/// SUBACK: the server answers SUBSCRIBE (MQTT 3.1.1 §3.9).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Suback<'a> {
    /// That of the SUBSCRIBE [MQTT-2.3.1-7].
    pub packet_id: PacketId,
    /// One for each filter [MQTT-3.8.4-5], in their order [MQTT-3.9.3-1].
    pub return_codes: ReturnCodes<'a>,
}

/// The server's decision about one filter (MQTT 3.1.1 §3.9.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SubscribeReturnCode {
    /// Subscribed. The QoS may be lower than the one asked for.
    Granted(QoS),
    /// Refused.
    Failure,
}

impl SubscribeReturnCode {
    /// The code with this number, one of 0, 1, 2 and 0x80; `None` for others [MQTT-3.9.3-2].
    #[must_use]
    pub const fn from_u8(code: u8) -> Option<Self> {
        match (code, QoS::from_u8(code)) {
            (_, Some(qos)) => Some(Self::Granted(qos)),
            (0x80, None) => Some(Self::Failure),
            (_, None) => None,
        }
    }

    /// The number on the wire.
    #[must_use]
    pub const fn as_u8(self) -> u8 {
        match self {
            Self::Granted(qos) => qos.as_u8(),
            Self::Failure => 0x80,
        }
    }
}
