//! Attempts, pauses and what listeners are told.

use std::time::Duration;

use fivewire_tokio::{Client, Config, ConnectError, DownReason, Event, QoS, State};
use tokio::time::Instant;

use crate::rig::{FRESH, RESUMED, client, config, connected, held_back_client, settle};

#[tokio::test(start_paused = true)]
async fn a_refusal_and_no_answer_are_told_apart() {
    let (client, peer) = client(config());
    let mut events = client.events();
    peer.refuse();
    peer.fail("no route to host");
    let (reason, error) = match events.recv().await.unwrap() {
        Event::AttemptFailed { reason, error } => (reason, error),
        other => panic!("{other:?}"),
    };
    assert_eq!(reason, DownReason::TcpRefused);
    assert_eq!(error.unwrap().to_string(), "connection refused");
    let (reason, error) = match events.recv().await.unwrap() {
        Event::AttemptFailed { reason, error } => (reason, error),
        other => panic!("{other:?}"),
    };
    assert_eq!(reason, DownReason::TcpUnreachable);
    assert_eq!(error.unwrap().to_string(), "no route to host");
    let _broker = peer.accept(&FRESH).await;
    assert_eq!(events.recv().await, Some(Event::Connected { session_present: false }));
    assert_eq!(client.status().counters.failed_attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_without_an_answer_is_given_up() {
    let (client, peer) = client(config().open_timeout_ms(3_000));
    let (begun, mut events) = (Instant::now(), client.events());
    let reason = DownReason::TcpUnreachable;
    assert_eq!(events.recv().await, Some(Event::AttemptFailed { reason, error: None }));
    assert_eq!(begun.elapsed().as_millis(), 3_000);
    assert_eq!(client.status().state, State::TcpBackoff);
    let _broker = peer.accept(&FRESH).await;
    assert!(client.connected().await);
}

#[tokio::test(start_paused = true)]
async fn the_clean_slate_comes_first_and_once() {
    let (client, peer) = client(Config::new("c").seed(1));
    let mut events = client.events();
    let mut broker = peer.open(1_000);
    assert_eq!(broker.packet().await[9], 0b10);
    broker.send(&FRESH).await;
    broker.expect(&crate::rig::DISCONNECT).await;
    broker.expect_end().await;
    let mut broker = peer.open(1_000);
    assert_eq!(broker.packet().await[9], 0);
    broker.send(&FRESH).await;
    assert_eq!(events.recv().await, Some(Event::CleanSlate));
    assert_eq!(events.recv().await, Some(Event::Connected { session_present: false }));
    drop(broker);
    let mut broker = peer.open(1_000);
    assert_eq!(broker.packet().await[9], 0);
}

#[tokio::test(start_paused = true)]
async fn what_the_core_was_told_is_sent_has_left_before_the_connection_is_closed() {
    let (_client, peer) = held_back_client(Config::new("c").seed(1));
    let mut broker = peer.open(1_000);
    assert_eq!(broker.packet().await[9], 0b10);
    broker.send(&FRESH).await;
    broker.expect(&crate::rig::DISCONNECT).await;
    broker.expect_end().await;
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_falls_silent_is_left() {
    let (client, peer) = client(config().keep_alive_s(4));
    let mut events = client.events();
    let mut broker = peer.accept(&FRESH).await;
    broker.expect(&[0xC0, 0]).await;
    broker.send(&[0xD0, 0]).await;
    broker.expect(&[0xC0, 0]).await;
    broker.expect_end().await;
    assert!(matches!(events.recv().await, Some(Event::Connected { .. })));
    let reason = DownReason::PingrespOverdue;
    assert_eq!(events.recv().await, Some(Event::Disconnected { reason }));
    let _broker = peer.accept(&RESUMED).await;
    assert_eq!(events.recv().await, Some(Event::Connected { session_present: true }));
}

#[tokio::test(start_paused = true)]
async fn the_connect_packet_carries_will_and_login() {
    let config = config().login("me", "pw").will("w", "!", QoS::AtLeastOnce, true).keep_alive_s(9);
    let (_client, peer) = client(config);
    let mut broker = peer.open(1_000);
    let expected = b"\x10\x1b\0\x04MQTT\x04\xEC\0\x09\0\x01c\0\x01w\0\x01!\0\x02me\0\x02pw";
    broker.expect(expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_listener_misses_events_and_can_count_them() {
    let (client, peer) = client(config().backoff_first_ms(50).backoff_last_ms(50));
    let mut events = client.events();
    for _ in 0..100 {
        peer.refuse();
    }
    let _broker = peer.accept(&FRESH).await;
    settle().await;
    assert_eq!(events.missed(), 37);
    for _ in 0..64 {
        assert!(matches!(events.recv().await, Some(Event::AttemptFailed { .. })));
    }
    client.shutdown().await;
    assert_eq!(events.recv().await, Some(Event::Stopped));
    assert_eq!(events.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn idle_time_costs_nothing_but_pings() {
    let (client, _peer, mut broker) = connected(config().keep_alive_s(60)).await;
    let metrics = tokio::runtime::Handle::current().metrics();
    let begun = Instant::now();
    let before = metrics.worker_park_count(0);
    for _ in 0..240 {
        broker.expect(&[0xC0, 0]).await;
        broker.send(&[0xD0, 0]).await;
    }
    assert_eq!(begun.elapsed(), Duration::from_secs(3_600));
    assert!(metrics.worker_park_count(0) - before < 240 * 4);
    assert_eq!(client.status().counters.connections, 1);
}

#[tokio::test]
async fn a_configuration_that_cannot_work_starts_nothing() {
    let message = |config| Client::connect(config).unwrap_err().to_string();
    assert_eq!(
        message(Config::new("c").broker("broker:x")),
        "`broker:x` is no address: write `host` or `host:port`, with a port from 0 to 65535"
    );
    assert_eq!(
        message(Config::new("c").outbox_bytes(10)),
        "the buffer `outbox` has 10 bytes, but this configuration needs at least 64"
    );
    let error = Client::connect(Config::new("")).unwrap_err();
    assert!(matches!(error, ConnectError::Config(_)), "{error}");
}
