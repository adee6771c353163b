//! Which message goes to which subscription, and whether there is room.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use bytes::Bytes;
use fivewire_core::event::{self, Delivery, Ticket};
use fivewire_core::mqtt::topic;
use tokio::sync::mpsc;

use super::control::Control;
use crate::properties::Properties;
use crate::subscription::{Acknowledge, Message};

struct Route {
    /// The last one that the core gave for this filter.
    ticket: Ticket,
    filter: String,
    messages: mpsc::Sender<Message>,
}

impl Route {
    /// Whether a message of this topic is for it. What a shared subscription, `$share/NAME/FILTER`,
    /// stands for begins behind its name (MQTT 5 §4.8.2); brokers of 3.1.1 know them, too.
    fn matches(&self, name: &str) -> bool {
        let shared = self.filter.strip_prefix("$share/").and_then(|rest| rest.split_once('/'));
        topic::matches(&self.filter, name)
            || shared.is_some_and(|(_, filter)| topic::matches(filter, name))
    }
}

/// What became of a message.
pub(super) enum Routed {
    /// At least one subscription has it.
    Delivered,
    /// Nobody wants it: there is nobody who would release it.
    Unclaimed(Option<Delivery>),
}

pub(super) struct Router {
    routes: Vec<Route>,
    queue_messages: usize,
    control: mpsc::WeakUnboundedSender<Control>,
}

impl Router {
    pub(super) const fn new(
        queue_messages: usize,
        control: mpsc::WeakUnboundedSender<Control>,
    ) -> Self {
        Self { routes: Vec::new(), queue_messages, control }
    }

    /// Adds a subscription, and returns where its messages come out.
    pub(super) fn add(&mut self, ticket: Ticket, filter: &str) -> mpsc::Receiver<Message> {
        for route in self.routes.iter_mut().filter(|route| route.filter == filter) {
            route.ticket = ticket;
        }
        let (sender, receiver) = mpsc::channel(self.queue_messages);
        self.routes.push(Route { ticket, filter: filter.to_owned(), messages: sender });
        receiver
    }

    /// Ends the subscriptions to `filter`: their streams end once their queues are empty.
    pub(super) fn remove(&mut self, filter: &str) {
        self.routes.retain(|route| route.filter != filter);
    }

    /// The filter that the last ticket for it was about.
    pub(super) fn filter(&self, ticket: Ticket) -> Option<&str> {
        let route = self.routes.iter().find(|route| route.ticket == ticket);
        route.map(|route| route.filter.as_str())
    }

    /// Ends the subscriptions that the broker refuses, maybe after it had granted them.
    pub(super) fn refuse(&mut self, ticket: Ticket) {
        self.routes.retain(|route| route.ticket != ticket);
    }

    /// Whether every subscription can take a message, and there is one.
    pub(super) fn has_room(&mut self) -> bool {
        self.routes.retain(|route| !route.messages.is_closed());
        !self.routes.is_empty() && self.routes.iter().all(|route| route.messages.capacity() > 0)
    }

    /// Gives `message` to all subscriptions that match. Each has room for it, see
    /// [`has_room`](Self::has_room).
    pub(super) fn deliver(&self, message: &event::Message<'_>) -> Routed {
        let matching = |route: &&Route| route.matches(message.topic);
        let wanted = self.routes.iter().filter(matching).count();
        if wanted == 0 {
            return Routed::Unclaimed(message.delivery);
        }
        let topic = Arc::<str>::from(message.topic);
        let payload = Bytes::copy_from_slice(message.payload);
        let properties = Properties::from(message.properties);
        let unreleased = message.delivery.map(|_| Arc::new(AtomicUsize::new(wanted)));
        let mut delivered = 0;
        for route in self.routes.iter().filter(matching) {
            let acknowledge =
                message.delivery.zip(unreleased.clone()).map(|(delivery, unreleased)| {
                    Acknowledge { delivery, unreleased, control: self.control.clone() }
                });
            let sent = route.messages.try_send(Message {
                topic: Arc::clone(&topic),
                payload: payload.clone(),
                qos: message.qos,
                retain: message.retain,
                dup: message.dup,
                properties: properties.clone(),
                subscription_identifiers: message.properties.subscription_identifiers().collect(),
                acknowledge,
            });
            match sent {
                Ok(()) => delivered += 1,
                // A subscription that was dropped just now wants nothing any more.
                Err(error) => error.into_inner().release(),
            }
        }
        if delivered > 0 { Routed::Delivered } else { Routed::Unclaimed(None) }
    }
}
