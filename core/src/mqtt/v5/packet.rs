//! The fifteen packets as values that borrow their texts and payloads.

use super::connect::{Connack, Connect};
use super::properties::Properties;
use super::reason::ReasonCode;
use super::subscribe::{Suback, Subscribe, Unsuback, Unsubscribe};
use crate::mqtt::{PacketId, QoS, packet};

/// A packet, in the order of MQTT 5 table 2-1.
///
/// Exhaustive on purpose: MQTT 5 is finished, and whoever handles packets handles all of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Packet<'a> {
    /// A client wants to connect.
    Connect(Connect<'a>),
    /// The server answers CONNECT.
    Connack(Connack<'a>),
    /// A message, in either direction.
    Publish(Publish<'a>),
    /// Answers a PUBLISH with QoS 1.
    Puback(Ack<'a>),
    /// Answers a PUBLISH with QoS 2: the first of three steps.
    Pubrec(Ack<'a>),
    /// Answers PUBREC.
    Pubrel(Ack<'a>),
    /// Answers PUBREL.
    Pubcomp(Ack<'a>),
    /// A client asks for messages.
    Subscribe(Subscribe<'a>),
    /// The server answers SUBSCRIBE.
    Suback(Suback<'a>),
    /// A client wants no more messages.
    Unsubscribe(Unsubscribe<'a>),
    /// The server answers UNSUBSCRIBE.
    Unsuback(Unsuback<'a>),
    /// A client shows that it lives and asks whether the server does.
    Pingreq,
    /// The server answers PINGREQ.
    Pingresp,
    /// One end closes the connection and says why.
    Disconnect(Disconnect<'a>),
    /// A step of an authentication that takes more than CONNECT and CONNACK.
    Auth(Auth<'a>),
}

impl Packet<'_> {
    /// The number of the packet's type, 1 to 15 (MQTT 5 §2.1.2).
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
            Self::Disconnect(_) => 14,
            Self::Auth(_) => 15,
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
    if packet_type == 15 { "AUTH" } else { packet::type_name(packet_type) }
}

/// PUBLISH: a message (MQTT 5 §3.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Publish<'a> {
    /// Whether it may have been sent before [MQTT5-3.3.1-1]. False with QoS 0 [MQTT5-3.3.1-2].
    pub dup: bool,
    /// How surely it is to arrive.
    pub qos: QoS,
    /// To the server: keep it for later subscribers. From the server: it was kept.
    pub retain: bool,
    /// A topic name, see [`validate_name`](crate::mqtt::topic::validate_name). Empty only with a
    /// [`TopicAlias`](super::Property::TopicAlias) that an earlier packet gave a meaning.
    pub topic: &'a str,
    /// There with QoS 1 and 2 [MQTT5-2.2.1-3], and only there [MQTT5-2.2.1-2].
    pub packet_id: Option<PacketId>,
    /// What travels with the payload.
    pub properties: Properties<'a>,
    /// Any bytes, also none. [`REMAINING_LENGTH_MAX`](crate::mqtt::REMAINING_LENGTH_MAX) limits
    /// them.
    pub payload: &'a [u8],
}

impl<'a> Publish<'a> {
    /// A message that is not retained, without a packet identifier and without properties.
    #[must_use]
    pub const fn new(topic: &'a str, payload: &'a [u8], qos: QoS) -> Self {
        Self {
            dup: false,
            qos,
            retain: false,
            topic,
            packet_id: None,
            properties: Properties::NONE,
            payload,
        }
    }
}

/// PUBACK, PUBREC, PUBREL or PUBCOMP (MQTT 5 §3.4 to §3.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ack<'a> {
    /// That of the PUBLISH [MQTT5-2.2.1-5].
    pub packet_id: PacketId,
    /// What became of it. [`ReasonCode::Success`] without properties takes no byte on the wire.
    pub reason_code: ReasonCode,
    /// A reason string and user properties.
    pub properties: Properties<'a>,
}

impl Ack<'_> {
    /// All went well.
    #[must_use]
    pub const fn success(packet_id: PacketId) -> Self {
        Self { packet_id, reason_code: ReasonCode::Success, properties: Properties::NONE }
    }
}

/// DISCONNECT: the last packet of the end that closes the connection (MQTT 5 §3.14).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Disconnect<'a> {
    /// Why. [`ReasonCode::Success`] without properties takes no byte on the wire.
    pub reason_code: ReasonCode,
    /// A reason string, a server reference, another session expiry interval.
    pub properties: Properties<'a>,
}

impl Disconnect<'_> {
    /// With this reason and nothing else.
    #[must_use]
    pub const fn new(reason_code: ReasonCode) -> Self {
        Self { reason_code, properties: Properties::NONE }
    }
}

/// AUTH: a step of an authentication (MQTT 5 §3.15).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Auth<'a> {
    /// [`Success`](ReasonCode::Success), [`ContinueAuthentication`](ReasonCode::ContinueAuthentication)
    /// or [`ReAuthenticate`](ReasonCode::ReAuthenticate).
    pub reason_code: ReasonCode,
    /// The method of authentication, and what it needs.
    pub properties: Properties<'a>,
}
