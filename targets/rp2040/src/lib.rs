//! fivewire on a Raspberry Pi Pico.
//!
//! A Pico without WiFi is the bridge's host: five pins lead to an ESP8266 (see [`board`]). The
//! programs in `src/bin` are small on purpose; copy one and change it:
//!
//! | program | does |
//! |---|---|
//! | `simple` | publishes a count every 10 s at QoS 1, and lets a topic switch the LED |
//! | `range` | the LED shows whether the broker can be reached: walk around with it |
//! | `status` | prints everything that happens |
//! | `pico_w` | the same as `simple` on a Pico W's own radio, without an ESP8266 |
//!
//! What they connect to is in `fivewire.toml`.
#![no_std]

pub mod board;
pub mod bridge;
pub mod clock;
pub mod console;
#[cfg(feature = "recorder")]
pub mod flight;
mod panic;
#[cfg(feature = "pico-w")]
pub mod radio;
pub mod settings;
pub mod wires;
