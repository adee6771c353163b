//! A whole run as data: the device, its workload and the faults. It can be printed, stored, replayed
//! and shrunk; a seed only draws one.

mod habits;
mod mqtt5;

use fivewire_core::link::native::frame_max_bytes;
use serde::{Deserialize, Serialize};

use crate::fault::{Fault, FaultKind};
use crate::observation::Part;
use crate::wires::Pace;

pub use habits::Habits;
pub use mqtt5::{CONNECT_BYTES, Limits, Mqtt5, Wishes};

/// The format of stored schedules; a file of another version is refused.
pub const VERSION: u32 = 1;

/// The receive buffer of a board that runs the client and the application, in bytes.
pub const CLIENT_RECEIVE_BYTES: u16 = 2_048;
/// The receive buffer of the client at a bridge's ESP8266, in bytes.
pub const ESP_RECEIVE_BYTES: u16 = 1_024;
/// The outbox of the ESP8266, in bytes.
pub const ESP_OUTBOX_BYTES: u16 = 4_096;

/// The largest return code of a CONNACK of MQTT 3.1.1.
const RETURN_CODE_MAX: u8 = 5;

/// A run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// [`VERSION`].
    pub version: u32,
    /// The scenario that drew it, by its name in `fivewire list`.
    pub scenario: String,
    /// The seed of everything that the schedule does not say: latencies, chopping, jitter.
    pub seed: u64,
    /// How long faults and workload go on, in milliseconds; healing and settling come after.
    pub duration_ms: u32,
    /// What is simulated.
    pub setup: Setup,
    /// What the application and the witness do.
    pub workload: Workload,
    /// What breaks, in order of time.
    pub faults: Vec<Fault>,
}

impl Schedule {
    /// The same run with MQTT 3.1.1. Faults that need MQTT 5 go.
    #[must_use]
    pub fn with_3_1_1(mut self) -> Self {
        self.setup.mqtt5 = None;
        self.faults.retain(|fault| !fault.kind.needs_mqtt5());
        for fault in &mut self.faults {
            if let FaultKind::ConnectDenied { code } = &mut fault.kind {
                *code = (*code).min(RETURN_CODE_MAX);
            }
        }
        self
    }

    /// The same run with its link simulated like this. Faults that need wires go where there are
    /// none.
    #[must_use]
    pub fn at_fidelity(mut self, fidelity: Fidelity) -> Self {
        self.setup.fidelity = fidelity;
        if !self.setup.has_wires() {
            self.faults.retain(|fault| !fault.kind.needs_wires());
        }
        self
    }
}

/// Where the client runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topology {
    /// A host without WiFi, the link, an ESP8266 with the client.
    Bridge,
    /// One board with WiFi that runs the client and the application.
    Client,
}

/// How closely the link between the two boards is simulated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fidelity {
    /// Whole frames, each of which takes its time: for long runs.
    #[default]
    Frame,
    /// Every edge on five wires, with a link machine at either end.
    Wire,
}

/// The boards at the wires.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wires {
    /// How soon the host looks at its pins.
    pub host: Pace,
    /// How soon the ESP8266 does.
    pub esp: Pace,
    /// The host steps its link from an interrupt: it goes on while the main loop is busy. Otherwise
    /// the main loop does.
    pub host_interrupt: bool,
    /// The same of the ESP8266.
    pub esp_interrupt: bool,
    /// The host pauses this long before an edge of an idle link, in microseconds, 0 to 100,000.
    pub idle_step_us: u32,
    /// Size of each of the buffers of the host's link, in bytes, [`link_memory_min_bytes`] to 65,535.
    pub host_memory_bytes: u16,
    /// The same of the ESP8266's.
    pub esp_memory_bytes: u16,
}

impl Default for Wires {
    /// Two fast boards that step the link from an interrupt.
    fn default() -> Self {
        Self {
            host: Pace::FAST,
            esp: Pace::FAST,
            host_interrupt: true,
            esp_interrupt: true,
            idle_step_us: 1_000,
            host_memory_bytes: 3_072,
            esp_memory_bytes: 3_072,
        }
    }
}

impl Wires {
    /// The largest frame that the link carries from an end, in bytes.
    #[must_use]
    pub fn frame_max_bytes(&self, from: Part) -> usize {
        let host = usize::from(self.host_memory_bytes);
        let esp = usize::from(self.esp_memory_bytes);
        match from {
            Part::Host => frame_max_bytes(host, esp),
            Part::Esp | Part::Broker => frame_max_bytes(esp, host),
        }
    }
}

/// Bytes, default 256.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TopicBytes(pub u16);

impl Default for TopicBytes {
    fn default() -> Self {
        Self(256)
    }
}

/// What the host of a bridge has for messages that its application has not taken, in bytes: 256 to 2,048.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InboundBytes(pub u16);

