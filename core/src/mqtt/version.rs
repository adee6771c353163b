//! The versions of MQTT.

use super::breach::Breach;
use super::split::{Split, split};

/// A version of MQTT.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum ProtocolVersion {
    /// MQTT 3.1.1, the OASIS standard of 2014.
    V3_1_1,
    /// MQTT 5.0, the OASIS standard of 2019.
    #[cfg(feature = "mqtt5")]
    V5,
}

impl ProtocolVersion {
    /// The number in a CONNECT packet: 4 or 5.
    #[must_use]
    pub const fn level(self) -> u8 {
        match self {
            Self::V3_1_1 => 4,
            #[cfg(feature = "mqtt5")]
            Self::V5 => 5,
        }
    }

    /// Reads the fixed header at the start of `stream` by the rules of this version.
    ///
    /// # Errors
    /// See [`split()`](super::split()).
    #[inline]
    pub(crate) fn split(self, stream: &[u8]) -> Result<Split, Breach> {
        match self {
            Self::V3_1_1 => split(stream),
            #[cfg(feature = "mqtt5")]
            Self::V5 => super::v5::split(stream).map_err(Breach::V5),
        }
    }
}
