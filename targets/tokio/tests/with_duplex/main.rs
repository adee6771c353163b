//! The client over pipes in memory, on a paused clock, against brokers made of hand-written bytes.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

mod asking;
mod closing;
mod connecting;
mod first;
mod listening;
mod low_power;
mod mqtt5;
mod publishing;
mod receiving;
mod recording;
mod rig;
mod subscribing;
