//! The core's machine on tokio's clock, and the orders it takes.

use std::io;

use fivewire_core::client::{self, Action, Client, Input, Output, State, TcpFailure};
use fivewire_core::error;
use fivewire_core::event::Delivery;
use fivewire_core::recorder::Recorded;
use fivewire_core::time::{Instant, Wait};
use tokio::sync::{mpsc, oneshot, watch};

use super::audience::Audience;
use super::control::{Control, Granted, Offer, Wanted};
use super::router::Router;
use crate::config::Config;
use crate::event::{OpenError, Standing, Status};
use crate::publication::{Publish, PublishError};
use crate::recording::Tape;
use crate::subscription::SubscribeError;

/// What was received so long ago, in µs, still shows that the broker lives (PREDECESSORS.md §3.10).
const FRESH_US: u64 = 1_000_000;

/// The machine. All its memory is allocated once.
pub(crate) type Core = Recorded<Client<Box<[u8]>>, Tape>;

/// What is to be done once the machine is drained.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// Open a connection.
    Open,
    /// Close it, or give up opening it.
    Close,
    /// Wait for input, until the instant if there is one.
    Wait(Option<tokio::time::Instant>),
    /// Nothing more will happen.
    Stopped,
}

pub(super) struct Machine {
    core: Core,
    /// The core's zero.
    epoch: tokio::time::Instant,
    /// The core hands out no message.
    held: bool,
    /// The application wants none.
    paused: bool,
    shutting_down: bool,
    audience: Audience,
    /// Who waits for a sign of life.
    probes: Vec<oneshot::Sender<bool>>,
    standing: watch::Sender<Standing>,
    control: mpsc::WeakUnboundedSender<Control>,
}

impl Machine {
    pub(super) fn new(
        core: Core,
        config: &Config,
        control: mpsc::WeakUnboundedSender<Control>,
    ) -> (Self, watch::Receiver<Standing>) {
        let status = Status {
            state: core.state(),
            counters: core.counters(),
            unacknowledged: 0,
            unclaimed: 0,
        };
        let (standing, receiver) = watch::channel(Standing { status, broker: None });
        let router = Router::new(config.queue_messages, control.clone());
        let machine = Self {
            core,
            epoch: tokio::time::Instant::now(),
            held: false,
            paused: config.paused,
            shutting_down: false,
            audience: Audience::new(router, config),
            probes: Vec::new(),
            standing,
            control,
        };
        (machine, receiver)
    }

    fn now(&self) -> Instant {
        self.instant(tokio::time::Instant::now())
    }

