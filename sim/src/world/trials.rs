//! Setups that cannot work, offered to the machines before the run begins: each run tries one field
//! and one buffer at the edges of what is allowed.

use fivewire_core::bridge::host::{self, Firmware, Settings};
use fivewire_core::bridge::{Broker, Network, esp};
use fivewire_core::client::{self, Client};
use fivewire_core::config::Config;
use fivewire_core::error::ConfigError;
use fivewire_core::mqtt::ProtocolVersion;
use fivewire_core::planted::Planted;

use super::World;
use super::device::{Bytes, DEVICE_ID, config, esp_memory, host_memory, settings};
use crate::app::Application;
use crate::observation::{Observation, Observer, Trial};
use crate::random::mixed;
use crate::schedule::{Setup, Topology};

/// The buffers that have a smallest size, of a client, of a bridge's host, and of its ESP8266.
const BUFFERS: [&[&str]; 3] = [
    &["receive", "transmit", "outbox", "connect"],
    &["outbox", "inbound", "frame", "settings"],
    &["frames"],
];
/// Each buffer of a client that is only tried.
pub(crate) const TRIED_BYTES: usize = 1_024;
/// So small is no buffer of use.
const TINY_BYTES: usize = 10;

/// What is tried of a bridge's settings: at an edge, and beyond it.
const TRIALS: [Trial; 21] = [
    Trial::Text { field: "network.ssid", size_bytes: 32 },
    Trial::Text { field: "network.ssid", size_bytes: 33 },
    Trial::Text { field: "network.password", size_bytes: 64 },
    Trial::Text { field: "network.password", size_bytes: 65 },
    Trial::Text { field: "broker.host", size_bytes: 0 },
    Trial::Text { field: "broker.host", size_bytes: 255 },
    Trial::Text { field: "broker.host", size_bytes: 256 },
    Trial::Text { field: "time_server", size_bytes: 255 },
    Trial::Text { field: "time_server", size_bytes: 256 },
    Trial::Number { field: "watchdog_timeout_ms", value: 3_999 },
    Trial::Number { field: "watchdog_timeout_ms", value: 4_000 },
    Trial::Number { field: "watchdog_timeout_ms", value: 600_001 },
    Trial::Number { field: "startup_timeout_ms", value: 1_999 },
    Trial::Number { field: "startup_timeout_ms", value: 2_000 },
    Trial::Number { field: "startup_timeout_ms", value: 600_001 },
    Trial::Number { field: "broker.port", value: 0 },
    Trial::Number { field: "broker.port", value: 1 },
    Trial::Nameless { lasting: false },
    Trial::Nameless { lasting: true },
    Trial::Predecessor { v5: false },
    Trial::Predecessor { v5: true },
];

impl<A: Application> World<A> {
    /// Offers what cannot work, and what just can.
    pub(super) fn try_setups<O: Observer>(&self, observer: &mut O) {
        let setup = &self.schedule.setup;
        let number = mixed(self.schedule.seed) as usize;
        let machine = match setup.topology {
            Topology::Client => 0,
            Topology::Bridge => 1 + number / 8 % 2,
        };
        let buffer = BUFFERS[machine][number % BUFFERS[machine].len()];
        let mut see = |trial, refusal: Option<ConfigError>| {
            self.see(observer, &Observation::SetupTried { trial, refusal: refusal.as_ref() });
        };
        let mut try_size = |size_bytes| {
            let refusal = with_buffer(setup, machine, buffer, size_bytes);
            see(Trial::Buffer { buffer, size_bytes }, refusal);
            refusal
        };
        if let Some(ConfigError::MemoryTooSmall { min_bytes, .. }) = try_size(TINY_BYTES) {
            try_size(min_bytes);
            try_size(min_bytes.saturating_sub(1));
        }
        if setup.topology == Topology::Bridge {
            let trial = TRIALS[number % TRIALS.len()];
            see(trial, with_settings(setup, trial));
        }
    }
}

/// Whether a machine begins that has a buffer of this size.
fn with_buffer(
    setup: &Setup,
    machine: usize,
    buffer: &str,
    size_bytes: usize,
) -> Option<ConfigError> {
    let config = config(setup, Planted::NONE, &[], &[]);
    let resized = |bytes: &mut Bytes| *bytes = vec![0; size_bytes];
    match machine {
        0 => {
            let mut memory = client_memory();
            resized(match buffer {
                "receive" => &mut memory.receive,
                "transmit" => &mut memory.transmit,
                "connect" => &mut memory.connect,
                _ => &mut memory.outbox,
            });
            Client::new(&config, memory, 0).err()
        }
        1 => {
            let mut memory = host_memory(setup);
            resized(match buffer {
                "outbox" => &mut memory.outbox,
                "inbound" => &mut memory.inbound,
                "frame" => &mut memory.frame,
                _ => &mut memory.settings,
            });
            host::Host::new(&settings(config, super::Services::default()), memory, 0).err()
        }
        _ => {
            let mut memory = esp_memory(setup);
            resized(&mut memory.frames);
            esp::Esp::new(memory, 0).err()
        }
    }
}

/// A client's buffers, all of a size that will do.
pub(super) fn client_memory() -> client::Memory<Bytes> {
    let buffer = || vec![0; TRIED_BYTES];
    client::Memory {
        receive: buffer(),
        transmit: buffer(),
        outbox: buffer(),
        subscriptions: buffer(),
        connect: buffer(),
    }
}

/// Whether a bridge's settings are refused with one field changed.
fn with_settings(setup: &Setup, trial: Trial) -> Option<ConfigError> {
    let long = "x".repeat(256);
    // a name is what some of them are about
    let config = Config { client_id: DEVICE_ID, ..config(setup, Planted::NONE, &[], &[]) };
    let mut tried = settings(config, super::Services::default());
    match trial {
        Trial::Buffer { .. } => {}
        Trial::Text { field, size_bytes } => {
            let text = &long[..size_bytes];
            match field {
                "network.ssid" => tried.network = Network { ssid: text, ..tried.network },
                "network.password" => tried.network = Network { password: text, ..tried.network },
                "broker.host" => tried.broker = Broker { host: text, ..tried.broker },
                _ => tried.time_server = text,
            }
            return tried.validate().err();
        }
        Trial::Number { field, value } => match field {
            "watchdog_timeout_ms" => tried.watchdog_timeout_ms = value,
            "startup_timeout_ms" => tried.startup_timeout_ms = value,
            _ => tried.broker.port = value as u16,
        },
        Trial::Nameless { lasting } => {
            let nameless = Config {
                client_id: "",
                protocol: ProtocolVersion::V5,
                clean_session: !lasting,
                clean_init: false,
                ..tried.client
            };
            tried = Settings { client: nameless, ..tried };
        }
        Trial::Predecessor { v5 } => {
            let protocol = if v5 { ProtocolVersion::V5 } else { ProtocolVersion::V3_1_1 };
            let client = Config { protocol, mqtt5: Default::default(), ..tried.client };
            tried = Settings { client, firmware: Firmware::Original, ..tried };
        }
    }
    tried.validate().err()
}
