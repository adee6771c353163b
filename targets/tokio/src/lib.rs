//! An async MQTT client for Linux and the like that does not lose a message.
//!
//! It connects, stays connected and comes back by itself. Publications are kept until the broker
//! acknowledged them, over outages and over sessions that the broker forgot; subscriptions are renewed;
//! received messages are acknowledged once they are in your queue. The protocol and all decisions
//! are those of [`fivewire_core`], which the simulator tests; this crate only opens sockets, moves
//! bytes and wakes tasks.
//!
//! ```no_run
//! use fivewire_tokio::{Client, Config, QoS};
//!
//! # async fn hello() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect(Config::new("greenhouse-7").broker("broker.example"))?;
//! let mut lamps = client.subscribe("greenhouse/7/lamp/+", QoS::AtLeastOnce).await?;
//! client.publish("greenhouse/7/online", "1", QoS::AtLeastOnce, true).await?; // acknowledged
//! while let Some(message) = lamps.recv().await {
//!     println!("{}: {:?}", message.topic, message.payload);
//! }
//! # Ok(()) }
//! ```
//!
//! # What can be dropped when
//!
//! | future or value | dropped |
//! |---|---|
//! | [`Client::enqueue`], [`Client::try_publish`], [`Client::try_enqueue`] | nothing is published |
//! | [`Client::publish`] | nothing is published if it still waits for room; else it is, and you do not learn the outcome |
//! | [`Publish`] | it is published, and you do not learn the outcome; [`Publish::cancel`] gives it up |
//! | [`Client::subscribe`], [`Client::unsubscribe`] | the broker may be asked all the same |
//! | [`Subscription::recv`], [`Queue::recv`], [`Events::recv`] | no message is lost |
//! | [`Subscription`] | its messages find nobody; the broker is not told |
//! | the last [`Client`] and [`Subscription`] | as [`Client::shutdown`], in the background |
//! | the runtime | the connection breaks off, and the broker tells the will |
//!
//! # Back-pressure
//!
//! All memory of the core is allocated once, in sizes that [`Config`] sets. A full outbox makes
//! publishers wait, in turn; a full [`Subscription`] makes the client stop taking messages off the
//! connection, while acknowledgements and keep alive go on.
//!
//! # TLS
//!
//! [`Tls`] opens connections over TLS, for [`Client::connect_with`]; [`TlsConfig`] shows how. It is
//! the feature `tls`, which is on by default.
//!
//! # MQTT 5
//!
//! [`Config::protocol`] switches it on. Publications, messages and the will then have [`Properties`];
//! [`Client::subscribe_with`] takes options and an identifier; [`Client::broker_said`] and
//! [`Event::BrokerSaid`] tell the broker's limits and its words; reason codes are in [`DownReason`],
//! [`PublishError`], [`SubscribeError`], [`Event::Reason`] and [`Publish::with_reason`]. In 3.1.1
//! whatever of it is asked for is an error that says so.
//!
//! # Other transports, other clocks
//!
//! [`Client::connect_with`] runs over whatever [`Connect`] opens. The client reads no clock but
//! tokio's and starts no thread, so it runs under a paused clock and over a simulated network as it
//! is; give it a [`Config::seed`] there.

#![forbid(unsafe_code)]

mod client;
mod config;
mod connect;
mod driver;
mod event;
mod first;
pub mod planted;
mod probe;
mod properties;
mod publication;
mod queue;
mod recording;
mod said;
mod subscription;
#[cfg(feature = "tls")]
mod tls;
mod words;

pub use client::{Client, ConnectError};
pub use config::Config;
pub use connect::{AddressError, Connect, DEFAULT_PORT, Tcp};
pub use event::{Event, Events, OpenError, Status};
pub use first::FirstConnectError;
pub use fivewire_core::client::State;
pub use fivewire_core::config::{Overflow, Release, Resubscribe};
pub use fivewire_core::error;
pub use fivewire_core::event::{AbandonReason, Counters, DownReason, RefusedReason, Ticket};
pub use fivewire_core::mqtt::v5::{ReasonCode, RetainHandling, Retry, SubscriptionOptions};
pub use fivewire_core::mqtt::{ProtocolVersion, QoS};
pub use probe::{WAN_SERVER, wan_ok};
pub use properties::Properties;
pub use publication::{Outcome, Publication, Publish, PublishError};
pub use queue::Queue;
pub use recording::Recording;
pub use said::BrokerSaid;
pub use subscription::{Acknowledge, Message, SubscribeError, Subscription};
#[cfg(feature = "tls")]
pub use tls::{DEFAULT_TLS_PORT, HandshakeError, Tls, TlsConfig, TlsError};

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
