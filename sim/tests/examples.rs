//! The examples run to their end, so what they assert holds.

#[path = "../examples/clean.rs"]
mod clean;
#[path = "../examples/low-power.rs"]
mod low_power;
#[path = "../examples/own_app.rs"]
mod own_app;
#[path = "../examples/range.rs"]
mod range;
#[path = "../examples/simple.rs"]
mod simple;
#[path = "../examples/status.rs"]
mod status;
#[path = "../examples/streaming.rs"]
mod streaming;
#[path = "../examples/unclean.rs"]
mod unclean;
