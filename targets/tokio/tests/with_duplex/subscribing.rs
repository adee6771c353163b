//! Subscriptions: asking, granting, refusing, ending.

use fivewire_tokio::{QoS, SubscribeError, error};

use crate::rig::{FRESH, RESUMED, client, config, connected, publish, settle};

#[tokio::test(start_paused = true)]
async fn messages_go_to_every_subscription_that_matches() {
    let (client, _peer, mut broker) = connected(config()).await;
    let (all, ()) = tokio::join!(client.subscribe("+", QoS::AtLeastOnce), broker.grant());
    let (door, ()) = tokio::join!(client.subscribe("d", QoS::AtMostOnce), broker.grant());
    let (mut all, mut door) = (all.unwrap(), door.unwrap());
    assert_eq!((all.granted(), door.granted()), (QoS::AtLeastOnce, QoS::AtMostOnce));
    broker.send(&[publish(b'd', 1, b'1'), publish(b'e', 0, b'2')].concat()).await;
    for subscription in [&mut all, &mut door] {
        let message = subscription.recv().await.unwrap();
        assert_eq!((&*message.topic, &*message.payload), ("d", &b"1"[..]));
        assert_eq!((message.qos, message.retain, message.dup), (QoS::AtLeastOnce, false, false));
    }
    assert_eq!(&*all.recv().await.unwrap().topic, "e");
    broker.expect(&[0x40, 2, 0, 1]).await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_and_nothing_is_left() {
    let (client, _peer, mut broker) = connected(config()).await;
    let (refused, ()) = tokio::join!(client.subscribe("d", QoS::AtLeastOnce), async {
        let subscribe = broker.packet().await;
        broker.send(&[0x90, 3, subscribe[2], subscribe[3], 0x80]).await;
    });
    assert_eq!(refused.unwrap_err(), SubscribeError::Refused);
    let malformed = client.subscribe("a/#/b", QoS::AtLeastOnce).await.unwrap_err();
    let expected = error::SubscribeError::Filter(error::TopicError::MultiLevelMisplaced);
    assert_eq!(malformed, SubscribeError::NotQueued(expected));
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_is_refused_at_its_renewal_ends() {
    let (client, peer, mut broker) = connected(config()).await;
    let (door, ()) = tokio::join!(client.subscribe("d", QoS::AtLeastOnce), broker.grant());
    drop(broker);
    let mut broker = peer.accept(&FRESH).await;
    let subscribe = broker.packet().await;
    broker.send(&[0x90, 3, subscribe[2], subscribe[3], 0x80]).await;
    assert!(door.unwrap().recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn subscriptions_come_back_where_the_broker_lost_the_session() {
    let (client, peer, mut broker) = connected(config()).await;
    let (door, ()) = tokio::join!(client.subscribe("d", QoS::AtLeastOnce), broker.grant());
    drop(broker);
    peer.accept(&RESUMED).await.expect_silence().await;
    let mut broker = peer.accept(&FRESH).await;
    broker.grant().await;
    broker.send(&publish(b'd', 0, b'1')).await;
    assert_eq!(&*door.unwrap().recv().await.unwrap().payload, b"1");
}

#[tokio::test(start_paused = true)]
async fn unsubscribing_ends_the_stream_after_what_is_queued() {
    let (client, _peer, mut broker) = connected(config()).await;
    let (door, ()) = tokio::join!(client.subscribe("d", QoS::AtLeastOnce), broker.grant());
    let mut door = door.unwrap();
    broker.send(&publish(b'd', 0, b'1')).await;
    let (ended, ()) = tokio::join!(client.unsubscribe("d"), async {
        let unsubscribe = broker.packet().await;
        assert_eq!(unsubscribe[0], 0xA2);
        broker.send(&[0xB0, 2, unsubscribe[2], unsubscribe[3]]).await;
    });
    assert_eq!(ended, Ok(()));
    assert_eq!(&*door.recv().await.unwrap().payload, b"1");
    assert!(door.recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn whoever_wants_the_same_gets_the_same_answer_and_the_opposite_is_overtaken() {
    let (client, peer) = client(config());
    let (first, second, ended, last, ()) = tokio::join!(
        client.subscribe("d", QoS::AtMostOnce),
        client.subscribe("d", QoS::AtLeastOnce),
        client.unsubscribe("d"),
        client.subscribe("d", QoS::AtLeastOnce),
        async {
            settle().await;
            peer.accept(&FRESH).await.grant().await;
        }
    );
    assert_eq!(first.unwrap_err(), SubscribeError::Superseded);
    assert_eq!(second.unwrap_err(), SubscribeError::Superseded);
    assert_eq!(ended, Err(SubscribeError::Superseded));
    assert_eq!(last.unwrap().granted(), QoS::AtLeastOnce);
}

#[tokio::test(start_paused = true)]
async fn two_may_ask_for_the_same_filter() {
    let (client, peer) = client(config());
    let (first, second, mut broker) = tokio::join!(
        client.subscribe("d", QoS::AtMostOnce),
        client.subscribe("d", QoS::AtLeastOnce),
        async {
            settle().await;
            let mut broker = peer.accept(&FRESH).await;
            broker.grant().await;
            broker
        }
    );
    broker.send(&publish(b'd', 0, b'1')).await;
    for subscription in [first, second] {
        assert_eq!(&*subscription.unwrap().recv().await.unwrap().payload, b"1");
    }
}
