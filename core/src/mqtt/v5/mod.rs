//! MQTT 5 packets, both directions, without copying and without a heap.
//!
//! The same shape as MQTT 3.1.1 [one level up](super): [`split()`] finds the next packet in a
//! stream that arrives in chunks of any size, [`decode()`] reads it, [`Packet::encode`] writes one,
//! and everything malformed is a [`Breach`] that names its clause. What is new:
//!
//! * [`Properties`] are read where they lie: they were validated when the packet was decoded, and
//!   each accessor finds its property, or the default that the specification gives for its absence.
//!   To send some, write them as a slice of [`Property`].
//! * [`ReasonCode`] says what became of a request, and [`ReasonCode::retry`] what to do about it.
//!
//! ```
//! use fivewire_core::mqtt::v5::{Packet, Properties, Property, Publish, decode};
//! use fivewire_core::mqtt::QoS;
//!
//! let request = Packet::Publish(Publish {
//!     properties: Properties::of(&[
//!         Property::ResponseTopic("greenhouse/7/answers"),
//!         Property::CorrelationData(b"42"),
//!     ]),
//!     ..Publish::new("greenhouse/7/ask", b"moisture?", QoS::AtMostOnce)
//! });
//! let mut buffer = [0; 128];
//! let size = request.encode(&mut buffer)?;
//!
//! let Ok(Packet::Publish(received)) = decode(&buffer[..size]) else { panic!("a PUBLISH") };
//! assert_eq!(received.properties.response_topic(), Some("greenhouse/7/answers"));
//! assert_eq!(received.properties.correlation_data(), Some(&b"42"[..]));
//! # Ok::<(), fivewire_core::mqtt::BufferTooSmall>(())
//! ```
//!
//! Clauses are cited as `MQTT5-3.3.1-4`, where the specification itself writes `MQTT-3.3.1-4`: the
//! same numbers mean other things in MQTT 3.1.1.

mod breach;
mod connect;
mod decode;
mod encode;
mod explain;
mod head;
mod list;
mod packet;
mod properties;
mod property;
mod reader;
mod reason;
mod split;
mod subscribe;

pub use breach::Breach;
pub use connect::{Connack, Connect, Will};
pub use decode::decode;
pub(crate) use head::{Alias, Head, put_expiry};
pub use list::{Item, List};
pub use packet::{Ack, Auth, Disconnect, Packet, Publish};
pub use properties::Properties;
pub use property::Property;
pub use reason::{ReasonCode, Retry};
pub use split::split;
pub(crate) use subscribe::check_share;
pub use subscribe::{
    Filters, ReasonCodes, RetainHandling, Suback, Subscribe, SubscriptionOptions, TopicFilters,
    Unsuback, Unsubscribe,
};

/// The largest variable byte integer (MQTT 5 §1.5.5): a remaining length or a subscription
/// identifier.
pub const VARIABLE_BYTE_INTEGER_MAX: u32 = super::REMAINING_LENGTH_MAX;
