//! The broker and clients that speak MQTT 5.

mod connecting;
mod expiring;
mod limiting;
mod misbehaving;
mod publishing;
mod subscribing;
mod wills;
