//! Faults as data: what can break, when, and for how long.

use serde::{Deserialize, Serialize};

use crate::wires::Wire;

/// One fault of a schedule.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// When it begins, in milliseconds from the start of the run.
    pub at_ms: u32,
    /// How long it lasts, in milliseconds. 0 for what happens at once.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub duration_ms: u32,
    /// What breaks.
    pub kind: FaultKind,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// How much a broker remembers after a restart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Memory {
    /// Everything: sessions, queued and retained messages.
    Kept,
    /// Nothing.
    Lost,
}

/// What another firmware of the ESP8266 speaks on the wires.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Firmware {
    /// The predecessor's link.
    Syncom,
    /// A later version of ours.
    OtherVersion,
}

/// What can break.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum FaultKind {
    // --- WiFi
    /// The access point is gone: the association ends at once, joins fail until it is back.
    WifiOutage,
    /// Out of range: the association stays, no segment gets through, nobody is told.
    WifiFade,
    /// The link is slow: this many milliseconds more in each direction.
    Latency {
        /// Milliseconds, 1 to 60,000.
        extra_ms: u32,
    },
    // --- TCP
    /// The connection is reset at both ends.
    TcpReset,
    /// A box on the way forgets the connection: from now on its segments vanish in both directions,
    /// for as long as it exists; new connections work.
    TcpHalfOpen,
    /// The broker closes the connection (FIN).
    BrokerCloses,
    /// Connection attempts are refused.
    ConnectRefused,
    /// Connection attempts get no answer.
    ConnectBlackhole,
    // --- the broker
    /// The broker is stopped (connections close), and starts again at the end of the fault.
    BrokerRestart {
        /// What it remembers afterwards.
        memory: Memory,
    },
    /// The broker's machine loses power (nothing is said to anybody), and starts again at the end.
    BrokerCrash {
        /// What it remembers afterwards.
        memory: Memory,
    },
    /// The broker process hangs: its machine still accepts and buffers.
    BrokerHang,
    /// The broker forgets this client's session while it is away (it drops the connection first).
    SessionLost,
    /// The broker answers CONNECT with this return code, 1 to 5, or with this reason code.
    ConnectDenied {
        /// The return code (MQTT 3.1.1 §3.2.2.3), or a reason code of MQTT 5, 0x80 or above.
        code: u8,
    },
    /// The broker acknowledges nothing.
    AcksSwallowed,
    /// The broker sends each acknowledgement twice.
    AcksDoubled,
    /// The broker sends bytes that are no MQTT, once: which breach, from a fixed table.
    Malformed {
        /// The place in `broker::MALFORMED`, modulo its length.
        which: u8,
    },
    /// Somebody publishes this many QoS 1 messages for the device at once.
    Backlog {
        /// How many.
        messages: u16,
    },
    // --- the ESP8266
    /// Its program crashes; it boots again by itself.
    EspCrash,
    /// It stops dead; only the reset line helps.
    EspHang,
    /// Its command task dies; the client and the link's clock go on.
    EspCommandTaskDies,
    /// Each boot within this time takes several seconds longer.
    EspSlowBoot,
    /// Its supply sags: it resets again and again during this time.
    EspBrownOut,
    /// Its receive buffers are small for this time: too much waiting data crashes it.
    EspReceiveOverflow,
    // --- the link
    /// Both ends lose the link and find each other again.
    LinkReset,
    /// Frames vanish in both directions, nobody is told.
    LinkDead,
    // --- the host and its application
    /// The host's main loop is busy elsewhere and polls nothing.
    HostBusy,
    /// The host loses power for an instant; its memory with it.
    HostReset,
    /// The application takes no messages.
    AppHolds,
    /// The application publishes this many messages at once.
    AppBurst {
        /// How many.
        messages: u16,
    },
    // --- the wires, edge by edge
    /// One wire shows the wrong level for a moment.
    WireGlitch {
        /// Which.
        wire: Wire,
        /// For how long, in microseconds, 1 to 1,000,000.
        length_us: u32,
    },
    /// One wire shows wrong levels for moments of up to 40 µs, again and again.
    WireNoise {
        /// Which.
        wire: Wire,
        /// How often on average, in microseconds, 50 to 10,000,000.
        every_us: u32,
    },
    /// Each edge of this wire may disturb the two beside it for up to 10 µs.
    WireCrosstalk {
        /// Which.
        wire: Wire,
    },
    /// The changes of this wire arrive late.
    WireLag {
        /// Which.
        wire: Wire,
        /// By up to so many microseconds, 1 to 100,000.
        max_us: u32,
    },
    /// This wire shows one level, whatever drives it.
    WireStuck {
        /// Which.
        wire: Wire,
        /// The level.
        high: bool,
    },
    /// This wire follows nobody, and keeps the level it has.
    WireHolds {
        /// Which.
        wire: Wire,
    },
    /// The ESP8266's program takes nothing from the link; the radio goes on.
    EspStalls,
    /// The ESP8266 has no power.
    EspPowerOff,
    /// The host has no power.
    HostPowerOff,
    /// Another firmware is on the ESP8266; afterwards the right one is again.
    EspFirmware {
        /// What it speaks.
        speaks: Firmware,
    },
    // --- MQTT 5
    /// The broker says DISCONNECT and closes the connection.
    BrokerDisconnects {
        /// The reason code (MQTT 5 §3.14.2.1): 0, which takes no byte on the wire, or 0x80 and above.
        code: u8,
    },
    /// The broker refuses each publication on the topic `up/0`.
    PublicationsRefused {
        /// The reason code (MQTT 5 §3.4.2.1): 0x80 or above, or 0x10, which is no refusal: nobody
        /// gets it.
        code: u8,
    },
    // --- the broker, in either version
    /// The broker delivers QoS 1 messages with QoS 2, whatever it granted [MQTT-3.8.4-6].
    QosExceeded,
}

