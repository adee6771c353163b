//! The device's host: the adapter as it is published, and the application that a schedule describes.

use std::time::Duration;

use fivewire_core::event::{self, Delivery, Ticket};
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;
use fivewire_tokio::{
    Client, Config, Event, Events, Outcome, Publication, Publish, PublishError, Release,
    SubscribeError, Subscription,
};
use tokio::sync::watch;
use tokio::task::spawn_local;
use tokio::time::sleep;

use super::dial::Dial;
use super::seen::{Message, Seen, Stage as Way};
use super::stage::{Parts, Stage};
use crate::app::{Messages, fill};
use crate::observation::{Observation, Part};
use crate::random::{Purpose, Random};
use crate::schedule::{Schedule, Setup};
use crate::world::{DEVICE_ID, WILL_PAYLOAD, WILL_TOPIC};

/// The device's host.
pub(super) const DEVICE: &str = "device";
/// After the shutdown everything of the adapter has had its turn within this.
const LAST_TURN: Duration = Duration::from_millis(20);

/// What the adapter has is counted this often.
const COUNT_EVERY: Duration = Duration::from_millis(500);

/// What the director tells the application.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Orders {
    /// Take no messages.
    pub(super) holds: bool,
    /// Goes up when there is more to publish, or nothing any more.
    pub(super) news: u32,
    pub(super) shut_down: bool,
}

/// What the adapter has of the runtime and of the network, beside what only waits for turmoil.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Holdings {
    pub(super) tasks: usize,
    pub(super) sockets: usize,
}

impl Holdings {
    /// Those of the host that runs now.
    fn of(parts: &Parts) -> Self {
        let lines = &parts.lines;
        let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        let sockets = turmoil::established_tcp_stream_count();
        Self {
            tasks: tasks.saturating_sub(lines.dialling),
            sockets: sockets.saturating_sub(lines.dialling + lines.refused),
        }
    }
}

/// The application: its flash, and what is known of its present life.
pub(super) struct Device {
    setup: Setup,
    pub(super) messages: Messages,
    seeds: Random,
    pub(super) planted: fivewire_tokio::planted::Planted,
    pub(super) orders: watch::Sender<Orders>,
    /// The handle of this life.
    pub(super) client: Option<Client>,
    /// It is being crashed: what ends now ends without a word.
    pub(super) lost_power: bool,
    ticket: u32,
    delivery: u32,
    /// Tickets without an outcome, and messages that are not released.
    pending: u32,
    pub(super) is_connected: bool,
    pub(super) told: u64,
    pub(super) published: u64,
    /// The most that it ever had at a time.
    pub(super) most: Holdings,
    /// What is left of it after its shutdown.
    pub(super) remains: Option<Holdings>,
}

impl Device {
    pub(super) fn new(schedule: &Schedule) -> Self {
        Self {
            setup: schedule.setup.clone(),
            messages: Messages::new(schedule),
            seeds: Random::new(schedule.seed, Purpose::Machine),
            planted: fivewire_tokio::planted::Planted::NONE,
            orders: watch::Sender::new(Orders::default()),
            client: None,
            lost_power: false,
            ticket: 0,
            delivery: 0,
            pending: 0,
            is_connected: false,
            told: 0,
            published: 0,
            most: Holdings::default(),
            remains: None,
        }
    }

    /// Forgets what power keeps.
    pub(super) fn forget(&mut self) {
        self.client = None;
        self.ticket = 0;
        self.delivery = 0;
        self.pending = 0;
        self.is_connected = false;
    }

    /// Connected, and nobody waits for anything.
    pub(super) fn is_settled(&self) -> bool {
        self.client.is_some()
            && self.is_connected
            && self.pending == 0
            && !self.messages.is_any_waiting()
    }

    fn ticket(&mut self) -> Ticket {
        self.ticket += 1;
        self.pending += 1;
        Ticket::new(self.ticket).expect("it counts from 1")
    }

