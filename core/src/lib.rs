//! fivewire's protocol and resilience logic.
#![no_std]
#![forbid(unsafe_code)]

pub mod client;
pub mod config;
mod desk;
pub mod error;
pub mod event;
pub mod mqtt;
mod outbox;
pub mod planted;
mod session;
pub mod storage;
mod subscriptions;
pub mod time;
