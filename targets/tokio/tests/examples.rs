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
#[path = "../examples/range.rs"]
mod range;
#[path = "../examples/simple.rs"]
mod simple;
#[path = "../examples/status.rs"]
mod status;
#[path = "../examples/streaming.rs"]
mod streaming;
mod support;
#[path = "../examples/unclean.rs"]
mod unclean;

use fivewire_tokio::{Client, Config, Properties, ProtocolVersion, Publication, QoS};
use std::time::Duration;

use support::broker::Mosquitto;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long a loaded machine may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the programs do what they do every ten seconds.
const PERIOD: Duration = Duration::from_millis(50);

/// Where a program shows its lines.
fn display() -> (impl Fn(&str), mpsc::UnboundedReceiver<String>) {
    let (sender, lines) = mpsc::unbounded_channel();
    let show = move |line: &str| {
        let _ = sender.send(line.to_owned());
    };
    (show, lines)
}

/// Waits for a line with this in it.
async fn shown(lines: &mut mpsc::UnboundedReceiver<String>, part: &str) {
    let found = async { while !lines.recv().await.unwrap().contains(part) {} };
    timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("nothing shows `{part}`"));
}

#[tokio::test]
async fn counts_arrive_one_after_the_other_and_a_topic_switches_the_lamp() {
    let Some(broker) = Mosquitto::start(false).await else { return };
    let config = |client_id| Config::new(client_id).broker(broker.address());
    let other = Client::connect(config("other")).unwrap();
    let mut counts = other.subscribe("simple/count", QoS::AtLeastOnce).await.unwrap();
    let client = Client::connect(config("simple")).unwrap();
    let (show, mut lines) = display();
    let played = async {
        for count in 1..=3 {
            let message = timeout(PATIENCE, counts.recv()).await.unwrap().unwrap();
            assert_eq!(
                (&*message.payload, message.qos),
                (count.to_string().as_bytes(), QoS::AtLeastOnce)
            );
            shown(&mut lines, &format!("count {count} has arrived")).await;
        }
        for (payload, line) in [("1", "the lamp is on"), ("0", "the lamp is off")] {
            other.publish("simple/led", payload, QoS::AtLeastOnce, true).await.unwrap();
            shown(&mut lines, line).await;
        }
    };
    tokio::select! {
        ended = simple::run(&client, PERIOD, show) => panic!("{ended:?}"),
        () = played => {}
    }
}

#[tokio::test]
async fn an_outage_is_counted_and_its_end_is_told() {
    let Some(mut broker) = Mosquitto::start(false).await else { return };
    let config = |client_id| Config::new(client_id).broker(broker.address()).backoff_last_ms(500);
    let client = Client::connect(config("range")).unwrap();
    let other = Client::connect(config("other")).unwrap();
    let (show, mut lines) = display();
    let played = async {
        shown(&mut lines, "in range").await;
        broker.terminate().await;
        shown(&mut lines, "outage 1: disconnected").await;
        shown(&mut lines, "no connection: nobody listens").await;
        broker.launch().await;
        shown(&mut lines, "in range again: outage 1 took").await;
        let mut counts = other.subscribe("range/count", QoS::AtLeastOnce).await.unwrap();
        let told = async {
            while !counts.recv().await.unwrap().payload.windows(9).any(|part| part == b"outages 1")
            {
            }
        };
        timeout(PATIENCE, told).await.expect("the count tells of the outage");
    };
    tokio::select! {
        ended = range::run(&client, PERIOD, show) => panic!("{ended:?}"),
        () = played => {}
    }
}

#[tokio::test]
async fn every_event_every_message_and_what_the_client_says_of_itself_is_shown() {
    let Some(broker) = Mosquitto::start(false).await else { return };
    let config = |client_id| Config::new(client_id).broker(broker.address());
    let client = Client::connect(config("status")).unwrap();
    let other = Client::connect(config("other")).unwrap();
    let (show, mut lines) = display();
    let played = async {
        shown(&mut lines, " ms  connected").await;
        shown(&mut lines, "the broker is up").await;
        shown(&mut lines, "state: Connected").await;
        other.publish("status/hello", "world", QoS::AtLeastOnce, true).await.unwrap();
        shown(&mut lines, "status/hello: \"world\", QoS 1").await;
        client.shutdown().await;
        shown(&mut lines, "shut down").await;
    };
    let (ended, ()) = tokio::join!(status::run(&client, PERIOD, show), played);
    ended.unwrap();
}

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
