//! Programs that sleep most of the time, and messages that are large.

use std::num::NonZeroU32;

use fivewire_tokio::{Publication, QoS};

use crate::rig::{
    DISCONNECT, FRESH, RESUMED, client, config, connected, first_client, puback, publish,
};

#[tokio::test(start_paused = true)]
async fn a_board_that_wakes_publishes_receives_what_was_stored_and_leaves() {
    let (connecting, peer) = first_client(config().paused(true), NonZeroU32::MIN);
    let (client, mut broker) = tokio::join!(connecting, peer.accept(&RESUMED));
    let client = client.unwrap();
    // the session has the subscription already, so the stored message may come before the SUBACK
    broker.send(&publish(b'd', 9, b'!')).await;
    let (door, ()) = tokio::join!(client.subscribe("d", QoS::AtLeastOnce), broker.grant());
    let mut door = door.unwrap();
    client.resume();
    assert_eq!(door.recv().await.unwrap().payload, "!");
    broker.expect(&puback(9)).await;
    let (outcome, ()) = tokio::join!(client.publish("t", "1", QoS::AtLeastOnce, false), async {
        broker.expect(&publish(b't', 1, b'1')).await;
        broker.send(&puback(1)).await;
    });
    assert!(outcome.is_ok());
    let ((), ()) = tokio::join!(client.shutdown(), broker.expect(&DISCONNECT));
    broker.expect_end().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_of_64_kib_goes_both_ways_where_there_is_room() {
    let config = config().receive_bytes(70_000).outbox_bytes(70_000);
    let (client, _peer, mut broker) = connected(config).await;
    let payload = vec![7; 64 * 1_024];
    let publication = Publication::new("t", payload.clone(), QoS::AtLeastOnce);
    let publishing = client.enqueue(publication).await.unwrap();
    let packet = broker.packet().await;
    assert!(packet.ends_with(&payload) && packet.len() == payload.len() + 9);
    broker.send(&puback(1)).await;
    assert!(publishing.await.is_ok());
    let (door, ()) = tokio::join!(client.subscribe("t", QoS::AtLeastOnce), broker.grant());
    let ((), message) = tokio::join!(broker.send(&packet), async { door.unwrap().recv().await });
    assert_eq!(message.unwrap().payload, payload);
}

#[tokio::test(start_paused = true)]
async fn a_message_of_64_kib_that_has_no_room_is_refused_with_the_session_intact() {
    let (client, peer) = client(config().receive_bytes(2_000).outbox_bytes(2_000));
    let mut events = client.events();
    let mut broker = peer.accept(&FRESH).await;
    assert!(client.connected().await);
    let large = vec![7; 64 * 1_024];
    assert!(client.publish("t", large.clone(), QoS::AtLeastOnce, false).await.is_err());
    let (door, ()) = tokio::join!(client.subscribe("t", QoS::AtLeastOnce), broker.grant());
    let mut door = door.unwrap();
    let head = [0x32, 0x85, 0x80, 0x04, 0, 1, b't', 0, 3];
    broker.send(&[&head[..], &large].concat()).await;
    broker.expect(&puback(3)).await;
    broker.send(&publish(b't', 4, b'!')).await;
    assert_eq!(door.recv().await.unwrap().payload, "!", "what comes behind it is understood");
    events.recv().await;
    let told = events.recv().await.unwrap();
    assert!(matches!(told, fivewire_tokio::Event::MessageTooLarge { size_bytes: 65_545, .. }));
    assert_eq!(client.status().counters.connections, 1);
}

/// With window 3, of which some are lost with a connection.
#[tokio::test(start_paused = true)]
async fn a_stream_of_publications_keeps_its_order_over_a_lost_connection() {
    let (client, peer, mut broker) = connected(config().window(3)).await;
    let mut outcomes = Vec::new();
    for number in 1..=8_u8 {
        let publication = Publication::new("d", vec![number], QoS::AtLeastOnce);
        outcomes.push(client.enqueue(publication).await.unwrap());
    }
    for number in 1..=3 {
        broker.expect(&publish(b'd', number, number)).await;
    }
    broker.expect_silence().await;
    broker.send(&puback(1)).await;
    broker.expect(&publish(b'd', 4, 4)).await;
    drop(broker);
    let mut broker = peer.accept(&RESUMED).await;
    for number in 2..=8_u8 {
        let dup = if number <= 4 { 8 } else { 0 };
        let mut expected = publish(b'd', number, number);
        expected[0] |= dup;
        broker.expect(&expected).await;
        broker.send(&puback(number)).await;
    }
    for outcome in outcomes {
        assert!(outcome.await.is_ok());
    }
    assert_eq!(client.status().counters.redelivered, 3, "each that was sent again counts once");
}
