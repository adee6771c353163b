//! What MQTT 5 adds to the configuration.

use crate::error::ConfigError;
use crate::mqtt::v5::{self, Packet, Properties, Property};

/// What a client that speaks MQTT 5 asks for. It speaks it where
/// [`Config::protocol`](super::Config::protocol) says so, and ignores all this where not:
///
/// ```
/// use fivewire_core::config::{Config, Mqtt5};
/// use fivewire_core::mqtt::ProtocolVersion;
/// use fivewire_core::mqtt::v5::{Properties, Property};
///
/// let config = Config {
///     protocol: ProtocolVersion::V5,
///     mqtt5: Mqtt5 {
///         session_expiry_interval_s: 86_400,
///         connect: Properties::of(&[Property::UserProperty("board", "7")]),
///         ..Mqtt5::new()
///     },
///     ..Config::new("pump")
/// };
/// assert!(config.validate().is_ok());
/// ```
///
/// The same configuration is the `client` of a bridge's
/// [`Settings`](crate::bridge::host::Settings).
///
/// Receive maximum and maximum packet size need no setting: the broker is told
/// [`Config::receive_maximum`](super::Config::receive_maximum) and the size of the receive buffer.
///
/// # What of MQTT 5 the client does not do
///
/// * Enhanced authentication (§4.12): it offers no method, and one that the broker asks for ends
///   the connection with a reason [MQTT5-4.12.0-6].
/// * QoS 2: publications are refused with
///   [`PublishError::QosNotSupported`](crate::error::PublishError::QosNotSupported), subscriptions
///   ask for QoS 1. What becomes of a message that a broker sends with QoS 2 all the same, the
///   [`Client`](crate::client::Client) says.
/// * Server redirection (§4.13): another server that the broker names is told
///   ([`Event::BrokerSaid`](crate::event::Event::BrokerSaid)), and not gone to.
///
/// Over the bridge the same client runs at the ESP8266, if its firmware has the feature `mqtt5`
/// ([`Event::EspUnfit`](crate::event::Event::EspUnfit) says that it does not).
///
/// What the predecessor left out beside authentication is there: properties of the will, several
/// user properties, no local, retain as published, retain handling, and topic aliases of the
/// broker.
#[derive(Clone, Copy, Debug)]
pub struct Mqtt5<'a> {
    /// Seconds for which the session outlives a connection, default `u32::MAX`: for ever. Brokers
    /// may grant less. Ignored with `clean_session`.
    pub session_expiry_interval_s: u32,
    /// The largest topic alias that the broker may use, default 0: none. The topics it names lie in
    /// [`Memory::connect`](crate::client::Memory), behind the CONNECT packet, each with 5 bytes more
    /// than its text; over a bridge that is the ESP8266's. If they do not fit, the connection is
    /// closed, and the next ones allow none.
    pub topic_alias_maximum: u16,
    /// How many topics of this client's own publications get an alias, as far as the broker takes
    /// them and memory lasts, default 0: none. They lie where those of the broker do.
    pub own_topic_aliases: u16,
    /// Further properties of CONNECT, default none:
    /// [`RequestProblemInformation`](Property::RequestProblemInformation),
    /// [`RequestResponseInformation`](Property::RequestResponseInformation) and user properties. No
    /// method of authentication: the client takes no part in one.
    pub connect: Properties<'a>,
    /// Properties of the will, default none. With a delay interval the will is told that much later
    /// than P10 says.
    pub will: Properties<'a>,
}

impl Mqtt5<'_> {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            session_expiry_interval_s: u32::MAX,
            topic_alias_maximum: 0,
            own_topic_aliases: 0,
            connect: Properties::NONE,
            will: Properties::NONE,
        }
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let own = self.connect.iter().all(|property| {
            matches!(
                property,
                Property::RequestProblemInformation(_)
                    | Property::RequestResponseInformation(_)
                    | Property::UserProperty(..)
            )
        });
        if !own {
            return Err(ConfigError::Contradiction {
                explanation: "mqtt5.connect has a property that the client sets itself, or cannot serve: \
                              request information and user properties are allowed",
            });
        }
        let will = v5::Will {
            topic: "w",
            payload: b"",
            qos: crate::mqtt::QoS::AtMostOnce,
            retain: false,
            properties: self.will,
        };
        let connect = Packet::Connect(v5::Connect {
            client_id: "",
            clean_start: true,
            keep_alive_s: 0,
            properties: self.connect,
            will: Some(will),
            username: None,
            password: None,
        });
        if connect.encoded_len() == usize::MAX {
            return Err(ConfigError::Contradiction {
                explanation: "mqtt5.connect or mqtt5.will has a property twice, one that no will has, or one \
                              with a value that it may not have [MQTT 5 §2.2.2.2]",
            });
        }
        Ok(())
    }
}

impl Default for Mqtt5<'_> {
    fn default() -> Self {
        Self::new()
    }
}
