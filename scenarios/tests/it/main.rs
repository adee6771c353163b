//! What fivewire promises. The list of modules is the table of contents; each test is a claim.

#![allow(clippy::unwrap_used, reason = "a test may give up")]
#![allow(missing_docs, reason = "the name of a test is its claim")]

mod architecture;
mod backlog;
mod bridge;
mod bridge_api;
mod broker;
mod corpus;
mod esp_crash;
mod features;
mod fidelity;
mod half_open;
mod keep_alive;
mod malformed;
mod mqtt5;
mod network_choice;
mod predecessors;
mod pressure;
mod recordings;
mod redelivery;
mod resilient_client;
mod sessions;
mod subscriptions;
mod swarm;
mod time;
mod tokio_adapter;
mod tokio_scenarios;
mod wifi;
mod will;
mod wires;
