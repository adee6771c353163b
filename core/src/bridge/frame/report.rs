//! What the ESP8266 reports, as bytes in a frame.

use super::Lan;
use crate::bridge::reason;
use crate::bridge::record::{Garbage, Reader};
use crate::event::DownReason;

/// What the ESP8266 dropped or repeated since it started.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Tally {
    pub(crate) redelivered: u32,
    pub(crate) dropped_qos0_in: u32,
    pub(crate) shed_in: u32,
    pub(crate) unknown_acks: u32,
    pub(crate) failed_attempts: u32,
    pub(crate) wifi_rejoins: u32,
}

/// What became of the network or the broker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Status {
    Wifi(bool),
    Connected { session_present: bool },
    Disconnected(DownReason),
    AttemptFailed(DownReason),
    Joins(Lan),
    Opens,
    NetworkAsked,
}

/// What became of a publication.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Acked,
    Sent,
    Lost,
    TooLarge,
    /// Its message expiry interval ended at the ESP8266.
    #[cfg(feature = "mqtt5")]
    Expired,
    /// By the broker, for the reason that the frame before it says.
    #[cfg(feature = "mqtt5")]
    Refused,
}

impl Tally {
    pub(super) const fn fields(self) -> [u32; 6] {
        [
            self.redelivered,
            self.dropped_qos0_in,
            self.shed_in,
            self.unknown_acks,
            self.failed_attempts,
            self.wifi_rejoins,
        ]
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Garbage> {
        Ok(Self {
            redelivered: reader.u32()?,
            dropped_qos0_in: reader.u32()?,
            shed_in: reader.u32()?,
            unknown_acks: reader.u32()?,
            failed_attempts: reader.u32()?,
            wifi_rejoins: reader.u32()?,
        })
    }
}

impl Status {
    pub(super) fn to_bytes(self) -> [u8; 3] {
        let with = |kind, reason| {
            let [a, b] = reason::to_bytes(reason);
            [kind, a, b]
        };
        match self {
            Self::Wifi(up) => [0, u8::from(up), 0],
            Self::Connected { session_present } => [1, u8::from(session_present), 0],
            Self::Disconnected(reason) => with(2, reason),
            Self::AttemptFailed(reason) => with(3, reason),
            Self::Joins(lan) => [4, u8::from(lan == Lan::Given), 0],
            Self::Opens => [5, 0, 0],
            Self::NetworkAsked => [6, 0, 0],
        }
    }

    pub(super) fn from_bytes(kind: u8, a: u8, b: u8) -> Result<Self, Garbage> {
        match (kind, a, b) {
            (0, 0 | 1, 0) => Ok(Self::Wifi(a == 1)),
            (1, 0 | 1, 0) => Ok(Self::Connected { session_present: a == 1 }),
            (2, ..) => reason::from_bytes(a, b).map(Self::Disconnected),
            (3, ..) => reason::from_bytes(a, b).map(Self::AttemptFailed),
            (4, 0, 0) => Ok(Self::Joins(Lan::Stored)),
            (4, 1, 0) => Ok(Self::Joins(Lan::Given)),
            (5, 0, 0) => Ok(Self::Opens),
            (6, 0, 0) => Ok(Self::NetworkAsked),
            _ => Err(Garbage),
        }
    }
}

impl Outcome {
    pub(super) const fn from_byte(byte: u8) -> Result<Self, Garbage> {
        match byte {
            0 => Ok(Self::Acked),
            1 => Ok(Self::Sent),
            2 => Ok(Self::Lost),
            3 => Ok(Self::TooLarge),
            #[cfg(feature = "mqtt5")]
            4 => Ok(Self::Expired),
            #[cfg(feature = "mqtt5")]
            5 => Ok(Self::Refused),
            _ => Err(Garbage),
        }
    }
}
