//! The tokio client against brokers of other makes than mosquitto: rumqttd, and the simulator's own
//! behind a socket.

#![allow(missing_docs, reason = "the name of a test is its claim")]
#![allow(clippy::unwrap_used, reason = "a test may give up")]

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use fivewire_interop::Served;
use fivewire_tokio::{Client, Config, Outcome, ProtocolVersion, Publication, QoS};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const COUNT: u32 = 300;

/// How long everything may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

#[expect(clippy::disallowed_types, reason = "the settings of rumqttd want it")]
/// Where rumqttd listens for 3.1.1 and for MQTT 5. It ends with the process: it knows no other end.
async fn rumqttd() -> (SocketAddr, SocketAddr) {
    let (old, new) = (free_address(), free_address());
    let server = |name: &str, listen| {
        let settings = rumqttd::ServerSettings {
            name: name.to_owned(),
            listen,
            tls: None,
            next_connection_delay_ms: 1,
            connections: rumqttd::ConnectionSettings {
                connection_timeout_ms: 10_000,
                max_payload_size: 1 << 20,
                max_inflight_count: 100,
                auth: None,
                external_auth: None,
                dynamic_filters: true,
            },
        };
        Some(std::collections::HashMap::from([(name.to_owned(), settings)]))
    };
    let config = rumqttd::Config {
        router: rumqttd::RouterConfig {
            max_connections: 100,
            max_outgoing_packet_count: 200,
            max_segment_size: 1 << 20,
            max_segment_count: 10,
            ..rumqttd::RouterConfig::default()
        },
        v4: server("old", old),
        v5: server("new", new),
        ..rumqttd::Config::default()
    };
    std::thread::spawn(move || rumqttd::Broker::new(config).start().unwrap());
    for address in [old, new] {
        let up = async {
            while TcpStream::connect(address).await.is_err() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, up).await.expect("rumqttd starts");
    }
    (old, new)
}

/// Every publication is acknowledged and every message told, over a reader and a writer.
async fn exchange(address: SocketAddr, protocol: ProtocolVersion) {
    let config = |client_id| {
        let config = Config::new(client_id).broker(address.to_string()).keep_alive_s(5);
        config.protocol(protocol)
    };
    let reader = Client::connect(config("reader")).unwrap();
    let mut messages = reader.subscribe("numbered/+", QoS::AtLeastOnce).await.unwrap();
    let writer = Client::connect(config("writer")).unwrap();
    let mut under_way = JoinSet::new();
    for number in 0..COUNT {
        let topic = format!("numbered/{}", number % 3);
        let publication = Publication::new(topic, number.to_string(), QoS::AtLeastOnce);
        let publish = writer.enqueue(publication).await.unwrap();
        under_way.spawn(async move { assert_eq!(publish.await, Ok(Outcome::Acked), "{number}") });
    }
    timeout(PATIENCE, under_way.join_all()).await.expect("P1: everything is acknowledged");
    let mut newest = [None; 3];
    for _ in 0..COUNT {
        let message = timeout(PATIENCE, messages.recv()).await.expect("P5").unwrap();
        let number: u32 = std::str::from_utf8(&message.payload).unwrap().parse().unwrap();
        let newest = &mut newest[(number % 3) as usize];
        assert!(newest.is_none_or(|newest| newest < number), "P2: {number} after {newest:?}");
        *newest = Some(number);
    }
    writer.shutdown().await;
    reader.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tokio_client_speaks_3_1_1_and_mqtt_5_to_rumqttd() {
    let (old, new) = rumqttd().await;
    exchange(old, ProtocolVersion::V3_1_1).await;
    exchange(new, ProtocolVersion::V5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tokio_client_speaks_3_1_1_and_mqtt_5_to_the_simulators_broker() {
    for protocol in [ProtocolVersion::V3_1_1, ProtocolVersion::V5] {
        let config = fivewire_sim::broker::Config { events: false, ..Default::default() };
        let served = Served::start(fivewire_sim::broker::Broker::new(config)).await.unwrap();
        exchange(served.address(), protocol).await;
    }
}
