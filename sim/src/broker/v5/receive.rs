//! The packets of a client that speaks MQTT 5.

use fivewire_core::mqtt::v5::{Ack, Breach, Disconnect, Packet, ReasonCode, decode};

use crate::broker::Broker;
use crate::broker::connection::{ConnectionSlot, Phase};
use crate::broker::interface::CloseReason;
use crate::broker::session::SessionSlot;

impl Broker {
    /// A whole packet of a client that said in its CONNECT that it speaks MQTT 5.
    pub(in crate::broker) fn handle_packet_v5(&mut self, slot: ConnectionSlot, packet: &[u8]) {
        let Phase::Connected(session) = self.shared.connections[slot].phase else { return };
        let handled = decode(packet).and_then(|packet| self.handle_v5(slot, session, &packet));
        if let Err(breach) = handled {
            // the client is told why [MQTT5-4.13.1-1]
            self.end(slot, CloseReason::Breach(breach.into()));
        }
    }

    fn handle_v5(
        &mut self,
        slot: ConnectionSlot,
        session: SessionSlot,
        packet: &Packet<'_>,
    ) -> Result<(), Breach> {
        match *packet {
            Packet::Publish(ref publish) => return self.publish_from_v5(slot, session, publish),
            Packet::Puback(Ack { packet_id, .. }) => {
                // also with a reason code of 0x80 or more: it is done with [MQTT5-4.4.0-2]
                self.sessions[session].on_puback(slot, packet_id, &mut self.shared);
            }
            Packet::Pubrec(ack) => self.on_pubrec_v5(slot, session, &ack),
            Packet::Pubrel(Ack { packet_id, .. }) => {
                let unreleased = &mut self.sessions[session].unreleased;
                let is_known = unreleased.contains(&packet_id);
                unreleased.retain(|unreleased| *unreleased != packet_id);
                if let Some(client) = &mut self.shared.connections[slot].v5 {
                    client.answered(packet_id);
                }
                self.shared.acknowledge(slot, &Packet::Pubcomp(found(packet_id, is_known)));
            }
            Packet::Pubcomp(Ack { packet_id, .. }) => {
                self.sessions[session].on_pubcomp(slot, packet_id, &mut self.shared);
            }
            Packet::Subscribe(ref subscribe) => self.subscribe_v5(slot, session, subscribe),
            Packet::Unsubscribe(ref unsubscribe) => {
                self.unsubscribe_v5(slot, session, unsubscribe);
            }
            // [MQTT5-3.12.4-1]
            Packet::Pingreq => self.shared.send(slot, &Packet::Pingresp),
            Packet::Disconnect(ref disconnect) => {
                return self.on_disconnect(slot, session, disconnect);
            }
            // AUTH too: no method was agreed on [MQTT5-4.12.0-6]
            _ => return Err(Breach::UnexpectedPacket { packet_type: packet.packet_type() }),
        }
        Ok(())
    }

    fn on_pubrec_v5(&mut self, slot: ConnectionSlot, session: SessionSlot, ack: &Ack<'_>) {
        let session = &mut self.sessions[session];
        if ack.reason_code.is_failure() {
            session.on_pubrec_refusal(slot, ack.packet_id, &mut self.shared);
        } else if session.is_in_flight(ack.packet_id) {
            session.on_pubrec(slot, ack.packet_id, &mut self.shared);
        } else {
            self.shared.send(slot, &Packet::Pubrel(found(ack.packet_id, false)));
        }
    }

    fn on_disconnect(
        &mut self,
        slot: ConnectionSlot,
        session: SessionSlot,
        disconnect: &Disconnect<'_>,
    ) -> Result<(), Breach> {
        if let Some(expiry_s) = disconnect.properties.session_expiry_interval_s() {
            let client = self.shared.connections[slot].v5.as_ref();
            let was_s = client.map_or(0, |client| client.session_expiry_s);
            if was_s == 0 && expiry_s > 0 {
                return Err(Breach::SessionExpiryProlonged);
            }
            let max_s = self.shared.config.mqtt5.session_expiry_max_s;
            self.sessions[session].expiry_s = expiry_s.min(max_s);
        }
        self.end(
            slot,
            match disconnect.reason_code {
                ReasonCode::Success => CloseReason::Disconnect,
                reason_code => CloseReason::DisconnectWithWill(reason_code),
            },
        );
        Ok(())
    }
}

/// An answer to a packet identifier that is known here or not.
const fn found(packet_id: fivewire_core::mqtt::PacketId, is_known: bool) -> Ack<'static> {
    let reason_code =
        if is_known { ReasonCode::Success } else { ReasonCode::PacketIdentifierNotFound };
    Ack { reason_code, ..Ack::success(packet_id) }
}
