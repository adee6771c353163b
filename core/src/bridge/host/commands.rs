//! What the application wants of the host.

use super::{Firmware, Host, Stage};
use crate::bridge::frame::PUBLISH_HEADER_BYTES;
use crate::bridge::original;
use crate::client::Publication;
use crate::error::{PublishError, SubscribeError};
use crate::event::{Delivery, Ticket};
#[cfg(feature = "mqtt5")]
use crate::mqtt::v5::Properties;
use crate::mqtt::{Packet, PacketId, Publish, QoS};
use crate::storage::Storage;
use crate::time::Instant;

impl<S: Storage> Host<S> {
    /// Queues a publication, whatever state the ESP8266 and the network are in.
    ///
    /// # Errors
    /// Why it was not queued; nothing was changed then. What to do about a full outbox:
    /// [When `publish` is refused](crate#when-publish-is-refused).
    pub fn publish(
        &mut self,
        now: Instant,
        publication: &Publication<'_>,
    ) -> Result<Ticket, PublishError> {
        #[cfg(feature = "mqtt5")]
        return self.publish_with(now, publication, Properties::of(publication.properties));
        #[cfg(not(feature = "mqtt5"))]
        self.publish_with(now, publication)
    }

    /// The same with properties from wherever; those of the publication are ignored.
    pub(crate) fn publish_with(
        &mut self,
        now: Instant,
        publication: &Publication<'_>,
        #[cfg(feature = "mqtt5")] properties: Properties<'_>,
    ) -> Result<Ticket, PublishError> {
        self.advance_clock(now);
        let texts = [publication.topic.as_bytes(), publication.payload];
        if let Some((code, at)) = texts.into_iter().find_map(|text| self.untellable(text)) {
            return Err(PublishError::Character { code, at });
        }
        #[cfg(feature = "mqtt5")]
        let packet_bytes = if self.speaks_v5() {
            Self::packet_bytes_v5(publication, properties)
        } else {
            packet_bytes(publication)
        };
        #[cfg(not(feature = "mqtt5"))]
        let packet_bytes = packet_bytes(publication);
        let size_bytes = packet_bytes.saturating_add(PUBLISH_HEADER_BYTES);
        let max_bytes = self.publication_frame_max_bytes();
        // properties that may not be are found below
        if size_bytes > max_bytes && packet_bytes < usize::MAX {
            return Err(PublishError::TooLarge { size_bytes, max_bytes });
        }
        #[cfg(feature = "mqtt5")]
        return self.desk.publish_with(self.now, publication, properties);
        #[cfg(not(feature = "mqtt5"))]
        self.desk.publish_with(self.now, publication)
    }

    /// Gives a publication up. True if `Abandoned` follows; false if its outcome is known already,
    /// or if so many events wait that this one has no room: drain, and try again.
    pub fn cancel(&mut self, now: Instant, ticket: Ticket) -> bool {
        self.advance_clock(now);
        self.desk.cancel(ticket)
    }

    /// Asks for the messages that match `filter`, now and after every restart to come. QoS 2 is
    /// asked for as QoS 1.
    ///
    /// # Errors
    /// Why it was not queued.
    pub fn subscribe(
        &mut self,
        now: Instant,
        filter: &str,
        qos: QoS,
    ) -> Result<Ticket, SubscribeError> {
        self.advance_clock(now);
        if let Some((code, at)) = self.untellable(filter.as_bytes()) {
            return Err(SubscribeError::Character { code, at });
        }
        self.desk.subscribe(filter, qos)
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// Why it was not queued.
    pub fn unsubscribe(&mut self, now: Instant, filter: &str) -> Result<Ticket, SubscribeError> {
        self.advance_clock(now);
        self.desk.unsubscribe(filter)
    }

    /// The first byte of a text that this ESP8266 cannot be told, and where it stands.
    fn untellable(&self, text: &[u8]) -> Option<(u8, usize)> {
        match self.firmware {
            Firmware::Fivewire => None,
            Firmware::Original => original::untellable(text),
        }
    }

    /// The application owns the message: it may be acknowledged to the broker. False if the ESP8266
    /// has started over since, and the broker will deliver it again.
    pub fn release(&mut self, now: Instant, delivery: Delivery) -> bool {
        self.advance_clock(now);
        self.deliveries.release(delivery)
    }

    /// While held, no message is handed out. Everything else goes on.
    pub fn hold(&mut self, now: Instant, hold: bool) {
        self.advance_clock(now);
        self.hold = hold;
    }

    /// Disconnects on purpose: DISCONNECT is sent and flushed, the broker tells no will, what is
    /// not acknowledged is `Abandoned`, and the last event is `Stopped`.
    pub fn shut_down(&mut self, now: Instant) {
        self.advance_clock(now);
        self.desk.shut_down = true;
        self.stop_told = false;
        match self.stage {
            // Where the link is being found again, the ESP8266 may well be connected.
            Stage::Running | Stage::Configuring => {
                self.due.shut_down = true;
                self.stage = Stage::Stopping { until: self.now.plus_ms(self.startup_timeout_ms) };
            }
            Stage::Stopping { .. } | Stage::Stopped => {}
            Stage::Idle | Stage::AwaitingEsp => self.stop(),
        }
    }
}

/// Bytes of the packet that a publication becomes in MQTT 3.1.1.
fn packet_bytes(publication: &Publication<'_>) -> usize {
    let packet = Packet::Publish(Publish {
        dup: false,
        qos: publication.qos.min(QoS::AtLeastOnce),
        retain: publication.retain,
        topic: publication.topic,
        packet_id: PacketId::new(1).filter(|_| publication.qos != QoS::AtMostOnce),
        payload: publication.payload,
    });
    packet.encoded_len()
}
