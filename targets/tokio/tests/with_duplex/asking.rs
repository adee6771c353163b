//! Questions about what can be reached.

use std::time::Duration;

use fivewire_tokio::wan_ok;
use tokio::net::UdpSocket;
use tokio::time::Instant;

use crate::rig::{FRESH, client, config, connected, settle};

const PINGREQ: [u8; 2] = [0xC0, 0];
const PINGRESP: [u8; 2] = [0xD0, 0];

#[tokio::test(start_paused = true)]
async fn a_broker_that_spoke_a_moment_ago_is_up_and_an_older_one_is_asked() {
    let (client, _peer, mut broker) = connected(config()).await;
    assert!(client.is_connected());
    assert!(client.broker_up().await, "the CONNACK came just now");
    broker.expect_silence().await;
    let (is_up, ()) = tokio::join!(client.broker_up(), async {
        broker.expect(&PINGREQ).await;
        broker.send(&PINGRESP).await;
    });
    assert!(is_up);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_does_not_answer_is_down_after_the_response_timeout_and_is_left() {
    let (client, _peer, mut broker) = connected(config().response_timeout_ms(3_000)).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let begun = Instant::now();
    assert!(!client.broker_up().await);
    assert_eq!(begun.elapsed().as_millis(), 3_000);
    broker.expect(&PINGREQ).await;
    broker.expect_end().await;
    assert!(!client.is_connected());
}

#[tokio::test(start_paused = true)]
async fn without_a_connection_the_broker_is_down_at_once() {
    let (client, peer) = client(config());
    let begun = Instant::now();
    assert!(!client.broker_up().await && !client.is_connected());
    assert_eq!(begun.elapsed(), Duration::ZERO);
    drop(peer.accept(&FRESH).await);
    settle().await;
    assert!(!client.broker_up().await);
    client.shutdown().await;
    assert!(!client.broker_up().await);
}

#[tokio::test]
async fn the_internet_is_there_if_a_name_server_answers() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let answering = async {
        let mut query = [0; 64];
        let (size, from) = server.recv_from(&mut query).await.unwrap();
        assert_eq!(size, 32);
        query[2] |= 0x80;
        server.send_to(&query[..size], from).await.unwrap();
    };
    let patience = Duration::from_secs(5);
    let (is_there, ()) = tokio::join!(wan_ok(address, patience), answering);
    assert!(is_there.unwrap());
    let echoing = async {
        let mut query = [0; 64];
        let (size, from) = server.recv_from(&mut query).await.unwrap();
        server.send_to(&query[..size], from).await.unwrap();
    };
    let (is_there, ()) = tokio::join!(wan_ok(address, patience), echoing);
    assert!(!is_there.unwrap(), "an echo is no answer");
    let silence = Duration::from_millis(50);
    assert!(!wan_ok(address, silence).await.unwrap(), "nor is nothing");
}
