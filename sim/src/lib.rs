//! The seeded world in which fivewire's machines are tested: WiFi, TCP, a broker, boards and a link,
//! with faults as data and an oracle that knows the promises.
//!
//! One seed is one run, on every platform. Virtual time jumps from event to event; nothing reads a
//! clock, and nothing but the [`schedule`] and its seed decides what happens.
//!
//! ```
//! use fivewire_core::mqtt::QoS;
//! use fivewire_sim::fault::FaultKind;
//! use fivewire_sim::harness::Sim;
//!
//! let mut sim = Sim::bridge(7); // a host, a link, an ESP8266, a broker
//! sim.run_until_connected();
//! let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
//! sim.at(0, FaultKind::EspCrash);
//! sim.heal_and_settle(); // every promise is judged at every step
//! sim.assert_acked(opened);
//! sim.assert_received("door/open", 1..=2);
//! ```
//!
//! | to | start from |
//! |---|---|
//! | write a scenario | [`harness::Sim`] |
//! | run your own application logic | [`app::Application`], `examples/own_app.rs` |
//! | watch a run, or add a rule | [`observation::Observer`] |
//! | run stored or drawn schedules | [`run`], [`swarm`] |
//! | replay what a real client recorded | [`replay`] |
//! | use the broker by itself | [`broker::Broker`] |

#![forbid(unsafe_code)]

pub mod app;
pub mod broker;
pub mod catalogue;
mod clock;
pub mod corpus;
pub mod cross_check;
pub mod fault;
pub mod harness;
pub mod marks;
pub mod observation;
pub mod oracle;
pub mod original;
mod queue;
pub mod random;
pub mod recorded;
pub mod replay;
pub mod rig;
pub mod run;
pub mod schedule;
pub mod shrink;
pub mod swarm;
pub mod sweep;
#[cfg(feature = "turmoil")]
pub mod tokio_world;
pub mod trace;
pub mod wires;
pub mod world;
