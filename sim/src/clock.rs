//! A board's clock: it starts at zero with each boot and runs a little fast or slow.

use fivewire_core::time::{Instant, Reason, Wait};

/// Not at all, in µs of the world's time.
pub(crate) const NEVER: u64 = u64::MAX;

const MILLION: i64 = 1_000_000;

/// Translates between the world's time and a board's, in µs and whole numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// Parts per million by which it runs fast.
    drift_ppm: i64,
    /// World time at which it was zero.
    started: u64,
}

impl Clock {
    pub(crate) fn new(drift_ppm: i32) -> Self {
        // Beyond 10 % it is no quartz but another fault.
        Self { drift_ppm: i64::from(drift_ppm.clamp(-100_000, 100_000)), started: 0 }
    }

    /// Starts again from zero.
    pub(crate) const fn restart(&mut self, world: u64) {
        self.started = world;
    }

    /// What the board reads at this world time.
    pub(crate) const fn local(&self, world: u64) -> Instant {
        let elapsed = world - self.started;
        if self.drift_ppm == 0 {
            return Instant::from_micros(elapsed);
        }
        let drift = elapsed * self.drift_ppm.unsigned_abs() / MILLION as u64;
        Instant::from_micros(if self.drift_ppm > 0 { elapsed + drift } else { elapsed - drift })
    }

    /// The first world time at which the board reads `local` or more.
    pub(crate) fn world(&self, local: Instant) -> u64 {
        let local = local.as_micros();
        if local > 1 << 60 {
            return NEVER;
        }
        if self.drift_ppm == 0 {
            return self.started + local;
        }
        if local == 0 {
            return self.started;
        }
        // With `rate` steps in a million µs, a fast clock rounds down and reads `local` once
        // elapsed × rate ≥ local × million; a slow one rounds up, and does so once
        // elapsed × rate > (local - 1) × million.
        let rate = (MILLION + self.drift_ppm) as u64;
        let short = if self.drift_ppm > 0 { 1 } else { MILLION as u64 };
        let elapsed = match local.checked_mul(MILLION as u64) {
            Some(scaled) => (scaled - short) / rate,
            None => {
                let scaled = u128::from(local) * MILLION as u128;
                ((scaled - u128::from(short)) / u128::from(rate)) as u64
            }
        };
        self.started + elapsed + 1
    }
}

/// What a board's machine waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alarm {
    wait: Wait,
    /// When that is, in world time.
    due: u64,
}

impl Alarm {
    /// It waits for nothing.
    pub(crate) const OFF: Self = Self { wait: Wait::ForInput, due: NEVER };

    /// The machine waits for this by its board's clock; says when that is in world time. Of a clock
    /// that starts again the alarm must have been [`OFF`](Self::OFF).
    pub(crate) fn set(&mut self, wait: Wait, clock: &Clock) -> u64 {
        if wait != self.wait {
            let due = match wait {
                Wait::Until(deadline, _) => clock.world(deadline),
                Wait::ForInput => NEVER,
            };
            *self = Self { wait, due };
        }
        self.due
    }

    /// Why the machine wants to be woken.
    pub(crate) const fn reason(&self) -> Option<Reason> {
        match self.wait {
            Wait::Until(_, reason) => Some(reason),
            Wait::ForInput => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_reached_and_not_a_microsecond_late() {
        for drift_ppm in [-100_000, -137, -1, 0, 1, 50, 99_999] {
            let mut clock = Clock::new(drift_ppm);
            clock.restart(1_234_567);
            for local in [0, 1, 999, 1_000_003, 3_600_000_000, 86_400_000_000, 1 << 45] {
                let world = clock.world(Instant::from_micros(local));
                assert!(clock.local(world).as_micros() >= local, "{drift_ppm} {local}");
                assert!(
                    world == 1_234_567 || clock.local(world - 1).as_micros() < local,
                    "{drift_ppm} {local}"
                );
            }
        }
    }

    #[test]
    fn a_fast_clock_runs_ahead() {
        let clock = Clock::new(100);
        assert_eq!(clock.local(10_000_000).as_micros(), 10_001_000);
        assert_eq!(clock.world(Instant::from_micros(10_001_000)), 10_000_000);
    }

    #[test]
    fn what_never_comes_is_never_due() {
        assert_eq!(Clock::new(5).world(Instant::from_micros(u64::MAX)), NEVER);
    }
}
