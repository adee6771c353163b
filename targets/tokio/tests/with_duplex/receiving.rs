//! Received messages: back-pressure, release, and nobody who wants them.

use fivewire_tokio::{Event, QoS, Release, Subscription};

use crate::rig::{Connection, FRESH, RESUMED, client, config, connected, puback, publish, settle};

async fn next(subscription: &mut Subscription) -> u8 {
    subscription.recv().await.unwrap().payload[0]
}

async fn send_numbered(broker: &mut Connection, numbers: std::ops::RangeInclusive<u8>) {
    for number in numbers {
        broker.send(&publish(b'd', number, number)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_holds_messages_back_but_no_acknowledgements() {
    let (client, _peer, mut broker) = connected(config().queue_messages(2)).await;
    let (door, ()) = tokio::join!(client.subscribe("d", QoS::AtLeastOnce), broker.grant());
    let mut door = door.unwrap();
    send_numbered(&mut broker, 1..=5).await;
    broker.expect(&puback(1)).await;
    broker.expect(&puback(2)).await;
    broker.expect_silence().await;
    let (outcome, ()) = tokio::join!(client.publish("o", "k", QoS::AtLeastOnce, false), async {
        broker.expect(&publish(b'o', 1, b'k')).await;
        broker.send(&puback(1)).await;
    });
    assert!(outcome.is_ok());
    assert_eq!(next(&mut door).await, 1);
    broker.expect(&puback(3)).await;
    broker.expect_silence().await;
    for number in 2..=5 {
        assert_eq!(next(&mut door).await, number);
    }
    broker.expect(&puback(4)).await;
    broker.expect(&puback(5)).await;
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_that_is_dropped_holds_nothing_back_from_the_others() {
    let (client, _peer, mut broker) = connected(config().queue_messages(1)).await;
    let (idle, ()) = tokio::join!(client.subscribe("+", QoS::AtLeastOnce), broker.grant());
    let (door, ()) = tokio::join!(client.subscribe("d", QoS::AtLeastOnce), broker.grant());
    let (idle, mut door) = (idle.unwrap(), door.unwrap());
    send_numbered(&mut broker, 1..=3).await;
    assert_eq!(next(&mut door).await, 1);
    broker.expect(&puback(1)).await;
    broker.expect_silence().await;
    drop(idle);
    assert_eq!((next(&mut door).await, next(&mut door).await), (2, 3));
}

#[tokio::test(start_paused = true)]
async fn with_explicit_release_the_last_of_those_who_got_a_message_counts() {
    let (client, _peer, mut broker) = connected(config().release(Release::Explicit)).await;
    let (all, ()) = tokio::join!(client.subscribe("+", QoS::AtLeastOnce), broker.grant());
    let (door, ()) = tokio::join!(client.subscribe("d", QoS::AtLeastOnce), broker.grant());
    let (mut all, mut door) = (all.unwrap(), door.unwrap());
    send_numbered(&mut broker, 1..=2).await;
    let mut copies = Vec::new();
    for subscription in [&mut all, &mut door] {
        for _ in 0..2 {
            copies.push(subscription.recv().await.unwrap());
        }
    }
    broker.expect_silence().await;
    copies[0].release();
    copies[0].release();
    broker.expect_silence().await;
    copies[2].take_acknowledge().unwrap().release();
    broker.expect(&puback(1)).await;
    drop(copies);
    broker.expect_silence().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_not_released_comes_again_and_a_late_release_does_no_harm() {
    let (client, peer, mut broker) = connected(config().release(Release::Explicit)).await;
    let (door, ()) = tokio::join!(client.subscribe("d", QoS::AtLeastOnce), broker.grant());
    let mut door = door.unwrap();
    send_numbered(&mut broker, 1..=1).await;
    let mut late = door.recv().await.unwrap();
    drop(broker);
    let mut broker = peer.accept(&RESUMED).await;
    late.release();
    broker.send(&[0x3A, 6, 0, 1, b'd', 0, 1, 1]).await;
    let mut again = door.recv().await.unwrap();
    assert!(again.dup);
    broker.expect_silence().await;
    again.release();
    broker.expect(&puback(1)).await;
}

#[tokio::test(start_paused = true)]
async fn an_old_session_waits_for_its_first_subscription() {
    let (client, peer) = client(config());
    let mut broker = peer.accept(&RESUMED).await;
    send_numbered(&mut broker, 1..=2).await;
    broker.expect_silence().await;
    let (door, ()) = tokio::join!(client.subscribe("d", QoS::AtLeastOnce), async {
        broker.expect(&puback(1)).await;
        broker.expect(&puback(2)).await;
        broker.grant().await;
    });
    let mut door = door.unwrap();
    assert_eq!((next(&mut door).await, next(&mut door).await), (1, 2));
    drop(door);
    settle().await;
    send_numbered(&mut broker, 3..=3).await;
    broker.expect_silence().await;
}

#[tokio::test(start_paused = true)]
async fn a_paused_client_waits_until_all_subscriptions_are_there() {
    let (client, peer) = client(config().paused(true));
    let mut broker = peer.accept(&RESUMED).await;
    broker.send(&[publish(b'd', 1, 1), publish(b'e', 2, 2)].concat()).await;
    let (door, ()) = tokio::join!(client.subscribe("d", QoS::AtLeastOnce), broker.grant());
    let (entry, ()) = tokio::join!(client.subscribe("e", QoS::AtLeastOnce), broker.grant());
    broker.expect_silence().await;
    client.resume();
    assert_eq!(next(&mut door.unwrap()).await, 1);
    assert_eq!(next(&mut entry.unwrap()).await, 2);
    assert_eq!(client.status().unclaimed, 0);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_wants_is_counted_and_acknowledged() {
    for release in [Release::AtHandOut, Release::Explicit] {
        let (client, peer) = client(config().release(release));
        let mut events = client.events();
        let mut broker = peer.accept(&FRESH).await;
        let (door, ()) = tokio::join!(client.subscribe("d", QoS::AtLeastOnce), broker.grant());
        broker.send(&publish(b'x', 9, 9)).await;
        broker.expect(&puback(9)).await;
        assert_eq!(client.status().unclaimed, 1);
        assert_eq!(events.recv().await, Some(Event::Connected { session_present: false }));
        let unclaimed = Event::Unclaimed { topic: "x".into(), qos: QoS::AtLeastOnce };
        assert_eq!(events.recv().await, Some(unclaimed));
        drop(door);
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_never_fits_is_told() {
    let (client, peer) = client(config().receive_bytes(64));
    let mut events = client.events();
    let mut broker = peer.accept(&FRESH).await;
    let (_door, ()) = tokio::join!(client.subscribe("d", QoS::AtLeastOnce), broker.grant());
    broker.send(&[&[0x32, 55, 0, 1, b'd', 0, 3][..], &[0; 50]].concat()).await;
    broker.expect(&puback(3)).await;
    assert!(matches!(events.recv().await, Some(Event::Connected { .. })));
    let too_large = Event::MessageTooLarge { qos: QoS::AtLeastOnce, size_bytes: 57 };
    assert_eq!(events.recv().await, Some(too_large));
}

/// P9.
#[tokio::test(start_paused = true)]
async fn a_backlog_that_nobody_subscribed_to_keeps_no_acknowledgement_away() {
    let (client, peer) = client(config().receive_bytes(128));
    let mut broker = peer.accept(&RESUMED).await;
    send_numbered(&mut broker, 1..=40).await;
    for id in 1..=3 {
        let (outcome, ()) =
            tokio::join!(client.publish("o", "k", QoS::AtLeastOnce, false), async {
                broker.expect(&publish(b'o', id, b'k')).await;
                broker.send(&puback(id)).await;
            });
        assert!(outcome.is_ok());
    }
    assert_eq!(client.status().counters.connections, 1);
    assert!(client.status().counters.shed_in > 0);
}
