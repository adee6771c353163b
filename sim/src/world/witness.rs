//! The witness: another client of the broker, on the broker's own machine, with a connection that is
//! never late. It subscribes to everything that others publish, and publishes for the device. It speaks
//! MQTT 5, whatever the device speaks: so it need not hear itself.

use std::collections::VecDeque;

use fivewire_core::mqtt::v5::{
    Ack, Connect, Filters, Packet, Properties, Property, Publish, Subscribe, SubscriptionOptions,
    decode, split,
};
use fivewire_core::mqtt::{PacketId, QoS, Split};
use fivewire_core::time::Instant;

use super::agenda::NEVER;
use crate::app::{Intervals, Large, Tags, fill};
use crate::broker::ClientKey;
use crate::queue::ByteQueue;
use crate::random::{Purpose, Random};
use crate::schedule::Schedule;

/// The witness's client identifier.
pub const WITNESS_ID: &str = "witness";
/// Its connection, at the broker.
pub(super) const WITNESS_KEY: ClientKey = ClientKey(u32::MAX);

/// A message that it was told to publish, once the broker is there.
#[derive(Clone, Debug)]
struct Errand {
    topic: String,
    payload: Vec<u8>,
    qos: QoS,
    retain: bool,
}

/// The witness.
#[derive(Clone, Debug)]
pub(super) struct Witness {
    intervals: Intervals,
    content: Random,
    tags: Tags,
    large: Large,
    topics: Vec<String>,
    payload_min_bytes: u32,
    payload_max_bytes: u32,
    /// Numbered messages that are due.
    owed: u32,
    errands: VecDeque<Errand>,
    numbered: u64,
    published: u64,
    last_id: u16,
    payload: Vec<u8>,
    /// Bytes from the broker that are no whole packet yet.
    incoming: Vec<u8>,
    /// Bytes for the broker.
    outgoing: ByteQueue,
}

impl Witness {
    pub(super) fn new(schedule: &Schedule) -> Self {
        let workload = &schedule.workload;
        let mqtt5 = schedule.setup.mqtt5.as_ref();
        let packet_max_bytes = mqtt5.map_or(u32::MAX, |mqtt5| mqtt5.packet_max_bytes);
        Self {
            intervals: Intervals::new(schedule.seed, Purpose::Inbound, workload.inbound_every_ms),
            content: Random::new(schedule.seed, Purpose::InboundContent),
            tags: Tags::new(schedule, Purpose::Mqtt5Inbound),
            large: Large::new(schedule),
            topics: workload.inbound_topics.clone(),
            payload_min_bytes: u32::from(workload.payload_min_bytes),
            // it respects what the broker takes, properties and topic included
            payload_max_bytes: u32::from(workload.payload_max_bytes).min(packet_max_bytes - 192),
            owed: 0,
            errands: VecDeque::new(),
            numbered: 0,
            published: 0,
            last_id: 0,
            payload: Vec::new(),
            incoming: Vec::new(),
            outgoing: ByteQueue::default(),
        }
    }

    /// When its next message comes into being.
    pub(super) fn next(&mut self) -> u64 {
        self.intervals.next().map_or(NEVER, Instant::as_micros)
    }

    /// Messages that the broker has got from it.
    pub(super) const fn published(&self) -> u64 {
        self.published
    }

    /// It will publish `count` numbered messages as soon as the broker is there.
    pub(super) const fn owe(&mut self, count: u32) {
        if !self.topics.is_empty() {
            self.owed += count;
        }
    }

    /// It will publish this message as soon as the broker is there.
    pub(super) fn run_errand(&mut self, topic: &str, payload: &[u8], qos: QoS, retain: bool) {
        let (topic, payload) = (topic.to_owned(), payload.to_vec());
        self.errands.push_back(Errand { topic, payload, qos, retain });
    }

    /// True if it has something to publish.
    pub(super) fn is_eager(&self) -> bool {
        self.owed > 0 || !self.errands.is_empty()
    }

    /// Starts a new connection. Its session never ends.
    pub(super) fn connect(&mut self) {
        self.incoming.clear();
        self.outgoing.clear();
        let lasting = [Property::SessionExpiryInterval(u32::MAX)];
        self.send(&Packet::Connect(Connect {
            client_id: WITNESS_ID,
            clean_start: false,
            keep_alive_s: 0,
            properties: Properties::of(&lasting),
            will: None,
            username: None,
            password: None,
        }));
    }

