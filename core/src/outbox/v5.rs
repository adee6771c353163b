//! Publications of MQTT 5: kept whole, changed as they leave.

use super::Outbox;
use super::record::{EVER_SENT, OWNED_ELSEWHERE, Record};
use crate::error::PublishError;
use crate::event::Ticket;
use crate::mqtt::QoS;
use crate::mqtt::v5::{Alias, Head, Packet, Publish, ReasonCode, put_expiry};
use crate::planted::Bug;
use crate::session::{Aliases, Server};
use crate::storage::Storage;
use crate::time::Instant;

impl<S: Storage> Outbox<S> {
    /// Queues a publication of `packet_bytes` and gives it a packet identifier of its own. `ends_s`: the
    /// second at which its message expiry interval ends, if it has one.
    pub(crate) fn push_v5(
        &mut self,
        ticket: Ticket,
        publish: &Publish<'_>,
        packet_bytes: usize,
        deadline: Option<Instant>,
        ends_s: Option<u32>,
    ) -> Result<(), PublishError> {
        let packet_id = match publish.qos {
            QoS::AtMostOnce => None,
            QoS::AtLeastOnce => Some(self.free_packet_id().ok_or_else(|| self.full())?),
            QoS::ExactlyOnce => return Err(PublishError::QosNotSupported),
        };
        let publish = Publish { packet_id, ..*publish };
        self.store_v5(ticket, &publish, packet_bytes, deadline, ends_s, 0)?;
        if let Some(id) = packet_id {
            self.last_packet_id = id.get();
        }
        Ok(())
    }

    /// Queues a publication of another machine, which chose its packet identifier. `again`: an earlier
    /// connection may have sent it, so it carries DUP.
    pub(crate) fn push_v5_with_id(
        &mut self,
        ticket: Ticket,
        publish: &Publish<'_>,
        deadline: Option<Instant>,
        ends_s: Option<u32>,
        again: bool,
    ) -> Result<(), PublishError> {
        let flags = OWNED_ELSEWHERE | if again { EVER_SENT } else { 0 };
        let packet_bytes = Packet::Publish(*publish).encoded_len();
        self.store_v5(ticket, publish, packet_bytes, deadline, ends_s, flags)
    }

    fn store_v5(
        &mut self,
        ticket: Ticket,
        publish: &Publish<'_>,
        packet_bytes: usize,
        deadline: Option<Instant>,
        ends_s: Option<u32>,
        flags: u8,
    ) -> Result<(), PublishError> {
        let packet = Packet::Publish(*publish);
        let not_decremented = self.planted.has(Bug::ExpiryNotDecremented);
        self.store(ticket, publish.packet_id, packet_bytes, deadline, flags, |into| {
            let encoded = packet.encode(into).is_ok();
            if let Some(ends_s) = ends_s
                && !not_decremented
            {
                put_expiry(into, ends_s);
            }
            encoded
        })
    }

    /// What the next publication needs to leave.
    fn next_head(&self) -> Option<(Record, Head<'_>)> {
        let record = self.records(self.cursor).next()?;
        Some((record, Head::of(&self.bytes.as_ref()[record.packet()])?))
    }

    /// The next publication, if the broker said that it does not take such.
    pub(crate) fn refuse_next(&mut self, server: &Server) -> Option<(Ticket, ReasonCode)> {
        if self.is_mid_packet() {
            return None;
        }
        let (record, head) = self.next_head()?;
        let qos = if record.packet_id.is_some() { QoS::AtLeastOnce } else { QoS::AtMostOnce };
        let reason_code = server.refuses(qos, head.retain(), record.packet().len())?;
        self.forget(record);
        Some((record.ticket, reason_code))
    }

    /// Copies packets into `into`, as many as fit, and counts those sent `again`. A head leaves
    /// whole, a payload as far as there is room. Returns how many bytes it wrote.
    ///
    /// `aliases`: the table, its memory, and how many topics may be in it.
    pub(crate) fn fill_v5(
        &mut self,
        into: &mut [u8],
        window: usize,
        again: &mut u32,
        now_s: u32,
        server: &Server,
        aliases: (&mut Aliases, &mut [u8], u16),
    ) -> usize {
        let (aliases, area, maximum) = aliases;
        // what is stored is then the interval itself
        let now_s = if self.planted.has(Bug::ExpiryNotDecremented) { 0 } else { now_s };
        let mut filled = if self.is_mid_packet() { self.copy_rest(into) } else { 0 };
        while filled < into.len() && self.sending.is_empty() {
            let Some((record, head)) = self.next_head() else { break };
            let qos = if record.packet_id.is_some() { QoS::AtLeastOnce } else { QoS::AtMostOnce };
            if server.refuses(qos, head.retain(), record.packet().len()).is_some() {
                break;
            }
            let mut alias = aliases.tell(area, head.topic, maximum);
            if server.refuses(qos, head.retain(), head.lens(alias).1).is_some() {
                alias = Alias::None;
            }
            if head.lens(alias).0 > into.len() - filled {
                break;
            }
            let Some(next) = self.next_to_send(window) else { break };
            *again = again.saturating_add(u32::from(next.again));
            // once more: it may carry DUP now
            let Some((head, payload_at)) = self.head_of(&next.packet) else { break };
            let Some(len) = head.write(&mut into[filled..], alias, now_s) else { break };
            aliases.told(area, alias, head.topic);
            filled += len;
            self.sending = payload_at..next.packet.end;
            filled += self.copy_rest(&mut into[filled..]);
        }
        filled
    }

    /// The head of a packet, and where its payload starts.
    fn head_of(&self, packet: &core::ops::Range<usize>) -> Option<(Head<'_>, usize)> {
        let head = Head::of(&self.bytes.as_ref()[packet.clone()])?;
        Some((head, packet.end - head.payload_len))
    }
}
