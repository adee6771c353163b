//! What a hand-written scenario asks about afterwards.

use std::collections::BTreeMap;

use fivewire_core::event::{Event, Ticket};
use fivewire_core::time::Instant;

use crate::observation::{Observation, Observer, Part};
use crate::trace::Streams;

/// How a ticket ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The broker acknowledged the publication.
    Acked,
    /// The QoS 0 publication was handed to the transport.
    Sent,
    /// The publication could not be carried.
    Refused,
    /// The publication was given up.
    Abandoned,
    /// The broker granted the subscription.
    Subscribed,
    /// The broker refused the subscription.
    SubscribeRefused,
    /// The broker ended the subscription.
    Unsubscribed,
    /// Another request for the same filter took its place.
    Superseded,
}

/// Counts what arrived where.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    outcomes: BTreeMap<Ticket, Outcome>,
    at_broker: BTreeMap<String, usize>,
    told: BTreeMap<String, usize>,
    streams: Streams,
}

impl Ledger {
    pub(super) fn outcome(&self, ticket: Ticket) -> Option<Outcome> {
        self.outcomes.get(&ticket).copied()
    }

    /// PUBLISH packets on this topic that reached the broker's socket.
    pub(super) fn copies_at_broker(&self, topic: &str) -> usize {
        self.at_broker.get(topic).copied().unwrap_or(0)
    }

    /// Messages on this topic that the application was told.
    pub(super) fn copies_told(&self, topic: &str) -> usize {
        self.told.get(topic).copied().unwrap_or(0)
    }

    fn tell(&mut self, event: &Event<'_>) {
        let (ticket, outcome) = match *event {
            Event::Acked(ticket) => (ticket, Outcome::Acked),
            Event::Sent(ticket) => (ticket, Outcome::Sent),
            Event::Refused { ticket, .. } => (ticket, Outcome::Refused),
            Event::Abandoned { ticket, .. } => (ticket, Outcome::Abandoned),
            Event::Subscribed { ticket, .. } => (ticket, Outcome::Subscribed),
            Event::SubscribeRefused(ticket) => (ticket, Outcome::SubscribeRefused),
            Event::Unsubscribed(ticket) => (ticket, Outcome::Unsubscribed),
            Event::Superseded(ticket) => (ticket, Outcome::Superseded),
            Event::Message(message) => {
                *self.told.entry(message.topic.to_owned()).or_default() += 1;
                return;
            }
            _ => return,
        };
        self.outcomes.insert(ticket, outcome);
    }
}

impl Observer for Ledger {
    fn observe(&mut self, _now: Instant, observation: &Observation<'_>) {
        match *observation {
            Observation::Told(event) => self.tell(&event),
            Observation::ToBroker { connection, bytes } => {
                let at_broker = &mut self.at_broker;
                self.streams.feed(connection, true, bytes, |packet| {
                    if let Some(topic) = packet.and_then(|packet| packet.published_to()) {
                        *at_broker.entry(topic.to_owned()).or_default() += 1;
                    }
                });
            }
            Observation::EndedAtBroker { connection, .. } => self.streams.close(connection),
            // The next life counts its tickets from 1 again.
            Observation::BoardDown { part: Part::Host, .. } => self.outcomes.clear(),
            _ => {}
        }
    }
}
