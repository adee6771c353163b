//! The five wires between two boards, edge by edge.
//!
//! Each board has a [`Link`](fivewire_core::link::Link) machine and looks at its pins at its own
//! instants: some time after an edge, drawn within its [`Pace`], and at the deadlines of its machine.
//! Between two looks nobody sees what a wire does, so a glitch may or may not be noticed.
//!
//! | wire | driven by | while nobody drives it |
//! |---|---|---|
//! | [`Wire::HostClock`], [`Wire::HostData`] | the host | floats |
//! | [`Wire::EspClock`] | the ESP8266 | pulled low (PREDECESSORS.md §1.1) |
//! | [`Wire::EspData`] | the ESP8266 | floats |
//! | [`Wire::Reset`] | the host, open drain | pulled high |
//!
//! What can be wrong with a wire is its [`Damage`]. [`Pair`] joins two machines by the wires; it knows
//! neither what they carry nor what the boards are for.

mod board;
mod cable;
mod line;
mod pace;
mod pair;
#[cfg(test)]
pub(crate) mod plain;
#[cfg(test)]
mod tests;

pub use cable::Cause;
pub use line::Damage;
pub use pace::Pace;
pub use pair::{News, Pair, Tempo, Told};

use serde::{Deserialize, Serialize};

/// One end of the wires.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The initiator.
    Host,
    /// The passive end, which the reset line resets.
    Esp,
}

impl End {
    /// Both, the host first.
    pub const ALL: [Self; 2] = [Self::Host, Self::Esp];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Host => Self::Esp,
            Self::Esp => Self::Host,
        }
    }
}

/// One of the five, in their order in the cable: neighbours disturb each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Wire {
    /// The host's data.
    HostData,
    /// The host's clock.
    HostClock,
    /// The ESP8266's clock.
    EspClock,
    /// The ESP8266's data.
    EspData,
    /// The reset line, active low.
    Reset,
}

impl Wire {
    /// How many there are.
    pub const COUNT: usize = 5;

    /// All of them, in their order in the cable.
    pub const ALL: [Self; Self::COUNT] =
        [Self::HostData, Self::HostClock, Self::EspClock, Self::EspData, Self::Reset];

    /// Its place in [`Wire::ALL`], from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its name in schedules and in files for a logic analyser's viewer, with `_` there.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HostData => "host-data",
            Self::HostClock => "host-clock",
            Self::EspClock => "esp-clock",
            Self::EspData => "esp-data",
            Self::Reset => "reset",
        }
    }

    /// What it shows before anybody drives it.
    #[must_use]
    pub const fn rests_at(self) -> bool {
        matches!(self, Self::Reset)
    }

    /// The end that reads it.
    #[must_use]
    pub const fn read_by(self) -> End {
        match self {
            Self::HostData | Self::HostClock | Self::Reset => End::Esp,
            Self::EspClock | Self::EspData => End::Host,
        }
    }

    const fn is_clock(self) -> bool {
        matches!(self, Self::HostClock | Self::EspClock)
    }

    /// The clock that this end drives.
    const fn clock_of(end: End) -> Self {
        match end {
            End::Host => Self::HostClock,
            End::Esp => Self::EspClock,
        }
    }

    /// The data wire that this end drives.
    const fn data_of(end: End) -> Self {
        match end {
            End::Host => Self::HostData,
            End::Esp => Self::EspData,
        }
    }
}
