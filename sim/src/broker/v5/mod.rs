//! What the broker does differently for clients that speak MQTT 5.

mod connect;
mod extras;
mod malformed;
mod publish;
mod receive;
mod sessions;
mod subscribe;

use fivewire_core::mqtt::PacketId;

use super::config::Limits;

pub(super) use extras::Extras;
pub use malformed::MALFORMED_V5;

/// What is known of a client that speaks MQTT 5, for as long as its connection lasts.
#[derive(Debug)]
pub(super) struct Client {
    /// The largest packet it takes.
    packet_max_bytes: usize,
    /// The largest topic alias it takes.
    topic_alias_maximum: u16,
    /// The session expiry interval of its CONNECT, in seconds.
    session_expiry_s: u32,
    /// What its aliases mean: the topic of alias 1 comes first, an empty one has no meaning.
    aliases_from: Vec<String>,
    /// What the aliases mean that it was told.
    aliases_to: Vec<String>,
    /// How many of them were given to another topic.
    renamed: usize,
    /// What it cannot have.
    limits: Limits,
    /// Its QoS 1 and QoS 2 publications that were not answered for good.
    under_way: Vec<PacketId>,
}

impl Client {
    /// A publication is answered for good: there is room for another one.
    fn answered(&mut self, packet_id: PacketId) {
        if let Some(place) = self.under_way.iter().position(|&open| open == packet_id) {
            self.under_way.remove(place);
        }
    }
}
