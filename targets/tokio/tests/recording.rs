//! A real run against mosquitto, over restarts of the broker, is recorded and says the same again.
//! Wants the package `mosquitto`.
//!
//! With `FIVEWIRE_RECORDING=FILE` the recording is kept; that is how the one in `scenarios/recordings`
//! was made.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

mod support;

use std::fs::{self, File};
use std::time::Duration;

use fivewire_core::event::Event;
use fivewire_core::recorder::{Fed, Item, Records, Replay, Said};
use fivewire_tokio::{Client, Config, Outcome, Publication, QoS, Recording};
use support::broker::Mosquitto;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const MESSAGES: usize = 120;
const RESTARTS: usize = 4;

/// How long everything may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ends the broker, gently or not, and starts it again; waits until the client is back.
async fn restart(broker: &mut Mosquitto, client: &Client, gently: bool) {
    let connections = client.status().counters.connections;
    if gently {
        broker.terminate().await;
    } else {
        broker.kill();
        broker.forget();
    }
    broker.launch().await;
    while client.status().counters.connections == connections {
        sleep(Duration::from_millis(5)).await;
    }
}

/// Publishes numbered messages and receives them itself, while the broker is restarted: twice it keeps
/// its sessions, twice it falls silent first and forgets them.
async fn run(mut broker: Mosquitto, recording: Recording) {
    let config = Config::new("recorded")
        .broker(broker.address())
        .login("me", "secret")
        .will("recorded/gone", "1", QoS::AtLeastOnce, false)
        .keep_alive_s(5)
        .response_timeout_ms(1_000)
        .backoff_first_ms(50)
        .backoff_last_ms(500)
        .receive_bytes(4_096)
        .transmit_bytes(2_048)
        .outbox_bytes(4_096)
        .subscriptions_bytes(256)
        .record(recording);
    let client = Client::connect(config).unwrap();
    let mut echo = client.subscribe("recorded/+", QoS::AtLeastOnce).await.unwrap();
    let reader = tokio::spawn(async move {
        let mut count = 0;
        while echo.recv().await.is_some() {
            count += 1;
        }
        count
    });
    let mut under_way = JoinSet::new();
    for number in 0..MESSAGES {
        let qos = if number % 5 == 4 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        let topic = format!("recorded/{}", number % 3);
        let publication = Publication::new(topic, format!("message {number}"), qos);
        under_way.spawn(client.enqueue(publication).await.unwrap());
        sleep(Duration::from_millis(5)).await;
        // In each quarter: it falls silent in the middle, and is gone some messages later.
        match number % (MESSAGES / RESTARTS) {
            10 if number > MESSAGES / 2 => broker.freeze(),
            15 => restart(&mut broker, &client, number < MESSAGES / 2).await,
            _ => {}
        }
    }
    let outcomes = timeout(PATIENCE, under_way.join_all()).await.unwrap();
    assert_eq!(outcomes.len(), MESSAGES);
    let acked = outcomes.iter().filter(|outcome| **outcome == Ok(Outcome::Acked)).count();
    assert_eq!(acked, MESSAGES - MESSAGES / 5, "P1");
    assert!(client.status().counters.connections as usize > RESTARTS);
    assert!(client.status().counters.redelivered > 0, "nothing was under way at a restart");
    client.shutdown().await;
    assert!(reader.await.unwrap() > 0, "nothing came back");
}

#[tokio::test]
async fn a_real_run_over_restarts_of_the_broker_says_the_same_again() {
    let Some(broker) = Mosquitto::start(true).await else { return };
    let directory = tempfile::Builder::new().prefix("fivewire-recording-").tempdir().unwrap();
    let path = directory.path().join("it.fwrec");
    let recording = Recording::new(File::create(&path).unwrap());
    run(broker, recording.clone()).await;
    assert_eq!(recording.failure(), None);

    let recording = fs::read(&path).unwrap();
    let mut replay = Replay::new(|size_bytes| vec![0; size_bytes]);
    let mut acked = 0;
    for record in Records::new(&recording) {
        let record = record.unwrap();
        assert_eq!(replay.feed(&record), Fed::Same, "{record:?}");
        acked += usize::from(matches!(record.item, Item::Said(Said::Event(Event::Acked(_)))));
    }
    assert_eq!(acked, MESSAGES - MESSAGES / 5);
    for secret in [&b"secret"[..], b"message"] {
        assert!(!recording.windows(secret.len()).any(|window| window == secret));
    }
    if let Some(kept) = std::env::var_os("FIVEWIRE_RECORDING") {
        fs::write(kept, recording).unwrap();
    }
}
