//! The only place that reads real clocks: speed is measured here, and decides nothing.

use std::time::{Duration, Instant};

/// Measures real time and the processor time of all threads.
pub(crate) struct Stopwatch {
    wall: Instant,
    cpu: Duration,
}

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "the speed of a sweep is real time")]
    pub(crate) fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu_time() }
    }

    /// Real time since the start.
    pub(crate) fn wall(&self) -> Duration {
        self.wall.elapsed()
    }

    /// Processor time since the start; zero where the platform does not tell.
    pub(crate) fn cpu(&self) -> Duration {
        cpu_time().saturating_sub(self.cpu)
    }
}

#[cfg(unix)]
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Processor time of this thread; zero where the platform does not tell.
#[cfg(all(unix, feature = "turmoil"))]
pub(crate) fn thread_cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(all(not(unix), feature = "turmoil"))]
pub(crate) fn thread_cpu_time() -> Duration {
    Duration::ZERO
}

#[cfg(not(unix))]
fn cpu_time() -> Duration {
    Duration::ZERO
}
