//! What became of a request (MQTT 5 §2.4), and what that means for trying it again.

/// A reason code (MQTT 5 §2.4). Below 0x80 is success, from 0x80 on is failure.
///
/// The names are those of the specification. It has three for 0: [`Success`](Self::Success),
/// granted QoS 0 in a SUBACK, normal disconnection in a DISCONNECT.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum ReasonCode {
    /// Done. In a SUBACK: granted with QoS 0. In a DISCONNECT: normally, and without the will.
    Success = 0x00,
    /// Subscribed with QoS 1.
    GrantedQos1 = 0x01,
    /// Subscribed with QoS 2.
    GrantedQos2 = 0x02,
    /// A client leaves, and its will is to be published all the same.
    DisconnectWithWillMessage = 0x04,
    /// Accepted, but nobody has subscribed to it. Only servers that want to tell do.
    NoMatchingSubscribers = 0x10,
    /// There was no such subscription to be ended.
    NoSubscriptionExisted = 0x11,
    /// The authentication goes on with another step.
    ContinueAuthentication = 0x18,
    /// A client starts a new authentication.
    ReAuthenticate = 0x19,
    /// The sender does not want to say why, or no other code applies.
    UnspecifiedError = 0x80,
    /// A packet could not be parsed.
    MalformedPacket = 0x81,
    /// A packet came that may not come, or not now, or not with these contents.
    ProtocolError = 0x82,
    /// A valid packet that this implementation does not accept.
    ImplementationSpecificError = 0x83,
    /// The server does not speak the client's version of MQTT.
    UnsupportedProtocolVersion = 0x84,
    /// The client identifier is not allowed.
    ClientIdentifierNotValid = 0x85,
    /// The user name or password is not accepted.
    BadUserNameOrPassword = 0x86,
    /// The client may not do this.
    NotAuthorized = 0x87,
    /// The server is not available.
    ServerUnavailable = 0x88,
    /// The server is busy: try later.
    ServerBusy = 0x89,
    /// The client was banned by hand.
    Banned = 0x8A,
    /// The server shuts down.
    ServerShuttingDown = 0x8B,
    /// The method of authentication is not supported, or not the one agreed on.
    BadAuthenticationMethod = 0x8C,
    /// Nothing was heard for 1.5 times keep alive.
    KeepAliveTimeout = 0x8D,
    /// Another connection took the client identifier over.
    SessionTakenOver = 0x8E,
    /// The topic filter is well formed, but not accepted here.
    TopicFilterInvalid = 0x8F,
    /// The topic name is well formed, but not accepted here.
    TopicNameInvalid = 0x90,
    /// The packet identifier is in use already: the two ends disagree about the session.
    PacketIdentifierInUse = 0x91,
    /// The packet identifier is not known: normal while a session is recovered.
    PacketIdentifierNotFound = 0x92,
    /// More publications are under way than the receiver said it takes.
    ReceiveMaximumExceeded = 0x93,
    /// A topic alias is 0 or larger than the receiver said it takes.
    TopicAliasInvalid = 0x94,
    /// A packet is larger than the receiver said it takes.
    PacketTooLarge = 0x95,
    /// The client sends too much.
    MessageRateTooHigh = 0x96,
    /// A limit that an administrator set is reached.
    QuotaExceeded = 0x97,
    /// An administrator closed the connection.
    AdministrativeAction = 0x98,
    /// The payload is not what its format indicator says.
    PayloadFormatInvalid = 0x99,
    /// The server keeps no retained messages.
    RetainNotSupported = 0x9A,
    /// The server does not offer this QoS.
    QosNotSupported = 0x9B,
    /// Use another server for now.
    UseAnotherServer = 0x9C,
    /// Use another server from now on.
    ServerMoved = 0x9D,
    /// The server has no shared subscriptions.
    SharedSubscriptionsNotSupported = 0x9E,
    /// Connections come too fast.
    ConnectionRateExceeded = 0x9F,
    /// The connection lasted as long as connections may.
    MaximumConnectTime = 0xA0,
    /// The server has no subscription identifiers.
    SubscriptionIdentifiersNotSupported = 0xA1,
    /// The server has no wildcards in subscriptions.
    WildcardSubscriptionsNotSupported = 0xA2,
}

/// What a failure means for doing the same again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Retry {
    /// The same request can succeed at another time: pause, then try again.
    Later,
    /// Try another server; [`server_reference`](super::Properties::server_reference) may name it.
    Elsewhere,
    /// The same request fails until somebody changes something: credentials, rights, a topic, the
    /// limits of the server.
    AfterChange,
    /// One of the two ends has a bug, or was told to stay away: trying again only repeats it.
    Never,
}

