//! The device's host: the adapter as it is published, and the application that a schedule describes.

use std::collections::BTreeMap;
use std::time::Duration;

use fivewire_core::event::{Delivery, Ticket};
use fivewire_core::mqtt::{ProtocolVersion, QoS};
use fivewire_tokio::{Client, Config, Release};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::application;
use super::dial::Dial;
use super::habits::{self, Parting};
use super::recordings::Recordings;
use super::stage::{Parts, Stage};
use crate::app::{Fates, Messages, Plan};
use crate::observation::{BoardLoss, Observation, Part};
use crate::random::{Purpose, Random};
use crate::schedule::{CLIENT_RECEIVE_BYTES, Schedule, Setup};
use crate::world::{DEVICE_ID, WILL_PAYLOAD, WILL_TOPIC};

/// The device's host.
pub(super) const DEVICE: &str = "device";
/// A board boots this long, in microseconds, after its power was back or its program had ended.
const BOOT_MIN_US: u32 = 300_000;
const BOOT_MAX_US: u32 = 900_000;
/// A program that has ended starts anew this long after, as in the event world.
const RESTART_PAUSE: Duration = Duration::from_secs(1);
/// What the driver says is heard by the tasks of the application within this.
pub(super) const HEARD_WITHIN: Duration = Duration::from_millis(1);
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
    pub(super) fates: Fates,
    pub(super) plan: Plan,
    /// The subscription that comes and goes was asked for last, not its end.
    is_subscribed: bool,
    seeds: Random,
    boot: Random,
    pub(super) planted: fivewire_tokio::planted::Planted,
    pub(super) orders: watch::Sender<Orders>,
    /// The handle of this life.
    pub(super) client: Option<Client>,
    /// It is being crashed: what ends now ends without a word.
    pub(super) lost_power: bool,
    /// Its program runs.
    pub(super) is_running: bool,
    /// Counts the lives of its program.
    pub(super) life: u32,
    /// The client was asked to shut down, and then that it has stopped.
    pub(super) is_leaving: bool,
    pub(super) is_stopped: bool,
    /// The last wish about each topic filter.
    wishes: BTreeMap<String, Ticket>,
    ticket: u32,
    delivery: u32,
    /// Tickets without an outcome, and messages that are not released.
    pending: u32,
    pub(super) is_connected: bool,
    pub(super) told: u64,
    pub(super) published: u64,
    /// The most that it ever had at a time.
    pub(super) most: Holdings,
    /// What was left of it after its shutdown, until the program starts anew.
    pub(super) remains: Option<Holdings>,
    pub(super) recordings: Recordings,
}

