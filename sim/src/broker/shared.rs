//! What work on a session and work on a connection both need.

use fivewire_core::mqtt::{Packet, Publish, QoS};
use fivewire_core::time::Instant;

use super::config::Config;
use super::connection::{ConnectionSlot, Connections};
use super::events::{EventLog, PublishHeader};
use super::interface::Counters;
use super::message::{MessageId, Messages};
use super::misbehaviour::Misbehaviour;
use crate::queue::Encode;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) now: Instant,
    pub(super) config: Config,
    pub(super) misbehaviour: Misbehaviour,
    pub(super) connections: Connections,
    pub(super) messages: Messages,
    pub(super) events: EventLog,
    pub(super) counters: Counters,
}

impl Shared {
    pub(super) fn new(config: Config) -> Self {
        Self {
            now: Instant::ZERO,
            misbehaviour: Misbehaviour::default(),
            connections: Connections::default(),
            messages: Messages::default(),
            events: EventLog::new(config.events),
            counters: Counters::default(),
            config,
        }
    }

    /// Whether nobody wants the message any more.
    pub(super) fn is_expired(&self, message: MessageId) -> bool {
        self.messages.extras(message).ends_at.is_some_and(|ends_at| ends_at <= self.now)
    }

    /// Sends any packet but PUBLISH and acknowledgements.
    pub(super) fn send(&mut self, slot: ConnectionSlot, packet: &impl Encode) {
        self.connections[slot].output.push(packet);
    }

    /// Sends an acknowledgement, unless the broker misbehaves.
    pub(super) fn acknowledge(&mut self, slot: ConnectionSlot, packet: &impl Encode) {
        let misbehaviour = &self.misbehaviour;
        if misbehaviour.swallow_acknowledgements {
            return;
        }
        let connection = &mut self.connections[slot];
        let copies = if misbehaviour.double_acknowledgements { 2 } else { 1 };
        for _ in 0..copies {
            if misbehaviour.delay_acknowledgements_ms == 0 && connection.delayed.is_empty() {
                connection.output.push(packet);
            } else {
                let due = self.now.plus_ms(misbehaviour.delay_acknowledgements_ms);
                connection.delayed.push(due, packet);
            }
        }
    }

    /// Sends a message. With QoS 0 it is dropped if the transport has been full for too long.
    pub(super) fn publish(
        &mut self,
        slot: ConnectionSlot,
        header: PublishHeader,
        message: MessageId,
        identifiers: Option<&[u32]>,
    ) {
        let connection = &mut self.connections[slot];
        if header.qos == QoS::AtMostOnce
            && connection.output.is_blocked()
            && connection.output.pending_bytes() >= self.config.output_max_bytes
        {
            self.counters.qos0_dropped += 1;
            return;
        }
        if connection.v5.is_some() {
            return self.publish_v5(slot, header, message, identifiers);
        }
        connection.output.push(&Packet::Publish(Publish {
            dup: header.dup,
            qos: header.qos,
            retain: header.retain,
            topic: self.messages.topic(message),
            packet_id: header.packet_id,
            payload: self.messages.payload(message),
        }));
        self.events.delivered(&mut self.messages, connection.key, header, message);
    }
}
