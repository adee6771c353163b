//! What a peer did against MQTT 3.1.1, with the clause it broke.

/// A protocol violation of the peer: the connection must be closed [MQTT-4.8.0-1].
///
/// Most are found by [`split()`](super::split()) and [`decode()`](super::decode()). The last ones
/// take knowledge of the connection and are found by the session or the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Breach {
    /// Packet types 0 and 15 are reserved (MQTT 3.1.1 §2.2.1).
    PacketType {
        /// The number of the type.
        packet_type: u8,
    },
    /// The flags of the fixed header are not those listed for the packet type [MQTT-2.2.2-2].
    ReservedFlags {
        /// The first byte of the packet, type and flags.
        first_byte: u8,
    },
    /// A PUBLISH has both QoS bits set [MQTT-3.3.1-4].
    QosThree,
    /// A PUBLISH with QoS 0 has DUP set [MQTT-3.3.1-2].
    DupWithQosZero,
    /// The remaining length has more than four bytes (MQTT 3.1.1 §2.2.3).
    RemainingLength,
    /// A packet of a type that has one length only has another (the packet's own section).
    WrongLength {
        /// The number of the type.
        packet_type: u8,
    },
    /// A field reaches beyond the end of the packet (MQTT 3.1.1 §2.2.3).
    Truncated {
        /// The number of the type, 0 if not even that is there.
        packet_type: u8,
    },
    /// There are bytes after the last field of the packet (MQTT 3.1.1 §2.2.3).
    TrailingBytes {
        /// The number of the type.
        packet_type: u8,
    },
    /// A text is not well-formed UTF-8 [MQTT-1.5.3-1].
    NotUtf8,
    /// A text contains U+0000 [MQTT-1.5.3-2].
    Nul,
    /// A packet identifier is 0 [MQTT-2.3.1-1].
    PacketIdZero,
    /// A topic name or topic filter is empty [MQTT-4.7.3-1].
    EmptyTopic,
    /// The topic name of a PUBLISH contains `+` or `#` [MQTT-3.3.2-2].
    TopicNameWildcard,
    /// The topic name of a will contains `+` or `#` [MQTT-4.7.1-1].
    WillTopicWildcard,
    /// `#` in a topic filter is not the last level, or not alone in it [MQTT-4.7.1-2].
    MultiLevelMisplaced,
    /// `+` in a topic filter is not alone in its level [MQTT-4.7.1-3].
    SingleLevelMisplaced,
    /// The protocol name of a CONNECT is not `MQTT` [MQTT-3.1.2-1].
    ProtocolName,
    /// The protocol level of a CONNECT is not 4. The server answers with
    /// [`UnacceptableProtocolVersion`](super::ConnectReturnCode::UnacceptableProtocolVersion)
    /// before it closes the connection [MQTT-3.1.2-2].
    ProtocolLevel {
        /// What the client speaks.
        level: u8,
    },
    /// The reserved bit of the connect flags is 1 [MQTT-3.1.2-3].
    ConnectReservedFlag,
    /// There is no will, but its QoS is not 0 [MQTT-3.1.2-13].
    WillQosWithoutWill,
    /// The QoS of a will is 3 [MQTT-3.1.2-14].
    WillQosThree,
    /// There is no will, but it is to be retained [MQTT-3.1.2-15].
    WillRetainWithoutWill,
    /// There is a password but no user name [MQTT-3.1.2-22].
    PasswordWithoutUsername,
    /// A reserved bit of the CONNACK flags is 1 (MQTT 3.1.1 §3.2.2.1).
    ConnackFlags {
        /// The byte of flags.
        flags: u8,
    },
    /// The return code of a CONNACK is reserved (MQTT 3.1.1 §3.2.2.3).
    ConnackReturnCode {
        /// The code.
        code: u8,
    },
    /// A CONNACK refuses the connection and claims a session [MQTT-3.2.2-4].
    SessionPresentWithRefusal,
    /// A SUBSCRIBE [MQTT-3.8.3-3] or UNSUBSCRIBE [MQTT-3.10.3-2] has no topic filter.
    NoFilters {
        /// The number of the type, 8 or 10.
        packet_type: u8,
    },
    /// The QoS byte of a SUBSCRIBE is not 0, 1 or 2 [MQTT-3.8.3-4].
    SubscribeQos {
        /// The byte.
        byte: u8,
    },
    /// A return code of a SUBACK is not 0, 1, 2 or 0x80 [MQTT-3.9.3-2].
    SubackReturnCode {
        /// The code.
        code: u8,
    },
    /// A SUBACK does not have as many return codes as the SUBSCRIBE had filters [MQTT-3.8.4-5].
    /// One without any is refused by [`decode()`](super::decode()).
    SubackCountMismatch,

    /// The first packet of the server is not CONNACK [MQTT-3.2.0-1].
    FirstPacketNotConnack,
    /// The first packet of the client is not CONNECT [MQTT-3.1.0-1].
    FirstPacketNotConnect,
    /// A client sent CONNECT again [MQTT-3.1.0-2].
    SecondConnect,
    /// A packet came that its sender may not send, or not now (MQTT 3.1.1 §2.2.1).
    UnexpectedPacket {
        /// The number of the type.
        packet_type: u8,
    },
    /// A session is present although a clean one was asked for [MQTT-3.2.2-1].
    SessionPresentWithCleanSession,
    /// A client identifier is empty without a clean session. The server answers with
    /// [`IdentifierRejected`](super::ConnectReturnCode::IdentifierRejected) before it closes the
    /// connection [MQTT-3.1.3-8].
    EmptyClientId,
    /// An answer carries an identifier that nothing in flight has (MQTT 3.1.1 §2.3.1).
    UnknownPacketId,

    /// What was broken is MQTT 5, on a connection that speaks it.
    #[cfg(feature = "mqtt5")]
    V5(super::v5::Breach),
}

