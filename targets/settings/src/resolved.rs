//! What all layers come to.

use fivewire_core::bridge::host::Settings;
use fivewire_core::bridge::{Broker, Network};
use fivewire_core::config::{Config, Mqtt5};
use fivewire_core::error::ConfigError;
use fivewire_core::mqtt::{ProtocolVersion, QoS, Will};

use crate::{Layer, Mqtt5Layer, Protocol, SettingsError};

/// The default port of MQTT.
const PORT: u16 = 1_883;

/// Settings that were found to work. They own their texts.
#[derive(Clone, Debug)]
pub struct Resolved {
    top: Layer,
    client_id: String,
    ssid: String,
    password: String,
    host: String,
    will_qos: QoS,
}

/// Puts layers on top of each other, the first lowest, and checks what comes out.
///
/// # Errors
/// What is missing; or the first field that is wrong, its value, and what is allowed.
pub fn resolve(layers: impl IntoIterator<Item = Layer>) -> Result<Resolved, SettingsError> {
    let mut top = layers.into_iter().fold(Layer::default(), |below, layer| layer.over(below));
    let mut take = |field: &'static str, value: fn(&mut Layer) -> &mut Option<String>| {
        value(&mut top).take().ok_or(SettingsError::Missing { field })
    };
    let ssid = take("network.ssid", |layer| &mut layer.network.ssid)?;
    let password = take("network.password", |layer| &mut layer.network.password)?;
    let host = take("broker.host", |layer| &mut layer.broker.host)?;
    let client_id = take("client.client_id", |layer| &mut layer.client.client_id)?;
    let qos = top.will.qos.unwrap_or(1);
    let will_qos = QoS::from_u8(qos).ok_or(ConfigError::OutOfRange {
        field: "will.qos",
        value: qos.into(),
        min: 0,
        max: 1,
    })?;
    let resolved = Resolved { top, client_id, ssid, password, host, will_qos };
    resolved.settings().validate()?;
    resolved.check_version()?;
    Ok(resolved)
}

impl Resolved {
    /// For [`Host::new`](fivewire_core::bridge::host::Host::new).
    #[must_use]
    pub fn settings(&self) -> Settings<'_> {
        let Layer { network, broker, bridge, .. } = &self.top;
        let use_default = network.use_default.unwrap_or(false);
        let network_settings = Network { ssid: &self.ssid, password: &self.password, use_default };
        let broker = Broker { host: &self.host, port: broker.port.unwrap_or(PORT) };
        let base = Settings::new(self.client(), network_settings, broker);
        Settings {
            watchdog_timeout_ms: bridge.watchdog_timeout_ms.unwrap_or(base.watchdog_timeout_ms),
            startup_timeout_ms: bridge.startup_timeout_ms.unwrap_or(base.startup_timeout_ms),
            asks_network: network.asks.unwrap_or(base.asks_network),
            tells_attempts: bridge.tells_attempts.unwrap_or(base.tells_attempts),
            time_server: bridge.time_server.as_deref().unwrap_or(base.time_server),
            ..base
        }
    }

    /// What only MQTT 5 has is not set for a client that does not speak it.
    const fn check_version(&self) -> Result<(), SettingsError> {
        let Mqtt5Layer { session_expiry_interval_s, topic_alias_maximum, own_topic_aliases } =
            &self.top.mqtt5;
        let field = match (session_expiry_interval_s, topic_alias_maximum, own_topic_aliases) {
            _ if matches!(self.top.client.protocol, Some(Protocol::V5)) => return Ok(()),
            (Some(_), ..) => "mqtt5.session_expiry_interval_s",
            (_, Some(_), _) => "mqtt5.topic_alias_maximum",
            (.., Some(_)) => "mqtt5.own_topic_aliases",
            (None, None, None) => return Ok(()),
        };
        Err(SettingsError::NeedsMqtt5 { field })
    }

    fn client(&self) -> Config<'_> {
        let base = Config::new(&self.client_id);
        let (layer, mqtt5) = (&self.top.client, &self.top.mqtt5);
        let pick = |value: Option<u32>, default| value.unwrap_or(default);
        Config {
            protocol: layer.protocol.map_or(base.protocol, ProtocolVersion::from),
            mqtt5: Mqtt5 {
                session_expiry_interval_s: pick(
                    mqtt5.session_expiry_interval_s,
                    base.mqtt5.session_expiry_interval_s,
                ),
                topic_alias_maximum: mqtt5
                    .topic_alias_maximum
                    .unwrap_or(base.mqtt5.topic_alias_maximum),
                own_topic_aliases: mqtt5.own_topic_aliases.unwrap_or(base.mqtt5.own_topic_aliases),
                ..base.mqtt5
            },
            username: layer.username.as_deref(),
            password: layer.password.as_deref().map(str::as_bytes),
            will: self.will(),
            keep_alive_s: layer.keep_alive_s.unwrap_or(base.keep_alive_s),
            ping_interval_ms: pick(layer.ping_interval_ms, base.ping_interval_ms),
            response_timeout_ms: pick(layer.response_timeout_ms, base.response_timeout_ms),
            ack_timeout_ms: pick(layer.ack_timeout_ms, base.ack_timeout_ms),
            clean_session: layer.clean_session.unwrap_or(base.clean_session),
            clean_init: layer.clean_init.unwrap_or(base.clean_init),
            window: layer.window.unwrap_or(base.window),
            receive_maximum: layer.receive_maximum.unwrap_or(base.receive_maximum),
            join_timeout_ms: pick(layer.join_timeout_ms, base.join_timeout_ms),
            open_timeout_ms: pick(layer.open_timeout_ms, base.open_timeout_ms),
            backoff_first_ms: pick(layer.backoff_first_ms, base.backoff_first_ms),
            backoff_last_ms: pick(layer.backoff_last_ms, base.backoff_last_ms),
            attempts_before_wifi: layer.attempts_before_wifi.unwrap_or(base.attempts_before_wifi),
            ..base
        }
    }

    fn will(&self) -> Option<Will<'_>> {
        let will = &self.top.will;
        Some(Will {
            topic: will.topic.as_deref()?,
            payload: will.payload.as_deref().unwrap_or_default().as_bytes(),
            qos: self.will_qos,
            retain: will.retain.unwrap_or(false),
        })
    }
}