/// Every code.
const ALL: [ReasonCode; 43] = {
    use ReasonCode as R;
    [
        R::Success,
        R::GrantedQos1,
        R::GrantedQos2,
        R::DisconnectWithWillMessage,
        R::NoMatchingSubscribers,
        R::NoSubscriptionExisted,
        R::ContinueAuthentication,
        R::ReAuthenticate,
        R::UnspecifiedError,
        R::MalformedPacket,
        R::ProtocolError,
        R::ImplementationSpecificError,
        R::UnsupportedProtocolVersion,
        R::ClientIdentifierNotValid,
        R::BadUserNameOrPassword,
        R::NotAuthorized,
        R::ServerUnavailable,
        R::ServerBusy,
        R::Banned,
        R::ServerShuttingDown,
        R::BadAuthenticationMethod,
        R::KeepAliveTimeout,
        R::SessionTakenOver,
        R::TopicFilterInvalid,
        R::TopicNameInvalid,
        R::PacketIdentifierInUse,
        R::PacketIdentifierNotFound,
        R::ReceiveMaximumExceeded,
        R::TopicAliasInvalid,
        R::PacketTooLarge,
        R::MessageRateTooHigh,
        R::QuotaExceeded,
        R::AdministrativeAction,
        R::PayloadFormatInvalid,
        R::RetainNotSupported,
        R::QosNotSupported,
        R::UseAnotherServer,
        R::ServerMoved,
        R::SharedSubscriptionsNotSupported,
        R::ConnectionRateExceeded,
        R::MaximumConnectTime,
        R::SubscriptionIdentifiersNotSupported,
        R::WildcardSubscriptionsNotSupported,
    ]
};

/// The first codes of [`ALL`], whose numbers have gaps. From 0x80 on there are none.
const SUCCESSES: usize = 8;

// Bits of the packet types that may carry a code: `1 << packet_type`.
const CONNACK: u16 = 1 << 2;
const PUBLISHED: u16 = 1 << 4 | 1 << 5;
const RELEASED: u16 = 1 << 6 | 1 << 7;
const SUBACK: u16 = 1 << 9;
const UNSUBACK: u16 = 1 << 11;
const DISCONNECT: u16 = 1 << 14;
const AUTH: u16 = 1 << 15;

impl ReasonCode {
    /// The code with this number, `None` if the specification gives it no meaning.
    #[must_use]
    pub const fn from_u8(code: u8) -> Option<Self> {
        if code >= 0x80 {
            let place = SUCCESSES + (code - 0x80) as usize;
            return if place < ALL.len() { Some(ALL[place]) } else { None };
        }
        Some(match code {
            0x00 => Self::Success,
            0x01 => Self::GrantedQos1,
            0x02 => Self::GrantedQos2,
            0x04 => Self::DisconnectWithWillMessage,
            0x10 => Self::NoMatchingSubscribers,
            0x11 => Self::NoSubscriptionExisted,
            0x18 => Self::ContinueAuthentication,
            0x19 => Self::ReAuthenticate,
            _ => return None,
        })
    }

    /// The number on the wire.
    #[must_use]
    pub const fn as_u8(self) -> u8 {
        self as u8
    }

