//! What the scenarios share: spans of time, a tap on the wire, and the seeds to run.

mod heard;

use std::cell::RefCell;
use std::rc::Rc;

use fivewire_core::mqtt::{Packet, PacketId, Split, decode, split};
use fivewire_core::time::Instant;
use fivewire_sim::harness::Sim;
use fivewire_sim::observation::{ConnectionId, Observation, Observer};

pub use heard::Heard;

/// Seconds as milliseconds.
#[must_use]
pub const fn secs(seconds: u32) -> u32 {
    seconds * 1_000
}

/// Minutes as milliseconds.
#[must_use]
pub const fn mins(minutes: u32) -> u32 {
    minutes * 60_000
}

/// A packet that reached the broker's socket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// When, in milliseconds.
    pub at_ms: u64,
    /// The connection it came on.
    pub connection: ConnectionId,
    /// `"PUBLISH"` and so on.
    pub name: &'static str,
    /// The packet identifier, 0 where there is none.
    pub packet_id: u16,
    /// The topic name, the first filter, the will's topic.
    pub topic: String,
    /// DUP of a PUBLISH.
    pub dup: bool,
    /// RETAIN of a PUBLISH or of the will in a CONNECT.
    pub retain: bool,
    /// Clean session of a CONNECT.
    pub clean_session: bool,
}

/// Everything that the device sent, as the broker's socket got it.
#[derive(Clone, Default, Debug)]
pub struct Tap(Rc<RefCell<Vec<Seen>>>);

impl Tap {
    /// A tap on the wire of `sim`.
    #[must_use]
    pub fn on(sim: Sim) -> (Sim, Self) {
        let tap = Self::default();
        let reader = TapReader { tap: tap.clone(), streams: Vec::new() };
        (sim.watched_by(Box::new(reader)), tap)
    }

    /// The packets of this name so far.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<Seen> {
        self.0.borrow().iter().filter(|seen| seen.name == name).cloned().collect()
    }

    /// How many packets of this name there were.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.0.borrow().iter().filter(|seen| seen.name == name).count()
    }

    /// The PUBLISH packets on this topic.
    #[must_use]
    pub fn publishes(&self, topic: &str) -> Vec<Seen> {
        self.all("PUBLISH").into_iter().filter(|seen| seen.topic == topic).collect()
    }
}

struct TapReader {
    tap: Tap,
    streams: Vec<(ConnectionId, Vec<u8>)>,
}

impl Observer for TapReader {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        let Observation::ToBroker { connection, bytes } = *observation else { return };
        let index = match self.streams.iter().position(|(known, _)| *known == connection) {
            Some(index) => index,
            None => {
                self.streams.push((connection, Vec::new()));
                self.streams.len() - 1
            }
        };
        let stream = &mut self.streams[index].1;
        stream.extend_from_slice(bytes);
        while let Ok(Split::Header(header)) = split(stream) {
            let size = header.packet_len();
            if stream.len() < size {
                break;
            }
            if let Ok(packet) = decode(&stream[..size]) {
                self.tap.0.borrow_mut().push(seen(now.as_millis(), connection, &packet));
            }
            stream.drain(..size);
        }
    }
}

fn seen(at_ms: u64, connection: ConnectionId, packet: &Packet<'_>) -> Seen {
    let mut seen = Seen {
        at_ms,
        connection,
        name: packet.name(),
        packet_id: 0,
        topic: String::new(),
        dup: false,
        retain: false,
        clean_session: false,
    };
    match packet {
        Packet::Publish(publish) => {
            seen.packet_id = publish.packet_id.map_or(0, PacketId::get);
            publish.topic.clone_into(&mut seen.topic);
            seen.dup = publish.dup;
            seen.retain = publish.retain;
        }
        Packet::Connect(connect) => {
            seen.clean_session = connect.clean_session;
            if let Some(will) = connect.will {
                will.topic.clone_into(&mut seen.topic);
                seen.retain = will.retain;
            }
        }
        Packet::Subscribe(subscribe) => {
            seen.packet_id = subscribe.packet_id.get();
            seen.topic = subscribe.filters.iter().map(|(filter, _)| filter).collect();
        }
        Packet::Unsubscribe(unsubscribe) => {
            seen.packet_id = unsubscribe.packet_id.get();
            seen.topic = unsubscribe.filters.iter().map(|(filter, _)| filter).collect();
        }
        Packet::Puback(id) => seen.packet_id = id.get(),
        _ => {}
    }
    seen
}

/// The seeds to run: `FIVEWIRE_SEEDS=A..B` if it is set, else 0 to `count`.
///
/// # Panics
/// The variable is set to something else.
#[must_use]
pub fn seeds(count: u64) -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("FIVEWIRE_SEEDS") else { return 0..count };
    let range =
        text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    range.unwrap_or_else(|| panic!("FIVEWIRE_SEEDS is {text:?}, but should be like 0..100"))
}
