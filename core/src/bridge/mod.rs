//! The bridge: a host without WiFi, and an ESP8266 that runs the client for it.
//!
//! The two ends exchange frames over a channel that is ordered and loses nothing while it lives,
//! but may die at any instant. What must not be lost is owned by the host:
//!
//! * A publication stays in the host's outbox until the broker's PUBACK has come back over the
//!   link; the host names it by its ticket and chooses its packet identifier, so that an ESP8266
//!   that starts over sends the same packet again, with DUP (P1, P3).
//! * A received QoS 1 message is acknowledged to the broker only when the host has released it
//!   (P5).
//! * Subscriptions live in the host and are given to every ESP8266 that starts (P4).
//! * The host resets an ESP8266 whose command task is silent (P8).

pub mod esp;
mod fifo;
mod frame;
pub mod host;
mod network;
pub mod notice;
pub mod original;
mod reason;
mod record;
mod secrets;
pub mod status;
mod topics;
mod watchdog;

pub use network::{Lan, NetworkAnswer};
pub(crate) use secrets::{Direction, put_frame};

/// The version of the command protocol, told in the first frame.
pub const VERSION: u8 = 1;

/// Milliseconds after which an ESP8266 that has nothing else to say says that it lives. A watchdog
/// of 10 s survives three that are lost in a full link.
pub const HEARTBEAT_MS: u32 = 2_500;

/// The time server that is asked where no other is named.
pub const TIME_SERVER: &str = "pool.ntp.org";

/// The network that the ESP8266 joins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network<'a> {
    /// Its name, at most 32 bytes.
    pub ssid: &'a str,
    /// Its password, at most 64 bytes; empty for an open network.
    pub password: &'a str,
    /// Try the network that the chip has stored before this one.
    pub use_default: bool,
}

/// The broker that the ESP8266 connects to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Broker<'a> {
    /// Its name or address, 1 to 255 bytes.
    pub host: &'a str,
    /// Its TCP port, usually 1883.
    pub port: u16,
}