    fn config(&mut self) -> Config {
        let setup = &self.setup;
        let mut config = Config::new(DEVICE_ID)
            .keep_alive_s(setup.keep_alive_s)
            .clean_session(setup.clean_session)
            .clean_init(setup.clean_init)
            .window(setup.window)
            .release(match setup.release_after_ms {
                Some(_) => Release::Explicit,
                None => Release::AtHandOut,
            })
            // as the event world's board has
            .outbox_bytes(setup.outbox_bytes as usize)
            .receive_bytes(2_048)
            .transmit_bytes(2_048)
            .subscriptions_bytes(1_024)
            .queue_messages(1)
            .seed(self.seeds.seed())
            .planted(self.planted);
        if setup.will {
            config = config.will(WILL_TOPIC, WILL_PAYLOAD, QoS::AtLeastOnce, false);
        }
        config
    }
}

impl Parts {
    fn device_ends(&mut self, event: event::Event<'static>) {
        self.device.pending -= 1;
        self.tell(event);
    }
}

/// The device's software, from power-up.
pub(super) async fn run(stage: Stage) -> turmoil::Result {
    let (client, orders, filters) = {
        let mut parts = stage.lock();
        parts.see(Observation::BoardUp { part: Part::Host });
        let config = parts.device.config();
        let setup = &parts.device.setup;
        let filters: Vec<String> =
            setup.filters.iter().chain(&setup.refused_filter).cloned().collect();
        let orders = parts.device.orders.subscribe();
        drop(parts);
        let client = Client::connect_with(config, Dial { stage: stage.clone() })?;
        (client, orders, filters)
    };
    stage.lock().device.client = Some(client.clone());
    spawn_local(listen(stage.clone(), client.events()));
    for filter in filters {
        spawn_local(subscribe(stage.clone(), client.clone(), filter, orders.clone()));
    }
    spawn_local(publish(stage.clone(), client.clone(), orders.clone()));
    spawn_local(count(stage.clone()));
    say_goodbye(stage, client, orders).await;
    // a host whose software ends cannot be crashed any more
    std::future::pending().await
}

/// What happens to the connection.
async fn listen(stage: Stage, mut events: Events) {
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
            Event::Stopped => event::Event::Stopped,
            _ => continue,
        };
        parts.tell(told);
    }
}

