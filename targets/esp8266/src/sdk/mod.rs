//! Espressif's SDK, made safe: the only place that calls it.
//!
//! Nothing here decides anything. What the SDK tells in its callbacks is noted in [`events`], and
//! the task is woken to look at it.

pub(crate) mod events;
// for the emulated board, which implements it
pub(crate) mod raw;
pub(crate) mod system;
pub(crate) mod task;
pub(crate) mod tcp;
pub(crate) mod timer;
pub(crate) mod udp;
pub(crate) mod wifi;