impl Breach {
    /// The clause that was broken: its identifier, such as `"MQTT-3.3.1-4"`, or the section, such
    /// as `"MQTT 3.1.1 §2.2.3"`, where the specification gives none.
    #[must_use]
    pub const fn clause(self) -> &'static str {
        match self {
            Self::PacketType { .. } | Self::UnexpectedPacket { .. } => "MQTT 3.1.1 §2.2.1",
            Self::ReservedFlags { .. } => "MQTT-2.2.2-2",
            Self::QosThree => "MQTT-3.3.1-4",
            Self::DupWithQosZero => "MQTT-3.3.1-2",
            Self::WrongLength { packet_type } => length_clause(packet_type),
            Self::RemainingLength | Self::Truncated { .. } | Self::TrailingBytes { .. } => {
                "MQTT 3.1.1 §2.2.3"
            }
            Self::NotUtf8 => "MQTT-1.5.3-1",
            Self::Nul => "MQTT-1.5.3-2",
            Self::PacketIdZero => "MQTT-2.3.1-1",
            Self::EmptyTopic => "MQTT-4.7.3-1",
            Self::TopicNameWildcard => "MQTT-3.3.2-2",
            Self::WillTopicWildcard => "MQTT-4.7.1-1",
            Self::MultiLevelMisplaced => "MQTT-4.7.1-2",
            Self::SingleLevelMisplaced => "MQTT-4.7.1-3",
            Self::ProtocolName => "MQTT-3.1.2-1",
            Self::ProtocolLevel { .. } => "MQTT-3.1.2-2",
            Self::ConnectReservedFlag => "MQTT-3.1.2-3",
            Self::WillQosWithoutWill => "MQTT-3.1.2-13",
            Self::WillQosThree => "MQTT-3.1.2-14",
            Self::WillRetainWithoutWill => "MQTT-3.1.2-15",
            Self::PasswordWithoutUsername => "MQTT-3.1.2-22",
            Self::ConnackFlags { .. } => "MQTT 3.1.1 §3.2.2.1",
            Self::ConnackReturnCode { .. } => "MQTT 3.1.1 §3.2.2.3",
            Self::SessionPresentWithRefusal => "MQTT-3.2.2-4",
            Self::NoFilters { packet_type: 10 } => "MQTT-3.10.3-2",
            Self::NoFilters { .. } => "MQTT-3.8.3-3",
            Self::SubscribeQos { .. } => "MQTT-3.8.3-4",
            Self::SubackReturnCode { .. } => "MQTT-3.9.3-2",
            Self::SubackCountMismatch => "MQTT-3.8.4-5",
            Self::FirstPacketNotConnack => "MQTT-3.2.0-1",
            Self::FirstPacketNotConnect => "MQTT-3.1.0-1",
            Self::SecondConnect => "MQTT-3.1.0-2",
            Self::SessionPresentWithCleanSession => "MQTT-3.2.2-1",
            Self::EmptyClientId => "MQTT-3.1.3-8",
            Self::UnknownPacketId => "MQTT 3.1.1 §2.3.1",
            #[cfg(feature = "mqtt5")]
            Self::V5(breach) => breach.clause(),
        }
    }
}

/// The section that gives a packet of one length only this length.
const fn length_clause(packet_type: u8) -> &'static str {
    match packet_type {
        2 => "MQTT 3.1.1 §3.2.1",
        4 => "MQTT 3.1.1 §3.4.1",
        5 => "MQTT 3.1.1 §3.5.1",
        6 => "MQTT 3.1.1 §3.6.1",
        7 => "MQTT 3.1.1 §3.7.1",
        11 => "MQTT 3.1.1 §3.11.1",
        12 => "MQTT 3.1.1 §3.12.1",
        13 => "MQTT 3.1.1 §3.13.1",
        14 => "MQTT 3.1.1 §3.14.1",
        _ => "MQTT 3.1.1 §2.2.3",
    }
}

impl core::error::Error for Breach {}

#[cfg(feature = "mqtt5")]
impl From<super::v5::Breach> for Breach {
    fn from(breach: super::v5::Breach) -> Self {
        Self::V5(breach)
    }
}
