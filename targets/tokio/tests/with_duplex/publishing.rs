//! Publications: outcomes, room, order, giving up.

use std::time::Duration;

use fivewire_tokio::{
    AbandonReason, Client, Config, Outcome, Overflow, Publication, PublishError, QoS, error,
};
use tokio::time::{Instant, timeout};

use crate::rig::{Connection, RESUMED, client, config, connected, puback, publish, settle};

const ACKED: Result<Outcome, PublishError> = Ok(Outcome::Acked);

fn door(payload: &'static str) -> Publication {
    Publication::new("d", payload, QoS::AtLeastOnce)
}

/// An outbox with room for two publications of one byte.
fn tight() -> Config {
    config().outbox_bytes(64)
}

async fn fill(client: &Client, broker: &mut Connection) {
    for (id, payload) in [(1, "1"), (2, "2")] {
        drop(client.enqueue(door(payload)).await.unwrap());
        broker.expect(&publish(b'd', id, b'0' + id)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn qos_1_ends_with_its_acknowledgement_and_qos_0_once_it_is_sent() {
    let (client, _peer, mut broker) = connected(config()).await;
    let (outcome, ()) = tokio::join!(client.publish("d", "1", QoS::AtLeastOnce, true), async {
        broker.expect(&[0x33, 6, 0, 1, b'd', 0, 1, b'1']).await;
        broker.send(&puback(1)).await;
    });
    assert_eq!(outcome, ACKED);
    assert_eq!(client.publish("d", "0", QoS::AtMostOnce, false).await, Ok(Outcome::Sent));
    broker.expect(&publish(b'd', 0, b'0')).await;
}

#[tokio::test(start_paused = true)]
async fn many_are_under_way_at_once_and_leave_in_one_write() {
    let (client, _peer, mut broker) = connected(config()).await;
    let mut handles = Vec::new();
    for payload in ["1", "2", "3"] {
        handles.push(client.enqueue(door(payload)).await.unwrap());
    }
    for id in 1..=3 {
        broker.expect(&publish(b'd', id, b'0' + id)).await;
    }
    broker.send(&[puback(1), puback(2), puback(3)].concat()).await;
    for handle in handles {
        assert_eq!(handle.await, ACKED);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_acknowledged_is_sent_again_with_dup_on_the_next_connection() {
    let (client, peer, mut broker) = connected(config()).await;
    let first = client.enqueue(door("1")).await.unwrap();
    let second = client.enqueue(door("2")).await.unwrap();
    broker.expect(&publish(b'd', 1, b'1')).await;
    broker.expect(&publish(b'd', 2, b'2')).await;
    broker.send(&puback(1)).await;
    assert_eq!(first.await, ACKED);
    drop(broker);
    let offline = client.enqueue(door("3")).await.unwrap();
    let mut broker = peer.accept(&RESUMED).await;
    broker.expect(&[0x3A, 6, 0, 1, b'd', 0, 2, b'2']).await;
    broker.expect(&publish(b'd', 3, b'3')).await;
    broker.send(&[puback(2), puback(3)].concat()).await;
    assert_eq!((second.await, offline.await), (ACKED, ACKED));
    assert_eq!(client.status().counters.redelivered, 1);
}

#[tokio::test(start_paused = true)]
async fn publishers_wait_for_room_in_turn() {
    let (client, _peer, mut broker) = connected(tight()).await;
    let mut tasks = Vec::new();
    for payload in ["1", "2", "3", "4", "5"] {
        let client = client.clone();
        tasks.push(tokio::spawn(async move {
            client.publish("d", payload, QoS::AtLeastOnce, false).await
        }));
        settle().await;
    }
    let full = client.try_publish("d", "x", QoS::AtLeastOnce, false).await.unwrap_err();
    assert!(full.is_outbox_full(), "{full}");
    for id in 1..=5 {
        broker.expect(&publish(b'd', id, b'0' + id)).await;
        broker.send(&puback(id)).await;
    }
    for task in tasks {
        assert_eq!(task.await.unwrap(), ACKED);
    }
    let handle = client.try_publish("d", "6", QoS::AtLeastOnce, false).await.unwrap();
    broker.expect(&publish(b'd', 6, b'6')).await;
    broker.send(&puback(6)).await;
    assert_eq!(handle.await, ACKED);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_publisher_costs_no_wake_ups() {
    let (client, _peer, _broker) = connected(tight().keep_alive_s(0).ack_timeout_ms(600_000)).await;
    let _first = client.enqueue(door("1")).await.unwrap();
    let _second = client.enqueue(door("2")).await.unwrap();
    let metrics = tokio::runtime::Handle::current().metrics();
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.publish("d", "3", QoS::AtLeastOnce, false).await }
    });
    settle().await;
    let before = metrics.worker_park_count(0);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(metrics.worker_park_count(0) - before < 5);
    waiting.abort();
}

#[tokio::test(start_paused = true)]
async fn a_publisher_that_is_dropped_while_it_waits_publishes_nothing() {
    let (client, _peer, mut broker) = connected(tight()).await;
    fill(&client, &mut broker).await;
    let waiting = client.publish("d", "x", QoS::AtLeastOnce, false);
    assert!(timeout(Duration::from_millis(5), waiting).await.is_err());
    broker.send(&puback(1)).await;
    broker.expect_silence().await;
}

#[tokio::test(start_paused = true)]
async fn a_publication_whose_handle_is_dropped_is_published_all_the_same() {
    let (client, _peer, mut broker) = connected(config()).await;
    drop(client.enqueue(door("1")).await.unwrap());
    broker.expect(&publish(b'd', 1, b'1')).await;
    broker.send(&puback(1)).await;
    settle().await;
    assert_eq!(client.status().unacknowledged, 0);
}

#[tokio::test(start_paused = true)]
async fn giving_up_before_sending_sends_nothing() {
    let (client, peer) = client(config());
    let kept = client.enqueue(door("1")).await.unwrap();
    let cancelled = client.enqueue(door("2")).await.unwrap();
    cancelled.cancel();
    assert_eq!(cancelled.await, Err(PublishError::Abandoned(AbandonReason::Cancelled)));
    let late = Instant::now() + Duration::from_secs(3);
    let expired = client.publish_with_deadline("d", "3", QoS::AtLeastOnce, false, late).await;
    assert_eq!(expired, Err(PublishError::Abandoned(AbandonReason::Expired)));
    assert_eq!(Instant::now().duration_since(late).as_millis(), 0);
    let mut broker = peer.accept(&RESUMED).await;
    broker.expect(&publish(b'd', 1, b'1')).await;
    broker.send(&puback(1)).await;
    assert_eq!(kept.await, ACKED);
    broker.expect_silence().await;
}

#[tokio::test(start_paused = true)]
async fn a_deadline_also_ends_the_wait_for_room() {
    let (client, _peer, mut broker) = connected(tight()).await;
    fill(&client, &mut broker).await;
    let mut late = door("x");
    late.deadline = Some(Instant::now() + Duration::from_secs(1));
    let expired = client.enqueue(late).await.unwrap_err();
    assert_eq!(expired, PublishError::Abandoned(AbandonReason::Expired));
    broker.send(&puback(1)).await;
    broker.expect_silence().await;
}

#[tokio::test(start_paused = true)]
async fn drop_oldest_never_waits_and_tells_what_it_dropped() {
    let (client, peer) = client(tight().overflow(Overflow::DropOldest));
    let mut handles = Vec::new();
    for payload in ["1", "2", "3", "4"] {
        handles.push(client.enqueue(door(payload)).await.unwrap());
    }
    let newest = handles.split_off(2);
    for handle in handles {
        assert_eq!(handle.await, Err(PublishError::Abandoned(AbandonReason::Dropped)));
    }
    let mut broker = peer.accept(&RESUMED).await;
    for id in 3..=4 {
        broker.expect(&publish(b'd', id, b'0' + id)).await;
        broker.send(&puback(id)).await;
    }
    for handle in newest {
        assert_eq!(handle.await, ACKED);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_published_is_refused_at_once() {
    let (client, _peer) = client(tight());
    let refused = async |topic: &str, payload: Vec<u8>, qos| {
        let PublishError::NotQueued(error) =
            client.publish(topic, payload, qos, false).await.unwrap_err()
        else {
            panic!("it was queued");
        };
        error
    };
    assert_eq!(
        refused("a/#", vec![], QoS::AtMostOnce).await,
        error::PublishError::Topic(error::TopicError::Wildcard)
    );
    assert_eq!(refused("a", vec![], QoS::ExactlyOnce).await, error::PublishError::QosNotSupported);
    assert!(matches!(
        refused("a", vec![0; 100], QoS::AtMostOnce).await,
        error::PublishError::TooLarge { size_bytes: 125, max_bytes: 64 }
    ));
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_takes_little_at_a_time_gets_everything_in_order() {
    let (client, peer) = client(config());
    let mut broker = peer.open(7);
    assert_eq!(broker.packet().await[0], 0x10);
    broker.send(&crate::rig::FRESH).await;
    let payload: Vec<u8> = (0..40_000_u32).map(|i| i as u8).collect();
    let publish = client.enqueue(Publication::new("d", payload.clone(), QoS::AtLeastOnce));
    let publish = publish.await.unwrap();
    let packet = broker.packet().await;
    assert_eq!(packet[packet.len() - payload.len()..], payload);
    broker.send(&puback(1)).await;
    assert_eq!(publish.await, ACKED);
}
