//! The end, on purpose and by neglect.

use std::time::Duration;

use fivewire_tokio::{
    AbandonReason, Event, Publication, PublishError, QoS, State, SubscribeError, error,
};
use tokio::time::{Instant, timeout};

use crate::rig::{DISCONNECT, FRESH, client, config, connected, puback, publish, settle};

#[tokio::test(start_paused = true)]
async fn shutting_down_says_disconnect_and_settles_everything() {
    let (client, _peer, mut broker) = connected(config()).await;
    let mut events = client.events();
    let (door, ()) = tokio::join!(client.subscribe("d", QoS::AtLeastOnce), broker.grant());
    let publication = Publication::new("d", "1", QoS::AtLeastOnce);
    let left = client.enqueue(publication).await.unwrap();
    broker.expect(&publish(b'd', 1, b'1')).await;
    let ((), ()) = tokio::join!(client.shutdown(), async {
        broker.expect(&DISCONNECT).await;
        broker.expect_end().await;
        drop(broker);
    });
    assert_eq!(left.await, Err(PublishError::Abandoned(AbandonReason::ShutDown)));
    assert!(door.unwrap().recv().await.is_none());
    assert_eq!(events.recv().await, Some(Event::Stopped));
    assert_eq!(events.recv().await, None);
    assert_eq!(client.status().state, State::Stopped);
    assert!(!client.connected().await);

    client.shutdown().await;
    let error = client.publish("d", "2", QoS::AtLeastOnce, false).await.unwrap_err();
    assert_eq!(error, PublishError::NotQueued(error::PublishError::ShutDown));
    let error = client.try_publish("d", "2", QoS::AtLeastOnce, false).await.unwrap_err();
    assert_eq!(error, PublishError::NotQueued(error::PublishError::ShutDown));
    let error = client.subscribe("d", QoS::AtLeastOnce).await.unwrap_err();
    assert_eq!(error, SubscribeError::NotQueued(error::SubscribeError::ShutDown));
}

#[tokio::test(start_paused = true)]
async fn shutting_down_settles_publishers_that_wait_for_room() {
    let (client, _peer) = client(config().outbox_bytes(64));
    let first = client.enqueue(Publication::new("d", "1", QoS::AtLeastOnce)).await.unwrap();
    let second = client.enqueue(Publication::new("d", "2", QoS::AtLeastOnce)).await.unwrap();
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.publish("d", "3", QoS::AtLeastOnce, false).await }
    });
    settle().await;
    client.shutdown().await;
    for queued in [first, second] {
        assert_eq!(queued.await, Err(PublishError::Abandoned(AbandonReason::ShutDown)));
    }
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error, PublishError::NotQueued(error::PublishError::ShutDown));
}

#[tokio::test(start_paused = true)]
async fn shutting_down_takes_bounded_time_whatever_the_broker_does() {
    let (client, peer) = client(config());
    client.shutdown().await;
    drop(peer);

    let (client, _peer, _silent_broker) = connected(config()).await;
    let begun = Instant::now();
    client.shutdown().await;
    assert!(begun.elapsed() <= Duration::from_secs(1), "{:?}", begun.elapsed());

    let (client, peer) = crate::rig::client(config());
    let mut blocked = peer.open(16);
    blocked.packet().await;
    blocked.send(&FRESH).await;
    assert!(client.connected().await);
    let publication = Publication::new("d", vec![0; 1_000], QoS::AtLeastOnce);
    let _left = client.enqueue(publication).await.unwrap();
    settle().await;
    let begun = Instant::now();
    client.shutdown().await;
    assert!(begun.elapsed() <= Duration::from_millis(7_000), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_takes_the_client_with_it() {
    let (client, _peer, mut broker) = connected(config()).await;
    let (door, ()) = tokio::join!(client.subscribe("d", QoS::AtLeastOnce), broker.grant());
    let handle = client.enqueue(Publication::new("d", "1", QoS::AtLeastOnce)).await.unwrap();
    let second = client.clone();
    drop(client);
    broker.expect(&publish(b'd', 1, b'1')).await;
    drop(second);
    broker.send(&puback(1)).await;
    assert!(handle.await.is_ok());
    broker.expect_silence().await;
    drop(door);
    broker.expect(&DISCONNECT).await;
    broker.expect_end().await;
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_whose_future_is_dropped_goes_on() {
    let (client, _peer, mut broker) = connected(config()).await;
    assert!(timeout(Duration::ZERO, client.shutdown()).await.is_err());
    broker.expect(&DISCONNECT).await;
    broker.expect_end().await;
}
