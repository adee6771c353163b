//! From received bytes to packets, and from each packet to the part that answers it.

use fivewire_core::mqtt::{Breach, Connack, ConnectReturnCode, Packet, Split, decode, split, v5};

use super::Broker;
use super::connection::{ConnectionSlot, Phase};
use super::interface::CloseReason;
use super::session::SessionSlot;

const CONNECT: u8 = 1;
/// The protocol level of MQTT 5.
const V5: u8 = 5;

impl Broker {
    /// Bytes came. Whole packets are read where they lie; only the beginning of one whose end has
    /// not come is copied.
    pub(super) fn receive(&mut self, slot: ConnectionSlot, bytes: &[u8]) {
        let now = self.shared.now;
        let connection = &mut self.shared.connections[slot];
        if matches!(connection.phase, Phase::Connected(_)) && !bytes.is_empty() {
            connection.heard_at = now;
        }
        if connection.partial.is_empty() {
            let consumed = self.consume(slot, bytes);
            self.shared.connections[slot].partial.extend_from_slice(&bytes[consumed..]);
        } else {
            let mut stream = std::mem::take(&mut connection.partial);
            stream.extend_from_slice(bytes);
            let consumed = self.consume(slot, &stream);
            stream.drain(..consumed);
            self.shared.connections[slot].partial = stream;
        }
    }

    /// Handles the whole packets at the front of `stream` and returns how long they are. What comes
    /// after the end of the connection counts as consumed.
    fn consume(&mut self, slot: ConnectionSlot, stream: &[u8]) -> usize {
        let mut consumed = 0;
        while self.shared.connections[slot].is_open() {
            let rest = &stream[consumed..];
            match self.next_packet_len(slot, rest) {
                Ok(Some(packet_len)) => {
                    self.handle_packet(slot, &rest[..packet_len]);
                    consumed += packet_len;
                }
                Ok(None) => return consumed,
                Err(reason) => self.end(slot, reason),
            }
        }
        stream.len()
    }

    /// The length of the packet at the front of `stream`, `None` if it is not complete. What its
    /// fixed header says is judged before the rest has come.
    fn next_packet_len(
        &self,
        slot: ConnectionSlot,
        stream: &[u8],
    ) -> Result<Option<usize>, CloseReason> {
        let header = match self.shared.connections[slot].v5 {
            None => split(stream),
            Some(_) => v5::split(stream).map_err(Breach::V5),
        };
        let Split::Header(header) = header.map_err(CloseReason::Breach)? else {
            return Ok(None);
        };
        let is_connect = header.first_byte >> 4 == CONNECT;
        match self.shared.connections[slot].phase {
            // [MQTT-3.1.0-1]
            Phase::AwaitingConnect if !is_connect => {
                return Err(CloseReason::Breach(Breach::FirstPacketNotConnect));
            }
            // [MQTT-3.1.0-2]
            Phase::Connected(_) if is_connect => {
                return Err(CloseReason::Breach(Breach::SecondConnect));
            }
            Phase::AwaitingConnect | Phase::Connected(_) | Phase::Closing(_) | Phase::Free => {}
        }
        let size_bytes = header.header_len + header.remaining_len;
        if size_bytes > self.shared.config.packet_max_bytes {
            return Err(CloseReason::PacketTooLarge { size_bytes });
        }
        Ok((stream.len() >= size_bytes).then_some(size_bytes))
    }

    fn handle_packet(&mut self, slot: ConnectionSlot, packet: &[u8]) {
        if self.shared.connections[slot].v5.is_some() {
            return self.handle_packet_v5(slot, packet);
        }
        match (self.shared.connections[slot].phase, decode(packet)) {
            (Phase::Connected(session), Ok(packet)) => self.handle_decoded(slot, session, &packet),
            (_, Ok(Packet::Connect(connect))) => self.connect(slot, &connect),
            (Phase::AwaitingConnect, Err(Breach::ProtocolLevel { level: V5 })) => {
                self.handle_connect_v5(slot, packet);
            }
            // [MQTT-3.1.2-2]
            (Phase::AwaitingConnect, Err(breach @ Breach::ProtocolLevel { .. })) => {
                let return_code = ConnectReturnCode::UnacceptableProtocolVersion;
                let connack = Connack { session_present: false, return_code };
                self.shared.send(slot, &Packet::Connack(connack));
                self.end(slot, CloseReason::Breach(breach));
            }
            (_, Err(breach)) => self.end(slot, CloseReason::Breach(breach)),
            (_, Ok(_)) => self.end(slot, CloseReason::Breach(Breach::FirstPacketNotConnect)),
        }
    }

    /// A packet of a connected client.
    fn handle_decoded(&mut self, slot: ConnectionSlot, session: SessionSlot, packet: &Packet<'_>) {
        match *packet {
            Packet::Publish(ref publish) => self.publish(slot, session, publish),
            Packet::Puback(packet_id) => {
                self.sessions[session].on_puback(slot, packet_id, &mut self.shared);
            }
            Packet::Pubrec(packet_id) => {
                self.sessions[session].on_pubrec(slot, packet_id, &mut self.shared);
            }
            Packet::Pubrel(packet_id) => {
                self.sessions[session].unreleased.retain(|unreleased| *unreleased != packet_id);
                // also for an unknown identifier: the client waits for it [MQTT-4.3.3-2]
                self.shared.acknowledge(slot, &Packet::Pubcomp(packet_id));
            }
            Packet::Pubcomp(packet_id) => {
                self.sessions[session].on_pubcomp(slot, packet_id, &mut self.shared);
            }
            Packet::Subscribe(ref subscribe) => self.subscribe(slot, session, subscribe),
            Packet::Unsubscribe(ref unsubscribe) => self.unsubscribe(slot, session, unsubscribe),
            // [MQTT-3.12.4-1]
            Packet::Pingreq => self.shared.send(slot, &Packet::Pingresp),
            Packet::Disconnect => self.end(slot, CloseReason::Disconnect),
            Packet::Connect(_)
            | Packet::Connack(_)
            | Packet::Suback(_)
            | Packet::Unsuback(_)
            | Packet::Pingresp => {
                let packet_type = packet.packet_type();
                self.end(slot, CloseReason::Breach(Breach::UnexpectedPacket { packet_type }));
            }
        }
    }
}
