//! What a server may choose: limits, credentials, and whether anybody listens to its events.

/// The choices MQTT 3.1.1 leaves to a server. The defaults are those of mosquitto 2.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// How many QoS 1 and QoS 2 messages may be unacknowledged towards one client.
    ///
    /// 1 to 65,535, default 20; 0 counts as 1. What exceeds it waits in the session's queue.
    pub in_flight_max: u16,
    /// How many QoS 1 and QoS 2 messages one session queues behind those in flight, default 1,000.
    ///
    /// A message that finds the queue full is dropped and counted, see [`Counters`](super::Counters).
    pub queue_max: usize,
    /// The longest packet accepted from a client, in bytes with its fixed header.
    ///
    /// Default 268,435,460, the longest MQTT has. A longer one ends the connection.
    pub packet_max_bytes: usize,
    /// The longest client identifier accepted, in bytes, default 65,535.
    ///
    /// From 23 up: every server must accept those of 1 to 23 letters and digits [MQTT-3.1.3-5].
    pub client_id_max_bytes: usize,
    /// How long a connection may exist without a CONNECT, in milliseconds, default 90,000.
    pub connect_timeout_ms: u32,
    /// How many bytes may wait for a transport that is full before QoS 0 messages to it are dropped
    /// and counted, default 65,536.
    pub output_max_bytes: usize,
    /// Who may connect. `None`, the default, lets everybody in.
    pub credentials: Option<Credentials>,
    /// Whether [`Output::Event`](super::Output::Event) is given, default true. Without it the
    /// broker does less work and otherwise the same.
    pub events: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            in_flight_max: 20,
            queue_max: 1_000,
            packet_max_bytes: 268_435_460,
            client_id_max_bytes: 65_535,
            connect_timeout_ms: 90_000,
            output_max_bytes: 65_536,
            credentials: None,
            events: true,
        }
    }
}

/// The one user who may connect. Everybody else is answered with return code 5.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credentials {
    /// The user name that CONNECT must carry.
    pub username: String,
    /// The password that CONNECT must carry.
    pub password: Vec<u8>,
}
