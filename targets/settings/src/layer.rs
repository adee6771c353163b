//! A layer: every field is there or not.

use fivewire_core::mqtt::ProtocolVersion;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::SettingsError;

/// `client.protocol`: the version of MQTT.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub enum Protocol {
    /// `"3.1.1"`, the default.
    #[serde(rename = "3.1.1")]
    V3_1_1,
    /// `"5"`. Both firmwares need the feature `mqtt5` for it.
    #[serde(rename = "5")]
    V5,
}

impl From<Protocol> for ProtocolVersion {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::V3_1_1 => Self::V3_1_1,
            Protocol::V5 => Self::V5,
        }
    }
}

/// Structs whose fields are all optional, and a later one of which goes over an earlier one.
macro_rules! layers {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Default, Debug, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: Option<$type>,)*
        }

        impl $name {
            fn over(self, below: Self) -> Self {
                Self { $($field: self.$field.or(below.$field),)* }
            }
        }
    )*};
}

layers! {
    /// `[network]`: [`fivewire_core::bridge::Network`].
    NetworkLayer {
        /// Its name. Mandatory.
        ssid: String,
        /// Its password; empty for an open network. Mandatory.
        password: String,
        /// Try the network that the chip has stored before this one.
        use_default: bool,
        /// Ask the application before this one is joined.
        asks: bool,
    }
    /// `[broker]`: [`fivewire_core::bridge::Broker`].
    BrokerLayer {
        /// Its name or address. Mandatory.
        host: String,
        /// Its TCP port, by default 1883.
        port: u16,
    }
    /// `[client]`: the fields of [`fivewire_core::config::Config`] that a bridge has.
    ClientLayer {
        /// The client identifier. Mandatory.
        client_id: String,
        /// The version of MQTT: `"3.1.1"`, the default, or `"5"`.
        protocol: Protocol,
        /// The user name.
        username: String,
        /// The password.
        password: String,
        /// Seconds.
        keep_alive_s: u16,
        /// Milliseconds.
        ping_interval_ms: u32,
        /// Milliseconds.
        response_timeout_ms: u32,
        /// Milliseconds.
        ack_timeout_ms: u32,
        /// Ask for a session that ends with its connection.
        clean_session: bool,
        /// Have the broker forget the session of an earlier life, once per power-up.
        clean_init: bool,
        /// Publications under way at once.
        window: u8,
        /// Messages handed out and not released.
        receive_maximum: u8,
        /// Milliseconds.
        join_timeout_ms: u32,
        /// Milliseconds.
        open_timeout_ms: u32,
        /// Milliseconds.
        backoff_first_ms: u32,
        /// Milliseconds.
        backoff_last_ms: u32,
        /// Attempts without an answer before the network is left.
        attempts_before_wifi: u8,
    }
    /// `[mqtt5]`: the numbers of [`fivewire_core::config::Mqtt5`]. Only with `client.protocol = "5"`.
    /// What is text there, properties of CONNECT and of the will, is set in code.
    Mqtt5Layer {
        /// Seconds for which the broker keeps the session after a connection, by default for ever.
        session_expiry_interval_s: u32,
        /// How many topics the broker may name by a number, by default 0.
        topic_alias_maximum: u16,
        /// How many topics of this client's own are named by a number, by default 0.
        own_topic_aliases: u16,
    }
    /// `[will]`: what the broker publishes when the board vanishes. Without `topic` there is none.
    WillLayer {
        /// Its topic.
        topic: String,
        /// Its message, by default empty.
        payload: String,
        /// 0 or 1, by default 1.
        qos: u8,
        /// By default false.
        retain: bool,
    }
    /// `[bridge]`: the fields of [`fivewire_core::bridge::host::Settings`].
    BridgeLayer {
        /// Milliseconds.
        watchdog_timeout_ms: u32,
        /// Milliseconds.
        startup_timeout_ms: u32,
        /// Tell of each attempt to join and to connect.
        tells_attempts: bool,
        /// The name or address of the time server.
        time_server: String,
    }
}

/// A file, or what code sets. Its tables and keys are those of `targets/rp2040/fivewire.toml`,
/// `[example]` aside.
#[derive(Clone, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Layer {
    /// The network to join.
    pub network: NetworkLayer,
    /// The broker to connect to.
    pub broker: BrokerLayer,
    /// The client.
    pub client: ClientLayer,
    /// What it asks for with MQTT 5.
    pub mqtt5: Mqtt5Layer,
    /// The will.
    pub will: WillLayer,
    /// The bridge.
    pub bridge: BridgeLayer,
}

/// A file that has a table of a program's own besides.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, bound = "T: Default + DeserializeOwned")]
struct WithExample<T> {
    network: NetworkLayer,
    broker: BrokerLayer,
    client: ClientLayer,
    mqtt5: Mqtt5Layer,
    will: WillLayer,
    bridge: BridgeLayer,
    example: T,
}

impl Layer {
    /// Reads TOML that has a table `[example]` besides: what a program made of an example needs.
    /// `file` is named in errors.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_with_example<T: Default + DeserializeOwned>(
        file: &str,
        text: &str,
    ) -> Result<(Self, T), SettingsError> {
        let WithExample { network, broker, client, mqtt5, will, bridge, example } =
            read(file, text)?;
        Ok((Self { network, broker, client, mqtt5, will, bridge }, example))
    }

    /// Reads TOML. `file` is named in errors.
    ///
    /// # Errors
    /// The place of the first thing that is no setting, and what was expected there.
    pub fn parse(file: &str, text: &str) -> Result<Self, SettingsError> {
        read(file, text)
    }

    /// This layer, and below it another one.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            network: self.network.over(below.network),
            broker: self.broker.over(below.broker),
            client: self.client.over(below.client),
            mqtt5: self.mqtt5.over(below.mqtt5),
            will: self.will.over(below.will),
            bridge: self.bridge.over(below.bridge),
        }
    }
}

fn read<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, SettingsError> {
    toml::from_str(text).map_err(|error| SettingsError::File {
        file: file.to_owned(),
        explanation: error.to_string().trim_end().to_owned(),
    })
}
