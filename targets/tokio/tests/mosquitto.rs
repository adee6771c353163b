//! The client against mosquitto, through a proxy that closes, resets, stalls, swallows and refuses,
//! and over restarts of the broker. Wants the package `mosquitto`.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use fivewire_tokio::{Client, Config, Outcome, Properties, ProtocolVersion, Publication, QoS};
use support::broker::Mosquitto;
use support::faults::{self, Fault, Kind};
use support::journal::{Journal, Number};
use support::proxy::Proxy;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

const TOPICS: Number = 5;
const MESSAGES_MIN: Number = 1_000;

/// Between two publications: several are under way at any time.
const INTERVAL: Duration = Duration::from_millis(4);

/// How long everything may take to drain on a loaded machine once nothing is wrong any more.
const PATIENCE: Duration = Duration::from_secs(60);

/// Notices and retries sooner than the defaults do, because the test is to be short.
fn impatient(client_id: &str, address: String) -> Config {
    Config::new(client_id)
        .broker(address)
        .keep_alive_s(5)
        .response_timeout_ms(1_000)
        .open_timeout_ms(1_000)
        .ack_timeout_ms(2_000)
        .backoff_first_ms(50)
        .backoff_last_ms(500)
}

/// Counts the copies of each message that reach an independent subscriber, directly at the broker
/// and with a session that lasts.
struct Witness {
    client: Client,
    seen: watch::Receiver<BTreeMap<Number, u32>>,
}

impl Witness {
    async fn new(address: String) -> Self {
        let client = Client::connect(impatient("witness", address)).unwrap();
        let mut messages = client.subscribe("numbered/#", QoS::AtLeastOnce).await.unwrap();
        let (seen, receiver) = watch::channel(BTreeMap::new());
        tokio::spawn(async move {
            while let Some(message) = messages.recv().await {
                let number = std::str::from_utf8(&message.payload).unwrap().parse().unwrap();
                seen.send_modify(|seen| *seen.entry(number).or_default() += 1);
            }
        });
        Self { client, seen: receiver }
    }

    /// How many of the messages below `end` do not come, however long one waits.
    async fn missing(mut self, end: Number, patience: Duration) -> usize {
        let all = |seen: &BTreeMap<Number, u32>| seen.len() == end as usize;
        // What is not there after that is counted.
        let _ = timeout(patience, self.seen.wait_for(all)).await;
        let missing = {
            let seen = self.seen.borrow();
            (0..end).filter(|number| !seen.contains_key(number)).count()
        };
        self.client.shutdown().await;
        missing
    }
}

/// Publishes numbered messages until `stop`, at least as many as are wanted. Returns how many, once
/// all are acknowledged.
async fn publish(client: &Client, journal: &Journal, mut stop: watch::Receiver<bool>) -> Number {
    let mut under_way = JoinSet::new();
    let mut number = 0;
    while number < MESSAGES_MIN || !*stop.borrow_and_update() {
        let topic = format!("numbered/{}", number % TOPICS);
        let publication = Publication::new(topic, number.to_string(), QoS::AtLeastOnce);
        let publish = client.enqueue(publication).await.unwrap();
        let journal = journal.clone();
        under_way.spawn(async move {
            assert_eq!(publish.await, Ok(Outcome::Acked), "P1: {number}");
            journal.report(number);
        });
        number += 1;
        sleep(INTERVAL).await;
    }
    timeout(PATIENCE, under_way.join_all()).await.expect("P6: not everything was acknowledged");
    number
}

/// Publishes while `schedule` goes wrong, and judges what passed. Returns what the witness missed.
async fn run(name: &str, mut broker: Mosquitto, schedule: Vec<Fault>, patience: Duration) -> usize {
    println!("{name}: {schedule:?}");
    let journal = Journal::default();
    let proxy = Proxy::open(broker.port(), journal.clone()).await;
    let witness = Witness::new(broker.address()).await;
    let client = Client::connect(impatient("publisher", proxy.address())).unwrap();
    let (stop, stopped) = watch::channel(false);
    let (count, ()) = tokio::join!(publish(&client, &journal, stopped), async {
        faults::play(&schedule, &proxy, &mut broker).await;
        stop.send_replace(true);
    });
    let missing = witness.missing(count, patience).await;
    let counters = client.status().counters;
    client.shutdown().await;
    let verdict = journal.judge();
    println!("{name}: {verdict:?}, {counters:?}, {missing} of {count} forgotten by the broker");
    assert_eq!(verdict.reported, count as usize, "P1");
    // Otherwise nothing was tested.
    assert!(verdict.connections >= schedule.len() / 2, "the faults hit no connection");
    assert!(verdict.copies > 0, "the faults hit nothing that was under way");
    missing
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_over_faults_of_the_network_and_restarts_of_the_broker() {
    let Some(broker) = Mosquitto::start(true).await else { return };
    let kinds = [
        (Kind::Close, 4),
        (Kind::Reset, 4),
        (Kind::Stall, 4),
        (Kind::Blackhole, 3),
        (Kind::Refuse, 4),
        (Kind::Terminate, 4),
    ];
    let missing = run("network", broker, faults::draw(1, &kinds), PATIENCE).await;
    assert_eq!(missing, 0, "P1, P5");
}

/// What the broker acknowledged and then forgets is not the client's to keep: it is counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_keeps_its_promises_to_a_broker_that_forgets() {
    for (name, persistence, seed, kinds) in [
        ("killed", true, 2, [(Kind::Kill, 4), (Kind::Reset, 2)]),
        ("without persistence", false, 3, [(Kind::Terminate, 4), (Kind::Close, 2)]),
    ] {
        let Some(broker) = Mosquitto::start(persistence).await else { return };
        run(name, broker, faults::draw(seed, &kinds), Duration::from_secs(2)).await;
    }
}

