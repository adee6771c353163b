//! What a peer did against MQTT 5, with the clause it broke.

use super::reason::ReasonCode;

/// A protocol violation of the peer: the connection must be closed [MQTT5-4.13.1-1], after a
/// DISCONNECT with [`reason_code`](Self::reason_code) where there is a connection yet.
///
/// Most are found by [`split()`](super::split()) and [`decode()`](super::decode()). The last ones
/// take knowledge of the connection and are found by the session or the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Breach {
    /// Packet type 0 is reserved (MQTT 5 §2.1.2).
    PacketType {
        /// The number of the type.
        packet_type: u8,
    },
    /// The flags of the fixed header are not those listed for the packet type [MQTT5-2.1.3-1], for
    /// some types repeated: [MQTT5-3.6.1-1], [MQTT5-3.8.1-1], [MQTT5-3.10.1-1], [MQTT5-3.14.1-1],
    /// [MQTT5-3.15.1-1].
    ReservedFlags {
        /// The first byte of the packet, type and flags.
        first_byte: u8,
    },
    /// A PUBLISH has both QoS bits set [MQTT5-3.3.1-4].
    QosThree,
    /// A PUBLISH with QoS 0 has DUP set [MQTT5-3.3.1-2].
    DupWithQosZero,
    /// A variable byte integer has more than four bytes (MQTT 5 §1.5.5).
    VariableByteInteger,
    /// A variable byte integer has more bytes than it needs [MQTT5-1.5.5-1].
    NotMinimal,
    /// A packet of a type that has one length only has another (the packet's own section).
    WrongLength {
        /// The number of the type.
        packet_type: u8,
    },
    /// A field reaches beyond the end of the packet (MQTT 5 §2.1.4).
    Truncated {
        /// The number of the type, 0 if not even that is there.
        packet_type: u8,
    },
    /// There are bytes after the last field of the packet (MQTT 5 §2.1.4).
    TrailingBytes {
        /// The number of the type.
        packet_type: u8,
    },
    /// A text is not well-formed UTF-8 [MQTT5-1.5.4-1].
    NotUtf8,
    /// A text contains U+0000 [MQTT5-1.5.4-2].
    Nul,
    /// A packet identifier is 0 [MQTT5-2.2.1-3].
    PacketIdZero,
    /// A topic name or topic filter is empty [MQTT5-4.7.3-1].
    EmptyTopic,
    /// A PUBLISH has neither a topic name nor a topic alias (MQTT 5 §3.3.2.1).
    NoTopic,
    /// The topic name of a PUBLISH contains `+` or `#` [MQTT5-3.3.2-2].
    TopicNameWildcard,
    /// A response topic contains `+` or `#` [MQTT5-3.3.2-14].
    ResponseTopicWildcard,
    /// The topic name of a will contains `+` or `#` [MQTT5-4.7.0-1].
    WillTopicWildcard,
    /// `#` in a topic filter is not the last level, or not alone in it [MQTT5-4.7.1-1].
    MultiLevelMisplaced,
    /// `+` in a topic filter is not alone in its level [MQTT5-4.7.1-2].
    SingleLevelMisplaced,
    /// A shared subscription has no name [MQTT5-4.8.2-1].
    ShareNameMissing,
    /// The name of a shared subscription contains a wildcard, or no filter follows it
    /// [MQTT5-4.8.2-2].
    ShareNameMalformed,
    /// A shared subscription asks not to get its own messages [MQTT5-3.8.3-4].
    NoLocalShared,

    /// The properties reach beyond their own length (MQTT 5 §2.2.2.1).
    PropertyTruncated,
    /// No property has this identifier (MQTT 5 §2.2.2.2).
    PropertyUnknown {
        /// The identifier.
        id: u8,
    },
    /// The packet may not have this property (MQTT 5 §2.2.2.2).
    PropertyMisplaced {
        /// The identifier.
        id: u8,
    },
    /// A property is there twice that may be there once (the property's own section).
    PropertyRepeated {
        /// The identifier.
        id: u8,
    },
    /// A property has a value that it may not have (the property's own section).
    PropertyValue {
        /// The identifier.
        id: u8,
    },
    /// There are authentication data without a method (MQTT 5 §3.1.2.11.10).
    AuthenticationDataAlone,
    /// An AUTH does not name its method (MQTT 5 §3.15.2.2.2).
    AuthenticationMethodMissing,

    /// The protocol name of a CONNECT is not `MQTT` [MQTT5-3.1.2-1].
    ProtocolName,
    /// The protocol version of a CONNECT is not 5 [MQTT5-3.1.2-2].
    ProtocolVersion {
        /// What the client speaks; 4 is MQTT 3.1.1.
        version: u8,
    },
    /// The reserved bit of the connect flags is 1 [MQTT5-3.1.2-3].
    ConnectReservedFlag,
    /// There is no will, but its QoS is not 0 [MQTT5-3.1.2-13].
    WillQosWithoutWill,
    /// The QoS of a will is 3 [MQTT5-3.1.2-14].
    WillQosThree,
    /// There is no will, but it is to be retained [MQTT5-3.1.2-15].
    WillRetainWithoutWill,
    /// A reserved bit of the CONNACK flags is 1 [MQTT5-3.2.2-1].
    ConnackFlags {
        /// The byte of flags.
        flags: u8,
    },
    /// A CONNACK refuses the connection and claims a session [MQTT5-3.2.2-6].
    SessionPresentWithRefusal,
    /// A CONNACK has a reason code that it may not have [MQTT5-3.2.2-8].
    ConnackReasonCode {
        /// The code.
        code: u8,
    },
    /// A PUBACK has a reason code that it may not have [MQTT5-3.4.2-1].
    PubackReasonCode {
        /// The code.
        code: u8,
    },
    /// A PUBREC has a reason code that it may not have [MQTT5-3.5.2-1].
    PubrecReasonCode {
        /// The code.
        code: u8,
    },
    /// A PUBREL has a reason code that it may not have [MQTT5-3.6.2-1].
    PubrelReasonCode {
        /// The code.
        code: u8,
    },
    /// A PUBCOMP has a reason code that it may not have [MQTT5-3.7.2-1].
    PubcompReasonCode {
        /// The code.
        code: u8,
    },
    /// A SUBACK has a reason code that it may not have [MQTT5-3.9.3-2].
    SubackReasonCode {
        /// The code.
        code: u8,
    },
    /// An UNSUBACK has a reason code that it may not have [MQTT5-3.11.3-2].
    UnsubackReasonCode {
        /// The code.
        code: u8,
    },
    /// A DISCONNECT has a reason code that it may not have [MQTT5-3.14.2-1].
    DisconnectReasonCode {
        /// The code.
        code: u8,
    },
    /// An AUTH has a reason code that it may not have [MQTT5-3.15.2-1].
    AuthReasonCode {
        /// The code.
        code: u8,
    },
    /// A SUBSCRIBE [MQTT5-3.8.3-2] or UNSUBSCRIBE [MQTT5-3.10.3-2] has no topic filter.
    NoFilters {
        /// The number of the type, 8 or 10.
        packet_type: u8,
    },
    /// A reserved bit of subscription options is 1 [MQTT5-3.8.3-5].
    SubscriptionOptions {
        /// The byte.
        byte: u8,
    },
    /// The QoS in subscription options is 3 (MQTT 5 §3.8.3.1).
    SubscribeQosThree,
    /// The retain handling in subscription options is 3 (MQTT 5 §3.8.3.1).
    RetainHandlingThree,
    /// A SUBACK does not have as many reason codes as the SUBSCRIBE had filters [MQTT5-3.8.4-6].
    /// One without any is refused by [`decode()`](super::decode()).
    SubackCountMismatch,
    /// An UNSUBACK does not have as many reason codes as the UNSUBSCRIBE had filters
    /// [MQTT5-3.11.3-1]. One without any is refused by [`decode()`](super::decode()).
    UnsubackCountMismatch,

    /// The first packet of the server is not CONNACK [MQTT5-3.2.0-1].
    FirstPacketNotConnack,
    /// The first packet of the client is not CONNECT [MQTT5-3.1.0-1].
    FirstPacketNotConnect,
    /// A client sent CONNECT again [MQTT5-3.1.0-2].
    SecondConnect,
    /// A server sent CONNACK again [MQTT5-3.2.0-2].
    SecondConnack,
    /// A packet came that its sender may not send, or not now (MQTT 5 §2.1.2).
    UnexpectedPacket {
        /// The number of the type.
        packet_type: u8,
    },
    /// A session is present although a clean start was asked for [MQTT5-3.2.2-2].
    SessionPresentWithCleanStart,
    /// A server sent AUTH or an authentication method to a client that did not name one
    /// [MQTT5-4.12.0-6].
    AuthNotAskedFor,
    /// A packet is larger than its receiver said it takes [MQTT5-3.1.2-27].
    PacketTooLarge,
    /// More QoS 1 and 2 publications are under way than the receiver said it takes
    /// [MQTT5-3.3.4-9].
    ReceiveMaximumExceeded,
    /// A topic alias is larger than the receiver said it takes [MQTT5-3.3.2-11].
    TopicAliasTooLarge,
    /// A topic alias has no meaning yet on this connection (MQTT 5 §3.3.2.3.4).
    TopicAliasUnknown,
    /// A client sent a PUBLISH with a subscription identifier [MQTT5-3.3.4-6].
    SubscriptionIdentifierFromClient,
    /// A server sent a DISCONNECT with a session expiry interval [MQTT5-3.14.2-2].
    SessionExpiryFromServer,
    /// A client whose session was to end with the connection sent a DISCONNECT that prolongs it
    /// (MQTT 5 §3.14.2.2.2).
    SessionExpiryProlonged,
    /// A client without an identifier was accepted and not given one [MQTT5-3.2.2-16].
    NoAssignedClientIdentifier,
}

