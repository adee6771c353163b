//! The board's clock, as the core wants it.

use fivewire_core::time::{Instant, Wait};

/// Now.
#[must_use]
pub fn now() -> Instant {
    Instant::from_micros(embassy_time::Instant::now().as_micros())
}

/// Sleeps until the wait is over; for ever if only input can end it.
pub async fn sleep(wait: Wait) {
    match wait {
        Wait::Until(until, _) => {
            let until = embassy_time::Instant::from_micros(until.as_micros());
            embassy_time::Timer::at(until).await;
        }
        Wait::ForInput => core::future::pending().await,
    }
}
