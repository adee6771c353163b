//! What a run has of MQTT 5.

use serde::{Deserialize, Serialize};

use super::is_default;

/// Memory that a device needs at least for its CONNECT, besides the value of a user property, in bytes.
pub const CONNECT_BYTES: u16 = 84;

/// What the user property of a CONNECT begins with.
const VALUE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\
                     0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// What the two ends ask for and allow with MQTT 5, and what travels with messages.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mqtt5 {
    /// The session outlives its connection by so many seconds.
    pub session_expiry_s: u32,
    /// The broker takes so many QoS 1 publications at once, at least 1.
    pub receive_maximum: u16,
    /// The broker takes no packet that is larger, at least 256 bytes.
    pub packet_max_bytes: u32,
    /// The largest topic alias that the device allows the broker.
    pub aliases_from_broker: u16,
    /// The largest topic alias that the broker allows the device, which uses as many.
    pub aliases_from_device: u16,
    /// The broker wants this keep alive in seconds, or a shorter one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_alive_max_s: Option<u16>,
    /// The will waits so many seconds for the device to come back.
    pub will_delay_s: u32,
    /// Of 100 messages, in either direction, this many have a message expiry interval.
    pub expiring_percent: u8,
    /// It is from 1 to this many seconds.
    pub expiry_max_s: u32,
    /// Messages have no properties at all.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bare: bool,
    /// What the broker does not have, and how it goes about what it has.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
    /// What the device asks for besides.
    #[serde(default, skip_serializing_if = "is_default")]
    pub wishes: Wishes,
}

/// What a broker does not have (MQTT 5 §3.2.2.3), and how it goes about what it has. By default it has
/// everything but shared subscriptions, and says no more than it must.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// It takes and grants QoS 0 only.
    #[serde(skip_serializing_if = "is_default")]
    pub qos0_only: bool,
    /// It retains nothing.
    #[serde(skip_serializing_if = "is_default")]
    pub no_retain: bool,
    /// It has no topic filters with wildcards.
    #[serde(skip_serializing_if = "is_default")]
    pub no_wildcards: bool,
    /// It has no subscription identifiers.
    #[serde(skip_serializing_if = "is_default")]
    pub no_identifiers: bool,
    /// A session outlives its connection by no more than so many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_expiry_max_s: Option<u32>,
    /// Once all aliases are in use, it gives them to other topics in turn.
    #[serde(skip_serializing_if = "is_default")]
    pub renames_aliases: bool,
    /// Its CONNACK and its DISCONNECT say something in words.
    #[serde(skip_serializing_if = "is_default")]
    pub is_talkative: bool,
    /// The reason code with which it refuses `setup.refused_filter`, 0x80 or above; 0: 0x87.
    #[serde(skip_serializing_if = "is_default")]
    pub filter_refused_with: u8,
}

/// What a device asks for that most do not. By default it asks for nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wishes {
    /// Its client has no identifier: the broker chooses one.
    #[serde(skip_serializing_if = "is_default")]
    pub is_nameless: bool,
    /// So many bytes hold its CONNECT and the topics that aliases stand for, up to 512 and at least
    /// [`CONNECT_BYTES`] more than those of the property; 0: 512.
    #[serde(skip_serializing_if = "is_default")]
    pub connect_bytes: u16,
    /// Its CONNECT has a user property with a value of so many bytes, 0 to 128; 0: it has none.
    #[serde(skip_serializing_if = "is_default")]
    pub connect_property_bytes: u8,
    /// Its subscriptions have identifiers and options.
    #[serde(skip_serializing_if = "is_default")]
    pub has_identifiers: bool,
}

impl Wishes {
    /// Memory for its CONNECT and the topics that aliases stand for.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        if self.connect_bytes == 0 { 512 } else { self.connect_bytes.into() }
    }

    /// The user property of its CONNECT, if it has one.
    #[must_use]
    pub fn connect_property(&self) -> Option<(&'static str, &'static str)> {
        let value = VALUE.get(..self.connect_property_bytes.into())?;
        (!value.is_empty()).then_some(("board", value))
    }
}
