//! What the host decides for both ends, and the memory that it lives on.

use crate::bridge::{Broker, Network, TIME_SERVER};
use crate::config::Config;
use crate::error::ConfigError;
use crate::mqtt::ProtocolVersion;

/// What the ESP8266 runs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
#[non_exhaustive]
pub enum Firmware {
    /// fivewire: any text, any payload.
    #[default]
    Fivewire,
    /// The predecessor's, behind a [`HostDialect`](crate::bridge::original::HostDialect): bytes 1
    /// to 126 in topics, payloads and filters (D-16, D-18); others are refused before anything is
    /// queued. It cannot unsubscribe, so messages that nobody asked for any more are dropped here.
    Original,
}

/// The configuration of a bridge: its host end tells the ESP8266 everything it needs.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// The client that the ESP8266 runs. `release` and `overflow` are the host's own. For MQTT 5
    /// the firmware of the ESP8266 needs the feature `mqtt5`; with it the link carries properties
    /// and reasons, too.
    pub client: Config<'a>,
    /// The network to join.
    pub network: Network<'a>,
    /// The broker to connect to.
    pub broker: Broker<'a>,
    /// Milliseconds, 4,000 to 600,000, default 10,000 (PREDECESSORS.md §1.10): an ESP8266 whose command
    /// task is silent for this long is reset (P8). Only time in which the host polls counts, so the
    /// host must poll at least every 250 ms where something is due.
    pub watchdog_timeout_ms: u32,
    /// Milliseconds, 2,000 to 600,000, default 10,000: an ESP8266 that did not answer this long
    /// after a reset is reset again.
    pub startup_timeout_ms: u32,
    /// What the ESP8266 runs. Default fivewire.
    pub firmware: Firmware,
    /// Ask before the given network is joined
    /// ([`Event::NetworkAsked`](crate::event::Event::NetworkAsked)). Default `false`: where the
    /// stored one is not to be used, or not there, the given one is joined.
    pub asks_network: bool,
    /// Tell of each attempt to join and to connect. Default `false`: it takes the link's time at
    /// each attempt.
    pub tells_attempts: bool,
    /// The name or address of the server that [`ask_time`](super::Host::ask_time) asks, at most 255
    /// bytes. Default, and where it is empty, [`TIME_SERVER`]; one in the own network is as good
    /// (D-24).
    pub time_server: &'a str,
}

impl<'a> Settings<'a> {
    /// The defaults.
    #[must_use]
    pub const fn new(client: Config<'a>, network: Network<'a>, broker: Broker<'a>) -> Self {
        Self {
            client,
            network,
            broker,
            watchdog_timeout_ms: 10_000,
            startup_timeout_ms: 10_000,
            firmware: Firmware::Fivewire,
            asks_network: false,
            tells_attempts: false,
            time_server: TIME_SERVER,
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is wrong, its value, and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.client.validate()?;
        let original = self.firmware == Firmware::Original;
        if original && self.client.protocol != ProtocolVersion::V3_1_1 {
            return Err(ConfigError::Contradiction {
                explanation: "the predecessor's firmware speaks MQTT 3.1.1 only: leave client.protocol as it is",
            });
        }
        if self.client.client_id.is_empty() && !self.client.clean_session {
            return Err(ConfigError::Contradiction {
                explanation: "client_id is empty, and a session is to last: the name that a broker gives \
                              is lost with each restart of the ESP8266; set client_id or clean_session",
            });
        }
        let texts = [
            ("network.ssid", self.network.ssid, 32),
            ("network.password", self.network.password, 64),
            ("broker.host", self.broker.host, 255),
            ("time_server", self.time_server, 255),
        ];
        for (field, text, max_bytes) in texts {
            let size_bytes = text.len();
            if size_bytes > max_bytes {
                return Err(ConfigError::TooLong { field, size_bytes, max_bytes });
            }
        }
        if self.broker.host.is_empty() {
            return Err(ConfigError::OutOfRange {
                field: "broker.host (bytes)",
                value: 0,
                min: 1,
                max: 255,
            });
        }
        let numbers = [
            ("watchdog_timeout_ms", self.watchdog_timeout_ms, 4_000, 600_000),
            ("startup_timeout_ms", self.startup_timeout_ms, 2_000, 600_000),
            ("broker.port", u32::from(self.broker.port), 1, 65_535),
        ];
        for (field, value, min, max) in numbers {
            if !(min..=max).contains(&value) {
                return Err(ConfigError::OutOfRange { field, value, min, max });
            }
        }
        Ok(())
    }

    /// The longest time, in milliseconds, from the moment the last fault heals until the bridge is
    /// connected again (P6): what the client needs, or a dead ESP8266 that is noticed, started once
    /// more, and has to join and connect.
    #[must_use]
    pub const fn recovery_bound_ms(&self) -> u32 {
        let client = self.client.recovery_bound_ms();
        let noticed = max(self.watchdog_timeout_ms, self.startup_timeout_ms);
        let restarted = noticed + self.startup_timeout_ms;
        max(client, restarted.saturating_add(self.client.join_and_connect_ms()))
    }
}

const fn max(a: u32, b: u32) -> u32 {
    if a > b { a } else { b }
}

/// The caller's buffers for a host.
///
/// | buffer | holds | at least |
/// |---|---|---|
/// | `outbox` | publications until they are acknowledged, each with 20 bytes more than its packet | 64 bytes |
/// | `subscriptions` | topic filters, each with 12 bytes more than its text | 0 bytes |
/// | `inbound` | messages until the application takes them, each with 8 bytes more than its packet | 128 bytes |
/// | `frame` | the frame that is being sent: the largest publication and 6 bytes | the settings, 64 bytes |
/// | `publication_topics` | the topics published to last, each with 1 byte more than its text: these cost a byte on the link | 0 bytes, best room for all in use |
/// | `message_topics` | the same of messages that arrive | 0 bytes |
/// | `settings` | the settings, for each start of the ESP8266; behind them what the broker says in MQTT 5, which is not told where it does not fit | about 100 bytes and all texts |
#[derive(Clone, Copy, Debug)]
pub struct Memory<S> {
    /// What is not acknowledged.
    pub outbox: S,
    /// What is subscribed to.
    pub subscriptions: S,
    /// What was received.
    pub inbound: S,
    /// What is being sent over the link.
    pub frame: S,
    /// Topics that the ESP8266 was told.
    pub publication_topics: S,
    /// Topics that the ESP8266 told.
    pub message_topics: S,
    /// What the ESP8266 is told when it starts.
    pub settings: S,
}
