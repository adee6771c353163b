//! The simulator's broker behind a socket, with clients that others wrote: rumqttc, both versions.

#![allow(missing_docs, reason = "the name of a test is its claim")]
#![allow(clippy::unwrap_used, reason = "a test may give up")]

use std::time::Duration;

use fivewire_interop::Served;
use fivewire_sim::broker::{Broker, Config};
use rumqttc::v5::mqttbytes::v5::PublishProperties;
use rumqttc::{mqttbytes, v5};
use tokio::sync::mpsc;
use tokio::time::timeout;

const COUNT: u32 = 300;

/// How long a message may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

async fn served() -> Served {
    let config = Config { events: false, in_flight_max: 7, ..Config::default() };
    Served::start(Broker::new(config)).await.unwrap()
}

/// A client of 3.1.1, and what it receives.
fn client_v4(
    served: &Served,
    client_id: &str,
) -> (rumqttc::AsyncClient, mpsc::UnboundedReceiver<rumqttc::Publish>) {
    let port = served.address().port();
    let mut options = rumqttc::MqttOptions::new(client_id, "127.0.0.1", port);
    options.set_keep_alive(Duration::from_secs(5)).set_clean_session(false);
    let (client, mut events) = rumqttc::AsyncClient::new(options, 100);
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok(event) = events.poll().await {
            if let rumqttc::Event::Incoming(rumqttc::Packet::Publish(publish)) = event
                && sender.send(publish).is_err()
            {
                break;
            }
        }
    });
    (client, receiver)
}

/// A client of MQTT 5, and what it receives.
fn client_v5(
    served: &Served,
    client_id: &str,
) -> (v5::AsyncClient, mpsc::UnboundedReceiver<v5::mqttbytes::v5::Publish>) {
    let mut options = v5::MqttOptions::new(client_id, "127.0.0.1", served.address().port());
    options.set_keep_alive(Duration::from_secs(5)).set_clean_start(false);
    options.set_session_expiry_interval(Some(600)).set_receive_maximum(Some(5));
    let (client, mut events) = v5::AsyncClient::new(options, 100);
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok(event) = events.poll().await {
            if let v5::Event::Incoming(v5::mqttbytes::v5::Packet::Publish(publish)) = event
                && sender.send(publish).is_err()
            {
                break;
            }
        }
    });
    (client, receiver)
}

async fn next<T>(messages: &mut mpsc::UnboundedReceiver<T>) -> T {
    timeout(PATIENCE, messages.recv()).await.expect("a message").expect("the client lives")
}

#[tokio::test]
async fn a_foreign_client_of_3_1_1_gets_every_message_of_another_in_order() {
    let served = served().await;
    let (reader, mut messages) = client_v4(&served, "reader");
    reader.subscribe("numbered/+", mqttbytes::QoS::ExactlyOnce).await.unwrap();
    let (writer, mut own) = client_v4(&served, "writer");
    // its answer shows that the reader's subscription, which was earlier, is made
    writer.subscribe("ready", mqttbytes::QoS::AtMostOnce).await.unwrap();
    reader.publish("ready", mqttbytes::QoS::AtLeastOnce, true, "!").await.unwrap();
    next(&mut own).await;
    let qos =
        [mqttbytes::QoS::AtMostOnce, mqttbytes::QoS::AtLeastOnce, mqttbytes::QoS::ExactlyOnce];
    for number in 0..COUNT {
        let topic = format!("numbered/{}", number % 3);
        let qos = qos[(number % 3) as usize];
        writer.publish(topic, qos, false, number.to_string()).await.unwrap();
    }
    let mut newest = [None; 3];
    for _ in 0..COUNT {
        let publish = next(&mut messages).await;
        let number: u32 = std::str::from_utf8(&publish.payload).unwrap().parse().unwrap();
        assert_eq!(publish.topic, format!("numbered/{}", number % 3));
        assert_eq!(publish.qos, qos[(number % 3) as usize]);
        let newest = &mut newest[(number % 3) as usize];
        assert!(newest.is_none_or(|newest| newest < number), "{number} after {newest:?}");
        *newest = Some(number);
    }
}

#[tokio::test]
async fn foreign_clients_of_mqtt_5_exchange_requests_and_responses_with_all_that_travels_along() {
    let served = served().await;
    let (server, mut requests) = client_v5(&served, "server");
    server.subscribe("ask/+", v5::mqttbytes::QoS::AtLeastOnce).await.unwrap();
    let (asker, mut answers) = client_v5(&served, "asker");
    asker.subscribe("answers/asker", v5::mqttbytes::QoS::AtLeastOnce).await.unwrap();
    server.publish("answers/asker", v5::mqttbytes::QoS::AtLeastOnce, true, "!").await.unwrap();
    next(&mut answers).await;
    let properties = |number: u32| PublishProperties {
        payload_format_indicator: Some(1),
        message_expiry_interval: Some(300),
        response_topic: Some("answers/asker".into()),
        correlation_data: Some(number.to_be_bytes().to_vec().into()),
        user_properties: vec![
            ("number".into(), number.to_string()),
            ("number".into(), "again".into()),
        ],
        content_type: Some("text/plain".into()),
        ..PublishProperties::default()
    };
    let ask = async {
        for number in 0..COUNT {
            let qos = v5::mqttbytes::QoS::AtLeastOnce;
            let publish =
                asker.publish_with_properties("ask/it", qos, false, "?", properties(number));
            publish.await.unwrap();
        }
    };
    let answer = async {
        for number in 0..COUNT {
            let request = next(&mut requests).await;
            let got = request.properties.unwrap();
            let left_s = got.message_expiry_interval.unwrap();
            assert!((200..=300).contains(&left_s), "{left_s}");
            let expected =
                PublishProperties { message_expiry_interval: Some(left_s), ..properties(number) };
            assert_eq!(got, expected, "[MQTT5-3.3.2-18]");
            let qos = v5::mqttbytes::QoS::AtLeastOnce;
            let back = PublishProperties {
                correlation_data: got.correlation_data,
                ..PublishProperties::default()
            };
            let topic = got.response_topic.unwrap();
            server.publish_with_properties(topic, qos, false, "!", back).await.unwrap();
        }
    };
    let gather = async {
        for number in 0..COUNT {
            let answer = next(&mut answers).await.properties.unwrap();
            assert_eq!(answer.correlation_data.unwrap(), number.to_be_bytes().to_vec());
        }
    };
    tokio::join!(ask, answer, gather);
}

#[tokio::test]
async fn messages_go_from_one_version_to_the_other() {
    let served = served().await;
    let (new, mut to_new) = client_v5(&served, "new");
    let (old, mut to_old) = client_v4(&served, "old");
    new.subscribe("to/new", v5::mqttbytes::QoS::AtLeastOnce).await.unwrap();
    old.subscribe("to/old", mqttbytes::QoS::AtLeastOnce).await.unwrap();
    // kept, so that it does not matter who comes first
    old.publish("to/new", mqttbytes::QoS::AtLeastOnce, true, "from old").await.unwrap();
    new.publish("to/old", v5::mqttbytes::QoS::AtLeastOnce, true, "from new").await.unwrap();
    assert_eq!(&next(&mut to_new).await.payload[..], b"from old");
    assert_eq!(&next(&mut to_old).await.payload[..], b"from new");
}
