//! What the application does with its client, in tasks of its own.

use std::time::Duration;

use fivewire_core::error;
use fivewire_core::event::{self, AbandonReason, Ticket};
use fivewire_core::mqtt::{QoS, v5};
use fivewire_core::time::Instant;
use fivewire_tokio::{
    Client, Event, Events, Outcome, Properties, Publication, Publish, PublishError, SubscribeError,
    Subscription,
};
use tokio::sync::watch;
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

use super::device::{HEARD_WITHIN, Orders};
use super::seen::{Message, Seen, Stage as Way};
use super::stage::{Parts, Stage};
use crate::app::{Fate, fill};
use crate::observation::Observation;

/// Whoever gives a publication up is told so within this.
const CANCELLED_WITHIN: Duration = Duration::from_secs(1);

impl Parts {
    fn device_ends(&mut self, event: event::Event<'static>) {
        self.device.came();
        self.tell(event);
    }

    /// A wish about a topic filter has its answer, unless a later one has overtaken it.
    fn answered(&mut self, filter: &str, ticket: Ticket, event: Option<event::Event<'static>>) {
        self.device.came();
        let is_last = self.device.is_last_wish(filter, ticket);
        if let Some(event) = event.filter(|_| is_last) {
            self.tell(event);
        }
    }
}

/// What happens to the connection.
pub(super) async fn listen(stage: Stage, mut events: Events) {
    while let Some(event) = events.recv().await {
        let mut parts = stage.lock();
        let told = match event {
            Event::Connected { session_present } => {
                parts.device.is_connected = true;
                event::Event::Connected { session_present }
            }
            Event::Disconnected { reason } => {
                parts.device.is_connected = false;
                event::Event::Disconnected { reason }
            }
            Event::CleanSlate => event::Event::CleanSlate,
            Event::AttemptFailed { reason, .. } => event::Event::AttemptFailed { reason },
            Event::MessageTooLarge { qos, size_bytes } => {
                event::Event::MessageTooLarge { qos, size_bytes }
            }
            Event::Stopped => {
                drop(parts);
                return stop(&stage).await;
            }
            _ => continue,
        };
        parts.tell(told);
    }
}

/// The client has stopped. Outcomes and messages go other ways than this word of it: it is passed on once
/// they have been heard.
async fn stop(stage: &Stage) {
    sleep(HEARD_WITHIN).await;
    let mut parts = stage.lock();
    parts.device.is_connected = false;
    parts.device.is_stopped = true;
    parts.tell(event::Event::Stopped);
}

/// Publishes what comes into being, in order, and waits for room where there is none.
pub(super) async fn publish(stage: Stage, client: Client, mut orders: watch::Receiver<Orders>) {
    loop {
        let next = {
            let device = &mut stage.lock().device;
            if device.is_leaving {
                return;
            }
            let messages = &mut device.messages;
            messages.pass_to(now());
            messages.draft().map(|draft| {
                let fate = device.fates.draw(now());
                let mut payload = Vec::new();
                fill(&mut payload, draft.number, draft.size_bytes);
                let topic = messages.topic(draft.number).to_owned();
                let properties =
                    draft.tag.with(draft.number, |all| Properties::from(v5::Properties::of(all)));
                let (qos, retain) = (draft.qos, fate.retain);
                (Message { topic, payload, qos, retain, properties }, fate)
            })
        };
        if let Some((message, fate)) = next {
            publish_one(&stage, &client, message, fate).await;
            continue;
        }
        let pause = stage.lock().device.messages.next().map(until);
        tokio::select! {
            biased;
            changed = orders.changed() => if changed.is_err() { return },
            () = sleep(pause.unwrap_or_default()), if pause.is_some() => {}
        }
    }
}

