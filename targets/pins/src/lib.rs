//! Drives fivewire's link on any board with five pins, through the digital traits of `embedded-hal`
//! 1.0.
//!
//! A [`Driver`] reads the two wires that come from the other end, tells the link what they show,
//! and puts on the other wires what the link says. It has no timing of its own: call
//! [`Driver::step`] from a main loop, a timer's tick, or the interrupts of the two incoming pins. A
//! late call slows the link down and breaks nothing.
//!
//! ```
//! # mod pins { include!("../tests/common/mod.rs"); }
//! use fivewire_core::link::native::{Config, Memory, Native};
//! use fivewire_core::link::{Event, Role};
//! use fivewire_core::time::Instant;
//! use fivewire_pins::{Driver, NoReset, Wires};
//!
//! # let (initiator_pins, passive_pins) = pins::crossed();
//! # let memory = || Memory { transmit: [0_u8; 512], receive: [0_u8; 512] };
//! # let mut other = Driver::new(Native::new(&Config::new(Role::Initiator), memory(), 1)?, initiator_pins);
//! // On a board: five pins, configured as inputs and outputs.
//! let wires: Wires<_, _, _, _, NoReset> = passive_pins;
//! let link = Native::new(&Config::new(Role::Passive), memory(), 0x5EED)?;
//! let mut driver = Driver::new(link, wires);
//!
//! let mut up = false;
//! let mut now = Instant::ZERO;
//! driver.start(now);
//! # other.start(now);
//! while !up {
//!     # other.step(now, &mut |_: Event<'_>| {}).unwrap();
//!     let wait = driver.step(now, &mut |event: Event<'_>| up |= matches!(event, Event::Up { .. })).unwrap();
//!     // Sleep until a pin changes or the instant in `wait`; or do something else and come back.
//!     # let _ = wait;
//!     now = now.plus_ms(1); // the board's clock
//! }
//! # Ok::<(), fivewire_core::error::ConfigError>(())
//! ```
//!
//! [`HostEnd`] puts the bridge's host end on top, which is all that a board without WiFi needs.
#![no_std]

mod driver;
mod host_end;
mod leds;
mod wires;

pub use driver::{BITS_PER_STEP, Driver, Owner};
pub use host_end::{HostEnd, StepError};
pub use leds::{BrokerLed, HeartbeatLed};
pub use wires::{ActiveLow, NoReset, PinError, Pins, ResetLine, Wires};