    /// Writes the next message it has, and shows it.
    pub(super) fn publish(&mut self, show: impl FnOnce(&str, &[u8], QoS, Properties<'_>)) {
        self.published += 1;
        if let Some(Errand { topic, payload, qos, retain }) = self.errands.pop_front() {
            self.send_publish(&topic, &payload, qos, retain, Properties::NONE);
            show(&topic, &payload, qos, Properties::NONE);
            return;
        }
        self.owed -= 1;
        self.numbered += 1;
        let size = self.content.between(self.payload_min_bytes, self.payload_max_bytes);
        let turn = (self.numbered % self.topics.len() as u64) as usize;
        let topic = std::mem::take(&mut self.topics[turn]);
        let (size, qos) = self.large.draw(size, &topic);
        let mut payload = std::mem::take(&mut self.payload);
        fill(&mut payload, self.numbered, size as usize);
        let tag = self.tags.draw();
        tag.with(self.numbered, |properties| {
            let properties = Properties::of(properties);
            self.send_publish(&topic, &payload, qos, false, properties);
            show(&topic, &payload, qos, properties);
        });
        self.topics[turn] = topic;
        self.payload = payload;
    }

    fn send_publish(
        &mut self,
        topic: &str,
        payload: &[u8],
        qos: QoS,
        retain: bool,
        properties: Properties<'_>,
    ) {
        let packet_id = if qos == QoS::AtMostOnce { None } else { Some(self.next_id()) };
        let publish =
            Publish { retain, packet_id, properties, ..Publish::new(topic, payload, qos) };
        self.send(&Packet::Publish(publish));
    }

    fn next_id(&mut self) -> PacketId {
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        PacketId::new(self.last_id).expect("it counts from 1")
    }

    fn send(&mut self, packet: &Packet<'_>) {
        self.outgoing.push_packet(packet);
    }

    /// Bytes for the broker; the caller clears them.
    pub(super) const fn outgoing(&mut self) -> &mut ByteQueue {
        &mut self.outgoing
    }

    /// Takes bytes from the broker, shows each message, and answers.
    ///
    /// # Panics
    /// The broker writes no MQTT 5: a bug of the simulator.
    pub(super) fn receive(&mut self, bytes: &[u8], mut show: impl FnMut(&str, &[u8], QoS, bool)) {
        if self.incoming.is_empty() {
            let taken = self.take_packets(bytes, &mut show);
            self.incoming.extend_from_slice(&bytes[taken..]);
            return;
        }
        let mut buffer = std::mem::take(&mut self.incoming);
        buffer.extend_from_slice(bytes);
        let taken = self.take_packets(&buffer, &mut show);
        buffer.drain(..taken);
        self.incoming = buffer;
    }

    /// Takes the whole packets at the front of `stream`, and says how long they are.
    fn take_packets(
        &mut self,
        stream: &[u8],
        show: &mut impl FnMut(&str, &[u8], QoS, bool),
    ) -> usize {
        let mut start = 0;
        let header = |rest| split(rest).expect("the broker writes MQTT 5");
        while let Split::Header(header) = header(&stream[start..])
            && let Some(packet) = stream[start..].get(..header.packet_len())
        {
            start += packet.len();
            match decode(packet).expect("the broker writes MQTT 5") {
                Packet::Publish(publish) => {
                    show(publish.topic, publish.payload, publish.qos, publish.retain);
                    if let Some(id) = publish.packet_id {
                        self.send(&Packet::Puback(Ack::success(id)));
                    }
                }
                Packet::Connack(connack) if !connack.session_present => self.subscribe(),
                _ => {}
            }
        }
        start
    }

    fn subscribe(&mut self) {
        let others =
            SubscriptionOptions { no_local: true, ..SubscriptionOptions::new(QoS::AtLeastOnce) };
        let everything = [("#", others)];
        let (packet_id, properties) = (self.next_id(), Properties::NONE);
        let filters = Filters::of(&everything);
        self.send(&Packet::Subscribe(Subscribe { packet_id, properties, filters }));
    }
}