/// Publishes what comes into being, in order, and waits for room where there is none.
async fn publish(stage: Stage, client: Client, mut orders: watch::Receiver<Orders>) {
    loop {
        let next = {
            let messages = &mut stage.lock().device.messages;
            messages.pass_to(now());
            messages.draft().map(|draft| {
                let mut payload = Vec::new();
                fill(&mut payload, draft.number, draft.size_bytes);
                Message {
                    topic: messages.topic(draft.number).to_owned(),
                    payload,
                    qos: draft.qos,
                    retain: false,
                }
            })
        };
        if let Some(message) = next {
            publish_one(&stage, &client, message).await;
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

async fn publish_one(stage: &Stage, client: &Client, message: Message) {
    let Message { topic, payload, qos, retain } = message.clone();
    let mut queued = client.try_publish(topic.clone(), payload.clone(), qos, retain).await;
    if let Err(PublishError::NotQueued(error)) = queued {
        stage.lock().seen.push(Seen::PublishRefused { topic: topic.clone(), error });
        queued = client.enqueue(Publication::new(topic, payload, qos)).await;
    }
    let mut parts = stage.lock();
    parts.device.messages.published();
    match queued {
        Ok(publish) => {
            parts.device.published += 1;
            let ticket = parts.device.ticket();
            let way = Way::Published { ticket: ticket.get() };
            parts.seen.push(Seen::Message(way, message));
            spawn_local(await_outcome(stage.clone(), ticket, publish));
        }
        Err(error) => {
            let Message { topic, .. } = message;
            let PublishError::NotQueued(error) = error else {
                panic!("a publication without a deadline was {error}")
            };
            parts.seen.push(Seen::PublishRefused { topic, error });
        }
    }
}

async fn await_outcome(stage: Stage, ticket: Ticket, publish: Publish) {
    let event = match publish.await {
        Ok(Outcome::Acked) => event::Event::Acked(ticket),
        Ok(Outcome::Sent) => event::Event::Sent(ticket),
        Err(PublishError::Abandoned(reason)) => event::Event::Abandoned { ticket, reason },
        Err(PublishError::Refused(reason)) => event::Event::Refused { ticket, reason },
        Err(error) => panic!("a queued publication was {error}"),
    };
    stage.lock().device_ends(event);
}

/// Subscribes, and takes messages as long as the application wants any.
async fn subscribe(
    stage: Stage,
    client: Client,
    filter: String,
    mut orders: watch::Receiver<Orders>,
) {
    let ticket = {
        let mut parts = stage.lock();
        let ticket = parts.device.ticket();
        let (filter, qos) = (filter.clone(), QoS::AtLeastOnce);
        parts.seen.push(Seen::SubscribeAsked { ticket: ticket.get(), filter, qos });
        ticket
    };
    let mut subscription = match client.subscribe(filter, QoS::AtLeastOnce).await {
        Ok(subscription) => subscription,
        Err(SubscribeError::Refused) => {
            return stage.lock().device_ends(event::Event::SubscribeRefused(ticket));
        }
        Err(error) => panic!("a subscription was {error}"),
    };
    // the task of a reader that held the client would keep it from ending with its last handle
    drop(client);
    let granted = subscription.granted();
    stage.lock().device_ends(event::Event::Subscribed { ticket, granted });
    while let Some(message) = next(&mut subscription, &mut orders).await {
        take(&stage, message);
    }
}

/// The next message that the application wants.
async fn next(
    subscription: &mut Subscription,
    orders: &mut watch::Receiver<Orders>,
) -> Option<fivewire_tokio::Message> {
    loop {
        let holds = orders.borrow_and_update().holds;
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
    let delivery = acknowledge.as_ref().map(|_| {
        parts.device.delivery += 1;
        parts.device.pending += 1;
        Delivery::new(parts.device.delivery).expect("it counts from 1")
    });
    let seen = Message {
        topic: message.topic.to_string(),
        payload: message.payload.to_vec(),
        qos: message.qos,
        retain: message.retain,
    };
    parts.seen.push(Seen::Message(Way::Told { delivery, dup: message.dup }, seen));
    let after_ms = parts.device.setup.release_after_ms.unwrap_or(0);
    if let (Some(acknowledge), Some(delivery)) = (acknowledge, delivery) {
        let stage = stage.clone();
        spawn_local(async move {
            sleep(Duration::from_millis(after_ms.into())).await;
            let mut parts = stage.lock();
            parts.device.pending -= 1;
            parts.see(Observation::Released { delivery: delivery.get() });
            acknowledge.release();
        });
    }
}

/// Shuts down when it is told to, and counts what is left of the adapter then.
async fn say_goodbye(stage: Stage, client: Client, mut orders: watch::Receiver<Orders>) {
    if orders.wait_for(|orders| orders.shut_down).await.is_err() {
        return;
    }
    stage.lock().see(Observation::ShutDownAsked);
    client.shutdown().await;
    stage.lock().device.client = None;
    drop(client);
    sleep(LAST_TURN).await;
    let mut parts = stage.lock();
    parts.device.remains = Some(Holdings::of(&parts));
}

/// Counts what the adapter has, again and again.
async fn count(stage: Stage) {
    loop {
        let mut parts = stage.lock();
        let now = Holdings::of(&parts);
        let most = &mut parts.device.most;
        *most =
            Holdings { tasks: most.tasks.max(now.tasks), sockets: most.sockets.max(now.sockets) };
        drop(parts);
        sleep(COUNT_EVERY).await;
    }
}

/// The world's time: a host's own begins anew with each of its lives.
fn now() -> Instant {
    let elapsed = turmoil::sim_elapsed().unwrap_or_default();
    Instant::from_micros(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
}

fn until(at: Instant) -> Duration {
    Duration::from_micros(at.micros_since(now()))
}
