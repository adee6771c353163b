//! The core's instants from the chip's counter of 32 bits.

use fivewire_core::time::Instant;

use crate::local::Local;
use crate::sdk::system;

/// What the counter showed last, and the microseconds in its turns before.
static CLOCK: Local<(u32, u64)> = Local::new((0, 0));

/// The time since the start. Must be asked for at least once in 71 minutes; the beat does.
pub(crate) fn now() -> Instant {
    let counter = system::time_us();
    CLOCK.with(|(last, turns_us)| {
        if counter < *last {
            *turns_us += 1 << 32;
        }
        *last = counter;
        Instant::from_micros(*turns_us + u64::from(counter))
    })
}
