//! The numbers that stand for variants. A number never changes its meaning: a new variant gets a
//! new one.

use crate::config::{Overflow, Release, Resubscribe};
use crate::event::{AbandonReason, DownReason, RefusedReason, ResetCause, Unsuited};
#[cfg(feature = "mqtt5")]
use crate::mqtt::v5::{Breach as V5Breach, ReasonCode};
use crate::mqtt::{Breach, ConnectReturnCode};
use crate::time::Reason;

/// Writes types whose variants are numbers, some with one byte or value in them.
macro_rules! codes {
    ($($type:ident { $($(#[$when:meta])* $code:literal $variant:ident $({ $field:ident })? $(($value:ident))?,)* })*) => {$(
        impl $crate::checkpoint::Field for $type {
            fn put(&self, out: &mut $crate::checkpoint::Out<'_>) {
                match self {
                    $($(#[$when])* Self::$variant $({ $field })? $(($value))? => {
                        $crate::checkpoint::put_number($code, out);
                        $($field.put(out);)?
                        $($value.put(out);)?
                    })*
                }
            }

            fn get(from: &mut $crate::checkpoint::Fields<'_>) -> Option<Self> {
                Some(match from.number()? {
                    $($(#[$when])* $code => {
                        $(let $field = $crate::checkpoint::Field::get(from)?;)?
                        $(let $value = $crate::checkpoint::Field::get(from)?;)?
                        Self::$variant $({ $field })? $(($value))?
                    })*
                    _ => return None,
                })
            }
        }
    )*};
}

pub(crate) use codes;

codes! {
    Release {
        1 AtHandOut,
        2 Explicit,
    }
    Resubscribe {
        1 WhenSessionLost,
        2 Always,
    }
    Overflow {
        1 Refuse,
        2 DropOldest,
    }
    AbandonReason {
        1 Cancelled,
        2 Expired,
        3 Dropped,
        4 ConnectionLost,
        5 ShutDown,
    }
    RefusedReason {
        1 TooLargeForEsp,
        3 TooLargeForLink,
        #[cfg(feature = "mqtt5")]
        2 ByBroker(code),
    }
    ResetCause {
        1 PowerUp,
        2 StartUpOverdue,
        3 Watchdog,
        4 Garbage,
        5 GaveUp,
        6 UnknownTopic,
    }
    Unsuited {
        1 Syncom,
        2 Native,
        3 LinkVersion(version),
        4 BridgeVersion(version),
    }
    ConnectReturnCode {
        1 Accepted,
        2 UnacceptableProtocolVersion,
        3 IdentifierRejected,
        4 ServerUnavailable,
        5 BadUserNameOrPassword,
        6 NotAuthorized,
    }
    DownReason {
        1 WifiLost,
        2 JoinFailed,
        3 TcpRefused,
        4 TcpUnreachable,
        5 TcpClosed,
        6 ConnackOverdue,
        7 PingrespOverdue,
        8 AckOverdue,
        9 Refused(code),
        10 Breach(breach),
        11 ReceiveOverrun,
        12 Shed,
        13 LinkLost,
        14 EspRestarted,
        15 ShutDown,
        #[cfg(feature = "mqtt5")]
        16 RefusedWith(code),
        #[cfg(feature = "mqtt5")]
        17 ByBroker(code),
        #[cfg(feature = "mqtt5")]
        18 TopicAliasesOverflow,
    }
    Reason {
        1 MoreWork,
        2 JoinOverdue,
        3 JoinBackoff,
        4 OpenOverdue,
        5 OpenBackoff,
        6 ConnackOverdue,
        7 PingDue,
        8 PingrespOverdue,
        9 AckOverdue,
        10 ShedDue,
        11 Expiry,
        12 DisconnectOverdue,
        13 StartUpOverdue,
        14 Watchdog,
        15 Heartbeat,
        16 ResetPulse,
        17 Settling,
        18 SyncOverdue,
        19 EdgeOverdue,
        20 IdleStep,
        21 TimeOverdue,
        22 TimeDue,
    }
    Breach {
        1 PacketType { packet_type },
        2 ReservedFlags { first_byte },
        3 QosThree,
        4 DupWithQosZero,
        5 RemainingLength,
        6 WrongLength { packet_type },
        7 Truncated { packet_type },
        8 TrailingBytes { packet_type },
        9 NotUtf8,
        10 Nul,
        11 PacketIdZero,
        12 EmptyTopic,
        13 TopicNameWildcard,
        14 WillTopicWildcard,
        15 MultiLevelMisplaced,
        16 SingleLevelMisplaced,
        17 ProtocolName,
        18 ProtocolLevel { level },
        19 ConnectReservedFlag,
        20 WillQosWithoutWill,
        21 WillQosThree,
        22 WillRetainWithoutWill,
        23 PasswordWithoutUsername,
        24 ConnackFlags { flags },
        25 ConnackReturnCode { code },
        26 SessionPresentWithRefusal,
        27 NoFilters { packet_type },
        28 SubscribeQos { byte },
        29 SubackReturnCode { code },
        30 SubackCountMismatch,
        31 FirstPacketNotConnack,
        32 FirstPacketNotConnect,
        33 SecondConnect,
        34 UnexpectedPacket { packet_type },
        35 SessionPresentWithCleanSession,
        36 EmptyClientId,
        37 UnknownPacketId,
        #[cfg(feature = "mqtt5")]
        38 V5(breach),
    }
}

#[cfg(feature = "mqtt5")]
impl super::Field for ReasonCode {
    fn put(&self, out: &mut super::Out<'_>) {
        self.as_u8().put(out);
    }

    fn get(from: &mut super::Fields<'_>) -> Option<Self> {
        Self::from_u8(super::Field::get(from)?)
    }
}

#[cfg(feature = "mqtt5")]
codes! {
    V5Breach {
        1 PacketType { packet_type },
        2 ReservedFlags { first_byte },
        3 QosThree,
        4 DupWithQosZero,
        5 VariableByteInteger,
        6 NotMinimal,
        7 WrongLength { packet_type },
        8 Truncated { packet_type },
        9 TrailingBytes { packet_type },
        10 NotUtf8,
        11 Nul,
        12 PacketIdZero,
        13 EmptyTopic,
        14 NoTopic,
        15 TopicNameWildcard,
        16 ResponseTopicWildcard,
        17 WillTopicWildcard,
        18 MultiLevelMisplaced,
        19 SingleLevelMisplaced,
        20 ShareNameMissing,
        21 ShareNameMalformed,
        22 NoLocalShared,
        23 PropertyTruncated,
        24 PropertyUnknown { id },
        25 PropertyMisplaced { id },
        26 PropertyRepeated { id },
        27 PropertyValue { id },
        28 AuthenticationDataAlone,
        29 AuthenticationMethodMissing,
        30 ProtocolName,
        31 ProtocolVersion { version },
        32 ConnectReservedFlag,
        33 WillQosWithoutWill,
        34 WillQosThree,
        35 WillRetainWithoutWill,
        36 ConnackFlags { flags },
        37 SessionPresentWithRefusal,
        38 ConnackReasonCode { code },
        39 PubackReasonCode { code },
        40 PubrecReasonCode { code },
        41 PubrelReasonCode { code },
        42 PubcompReasonCode { code },
        43 SubackReasonCode { code },
        44 UnsubackReasonCode { code },
        45 DisconnectReasonCode { code },
        46 AuthReasonCode { code },
        47 NoFilters { packet_type },
        48 SubscriptionOptions { byte },
        49 SubscribeQosThree,
        50 RetainHandlingThree,
        51 SubackCountMismatch,
        52 UnsubackCountMismatch,
        53 FirstPacketNotConnack,
        54 FirstPacketNotConnect,
        55 SecondConnect,
        56 SecondConnack,
        57 UnexpectedPacket { packet_type },
        58 SessionPresentWithCleanStart,
        59 AuthNotAskedFor,
        60 PacketTooLarge,
        61 ReceiveMaximumExceeded,
        62 TopicAliasTooLarge,
        63 TopicAliasUnknown,
        64 SubscriptionIdentifierFromClient,
        65 SessionExpiryFromServer,
        66 SessionExpiryProlonged,
        67 NoAssignedClientIdentifier,
    }
}
