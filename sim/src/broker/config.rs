//! What a server may choose: limits, credentials, and whether anybody listens to its events.

use fivewire_core::mqtt::QoS;

/// The choices MQTT leaves to a server. The defaults are those of mosquitto 2.
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
    /// What is said to clients that speak MQTT 5.
    pub mqtt5: Mqtt5,
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
            mqtt5: Mqtt5::default(),
            events: true,
        }
    }
}

/// What a server that speaks MQTT 5 says in its CONNACK, where it is not the default there.
///
/// [`Config::packet_max_bytes`] is told, too.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mqtt5 {
    /// The longest session expiry interval in seconds that is granted, default `u32::MAX`: for ever.
    pub session_expiry_max_s: u32,
    /// How many QoS 1 and QoS 2 publications of a client may be under way to the server.
    ///
    /// 1 to 65,535, default 20; 0 counts as 1. Who sends more is disconnected with 0x93.
    pub receive_maximum: u16,
    /// The largest topic alias that a client may use, default 10.
    pub topic_alias_maximum: u16,
    /// The longest keep alive in seconds, default `None`: what the client asks for. Who asks for
    /// more, or for none, is told this one instead [MQTT5-3.2.2-21].
    pub keep_alive_max_s: Option<u16>,
    /// What clients that ask for response information are told, default `None`: nothing.
    pub response_information: Option<String>,
    /// What clients cannot have, default [`Limits::NONE`].
    pub limits: Limits,
    /// The only client that those limits concern, beside those without an identifier; default `None`: all.
    pub limited_client_id: Option<String>,
    /// The identifier of clients that come without, default `None`: each gets another one.
    pub assigned_client_id: Option<String>,
    /// What CONNACK and DISCONNECT say in words, as a reason string and a user property, default `None`.
    pub words: Option<String>,
    /// Once a client's aliases are all in use, they are given to other topics in turn, default false.
    pub renames_aliases: bool,
}

/// What a server does not have (MQTT 5 §3.2.2.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The highest QoS that it takes and grants.
    pub maximum_qos: QoS,
    /// Whether it retains messages.
    pub retain: bool,
    /// Whether topic filters may have wildcards.
    pub wildcards: bool,
    /// Whether subscriptions may have identifiers.
    pub identifiers: bool,
}

impl Limits {
    /// Clients can have everything.
    pub const NONE: Self =
        Self { maximum_qos: QoS::ExactlyOnce, retain: true, wildcards: true, identifiers: true };
}

impl Default for Mqtt5 {
    fn default() -> Self {
        Self {
            session_expiry_max_s: u32::MAX,
            receive_maximum: 20,
            topic_alias_maximum: 10,
            keep_alive_max_s: None,
            response_information: None,
            limits: Limits::NONE,
            limited_client_id: None,
            assigned_client_id: None,
            words: None,
            renames_aliases: false,
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
