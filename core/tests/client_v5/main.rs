//! The client against a broker that speaks MQTT 5, made of this crate's packets.

#![cfg(feature = "mqtt5")]
#![allow(clippy::unwrap_used, reason = "a test may give up")]

mod any_order;
mod connecting;
mod publishing;
mod receiving;
mod rig;
mod subscribing;
#[path = "../taped/mod.rs"]
mod taped;
