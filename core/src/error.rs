//! Errors, typed by whose fault they are.
//!
//! * The caller's: [`ConfigError`], [`PublishError`], [`SubscribeError`], [`TopicError`]. Returned;
//!   nothing was queued.
//! * The peer's: [`crate::mqtt::Breach`]. Never returned by a machine: it ends the connection
//!   and is told as the reason.

use core::fmt;

/// A configuration that cannot work. Nothing was started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// A number is out of its range.
    OutOfRange {
        /// The field of the configuration, as written in the program.
        field: &'static str,
        /// What it was set to.
        value: u32,
        /// The smallest value allowed.
        min: u32,
        /// The largest value allowed.
        max: u32,
    },
    /// A text is longer than MQTT or the caller's buffer can carry.
    TooLong {
        /// The field of the configuration, as written in the program.
        field: &'static str,
        /// Its length.
        size_bytes: usize,
        /// The longest allowed.
        max_bytes: usize,
    },
    /// A topic is malformed.
    Topic {
        /// The field of the configuration, as written in the program.
        field: &'static str,
        /// What is wrong with it.
        error: TopicError,
    },
    /// A buffer is smaller than the configuration needs.
    MemoryTooSmall {
        /// The buffer, as named in the memory struct.
        buffer: &'static str,
        /// Its size.
        size_bytes: usize,
        /// The smallest size that works with this configuration.
        min_bytes: usize,
    },
    /// A text has a character that an ESP8266 with the predecessor's firmware cannot be told.
    Character {
        /// The field of the configuration, as written in the program.
        field: &'static str,
        /// The character's first byte; 1 to 126 can be told.
        code: u8,
        /// Where it stands, in bytes.
        at: usize,
    },
    /// Two settings contradict each other.
    Contradiction {
        /// One sentence: which settings, and what to do.
        explanation: &'static str,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { field, value, min, max } => {
                write!(f, "{field} is {value}, but must be from {min} to {max}")
            }
            Self::TooLong { field, size_bytes, max_bytes } => {
                write!(f, "{field} has {size_bytes} bytes, but may have at most {max_bytes}")
            }
            Self::Topic { field, error } => write!(f, "{field}: {error}"),
            Self::MemoryTooSmall { buffer, size_bytes, min_bytes } => write!(
                f,
                "the buffer `{buffer}` has {size_bytes} bytes, but this configuration needs at least {min_bytes}"
            ),
            Self::Character { field, code, at } => write!(
                f,
                "{field} has the byte {code} at {at}, but this ESP8266 understands only 1 to 126"
            ),
            Self::Contradiction { explanation } => f.write_str(explanation),
        }
    }
}

impl core::error::Error for ConfigError {}

/// Why a publication was not queued.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PublishError {
    /// The outbox has no room. Try again after the next `Acked`, `Sent`, `Refused`, `Abandoned` or
    /// `OutboxHasRoom`: [When `publish` is refused](crate#when-publish-is-refused).
    OutboxFull,
    /// The publication would not fit into an empty outbox, or into an MQTT packet.
    TooLarge {
        /// What it needs.
        size_bytes: usize,
        /// The most there is.
        max_bytes: usize,
    },
    /// The topic name is malformed.
    Topic(TopicError),
    /// QoS 2 is not offered for publications.
    QosNotSupported,
    /// Topic or payload has a byte outside 1 to 126, which an ESP8266 with the predecessor's
    /// firmware cannot be told (bridge only).
    Character {
        /// The byte.
        code: u8,
        /// Where it stands, in the topic or else in the payload.
        at: usize,
    },
    /// The publication has properties, but the client speaks MQTT 3.1.1, which has none.
    NeedsMqtt5,
    /// A property that a publication may not have, or not twice, or not with this value
    /// [MQTT 5 §3.3.2.3]. Topic aliases are the client's own.
    Property,
    /// The machine was shut down.
    ShutDown,
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutboxFull => {
                f.write_str("the outbox is full: publish again when it has room")
            }
            Self::TooLarge { size_bytes, max_bytes } => {
                write!(
                    f,
                    "the publication needs {size_bytes} bytes, but there can be at most {max_bytes}"
                )
            }
            Self::Topic(error) => error.fmt(f),
            Self::Character { code, at } => {
                write!(
                    f,
                    "the byte {code} at {at} cannot be told to this ESP8266: only 1 to 126 can"
                )
            }
            Self::QosNotSupported => f.write_str("QoS 2 is not supported: publish with QoS 0 or 1"),
            Self::NeedsMqtt5 => f.write_str("properties need a client that speaks MQTT 5"),
            Self::Property => f.write_str(
                "a publication may not have one of the properties, or not with this value [MQTT 5 §3.3.2.3]",
            ),
            Self::ShutDown => f.write_str("the client was shut down"),
        }
    }
}