impl Device {
    pub(super) fn new(schedule: &Schedule) -> Self {
        Self {
            setup: schedule.setup.clone(),
            messages: Messages::new(schedule),
            fates: Fates::new(schedule),
            plan: Plan::new(schedule),
            is_subscribed: false,
            seeds: Random::new(schedule.seed, Purpose::Machine),
            boot: Random::new(schedule.seed, Purpose::Boot),
            planted: fivewire_tokio::planted::Planted::NONE,
            orders: watch::Sender::new(Orders::default()),
            client: None,
            lost_power: false,
            is_running: false,
            life: 0,
            is_leaving: false,
            is_stopped: false,
            wishes: BTreeMap::new(),
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
        self.is_running = false;
        self.is_leaving = false;
        self.is_stopped = false;
        self.wishes.clear();
        self.is_subscribed = false;
        self.ticket = 0;
        self.delivery = 0;
        self.pending = 0;
        self.is_connected = false;
    }

    /// The subscription that comes and goes does one or the other. True if it comes.
    pub(super) const fn toggle_subscription(&mut self) -> bool {
        self.is_subscribed = !self.is_subscribed;
        self.is_subscribed
    }

    /// How long the next boot takes.
    pub(super) fn boot_time(&mut self) -> Duration {
        Duration::from_micros(self.boot.between(BOOT_MIN_US, BOOT_MAX_US).into())
    }

    /// Connected, and nobody waits for anything.
    pub(super) fn is_settled(&self) -> bool {
        self.client.is_some()
            && self.is_connected
            && !self.is_leaving
            && self.pending == 0
            && !self.messages.is_any_waiting()
    }

    /// The next ticket. It waits for an outcome.
    pub(super) fn ticket(&mut self) -> Ticket {
        self.ticket += 1;
        self.pending += 1;
        Ticket::new(self.ticket).expect("it counts from 1")
    }

    /// A wish about a topic filter. Its ticket waits for an answer.
    pub(super) fn ask(&mut self, filter: &str) -> Ticket {
        let ticket = self.ticket();
        self.wishes.insert(filter.to_owned(), ticket);
        ticket
    }

    /// No later wish has overtaken this one.
    pub(super) fn is_last_wish(&self, filter: &str, ticket: Ticket) -> bool {
        self.wishes.get(filter) == Some(&ticket)
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
            .receive_bytes(CLIENT_RECEIVE_BYTES.into())
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
                .session_expiry_interval_s(mqtt5.session_expiry_s)
                .will_delay_interval_s(mqtt5.will_delay_s)
                .topic_alias_maximum(mqtt5.aliases_from_broker)
                .own_topic_aliases(mqtt5.aliases_from_device);
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

/// The device's software, from power-up: one program after the other.
pub(super) async fn run(stage: Stage) -> turmoil::Result {
    loop {
        let mut tasks = JoinSet::new();
        let (client, orders) = start(&stage, &mut tasks)?;
        let parting = habits::carry_out(&stage, &client, orders, &mut tasks).await;
        say_goodbye(&stage, client).await;
        if parting == Parting::ForGood {
            break;
        }
        start_anew(&stage, tasks).await;
    }
    // a host whose software ends cannot be crashed any more
    std::future::pending().await
}

/// The program starts, with a client of its own.
fn start(
    stage: &Stage,
    tasks: &mut JoinSet<()>,
) -> turmoil::Result<(Client, watch::Receiver<Orders>)> {
    let mut parts = stage.lock();
    parts.see(Observation::BoardUp { part: Part::Host });
    let device = &mut parts.device;
    device.is_running = true;
    device.life += 1;
    device.remains = None;
    let config = device.config();
    let recovery_bound_ms = config.recovery_bound_ms();
    let setup = &device.setup;
    let filters: Vec<String> = setup.filters.iter().chain(&setup.refused_filter).cloned().collect();
    let orders = device.orders.subscribe();
    if device.orders.borrow().holds {
        parts.see(Observation::Holds(true));
    }
    parts.see(Observation::StatedBound { recovery_bound_ms });
    drop(parts);
    let client = Client::connect_with(config, Dial { stage: stage.clone() })?;
    stage.lock().device.client = Some(client.clone());
    tasks.spawn_local(application::listen(stage.clone(), client.events()));
    for filter in filters {
        let (stage, client, orders) = (stage.clone(), client.clone(), orders.clone());
        tasks.spawn_local(application::subscribe(stage, client, filter, orders));
    }
    tasks.spawn_local(application::publish(stage.clone(), client.clone(), orders.clone()));
    tasks.spawn_local(count(stage.clone()));
    Ok((client, orders))
}

/// Shuts the client down, and counts what is left of the adapter then.
async fn say_goodbye(stage: &Stage, client: Client) {
    {
        let mut parts = stage.lock();
        parts.device.is_leaving = true;
        parts.see(Observation::ShutDownAsked);
    }
    client.shutdown().await;
    stage.lock().device.client = None;
    drop(client);
    sleep(LAST_TURN).await;
    let mut parts = stage.lock();
    parts.device.remains = Some(Holdings::of(&parts));
}

/// The program ends, and the board starts it again.
async fn start_anew(stage: &Stage, tasks: JoinSet<()>) {
    sleep(RESTART_PAUSE).await;
    drop(tasks);
    let boot_time = {
        let mut parts = stage.lock();
        parts.see(Observation::BoardDown { part: Part::Host, loss: BoardLoss::Ended });
        parts.device.forget();
        parts.device.boot_time()
    };
    sleep(boot_time).await;
}

/// Counts what the adapter has, again and again.
async fn count(stage: Stage) {
    loop {
        stage.lock().count_holdings();
        sleep(COUNT_EVERY).await;
    }
}
