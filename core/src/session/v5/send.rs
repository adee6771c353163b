//! What the session puts on the wire in MQTT 5 that is not the same in 3.1.1.

use crate::error::PublishError;
use crate::event::{Event, Ticket};
use crate::mqtt::v5::{
    Disconnect, Filters, Packet, Properties, Property, Publish, ReasonCode, Subscribe,
    TopicFilters, Unsubscribe,
};
use crate::session::{Close, Session};
use crate::storage::Storage;
use crate::subscriptions::{Standing, Subscription};

impl<S: Storage> Session<S> {
    /// Copies publications into the transmit buffer, as many as fit.
    pub(in crate::session) fn fill_publications_v5(&mut self) {
        let window = self.window_v5();
        let now_s = self.now_s();
        let maximum = self.v5.server.topic_alias_maximum.min(self.v5.own_aliases);
        let filled = self.desk.outbox.fill_v5(
            self.transmit.room(),
            window,
            &mut self.desk.counters.redelivered,
            now_s,
            &self.v5.server,
            (&mut self.v5.aliases, self.connect.spare(), maximum),
        );
        self.transmit.extend(filled);
    }

    /// Queues a publication whose ticket and packet identifier another machine chose.
    pub(crate) fn publish_v5_as(
        &mut self,
        ticket: Ticket,
        publish: &Publish<'_>,
        again: bool,
    ) -> Result<(), PublishError> {
        self.desk.publish_v5_as(self.now, ticket, publish, again)
    }

    fn now_s(&self) -> u32 {
        u32::try_from(self.now.as_micros() / 1_000_000).unwrap_or(u32::MAX)
    }

    /// Puts the SUBSCRIBE or UNSUBSCRIBE. False if there is no room.
    pub(in crate::session) fn put_subscription_v5(
        &mut self,
        subscription: &Subscription,
        packet_id: crate::mqtt::PacketId,
    ) -> bool {
        let filter = self.desk.subscriptions.filter(subscription);
        let identifier = self.desk.subscriptions.identifier(subscription);
        let leaving = subscription.standing == Standing::Leaving;
        with_packet(subscription, filter, identifier, packet_id, leaving, |packet| {
            self.transmit.put_v5(packet)
        })
    }

    /// Puts the DISCONNECT: on purpose, or after a breach of the broker. The session that made a
    /// clean slate ends with its connection, like in 3.1.1.
    pub(in crate::session) fn put_disconnect_v5(&mut self, close: Close) {
        let reason_code = self.v5.farewell.unwrap_or(ReasonCode::Success);
        let ends = [Property::SessionExpiryInterval(0)];
        let properties = match close {
            Close::CleanSlate => Properties::of(&ends),
            Close::Down(_) | Close::Finished => Properties::NONE,
        };
        self.transmit.put_v5(&Packet::Disconnect(Disconnect { reason_code, properties }));
    }

    /// A subscription that the broker said it does not take ends here.
    pub(super) fn refuse_subscription(&mut self) -> Option<Event<'static>> {
        if !self.desk.subscriptions.has_due() {
            return None;
        }
        let refused = self.desk.subscriptions.iter().find_map(|subscription| {
            if subscription.standing != Standing::Wanted {
                return None;
            }
            let filter = self.desk.subscriptions.filter(&subscription);
            let identifier = self.desk.subscriptions.identifier(&subscription);
            let id = crate::mqtt::PacketId::new(u16::MAX)?;
            let len = with_packet(&subscription, filter, identifier, id, false, |packet| {
                packet.encoded_len()
            });
            let code = self.v5.server.refuses_filter(filter, identifier.is_some(), len)?;
            Some((subscription, code))
        });
        let (subscription, reason_code) = refused?;
        let ticket = subscription.ticket;
        self.desk.subscriptions.remove(&subscription);
        self.desk.tell(Event::SubscribeRefused(ticket));
        Some(Event::Reason { ticket, reason_code })
    }
}

/// Makes the SUBSCRIBE or UNSUBSCRIBE of a subscription.
fn with_packet<R>(
    subscription: &Subscription,
    filter: &str,
    identifier: Option<u32>,
    packet_id: crate::mqtt::PacketId,
    leaving: bool,
    make: impl FnOnce(&Packet<'_>) -> R,
) -> R {
    if leaving {
        return make(&Packet::Unsubscribe(Unsubscribe {
            packet_id,
            properties: Properties::NONE,
            filters: TopicFilters::of(&[filter]),
        }));
    }
    let properties = [Property::SubscriptionIdentifier(identifier.unwrap_or(0))];
    let properties =
        if identifier.is_some() { Properties::of(&properties) } else { Properties::NONE };
    make(&Packet::Subscribe(Subscribe {
        packet_id,
        properties,
        filters: Filters::of(&[(filter, subscription.options())]),
    }))
}
