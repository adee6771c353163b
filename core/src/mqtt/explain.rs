//! A breach in words.

use core::fmt;

use super::breach::Breach;
use super::packet::type_name;

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "mqtt5")]
        if let Self::V5(breach) = self {
            return breach.fmt(f);
        }
        f.write_str(self.sentence())?;
        match *self {
            Self::PacketType { packet_type } => write!(f, "packet type {packet_type} is reserved"),
            Self::ReservedFlags { first_byte } => {
                let name = type_name(first_byte >> 4);
                write!(f, "the flags of {name} are {:#06b}", first_byte & 0x0F)
            }
            Self::WrongLength { packet_type } => {
                write!(f, "{} has not the length it always has", type_name(packet_type))
            }
            Self::Truncated { packet_type } => {
                write!(f, "{} ends before its last field does", type_name(packet_type))
            }
            Self::TrailingBytes { packet_type } => {
                write!(f, "{} goes on after its last field", type_name(packet_type))
            }
            Self::ProtocolLevel { level } => write!(f, "the protocol level is {level}, not 4"),
            Self::ConnackFlags { flags } => write!(f, "the flags of a CONNACK are {flags:#010b}"),
            Self::ConnackReturnCode { code } => {
                write!(f, "the return code of a CONNACK is {code}, but codes end at 5")
            }
            Self::NoFilters { packet_type } => {
                write!(f, "{} has no topic filter", type_name(packet_type))
            }
            Self::SubscribeQos { byte } => write!(f, "the QoS byte of a SUBSCRIBE is {byte:#04x}"),
            Self::SubackReturnCode { code } => {
                write!(f, "a return code of a SUBACK is {code:#04x}")
            }
            Self::UnexpectedPacket { packet_type } => {
                write!(f, "{} may not be sent here", type_name(packet_type))
            }
            _ => Ok(()),
        }?;
        write!(f, " [{}]", self.clause())
    }
}

impl Breach {
    /// What Display says where it takes no number to say it.
    const fn sentence(self) -> &'static str {
        match self {
            Self::QosThree => "a PUBLISH has QoS 3",
            Self::DupWithQosZero => "a PUBLISH with QoS 0 is marked as a duplicate",
            Self::RemainingLength => "the remaining length has more than four bytes",
            Self::NotUtf8 => "a text is not well-formed UTF-8",
            Self::Nul => "a text contains U+0000",
            Self::PacketIdZero => "a packet identifier is 0",
            Self::EmptyTopic => "a topic has no character",
            Self::TopicNameWildcard => "the topic name of a PUBLISH contains `+` or `#`",
            Self::WillTopicWildcard => "the topic name of a will contains `+` or `#`",
            Self::MultiLevelMisplaced => "`#` is not the last level of a filter, and alone in it",
            Self::SingleLevelMisplaced => "`+` is not alone in its level of a filter",
            Self::ProtocolName => "the protocol name is not `MQTT`",
            Self::ConnectReservedFlag => "the reserved connect flag is 1",
            Self::WillQosWithoutWill => "there is no will, but its QoS is not 0",
            Self::WillQosThree => "the QoS of a will is 3",
            Self::WillRetainWithoutWill => "there is no will, but it is to be retained",
            Self::PasswordWithoutUsername => "there is a password but no user name",
            Self::SessionPresentWithRefusal => "a CONNACK refuses and claims a session",
            Self::SubackCountMismatch => "a SUBACK does not have one return code for each filter",
            Self::FirstPacketNotConnack => "the first packet of the server is not CONNACK",
            Self::FirstPacketNotConnect => "the first packet of the client is not CONNECT",
            Self::SecondConnect => "a client sent CONNECT twice",
            Self::SessionPresentWithCleanSession => {
                "a session is present although a clean one was asked for"
            }
            Self::EmptyClientId => "a client identifier is empty without a clean session",
            Self::UnknownPacketId => "an answer carries an identifier that nothing in flight has",
            Self::PacketType { .. }
            | Self::ReservedFlags { .. }
            | Self::WrongLength { .. }
            | Self::Truncated { .. }
            | Self::TrailingBytes { .. }
            | Self::ProtocolLevel { .. }
            | Self::ConnackFlags { .. }
            | Self::ConnackReturnCode { .. }
            | Self::NoFilters { .. }
            | Self::SubscribeQos { .. }
            | Self::SubackReturnCode { .. }
            | Self::UnexpectedPacket { .. } => "",
            #[cfg(feature = "mqtt5")]
            Self::V5(_) => "",
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::ToString;

    use super::*;

    #[test]
    fn display_is_one_sentence_and_the_clause() {
        for (breach, expected) in [
            (Breach::QosThree, "a PUBLISH has QoS 3 [MQTT-3.3.1-4]"),
            (
                Breach::ReservedFlags { first_byte: 0x60 },
                "the flags of PUBREL are 0b0000 [MQTT-2.2.2-2]",
            ),
            (
                Breach::WrongLength { packet_type: 4 },
                "PUBACK has not the length it always has [MQTT 3.1.1 §3.4.1]",
            ),
            (
                Breach::NoFilters { packet_type: 10 },
                "UNSUBSCRIBE has no topic filter [MQTT-3.10.3-2]",
            ),
            (Breach::ProtocolLevel { level: 5 }, "the protocol level is 5, not 4 [MQTT-3.1.2-2]"),
        ] {
            assert_eq!(breach.to_string(), expected);
        }
    }

    /// A breach travels inside events and results on chips with little memory.
    #[test]
    fn a_breach_is_two_bytes() {
        assert_eq!(size_of::<Breach>(), 2);
    }
}