    /// Every code, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.into_iter()
    }

    /// 0x80 and above.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        self.as_u8() >= 0x80
    }

    /// Whether a packet of this type may carry the code (MQTT 5 table 2.6). Where that table and
    /// the section of a packet differ, what either lists is allowed.
    #[must_use]
    pub const fn is_allowed_in(self, packet_type: u8) -> bool {
        packet_type < 16 && self.packets() >> packet_type & 1 == 1
    }

    const fn packets(self) -> u16 {
        match self {
            Self::Success => CONNACK | PUBLISHED | RELEASED | SUBACK | UNSUBACK | DISCONNECT | AUTH,
            Self::GrantedQos1 | Self::GrantedQos2 => SUBACK,
            Self::DisconnectWithWillMessage
            | Self::ServerShuttingDown
            | Self::KeepAliveTimeout
            | Self::SessionTakenOver
            | Self::ReceiveMaximumExceeded
            | Self::TopicAliasInvalid
            | Self::MessageRateTooHigh
            | Self::AdministrativeAction
            | Self::MaximumConnectTime => DISCONNECT,
            Self::NoMatchingSubscribers => PUBLISHED,
            Self::NoSubscriptionExisted => UNSUBACK,
            Self::ContinueAuthentication | Self::ReAuthenticate => AUTH,
            Self::UnspecifiedError | Self::ImplementationSpecificError | Self::NotAuthorized => {
                CONNACK | PUBLISHED | SUBACK | UNSUBACK | DISCONNECT
            }
            Self::UnsupportedProtocolVersion
            | Self::ClientIdentifierNotValid
            | Self::BadUserNameOrPassword
            | Self::ServerUnavailable
            | Self::Banned => CONNACK,
            Self::MalformedPacket
            | Self::ProtocolError
            | Self::ServerBusy
            | Self::BadAuthenticationMethod
            | Self::PacketTooLarge
            | Self::RetainNotSupported
            | Self::QosNotSupported
            | Self::UseAnotherServer
            | Self::ServerMoved
            | Self::ConnectionRateExceeded => CONNACK | DISCONNECT,
            Self::TopicFilterInvalid => SUBACK | UNSUBACK | DISCONNECT,
            Self::TopicNameInvalid | Self::PayloadFormatInvalid => CONNACK | PUBLISHED | DISCONNECT,
            Self::PacketIdentifierInUse => PUBLISHED | SUBACK | UNSUBACK,
            Self::PacketIdentifierNotFound => RELEASED,
            Self::QuotaExceeded => CONNACK | PUBLISHED | SUBACK | DISCONNECT,
            Self::SharedSubscriptionsNotSupported
            | Self::SubscriptionIdentifiersNotSupported
            | Self::WildcardSubscriptionsNotSupported => SUBACK | DISCONNECT,
        }
    }

    /// What the failure means for doing the same again; `None` for a success.
    ///
    /// It is advice for the request that failed. A publication that the server refused is done with
    /// [MQTT5-4.4.0-2]: only the application can decide to publish it once more.
    #[must_use]
    pub const fn retry(self) -> Option<Retry> {
        Some(match self {
            Self::Success
            | Self::GrantedQos1
            | Self::GrantedQos2
            | Self::DisconnectWithWillMessage
            | Self::NoMatchingSubscribers
            | Self::NoSubscriptionExisted
            | Self::ContinueAuthentication
            | Self::ReAuthenticate => return None,
            Self::UnspecifiedError
            | Self::ServerUnavailable
            | Self::ServerBusy
            | Self::ServerShuttingDown
            | Self::KeepAliveTimeout
            | Self::PacketIdentifierInUse
            | Self::PacketIdentifierNotFound
            | Self::MessageRateTooHigh
            | Self::QuotaExceeded
            | Self::AdministrativeAction
            | Self::ConnectionRateExceeded
            | Self::MaximumConnectTime => Retry::Later,
            Self::UseAnotherServer | Self::ServerMoved => Retry::Elsewhere,
            Self::ImplementationSpecificError
            | Self::UnsupportedProtocolVersion
            | Self::ClientIdentifierNotValid
            | Self::BadUserNameOrPassword
            | Self::NotAuthorized
            | Self::BadAuthenticationMethod
            | Self::TopicFilterInvalid
            | Self::TopicNameInvalid
            | Self::PacketTooLarge
            | Self::PayloadFormatInvalid
            | Self::RetainNotSupported
            | Self::QosNotSupported
            | Self::SharedSubscriptionsNotSupported
            | Self::SubscriptionIdentifiersNotSupported
            | Self::WildcardSubscriptionsNotSupported => Retry::AfterChange,
            Self::MalformedPacket
            | Self::ProtocolError
            | Self::Banned
            | Self::SessionTakenOver
            | Self::ReceiveMaximumExceeded
            | Self::TopicAliasInvalid => Retry::Never,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_the_code_that_has_it() {
        let known = (0..=u8::MAX).filter_map(ReasonCode::from_u8);
        assert!(known.clone().eq(ReasonCode::all()));
        assert!(ReasonCode::all().is_sorted());
        for number in 0..=u8::MAX {
            let code = ReasonCode::from_u8(number);
            assert!(code.is_none_or(|code| code.as_u8() == number), "{number:#04x}");
        }
    }

    #[test]
    fn failures_and_only_failures_say_what_to_do() {
        for code in ReasonCode::all() {
            assert_eq!(code.retry().is_some(), code.is_failure(), "{code:?}");
            assert!((0..16).any(|packet_type| code.is_allowed_in(packet_type)), "{code:?}");
            assert!(!code.is_allowed_in(16) && !code.is_allowed_in(255));
        }
    }

    /// The number of codes listed in each packet's own section.
    #[test]
    fn each_packet_has_its_codes() {
        for (packet_type, expected) in [
            (2, 22),
            (3, 0),
            (4, 9),
            (5, 9),
            (6, 2),
            (7, 2),
            (9, 12),
            (11, 7),
            // 29 in MQTT 5 §3.14.2.1, and 0x8C, which only table 2.6 lists
            (14, 30),
            (15, 3),
        ] {
            let count = ReasonCode::all().filter(|code| code.is_allowed_in(packet_type)).count();
            assert_eq!(count, expected, "packet type {packet_type}");
        }
    }
}
