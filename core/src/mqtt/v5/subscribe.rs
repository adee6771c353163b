//! What is subscribed to: SUBSCRIBE, UNSUBSCRIBE and their answers.

use super::breach::Breach;
use super::list::{Item, List};
use super::properties::Properties;
use super::reader::Reader;
use super::reason::ReasonCode;
use crate::error::TopicError;
use crate::mqtt::{PacketId, QoS, topic};

/// The topic filters of a SUBSCRIBE, each with its options.
pub type Filters<'a> = List<'a, (&'a str, SubscriptionOptions)>;

/// The topic filters of an UNSUBSCRIBE.
pub type TopicFilters<'a> = List<'a, &'a str>;

/// The reason codes of a SUBACK or UNSUBACK.
pub type ReasonCodes<'a> = List<'a, ReasonCode>;

/// SUBSCRIBE: a client asks for messages (MQTT 5 §3.8).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Subscribe<'a> {
    /// SUBACK repeats it [MQTT5-2.2.1-6].
    pub packet_id: PacketId,
    /// [`SubscriptionIdentifier`](super::Property::SubscriptionIdentifier) and user properties.
    pub properties: Properties<'a>,
    /// What is asked for, at least one [MQTT5-3.8.3-2].
    pub filters: Filters<'a>,
}

/// SUBACK: the server answers SUBSCRIBE (MQTT 5 §3.9).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Suback<'a> {
    /// That of the SUBSCRIBE [MQTT5-2.2.1-6].
    pub packet_id: PacketId,
    /// A reason string and user properties.
    pub properties: Properties<'a>,
    /// One for each filter [MQTT5-3.8.4-6], in their order [MQTT5-3.9.3-1].
    pub reason_codes: ReasonCodes<'a>,
}

/// UNSUBSCRIBE: a client wants no more messages (MQTT 5 §3.10).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unsubscribe<'a> {
    /// UNSUBACK repeats it [MQTT5-2.2.1-6].
    pub packet_id: PacketId,
    /// User properties.
    pub properties: Properties<'a>,
    /// The filters as they were subscribed to, letter by letter, at least one [MQTT5-3.10.3-2].
    pub filters: TopicFilters<'a>,
}

/// UNSUBACK: the server answers UNSUBSCRIBE (MQTT 5 §3.11).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unsuback<'a> {
    /// That of the UNSUBSCRIBE [MQTT5-2.2.1-6].
    pub packet_id: PacketId,
    /// A reason string and user properties.
    pub properties: Properties<'a>,
    /// One for each filter, in their order [MQTT5-3.11.3-1].
    pub reason_codes: ReasonCodes<'a>,
}

/// How a subscription is to be served (MQTT 5 §3.8.3.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SubscriptionOptions {
    /// The highest QoS that messages are to be delivered with.
    pub qos: QoS,
    /// Do not deliver what this client published itself. Not on a shared subscription
    /// [MQTT5-3.8.3-4].
    pub no_local: bool,
    /// Deliver with the RETAIN flag that the message was published with, instead of one that tells
    /// a kept message from a live one.
    pub retain_as_published: bool,
    /// Whether retained messages are wanted.
    pub retain_handling: RetainHandling,
}

impl SubscriptionOptions {
    /// What a subscription of MQTT 3.1.1 does.
    #[must_use]
    pub const fn new(qos: QoS) -> Self {
        Self {
            qos,
            no_local: false,
            retain_as_published: false,
            retain_handling: RetainHandling::Send,
        }
    }

    pub(crate) const fn as_u8(self) -> u8 {
        self.qos.as_u8()
            | (self.no_local as u8) << 2
            | (self.retain_as_published as u8) << 3
            | (self.retain_handling as u8) << 4
    }

    /// The options in a byte of this crate's own.
    pub(crate) fn from_u8(byte: u8) -> Option<Self> {
        Self::read(byte).ok()
    }

    fn read(byte: u8) -> Result<Self, Breach> {
        if byte & 0b1100_0000 != 0 {
            return Err(Breach::SubscriptionOptions { byte });
        }
        Ok(Self {
            qos: QoS::from_u8(byte & 0b11).ok_or(Breach::SubscribeQosThree)?,
            no_local: byte & 0b100 != 0,
            retain_as_published: byte & 0b1000 != 0,
            retain_handling: match byte >> 4 {
                0 => RetainHandling::Send,
                1 => RetainHandling::SendIfNew,
                2 => RetainHandling::DoNotSend,
                _ => return Err(Breach::RetainHandlingThree),
            },
        })
    }
}

/// Whether a server sends retained messages because of a SUBSCRIBE (MQTT 5 §3.8.3.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum RetainHandling {
    /// Each time [MQTT5-3.3.1-9].
    Send = 0,
    /// If the subscription did not exist before [MQTT5-3.3.1-10].
    SendIfNew = 1,
    /// Never [MQTT5-3.3.1-11].
    DoNotSend = 2,
}

/// Reads a filter with its options, and checks them.
pub(super) fn read_subscription<'a>(
    reader: &mut Reader<'a>,
) -> Result<(&'a str, SubscriptionOptions), Breach> {
    let filter = read_filter(reader)?;
    let options = SubscriptionOptions::read(reader.byte()?)?;
    if options.no_local && filter.starts_with(SHARE) {
        return Err(Breach::NoLocalShared);
    }
    Ok((filter, options))
}

/// What the filter of a shared subscription begins with.
const SHARE: &str = "$share/";

/// Reads a filter and checks it, that of a shared subscription too (MQTT 5 §4.8.2).
pub(super) fn read_filter<'a>(reader: &mut Reader<'a>) -> Result<&'a str, Breach> {
    let filter = reader.utf8()?;
    check_share(filter)?;
    topic::validate_filter(filter).map_err(topic_breach)?;
    Ok(filter)
}

/// Checks what makes a filter that of a shared subscription, if it is one.
pub(crate) fn check_share(filter: &str) -> Result<(), Breach> {
    let Some(shared) = filter.strip_prefix(SHARE) else { return Ok(()) };
    let (name, rest) = shared.split_once('/').unwrap_or((shared, ""));
    if name.is_empty() {
        Err(Breach::ShareNameMissing)
    } else if rest.is_empty() || name.contains(['+', '#']) {
        Err(Breach::ShareNameMalformed)
    } else {
        Ok(())
    }
}

/// The breach behind a malformed topic.
#[cold]
pub(super) const fn topic_breach(error: TopicError) -> Breach {
    match error {
        TopicError::Empty => Breach::EmptyTopic,
        TopicError::Nul => Breach::Nul,
        TopicError::Wildcard => Breach::TopicNameWildcard,
        TopicError::MultiLevelMisplaced => Breach::MultiLevelMisplaced,
        TopicError::SingleLevelMisplaced => Breach::SingleLevelMisplaced,
        // two bytes of length cannot say more than 65,535
        TopicError::TooLong { .. } => Breach::VariableByteInteger,
    }
}

impl<'a> Item<'a> for (&'a str, SubscriptionOptions) {
    fn take(bytes: &mut &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(8, bytes);
        let filter = reader.utf8().ok()?;
        let options = SubscriptionOptions::read(reader.byte().ok()?).ok()?;
        *bytes = reader.rest();
        Some((filter, options))
    }
}

impl<'a> Item<'a> for &'a str {
    fn take(bytes: &mut &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(10, bytes);
        let filter = reader.utf8().ok()?;
        *bytes = reader.rest();
        Some(filter)
    }
}

impl Item<'_> for ReasonCode {
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        Self::from_u8(*first)
    }
}