    /// The core's name for an instant. What lies before its zero is as good as zero.
    fn instant(&self, at: tokio::time::Instant) -> Instant {
        let elapsed = at.saturating_duration_since(self.epoch);
        Instant::from_micros(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
    }

    pub(super) fn start(&mut self) {
        self.core.start(self.now());
    }

    pub(super) fn handle(&mut self, input: Input<'_>) {
        self.core.handle(self.now(), input);
        if matches!(input, Input::Received(_)) {
            self.answer_probes(true);
        }
    }

    /// The connection could not be opened.
    pub(super) fn handle_failure(&mut self, error: io::Error) {
        let failure = match error.kind() {
            io::ErrorKind::ConnectionRefused => TcpFailure::Refused,
            _ => TcpFailure::Unreachable,
        };
        self.audience.failure = Some(OpenError::new(error));
        self.handle(Input::TcpFailed(failure));
    }

    /// The connection is closed or broken.
    pub(super) fn handle_close(&mut self, error: Option<io::Error>) {
        self.audience.failure = error.map(OpenError::new);
        self.handle(Input::TcpClosed);
    }

    pub(super) fn receive_capacity(&self) -> usize {
        self.core.receive_capacity()
    }

    pub(super) const fn is_shutting_down(&self) -> bool {
        self.shutting_down
    }

    /// Lets the core say everything it has to say, until it wants something done. Bytes to be sent
    /// are put into `outgoing`, which the core sees to be empty.
    pub(super) fn drain(&mut self, outgoing: &mut Vec<u8>) -> Step {
        self.hold_or_not();
        loop {
            let unwanted = match self.core.poll() {
                Output::Action(Action::OpenTcp) => return Step::Open,
                Output::Action(Action::CloseTcp) => return Step::Close,
                // The operating system does that; the configuration says so.
                Output::Action(Action::JoinWifi | Action::LeaveWifi) => None,
                Output::Transmit(bytes) => {
                    outgoing.extend_from_slice(bytes);
                    None
                }
                Output::Event(event) => self.audience.hear(&event),
                Output::Wait(wait) => return self.rest(wait),
            };
            if let Some(delivery) = unwanted {
                self.release(delivery);
            }
            self.hold_or_not();
        }
    }

    fn rest(&mut self, wait: Wait) -> Step {
        if self.core.state() != State::Connected {
            self.answer_probes(false);
        }
        self.standing.send_if_modified(|standing| {
            let now = Status {
                state: self.core.state(),
                counters: self.core.counters(),
                unacknowledged: self.core.unacknowledged(),
                unclaimed: self.audience.unclaimed,
            };
            let before = std::mem::replace(&mut standing.status, now);
            let is_same = standing.broker == self.audience.broker;
            if !is_same {
                standing.broker.clone_from(&self.audience.broker);
            }
            before != now || !is_same
        });
        if self.audience.stopped {
            return Step::Stopped;
        }
        Step::Wait(match wait {
            Wait::Until(at, _) => {
                self.epoch.checked_add(std::time::Duration::from_micros(at.as_micros()))
            }
            Wait::ForInput => None,
        })
    }

    /// The core hands a message out only if every queue has room for it: it is acknowledged then
    /// (P5).
    fn hold_or_not(&mut self) {
        let hold = self.paused || !self.audience.router.has_room();
        if hold != self.held {
            self.held = hold;
            self.core.hold(self.now(), hold);
        }
    }

    /// Queues a publication, or gives the offer back because there is no room now.
    pub(super) fn accept(&mut self, offer: Offer) -> Option<Offer> {
        if offer.reply.is_closed() {
            return None;
        }
        let offered = &offer.publication;
        let properties = offered.properties.core();
        let publication = client::Publication {
            retain: offered.retain,
            deadline: offered.deadline.map(|at| self.instant(at)),
            properties: &properties,
            ..client::Publication::new(&offered.topic, &offered.payload, offered.qos)
        };
        let now = self.now();
        match self.core.publish(now, &publication) {
            Ok(ticket) => {
                let outcome = self.audience.publications.add(ticket);
                let publish = Publish { ticket, outcome, control: self.control.clone() };
                if offer.reply.send(Ok(publish)).is_err() {
                    self.core.cancel(now, ticket);
                }
                None
            }
            Err(error::PublishError::OutboxFull) => Some(offer),
            Err(error) => {
                // Whoever dropped the future does not want to know.
                let _ = offer.reply.send(Err(PublishError::NotQueued(error)));
                None
            }
        }
    }

    /// Does what a handle asked for.
    pub(super) fn obey(&mut self, control: Control) {
        match control {
            Control::TryPublish(offer) => {
                if let Some(offer) = self.accept(offer) {
                    let _ = offer.reply.send(Err(PublishError::OUTBOX_FULL));
                }
            }
            Control::Cancel(ticket) => {
                self.core.cancel(self.now(), ticket);
            }
            Control::Release(delivery) => self.release(delivery),
            Control::Subscribe { filter, wanted, reply } => self.subscribe(filter, wanted, reply),
            Control::Unsubscribe { filter, reply } => self.unsubscribe(filter, reply),
            Control::Probe(reply) => self.probe(reply),
            Control::Listen(listener) => self.audience.listeners.push(listener),
            Control::Resume => self.paused = false,
            Control::ShutDown => self.shut_down(),
        }
    }

    /// What was received within the last second is a sign of life; else the broker is asked for one.
    fn probe(&mut self, reply: oneshot::Sender<bool>) {
        let now = self.now();
        let heard = self.core.last_received();
        if heard.is_some_and(|at| now.micros_since(at) <= FRESH_US) || !self.core.probe(now) {
            let _ = reply.send(heard.is_some());
        } else {
            self.probes.push(reply);
        }
    }

    /// The broker said something, or is gone.
    fn answer_probes(&mut self, lives: bool) {
        for reply in self.probes.drain(..) {
            // Who dropped the future does not want to know.
            let _ = reply.send(lives);
        }
    }

    fn release(&mut self, delivery: Delivery) {
        self.core.release(self.now(), delivery);
    }

    fn subscribe(&mut self, filter: String, wanted: Wanted, reply: oneshot::Sender<Granted>) {
        let now = self.now();
        let asked = match wanted {
            Wanted::Plain(qos) => self.core.subscribe(now, &filter, qos),
            Wanted::With(options, identifier) => {
                self.core.subscribe_with(now, &filter, options, identifier)
            }
        };
        match asked {
            Ok(ticket) => {
                let messages = self.audience.router.add(ticket, &filter);
                self.audience.requests.subscribe(ticket, filter, reply, messages);
            }
            Err(error) => {
                let _ = reply.send(Err(SubscribeError::NotQueued(error)));
            }
        }
    }

    fn unsubscribe(&mut self, filter: String, reply: oneshot::Sender<Result<(), SubscribeError>>) {
        match self.core.unsubscribe(self.now(), &filter) {
            Ok(ticket) => self.audience.requests.unsubscribe(ticket, filter, reply),
            Err(error) => {
                let _ = reply.send(Err(SubscribeError::NotQueued(error)));
            }
        }
    }

    pub(super) fn shut_down(&mut self) {
        self.shutting_down = true;
        self.core.shut_down(self.now());
    }
}

impl Drop for Machine {
    /// Whatever ended the client, its recording is whole.
    fn drop(&mut self) {
        if let Some(recorder) = self.core.recorder_mut() {
            recorder.finish();
        }
    }
}
