//! A breach in words.

use core::fmt;

use super::breach::Breach;
use super::packet::type_name;

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
            Self::PropertyUnknown { id } => write!(f, "no property has the identifier {id:#04x}"),
            Self::PropertyMisplaced { id } => {
                write!(f, "the packet may not have the property {id:#04x}")
            }
            Self::PropertyRepeated { id } => write!(f, "the property {id:#04x} is there twice"),
            Self::PropertyValue { id } => {
                write!(f, "the property {id:#04x} has a value it may not have")
            }
            Self::ProtocolVersion { version } => {
                write!(f, "the protocol version is {version}, not 5")
            }
            Self::ConnackFlags { flags } => write!(f, "the flags of a CONNACK are {flags:#010b}"),
            Self::ConnackReasonCode { code } => reason_code(f, "CONNACK", code),
            Self::PubackReasonCode { code } => reason_code(f, "PUBACK", code),
            Self::PubrecReasonCode { code } => reason_code(f, "PUBREC", code),
            Self::PubrelReasonCode { code } => reason_code(f, "PUBREL", code),
            Self::PubcompReasonCode { code } => reason_code(f, "PUBCOMP", code),
            Self::SubackReasonCode { code } => reason_code(f, "SUBACK", code),
            Self::UnsubackReasonCode { code } => reason_code(f, "UNSUBACK", code),
            Self::DisconnectReasonCode { code } => reason_code(f, "DISCONNECT", code),
            Self::AuthReasonCode { code } => reason_code(f, "AUTH", code),
            Self::NoFilters { packet_type } => {
                write!(f, "{} has no topic filter", type_name(packet_type))
            }
            Self::SubscriptionOptions { byte } => {
                write!(f, "the options of a subscription are {byte:#010b}")
            }
            Self::UnexpectedPacket { packet_type } => {
                write!(f, "{} may not be sent here", type_name(packet_type))
            }
            _ => Ok(()),
        }?;
        write!(f, " [{}]", self.clause())
    }
}

fn reason_code(f: &mut fmt::Formatter<'_>, name: &str, code: u8) -> fmt::Result {
    write!(f, "{name} may not have the reason code {code:#04x}")
}

impl Breach {
    /// What Display says where it takes no number to say it.
    const fn sentence(self) -> &'static str {
        match self {
            Self::QosThree => "a PUBLISH has QoS 3",
            Self::DupWithQosZero => "a PUBLISH with QoS 0 is marked as a duplicate",
            Self::VariableByteInteger => "a variable byte integer has more than four bytes",
            Self::NotMinimal => "a variable byte integer has more bytes than it needs",
            Self::NotUtf8 => "a text is not well-formed UTF-8",
            Self::Nul => "a text contains U+0000",
            Self::PacketIdZero => "a packet identifier is 0",
            Self::EmptyTopic => "a topic has no character",
            Self::NoTopic => "a PUBLISH has neither a topic nor a topic alias",
            Self::TopicNameWildcard => "the topic name of a PUBLISH contains `+` or `#`",
            Self::ResponseTopicWildcard => "a response topic contains `+` or `#`",
            Self::WillTopicWildcard => "the topic name of a will contains `+` or `#`",
            Self::MultiLevelMisplaced => "`#` is not the last level of a filter, and alone in it",
            Self::SingleLevelMisplaced => "`+` is not alone in its level of a filter",
            Self::ShareNameMissing => "a shared subscription has no name",
            Self::ShareNameMalformed => {
                "the name of a shared subscription has a wildcard or no filter after it"
            }
            Self::NoLocalShared => "a shared subscription asks not to get its own messages",
            Self::PropertyTruncated => "the properties reach beyond their own length",
            Self::AuthenticationDataAlone => "there are authentication data without a method",
            Self::AuthenticationMethodMissing => "an AUTH does not name its method",
            Self::ProtocolName => "the protocol name is not `MQTT`",
            Self::ConnectReservedFlag => "the reserved connect flag is 1",
            Self::WillQosWithoutWill => "there is no will, but its QoS is not 0",
            Self::WillQosThree => "the QoS of a will is 3",
            Self::WillRetainWithoutWill => "there is no will, but it is to be retained",
            Self::SessionPresentWithRefusal => "a CONNACK refuses and claims a session",
            Self::SubscribeQosThree => "the QoS of a subscription is 3",
            Self::RetainHandlingThree => "the retain handling of a subscription is 3",
            Self::SubackCountMismatch => "a SUBACK does not have one reason code for each filter",
            Self::UnsubackCountMismatch => {
                "an UNSUBACK does not have one reason code for each filter"
            }
            _ => self.sentence_of_connection(),
        }
    }

    /// What Display says of what takes knowledge of the connection.
    const fn sentence_of_connection(self) -> &'static str {
        match self {
            Self::FirstPacketNotConnack => "the first packet of the server is not CONNACK",
            Self::FirstPacketNotConnect => "the first packet of the client is not CONNECT",
            Self::SecondConnect => "a client sent CONNECT twice",
            Self::SecondConnack => "a server sent CONNACK twice",
            Self::SessionPresentWithCleanStart => {
                "a session is present although a clean start was asked for"
            }
            Self::AuthNotAskedFor => "a server wants an authentication that nobody offered",
            Self::PacketTooLarge => "a packet is larger than its receiver takes",
            Self::ReceiveMaximumExceeded => {
                "more publications are under way than their receiver takes"
            }
            Self::TopicAliasTooLarge => "a topic alias is larger than its receiver takes",
            Self::TopicAliasUnknown => "a topic alias has no meaning yet",
            Self::SubscriptionIdentifierFromClient => {
                "a client sent a PUBLISH with a subscription identifier"
            }
            Self::SessionExpiryFromServer => {
                "a server sent a DISCONNECT with a session expiry interval"
            }
            Self::SessionExpiryProlonged => "a DISCONNECT prolongs a session that was to end",
            Self::NoAssignedClientIdentifier => "a client without an identifier was not given one",
            _ => "",
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
            (Breach::QosThree, "a PUBLISH has QoS 3 [MQTT5-3.3.1-4]"),
            (
                Breach::ReservedFlags { first_byte: 0xF1 },
                "the flags of AUTH are 0b0001 [MQTT5-3.15.1-1]",
            ),
            (
                Breach::WrongLength { packet_type: 13 },
                "PINGRESP has not the length it always has [MQTT 5 §3.13.1]",
            ),
            (
                Breach::PropertyRepeated { id: 0x21 },
                "the property 0x21 is there twice [MQTT 5 §3.1.2.11.3]",
            ),
            (
                Breach::PubackReasonCode { code: 4 },
                "PUBACK may not have the reason code 0x04 [MQTT5-3.4.2-1]",
            ),
            (Breach::TopicAliasUnknown, "a topic alias has no meaning yet [MQTT 5 §3.3.2.3.4]"),
        ] {
            assert_eq!(breach.to_string(), expected);
        }
    }

    /// A breach travels inside events and results on chips with little memory.
    #[test]
    fn a_breach_is_two_bytes() {
        assert_eq!(size_of::<Breach>(), 2);
        assert_eq!(size_of::<crate::mqtt::Breach>(), 2);
    }
}
