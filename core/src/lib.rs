//! MQTT for microcontrollers that must not lose a message: all of fivewire's protocol and
//! resilience logic, and nothing else. No sockets, no clock, no heap, no threads, no chip.
//!
//! A machine is told what the world did, and says what it wants of the world. This is the whole
//! contract, and the loop that every adapter has:
//!
//! ```
//! use fivewire_core::client::{Action, Client, Input, Memory, Output, Publication};
//! use fivewire_core::config::Config;
//! use fivewire_core::event::Event;
//! use fivewire_core::mqtt::QoS;
//! use fivewire_core::time::{Instant, Wait};
//!
//! // Everything the client will ever store. On a board these are `&'static mut [u8]`.
//! let memory = Memory {
//!     receive: [0; 1024],
//!     transmit: [0; 1024],
//!     outbox: [0; 1024],
//!     subscriptions: [0; 1024],
//!     connect: [0; 1024],
//! };
//! let config = Config { clean_init: false, manages_wifi: false, ..Config::new("greenhouse-7") };
//! let mut client = Client::new(&config, memory, 0x5EED)?;
//!
//! let now = Instant::from_millis(0); // from the board's clock
//! client.start(now);
//! let ticket = client.publish(now, &Publication::new("greenhouse/7/on", b"1", QoS::AtLeastOnce))?;
//!
//! // What the world does in this example: it opens the connection, accepts it, acknowledges.
//! let mut world = [Input::TcpOpened, Input::Received(&[0x20, 2, 0, 0]), Input::Received(&[0x40, 2, 0, 1])]
//!     .into_iter();
//! let mut acked = false;
//! loop {
//!     let wait = loop {
//!         match client.poll() {
//!             Output::Action(Action::OpenTcp) => println!("opening a socket"),
//!             Output::Action(action) => println!("doing {action:?}"),
//!             Output::Transmit(bytes) => {
//!                 let taken = bytes.len(); // what the socket took; fewer is fine
//!                 client.handle(now, Input::Sent(taken));
//!             }
//!             Output::Event(Event::Acked(done)) => acked = done == ticket,
//!             Output::Event(event) => println!("telling the application {event:?}"),
//!             Output::Wait(wait) => break wait,
//!         }
//!     };
//!     // Sleep until the instant in `wait` (then: `Input::Timeout`), or until the world does
//!     // something.
//!     assert!(matches!(wait, Wait::Until(..)));
//!     match world.next() {
//!         Some(input) => client.handle(now, input),
//!         None => break,
//!     }
//! }
//! assert!(acked);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The drain rule
//!
//! Call `poll` until it yields `Wait` before you sleep, and before you pass on the next thing that
//! the world did. Commands of the application (`publish`, `subscribe`, ...) may come at any time,
//! several in a row too. The output lends from the machine, so the compiler sees to it that nothing
//! is changed while an output is looked at.
//!
//! * `handle` never fails: a network cannot make the caller wrong. Its faults are events.
//! * Commands of the application return `Result`; after an error nothing was queued.
//! * [`time::Wait`] is an instant with a reason, or "for input"; being early is harmless.
//! * `Transmit` bytes are offered once. `Sent(n)` with fewer means that the transport is full; the
//!   rest is offered after `Writable`.
//! * Time that goes backwards is ignored. Each `poll` does bounded work. Nothing recurses.
//!
//! # When `publish` is refused
//!
//! [`OutboxFull`](error::PublishError::OutboxFull) is back-pressure: keep the publication, and
//! publish it again after the next event that may have made room. If it is refused again, wait for
//! the one after that.
//!
//! ```
//! # use fivewire_core::event::Event;
//! const fn may_make_room(event: &Event<'_>) -> bool {
//!     matches!(
//!         event,
//!         Event::Acked(_)
//!             | Event::Sent(_)
//!             | Event::Refused { .. }
//!             | Event::Abandoned { .. }
//!             | Event::OutboxHasRoom
//!     )
//! }
//! ```
//!
//! Do not wait for `OutboxHasRoom` alone: it comes only where no outcome tells. While the broker is
//! away an outbox may stay full for as long as the outage lasts. Who cannot wait leaves the
//! publication out, gives those that are queued a [`deadline`](client::Publication::deadline), or
//! chooses [`Overflow::DropOldest`](config::Overflow::DropOldest). Any other error would be the
//! same the next time.
//!
//! # The layers
//!
//! Dependencies point down only.
//!
//! | module | is |
//! |---|---|
//! | [`recorder`] | what a client was told and said, to be replayed |
//! | [`bridge`] | a host without WiFi and the ESP8266 that runs the client for it |
//! | [`client`] | WiFi, TCP, MQTT, up and down, for ever |
//! | [`handlers`], [`led`], [`sntp`] | for applications: a function for each subscription, what LEDs show, what time it is |
//! | `session` | one MQTT session: it outlives its connections |
//! | `desk` | what the application handed over and does not know the outcome of |
//! | `outbox`, `subscriptions` | what is kept, in the caller's memory |
//! | [`config`], [`event`] | what the caller decides, and what it is told |
//! | [`mqtt`] | packets and topics |
//! | `checkpoint` | how the state of a machine is written and read |
//! | [`error`], [`time`], [`storage`] | the vocabulary |
//!
//! # Errors
//!
//! They are typed by whose fault it is: the caller's ([`error`]) are returned; the peer's
//! ([`mqtt::Breach`], with the clause it broke) end the connection and are told as the reason; ours
//! are panics, and there is no input that leads to one.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod recorder;

pub mod bridge;
pub mod client;
pub mod handlers;
pub mod led;
pub mod link;
mod session;
pub mod sntp;

mod checkpoint;
mod desk;
mod news;
mod outbox;
mod subscriptions;
mod transmit;

pub mod mqtt;

pub mod config;
pub mod error;
pub mod event;
pub mod planted;
pub mod storage;
pub mod time;
