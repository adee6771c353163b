//! fivewire's protocol and resilience logic.
#![no_std]
#![forbid(unsafe_code)]

pub mod error;
pub mod mqtt;

pub mod planted;
pub mod time;