/// The same core, the other version: both ends speak MQTT 5, and the broker restarts in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mqtt_5_loses_nothing_over_restarts_of_the_broker() {
    const COUNT: Number = 300;
    let Some(mut broker) = Mosquitto::start(true).await else { return };
    let v5 = |client_id| impatient(client_id, broker.address()).protocol(ProtocolVersion::V5);
    let (reader, writer) = (v5("reader"), v5("writer"));
    let reader = Client::connect(reader).unwrap();
    let mut messages = reader.subscribe("numbered/#", QoS::AtLeastOnce).await.unwrap();
    let writer = Client::connect(writer).unwrap();
    let mut under_way = JoinSet::new();
    for number in 0..COUNT {
        let publication = Publication::new("numbered/0", number.to_string(), QoS::AtLeastOnce);
        let publish = writer.enqueue(publication).await.unwrap();
        under_way
            .spawn(async move { assert_eq!(publish.await, Ok(Outcome::Acked), "P1: {number}") });
        if number % 100 == 50 {
            broker.terminate().await;
            broker.launch().await;
        }
        sleep(INTERVAL).await;
    }
    timeout(PATIENCE, under_way.join_all()).await.expect("P6: not everything was acknowledged");
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < COUNT as usize {
        let message = timeout(PATIENCE, messages.recv()).await.expect("P5").unwrap();
        seen.insert(std::str::from_utf8(&message.payload).unwrap().parse::<Number>().unwrap());
    }
    assert!(writer.status().counters.connections > 3, "the broker restarted three times");
    assert!(reader.status().counters.connections > 3);
    writer.shutdown().await;
    reader.shutdown().await;
}

/// P10.
#[tokio::test]
async fn the_will_is_told_when_the_client_vanishes_and_only_then() {
    let Some(broker) = Mosquitto::start(false).await else { return };
    let watcher = Client::connect(Config::new("watcher").broker(broker.address())).unwrap();
    let mut wills = watcher.subscribe("will", QoS::AtLeastOnce).await.unwrap();
    let with_will = |payload: &'static str| {
        let config = Config::new("mortal").broker(broker.address());
        config.will("will", payload, QoS::AtLeastOnce, false)
    };

    let polite = Client::connect(with_will("never told")).unwrap();
    assert!(polite.connected().await);
    polite.shutdown().await;

    vanish(with_will("told")).await;
    let will = timeout(Duration::from_secs(20), wills.recv()).await.unwrap().unwrap();
    assert_eq!(&*will.payload, b"told");
    watcher.shutdown().await;
}

/// MQTT 5 §3.1.3.2.2.
#[tokio::test]
async fn a_delayed_will_is_told_with_its_properties_once_its_delay_is_over() {
    const DELAY: Duration = Duration::from_secs(2);
    let Some(broker) = Mosquitto::start(false).await else { return };
    let v5 =
        |client_id| Config::new(client_id).broker(broker.address()).protocol(ProtocolVersion::V5);
    let watcher = Client::connect(v5("watcher")).unwrap();
    let mut wills = watcher.subscribe("will", QoS::AtLeastOnce).await.unwrap();
    let properties =
        Properties { content_type: Some("text/plain".to_owned()), ..Properties::default() };
    let config = v5("mortal")
        .will("will", "told", QoS::AtLeastOnce, false)
        .will_properties(properties.clone())
        .will_delay_interval_s(DELAY.as_secs() as u32);
    vanish(config).await;
    let vanished = Instant::now();
    let will = timeout(Duration::from_secs(20), wills.recv()).await.unwrap().unwrap();
    // The broker counts in whole seconds.
    assert!(vanished.elapsed() + Duration::from_secs(1) >= DELAY, "{:?}", vanished.elapsed());
    assert_eq!((&*will.payload, will.properties), (&b"told"[..], properties));
    watcher.shutdown().await;
}

#[tokio::test]
async fn topics_with_an_alias_arrive_under_their_names() {
    let Some(broker) = Mosquitto::start(false).await else { return };
    let v5 = |client_id| {
        let config = Config::new(client_id).broker(broker.address()).protocol(ProtocolVersion::V5);
        config.own_topic_aliases(2).topic_alias_maximum(8)
    };
    let reader = Client::connect(v5("reader")).unwrap();
    let mut messages = reader.subscribe("named/#", QoS::AtLeastOnce).await.unwrap();
    let writer = Client::connect(v5("writer")).unwrap();
    for number in 0..9 {
        let topic = format!("named/{}", number % 3);
        writer.publish(topic.as_str(), "", QoS::AtLeastOnce, false).await.unwrap();
        let message = timeout(PATIENCE, messages.recv()).await.unwrap().unwrap();
        assert_eq!(*message.topic, *topic);
    }
    writer.shutdown().await;
    reader.shutdown().await;
}

/// A client that connects and is gone, without a word. A runtime that ends takes the client with it, as
/// a process would.
async fn vanish(config: Config) {
    let doomed = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let connected = doomed.spawn(async {
        let client = Client::connect(config).unwrap();
        client.connected().await.then_some(client)
    });
    let _client = connected.await.unwrap().unwrap();
    doomed.shutdown_background();
}
