//! Everybody who wants to hear from the core.

use std::sync::Arc;

use fivewire_core::event::{self, Delivery};

use super::ledger::{Publications, Requests};
use super::router::{Routed, Router};
use crate::event::{Event, Listener, OpenError};
use crate::publication::{Outcome, PublishError};

pub(super) struct Audience {
    pub(super) publications: Publications,
    pub(super) requests: Requests,
    pub(super) router: Router,
    pub(super) listeners: Vec<Listener>,
    /// Why the last connection failed, in the words of the operating system or of TLS.
    pub(super) failure: Option<OpenError>,
    pub(super) unclaimed: u64,
    pub(super) stopped: bool,
}

impl Audience {
    pub(super) const fn new(router: Router) -> Self {
        Self {
            publications: Publications::new(),
            requests: Requests::new(),
            router,
            listeners: Vec::new(),
            failure: None,
            unclaimed: 0,
            stopped: false,
        }
    }

    /// Passes an event on. Returns a message that nobody is there to release.
    pub(super) fn hear(&mut self, event: &event::Event<'_>) -> Option<Delivery> {
        match *event {
            event::Event::Message(message) => return self.hear_message(&message),
            event::Event::Acked(ticket) => self.publications.settle(ticket, Ok(Outcome::Acked)),
            event::Event::Sent(ticket) => self.publications.settle(ticket, Ok(Outcome::Sent)),
            event::Event::Refused { ticket, reason } => {
                self.publications.settle(ticket, Err(PublishError::Refused(reason)));
            }
            event::Event::Abandoned { ticket, reason } => {
                self.publications.settle(ticket, Err(PublishError::Abandoned(reason)));
            }
            event::Event::Subscribed { ticket, granted } => self.requests.granted(ticket, granted),
            event::Event::SubscribeRefused(ticket) => {
                self.requests.refused(ticket);
                self.router.refuse(ticket);
            }
            event::Event::Unsubscribed(ticket) => {
                if let Some(filter) = self.requests.ended(ticket) {
                    self.router.remove(&filter);
                }
            }
            _ => self.hear_of_connection(event),
        }
        None
    }

    fn hear_message(&mut self, message: &event::Message<'_>) -> Option<Delivery> {
        let Routed::Unclaimed(delivery) = self.router.deliver(message) else { return None };
        self.unclaimed = self.unclaimed.saturating_add(1);
        self.tell(&Event::Unclaimed { topic: Arc::from(message.topic), qos: message.qos });
        delivery
    }

    fn hear_of_connection(&mut self, event: &event::Event<'_>) {
        let event = match *event {
            event::Event::Connected { session_present } => Event::Connected { session_present },
            event::Event::Disconnected { reason } => {
                self.failure = None;
                Event::Disconnected { reason }
            }
            event::Event::CleanSlate => Event::CleanSlate,
            event::Event::AttemptFailed { reason } => {
                Event::AttemptFailed { reason, error: self.failure.take() }
            }
            event::Event::MessageTooLarge { qos, size_bytes } => {
                Event::MessageTooLarge { qos, size_bytes }
            }
            event::Event::Stopped => {
                self.stopped = true;
                Event::Stopped
            }
            // WiFi and the ESP8266 are somebody else's.
            _ => return,
        };
        self.tell(&event);
    }

    fn tell(&mut self, event: &Event) {
        self.listeners.retain(|listener| listener.tell(event));
    }
}