impl core::error::Error for PublishError {}

/// Why a subscription or its end was not queued.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The memory for subscriptions is full.
    TooMany,
    /// The filter does not fit into the buffer that its packet is made in.
    TooLong {
        /// Its length.
        size_bytes: usize,
        /// The longest that fits.
        max_bytes: usize,
    },
    /// The topic filter is malformed.
    Filter(TopicError),
    /// The filter has a byte outside 1 to 126, which an ESP8266 with the predecessor's firmware
    /// cannot be told (bridge only).
    Character {
        /// The byte.
        code: u8,
        /// Where it stands.
        at: usize,
    },
    /// The subscription has options or an identifier, but the client speaks MQTT 3.1.1.
    NeedsMqtt5,
    /// The identifier is not 1 to 268,435,455 [MQTT 5 §3.8.2.1.2], or a shared subscription asks
    /// not to get its own messages [MQTT5-3.8.3-4], or its name is malformed [MQTT5-4.8.2-1].
    Options,
    /// The machine was shut down.
    ShutDown,
}

impl fmt::Display for SubscribeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => f.write_str("the memory for subscriptions is full"),
            Self::TooLong { size_bytes, max_bytes } => {
                write!(
                    f,
                    "the filter has {size_bytes} bytes, but the transmit buffer allows at most {max_bytes}"
                )
            }
            Self::Filter(error) => error.fmt(f),
            Self::Character { code, at } => {
                write!(
                    f,
                    "the byte {code} at {at} cannot be told to this ESP8266: only 1 to 126 can"
                )
            }
            Self::NeedsMqtt5 => f.write_str("options need a client that speaks MQTT 5"),
            Self::Options => f.write_str(
                "no subscription may have these options: check the identifier, and the name if it is shared",
            ),
            Self::ShutDown => f.write_str("the client was shut down"),
        }
    }
}

impl core::error::Error for SubscribeError {}

/// What is wrong with a topic name or topic filter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TopicError {
    /// It has no character [MQTT-4.7.3-1].
    Empty,
    /// It has more than 65,535 bytes [MQTT-4.7.3-3].
    TooLong {
        /// Its length.
        size_bytes: usize,
    },
    /// It contains U+0000 [MQTT-4.7.3-2].
    Nul,
    /// A topic name contains `+` or `#` [MQTT-4.7.1-1].
    Wildcard,
    /// `#` is not the last character, or not a level of its own [MQTT-4.7.1-2].
    MultiLevelMisplaced,
    /// `+` is not a level of its own [MQTT-4.7.1-3].
    SingleLevelMisplaced,
}

impl fmt::Display for TopicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a topic needs at least one character [MQTT-4.7.3-1]"),
            Self::TooLong { size_bytes } => {
                write!(
                    f,
                    "the topic has {size_bytes} bytes, at most 65535 are allowed [MQTT-4.7.3-3]"
                )
            }
            Self::Nul => f.write_str("a topic must not contain U+0000 [MQTT-4.7.3-2]"),
            Self::Wildcard => {
                f.write_str("a topic name must not contain `+` or `#` [MQTT-4.7.1-1]")
            }
            Self::MultiLevelMisplaced => {
                f.write_str("`#` must be the last level, and alone in it [MQTT-4.7.1-2]")
            }
            Self::SingleLevelMisplaced => {
                f.write_str("`+` must be alone in its level [MQTT-4.7.1-3]")
            }
        }
    }
}

impl core::error::Error for TopicError {}
