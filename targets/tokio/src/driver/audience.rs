//! Everybody who wants to hear from the core.

use std::sync::Arc;

use fivewire_core::event::{self, Delivery, Ticket};
use fivewire_core::mqtt::v5::ReasonCode;

use super::ledger::{Publications, Requests};
use super::router::{Routed, Router};
use crate::config::Config;
use crate::event::{Event, Listener, OpenError};
use crate::publication::{Outcome, PublishError};
use crate::said::BrokerSaid;

pub(super) struct Audience {
    pub(super) publications: Publications,
    pub(super) requests: Requests,
    pub(super) router: Router,
    pub(super) listeners: Vec<Listener>,
    /// Why the last connection failed, in the words of the operating system or of TLS.
    pub(super) failure: Option<OpenError>,
    speaks_v5: bool,
    /// The broker is to choose a client identifier.
    is_nameless: bool,
    /// What the broker of this connection said as it accepted it.
    pub(super) broker: Option<Arc<BrokerSaid>>,
    /// The client identifier that the broker chose, which the client keeps for this run.
    assigned: Option<String>,
    /// What the broker said, before it is known what that leads to.
    said: Option<Arc<BrokerSaid>>,
    /// What the broker said about the outcome that is told next.
    reason: Option<(Ticket, ReasonCode)>,
    pub(super) unclaimed: u64,
    pub(super) stopped: bool,
}

impl Audience {
    pub(super) fn new(router: Router, config: &Config) -> Self {
        Self {
            publications: Publications::new(),
            requests: Requests::new(),
            router,
            listeners: Vec::new(),
            failure: None,
            speaks_v5: config.speaks_v5(),
            is_nameless: config.is_nameless(),
            broker: None,
            assigned: None,
            said: None,
            reason: None,
            unclaimed: 0,
            stopped: false,
        }
    }

    /// Passes an event on. Returns a message that nobody is there to release.
    pub(super) fn hear(&mut self, event: &event::Event<'_>) -> Option<Delivery> {
        match *event {
            event::Event::Message(message) => return self.hear_message(&message),
            event::Event::Reason { ticket, reason_code } => {
                self.hear_reason(ticket, reason_code);
            }
            event::Event::Acked(ticket) => {
                let reason_code = self.take_reason(ticket).unwrap_or(ReasonCode::Success);
                self.publications.settle(ticket, Ok((Outcome::Acked, reason_code)));
            }
            event::Event::Sent(ticket) => {
                self.publications.settle(ticket, Ok((Outcome::Sent, ReasonCode::Success)));
            }
            event::Event::Refused { ticket, reason } => {
                self.publications.settle(ticket, Err(PublishError::Refused(reason)));
            }
            event::Event::Abandoned { ticket, reason } => {
                self.publications.settle(ticket, Err(PublishError::Abandoned(reason)));
            }
            event::Event::Subscribed { ticket, granted } => self.requests.granted(ticket, granted),
            event::Event::SubscribeRefused(ticket) => {
                let reason_code = self.take_reason(ticket);
                self.requests.refused(ticket, reason_code);
                self.router.refuse(ticket);
            }
            event::Event::Unsubscribed(ticket) => {
                let reason_code = self.take_reason(ticket);
                if let Some(filter) = self.requests.ended(ticket, reason_code) {
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

    /// Keeps the reason for the outcome that it belongs to, and tells one about a topic filter.
    fn hear_reason(&mut self, ticket: Ticket, reason_code: ReasonCode) {
        self.reason = Some((ticket, reason_code));
        let filter = self.requests.filter(ticket).or_else(|| self.router.filter(ticket));
        if let Some(filter) = filter {
            let filter = Arc::from(filter);
            self.tell(&Event::Reason { filter, reason_code });
        }
    }

    /// What the broker said about this outcome, if it said anything.
    fn take_reason(&mut self, ticket: Ticket) -> Option<ReasonCode> {
        self.reason.take_if(|(about, _)| *about == ticket).map(|(_, reason_code)| reason_code)
    }

    fn hear_of_connection(&mut self, event: &event::Event<'_>) {
        let said = self.said.take();
        let event = match *event {
            event::Event::BrokerSaid(properties) => {
                let said = Arc::new(BrokerSaid::from(properties));
                if self.is_nameless && said.assigned_client_identifier.is_some() {
                    self.assigned.clone_from(&said.assigned_client_identifier);
                }
                self.said = Some(Arc::clone(&said));
                Event::BrokerSaid(said)
            }
            event::Event::Connected { session_present } => {
                self.broker = self.speaks_v5.then(|| self.with_name(said.unwrap_or_default()));
                Event::Connected { session_present }
            }
            event::Event::Disconnected { reason } => {
                self.failure = None;
                self.broker = None;
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
                self.broker = None;
                Event::Stopped
            }
            // WiFi and the ESP8266 are somebody else's.
            _ => return,
        };
        self.tell(&event);
    }

    /// The broker chooses a client identifier once, and later connections have it as well.
    fn with_name(&self, said: Arc<BrokerSaid>) -> Arc<BrokerSaid> {
        if !self.is_nameless || said.assigned_client_identifier == self.assigned {
            return said;
        }
        let assigned_client_identifier = self.assigned.clone();
        Arc::new(BrokerSaid { assigned_client_identifier, ..Arc::unwrap_or_clone(said) })
    }

    fn tell(&mut self, event: &Event) {
        self.listeners.retain(|listener| listener.tell(event));
    }
}
