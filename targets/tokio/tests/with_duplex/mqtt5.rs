//! What MQTT 5 adds: options of subscriptions, what the broker says, and its reasons.

use std::num::NonZeroU32;
use std::sync::Arc;

use fivewire_core::mqtt::PacketId;
use fivewire_core::mqtt::v5::{
    Ack, Connack, Disconnect, Packet, Properties, Property, Publish, ReasonCodes, Suback, Unsuback,
    decode,
};
use fivewire_tokio::{
    BrokerSaid, Client, Config, DownReason, Event, Events, FirstConnectError, Outcome,
    ProtocolVersion, Publication, QoS, ReasonCode, RetainHandling, SubscribeError, Subscription,
    SubscriptionOptions, error,
};

use crate::rig::{self, Connection, Peer, client, first_client, settle};

const NO_LOCAL: SubscriptionOptions = SubscriptionOptions {
    no_local: true,
    retain_as_published: true,
    retain_handling: RetainHandling::SendIfNew,
    ..SubscriptionOptions::new(QoS::AtLeastOnce)
};

fn config() -> Config {
    rig::config().protocol(ProtocolVersion::V5)
}

fn bytes(packet: &Packet<'_>) -> Vec<u8> {
    let mut bytes = vec![0; packet.encoded_len()];
    packet.encode(&mut bytes).unwrap();
    bytes
}