impl FaultKind {
    /// One of each kind. Arguments are nothing to go by, except for how much a broker remembers. New
    /// kinds go to the end: tables and stored results count on the order.
    pub const ALL: [Self; 44] = [
        Self::WifiOutage,
        Self::WifiFade,
        Self::Latency { extra_ms: 0 },
        Self::TcpReset,
        Self::TcpHalfOpen,
        Self::BrokerCloses,
        Self::ConnectRefused,
        Self::ConnectBlackhole,
        Self::BrokerRestart { memory: Memory::Kept },
        Self::BrokerRestart { memory: Memory::Lost },
        Self::BrokerCrash { memory: Memory::Kept },
        Self::BrokerCrash { memory: Memory::Lost },
        Self::BrokerHang,
        Self::SessionLost,
        Self::ConnectDenied { code: 0 },
        Self::AcksSwallowed,
        Self::AcksDoubled,
        Self::Malformed { which: 0 },
        Self::Backlog { messages: 0 },
        Self::EspCrash,
        Self::EspHang,
        Self::EspCommandTaskDies,
        Self::EspSlowBoot,
        Self::EspBrownOut,
        Self::EspReceiveOverflow,
        Self::LinkReset,
        Self::LinkDead,
        Self::HostBusy,
        Self::HostReset,
        Self::AppHolds,
        Self::AppBurst { messages: 0 },
        Self::WireGlitch { wire: Wire::HostData, length_us: 0 },
        Self::WireNoise { wire: Wire::HostData, every_us: 0 },
        Self::WireCrosstalk { wire: Wire::HostData },
        Self::WireLag { wire: Wire::HostData, max_us: 0 },
        Self::WireStuck { wire: Wire::HostData, high: false },
        Self::WireHolds { wire: Wire::HostData },
        Self::EspStalls,
        Self::EspPowerOff,
        Self::HostPowerOff,
        Self::EspFirmware { speaks: Firmware::Syncom },
        Self::BrokerDisconnects { code: 0 },
        Self::PublicationsRefused { code: 0 },
        Self::QosExceeded,
    ];

