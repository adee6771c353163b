//! What the caller decides, and the memory that the link lives on.

use super::VERSION;
use crate::error::ConfigError;
use crate::link::{Role, Timing};
use crate::planted::Planted;

/// Bytes that each buffer needs at least.
pub const MEMORY_MIN_BYTES: usize = 64;
/// Bytes that a buffer may have at most: more can not be told to the other end.
pub const MEMORY_MAX_BYTES: usize = 65_535;

/// The configuration of one end.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Which end this is.
    pub role: Role,
    /// How long to wait for an end that is not there.
    pub timing: Timing,
    /// Microseconds that an initiator pauses before each edge while neither end has anything to
    /// say, 0 to 1,000,000, default 1,000; 0 never pauses. A passive end that has something to say
    /// waits as long at most. As soon as a frame is under way there is no pause. Not longer than
    /// half of `timing.edge_timeout_ms`. A passive end makes no use of it.
    pub idle_step_us: u32,
    /// Bits that this end sends before it gives up a frame that does not get through, and the
    /// session with it: 2,048 to 10,000,000, default 32,768, which is 10 s at the 312 µs that a bit
    /// took the predecessor. Where four of the largest frames take longer, it waits for those.
    pub repair_bits: u32,
    /// What this end says that it speaks. Other than [`VERSION`] only where a test plays another
    /// firmware.
    #[doc(hidden)]
    pub version: u8,
    /// A bug for the simulator to find. Nothing can be planted without the feature `planted`.
    #[doc(hidden)]
    pub planted: Planted,
}

impl Config {
    /// The defaults. The passive end's: it never resets anything, and waits for its initiator
    /// without end.
    #[must_use]
    pub const fn new(role: Role) -> Self {
        Self {
            role,
            timing: Timing {
                reset_pulse_ms: 100,
                settle_ms: 0,
                edge_timeout_ms: 10_000,
                sync_timeout_ms: match role {
                    Role::Initiator => 10_000,
                    Role::Passive => 0,
                },
                resets_by_itself: true,
            },
            idle_step_us: 1_000,
            repair_bits: 32_768,
            version: VERSION,
            planted: Planted::NONE,
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is wrong, its value, and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let timing = &self.timing;
        for (field, value, min, max, zero_is_never) in [
            ("timing.reset_pulse_ms", timing.reset_pulse_ms, 1, 10_000, false),
            ("timing.settle_ms", timing.settle_ms, 0, 10_000, false),
            ("timing.edge_timeout_ms", timing.edge_timeout_ms, 100, 600_000, true),
            ("timing.sync_timeout_ms", timing.sync_timeout_ms, 100, 600_000, true),
            ("idle_step_us", self.idle_step_us, 0, 1_000_000, false),
            ("repair_bits", self.repair_bits, 2_048, 10_000_000, false),
        ] {
            let is_never = zero_is_never && value == 0;
            if !is_never && !(min..=max).contains(&value) {
                return Err(ConfigError::OutOfRange { field, value, min, max });
            }
        }
        if timing.edge_timeout_ms != 0 && self.idle_step_us > timing.edge_timeout_ms * 500 {
            return Err(ConfigError::Contradiction {
                explanation: "idle_step_us is longer than half of timing.edge_timeout_ms: an idle link would be taken for a dead one, so make it shorter",
            });
        }
        Ok(())
    }
}

/// The caller's buffers for one end.
///
/// | buffer | holds | bytes |
/// |---|---|---|
/// | `transmit` | frames until they are acknowledged, each with 2 bytes more | 64 to 65,535 |
/// | `receive` | frames until they are handed out, each with 2 bytes more | 64 to 65,535 |
///
/// The largest frame is the smaller of 4,095 bytes, `transmit` less 2 and the other end's `receive`
/// less about 2 (a receive memory over 255 bytes is counted in units of a 255th). For full speed
/// both ends need room for three of the frames that they usually send: one on its way, one waiting
/// for its acknowledgement, one being handed in.
#[derive(Clone, Copy, Debug)]
pub struct Memory<S> {
    /// Frames on their way out.
    pub transmit: S,
    /// Frames on their way in.
    pub receive: S,
}

/// Checks a buffer's size.
pub(super) fn check_size(buffer: &'static str, size_bytes: usize) -> Result<(), ConfigError> {
    if size_bytes < MEMORY_MIN_BYTES {
        return Err(ConfigError::MemoryTooSmall {
            buffer,
            size_bytes,
            min_bytes: MEMORY_MIN_BYTES,
        });
    }
    if size_bytes > MEMORY_MAX_BYTES {
        let max_bytes = MEMORY_MAX_BYTES;
        return Err(ConfigError::TooLong { field: buffer, size_bytes, max_bytes });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_each_limit_is_checked() {
        let good = Config::new(Role::Initiator);
        assert!(good.validate().is_ok() && Config::new(Role::Passive).validate().is_ok());
        let never = Timing { edge_timeout_ms: 0, sync_timeout_ms: 0, ..good.timing };
        assert!(Config { timing: never, ..good }.validate().is_ok());
        let short = Timing { edge_timeout_ms: 99, ..good.timing };
        let reset = Timing { reset_pulse_ms: 0, ..good.timing };
        let quick = Timing { edge_timeout_ms: 1_000, ..good.timing };
        for bad in [
            Config { timing: short, ..good },
            Config { timing: reset, ..good },
            Config { timing: quick, idle_step_us: 500_001, ..good },
            Config { idle_step_us: 1_000_001, ..good },
            Config { repair_bits: 2_047, ..good },
        ] {
            assert!(bad.validate().is_err(), "{bad:?}");
        }
        assert!(check_size("receive", 63).is_err() && check_size("receive", 65_536).is_err());
        assert!(check_size("receive", 64).is_ok() && check_size("receive", 65_535).is_ok());
    }
}
