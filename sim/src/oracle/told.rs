//! What the device tells its application.

use fivewire_core::event::{AbandonReason, DownReason, Event, Message, RefusedReason};
use fivewire_core::mqtt::QoS;

use crate::schedule::Topology;

use super::filters::Wish;
use super::outbound::Outcome;
use super::promise::Promise;
use super::tickets::Use;
use super::{
    Oracle, mqtt5, p1_published, p3_duplicates, p4_subscriptions, p5_received, p7_accounted,
    p7_patience, p9_pressure,
};

impl Oracle {
    pub(super) fn told(&mut self, event: &Event<'_>) {
        p7_accounted::told(&self.facts, &mut self.verdict);
        self.judges.told.note(event);
        self.judges.way.told(event);
        self.judges.attempts.told(self.facts.now, event);
        if self.facts.setup.topology == Topology::Client {
            self.client_told(event);
        }
        match *event {
            Event::Acked(ticket) => {
                self.publication_ended(ticket.get(), Outcome::Acked, None, None)
            }
            Event::Sent(ticket) => self.publication_ended(ticket.get(), Outcome::Sent, None, None),
            Event::Refused { ticket, reason } => {
                self.publication_ended(ticket.get(), Outcome::Refused, None, Some(reason));
            }
            Event::Abandoned { ticket, reason } => {
                self.publication_ended(ticket.get(), Outcome::Abandoned, Some(reason), None);
            }
            Event::OutboxHasRoom => p7_accounted::room_told(&mut self.facts, &mut self.verdict),
            Event::Message(message) => self.message_told(&message),
            Event::MessageTooLarge { qos, size_bytes } => {
                self.judges.received.too_large(&mut self.verdict, qos, size_bytes);
            }
            Event::Subscribed { ticket, granted } => {
                self.filter_told(ticket.get(), Wish::Wanted, Some(granted as u8));
            }
            Event::SubscribeRefused(ticket) => self.filter_told(ticket.get(), Wish::Refused, None),
            Event::Unsubscribed(ticket) => self.filter_told(ticket.get(), Wish::Unwanted, None),
            Event::Connected { .. } => {
                self.facts.is_up = true;
                let facts = &mut self.facts;
                facts.was_in_doubt |= std::mem::take(&mut facts.is_in_doubt);
                self.judges.said.connected(&self.facts, &mut self.verdict);
                self.judges.asking.connected(&self.facts);
                self.judges.convergence.connected();
                self.facts.troubles_at_connected = self.facts.troubles_at_connack;
            }
            Event::Disconnected { reason } => self.disconnected(reason),
            Event::AttemptFailed { reason } => {
                self.facts.is_in_doubt = true;
                self.judges.said.down(&self.facts, &mut self.verdict, reason);
            }
            Event::BrokerSaid(properties) => {
                self.judges.said.told(&self.facts, &mut self.verdict, properties);
            }
            Event::Reason { ticket, reason_code } => {
                let (number, code) = (ticket.get(), reason_code.as_u8());
                self.judges.said.reason(&self.facts, &mut self.verdict, number, code);
            }
            Event::EspReady { .. } => {
                // without a restart: one that cannot take something has everything said again
                let link_losses = Some(self.facts.link_losses);
                let was_there = self.facts.link_losses_at_ready.replace(self.facts.link_losses);
                self.facts.disruptions += u32::from(was_there == link_losses);
                let are_boards_spared = self.facts.weather.spares_boards();
                self.judges.watchdog.ready(are_boards_spared);
            }
            Event::TimeTold { cookie, stamp } => {
                self.judges.questions.told(&mut self.verdict, cookie, stamp);
            }
            Event::Stopped => {
                p7_accounted::stopped(&self.facts, &mut self.verdict);
                self.judges.patience.stopped();
                self.facts.is_stopped = true;
                self.facts.is_up = false;
                self.judges.watchdog.off();
            }
            _ => {}
        }
    }

    /// A client without a bridge told something: what it tells it has heard.
    fn client_told(&mut self, event: &Event<'_>) {
        let Self { facts, judges, verdict } = self;
        judges.heard.told(facts, verdict, event);
        judges.buffer.told(facts, verdict, event);
        match *event {
            Event::Disconnected { reason: DownReason::AckOverdue } => {
                judges.owed.given_up(facts, verdict);
            }
            Event::Connected { session_present } => {
                judges.owed.connected(facts.now);
                if !session_present || facts.is_in_doubt {
                    judges.once.forget();
                }
            }
            _ => {}
        }
    }

