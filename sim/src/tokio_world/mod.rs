//! The tokio adapter, as it is published, in a simulated network: the second engine.
//!
//! The event world ([`crate::world`]) drives the core directly, and cannot see what only asynchronous
//! code gets wrong: wake-ups, cancellation, half-written packets, timers, leaked tasks, shutdown. Here
//! the adapter runs over [turmoil](https://docs.rs/turmoil)'s TCP, against the same broker, through the
//! same schedules, judged by the same oracle.
//!
//! ```text
//!  host "device"                      host "broker"              hosts "witness", "listeners"
//!  Client (fivewire-tokio) -- Wire -- turmoil TCP -- Wire -- Broker -- turmoil TCP -- plain clients
//!                   \______________________ Director: faults, time ______________________/
//! ```
//!
//! * [`run`] runs a schedule that [fits]; [`run_planted`] does so with a bug in the adapter.
//! * [`record`] keeps what the adapter's core was told and said: a bare core must say the same.
//! * Faults of the way between two machines are turmoil's: an outage of WiFi holds messages back and
//!   releases them (turmoil's TCP sends nothing again, so a loss would be a hole for ever), a power loss
//!   is partition, crash, repair. Faults of one connection are the `Wire`'s, around turmoil's stream.
//! * Time passes in ticks of 1 ms, or of 10 ms where the schedule is longer than a minute; what happens
//!   within a tick has its time.
//!
//! Same binary and schedule, same trace: turmoil's own chance is seeded and hardly used. What must last
//! is the schedule, as everywhere.
//!
//! # What of the oracle is not judged here
//!
//! [`NOT_JUDGED`] says it by name.

#[cfg(not(any(tokio_unstable, doc)))]
compile_error!(
    "fivewire-sim runs tokio deterministically only with `--cfg tokio_unstable`, which `.cargo/config.toml` \
     sets unless the variable RUSTFLAGS is set: unset it, or add `--cfg tokio_unstable` to it, or build \
     without the feature `turmoil` (`--no-default-features`)"
);

mod agreement;
mod answers;
mod application;
mod claims;
mod crowd;
mod device;
mod dial;
mod director;
mod draw;
mod habits;
mod lines;
mod listeners;
mod moods;
mod plain;
mod recordings;
mod runner;
mod seen;
mod server;
mod socket;
mod stage;
#[cfg(test)]
mod tests;
mod travelling;
mod wire;
mod witness;
mod words;

pub use draw::{Unfit, default_for, default_scenario, draw, draw_minute, fits, reach};
pub use runner::{NOT_JUDGED, record, run, run_planted};
