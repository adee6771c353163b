//! What the frames of fivewire's ESP8266 end become.

use super::{EspDialect, Ready, Saying};
use crate::bridge::frame::{Message, Outcome, Status, ToEsp, ToHost};
use crate::bridge::host::INBOUND_HEADER_BYTES;
use crate::bridge::original::record::{RecordWriter, untellable};
use crate::bridge::original::{Generation, status};
use crate::event::Ticket;
use crate::mqtt::{Packet, PacketId, Publish, QoS};
use crate::storage::Storage;

impl<S: Storage> EspDialect<'_, S> {
    /// One thing after the other: a frame is taken when everything before it has left.
    pub(super) fn takes_frames(&self) -> bool {
        self.record.is_none() && self.says[0].is_none()
    }

    pub(super) fn take_frame(&mut self, frame: &[u8]) {
        if !self.takes_frames() {
            self.esp_blocked = true;
            self.due.sent = Some(0);
            return;
        }
        self.due.sent = Some(frame.len());
        match ToHost::decode(frame) {
            // It missed something: everything is given once more.
            Ok(ToHost::Hello { .. }) => {
                self.ready = false;
                self.due.init = self.configured;
                self.freed_bytes = 0;
                self.due.publication = self.publication.is_some();
            }
            Ok(ToHost::Ready { .. }) => self.ready = true,
            Ok(ToHost::Status(status)) => self.take_status(status),
            Ok(ToHost::Done { ticket, outcome }) => self.take_done(ticket, outcome),
            Ok(ToHost::Message(message)) => self.take_message(&message),
            Ok(ToHost::SlateDone) => self.due.slate_noted = true,
            Ok(ToHost::Unfit) => self.say(Saying::Trouble("The settings do not fit")),
            Ok(ToHost::TooLarge { .. }) => {
                self.counters.dropped_in = self.counters.dropped_in.saturating_add(1);
            }
            // It speaks MQTT 3.1.1.
            #[cfg(feature = "mqtt5")]
            Ok(ToHost::MessageWith(_) | ToHost::BrokerSaid(_) | ToHost::Reason { .. }) => {}
            // The host has no ear for these, or never asked.
            Ok(
                ToHost::Alive(_)
                | ToHost::Granted { .. }
                | ToHost::Refused { .. }
                | ToHost::Unsubscribed { .. }
                | ToHost::Stopped
                | ToHost::Time { .. }
                | ToHost::Memory { .. },
            )
            | Err(_) => {}
        }
    }

    fn take_status(&mut self, status: Status) {
        match status {
            Status::Wifi(true) => self.tell_check(),
            Status::Connected { .. } => self.take_connected(),
            Status::Disconnected(_) => {
                if core::mem::take(&mut self.connected) && self.running_told {
                    self.say_status(status::WIFI_DOWN);
                }
            }
            // It goes on trying, which is all that matters to this host.
            Status::Wifi(false) | Status::AttemptFailed(_) => {}
            // Nobody asked to be told.
            Status::Joins(_) | Status::Opens | Status::NetworkAsked => {}
        }
    }

    fn tell_check(&mut self) {
        if !core::mem::replace(&mut self.check_told, true) {
            self.say_status(status::BROKER_CHECK);
        }
    }

    fn take_connected(&mut self) {
        self.tell_check();
        if !core::mem::replace(&mut self.running_told, true) {
            self.say_status(status::BROKER_OK);
            self.say_status(status::RUNNING);
            self.say_status(status::WIFI_UP);
        } else if !self.connected {
            self.say_status(status::WIFI_UP);
        }
        self.connected = true;
    }

    /// Publications of an earlier life of the link are done without anybody being told: the host
    /// took them for done then.
    fn take_done(&mut self, ticket: Ticket, outcome: Outcome) {
        if self.publication != Some(ticket) {
            return;
        }
        if matches!(outcome, Outcome::Lost | Outcome::TooLarge) {
            self.counters.dropped_out = self.counters.dropped_out.saturating_add(1);
        }
        self.finish_publication();
    }

    fn take_message(&mut self, publish: &Message<'_>) {
        let delivery = publish.delivery;
        // Each topic is told whole: this end says that it has no memory for them.
        let Some(topic) = publish.topic.as_whole() else { return };
        let packet = Packet::Publish(Publish {
            dup: publish.dup,
            qos: publish.qos,
            retain: publish.retain,
            topic,
            packet_id: PacketId::new(1).filter(|_| publish.qos != QoS::AtMostOnce),
            payload: publish.payload,
        });
        let cost = packet.encoded_len() + INBOUND_HEADER_BYTES;
        let cost = u32::try_from(cost).unwrap_or(u32::MAX);
        let bad = untellable(topic.as_bytes()).or_else(|| untellable(publish.payload));
        let record =
            RecordWriter::new(self.memory.record.as_mut(), "u").field(topic).field(publish.payload);
        let record = match self.generation {
            Generation::V022 => record,
            Generation::V01 => record.field(if publish.retain { "True" } else { "False" }),
        };
        match record.finish() {
            Ok(size) if bad.is_none() => {
                self.record = Some(Ready { size, offered: false, message: Some((delivery, cost)) });
            }
            _ => {
                self.counters.dropped_in = self.counters.dropped_in.saturating_add(1);
                self.release(delivery, cost);
            }
        }
    }

    /// The message is the host's now, or nobody's.
    const fn release(&mut self, delivery: u32, cost: u32) {
        self.freed_bytes = self.freed_bytes.wrapping_add(cost);
        let freed_bytes = self.freed_bytes;
        self.due.release = Some(if delivery == 0 {
            ToEsp::Credit { freed_bytes }
        } else {
            ToEsp::Release { delivery, freed_bytes }
        });
    }

    pub(super) fn take_sent(&mut self, count: usize) {
        let Some(ready) = self.record.as_mut().filter(|ready| ready.offered) else { return };
        if count == 0 {
            ready.offered = false;
            self.link_blocked = true;
            return;
        }
        self.drop_record();
    }

    /// The record has gone, or never can.
    pub(super) fn drop_record(&mut self) {
        if let Some((delivery, cost)) = self.record.take().and_then(|ready| ready.message) {
            self.release(delivery, cost);
        }
    }

    /// Writes what is to be said next.
    pub(super) fn write_next(&mut self) {
        if self.record.is_some() {
            return;
        }
        let Some(saying) = self.says[0].take() else { return };
        self.says.rotate_left(1);
        let room = self.memory.record.as_mut();
        let written = match saying {
            Saying::Status(number) => RecordWriter::new(room, "t").number(u32::from(number)),
            Saying::Trouble(text) => {
                RecordWriter::new(room, "t").number(u32::from(status::UNKNOWN)).field(text)
            }
            Saying::Time => RecordWriter::new(room, "i").number(0),
            Saying::Memory => RecordWriter::new(room, "m")
                .number(self.config.free_bytes)
                .number(self.config.allocated_bytes),
        };
        // The smallest buffer takes the longest of these.
        let size = written.finish().unwrap_or(0);
        self.record = Some(Ready { size, offered: false, message: None });
    }

    /// Adds a field to the record that was just written, as far as it fits.
    pub(super) fn append_to_record(&mut self, text: &[u8]) {
        let Some(ready) = self.record.as_mut() else { return };
        let room = &mut self.memory.record.as_mut()[ready.size..];
        let size = (text.len() + 1).min(room.len());
        if let [separator, rest @ ..] = &mut room[..size] {
            *separator = crate::bridge::original::record::SEPARATOR;
            rest.copy_from_slice(&text[..size - 1]);
            ready.size += size;
        }
    }
}
