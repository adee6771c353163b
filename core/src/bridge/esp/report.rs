//! What the ESP8266's end tells the host of what the client met.

use super::{Esp, REPORT_BYTES};
use crate::bridge::fifo;
use crate::bridge::frame::{MESSAGE_HEADER_BYTES, Message, Outcome, Status, ToHost};
use crate::bridge::host::INBOUND_HEADER_BYTES;
#[cfg(feature = "mqtt5")]
use crate::event::RefusedReason;
use crate::event::{AbandonReason, Event};
use crate::mqtt::{Packet, decode};
use crate::session::Handed;
use crate::storage::Storage;

impl<S: Storage> Esp<S> {
    /// Reports an event. While there is no host to report to nothing is kept: a host that comes
    /// back asks for everything it does not know. What it cannot ask for is told as soon as there is a
    /// link: that a message was too large.
    pub(super) fn report(&mut self, event: &Event<'_>) {
        #[cfg(feature = "mqtt5")]
        self.note_ending(event);
        let waits_for_nobody = self.link_up && matches!(event, Event::MessageTooLarge { .. });
        if !self.configured && !waits_for_nobody {
            return;
        }
        let frame = match *event {
            Event::Connected { session_present } => {
                ToHost::Status(Status::Connected { session_present })
            }
            Event::Disconnected { reason } => ToHost::Status(Status::Disconnected(reason)),
            Event::AttemptFailed { reason } => ToHost::Status(Status::AttemptFailed(reason)),
            Event::Wifi(up) => ToHost::Status(Status::Wifi(up)),
            Event::CleanSlate => ToHost::SlateDone,
            Event::Acked(ticket) => ToHost::Done { ticket, outcome: Outcome::Acked },
            Event::Sent(ticket) => ToHost::Done { ticket, outcome: Outcome::Sent },
            #[cfg(feature = "mqtt5")]
            Event::Refused { ticket, reason: RefusedReason::ByBroker(_) } => {
                ToHost::Done { ticket, outcome: Outcome::Refused }
            }
            Event::Refused { ticket, .. } => ToHost::Done { ticket, outcome: Outcome::TooLarge },
            #[cfg(feature = "mqtt5")]
            Event::Abandoned { ticket, reason: AbandonReason::Expired } => {
                ToHost::Done { ticket, outcome: Outcome::Expired }
            }
            Event::Abandoned { ticket, reason: AbandonReason::ConnectionLost } => {
                ToHost::Done { ticket, outcome: Outcome::Lost }
            }
            Event::Subscribed { ticket, granted } => ToHost::Granted { ticket, qos: granted },
            Event::SubscribeRefused(ticket) => ToHost::Refused { ticket },
            Event::Unsubscribed(ticket) => ToHost::Unsubscribed { ticket },
            Event::MessageTooLarge { qos, size_bytes } => {
                ToHost::TooLarge { qos, size_bytes: u32::try_from(size_bytes).unwrap_or(u32::MAX) }
            }
            Event::Stopped => ToHost::Stopped,
            // The host gives up its own publications; messages go through `forward`; the rest is
            // the host's to tell.
            Event::Abandoned { .. }
            | Event::Superseded(_)
            | Event::OutboxHasRoom
            | Event::Message(_)
            | Event::EspReset { .. }
            | Event::EspUnsuited(_)
            | Event::EspReady { .. }
            | Event::TimeTold { .. }
            | Event::EspMemory { .. }
            | Event::NetworkAsked
            | Event::JoinsNetwork(_)
            | Event::OpensConnection => {
                return;
            }
            #[cfg(feature = "mqtt5")]
            Event::Reason { ticket, reason_code } => ToHost::Reason { ticket, reason_code },
            // It goes through `forward`, too.
            #[cfg(feature = "mqtt5")]
            Event::BrokerSaid(_) => return,
            Event::EspUnfit => ToHost::Unfit,
        };
        self.push(&frame);
    }

    /// Passes a message on. There is room: the client hands out none for which there is not.
    pub(super) fn forward(&mut self, handed: &Handed) {
        #[cfg(feature = "mqtt5")]
        if self.speaks_v5() {
            return self.forward_v5(handed);
        }
        let Some(client) = self.client.as_ref() else { return };
        let packet = client.session().show_packet(handed);
        // The client decoded it before it handed it out.
        let Ok(Packet::Publish(publish)) = decode(packet) else { return };
        let topic = self.message_topics.naming(publish.topic);
        let message = ToHost::Message(Message {
            delivery: handed.delivery().map_or(0, crate::event::Delivery::get),
            dup: publish.dup,
            qos: publish.qos,
            retain: publish.retain,
            topic,
            payload: publish.payload,
        });
        let Err(size) = message.encode(&mut []) else { return };
        let Some(room) = self.frames.push(size) else { return };
        if message.encode(room).is_err() || self.message_topics.learn(topic).is_err() {
            return;
        }
        let cost = packet.len() + INBOUND_HEADER_BYTES;
        self.room.sent_bytes = self.room.sent_bytes.wrapping_add(u32::try_from(cost).unwrap_or(0));
        self.last_frame_at = self.now;
    }

    /// The largest message that the host, the link and the queue of frames could ever take.
    pub(super) fn message_max_bytes(&self) -> usize {
        let queue = self.frames.capacity().saturating_sub(fifo::HEADER_BYTES + REPORT_BYTES);
        let frame = queue.min(self.frame_max_bytes).saturating_sub(MESSAGE_HEADER_BYTES);
        frame.min(self.room.capacity_bytes.saturating_sub(INBOUND_HEADER_BYTES))
    }
}
