//! What happened, as the numbers 0 to 12 of the predecessors (PREDECESSORS.md §2.4), for applications and
//! displays that know them.

use crate::bridge::Lan;
use crate::event::{Event, ResetCause};

/// A status. [`number`](Self::number) is the predecessors'.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
#[non_exhaustive]
pub enum Status {
    /// 0: connected to the broker.
    BrokerOk = 0,
    /// 1: about to connect to the broker.
    BrokerCheck = 1,
    /// 2: about to join the stored network.
    DefaultNetwork = 2,
    /// 3: the given network is wanted: asked for, or about to be joined.
    SpecifiedNetwork = 3,
    /// 4: a publication is finished, and the broker has it, if its QoS is 1.
    PublicationOk = 4,
    /// 5: the ESP8266 has its settings. Here it comes before the network does, and not behind it.
    Running = 5,
    /// 6: the ESP8266 said what nobody says.
    Unknown = 6,
    /// 7: the ESP8266 has the will, with its settings.
    WillOk = 7,
    /// 8: the broker did not accept a connection. Nothing is reset for it; the next attempt
    /// follows.
    BrokerFail = 8,
    /// 9: the network is there.
    WifiUp = 9,
    /// 10: it is gone.
    WifiDown = 10,
    /// 11: the ESP8266 did not start.
    EspFail = 11,
    /// 12: a running ESP8266 fell silent (D-20).
    NoNet = 12,
}

impl Status {
    /// All of them, in order.
    pub const ALL: [Self; 13] = [
        Self::BrokerOk,
        Self::BrokerCheck,
        Self::DefaultNetwork,
        Self::SpecifiedNetwork,
        Self::PublicationOk,
        Self::Running,
        Self::Unknown,
        Self::WillOk,
        Self::BrokerFail,
        Self::WifiUp,
        Self::WifiDown,
        Self::EspFail,
        Self::NoNet,
    ];

    /// 0 to 12.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The status that an event is, if it is one. 1, 2 and 3 need
    /// [`tells_attempts`](super::host::Settings::tells_attempts).
    #[must_use]
    pub const fn of(event: &Event<'_>) -> Option<Self> {
        Some(match event {
            Event::Connected { .. } => Self::BrokerOk,
            Event::OpensConnection => Self::BrokerCheck,
            Event::JoinsNetwork(Lan::Stored) => Self::DefaultNetwork,
            Event::JoinsNetwork(Lan::Given) | Event::NetworkAsked => Self::SpecifiedNetwork,
            Event::Acked(_) | Event::Sent(_) => Self::PublicationOk,
            Event::EspReady { .. } => Self::Running,
            Event::EspReset { cause: ResetCause::Garbage } => Self::Unknown,
            Event::EspReset { cause: ResetCause::StartUpOverdue } => Self::EspFail,
            Event::EspReset { cause: ResetCause::Watchdog | ResetCause::GaveUp } => Self::NoNet,
            Event::AttemptFailed { reason: crate::event::DownReason::JoinFailed } => Self::WifiDown,
            Event::AttemptFailed { .. } => Self::BrokerFail,
            Event::Wifi(true) => Self::WifiUp,
            Event::Wifi(false) => Self::WifiDown,
            _ => return None,
        })
    }

    /// The status before it, where one event is two: the will is told with the settings.
    #[must_use]
    pub const fn before(event: &Event<'_>, has_will: bool) -> Option<Self> {
        match event {
            Event::EspReady { resumed: false } if has_will => Some(Self::WillOk),
            _ => None,
        }
    }
}
