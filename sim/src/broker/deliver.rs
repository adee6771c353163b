//! Messages from the server to one client: in flight, queued, acknowledged, sent again.

use fivewire_core::mqtt::{Packet, PacketId, QoS};

use super::connection::ConnectionSlot;
use super::events::PublishHeader;
use super::session::{InFlight, Outgoing, Session, Stage};
use super::shared::Shared;

impl Session {
    /// Sends a message or queues it. With QoS 0 only a connected client gets it.
    pub(super) fn deliver(&mut self, mut outgoing: Outgoing, shared: &mut Shared) {
        let raised = shared.misbehaviour.exactly_once_to.as_deref();
        if outgoing.qos == QoS::AtLeastOnce && raised == Some(&self.client_id) {
            outgoing.qos = QoS::ExactlyOnce;
        }
        let Outgoing { message, qos, retain, .. } = outgoing;
        if qos == QoS::AtMostOnce {
            if let Some(slot) = self.connection {
                let header = PublishHeader { dup: false, qos, retain, packet_id: None };
                shared.publish(slot, header, message, outgoing.identifiers.as_deref());
            }
        } else if let Some(slot) = self.connection
            && self.has_room_in_flight(shared)
        {
            shared.messages.hold(message);
            self.launch(slot, outgoing, shared);
        } else if self.queue.len() < shared.config.queue_max {
            shared.messages.hold(message);
            self.queue.push_back(outgoing);
        } else {
            shared.counters.queue_overflows += 1;
            shared.events.queue_overflow(&mut shared.messages, &self.client_id, message);
        }
    }

    /// Sends again what was not acknowledged, with its identifier and in its order [MQTT-4.4.0-1]
    /// [MQTT-4.6.0-1], then what was queued meanwhile.
    pub(super) fn resume(&mut self, slot: ConnectionSlot, shared: &mut Shared) {
        self.unsent = self.in_flight.len();
        self.launch_queued(slot, shared);
    }

    fn send_again(&self, slot: ConnectionSlot, in_flight: &InFlight, shared: &mut Shared) {
        match &in_flight.stage {
            Stage::Published(Outgoing { message, qos, retain, identifiers }) => {
                let packet_id = Some(in_flight.packet_id);
                // [MQTT-3.3.1-1]
                let header = PublishHeader { dup: true, qos: *qos, retain: *retain, packet_id };
                shared.publish(slot, header, *message, identifiers.as_deref());
            }
            Stage::Released => shared.send(slot, &Packet::Pubrel(in_flight.packet_id)),
        }
    }

    /// PUBACK ends a QoS 1 message. One for nothing in flight is ignored.
    #[inline(always)]
    pub(super) fn on_puback(
        &mut self,
        slot: ConnectionSlot,
        packet_id: PacketId,
        shared: &mut Shared,
    ) {
        let Some(position) = self.position_in_flight(packet_id) else { return };
        if let Stage::Published(Outgoing { message, qos: QoS::AtLeastOnce, .. }) =
            self.in_flight[position].stage
        {
            shared.messages.release(message);
            self.land(position);
            self.launch_queued(slot, shared);
        }
    }

    /// A message is done with.
    fn land(&mut self, position: usize) {
        if position >= self.in_flight.len() - self.unsent {
            self.unsent -= 1;
        }
        self.in_flight.remove(position);
    }

    /// The client refuses a QoS 2 message, which is the end of it [MQTT5-4.3.3-4].
    #[cold]
    pub(super) fn on_pubrec_refusal(
        &mut self,
        slot: ConnectionSlot,
        packet_id: PacketId,
        shared: &mut Shared,
    ) {
        let Some(position) = self.position_in_flight(packet_id) else { return };
        if let Stage::Published(Outgoing { message, qos: QoS::ExactlyOnce, .. }) =
            self.in_flight[position].stage
        {
            shared.messages.release(message);
            self.land(position);
            self.launch_queued(slot, shared);
        }
    }

    /// PUBREC is answered with PUBREL, also the second one and one for a message already forgotten:
    /// the client waits for it [MQTT-4.3.3-1].
    #[cold]
    pub(super) fn on_pubrec(
        &mut self,
        slot: ConnectionSlot,
        packet_id: PacketId,
        shared: &mut Shared,
    ) {
        if let Some(position) = self.position_in_flight(packet_id) {
            let in_flight = &mut self.in_flight[position];
            match in_flight.stage {
                Stage::Published(Outgoing { message, qos: QoS::ExactlyOnce, .. }) => {
                    shared.messages.release(message);
                    in_flight.stage = Stage::Released;
                }
                Stage::Published(_) => return,
                Stage::Released => {}
            }
        }
        shared.send(slot, &Packet::Pubrel(packet_id));
    }

    /// PUBCOMP ends a QoS 2 message. One for nothing released is ignored.
    #[cold]
    pub(super) fn on_pubcomp(
        &mut self,
        slot: ConnectionSlot,
        packet_id: PacketId,
        shared: &mut Shared,
    ) {
        let Some(position) = self.position_in_flight(packet_id) else { return };
        if let Stage::Released = self.in_flight[position].stage {
            self.land(position);
            self.launch_queued(slot, shared);
        }
    }

    /// Whether a message with this identifier is under way to the client.
    pub(super) fn is_in_flight(&self, packet_id: PacketId) -> bool {
        self.position_in_flight(packet_id).is_some()
    }

    fn position_in_flight(&self, packet_id: PacketId) -> Option<usize> {
        self.in_flight.iter().position(|in_flight| in_flight.packet_id == packet_id)
    }

    fn has_room_in_flight(&self, shared: &Shared) -> bool {
        self.in_flight.len() < self.in_flight_max(shared)
    }

    fn in_flight_max(&self, shared: &Shared) -> usize {
        let own = shared.config.in_flight_max.max(1);
        if shared.misbehaviour.exceed_receive_maximum {
            return own.into();
        }
        own.min(self.receive_maximum).into()
    }

    fn launch_queued(&mut self, slot: ConnectionSlot, shared: &mut Shared) {
        while self.unsent > 0 && self.in_flight.len() - self.unsent < self.in_flight_max(shared) {
            let next = self.in_flight.len() - self.unsent;
            self.unsent -= 1;
            self.send_again(slot, &self.in_flight[next], shared);
        }
        while self.has_room_in_flight(shared)
            && let Some(outgoing) = self.queue.pop_front()
        {
            self.launch(slot, outgoing, shared);
        }
    }

    /// Sends a message for the first time, the message already being held.
    fn launch(&mut self, slot: ConnectionSlot, outgoing: Outgoing, shared: &mut Shared) {
        let Outgoing { message, qos, retain, .. } = outgoing;
        if shared.is_expired(message) {
            shared.events.message_expired(&mut shared.messages, &self.client_id, message);
            shared.messages.release(message);
            return;
        }
        if self.is_v5 && shared.is_too_large(slot, &outgoing) {
            shared.counters.too_large += 1;
            shared.messages.release(message);
            return;
        }
        let packet_id = self.next_packet_id();
        // a first sending has no DUP [MQTT-3.3.1-3]
        let header = PublishHeader { dup: false, qos, retain, packet_id: Some(packet_id) };
        shared.publish(slot, header, message, outgoing.identifiers.as_deref());
        self.in_flight.push_back(InFlight { packet_id, stage: Stage::Published(outgoing) });
    }
}
