//! Events, callbacks, and the queue that several share.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use fivewire_tokio::{Client, Event, QoS, Queue, Release};

use crate::rig::{Connection, FRESH, RESUMED, client, config, connected, puback, publish, settle};

async fn subscribed(client: &Client, broker: &mut Connection) -> fivewire_tokio::Subscription {
    let (subscription, ()) = tokio::join!(client.subscribe("d", QoS::AtLeastOnce), broker.grant());
    subscription.unwrap()
}

/// QoS 1 messages with these payloads, each acknowledged.
async fn deliver(broker: &mut Connection, numbers: std::ops::RangeInclusive<u8>) {
    for number in numbers {
        broker.send(&publish(b'd', number, number)).await;
        broker.expect(&puback(number)).await;
    }
    settle().await;
}

async fn payload(queue: &Queue) -> Option<u8> {
    queue.recv().await.map(|message| message.payload[0])
}

#[tokio::test(start_paused = true)]
async fn there_is_one_up_for_each_connection_and_one_down_for_each_loss() {
    let (client, peer) = client(config());
    let mut events = client.events();
    for present in [false, true, true] {
        let broker = peer.accept(if present { &RESUMED } else { &FRESH }).await;
        assert_eq!(events.recv().await, Some(Event::Connected { session_present: present }));
        drop(broker);
        assert!(matches!(events.recv().await, Some(Event::Disconnected { .. })));
    }
    client.shutdown().await;
    assert_eq!(events.recv().await, Some(Event::Stopped));
    assert_eq!(events.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn callbacks_are_called_once_for_each_event_and_each_message() {
    let (client, peer) = client(config());
    let ups = Arc::new(AtomicUsize::new(0));
    let downs = Arc::new(AtomicUsize::new(0));
    let (up, down) = (Arc::clone(&ups), Arc::clone(&downs));
    let listening = client.on_event(move |event| match event {
        Event::Connected { .. } => _ = up.fetch_add(1, Ordering::Relaxed),
        Event::Disconnected { .. } => _ = down.fetch_add(1, Ordering::Relaxed),
        _ => {}
    });
    let mut broker = peer.accept(&FRESH).await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    let subscription = subscribed(&client, &mut broker).await;
    let hearing =
        subscription.on_message(move |message| hears.lock().unwrap().push(message.payload[0]));
    deliver(&mut broker, 1..=3).await;
    drop(broker);
    let _broker = peer.accept(&RESUMED).await;
    settle().await;
    client.shutdown().await;
    listening.await.unwrap();
    hearing.await.unwrap();
    assert_eq!(*heard.lock().unwrap(), [1, 2, 3]);
    // To leave on purpose is no loss.
    assert_eq!((ups.load(Ordering::Relaxed), downs.load(Ordering::Relaxed)), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_keeps_the_newest_and_counts_what_it_drops() {
    let (client, _peer, mut broker) = connected(config()).await;
    let queue = Queue::new(4);
    queue.feed(subscribed(&client, &mut broker).await);
    deliver(&mut broker, 1..=7).await;
    assert_eq!((queue.len(), queue.discards()), (4, 3));
    for expected in 4..=7 {
        assert_eq!(payload(&queue).await, Some(expected));
    }
    assert!(queue.is_empty());
    client.shutdown().await;
    assert_eq!(payload(&queue).await, None);
}

#[tokio::test(start_paused = true)]
async fn what_a_full_queue_drops_is_released_to_the_broker() {
    let config = config().release(Release::Explicit).receive_maximum(4);
    let (client, _peer, mut broker) = connected(config).await;
    let queue = Queue::new(2);
    queue.feed(subscribed(&client, &mut broker).await);
    for number in 1..=5 {
        broker.send(&publish(b'd', number, number)).await;
    }
    for number in 1..=3 {
        broker.expect(&puback(number)).await;
    }
    let mut fourth = queue.recv().await.unwrap();
    fourth.release();
    broker.expect(&puback(4)).await;
    assert_eq!(queue.discards(), 3);
}

#[tokio::test(start_paused = true)]
async fn consumers_of_one_queue_get_each_message_once() {
    let (client, _peer, mut broker) = connected(config()).await;
    let queue = Queue::new(100);
    queue.feed(subscribed(&client, &mut broker).await);
    let got = Arc::new(Mutex::new(Vec::new()));
    let consumers: Vec<_> = (0..3)
        .map(|consumer| {
            let (queue, got) = (queue.clone(), Arc::clone(&got));
            tokio::spawn(async move {
                while let Some(number) = payload(&queue).await {
                    got.lock().unwrap().push((number, consumer));
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    deliver(&mut broker, 1..=30).await;
    client.shutdown().await;
    for consumer in consumers {
        consumer.await.unwrap();
    }
    let got = got.lock().unwrap();
    let mut numbers: Vec<_> = got.iter().map(|(number, _)| *number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=30).collect::<Vec<_>>());
    assert!((0..3).all(|consumer| got.iter().any(|(_, who)| *who == consumer)));
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_nobody_holds_lets_the_client_go() {
    let (client, _peer, mut broker) = connected(config()).await;
    let queue = Queue::new(4);
    queue.feed(subscribed(&client, &mut broker).await);
    drop((client, queue));
    broker.expect(&crate::rig::DISCONNECT).await;
}
