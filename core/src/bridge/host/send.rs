//! What the host sends over the link, and in which order.

use super::{Host, Stage};
use crate::bridge::fifo::HEADER_BYTES;
use crate::bridge::frame::{
    PUBLISH_HEADER_BYTES, Publish, ToEsp, TopicBytes, subscribe_header_bytes,
};
use crate::mqtt::{Packet, decode};
use crate::planted::Bug;
use crate::storage::Storage;
use crate::subscriptions::{Standing, Subscription};

impl<S: Storage> Host<S> {
    /// The link carries no larger frame from now on.
    #[cold]
    pub(super) fn limit_frames(&mut self, max_bytes: usize) {
        self.frame_max_bytes = max_bytes;
        let max_bytes = self.publication_frame_max_bytes();
        let header_bytes = subscribe_header_bytes(self.version());
        self.desk.limit_filters(max_bytes.saturating_sub(header_bytes));
    }

    /// The largest frame that there may be for a publication or a subscription.
    pub(super) fn publication_frame_max_bytes(&self) -> usize {
        self.frame.capacity().min(self.frame_max_bytes)
    }

    /// Refuses one publication or subscription that was queued when the link was not known, or
    /// carried larger frames: nothing may wait behind what can never be sent.
    #[cold]
    pub(super) fn refuse_too_large(&mut self) {
        let max_bytes = self.publication_frame_max_bytes();
        let packet_max_bytes = max_bytes.saturating_sub(PUBLISH_HEADER_BYTES);
        let header_bytes = subscribe_header_bytes(self.version());
        let filter_max_bytes = max_bytes.saturating_sub(header_bytes);
        self.due.refusals = self.desk.refuse_larger_than(packet_max_bytes, filter_max_bytes);
    }

    /// Makes the next frame if the last one has gone. True if there is one to offer.
    pub(super) fn fill(&mut self) -> bool {
        if self.link_up && self.frame.is_empty() {
            self.fill_next();
        }
        self.frame.offer()
    }

    fn fill_next(&mut self) {
        if core::mem::take(&mut self.due.init) {
            self.fill_init();
            return;
        }
        if core::mem::take(&mut self.due.slate_noted) {
            self.put(&ToEsp::SlateNoted);
            return;
        }
        if !matches!(self.stage, Stage::Running | Stage::Stopping { .. }) {
            return;
        }
        if self.fill_release() || self.stage != Stage::Running {
            if self.frame.is_empty() && core::mem::take(&mut self.due.shut_down) {
                self.put(&ToEsp::ShutDown);
            }
            return;
        }
        if self.errands.due {
            self.fill_errand();
        }
        if self.frame.is_empty() && !self.fill_subscription() {
            self.fill_publication();
        }
    }

    pub(super) fn put(&mut self, frame: &ToEsp<'_>) -> bool {
        let written = frame.encode(self.frame.room()).unwrap_or(0);
        self.frame.extend(written);
        written > 0
    }

    /// The settings, with what has changed since they were stored.
    #[cold]
    fn fill_init(&mut self) {
        let stored = ToEsp::decode(&self.settings.as_ref()[..self.settings_size]);
        let Ok(ToEsp::Init(mut init)) = stored else { return };
        init.epoch = self.epoch;
        init.room_bytes = u32::try_from(self.inbound.free()).unwrap_or(u32::MAX);
        init.capacity_bytes = u32::try_from(self.inbound.capacity()).unwrap_or(u32::MAX);
        init.services.asks_network &= !self.errands.given_is_allowed;
        init.topics = self.topic_bytes();
        init.config.clean_init = self.clean_init_due || self.planted.has(Bug::CleanSlateEachBoot);
        let written = ToEsp::Init(init).encode(self.frame.room()).unwrap_or(0);
        self.frame.extend(written);
        self.freed_bytes = 0;
        self.told_freed_bytes = 0;
    }

    /// Releases come first: they make room at the other end. Room is also told of by itself once
    /// there is much of it, or nothing is left that could come along with it.
    fn fill_release(&mut self) -> bool {
        let freed_bytes = self.freed_bytes;
        let untold = freed_bytes.wrapping_sub(self.told_freed_bytes) as usize;
        if let Some(delivery) = self.deliveries.take_released() {
            self.told_freed_bytes = freed_bytes;
            return self.put(&ToEsp::Release { delivery, freed_bytes });
        }
        if untold > 0 && (self.inbound.is_empty() || untold * 4 >= self.inbound.capacity()) {
            self.told_freed_bytes = freed_bytes;
            return self.put(&ToEsp::Credit { freed_bytes });
        }
        false
    }

    #[cold]
    fn fill_subscription(&mut self) -> bool {
        let Some((mut subscription, _)) = self.desk.subscriptions.next_due() else { return false };
        let leaving = subscription.standing == Standing::Leaving;
        let written = self.write_subscription(&subscription);
        self.frame.extend(written);
        subscription.standing = if leaving { Standing::LeavingAsked } else { Standing::Asked };
        self.desk.subscriptions.update(&subscription);
        written > 0
    }

    fn write_subscription(&mut self, subscription: &Subscription) -> usize {
        #[cfg(feature = "mqtt5")]
        if self.speaks_v5() {
            return self.write_subscription_v5(subscription);
        }
        let Subscription { ticket, qos, standing, .. } = *subscription;
        let filter = self.desk.subscriptions.filter(subscription);
        let frame = if standing == Standing::Leaving {
            ToEsp::Unsubscribe { ticket, filter }
        } else {
            ToEsp::Subscribe { ticket, qos, filter }
        };
        frame.encode(self.frame.room()).unwrap_or(0)
    }

    /// The next publication, if the window and the ESP8266's outbox have room for it.
    fn fill_publication(&mut self) {
        let room = self.esp_outbox_bytes.saturating_sub(HEADER_BYTES);
        if !self.desk.outbox.next_fits(room) {
            return;
        }
        let Some(sending) = self.desk.outbox.next_to_send(self.window) else { return };
        #[cfg(feature = "mqtt5")]
        if self.speaks_v5() {
            return self.fill_publication_v5(&sending);
        }
        // Packets were made by this end.
        let packet = decode(&self.desk.outbox.bytes()[sending.packet]);
        let Ok(Packet::Publish(packet)) = packet else { return };
        let topic = self.publication_topics.naming(packet.topic);
        let frame = ToEsp::Publish(Publish {
            ticket: sending.ticket,
            again: sending.again,
            retain: packet.retain,
            packet_id: packet.packet_id,
            topic,
            payload: packet.payload,
        });
        // There is room: `publish` refuses what could not be sent.
        let written = frame.encode(self.frame.room()).unwrap_or(0);
        self.frame.extend(written);
        if written > 0 {
            // A naming that is made here means something.
            let _ = self.publication_topics.learn(topic);
        }
    }

    /// What the ESP8266 is told of the memory for topics.
    fn topic_bytes(&self) -> TopicBytes {
        TopicBytes {
            publications: self.publication_topics.size_bytes(),
            messages: self.message_topics.size_bytes(),
        }
    }
}
