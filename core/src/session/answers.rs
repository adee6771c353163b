//! What the broker answers: PUBACK, SUBACK, UNSUBACK.

use super::Session;
use crate::event::{Event, Ticket};
use crate::mqtt::{PacketId, SubscribeReturnCode};
use crate::planted::Bug;
use crate::storage::Storage;
use crate::subscriptions::Standing;

impl<S: Storage> Session<S> {
    /// Nothing is said about a PUBACK that matches nothing: it is the late copy of one that did.
    pub(super) fn take_puback(&mut self, id: PacketId) -> Option<Event<'static>> {
        match self.acknowledge(id) {
            Some(Some(ticket)) => Some(Event::Acked(ticket)),
            Some(None) => self.desk.take_room(),
            None => self.unknown_ack(),
        }
    }

    /// As [`Outbox::acknowledge`](crate::outbox::Outbox::acknowledge).
    #[expect(clippy::option_option, reason = "unknown, silent and told are three answers")]
    pub(super) fn acknowledge(&mut self, id: PacketId) -> Option<Option<Ticket>> {
        let is_oldest = self.desk.outbox.is_oldest_in_flight(id);
        let ticket = self.desk.outbox.acknowledge(id)?;
        if self.planted.has(Bug::AnyAckIsProgress) {
            self.owed.oldest_leaves(self.now);
            self.owed.subscription_answered(self.now, self.desk.subscriptions.asked());
        }
        if is_oldest {
            self.owed.oldest_acknowledged(self.now, self.desk.outbox.in_flight());
        }
        Some(ticket)
    }

    #[cold]
    pub(super) fn take_suback(
        &mut self,
        id: PacketId,
        code: SubscribeReturnCode,
    ) -> Option<Event<'static>> {
        let known = self.desk.subscriptions.with_id(id).filter(|s| s.standing == Standing::Asked);
        let Some(mut subscription) = known else { return self.unknown_subscription_ack() };
        let is_oldest = self.desk.subscriptions.is_oldest_asked(id);
        subscription.packet_id = None;
        let event = match code {
            SubscribeReturnCode::Granted(granted) => {
                let told = subscription.told;
                subscription.standing = Standing::Active;
                subscription.granted = granted;
                subscription.told = true;
                self.desk.subscriptions.update(&subscription);
                (!told).then_some(Event::Subscribed { ticket: subscription.ticket, granted })
            }
            SubscribeReturnCode::Failure if self.planted.has(Bug::RefusalRetried) => {
                subscription.standing = Standing::Wanted;
                self.desk.subscriptions.update(&subscription);
                None
            }
            SubscribeReturnCode::Failure => {
                self.desk.subscriptions.remove(&subscription);
                Some(Event::SubscribeRefused(subscription.ticket))
            }
        };
        self.subscription_answered(is_oldest);
        event
    }

    #[cold]
    pub(super) fn take_unsuback(&mut self, id: PacketId) -> Option<Event<'static>> {
        let known =
            self.desk.subscriptions.with_id(id).filter(|s| s.standing == Standing::LeavingAsked);
        let Some(subscription) = known else { return self.unknown_subscription_ack() };
        let is_oldest = self.desk.subscriptions.is_oldest_asked(id);
        self.desk.subscriptions.remove(&subscription);
        self.subscription_answered(is_oldest);
        Some(Event::Unsubscribed(subscription.ticket))
    }

    #[cold]
    pub(super) const fn unknown_ack(&mut self) -> Option<Event<'static>> {
        self.desk.counters.unknown_acks = self.desk.counters.unknown_acks.saturating_add(1);
        None
    }

    /// The answer to something that was asked and is wanted no more: the broker is answering.
    #[cold]
    pub(super) fn unknown_subscription_ack(&mut self) -> Option<Event<'static>> {
        self.subscription_answered(true);
        self.unknown_ack()
    }

    /// A SUBACK or UNSUBACK came, for what was asked first or for something else.
    pub(super) fn subscription_answered(&mut self, is_oldest: bool) {
        if is_oldest {
            self.owed.subscription_answered(self.now, self.desk.subscriptions.asked());
        }
    }
}
