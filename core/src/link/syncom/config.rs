//! What the caller decides, and the memory that the link lives on.

use crate::error::ConfigError;
use crate::link::{Role, Timing};
use crate::planted::Planted;

/// Bytes that each buffer needs at least: a string of this many characters less one goes through.
pub const MEMORY_MIN_BYTES: usize = 16;

/// The configuration of one end.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Which end this is: the bridge's host is the initiator, the ESP8266 is passive (PREDECESSORS.md
    /// §1.1).
    pub role: Role,
    /// How long to wait.
    pub timing: Timing,
    /// A bug for the simulator to find. Nothing can be planted without the feature `planted`.
    #[doc(hidden)]
    pub planted: Planted,
}

impl Config {
    /// The predecessors' timing (PREDECESSORS.md §1.9, §1.10): an initiator pulses reset for 100 ms, waits
    /// another second, and gives up a peer that is silent for 10 s; a passive end waits for ever,
    /// because only the other end has a reset line.
    #[must_use]
    pub const fn new(role: Role) -> Self {
        let timeout_ms = match role {
            Role::Initiator => 10_000,
            Role::Passive => 0,
        };
        let timing = Timing {
            reset_pulse_ms: 100,
            settle_ms: 1_000,
            edge_timeout_ms: timeout_ms,
            sync_timeout_ms: timeout_ms,
            resets_by_itself: true,
        };
        Self { role, timing, planted: Planted::NONE }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is wrong, its value, and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let timing = &self.timing;
        for (field, value, min, max, off) in [
            ("timing.reset_pulse_ms", timing.reset_pulse_ms, 1, 10_000, false),
            ("timing.settle_ms", timing.settle_ms, 0, 10_000, false),
            ("timing.edge_timeout_ms", timing.edge_timeout_ms, 100, 600_000, true),
            ("timing.sync_timeout_ms", timing.sync_timeout_ms, 100, 600_000, true),
        ] {
            let is_off = off && value == 0;
            if !is_off && !(min..=max).contains(&value) {
                return Err(ConfigError::OutOfRange { field, value, min, max });
            }
        }
        Ok(())
    }
}

/// The caller's buffers for one end.
///
/// | buffer | holds | at least |
/// |---|---|---|
/// | `transmit` | strings on their way out, each with 1 byte more than its characters | 16 bytes |
/// | `receive` | the string that arrives, and those that the owner does not take yet, likewise | 16 bytes |
#[derive(Clone, Copy, Debug)]
pub struct Memory<S> {
    /// Strings on their way out.
    pub transmit: S,
    /// Strings on their way in.
    pub receive: S,
}
