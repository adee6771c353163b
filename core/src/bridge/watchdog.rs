//! How the host notices that the ESP8266's command task is dead (P8).
//!
//! Only time in which the host polled counts: a host that was busy elsewhere could not have heard
//! anything. It cannot know when it was busy, but it knows when it is late, so time is counted in
//! slices, and a slice at whose end the host came late counts only up to the last call before.

use crate::checkpoint::{Field, Fields, Out};
use crate::time::{Instant, Reason, Wait};

/// No slice ends before a living command task has spoken.
const FIRST_SLICE_MS: u32 = super::HEARTBEAT_MS + 500;
/// After that the host looks more often.
const NEXT_SLICE_MS: u32 = 250;
/// A host that comes later than this was busy. Hosts must poll at least this often.
const LATE_MS: u32 = 250;

/// A timeout in time that the host polled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watchdog {
    timeout_us: u64,
    counted_us: u64,
    slice_start: Instant,
    slice_end: Instant,
    last_call: Instant,
    reason: Reason,
}

impl Watchdog {
    /// Starts counting at `now`.
    pub(crate) fn start(now: Instant, timeout_ms: u32, reason: Reason) -> Self {
        Self {
            timeout_us: u64::from(timeout_ms) * 1_000,
            counted_us: 0,
            slice_start: now,
            slice_end: now.plus_ms(FIRST_SLICE_MS.min(timeout_ms)),
            last_call: now,
            reason,
        }
    }

    pub(crate) const fn reason(&self) -> Reason {
        self.reason
    }

    /// Looks at the time. True if the timeout is over.
    pub(crate) fn is_over(&mut self, now: Instant) -> bool {
        while now >= self.slice_end {
            let late = now > self.slice_end.plus_ms(LATE_MS) && self.last_call < self.slice_end;
            let counted_until =
                if late { self.last_call.max(self.slice_start) } else { self.slice_end };
            self.counted_us += counted_until.micros_since(self.slice_start);
            self.slice_start = if late { now } else { self.slice_end };
            let left_us = self.timeout_us.saturating_sub(self.counted_us);
            if left_us == 0 {
                return true;
            }
            let next_us = left_us.min(u64::from(NEXT_SLICE_MS) * 1_000);
            self.slice_end = Instant::from_micros(self.slice_start.as_micros() + next_us);
            self.last_call = if late { now } else { self.slice_start };
        }
        self.last_call = now;
        false
    }

    /// What is left of the timeout, for a watchdog that is to be stopped and started again.
    pub(crate) fn left_ms(&self, now: Instant) -> u32 {
        let slice_us = now.min(self.slice_end).micros_since(self.slice_start);
        let left_us = self.timeout_us.saturating_sub(self.counted_us + slice_us);
        u32::try_from(left_us / 1_000).unwrap_or(u32::MAX)
    }

    pub(crate) const fn wait(&self) -> Wait {
        Wait::Until(self.slice_end, self.reason)
    }
}

impl Field for Watchdog {
    fn put(&self, out: &mut Out<'_>) {
        let Self { timeout_us, counted_us, slice_start, slice_end, last_call, reason } = self;
        timeout_us.put(out);
        counted_us.put(out);
        slice_start.put(out);
        slice_end.put(out);
        last_call.put(out);
        reason.put(out);
    }

    fn get(from: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            timeout_us: Field::get(from)?,
            counted_us: Field::get(from)?,
            slice_start: Field::get(from)?,
            slice_end: Field::get(from)?,
            last_call: Field::get(from)?,
            reason: Field::get(from)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Instant = Instant::from_millis(50_000);

    fn started() -> Watchdog {
        Watchdog::start(T, 10_000, Reason::Watchdog)
    }

    /// Calls the watchdog whenever it wants, from `from_ms` on; the time it bites.
    fn bites_after_ms(watchdog: &mut Watchdog, from_ms: u32) -> u64 {
        let mut now = T.plus_ms(from_ms);
        while !watchdog.is_over(now) {
            let Wait::Until(at, _) = watchdog.wait() else { unreachable!("it always waits") };
            now = at;
        }
        now.micros_since(T) / 1_000
    }

    #[test]
    fn an_idle_host_that_keeps_its_deadlines_bites_at_the_timeout() {
        assert_eq!(bites_after_ms(&mut started(), 0), 10_000);
    }

    #[test]
    fn a_host_that_polls_all_the_time_bites_at_the_timeout() {
        let mut watchdog = started();
        let bite = (0..).find(|ms| watchdog.is_over(T.plus_ms(*ms)));
        assert_eq!(bite, Some(10_000));
    }

    #[test]
    fn time_in_which_the_host_was_busy_does_not_count() {
        let mut watchdog = started();
        assert!(!watchdog.is_over(T.plus_ms(1_000)));
        assert!(!watchdog.is_over(T.plus_ms(61_000)), "a busy minute is no silence");
        assert_eq!(bites_after_ms(&mut watchdog, 61_000), 61_000 + 9_000);
    }

    #[test]
    fn a_slow_main_loop_still_bites() {
        let mut watchdog = started();
        let bite = (0..).map(|turn| turn * 200).find(|ms| watchdog.is_over(T.plus_ms(*ms)));
        assert_eq!(bite, Some(10_000));
    }
}
