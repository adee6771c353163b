//! What MQTT 5 adds, with mosquitto at the other end. Wants the package `mosquitto`.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

mod support;

use std::num::NonZeroU32;
use std::time::Duration;

use fivewire_tokio::{
    BrokerSaid, Client, Config, DownReason, Event, FirstConnectError, Message, Outcome,
    ProtocolVersion, Publication, QoS, ReasonCode, RetainHandling, Subscription,
    SubscriptionOptions,
};
use support::broker::Mosquitto;
use tokio::time::timeout;

/// How long a loaded machine may take.
const PATIENCE: Duration = Duration::from_secs(20);
const PLAIN: SubscriptionOptions = SubscriptionOptions::new(QoS::AtLeastOnce);

fn v5(client_id: &str, broker: &Mosquitto) -> Config {
    Config::new(client_id).broker(broker.address()).protocol(ProtocolVersion::V5)
}

async fn next(subscription: &mut Subscription) -> Message {
    timeout(PATIENCE, subscription.recv()).await.expect("a message comes").unwrap()
}

/// Publishes a text; it is acknowledged.
async fn say(client: &Client, topic: &str, text: &'static str, retain: bool) {
    let outcome = client.publish(topic, text, QoS::AtLeastOnce, retain).await;
    assert_eq!(outcome, Ok(Outcome::Acked));
}

#[tokio::test]
async fn a_client_that_wants_no_echo_hears_only_others_with_the_identifier_it_gave() {
    let Some(broker) = Mosquitto::start(false).await else { return };
    let client = Client::connect(v5("a", &broker)).unwrap();
    let other = Client::connect(v5("b", &broker)).unwrap();
    let options = SubscriptionOptions { no_local: true, ..PLAIN };
    let mut chat = client.subscribe_with("chat/#", options, Some(268_435_455)).await.unwrap();
    say(&client, "chat/hall", "mine", false).await;
    say(&other, "chat/hall", "yours", false).await;
    let message = next(&mut chat).await;
    assert_eq!(&*message.payload, b"yours");
    assert_eq!(message.subscription_identifiers, [268_435_455]);
}

#[tokio::test]
async fn retained_messages_come_as_the_subscription_has_it() {
    let Some(broker) = Mosquitto::start(false).await else { return };
    let client = Client::connect(v5("a", &broker)).unwrap();
    say(&client, "kept", "old", true).await;
    for (retain_handling, comes) in [
        (RetainHandling::DoNotSend, false),
        (RetainHandling::SendIfNew, false),
        (RetainHandling::Send, true),
    ] {
        let options = SubscriptionOptions { retain_handling, ..PLAIN };
        let mut kept = client.subscribe_with("kept", options, None).await.unwrap();
        say(&client, "kept", "new", false).await;
        let first = next(&mut kept).await;
        let expected = if comes { (&b"old"[..], true) } else { (&b"new"[..], false) };
        assert_eq!((&*first.payload, first.retain), expected, "{retain_handling:?}");
    }
    // mosquitto 2.0.11 keeps the first one where a filter is asked for again
    for (topic, retain_as_published) in [("live", false), ("lively", true)] {
        let retain_handling = RetainHandling::DoNotSend;
        let options = SubscriptionOptions { retain_as_published, retain_handling, ..PLAIN };
        let mut live = client.subscribe_with(topic, options, None).await.unwrap();
        say(&client, topic, "now", true).await;
        assert_eq!(next(&mut live).await.retain, retain_as_published);
    }
}