impl Breach {
    /// The clause that was broken: its identifier, such as `"MQTT5-3.3.1-4"`, or the section, such
    /// as `"MQTT 5 §2.1.4"`, where the specification gives none.
    #[must_use]
    pub const fn clause(self) -> &'static str {
        match self {
            Self::PacketType { .. } | Self::UnexpectedPacket { .. } => "MQTT 5 §2.1.2",
            Self::ReservedFlags { first_byte } => flags_clause(first_byte >> 4),
            Self::QosThree => "MQTT5-3.3.1-4",
            Self::DupWithQosZero => "MQTT5-3.3.1-2",
            Self::VariableByteInteger => "MQTT 5 §1.5.5",
            Self::NotMinimal => "MQTT5-1.5.5-1",
            Self::WrongLength { packet_type: 13 } => "MQTT 5 §3.13.1",
            Self::WrongLength { .. } => "MQTT 5 §3.12.1",
            Self::Truncated { .. } | Self::TrailingBytes { .. } => "MQTT 5 §2.1.4",
            Self::NotUtf8 => "MQTT5-1.5.4-1",
            Self::Nul => "MQTT5-1.5.4-2",
            Self::PacketIdZero => "MQTT5-2.2.1-3",
            Self::EmptyTopic => "MQTT5-4.7.3-1",
            Self::NoTopic => "MQTT 5 §3.3.2.1",
            Self::TopicNameWildcard => "MQTT5-3.3.2-2",
            Self::ResponseTopicWildcard => "MQTT5-3.3.2-14",
            Self::WillTopicWildcard => "MQTT5-4.7.0-1",
            Self::MultiLevelMisplaced => "MQTT5-4.7.1-1",
            Self::SingleLevelMisplaced => "MQTT5-4.7.1-2",
            Self::ShareNameMissing => "MQTT5-4.8.2-1",
            Self::ShareNameMalformed => "MQTT5-4.8.2-2",
            Self::NoLocalShared => "MQTT5-3.8.3-4",
            Self::PropertyTruncated => "MQTT 5 §2.2.2.1",
            Self::PropertyUnknown { .. } | Self::PropertyMisplaced { .. } => "MQTT 5 §2.2.2.2",
            Self::PropertyRepeated { id } => property_clause(id),
            Self::PropertyValue { id: 0x23 } => "MQTT5-3.3.2-8",
            Self::PropertyValue { id } => property_clause(id),
            Self::AuthenticationDataAlone => "MQTT 5 §3.1.2.11.10",
            Self::AuthenticationMethodMissing => "MQTT 5 §3.15.2.2.2",
            Self::ProtocolName => "MQTT5-3.1.2-1",
            Self::ProtocolVersion { .. } => "MQTT5-3.1.2-2",
            Self::ConnectReservedFlag => "MQTT5-3.1.2-3",
            Self::WillQosWithoutWill => "MQTT5-3.1.2-13",
            Self::WillQosThree => "MQTT5-3.1.2-14",
            Self::WillRetainWithoutWill => "MQTT5-3.1.2-15",
            Self::ConnackFlags { .. } => "MQTT5-3.2.2-1",
            Self::SessionPresentWithRefusal => "MQTT5-3.2.2-6",
            Self::ConnackReasonCode { .. } => "MQTT5-3.2.2-8",
            Self::PubackReasonCode { .. } => "MQTT5-3.4.2-1",
            Self::PubrecReasonCode { .. } => "MQTT5-3.5.2-1",
            Self::PubrelReasonCode { .. } => "MQTT5-3.6.2-1",
            Self::PubcompReasonCode { .. } => "MQTT5-3.7.2-1",
            Self::SubackReasonCode { .. } => "MQTT5-3.9.3-2",
            Self::UnsubackReasonCode { .. } => "MQTT5-3.11.3-2",
            Self::DisconnectReasonCode { .. } => "MQTT5-3.14.2-1",
            Self::AuthReasonCode { .. } => "MQTT5-3.15.2-1",
            Self::NoFilters { packet_type: 10 } => "MQTT5-3.10.3-2",
            Self::NoFilters { .. } => "MQTT5-3.8.3-2",
            Self::SubscriptionOptions { .. } => "MQTT5-3.8.3-5",
            Self::SubscribeQosThree | Self::RetainHandlingThree => "MQTT 5 §3.8.3.1",
            Self::SubackCountMismatch => "MQTT5-3.8.4-6",
            Self::UnsubackCountMismatch => "MQTT5-3.11.3-1",
            Self::FirstPacketNotConnack => "MQTT5-3.2.0-1",
            Self::FirstPacketNotConnect => "MQTT5-3.1.0-1",
            Self::SecondConnect => "MQTT5-3.1.0-2",
            Self::SecondConnack => "MQTT5-3.2.0-2",
            Self::SessionPresentWithCleanStart => "MQTT5-3.2.2-2",
            Self::AuthNotAskedFor => "MQTT5-4.12.0-6",
            Self::PacketTooLarge => "MQTT5-3.1.2-27",
            Self::ReceiveMaximumExceeded => "MQTT5-3.3.4-9",
            Self::TopicAliasTooLarge => "MQTT5-3.3.2-11",
            Self::TopicAliasUnknown => "MQTT 5 §3.3.2.3.4",
            Self::SubscriptionIdentifierFromClient => "MQTT5-3.3.4-6",
            Self::SessionExpiryFromServer => "MQTT5-3.14.2-2",
            Self::SessionExpiryProlonged => "MQTT 5 §3.14.2.2.2",
            Self::NoAssignedClientIdentifier => "MQTT5-3.2.2-16",
        }
    }

    /// What to tell the peer in the DISCONNECT, or in the CONNACK that answers its CONNECT
    /// (MQTT 5 §4.13).
    #[must_use]
    pub const fn reason_code(self) -> ReasonCode {
        match self {
            Self::ProtocolName | Self::ProtocolVersion { .. } => {
                ReasonCode::UnsupportedProtocolVersion
            }
            Self::PacketTooLarge => ReasonCode::PacketTooLarge,
            Self::ReceiveMaximumExceeded => ReasonCode::ReceiveMaximumExceeded,
            Self::TopicAliasTooLarge | Self::PropertyValue { id: 0x23 } => {
                ReasonCode::TopicAliasInvalid
            }
            Self::NoTopic
            | Self::NoLocalShared
            | Self::PropertyRepeated { .. }
            | Self::PropertyValue { .. }
            | Self::ResponseTopicWildcard
            | Self::AuthenticationDataAlone
            | Self::AuthenticationMethodMissing
            | Self::NoFilters { .. }
            | Self::RetainHandlingThree
            | Self::SubackCountMismatch
            | Self::UnsubackCountMismatch
            | Self::SessionPresentWithRefusal
            | Self::FirstPacketNotConnack
            | Self::FirstPacketNotConnect
            | Self::SecondConnect
            | Self::SecondConnack
            | Self::UnexpectedPacket { .. }
            | Self::SessionPresentWithCleanStart
            | Self::AuthNotAskedFor
            | Self::TopicAliasUnknown
            | Self::SubscriptionIdentifierFromClient
            | Self::SessionExpiryFromServer
            | Self::SessionExpiryProlonged
            | Self::NoAssignedClientIdentifier => ReasonCode::ProtocolError,
            Self::EmptyTopic | Self::TopicNameWildcard | Self::WillTopicWildcard => {
                ReasonCode::TopicNameInvalid
            }
            Self::MultiLevelMisplaced
            | Self::SingleLevelMisplaced
            | Self::ShareNameMissing
            | Self::ShareNameMalformed => ReasonCode::TopicFilterInvalid,
            _ => ReasonCode::MalformedPacket,
        }
    }
}

