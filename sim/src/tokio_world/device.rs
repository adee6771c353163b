//! The device's host: the adapter as it is published, and the application that a schedule describes.

use std::time::Duration;

use fivewire_core::event::{Delivery, Ticket};
use fivewire_core::mqtt::{ProtocolVersion, QoS};
use fivewire_tokio::{Client, Config, Release};
use tokio::sync::watch;
use tokio::task::spawn_local;
use tokio::time::sleep;

use super::application;
use super::dial::Dial;
use super::recordings::Recordings;
use super::stage::{Parts, Stage};
use crate::app::{Messages, Routine};
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
    pub(super) routine: Routine,
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
    pub(super) recordings: Recordings,
}

impl Device {
    pub(super) fn new(schedule: &Schedule) -> Self {
        Self {
            setup: schedule.setup.clone(),
            messages: Messages::new(schedule),
            routine: Routine::new(schedule),
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
            recordings: Recordings::default(),
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

    /// The next ticket. It waits for an outcome.
    pub(super) fn ticket(&mut self) -> Ticket {
        self.ticket += 1;
        self.pending += 1;
        Ticket::new(self.ticket).expect("it counts from 1")
    }

    /// The next delivery. It waits for its release.
    pub(super) fn delivery(&mut self) -> Delivery {
        self.delivery += 1;
        self.pending += 1;
        Delivery::new(self.delivery).expect("it counts from 1")
    }

    /// What a ticket or a delivery waited for has come.
    pub(super) const fn came(&mut self) {
        self.pending -= 1;
    }

    /// How long the application keeps a message before it releases it, in milliseconds.
    pub(super) fn release_after_ms(&self) -> u32 {
        self.setup.release_after_ms.unwrap_or(0)
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
        if let Some(recording) = self.recordings.begin() {
            config = config.record(recording);
        }
        if let Some(mqtt5) = &setup.mqtt5 {
            config = config
                .protocol(ProtocolVersion::V5)
                .session_expiry_interval_s(mqtt5.session_expiry_s);
        }
        if setup.will {
            config = config.will(WILL_TOPIC, WILL_PAYLOAD, QoS::AtLeastOnce, false);
        }
        config
    }
}

impl Parts {
    fn count_holdings(&mut self) {
        let now = Holdings::of(self);
        let most = &mut self.device.most;
        most.tasks = most.tasks.max(now.tasks);
        most.sockets = most.sockets.max(now.sockets);
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
    spawn_local(application::listen(stage.clone(), client.events()));
    for filter in filters {
        spawn_local(application::subscribe(stage.clone(), client.clone(), filter, orders.clone()));
    }
    spawn_local(application::publish(stage.clone(), client.clone(), orders.clone()));
    spawn_local(count(stage.clone()));
    say_goodbye(stage, client, orders).await;
    // a host whose software ends cannot be crashed any more
    std::future::pending().await
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
        stage.lock().count_holdings();
        sleep(COUNT_EVERY).await;
    }
}
