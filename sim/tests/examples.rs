//! The examples run to their end, so what they assert holds.

#![allow(clippy::duplicate_mod, reason = "two examples share a part")]

#[path = "../examples/simulated_clean.rs"]
mod clean;
#[path = "../examples/simulated_low_power.rs"]
mod low_power;
#[path = "../examples/own_app.rs"]
mod own_app;
#[path = "../examples/simulated_range.rs"]
mod range;
#[path = "../examples/simulated_simple.rs"]
mod simple;
#[path = "../examples/simulated_status.rs"]
mod status;
#[path = "../examples/simulated_streaming.rs"]
mod streaming;
#[cfg(feature = "turmoil")]
#[path = "../examples/simulated_tls.rs"]
mod tls;
#[path = "../examples/simulated_unclean.rs"]
mod unclean;
