//! What planted bugs do to the outbox.

use super::Outbox;
use super::record::Record;
#[cfg(feature = "planted")]
use crate::event::Ticket;
use crate::storage::Storage;

impl<S: Storage> Outbox<S> {
    #[cfg(feature = "planted")]
    pub(crate) fn plant_take_given(&mut self) -> Option<Ticket> {
        let record = self.records(self.head).find(|record| record.at < self.cursor)?;
        self.forget(record);
        Some(record.ticket)
    }

    pub(super) fn plant_fresh_identifier(&mut self, mut record: Record) {
        let Some(id) = self.free_packet_id() else { return };
        self.last_packet_id = id.get();
        record.packet_id = Some(id);
        record.write(self.bytes.as_mut());
        let packet = &mut self.bytes.as_mut()[record.packet()];
        if let Some(at) = packet_id_offset(packet) {
            packet[at..at + 2].copy_from_slice(&id.get().to_be_bytes());
        }
    }

    /// Puts what was never sent before what has to be sent again.
    pub(super) fn plant_rotation(&mut self) {
        let given = self.cursor - self.head;
        self.bytes.as_mut()[self.head..self.tail].rotate_left(given);
    }
}

/// Where the packet identifier of an encoded PUBLISH with QoS > 0 lies.
fn packet_id_offset(packet: &[u8]) -> Option<usize> {
    let crate::mqtt::Split::Header(header) = crate::mqtt::split(packet).ok()? else { return None };
    let topic = packet.get(header.header_len..header.header_len + 2)?;
    Some(header.header_len + 2 + usize::from(u16::from_be_bytes([topic[0], topic[1]])))
}
