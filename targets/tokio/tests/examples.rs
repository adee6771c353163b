//! The examples do what they say, with a real broker.

#![allow(clippy::unwrap_used, reason = "a test may give up")]
#![allow(dead_code, reason = "an example's `main`, and helpers of other tests")]

#[path = "../examples/low-power.rs"]
mod low_power;
#[path = "../examples/streaming.rs"]
mod streaming;
mod support;

use fivewire_tokio::{Client, Config, QoS};
use support::broker::Mosquitto;

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
