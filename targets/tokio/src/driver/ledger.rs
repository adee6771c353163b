//! Who waits for the outcome of what.

use std::collections::BTreeMap;
use std::mem::discriminant;

use fivewire_core::event::Ticket;
use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::ReasonCode;
use tokio::sync::{mpsc, oneshot};

use super::control::Granted;
use crate::publication::Settled;
use crate::subscription::{Message, SubscribeError};

/// Publications without an outcome.
pub(super) struct Publications {
    waiting: BTreeMap<Ticket, oneshot::Sender<Settled>>,
}

impl Publications {
    pub(super) const fn new() -> Self {
        Self { waiting: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, ticket: Ticket) -> oneshot::Receiver<Settled> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.insert(ticket, sender);
        receiver
    }

    pub(super) fn settle(&mut self, ticket: Ticket, outcome: Settled) {
        if let Some(sender) = self.waiting.remove(&ticket) {
            // Whoever dropped the handle does not want to know.
            let _ = sender.send(outcome);
        }
    }
}

/// What is done when the broker has answered.
enum Reply {
    Subscribe(oneshot::Sender<Granted>, mpsc::Receiver<Message>),
    Unsubscribe(oneshot::Sender<Result<(), SubscribeError>>),
}

impl Reply {
    fn fail(self, error: SubscribeError) {
        // Whoever dropped the future does not want to know.
        match self {
            Self::Subscribe(reply, _) => drop(reply.send(Err(error))),
            Self::Unsubscribe(reply) => drop(reply.send(Err(error))),
        }
    }
}

struct Request {
    ticket: Ticket,
    filter: String,
    reply: Reply,
}

/// Subscriptions and ends of subscriptions without an answer.
pub(super) struct Requests {
    waiting: Vec<Request>,
}

impl Requests {
    pub(super) const fn new() -> Self {
        Self { waiting: Vec::new() }
    }

    pub(super) fn subscribe(
        &mut self,
        ticket: Ticket,
        filter: String,
        reply: oneshot::Sender<Granted>,
        messages: mpsc::Receiver<Message>,
    ) {
        self.add(ticket, filter, Reply::Subscribe(reply, messages));
    }

    pub(super) fn unsubscribe(
        &mut self,
        ticket: Ticket,
        filter: String,
        reply: oneshot::Sender<Result<(), SubscribeError>>,
    ) {
        self.add(ticket, filter, Reply::Unsubscribe(reply));
    }

    /// The core knows one ticket for each filter, the last one: those who want the same get the same
    /// answer, and those who wanted the opposite get none.
    fn add(&mut self, ticket: Ticket, filter: String, reply: Reply) {
        let opposite = |request: &mut Request| {
            request.filter == filter && discriminant(&request.reply) != discriminant(&reply)
        };
        for request in self.waiting.extract_if(.., opposite) {
            request.reply.fail(SubscribeError::Superseded);
        }
        for request in self.waiting.iter_mut().filter(|request| request.filter == filter) {
            request.ticket = ticket;
        }
        self.waiting.push(Request { ticket, filter, reply });
    }

    /// The filter that this is about.
    pub(super) fn filter(&self, ticket: Ticket) -> Option<&str> {
        let request = self.waiting.iter().find(|request| request.ticket == ticket);
        request.map(|request| request.filter.as_str())
    }

    /// The broker granted a subscription.
    pub(super) fn granted(&mut self, ticket: Ticket, granted: QoS) {
        for request in self.waiting.extract_if(.., |request| request.ticket == ticket) {
            if let Reply::Subscribe(reply, messages) = request.reply {
                // Where the future was dropped the queue goes, and the router sees that.
                let _ = reply.send(Ok((granted, messages)));
            }
        }
    }

    /// The broker refused a subscription.
    pub(super) fn refused(&mut self, ticket: Ticket, reason_code: Option<ReasonCode>) {
        let error = reason_code.map_or(SubscribeError::Refused, SubscribeError::RefusedWith);
        for request in self.waiting.extract_if(.., |request| request.ticket == ticket) {
            request.reply.fail(error);
        }
    }

    /// A subscription ended, which the broker confirmed or refused. Returns its filter.
    pub(super) fn ended(
        &mut self,
        ticket: Ticket,
        reason_code: Option<ReasonCode>,
    ) -> Option<String> {
        let refused = reason_code.filter(|reason_code| reason_code.is_failure());
        let mut filter = None;
        for request in self.waiting.extract_if(.., |request| request.ticket == ticket) {
            if let Reply::Unsubscribe(reply) = request.reply {
                let _ = reply
                    .send(refused.map_or(Ok(()), |code| Err(SubscribeError::RefusedWith(code))));
            }
            filter = Some(request.filter);
        }
        filter
    }
}
