//! MQTT 3.1.1 packets and topics, both directions, without copying and without a heap. Those of
//! MQTT 5 are in [`v5`].
//!
//! [`split()`] finds the next packet in a stream that arrives in chunks of any size, [`decode()`]
//! reads it, [`Packet::encode`] writes one. Everything malformed is a [`Breach`] that names its
//! clause.
//!
//! ```
//! use fivewire_core::mqtt::{Breach, Packet, Split, decode, split};
//!
//! let mut names = Vec::new();
//! let mut stream = Vec::new();
//! // a CONNACK, then a PUBLISH with QoS 0, cut where a network may cut them
//! for chunk in [&b"\x20\x02\x00"[..], b"\x00\x30\x06\x00", b"\x03a/bx"] {
//!     stream.extend_from_slice(chunk);
//!     while let Split::Header(header) = split(&stream)? {
//!         let Some(packet) = stream.get(..header.packet_len()) else { break };
//!         match decode(packet)? {
//!             Packet::Publish(publish) => assert_eq!(publish.topic, "a/b"),
//!             other => names.push(other.name()),
//!         }
//!         stream.drain(..header.packet_len());
//!     }
//! }
//! assert_eq!(names, ["CONNACK"]);
//! assert!(stream.is_empty());
//! # Ok::<(), Breach>(())
//! ```
//!
//! What these functions leave to their callers: which packet may come when, and which packet
//! identifiers are in use. [`Breach`] has variants for those rules too, so that one type tells why
//! a connection was closed [MQTT-4.8.0-1].

mod breach;
mod connect;
mod decode;
mod encode;
mod explain;
mod lists;
mod packet;
mod reader;
mod split;
pub mod topic;
#[cfg(feature = "mqtt5")]
pub mod v5;
mod writer;

pub use breach::Breach;
pub use connect::{Connack, Connect, ConnectReturnCode, Will};
pub use decode::decode;
pub use encode::BufferTooSmall;
pub use lists::{Filters, ReturnCodes};
pub use packet::{
    Packet, PacketId, Publish, QoS, Suback, Subscribe, SubscribeReturnCode, Unsubscribe,
};
pub use split::{FixedHeader, Split, split};

/// The largest remaining length that a fixed header can carry (MQTT 3.1.1 §2.2.3): 256 MiB - 1.
pub const REMAINING_LENGTH_MAX: u32 = 268_435_455;