const fn flags_clause(packet_type: u8) -> &'static str {
    match packet_type {
        6 => "MQTT5-3.6.1-1",
        8 => "MQTT5-3.8.1-1",
        10 => "MQTT5-3.10.1-1",
        14 => "MQTT5-3.14.1-1",
        15 => "MQTT5-3.15.1-1",
        _ => "MQTT5-2.1.3-1",
    }
}

/// The section of a property. Several packets may have it; their sections say the same, so the
/// first one is named.
const fn property_clause(id: u8) -> &'static str {
    match id {
        0x01 => "MQTT 5 §3.3.2.3.2",
        0x02 => "MQTT 5 §3.3.2.3.3",
        0x03 => "MQTT 5 §3.3.2.3.9",
        0x08 => "MQTT 5 §3.3.2.3.5",
        0x09 => "MQTT 5 §3.3.2.3.6",
        0x0B => "MQTT 5 §3.8.2.1.2",
        0x11 => "MQTT 5 §3.1.2.11.2",
        0x12 => "MQTT 5 §3.2.2.3.7",
        0x13 => "MQTT 5 §3.2.2.3.14",
        0x15 => "MQTT 5 §3.1.2.11.9",
        0x16 => "MQTT 5 §3.1.2.11.10",
        0x17 => "MQTT 5 §3.1.2.11.7",
        0x18 => "MQTT 5 §3.1.3.2.2",
        0x19 => "MQTT 5 §3.1.2.11.6",
        0x1A => "MQTT 5 §3.2.2.3.15",
        0x1C => "MQTT 5 §3.2.2.3.16",
        0x1F => "MQTT 5 §3.2.2.3.9",
        0x21 => "MQTT 5 §3.1.2.11.3",
        0x22 => "MQTT 5 §3.1.2.11.5",
        0x23 => "MQTT 5 §3.3.2.3.4",
        0x24 => "MQTT 5 §3.2.2.3.4",
        0x25 => "MQTT 5 §3.2.2.3.5",
        0x27 => "MQTT 5 §3.1.2.11.4",
        0x28 => "MQTT 5 §3.2.2.3.11",
        0x29 => "MQTT 5 §3.2.2.3.12",
        0x2A => "MQTT 5 §3.2.2.3.13",
        _ => "MQTT 5 §2.2.2.2",
    }
}

impl core::error::Error for Breach {}
