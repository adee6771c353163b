//! The numbers that stand for what MQTT 5 adds.

use super::code::codes;
use super::field::{Field, Fields, Out};
use crate::mqtt::v5::{Breach, ReasonCode};

impl Field for ReasonCode {
    fn put(&self, out: &mut Out<'_>) {
        self.as_u8().put(out);
    }

    fn get(from: &mut Fields<'_>) -> Option<Self> {
        Self::from_u8(Field::get(from)?)
    }
}

codes! {
    Breach {
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