    fn publication_ended(
        &mut self,
        number: u32,
        outcome: Outcome,
        reason: Option<AbandonReason>,
        refused: Option<RefusedReason>,
    ) {
        let Self { facts, judges, verdict } = self;
        let ticket = facts.tickets.get_mut(number);
        let Some((ticket, index)) = ticket.and_then(|ticket| match ticket.used_for {
            Use::Publication(index) => Some((ticket, index)),
            Use::Subscription(_) | Use::EndOfSubscription(_) => None,
        }) else {
            p7_accounted::unknown(verdict, number);
            return;
        };
        let had_ended = std::mem::replace(&mut ticket.is_ended, true);
        let promise = match facts.outbound.get(index).qos {
            0 => Promise::P7,
            _ => Promise::P1,
        };
        verdict.require(promise, !had_ended, || {
            format!("{} has a second outcome, {outcome:?}", facts.outbound.show(index))
        });
        if had_ended {
            return;
        }
        p1_published::ended(facts, verdict, index, outcome, refused);
        judges.said.publication_ended(facts, verdict, index, outcome, refused);
        p7_patience::ended(facts, verdict, index, outcome, reason);
        if let Some(reason) = reason {
            judges.told.abandoned(facts.outbound.get(index).qos, reason);
            let may_expire = judges.patience.may_expire(facts, index);
            p1_published::abandoned(facts, verdict, index, reason, may_expire);
        }
        let disruptions = facts.disruptions;
        facts.outbound.end(index, outcome, disruptions);
        judges.pressure.progressed(facts.now);
    }

    fn message_told(&mut self, message: &Message<'_>) {
        let Self { facts, judges, verdict } = self;
        p9_pressure::told(facts, verdict);
        let life = facts.device_life;
        let text = facts.inbound.note(message.topic.as_bytes(), message.payload);
        if facts.sees_broker {
            p5_received::told(facts, verdict, text, message);
            mqtt5::told(facts, verdict, text, message.properties);
        }
        if message.qos == QoS::AtMostOnce {
            return;
        }
        if message.qos == QoS::ExactlyOnce {
            judges.once.told(facts, verdict, text);
        }
        let entry = facts.inbound.get_mut(text);
        entry.told_in_life = Some(life);
        if !message.retain {
            entry.told += 1;
            entry.told_of_owed += 1;
            if facts.sees_broker {
                p3_duplicates::told(facts, verdict, text);
            }
        }
        if let Some(delivery) = message.delivery {
            facts.inbound.hand_out(delivery.get(), text, facts.disruptions);
        }
    }

    /// The application released a message.
    pub(super) fn released(&mut self, delivery: u32) {
        self.judges.buffer.released(delivery);
        let life = self.facts.device_life;
        if let Some(text) = self.facts.inbound.take_back(delivery) {
            self.facts.inbound.get_mut(text).released_in_life = Some(life);
            self.judges.once.released(text);
        }
    }

    /// An outcome of a subscription or of its end.
    #[cold]
    fn filter_told(&mut self, number: u32, outcome: Wish, granted: Option<u8>) {
        let Self { facts, judges, verdict } = self;
        let ticket = facts.tickets.get_mut(number);
        let Some((ticket, place)) = ticket.and_then(|ticket| match ticket.used_for {
            Use::Subscription(place) | Use::EndOfSubscription(place) => Some((ticket, place)),
            Use::Publication(_) => None,
        }) else {
            p7_accounted::unknown(verdict, number);
            return;
        };
        let had_ended = std::mem::replace(&mut ticket.is_ended, true);
        let (sees_broker, session, offer) = (facts.sees_broker, facts.session, facts.offer());
        match outcome {
            Wish::Refused => judges.said.filter_refused(facts, verdict, number),
            Wish::Unwanted => judges.said.filter_ended(facts, verdict, number, place),
            Wish::Wanted | Wish::Forgotten => {}
        }
        let filter = facts.filters.get_mut(place);
        match outcome {
            Wish::Wanted => {
                // a renewal that is refused later is told under the same ticket
                verdict.require(Promise::P4, !had_ended, || {
                    format!("ticket #{number} was told as subscribed a second time")
                });
                if sees_broker {
                    p4_subscriptions::granted(verdict, filter, granted);
                }
            }
            Wish::Refused => {
                // what was asked for besides the filter, a recording does not show
                if sees_broker && facts.knows_configuration {
                    p4_subscriptions::refused(verdict, filter, offer);
                }
                filter.was_refused = false;
                if filter.ticket == number {
                    filter.wish = Wish::Refused;
                }
            }
            Wish::Unwanted | Wish::Forgotten => {
                verdict.require(Promise::P4, !had_ended, || {
                    format!("ticket #{number} was told as ended a second time")
                });
                if sees_broker {
                    p4_subscriptions::ended(verdict, filter, session);
                }
            }
        }
    }

    #[cold]
    fn disconnected(&mut self, reason: DownReason) {
        let Self { facts, judges, verdict } = self;
        if reason == DownReason::TopicAliasesOverflow {
            facts.filters.left_unheard(judges.heard.subacks().0);
        }
        judges.convergence.disconnected(facts, verdict, reason);
        judges.malformed.disconnected(facts, verdict, reason);
        judges.farewell.disconnected(facts, verdict, reason);
        judges.said.down(facts, verdict, reason);
        judges.asking.disconnected(facts, verdict, reason);
        facts.is_up = false;
    }
}
