//! One property: an identifier and a value (MQTT 5 §2.2.2.2).

use super::VARIABLE_BYTE_INTEGER_MAX;
use super::breach::Breach;
use super::list::Item;
use super::reader::Reader;
use crate::error::TopicError;
use crate::mqtt::QoS;
use crate::mqtt::topic;
use crate::mqtt::writer::Writer;

/// A property of a packet or of a will (MQTT 5 §2.2.2.2). Intervals are in seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Property<'a> {
    /// PUBLISH, will: the payload is UTF-8. False says nothing about it (MQTT 5 §3.3.2.3.2).
    PayloadFormatIndicator(bool),
    /// PUBLISH, will: after so many seconds the server need not deliver it any more
    /// [MQTT5-3.3.2-5].
    MessageExpiryInterval(u32),
    /// PUBLISH, will: what the payload is, for example a MIME type.
    ContentType(&'a str),
    /// PUBLISH, will: where to answer, a topic name without wildcards [MQTT5-3.3.2-14].
    ResponseTopic(&'a str),
    /// PUBLISH, will: what the answer is to repeat, any bytes.
    CorrelationData(&'a [u8]),
    /// SUBSCRIBE: 1 to 268,435,455, to be repeated in what the subscription delivers. PUBLISH from
    /// a server: which subscriptions matched, one property each.
    SubscriptionIdentifier(u32),
    /// CONNECT, CONNACK, DISCONNECT: for how long the session outlives the connection. `u32::MAX`
    /// is for ever.
    SessionExpiryInterval(u32),
    /// CONNACK: the identifier of a client that had none [MQTT5-3.2.2-16].
    AssignedClientIdentifier(&'a str),
    /// CONNACK: the keep alive to be used instead of the client's [MQTT5-3.2.2-21].
    ServerKeepAlive(u16),
    /// CONNECT, CONNACK, AUTH: the name of the method of authentication.
    AuthenticationMethod(&'a str),
    /// CONNECT, CONNACK, AUTH: what the method needs. Only with a method.
    AuthenticationData(&'a [u8]),
    /// CONNECT: whether reason strings and user properties may come with failures
    /// [MQTT5-3.1.2-32].
    RequestProblemInformation(bool),
    /// Will: how long the server waits for the client to come back before it publishes the will.
    WillDelayInterval(u32),
    /// CONNECT: whether the server is asked for response information.
    RequestResponseInformation(bool),
    /// CONNACK: what response topics are to be made from.
    ResponseInformation(&'a str),
    /// CONNACK, DISCONNECT: which server to use instead.
    ServerReference(&'a str),
    /// All answers: the reason in words, for a log.
    ReasonString(&'a str),
    /// CONNECT, CONNACK: how many QoS 1 and 2 publications the sender takes at once, at least 1.
    ReceiveMaximum(u16),
    /// CONNECT, CONNACK: the largest topic alias that the sender takes; 0 for none.
    TopicAliasMaximum(u16),
    /// PUBLISH: a number that stands for the topic name on this connection, at least 1.
    TopicAlias(u16),
    /// CONNACK: the highest QoS that the server takes, [`QoS::AtMostOnce`] or [`QoS::AtLeastOnce`].
    MaximumQos(QoS),
    /// CONNACK: whether the server keeps retained messages.
    RetainAvailable(bool),
    /// Every packet that has properties: a name and a value, for the application. May come often.
    UserProperty(&'a str, &'a str),
    /// CONNECT, CONNACK: the largest packet that the sender takes in bytes, at least 1.
    MaximumPacketSize(u32),
    /// CONNACK: whether subscriptions may have wildcards.
    WildcardSubscriptionAvailable(bool),
    /// CONNACK: whether subscriptions may have identifiers.
    SubscriptionIdentifierAvailable(bool),
    /// CONNACK: whether subscriptions may be shared.
    SharedSubscriptionAvailable(bool),
}

/// The identifier of the message expiry interval.
pub(super) const MESSAGE_EXPIRY: u8 = 0x02;
/// The identifier of the topic alias.
pub(super) const TOPIC_ALIAS: u8 = 0x23;

/// The place of a will's properties among packet types: no packet has the number 0.
pub(super) const WILL: u8 = 0;

const CONNECT: u16 = 1 << 1;
const CONNACK: u16 = 1 << 2;
const PUBLISH: u16 = 1 << 3;
const SUBSCRIBE: u16 = 1 << 8;
const DISCONNECT: u16 = 1 << 14;
const AUTH: u16 = 1 << 15;
/// PUBLISH and the will that becomes one.
const MESSAGE: u16 = PUBLISH | 1 << WILL;
/// CONNACK and all acknowledgements, DISCONNECT and AUTH.
const ANSWER: u16 =
    CONNACK | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 9 | 1 << 11 | DISCONNECT | AUTH;
const ANY: u16 = CONNECT | MESSAGE | SUBSCRIBE | 1 << 10 | ANSWER;

/// Where a property with this identifier may be, as bits `1 << packet_type`; 0 if nothing has it
/// (MQTT 5 table 2.4).
pub(super) const fn places(id: u8) -> u16 {
    match id {
        0x01 | 0x02 | 0x03 | 0x08 | 0x09 => MESSAGE,
        0x0B => PUBLISH | SUBSCRIBE,
        0x11 => CONNECT | CONNACK | DISCONNECT,
        0x12 | 0x13 | 0x1A | 0x24 | 0x25 | 0x28 | 0x29 | 0x2A => CONNACK,
        0x15 | 0x16 => CONNECT | CONNACK | AUTH,
        0x17 | 0x19 => CONNECT,
        0x18 => 1 << WILL,
        0x1C => CONNACK | DISCONNECT,
        0x1F => ANSWER,
        0x21 | 0x22 | 0x27 => CONNECT | CONNACK,
        0x23 => PUBLISH,
        0x26 => ANY,
        _ => 0,
    }
}

impl<'a> Property<'a> {
    /// The identifier on the wire (MQTT 5 table 2.4).
    #[must_use]
    pub const fn id(&self) -> u8 {
        match self {
            Self::PayloadFormatIndicator(_) => 0x01,
            Self::MessageExpiryInterval(_) => 0x02,
            Self::ContentType(_) => 0x03,
            Self::ResponseTopic(_) => 0x08,
            Self::CorrelationData(_) => 0x09,
            Self::SubscriptionIdentifier(_) => 0x0B,
            Self::SessionExpiryInterval(_) => 0x11,
            Self::AssignedClientIdentifier(_) => 0x12,
            Self::ServerKeepAlive(_) => 0x13,
            Self::AuthenticationMethod(_) => 0x15,
            Self::AuthenticationData(_) => 0x16,
            Self::RequestProblemInformation(_) => 0x17,
            Self::WillDelayInterval(_) => 0x18,
            Self::RequestResponseInformation(_) => 0x19,
            Self::ResponseInformation(_) => 0x1A,
            Self::ServerReference(_) => 0x1C,
            Self::ReasonString(_) => 0x1F,
            Self::ReceiveMaximum(_) => 0x21,
            Self::TopicAliasMaximum(_) => 0x22,
            Self::TopicAlias(_) => 0x23,
            Self::MaximumQos(_) => 0x24,
            Self::RetainAvailable(_) => 0x25,
            Self::UserProperty(..) => 0x26,
            Self::MaximumPacketSize(_) => 0x27,
            Self::WildcardSubscriptionAvailable(_) => 0x28,
            Self::SubscriptionIdentifierAvailable(_) => 0x29,
            Self::SharedSubscriptionAvailable(_) => 0x2A,
        }
    }

    /// Bytes on the wire, identifier included; `None` if a text is longer than 65,535 bytes.
    pub(super) fn len(&self) -> Option<usize> {
        let value = match *self {
            Self::PayloadFormatIndicator(_)
            | Self::RequestProblemInformation(_)
            | Self::RequestResponseInformation(_)
            | Self::MaximumQos(_)
            | Self::RetainAvailable(_)
            | Self::WildcardSubscriptionAvailable(_)
            | Self::SubscriptionIdentifierAvailable(_)
            | Self::SharedSubscriptionAvailable(_) => 1,
            Self::ServerKeepAlive(_)
            | Self::ReceiveMaximum(_)
            | Self::TopicAliasMaximum(_)
            | Self::TopicAlias(_) => 2,
            Self::MessageExpiryInterval(_)
            | Self::SessionExpiryInterval(_)
            | Self::WillDelayInterval(_)
            | Self::MaximumPacketSize(_) => 4,
            Self::SubscriptionIdentifier(id) => variable_len(id),
            Self::ContentType(text)
            | Self::ResponseTopic(text)
            | Self::AssignedClientIdentifier(text)
            | Self::AuthenticationMethod(text)
            | Self::ResponseInformation(text)
            | Self::ServerReference(text)
            | Self::ReasonString(text) => field_len(text.as_bytes())?,
            Self::CorrelationData(bytes) | Self::AuthenticationData(bytes) => field_len(bytes)?,
            Self::UserProperty(name, value) => {
                field_len(name.as_bytes())? + field_len(value.as_bytes())?
            }
        };
        Some(1 + value)
    }

    /// Whether the value is one that the property may have.
    pub(super) fn check_value(&self) -> Result<(), Breach> {
        let valid = match *self {
            Self::ReceiveMaximum(number) | Self::TopicAlias(number) => number != 0,
            Self::MaximumPacketSize(bytes) => bytes != 0,
            Self::SubscriptionIdentifier(id) => id != 0 && id <= VARIABLE_BYTE_INTEGER_MAX,
            Self::MaximumQos(qos) => qos != QoS::ExactlyOnce,
            Self::ResponseTopic(name) => match topic::validate_name(name) {
                Ok(()) => true,
                Err(TopicError::Wildcard) => return Err(Breach::ResponseTopicWildcard),
                Err(TopicError::Empty) => return Err(Breach::EmptyTopic),
                Err(_) => false,
            },
            _ => true,
        };
        if valid { Ok(()) } else { Err(Breach::PropertyValue { id: self.id() }) }
    }

    /// What is sent at `now_s` for what is stored: a message expiry interval is stored as the
    /// second at which it ends, and sent as what is left of it, a second at least.
    pub(super) fn waited(self, now_s: u32) -> Self {
        match self {
            Self::MessageExpiryInterval(ends_s) => {
                Self::MessageExpiryInterval(ends_s.saturating_sub(now_s).max(1))
            }
            other => other,
        }
    }

    /// Writes it in pieces, however long its texts are.
    pub(super) fn write_to(&self, out: &mut dyn FnMut(&[u8])) {
        let (first, second): (&[u8], Option<&[u8]>) = match *self {
            Self::ContentType(text)
            | Self::ResponseTopic(text)
            | Self::AssignedClientIdentifier(text)
            | Self::AuthenticationMethod(text)
            | Self::ResponseInformation(text)
            | Self::ServerReference(text)
            | Self::ReasonString(text) => (text.as_bytes(), None),
            Self::CorrelationData(bytes) | Self::AuthenticationData(bytes) => (bytes, None),
            Self::UserProperty(name, value) => (name.as_bytes(), Some(value.as_bytes())),
            _ => {
                let mut bytes = [0; 8];
                let whole = bytes.len();
                let mut writer = Writer::new(&mut bytes);
                // A number takes at most four bytes, the identifier one.
                let _ = self.write(&mut writer);
                let left = writer.left();
                return out(&bytes[..whole - left]);
            }
        };
        out(&[self.id()]);
        for field in [Some(first), second].into_iter().flatten() {
            out(&u16::try_from(field.len()).unwrap_or(u16::MAX).to_be_bytes());
            out(field);
        }
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Option<()> {
        writer.raw(&[self.id()])?;
        match *self {
            Self::PayloadFormatIndicator(flag)
            | Self::RequestProblemInformation(flag)
            | Self::RequestResponseInformation(flag)
            | Self::RetainAvailable(flag)
            | Self::WildcardSubscriptionAvailable(flag)
            | Self::SubscriptionIdentifierAvailable(flag)
            | Self::SharedSubscriptionAvailable(flag) => writer.raw(&[u8::from(flag)]),
            Self::MaximumQos(qos) => writer.raw(&[qos.as_u8()]),
            Self::ServerKeepAlive(number)
            | Self::ReceiveMaximum(number)
            | Self::TopicAliasMaximum(number)
            | Self::TopicAlias(number) => writer.raw(&number.to_be_bytes()),
            Self::MessageExpiryInterval(number)
            | Self::SessionExpiryInterval(number)
            | Self::WillDelayInterval(number)
            | Self::MaximumPacketSize(number) => writer.raw(&number.to_be_bytes()),
            Self::SubscriptionIdentifier(id) => write_variable(writer, id),
            Self::ContentType(text)
            | Self::ResponseTopic(text)
            | Self::AssignedClientIdentifier(text)
            | Self::AuthenticationMethod(text)
            | Self::ResponseInformation(text)
            | Self::ServerReference(text)
            | Self::ReasonString(text) => writer.field(text.as_bytes()),
            Self::CorrelationData(bytes) | Self::AuthenticationData(bytes) => writer.field(bytes),
            Self::UserProperty(name, value) => {
                writer.field(name.as_bytes())?;
                writer.field(value.as_bytes())
            }
        }
    }

    /// Reads one property; its value is not looked at.
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Breach> {
        let id = reader.byte()?;
        Ok(match id {
            0x01 => Self::PayloadFormatIndicator(flag(reader, id)?),
            0x02 => Self::MessageExpiryInterval(reader.four_bytes()?),
            0x03 => Self::ContentType(reader.text()?),
            0x08 => Self::ResponseTopic(reader.text()?),
            0x09 => Self::CorrelationData(reader.bytes()?),
            0x0B => Self::SubscriptionIdentifier(reader.variable()?),
            0x11 => Self::SessionExpiryInterval(reader.four_bytes()?),
            0x12 => Self::AssignedClientIdentifier(reader.text()?),
            0x13 => Self::ServerKeepAlive(reader.two_bytes()?),
            0x15 => Self::AuthenticationMethod(reader.text()?),
            0x16 => Self::AuthenticationData(reader.bytes()?),
            0x17 => Self::RequestProblemInformation(flag(reader, id)?),
            0x18 => Self::WillDelayInterval(reader.four_bytes()?),
            0x19 => Self::RequestResponseInformation(flag(reader, id)?),
            0x1A => Self::ResponseInformation(reader.text()?),
            0x1C => Self::ServerReference(reader.text()?),
            0x1F => Self::ReasonString(reader.text()?),
            0x21 => Self::ReceiveMaximum(reader.two_bytes()?),
            0x22 => Self::TopicAliasMaximum(reader.two_bytes()?),
            0x23 => Self::TopicAlias(reader.two_bytes()?),
            0x24 => Self::MaximumQos(match flag(reader, id)? {
                true => QoS::AtLeastOnce,
                false => QoS::AtMostOnce,
            }),
            0x25 => Self::RetainAvailable(flag(reader, id)?),
            0x26 => Self::UserProperty(reader.text()?, reader.text()?),
            0x27 => Self::MaximumPacketSize(reader.four_bytes()?),
            0x28 => Self::WildcardSubscriptionAvailable(flag(reader, id)?),
            0x29 => Self::SubscriptionIdentifierAvailable(flag(reader, id)?),
            0x2A => Self::SharedSubscriptionAvailable(flag(reader, id)?),
            id => return Err(Breach::PropertyUnknown { id }),
        })
    }
}

/// The properties in validated bytes, each as its identifier and all its bytes: to find one, or to copy
/// them, without reading the texts of the others.
#[derive(Clone, Copy)]
pub(super) struct Raw<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Raw<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.0;
        let mut reader = Reader::of_properties(bytes);
        let id = reader.byte().ok()?;
        skip_value(&mut reader, id).ok()?;
        self.0 = reader.rest();
        Some((id, &bytes[..bytes.len() - self.0.len()]))
    }
}

fn skip_value(reader: &mut Reader<'_>, id: u8) -> Result<(), Breach> {
    match id {
        0x01 | 0x17 | 0x19 | 0x24 | 0x25 | 0x28 | 0x29 | 0x2A => reader.take(1)?,
        0x13 | 0x21 | 0x22 | 0x23 => reader.take(2)?,
        0x02 | 0x11 | 0x18 | 0x27 => reader.take(4)?,
        0x0B => return reader.variable().map(|_| ()),
        0x26 => {
            reader.bytes()?;
            reader.bytes()?
        }
        _ => reader.bytes()?,
    };
    Ok(())
}

impl<'a> Item<'a> for Property<'a> {
    fn take(bytes: &mut &'a [u8]) -> Option<Self> {
        let mut reader = Reader::of_properties(bytes);
        let property = Self::read(&mut reader).ok()?;
        *bytes = reader.rest();
        Some(property)
    }
}

/// A byte that is 0 or 1.
fn flag(reader: &mut Reader<'_>, id: u8) -> Result<bool, Breach> {
    match reader.byte()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Breach::PropertyValue { id }),
    }
}

/// Bytes that a field takes with its length in front, `None` if two bytes cannot tell that length.
#[inline]
pub(super) const fn field_len(field: &[u8]) -> Option<usize> {
    if field.len() <= u16::MAX as usize { Some(2 + field.len()) } else { None }
}

/// Bytes that a variable byte integer takes (MQTT 5 table 1-1).
#[inline]
pub(super) const fn variable_len(value: u32) -> usize {
    match value {
        0..=127 => 1,
        128..=16_383 => 2,
        16_384..=2_097_151 => 3,
        _ => 4,
    }
}

/// Writes a variable byte integer with as few bytes as it takes [MQTT5-1.5.5-1].
#[inline]
pub(super) fn write_variable(writer: &mut Writer<'_>, value: u32) -> Option<()> {
    let mut left = value;
    while left >= 128 {
        writer.raw(&[left as u8 | 0x80])?;
        left >>= 7;
    }
    writer.raw(&[left as u8])
}
