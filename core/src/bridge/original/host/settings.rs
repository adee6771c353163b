//! What the original ESP8266 is told when it starts, and what is decided about it.

use crate::bridge::host::{Firmware, Settings};
use crate::bridge::original::Generation;
use crate::bridge::original::record::{RecordWriter, untellable};
use crate::error::ConfigError;
use crate::mqtt::Will;

/// What to do when the ESP8266 asks whether it may join the network that it was told of, because
/// the one that it has stored failed or was not wanted (status 3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum SpecifiedNetwork {
    /// It may.
    #[default]
    Allow,
    /// It is reset, and tries its own network again.
    Refuse,
}

/// What only the original firmware has.
#[derive(Clone, Copy, Debug)]
pub struct Config<'a> {
    /// Default V0.1.
    pub generation: Generation,
    /// Default allow.
    pub specified_network: SpecifiedNetwork,
    /// How often the ESP8266 sends a publication again on one connection, default 4 (PREDECESSORS.md §3.8).
    pub max_repubs: u8,
    /// Where it asks for the time, default `pool.ntp.org`.
    pub time_server: &'a str,
    /// Runs the chip at 160 MHz, default true.
    pub fast: bool,
    /// Prints what it does on the ESP8266's console, default false.
    pub debug: bool,
    /// Milliseconds, 20,000 to 600,000, default 60,000: an ESP8266 that says nothing new for this
    /// long before it has joined and connected is reset. It waits 16 s for its own network, and for
    /// ever for the other (D-11).
    pub start_up_timeout_ms: u32,
    /// Milliseconds, 10,000 to 600,000, default 60,000: a publication or subscription that is not
    /// finished after so much time with a connection means a reset (D-07; PREDECESSORS.md §2.8).
    pub command_timeout_ms: u32,
}

impl Config<'_> {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        generation: Generation::V01,
        specified_network: SpecifiedNetwork::Allow,
        max_repubs: 4,
        time_server: "pool.ntp.org",
        fast: true,
        debug: false,
        start_up_timeout_ms: 60_000,
        command_timeout_ms: 60_000,
    };

    /// Checks every field, and the host's settings for what the original firmware cannot be told.
    ///
    /// # Errors
    /// The first field that is wrong, its value, and what is allowed.
    pub fn validate(&self, settings: &Settings<'_>) -> Result<(), ConfigError> {
        settings.validate()?;
        if settings.firmware != Firmware::Original {
            return Err(ConfigError::Contradiction {
                explanation: "firmware is Fivewire, but HostDialect is for the original: set Settings::firmware to Original",
            });
        }
        for (field, value, min) in [
            ("start_up_timeout_ms", self.start_up_timeout_ms, 20_000),
            ("command_timeout_ms", self.command_timeout_ms, 10_000),
        ] {
            if !(min..=600_000).contains(&value) {
                return Err(ConfigError::OutOfRange { field, value, min, max: 600_000 });
            }
        }
        let client = &settings.client;
        let will = client.will.unwrap_or(NO_WILL);
        for (field, text) in [
            ("client.username", client.username.unwrap_or_default().as_bytes()),
            ("client.password", client.password.unwrap_or_default()),
            ("client.will.topic", will.topic.as_bytes()),
            ("client.will.payload", will.payload),
            ("network.ssid", settings.network.ssid.as_bytes()),
            ("network.password", settings.network.password.as_bytes()),
            ("broker.host", settings.broker.host.as_bytes()),
            ("time_server", self.time_server.as_bytes()),
        ] {
            if let Some((code, at)) = untellable(text) {
                return Err(ConfigError::Character { field, code, at });
            }
        }
        Ok(())
    }

    /// The longest time, in milliseconds, from the moment the last fault heals until the bridge is
    /// connected again (P6). It is longer than between fivewire's own ends: the original is not
    /// told what became of the last command, waits 16 s for its own network and 5 s for nothing.
    #[must_use]
    pub const fn recovery_bound_ms(&self, settings: &Settings<'_>) -> u32 {
        const LINK_MS: u32 = 2_000;
        const OWN_NETWORK_MS: u32 = 16_000;
        const PAUSES_MS: u32 = 7_000;
        let client = &settings.client;
        let noticed_ms = if self.command_timeout_ms > self.start_up_timeout_ms {
            self.command_timeout_ms
        } else {
            self.start_up_timeout_ms
        };
        let joined_ms = OWN_NETWORK_MS + client.join_timeout_ms + PAUSES_MS;
        let connected_ms = client.open_timeout_ms + client.response_timeout_ms;
        noticed_ms + settings.startup_timeout_ms + LINK_MS + joined_ms + connected_ms
    }

    /// Writes the records `w` (none without a will) and `init` one after the other; says how long
    /// each is.
    pub(super) fn write(
        &self,
        settings: &Settings<'_>,
        into: &mut [u8],
    ) -> Result<(usize, usize), usize> {
        let will_size = match &settings.client.will {
            None => 0,
            Some(will) => RecordWriter::new(into, "w")
                .field(will.topic)
                .field(will.payload)
                .truth(will.retain)
                .number(u32::from(will.qos.as_u8()))
                .finish()
                .unwrap_or_else(|needed| needed),
        };
        let room = into.get_mut(will_size..).unwrap_or_default();
        let init_size = self.write_init(settings, room).map_err(|needed| will_size + needed)?;
        Ok((will_size, init_size))
    }

    fn write_init(&self, settings: &Settings<'_>, into: &mut [u8]) -> Result<usize, usize> {
        let client = &settings.client;
        let record = RecordWriter::new(into, "init")
            .field(settings.network.ssid)
            .field(settings.network.password)
            .field(settings.broker.host)
            .field(client.username.unwrap_or_default())
            .field(client.password.unwrap_or_default())
            .field("{}")
            .flag(settings.network.use_default)
            .number(u32::from(settings.broker.port))
            .flag(false)
            .flag(self.fast)
            .number(u32::from(client.keep_alive_s))
            .flag(self.debug)
            .flag(client.clean_session)
            .number(u32::from(self.max_repubs))
            .number(client.response_timeout_ms.div_ceil(1_000))
            .number(client.ping_interval_ms.div_ceil(1_000));
        match self.generation {
            Generation::V022 => record.finish(),
            Generation::V01 => record.field(self.time_server).finish(),
        }
    }
}

impl Default for Config<'_> {
    fn default() -> Self {
        Self::DEFAULT
    }
}

const NO_WILL: Will<'_> =
    Will { topic: "", payload: b"", qos: crate::mqtt::QoS::AtMostOnce, retain: false };

/// The caller's buffers for a dialect.
///
/// | buffer | holds | at least |
/// |---|---|---|
/// | `settings` | the records `w` and `init` | about 70 bytes and all texts |
/// | `record` | the command under way: a publication's topic and payload and 8 bytes | 32 bytes |
/// | `message` | a message on its way to the host: topic, payload and 14 bytes | 64 bytes |
#[derive(Clone, Copy, Debug)]
pub struct Memory<S> {
    /// What the ESP8266 is told when it starts.
    pub settings: S,
    /// What it is told next.
    pub record: S,
    /// What it said last.
    pub message: S,
}
