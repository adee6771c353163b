//! The seeded world.

pub mod broker;
pub mod fault;
