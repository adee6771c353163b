//! What the records of the original host become.

use super::settings::{fingerprint, read_init, read_will};
use super::{EspDialect, Saying};
use crate::bridge::frame::{self, Init, ToEsp};
use crate::bridge::original::record::{Fields, split};
use crate::bridge::original::status;
use crate::bridge::topics::Naming;
use crate::event::Ticket;
use crate::mqtt::topic::validate_name;
use crate::mqtt::{PacketId, QoS};
use crate::outbox::FIRST_SUBSCRIPTION_ID;
use crate::storage::Storage;

/// Tickets of subscriptions have this bit, those of publications do not.
const SUBSCRIPTION: u32 = 1 << 31;

impl<S: Storage> EspDialect<'_, S> {
    pub(super) fn take_record(&mut self, record: &[u8]) {
        let (command, fields) = split(record);
        let understood = match (command, self.configured) {
            (b"w", false) => self.take_will(record),
            (b"init", false) => self.take_init(record),
            (b"p", _) => self.take_publication(fields),
            (b"s", true) => self.take_subscription(fields),
            (b"i", true) => {
                self.say(Saying::Time);
                true
            }
            (b"m", true) => {
                self.say(Saying::Memory);
                true
            }
            _ => false,
        };
        if !understood {
            self.complain(record);
        }
    }

    /// The record is said back, as far as it fits.
    fn complain(&mut self, record: &[u8]) {
        let text = if self.configured { "Unknown command:" } else { "Expected init, got: " };
        let first = self.takes_frames();
        self.say(Saying::Trouble(text));
        if first {
            self.write_next();
            self.append_to_record(record);
        }
    }

    pub(super) fn take_oversized(&mut self) {
        // Most likely a publication: the host waits for its end.
        self.counters.dropped_out = self.counters.dropped_out.saturating_add(1);
        self.say_status(status::PUBOK);
    }

    fn take_will(&mut self, record: &[u8]) -> bool {
        let Some(room) = self.memory.will.as_mut().get_mut(..record.len()) else { return false };
        if read_will(split(record).1).is_none() {
            return false;
        }
        room.copy_from_slice(record);
        self.will_size = record.len();
        self.say_status(status::WILLOK);
        true
    }

    fn take_init(&mut self, record: &[u8]) -> bool {
        let will_record = &self.memory.will.as_ref()[..self.will_size];
        let will = read_will(split(will_record).1);
        let Some(told) = read_init(split(record).1, self.config.client_id, will) else {
            return false;
        };
        if told.tls {
            self.say(Saying::Trouble("TLS is not supported"));
            return true;
        }
        let room_bytes = u32::try_from(self.memory.record.as_ref().len()).unwrap_or(u32::MAX);
        let init = Init {
            epoch: fingerprint([will_record, record]),
            room_bytes,
            capacity_bytes: room_bytes,
            ..told.init
        };
        let Ok(size) = ToEsp::Init(init).encode(self.memory.settings.as_mut()) else {
            self.say(Saying::Trouble("The settings are too long"));
            return true;
        };
        let use_default = init.network.use_default;
        self.generation = told.generation;
        self.settings_size = size;
        self.configured = true;
        self.due.init = true;
        self.freed_bytes = 0;
        if use_default {
            self.say_status(status::DEFNET);
        }
        true
    }

    /// One publication is under way at a time: the host waits for status 4. One that comes before
    /// `init` (D-03) waits.
    fn take_publication(&mut self, mut fields: Fields<'_>) -> bool {
        let (Some(topic), Some(payload)) = (fields.text(), fields.next()) else { return false };
        let (Some(retain), Some(qos)) = (fields.flag(), fields.number()) else { return false };
        let ticket = Ticket::new((self.last_ticket + 1) % SUBSCRIPTION).unwrap_or(Ticket::FIRST);
        let qos = if qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        let id = ticket.get() % u32::from(FIRST_SUBSCRIPTION_ID - 1) + 1;
        let packet_id = u16::try_from(id).ok().and_then(PacketId::new);
        let packet_id = packet_id.filter(|_| qos == QoS::AtLeastOnce);
        let topic_is_bad = validate_name(topic).is_err();
        let topic = Naming::whole(topic);
        let publish = frame::Publish { ticket, again: false, retain, packet_id, topic, payload };
        let busy = self.publication.is_some();
        if busy || topic_is_bad || !self.store_publication(&publish) {
            self.counters.dropped_out = self.counters.dropped_out.saturating_add(1);
            self.say_status(status::PUBOK);
            return true;
        }
        self.last_ticket = ticket.get();
        self.publication = Some(ticket);
        self.due.publication = true;
        true
    }

    fn store_publication(&mut self, publish: &frame::Publish<'_>) -> bool {
        let stored = ToEsp::Publish(*publish).encode(self.memory.publication.as_mut());
        self.publication_size = stored.unwrap_or(0);
        stored.is_ok()
    }

    /// The ticket is made of the filter: a filter that is given twice is the same subscription
    /// (D-25).
    fn take_subscription(&mut self, mut fields: Fields<'_>) -> bool {
        let (Some(filter), Some(qos)) = (fields.text(), fields.number()) else { return false };
        let qos = if qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        let number = fingerprint([filter.as_bytes(), &[]]) | SUBSCRIPTION;
        let Some(ticket) = Ticket::new(number) else { return false };
        let frame = ToEsp::Subscribe { ticket, qos, filter };
        // A filter that no broker could be asked for is nothing either.
        if let Ok(size) = frame.encode(self.memory.command.as_mut()) {
            self.due.command = Some(size);
        }
        true
    }
}
