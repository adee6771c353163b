//! The examples do what they say, with a real broker.

#![allow(clippy::unwrap_used, reason = "a test may give up")]
#![allow(clippy::duplicate_mod, reason = "two examples share a part")]
#![allow(dead_code, reason = "an example's `main`, and helpers of other tests")]

#[path = "../examples/ask.rs"]
mod ask;
#[path = "../examples/clean.rs"]
mod clean;
#[path = "../examples/command/mod.rs"]
mod command;
#[path = "../examples/low-power.rs"]
mod low_power;
#[path = "../examples/streaming.rs"]
mod streaming;
mod support;
#[path = "../examples/unclean.rs"]
mod unclean;

use fivewire_tokio::{Client, Config, Properties, ProtocolVersion, Publication, QoS};
use std::time::Duration;

use support::broker::Mosquitto;
use tokio::time::timeout;

#[tokio::test]
async fn a_stream_of_pieces_arrives_whole_and_in_order() {
    let Some(broker) = Mosquitto::start(false).await else { return };
    let config = Config::new("listener").broker(broker.address()).queue_messages(400);
    let listener = Client::connect(config).unwrap();
    let mut file = listener.subscribe("streaming/file", QoS::AtLeastOnce).await.unwrap();
    assert_eq!(streaming::run(&broker.address(), 300).await.unwrap(), 300);
    for number in 0..300_u32 {
        let piece = file.recv().await.unwrap();
        assert_eq!(piece.payload[..4], number.to_be_bytes());
    }
}

#[tokio::test]
async fn a_sensor_that_slept_hears_what_was_said_meanwhile() {
    let Some(broker) = Mosquitto::start(false).await else { return };
    assert_eq!(low_power::wake(&broker.address(), 1).await.unwrap(), [""; 0]);
    let other = Client::connect(Config::new("other").broker(broker.address())).unwrap();
    for order in ["faster", "slower"] {
        other.publish("low-power/orders", order, QoS::AtLeastOnce, false).await.unwrap();
    }
    assert_eq!(low_power::wake(&broker.address(), 2).await.unwrap(), ["faster", "slower"]);
}

#[tokio::test]
async fn a_clean_session_forgets_what_was_said_meanwhile_and_an_unclean_one_does_not() {
    let Some(broker) = Mosquitto::start(false).await else { return };
    let address = broker.address();
    for _ in 0..2 {
        assert_eq!(clean::run(&address).await.unwrap(), ["pump/back-again"]);
        let heard = unclean::run(&address).await.unwrap();
        assert_eq!(heard, ["pump/while-away", "pump/back-again"]);
    }
}

#[tokio::test]
async fn each_answer_of_mqtt_5_finds_its_question() {
    let Some(broker) = Mosquitto::start(false).await else { return };
    let answers = ask::run(&broker.address(), &["Paris", "Lima", "Oslo"]).await.unwrap();
    let texts: Vec<&str> = answers.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(texts, ["it is noon in Paris", "it is noon in Lima", "it is noon in Oslo"]);
    for (_, properties) in &answers {
        assert!(properties.payload_is_utf8);
        assert_eq!(properties.content_type.as_deref(), Some("text/plain"));
        assert_eq!(properties.user_properties, [("clock".to_owned(), "stopped".to_owned())]);
    }
}

#[tokio::test]
async fn a_publication_with_properties_needs_mqtt_5_and_properties_that_it_may_have() {
    let unqueued = |protocol, properties: Properties| async move {
        let config = Config::new("c").broker("127.0.0.1:1").protocol(protocol);
        let client = Client::connect(config).unwrap();
        let message = Publication { properties, ..Publication::new("t", "", QoS::AtLeastOnce) };
        client.enqueue(message).await.unwrap_err().to_string()
    };
    let topic = |topic: &str| Properties {
        response_topic: Some(topic.to_owned()),
        ..Properties::default()
    };
    let text = unqueued(ProtocolVersion::V3_1_1, topic("a")).await;
    assert_eq!(text, "not queued: properties need a client that speaks MQTT 5");
    let text = unqueued(ProtocolVersion::V5, topic("a/#")).await;
    assert!(text.contains("may not have one of the properties"), "{text}");
}

#[tokio::test]
async fn the_commands_say_within_seconds_what_they_wait_for() {
    let lines_for = |address: String| {
        let client = Client::connect(Config::new("c").broker(&address)).unwrap();
        let (tell, lines) = tokio::sync::mpsc::unbounded_channel();
        command::tell_troubles(&client, address, move |line| {
            let _ = tell.send(line.to_owned());
        });
        (client, lines)
    };
    let listener = support::listen_on_lasting_port();
    let address = listener.local_addr().unwrap().to_string();
    let (_client, mut lines) = lines_for(address.clone());
    let first = timeout(Duration::from_secs(4), lines.recv()).await.unwrap().unwrap();
    assert_eq!(first, format!("waiting for the broker at {address}"), "it does not answer");
    drop(listener);

    let closed = support::listen_on_lasting_port().local_addr().unwrap().to_string();
    let (_client, mut lines) = lines_for(closed.clone());
    let first = timeout(Duration::from_secs(4), lines.recv()).await.unwrap().unwrap();
    let expected = format!("waiting for the broker at {closed}: no connection: nobody listens at");
    assert!(first.starts_with(&expected), "{first}");

    let Some(broker) = Mosquitto::start(false).await else { return };
    let (client, mut lines) = lines_for(broker.address());
    assert!(client.connected().await);
    drop(broker);
    let lost = timeout(Duration::from_secs(4), lines.recv()).await.unwrap().unwrap();
    assert!(lost.ends_with(": disconnected: the connection was closed"), "{lost}");
}

#[tokio::test]
async fn a_wrong_topic_is_told_in_words() {
    let client = Client::connect(Config::new("c").broker("127.0.0.1:1")).unwrap();
    let error = client.publish("a/#", "", QoS::AtLeastOnce, false).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "not queued: a topic name must not contain `+` or `#` [MQTT-4.7.1-1]"
    );
}