#[tokio::test]
async fn the_broker_says_what_it_allows_and_how_it_calls_a_client_without_a_name() {
    let lines = "allow_anonymous true\nmax_qos 1\nmax_inflight_messages 7\nmax_keepalive 30\n";
    let Some(broker) = Mosquitto::start_with(lines).await else { return };
    let config = v5("", &broker).request_response_information(true).user_property("rack", "7");
    let client = Client::connect(config).unwrap();
    let mut events = client.events();
    assert!(timeout(PATIENCE, client.connected()).await.unwrap());
    let said = client.broker_said().unwrap();
    assert_eq!((said.receive_maximum, said.maximum_qos), (7, QoS::AtLeastOnce));
    assert_eq!(said.server_keep_alive_s, Some(30));
    assert!(
        said.assigned_client_identifier.as_ref().is_some_and(|name| !name.is_empty()),
        "{said}"
    );
    let mut told = None;
    while let Some(event) = timeout(PATIENCE, events.recv()).await.unwrap() {
        match event {
            Event::BrokerSaid(said) => told = Some(said),
            Event::Connected { .. } => break,
            _ => {}
        }
    }
    // the name was given at the connection before, which made a clean slate
    let mut said = BrokerSaid::clone(&said);
    said.assigned_client_identifier = None;
    assert_eq!(told.as_deref(), Some(&said));
    client.shutdown().await;
    assert_eq!(client.broker_said(), None);
}

#[tokio::test]
async fn a_refusal_of_the_broker_has_its_reason() {
    let Some(broker) = Mosquitto::start_with("allow_anonymous false\n").await else { return };
    let refused = Client::connect_first(v5("a", &broker), NonZeroU32::MIN).await.unwrap_err();
    let FirstConnectError::Failed { reason, .. } = refused else { panic!("{refused}") };
    assert_eq!(reason, DownReason::RefusedWith(ReasonCode::NotAuthorized));
}

#[tokio::test]
async fn an_acknowledgement_tells_that_nobody_listens() {
    let Some(broker) = Mosquitto::start(false).await else { return };
    let client = Client::connect(v5("a", &broker)).unwrap();
    let acknowledged = async |topic: &str| {
        let publication = Publication::new(topic, "", QoS::AtLeastOnce);
        client.enqueue(publication).await.unwrap().with_reason().await.unwrap()
    };
    let nobody = (Outcome::Acked, ReasonCode::NoMatchingSubscribers);
    assert_eq!(acknowledged("alone").await, nobody);
    let _listening = client.subscribe("heard", QoS::AtLeastOnce).await.unwrap();
    assert_eq!(acknowledged("heard").await, (Outcome::Acked, ReasonCode::Success));
}

/// In 3.1.1 mosquitto has them, too.
#[tokio::test]
async fn those_who_share_a_subscription_get_each_message_once_between_them() {
    const COUNT: usize = 20;
    let Some(broker) = Mosquitto::start(false).await else { return };
    for protocol in [ProtocolVersion::V3_1_1, ProtocolVersion::V5] {
        let connect = |name: &str| {
            Client::connect(Config::new(name).broker(broker.address()).protocol(protocol)).unwrap()
        };
        let (one, two, writer) = (connect("one"), connect("two"), connect("writer"));
        let (mut one, mut two) = (
            one.subscribe("$share/workers/job/+", QoS::AtLeastOnce).await.unwrap(),
            two.subscribe("$share/workers/job/+", QoS::AtLeastOnce).await.unwrap(),
        );
        for number in 0..COUNT {
            let publishing = writer.publish("job/1", number.to_string(), QoS::AtLeastOnce, false);
            publishing.await.unwrap();
        }
        let mut jobs = Vec::new();
        while jobs.len() < COUNT {
            let message = async {
                tokio::select! {
                    message = one.recv() => message,
                    message = two.recv() => message,
                }
            };
            let message = timeout(PATIENCE, message).await.expect("none is lost").unwrap();
            jobs.push(std::str::from_utf8(&message.payload).unwrap().parse::<usize>().unwrap());
        }
        jobs.sort_unstable();
        assert!(jobs.into_iter().eq(0..COUNT), "each once");
        for subscription in [one, two] {
            assert_eq!(subscription.client().status().unclaimed, 0);
            subscription.client().shutdown().await;
        }
        writer.shutdown().await;
    }
}
