//! The witness: it subscribes to everything and publishes for the device.

use fivewire_core::mqtt::v5;
use fivewire_core::time::Instant;
use fivewire_tokio::Properties;

use super::agreement::Hearing;
use super::plain::{Identity, News, Plain};
use super::seen::{Seen, Stage as Way};
use crate::app::{Intervals, Large, Tag, Tags, fill, number};
use crate::random::{Purpose, Random};
use crate::schedule::Schedule;
use crate::world::WITNESS_ID;

const IDENTITY: Identity = Identity { client_id: WITNESS_ID, filter: "#", clean_session: false };

/// A plain client, and what it publishes.
pub(super) struct Witness {
    pub(super) plain: Plain,
    pub(super) hearing: Hearing,
    intervals: Intervals,
    content: Random,
    large: Large,
    tags: Tags,
    /// What travels with each numbered message.
    tagged: Vec<Tag>,
    topics: Vec<String>,
    payload_min_bytes: u32,
    payload_max_bytes: u32,
    /// When its next message comes into being.
    next: Option<Instant>,
    /// Numbered messages that are due.
    owed: u32,
    numbered: u64,
}

impl Witness {
    pub(super) fn new(schedule: &Schedule) -> Self {
        let workload = &schedule.workload;
        let mqtt5 = schedule.setup.mqtt5.as_ref();
        let packet_max_bytes = mqtt5.map_or(u32::MAX, |mqtt5| mqtt5.packet_max_bytes);
        let mut intervals =
            Intervals::new(schedule.seed, Purpose::Inbound, workload.inbound_every_ms);
        Self {
            plain: Plain::new(IDENTITY, schedule.setup.is_v5()),
            hearing: Hearing::default(),
            next: intervals.next(),
            intervals,
            content: Random::new(schedule.seed, Purpose::InboundContent),
            large: Large::new(schedule),
            tags: Tags::new(schedule, Purpose::Mqtt5Inbound),
            tagged: Vec::new(),
            topics: workload.inbound_topics.clone(),
            payload_min_bytes: u32::from(workload.payload_min_bytes),
            // as the event world's: it respects what the broker takes
            payload_max_bytes: u32::from(workload.payload_max_bytes).min(packet_max_bytes - 192),
            owed: 0,
            numbered: 0,
        }
    }

    /// Messages come into being up to `now`.
    pub(super) fn pass_to(&mut self, now: Instant) {
        while let Some(at) = self.next
            && at <= now
        {
            self.next = self.intervals.next();
            self.owe(1);
        }
    }

    /// It will publish so many numbered messages as soon as the broker is there.
    pub(super) fn owe(&mut self, count: u32) {
        if !self.topics.is_empty() {
            self.owed += count;
            self.plain.wake();
        }
    }

    /// No message comes into being any more.
    pub(super) const fn wind_down(&mut self) {
        self.next = None;
    }

    /// What travels with the numbered message that has this payload.
    pub(super) fn properties(&self, payload: &[u8]) -> Properties {
        let number = number(payload).filter(|number| *number > 0).unwrap_or(u64::MAX);
        let tag = usize::try_from(number - 1).ok().and_then(|place| self.tagged.get(place));
        tag.map_or_else(Properties::default, |tag| {
            tag.with(number, |properties| v5::Properties::of(properties).into())
        })
    }

    /// Messages that it has published.
    pub(super) const fn published(&self) -> u64 {
        self.numbered
    }

    /// Everything it had to say has left it.
    pub(super) fn is_idle(&self) -> bool {
        self.plain.is_connected() && self.owed == 0 && self.plain.outgoing.is_empty()
    }

    /// Writes the messages it owes.
    pub(super) fn publish(&mut self) {
        while self.plain.is_connected() && self.owed > 0 {
            self.owed -= 1;
            self.numbered += 1;
            let size = self.content.between(self.payload_min_bytes, self.payload_max_bytes);
            let topic = &self.topics[(self.numbered % self.topics.len() as u64) as usize];
            let (size, qos) = self.large.draw(size, topic);
            let mut payload = Vec::new();
            fill(&mut payload, self.numbered, size as usize);
            let tag = self.tags.draw();
            self.tagged.push(tag);
            tag.with(self.numbered, |properties| {
                self.plain.publish(topic, &payload, qos, properties);
            });
        }
    }

    /// Takes bytes of the broker. `era` counts how often the broker has forgotten everything.
    pub(super) fn receive(&mut self, era: u32, bytes: &[u8], seen: &mut Vec<Seen>) {
        let Self { plain, hearing, .. } = self;
        plain.receive(bytes, |news| match news {
            News::SessionBegins => hearing.begin(era),
            News::Message(message) => {
                hearing.hear(&message);
                seen.push(Seen::Message(Way::WitnessReceived, message));
            }
        });
    }
}