/// Without a deadline it is tried first whether there is room at once.
async fn queue(
    stage: &Stage,
    client: &Client,
    message: &Message,
    deadline: Option<Instant>,
) -> Result<Publish, PublishError> {
    let Message { topic, payload, qos, retain, properties } = message.clone();
    let publication = Publication::new(topic, payload, qos);
    let publication = Publication { retain, properties, ..publication };
    if deadline.is_none() {
        let queued = client.try_enqueue(publication.clone()).await;
        let Err(PublishError::NotQueued(error)) = queued else { return queued };
        let topic = publication.topic.clone();
        stage.lock().seen.push(Seen::PublishRefused { topic, error });
    }
    let deadline = deadline.map(|at| tokio::time::Instant::now() + until(at));
    client.enqueue(Publication { deadline, ..publication }).await
}

/// There was no room for it in time, or before the client was shut down: its turn comes again, with another
/// fate.
const fn comes_again(queued: &Result<Publish, PublishError>, is_leaving: bool) -> bool {
    match queued {
        Err(PublishError::Abandoned(AbandonReason::Expired)) => true,
        Err(PublishError::NotQueued(error::PublishError::ShutDown)) => is_leaving,
        _ => false,
    }
}

async fn publish_one(stage: &Stage, client: &Client, message: Message, fate: Fate) {
    let queued = queue(stage, client, &message, fate.deadline).await;
    let mut parts = stage.lock();
    if comes_again(&queued, parts.device.is_leaving) {
        return;
    }
    parts.device.messages.published();
    match queued {
        Ok(publish) => {
            parts.device.published += 1;
            let ticket = parts.device.ticket();
            let way = Way::Published { ticket: ticket.get() };
            parts.seen.push(Seen::Message(way, message));
            if let Some(deadline) = fate.deadline {
                parts.see(Observation::DeadlineSet { ticket: ticket.get(), deadline });
            }
            spawn_local(await_outcome(stage.clone(), ticket, publish, fate.cancelled_at));
        }
        Err(error) => {
            let Message { topic, .. } = message;
            let PublishError::NotQueued(error) = error else {
                panic!("a publication that could wait was {error}")
            };
            parts.seen.push(Seen::PublishRefused { topic, error });
        }
    }
}

/// What became of it, and whether the application gave it up before.
async fn outcome(
    mut publish: Publish,
    cancelled_at: Option<Instant>,
) -> (Result<Outcome, PublishError>, bool) {
    let Some(at) = cancelled_at else { return (publish.await, false) };
    tokio::select! {
        biased;
        outcome = &mut publish => return (outcome, false),
        () = sleep(until(at)) => publish.cancel(),
    }
    match timeout(CANCELLED_WITHIN, publish).await {
        Ok(outcome) => (outcome, true),
        Err(_) => panic!("a publication was given up, and nobody was told what became of it"),
    }
}

async fn await_outcome(
    stage: Stage,
    ticket: Ticket,
    publish: Publish,
    cancelled_at: Option<Instant>,
) {
    let (outcome, is_given_up) = outcome(publish, cancelled_at).await;
    let cancelled = Err(PublishError::Abandoned(AbandonReason::Cancelled));
    if is_given_up && outcome == cancelled {
        // otherwise its outcome was there already
        stage.lock().see(Observation::Cancelled { ticket: ticket.get() });
    }
    let event = match outcome {
        Ok(Outcome::Acked) => event::Event::Acked(ticket),
        Ok(Outcome::Sent) => event::Event::Sent(ticket),
        Err(PublishError::Abandoned(reason)) => event::Event::Abandoned { ticket, reason },
        Err(PublishError::Refused(reason)) => event::Event::Refused { ticket, reason },
        Err(error) => panic!("a queued publication was {error}"),
    };
    stage.lock().device_ends(event);
}