impl Default for InboundBytes {
    fn default() -> Self {
        Self(2_048)
    }
}

/// What the largest frame of the bridge needs in a link's buffer: a publication with its topic, or the
/// settings.
#[must_use]
pub fn link_memory_min_bytes(workload: &Workload) -> u16 {
    workload.payload_max_bytes.saturating_add(128).max(384)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The device and its surroundings.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// Where the client runs.
    pub topology: Topology,
    /// QoS 1 publications under way at once, 1 to 16.
    pub window: u8,
    /// Keep alive in seconds; 0 switches it off.
    pub keep_alive_s: u16,
    /// The session ends with the connection.
    pub clean_session: bool,
    /// Forget the session of an earlier life at the first connection.
    pub clean_init: bool,
    /// The application releases messages itself, this many milliseconds after it got them. `None`:
    /// released at hand-out.
    pub release_after_ms: Option<u32>,
    /// The client has a will.
    pub will: bool,
    /// One-way delay between device and broker, in milliseconds: the smallest.
    pub latency_min_ms: u32,
    /// The largest.
    pub latency_max_ms: u32,
    /// How much faster the host's clock runs than true time, in parts per million.
    pub host_drift_ppm: i32,
    /// The same of the ESP8266's clock.
    pub esp_drift_ppm: i32,
    /// Segments are chopped and joined at random; otherwise each write is one segment.
    pub chops_segments: bool,
    /// Size of the device's outbox, in bytes.
    pub outbox_bytes: u32,
    /// One more filter that the application asks for, and the broker refuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_filter: Option<String>,
    /// The application's topic filters, subscribed to from the start with QoS 1.
    pub filters: Vec<String>,
    /// Memory for the names of topics that go over the link of a bridge, in bytes, for each
    /// direction at either end.
    #[serde(default, skip_serializing_if = "is_default")]
    pub topic_bytes: TopicBytes,
    /// Memory of the host of a bridge for messages that its application has not taken.
    #[serde(default, skip_serializing_if = "is_default")]
    pub inbound_bytes: InboundBytes,
    /// How closely the link of a bridge is simulated.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fidelity: Fidelity,
    /// The boards at its wires; they matter only where `fidelity` is `wire`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub wires: Wires,
    /// Device, broker and witness speak MQTT 5; `None`: MQTT 3.1.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mqtt5: Option<Mqtt5>,
}

impl Setup {
    /// Device and broker speak MQTT 5.
    #[must_use]
    pub const fn is_v5(&self) -> bool {
        self.mqtt5.is_some()
    }

    /// No message whose packet is larger fits into the memories between the broker and the application: the
    /// receive buffer of the client, those of the link of a bridge, and what its host has for messages.
    #[must_use]
    pub fn message_max_bytes(&self) -> u32 {
        let receive_bytes = self.receive_bytes();
        match self.topology {
            Topology::Client => receive_bytes.into(),
            Topology::Bridge => {
                let Wires { host_memory_bytes, esp_memory_bytes, .. } = self.wires;
                let link_bytes = host_memory_bytes.min(esp_memory_bytes);
                receive_bytes.min(link_bytes).min(self.inbound_bytes.0).into()
            }
        }
    }

    /// The receive buffer of the client, wherever it runs.
    #[must_use]
    pub const fn receive_bytes(&self) -> u16 {
        match self.topology {
            Topology::Client => CLIENT_RECEIVE_BYTES,
            Topology::Bridge => ESP_RECEIVE_BYTES,
        }
    }

    /// There are wires to break.
    #[must_use]
    pub fn has_wires(&self) -> bool {
        self.topology == Topology::Bridge && self.fidelity == Fidelity::Wire
    }
}

/// What is published by whom.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// The application publishes a message every so many milliseconds, give or take a fifth.
    /// 0: never.
    pub publish_every_ms: u32,
    /// Of 100 publications, this many are QoS 0; the others are QoS 1.
    pub qos0_percent: u8,
    /// Topics the application publishes to, in turn: `up/0`, `up/1`, ...
    pub topics: u8,
    /// Payload sizes: at least 8 (the number of the message comes first) bytes.
    pub payload_min_bytes: u16,
    /// And at most this many.
    pub payload_max_bytes: u16,
    /// The witness publishes a message for the device every so many milliseconds. 0: never.
    pub inbound_every_ms: u32,
    /// The topics that the witness publishes to, in turn; each must match one of the filters.
    pub inbound_topics: Vec<String>,
    /// Of 100 messages of the witness, this many are about as large as what the device has memory for, or
    /// larger. Every fourth of those is QoS 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub large_percent: u8,
    /// Of 100 other messages of the witness, this many are QoS 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub inbound_qos0_percent: u8,
    /// What the application does besides.
    #[serde(default, skip_serializing_if = "Habits::are_none")]
    pub habits: Habits,
}
