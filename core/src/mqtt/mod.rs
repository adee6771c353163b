//! MQTT 3.1.1 packets and topics, both directions, without copying and without a heap.
//!
//! [`split`] finds the next packet in a stream that arrives in chunks of any size, [`decode`] reads
//! it, [`Packet::encode`] writes one. Everything malformed is a [`Breach`] that names its clause.

mod breach;
mod decode;
mod encode;
mod packet;
mod split;
pub mod topic;

pub use breach::Breach;
pub use decode::decode;
pub use encode::BufferTooSmall;
pub use packet::{
    Connack, Connect, ConnectReturnCode, Filters, Packet, PacketId, Publish, QoS, Suback, Subscribe,
    SubscribeReturnCode, Unsubscribe, Will,
};
pub use split::{FixedHeader, Split, split};

/// The largest remaining length that a fixed header can carry (MQTT 3.1.1 §2.2.3): 256 MiB - 1.
pub const REMAINING_LENGTH_MAX: u32 = 268_435_455;
