//! The first connection, and the kind of session that it asks for.

use std::num::NonZeroU32;

use fivewire_core::mqtt::ConnectReturnCode;
use fivewire_tokio::{Client, DownReason, FirstConnectError, QoS};

use crate::rig::{
    Connection, DISCONNECT, FRESH, RESUMED, client, config, connected, first_client, puback,
    publish,
};

const ONCE: NonZeroU32 = NonZeroU32::MIN;

fn reason(result: Result<Client, FirstConnectError>) -> DownReason {
    match result {
        Err(FirstConnectError::Failed { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_connection_that_fails_is_an_error_and_nothing_is_tried_again() {
    let (connecting, peer) = first_client(config(), ONCE);
    peer.refuse();
    let error = connecting.await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no connection: nobody listens at this address and port, connection refused"
    );
    assert!(peer.is_abandoned().await, "the client is gone, and its task with it");
}

#[tokio::test(start_paused = true)]
async fn a_first_connection_may_be_tried_again_as_often_as_one_wants() {
    let (connecting, peer) = first_client(config(), NonZeroU32::new(3).unwrap());
    peer.refuse();
    peer.fail("no route to host");
    let (client, _broker) = tokio::join!(connecting, peer.accept(&FRESH));
    let client = client.unwrap();
    assert!(client.is_connected());
    assert_eq!(client.status().counters.failed_attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn each_refusal_of_connect_is_told_as_what_it_is() {
    for (byte, code) in [
        (1, ConnectReturnCode::UnacceptableProtocolVersion),
        (2, ConnectReturnCode::IdentifierRejected),
        (3, ConnectReturnCode::ServerUnavailable),
        (4, ConnectReturnCode::BadUserNameOrPassword),
        (5, ConnectReturnCode::NotAuthorized),
    ] {
        let (connecting, peer) = first_client(config(), ONCE);
        let connack = [0x20, 2, 0, byte];
        let (result, _broker) = tokio::join!(connecting, peer.accept(&connack));
        assert_eq!(reason(result), DownReason::Refused(code));
    }
}

#[tokio::test(start_paused = true)]
async fn one_may_connect_again_after_a_disconnect() {
    for _ in 0..2 {
        let (client, _peer, mut broker) = connected(config()).await;
        let publishing =
            client.enqueue(fivewire_tokio::Publication::new("t", "1", QoS::AtLeastOnce));
        let publishing = publishing.await.unwrap();
        broker.expect(&publish(b't', 1, b'1')).await;
        broker.send(&puback(1)).await;
        assert!(publishing.await.is_ok());
        let ((), ()) = tokio::join!(client.shutdown(), broker.expect(&DISCONNECT));
    }
}

/// Whether a CONNECT asks for a clean session.
async fn is_clean(broker: &mut Connection) -> bool {
    let connect = broker.packet().await;
    assert_eq!(connect[0], 0x10);
    connect[9] & 2 != 0
}

/// The first connection that lasts, and the next one; and whether a clean one that ends at once came
/// before both.
#[tokio::test(start_paused = true)]
async fn clean_init_and_clean_session_have_four_meanings() {
    for (clean_init, clean_session, slate, kept) in [
        (false, false, false, false),
        (true, false, true, false),
        (false, true, false, true),
        (true, true, false, true),
    ] {
        let config = config().clean_init(clean_init).clean_session(clean_session);
        let (_client, peer) = client(config);
        if slate {
            let mut broker = peer.open(1_024);
            assert!(is_clean(&mut broker).await);
            broker.send(&FRESH).await;
            broker.expect(&DISCONNECT).await;
        }
        for answer in [FRESH, if kept { FRESH } else { RESUMED }] {
            let mut broker = peer.open(1_024);
            assert_eq!(is_clean(&mut broker).await, kept, "{clean_init}, {clean_session}");
            broker.send(&answer).await;
            crate::rig::settle().await;
        }
    }
}