fn connack(reason_code: ReasonCode, said: &[Property<'_>]) -> Vec<u8> {
    let properties = Properties::of(said);
    bytes(&Packet::Connack(Connack { session_present: false, reason_code, properties }))
}

/// A client that is connected, to a broker that said this.
async fn connected(said: &[Property<'_>]) -> (Client, Peer, Connection, Events) {
    let (client, peer) = client(config());
    let mut events = client.events();
    let broker = peer.accept(&connack(ReasonCode::Success, said)).await;
    while !matches!(events.recv().await, Some(Event::Connected { .. })) {}
    (client, peer, broker, events)
}

/// Reads a SUBSCRIBE, which `check` may look at, and answers it.
async fn answer(broker: &mut Connection, code: ReasonCode, check: impl FnOnce(&Packet<'_>)) {
    let packet = broker.packet().await;
    let packet = decode(&packet).unwrap();
    check(&packet);
    let (properties, reason_codes) = (Properties::NONE, &[code]);
    let reason_codes = ReasonCodes::of(reason_codes);
    broker
        .send(&match packet {
            Packet::Subscribe(subscribe) => {
                let packet_id = subscribe.packet_id;
                bytes(&Packet::Suback(Suback { packet_id, properties, reason_codes }))
            }
            Packet::Unsubscribe(unsubscribe) => {
                let packet_id = unsubscribe.packet_id;
                bytes(&Packet::Unsuback(Unsuback { packet_id, properties, reason_codes }))
            }
            other => panic!("{other:?}"),
        })
        .await;
}

async fn subscribed(client: &Client, broker: &mut Connection) -> Subscription {
    let subscribing = client.subscribe("d", QoS::AtLeastOnce);
    let (subscription, ()) =
        tokio::join!(subscribing, answer(broker, ReasonCode::GrantedQos1, |_| ()));
    subscription.unwrap()
}

#[tokio::test(start_paused = true)]
async fn connect_carries_what_is_asked_for() {
    let config = config()
        .request_problem_information(false)
        .request_response_information(true)
        .user_property("rack", "7")
        .user_property("rack", "8");
    let (_client, peer) = client(config);
    let packet = peer.open(1_024).packet().await;
    let Ok(Packet::Connect(connect)) = decode(&packet) else { panic!("{packet:?}") };
    assert!(!connect.properties.request_problem_information());
    assert!(connect.properties.request_response_information());
    assert_eq!(connect.properties.receive_maximum(), 16);
    assert!(connect.properties.maximum_packet_size_bytes().is_some());
    let user: Vec<_> = connect.properties.user_properties().collect();
    assert_eq!(user, [("rack", "7"), ("rack", "8")]);
}

#[tokio::test(start_paused = true)]
async fn options_and_identifier_are_asked_for_at_each_renewal_and_come_back_with_messages() {
    let (client, peer, mut broker, _events) = connected(&[]).await;
    let check = |packet: &Packet<'_>| {
        let Packet::Subscribe(subscribe) = packet else { panic!("{packet:?}") };
        assert!(subscribe.filters.iter().eq([("d", NO_LOCAL)]));
        assert!(subscribe.properties.subscription_identifiers().eq([300]));
    };
    let subscribing = client.subscribe_with("d", NO_LOCAL, Some(300));
    let granting = answer(&mut broker, ReasonCode::GrantedQos1, check);
    let (subscription, ()) = tokio::join!(subscribing, granting);
    let mut subscription = subscription.unwrap();
    drop(broker);
    let mut broker = peer.accept(&connack(ReasonCode::Success, &[])).await;
    answer(&mut broker, ReasonCode::GrantedQos1, check).await;
    let properties = [Property::SubscriptionIdentifier(300), Property::SubscriptionIdentifier(7)];
    let publish = Publish {
        properties: Properties::of(&properties),
        retain: true,
        ..Publish::new("d", b"1", QoS::AtMostOnce)
    };
    broker.send(&bytes(&Packet::Publish(publish))).await;
    let message = subscription.recv().await.unwrap();
    assert_eq!((message.subscription_identifiers, message.retain), (vec![300, 7], true));
}

#[tokio::test(start_paused = true)]
async fn options_need_mqtt_5_and_an_identifier_in_its_range() {
    let (old, _peer) = client(rig::config());
    let asked = old.subscribe_with("d", SubscriptionOptions::new(QoS::AtLeastOnce), None).await;
    assert_eq!(asked.unwrap_err(), SubscribeError::NotQueued(error::SubscribeError::NeedsMqtt5));
    let (new, _peer) = client(config());
    for (filter, identifier) in [("d", Some(0)), ("d", Some(268_435_456)), ("$share/g/d", None)] {
        let asked = new.subscribe_with(filter, NO_LOCAL, identifier).await;
        let expected = SubscribeError::NotQueued(error::SubscribeError::Options);
        assert_eq!(asked.unwrap_err(), expected, "{filter} {identifier:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_broker_says_is_told_before_what_it_leads_to_and_kept_for_the_connection() {
    let nameless = Config::new("").protocol(ProtocolVersion::V5).clean_init(false).seed(7);
    let (client, peer) = client(nameless);
    assert_eq!(client.broker_said(), None);
    let mut events = client.events();
    let said = [Property::ReceiveMaximum(5), Property::AssignedClientIdentifier("auto-1")];
    let mut broker = peer.accept(&connack(ReasonCode::Success, &said)).await;
    assert!(client.connected().await);
    let said = client.broker_said().unwrap();
    assert_eq!(said.receive_maximum, 5);
    assert_eq!(said.assigned_client_identifier.as_deref(), Some("auto-1"));
    assert_eq!(events.recv().await, Some(Event::BrokerSaid(Arc::clone(&said))));
    assert_eq!(events.recv().await, Some(Event::Connected { session_present: false }));

    let properties = Properties::of(&[Property::ReasonString("maintenance")]);
    let reason_code = ReasonCode::ServerShuttingDown;
    broker.send(&bytes(&Packet::Disconnect(Disconnect { reason_code, properties }))).await;
    let Some(Event::BrokerSaid(said)) = events.recv().await else { panic!("nothing was said") };
    assert_eq!(said.reason_string.as_deref(), Some("maintenance"));
    let reason = DownReason::ByBroker(reason_code);
    assert_eq!(events.recv().await, Some(Event::Disconnected { reason }));
    settle().await;
    assert_eq!(client.broker_said(), None);

    let _broker = peer.accept(&connack(ReasonCode::Success, &[])).await;
    assert_eq!(events.recv().await, Some(Event::Connected { session_present: false }));
    settle().await;
    // nothing is said again, but the name is still the client's
    let mut expected = BrokerSaid::default();
    expected.assigned_client_identifier = Some("auto-1".to_owned());
    assert_eq!(client.broker_said().as_deref(), Some(&expected));
}

#[tokio::test(start_paused = true)]
async fn in_3_1_1_the_broker_says_nothing_of_itself() {
    let (client, _peer, _broker) = rig::connected(rig::config()).await;
    assert_eq!(client.broker_said(), None);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_connect_has_its_reason_and_the_words_of_the_broker() {
    let (connecting, peer) = first_client(config(), NonZeroU32::MIN);
    let refusal = connack(ReasonCode::Banned, &[Property::ReasonString("ask Eve")]);
    let (refused, _broker) = tokio::join!(connecting, peer.accept(&refusal));
    let error = refused.unwrap_err();
    let text = error.to_string();
    let FirstConnectError::Failed { reason, said: Some(said), .. } = error else {
        panic!("{text}")
    };
    assert_eq!(reason, DownReason::RefusedWith(ReasonCode::Banned));
    assert_eq!(said.reason_string.as_deref(), Some("ask Eve"));
    assert_eq!(text, "no connection: the broker refuses: banned, \"ask Eve\"");
}

#[tokio::test(start_paused = true)]
async fn a_refused_subscription_has_its_reason_at_once_and_at_its_renewal() {
    let (client, peer, mut broker, mut events) = connected(&[]).await;
    let refusal = |reason_code| Event::Reason { filter: "d".into(), reason_code };
    let (refused, ()) = tokio::join!(
        client.subscribe("d", QoS::AtLeastOnce),
        answer(&mut broker, ReasonCode::NotAuthorized, |_| ())
    );
    assert_eq!(refused.unwrap_err(), SubscribeError::RefusedWith(ReasonCode::NotAuthorized));
    assert_eq!(events.recv().await, Some(refusal(ReasonCode::NotAuthorized)));

    let mut door = subscribed(&client, &mut broker).await;
    drop(broker);
    let mut broker = peer.accept(&connack(ReasonCode::Success, &[])).await;
    answer(&mut broker, ReasonCode::QuotaExceeded, |_| ()).await;
    assert!(door.recv().await.is_none());
    assert!(matches!(events.recv().await, Some(Event::Disconnected { .. })));
    assert!(matches!(events.recv().await, Some(Event::Connected { .. })));
    assert_eq!(events.recv().await, Some(refusal(ReasonCode::QuotaExceeded)));
}

/// MQTT 5 §3.2.2.3.11: the client must not ask for it.
#[tokio::test(start_paused = true)]
async fn what_the_broker_said_it_has_not_is_refused_in_its_name() {
    let lacks = [Property::WildcardSubscriptionAvailable(false)];
    let (client, _peer, mut broker, _events) = connected(&lacks).await;
    let refused = client.subscribe("d/#", QoS::AtLeastOnce).await.unwrap_err();
    let reason_code = ReasonCode::WildcardSubscriptionsNotSupported;
    assert_eq!(refused, SubscribeError::RefusedWith(reason_code));
    assert_eq!(refused.to_string(), "the broker refuses: wildcard subscriptions not supported");
    broker.expect_silence().await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_subscription_has_its_reason() {
    let (client, _peer, mut broker, mut events) = connected(&[]).await;
    for (reason_code, expected) in [
        (ReasonCode::NoSubscriptionExisted, Ok(())),
        (ReasonCode::NotAuthorized, Err(SubscribeError::RefusedWith(ReasonCode::NotAuthorized))),
    ] {
        let mut door = subscribed(&client, &mut broker).await;
        let (ended, ()) =
            tokio::join!(client.unsubscribe("d"), answer(&mut broker, reason_code, |_| ()));
        assert_eq!(ended, expected);
        let filter = Arc::from("d");
        assert_eq!(events.recv().await, Some(Event::Reason { filter, reason_code }));
        assert!(door.recv().await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_says_whether_anybody_has_subscribed() {
    let (client, _peer, mut broker, _events) = connected(&[]).await;
    for reason_code in [ReasonCode::NoMatchingSubscribers, ReasonCode::Success] {
        let publication = Publication::new("d", "", QoS::AtLeastOnce);
        let publish = client.enqueue(publication).await.unwrap();
        let packet = broker.packet().await;
        let Ok(Packet::Publish(Publish { packet_id: Some(packet_id), .. })) = decode(&packet)
        else {
            panic!("{packet:?}")
        };
        let properties = Properties::NONE;
        broker.send(&bytes(&Packet::Puback(Ack { packet_id, reason_code, properties }))).await;
        assert_eq!(publish.with_reason().await, Ok((Outcome::Acked, reason_code)));
    }
    let unsure = client.enqueue(Publication::new("d", "", QoS::AtMostOnce)).await.unwrap();
    assert_eq!(unsure.with_reason().await, Ok((Outcome::Sent, ReasonCode::Success)));
}

/// MQTT 5 §4.8.2.
#[tokio::test(start_paused = true)]
async fn what_a_shared_subscription_gets_comes_out_of_it() {
    let (client, _peer, mut broker, _events) = connected(&[]).await;
    let subscribing = client.subscribe("$share/workers/d/+", QoS::AtLeastOnce);
    let (shared, ()) =
        tokio::join!(subscribing, answer(&mut broker, ReasonCode::GrantedQos1, |_| ()));
    let packet_id = PacketId::new(1);
    for topic in ["d/1", "e/1"] {
        let publish = Publish { packet_id, ..Publish::new(topic, b"", QoS::AtLeastOnce) };
        broker.send(&bytes(&Packet::Publish(publish))).await;
        broker.packet().await;
    }
    let message = shared.unwrap().recv().await.unwrap();
    assert_eq!((&*message.topic, client.status().unclaimed), ("d/1", 1));
}

#[tokio::test(start_paused = true)]
async fn a_publication_with_properties_is_refused_at_once_where_there_is_no_room() {
    let (client, _peer, mut broker, _events) = connected(&[]).await;
    let mut publication = Publication::new("d", vec![0; 1_000], QoS::AtLeastOnce);
    publication.properties.content_type = Some("text/plain".to_owned());
    let mut queued = Vec::new();
    let full = loop {
        match client.try_enqueue(publication.clone()).await {
            Ok(publish) => queued.push(publish),
            Err(error) => break error,
        }
    };
    assert!(full.is_outbox_full() && !queued.is_empty(), "{full}");
    let packet = broker.packet().await;
    let Packet::Publish(sent) = decode(&packet).unwrap() else { panic!("{packet:?}") };
    assert_eq!(sent.properties.content_type(), Some("text/plain"));
}