/// Subscribes, and takes messages as long as the application wants any.
pub(super) async fn subscribe(
    stage: Stage,
    client: Client,
    filter: String,
    mut orders: watch::Receiver<Orders>,
) {
    let ticket = {
        let mut parts = stage.lock();
        let ticket = parts.device.ask(&filter);
        let (filter, qos) = (filter.clone(), QoS::AtLeastOnce);
        parts.seen.push(Seen::SubscribeAsked { ticket: ticket.get(), filter, qos });
        ticket
    };
    let subscribed = client.subscribe(&filter, QoS::AtLeastOnce).await;
    // the task of a reader that held the client would keep it from ending with its last handle
    drop(client);
    let event = match &subscribed {
        Ok(subscription) => {
            let granted = subscription.granted();
            Some(event::Event::Subscribed { ticket, granted })
        }
        Err(SubscribeError::Refused | SubscribeError::RefusedWith(_)) => {
            Some(event::Event::SubscribeRefused(ticket))
        }
        Err(error) => unanswered(*error),
    };
    stage.lock().answered(&filter, ticket, event);
    let Ok(mut subscription) = subscribed else { return };
    while let Some(message) = next(&stage, &mut subscription, &mut orders).await {
        take(&stage, message);
    }
}

/// Ends a subscription.
pub(super) async fn unsubscribe(stage: Stage, client: Client, filter: String) {
    let ticket = {
        let mut parts = stage.lock();
        let ticket = parts.device.ask(&filter);
        let filter = filter.clone();
        parts.seen.push(Seen::UnsubscribeAsked { ticket: ticket.get(), filter });
        ticket
    };
    let event = match client.unsubscribe(&filter).await {
        Ok(()) => Some(event::Event::Unsubscribed(ticket)),
        Err(error) => unanswered(error),
    };
    stage.lock().answered(&filter, ticket, event);
}

/// A later wish has overtaken this one, or the client was shut down: nothing is told.
///
/// # Panics
/// The client has no other reason.
fn unanswered(error: SubscribeError) -> Option<event::Event<'static>> {
    let is_shut_down = matches!(error, SubscribeError::NotQueued(error::SubscribeError::ShutDown));
    assert!(is_shut_down || error == SubscribeError::Superseded, "a wish was {error}");
    None
}

/// The next message that the application wants.
async fn next(
    stage: &Stage,
    subscription: &mut Subscription,
    orders: &mut watch::Receiver<Orders>,
) -> Option<fivewire_tokio::Message> {
    loop {
        let holds = orders.borrow_and_update().holds;
        if stage.lock().device.is_stopped {
            // what is left in the queue is lost with the program
            return None;
        }
        tokio::select! {
            biased;
            changed = orders.changed() => if changed.is_err() { return None },
            message = subscription.recv(), if !holds => return message,
        }
    }
}

fn take(stage: &Stage, mut message: fivewire_tokio::Message) {
    let mut parts = stage.lock();
    parts.device.told += 1;
    let acknowledge = message.take_acknowledge();
    let delivery = acknowledge.as_ref().map(|_| parts.device.delivery());
    let seen = Message {
        topic: message.topic.to_string(),
        payload: message.payload.to_vec(),
        qos: message.qos,
        retain: message.retain,
        properties: message.properties.clone(),
    };
    parts.seen.push(Seen::Message(Way::Told { delivery, dup: message.dup }, seen));
    let after_ms = parts.device.release_after_ms();
    if let (Some(acknowledge), Some(delivery)) = (acknowledge, delivery) {
        let (stage, life) = (stage.clone(), parts.device.life);
        spawn_local(async move {
            sleep(Duration::from_millis(after_ms.into())).await;
            let mut parts = stage.lock();
            if parts.device.life != life || parts.device.is_stopped {
                return;
            }
            parts.device.came();
            parts.see(Observation::Released { delivery: delivery.get() });
            acknowledge.release();
        });
    }
}

/// The world's time: a host's own begins anew with each of its lives.
pub(super) fn now() -> Instant {
    let elapsed = turmoil::sim_elapsed().unwrap_or_default();
    Instant::from_micros(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
}

pub(super) fn until(at: Instant) -> Duration {
    Duration::from_micros(at.micros_since(now()))
}
