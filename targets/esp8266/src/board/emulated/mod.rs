//! The emulated board: the SDK's functions and the chip's registers, played for a coordinator.
//!
//! What is above the SDK is the firmware, unchanged. What is below is here: the symbols that the
//! SDK would have, with its rules, each of which ends the run if it is broken. EMULATION.md has the
//! protocol.

mod abort;
mod coordinator;
mod dns;
mod gpio;
mod machine;
mod scheduler;
mod stack;
mod system;
mod tcp;
mod timers;
mod udp;
mod wifi;

pub(super) use gpio::{read, write};
