//! Whether the original's command task lives (D-07): its clock edges only show that its link does.
//!
//! It answers `m` between two commands, so it is asked while none is under way. While one is, it
//! may wait for the broker as long as it likes, as far as there is no connection; with one, it has
//! a minute.

use crate::bridge::watchdog::Watchdog;
use crate::time::{Instant, Reason, Wait};

/// A timeout that can be stopped.
#[derive(Clone, Copy, Default, Debug)]
pub(super) enum Life {
    /// Nobody is watched.
    #[default]
    Off,
    /// The timeout runs.
    Watched(Watchdog),
    /// It stands still.
    Paused { left_ms: u32, reason: Reason },
}

impl Life {
    /// Watches from now on.
    pub(super) fn watch(now: Instant, timeout_ms: u32, reason: Reason) -> Self {
        Self::Watched(Watchdog::start(now, timeout_ms, reason))
    }

    pub(super) fn pause(&mut self, now: Instant) {
        if let Self::Watched(watchdog) = self {
            *self = Self::Paused { left_ms: watchdog.left_ms(now), reason: watchdog.reason() };
        }
    }

    pub(super) fn resume(&mut self, now: Instant) {
        if let Self::Paused { left_ms, reason } = *self {
            *self = Self::watch(now, left_ms.max(1), reason);
        }
    }

    /// The reason, if the timeout is over. It is over once.
    pub(super) fn is_over(&mut self, now: Instant) -> Option<Reason> {
        let Self::Watched(watchdog) = self else { return None };
        let reason = watchdog.reason();
        if !watchdog.is_over(now) {
            return None;
        }
        *self = Self::Off;
        Some(reason)
    }

    pub(super) const fn wait(&self) -> Wait {
        match self {
            Self::Watched(watchdog) => watchdog.wait(),
            Self::Off | Self::Paused { .. } => Wait::ForInput,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_does_not_count() {
        let at = |ms| Instant::from_millis(ms);
        let mut life = Life::watch(at(0), 10_000, Reason::Watchdog);
        for ms in 0..60 {
            assert_eq!(life.is_over(at(ms * 100)), None);
        }
        life.pause(at(6_000));
        assert_eq!(life.is_over(at(100_000)), None);
        life.resume(at(100_000));
        let over =
            (1_000_000..).map(|tenths| tenths / 10).find(|ms| life.is_over(at(*ms)).is_some());
        assert_eq!(over, Some(104_000));
    }
}