    /// Its name in schedules, tables and timelines, without arguments.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WifiOutage => "wifi-outage",
            Self::WifiFade => "wifi-fade",
            Self::Latency { .. } => "latency",
            Self::TcpReset => "tcp-reset",
            Self::TcpHalfOpen => "tcp-half-open",
            Self::BrokerCloses => "broker-closes",
            Self::ConnectRefused => "connect-refused",
            Self::ConnectBlackhole => "connect-blackhole",
            Self::BrokerRestart { memory: Memory::Kept } => "broker-restart-kept",
            Self::BrokerRestart { memory: Memory::Lost } => "broker-restart-lost",
            Self::BrokerCrash { memory: Memory::Kept } => "broker-crash-kept",
            Self::BrokerCrash { memory: Memory::Lost } => "broker-crash-lost",
            Self::BrokerHang => "broker-hang",
            Self::SessionLost => "session-lost",
            Self::ConnectDenied { .. } => "connect-denied",
            Self::AcksSwallowed => "acks-swallowed",
            Self::AcksDoubled => "acks-doubled",
            Self::Malformed { .. } => "malformed",
            Self::Backlog { .. } => "backlog",
            Self::EspCrash => "esp-crash",
            Self::EspHang => "esp-hang",
            Self::EspCommandTaskDies => "esp-command-task-dies",
            Self::EspSlowBoot => "esp-slow-boot",
            Self::EspBrownOut => "esp-brown-out",
            Self::EspReceiveOverflow => "esp-receive-overflow",
            Self::LinkReset => "link-reset",
            Self::LinkDead => "link-dead",
            Self::HostBusy => "host-busy",
            Self::HostReset => "host-reset",
            Self::AppHolds => "app-holds",
            Self::AppBurst { .. } => "app-burst",
            Self::WireGlitch { .. } => "wire-glitch",
            Self::WireNoise { .. } => "wire-noise",
            Self::WireCrosstalk { .. } => "wire-crosstalk",
            Self::WireLag { .. } => "wire-lag",
            Self::WireStuck { .. } => "wire-stuck",
            Self::WireHolds { .. } => "wire-holds",
            Self::EspStalls => "esp-stalls",
            Self::EspPowerOff => "esp-power-off",
            Self::HostPowerOff => "host-power-off",
            Self::EspFirmware { .. } => "esp-firmware",
            Self::BrokerDisconnects { .. } => "broker-disconnects",
            Self::PublicationsRefused { .. } => "publications-refused",
            Self::QosExceeded => "qos-exceeded",
        }
    }

    /// True for what happens at once and has no duration.
    #[must_use]
    pub const fn is_instant(self) -> bool {
        matches!(
            self,
            Self::TcpReset
                | Self::TcpHalfOpen
                | Self::BrokerCloses
                | Self::SessionLost
                | Self::Malformed { .. }
                | Self::Backlog { .. }
                | Self::EspCrash
                | Self::EspHang
                | Self::EspCommandTaskDies
                | Self::LinkReset
                | Self::HostReset
                | Self::AppBurst { .. }
                | Self::WireGlitch { .. }
                | Self::BrokerDisconnects { .. }
        )
    }

    /// True for what needs a bridge: an ESP8266 and a link.
    #[must_use]
    pub const fn needs_bridge(self) -> bool {
        matches!(
            self,
            Self::EspCrash
                | Self::EspHang
                | Self::EspCommandTaskDies
                | Self::EspSlowBoot
                | Self::EspBrownOut
                | Self::EspReceiveOverflow
                | Self::LinkReset
                | Self::LinkDead
                | Self::HostBusy
        ) || self.needs_wires()
    }

    /// True for what only MQTT 5 has a word for.
    #[must_use]
    pub const fn needs_mqtt5(self) -> bool {
        matches!(self, Self::BrokerDisconnects { .. } | Self::PublicationsRefused { .. })
    }

    /// True for what exists only where the link is simulated edge by edge.
    #[must_use]
    pub const fn needs_wires(self) -> bool {
        matches!(
            self,
            Self::WireGlitch { .. }
                | Self::WireNoise { .. }
                | Self::WireCrosstalk { .. }
                | Self::WireLag { .. }
                | Self::WireStuck { .. }
                | Self::WireHolds { .. }
                | Self::EspStalls
                | Self::EspPowerOff
                | Self::HostPowerOff
                | Self::EspFirmware { .. }
        )
    }
}
