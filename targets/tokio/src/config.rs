//! What the caller decides, owned, with defaults for a machine that has an operating system.

mod mqtt5;

use bytes::Bytes;
use fivewire_core::client::Memory;
use fivewire_core::config::{self, Overflow, Release, Resubscribe};
use fivewire_core::error::ConfigError;
use fivewire_core::mqtt::v5::Properties;
use fivewire_core::mqtt::{self, ProtocolVersion, QoS};

use crate::planted::Planted;
use crate::recording::Recording;
use mqtt5::Mqtt5;

/// The configuration of a [`Client`](crate::Client).
///
/// Each setting has the name, unit, range and default of [`fivewire_core::config::Config`], where
/// the reasons are; a wrong one is named by [`Client::connect`](crate::Client::connect).
///
/// ```
/// use fivewire_tokio::{Config, QoS};
///
/// let config = Config::new("greenhouse-7")
///     .broker("broker.example")
///     .keep_alive_s(30)
///     .will("greenhouse/7/online", "0", QoS::AtLeastOnce, true);
/// assert!(config.validate().is_ok());
/// assert!(config.recovery_bound_ms() <= 45_000);
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    client_id: String,
    pub(crate) broker: String,
    username: Option<String>,
    password: Option<Vec<u8>>,
    will: Option<Will>,
    mqtt5: Mqtt5,
    /// Everything that is no text.
    settings: config::Config<'static>,
    pub(crate) seed: Option<u64>,
    pub(crate) paused: bool,
    pub(crate) queue_messages: usize,
    pub(crate) recording: Option<Recording>,
    receive_bytes: usize,
    transmit_bytes: usize,
    outbox_bytes: usize,
    subscriptions_bytes: usize,
    pub(crate) planted: Planted,
}

#[derive(Clone, Debug)]
struct Will {
    topic: String,
    payload: Bytes,
    qos: QoS,
    retain: bool,
}

/// Writes setters of the core's settings, each with the name it has there.
macro_rules! core_settings {
    ($($(#[$docs:meta])* $name:ident: $type:ty,)*) => {$(
        $(#[$docs])*
        #[must_use]
        pub const fn $name(mut self, $name: $type) -> Self {
            self.settings.$name = $name;
            self
        }
    )*};
}

impl Config {
    /// The defaults, for this client identifier. It names the session at the broker, so it must be
    /// the client's own and stay the same over restarts [MQTT-3.1.3-2]. In MQTT 5 it may be empty: the
    /// broker then chooses one for this run, and [`BrokerSaid`](crate::BrokerSaid) tells it
    /// [MQTT5-3.1.3-7].
    #[must_use]
    pub fn new(client_id: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            broker: "localhost".to_owned(),
            username: None,
            password: None,
            will: None,
            mqtt5: Mqtt5::new(),
            settings: config::Config { manages_wifi: false, ..config::Config::new("") },
            seed: None,
            paused: false,
            queue_messages: 64,
            recording: None,
            receive_bytes: 64 * 1024,
            transmit_bytes: 16 * 1024,
            outbox_bytes: 64 * 1024,
            subscriptions_bytes: 4 * 1024,
            planted: Planted::NONE,
        }
    }

    /// Where the broker is, `host` or `host:port`, default `localhost`. Not used by
    /// [`Client::connect_with`](crate::Client::connect_with).
    #[must_use]
    pub fn broker(mut self, address: impl Into<String>) -> Self {
        self.broker = address.into();
        self
    }

    /// User name and password, default none.
    #[must_use]
    pub fn login(mut self, username: impl Into<String>, password: impl Into<Vec<u8>>) -> Self {
        self.username = Some(username.into());
        self.password = Some(password.into());
        self
    }

    /// What the broker publishes when the client vanishes, default nothing. Needs
    /// `keep_alive_s` > 0 to be told in bounded time (P10).
    #[must_use]
    pub fn will(
        mut self,
        topic: impl Into<String>,
        payload: impl Into<Bytes>,
        qos: QoS,
        retain: bool,
    ) -> Self {
        self.will = Some(Will { topic: topic.into(), payload: payload.into(), qos, retain });
        self
    }

    core_settings! {
        /// The version of MQTT to speak, default 3.1.1.
        protocol: ProtocolVersion,
        /// Seconds, 0 to 65,535, default 60. The broker takes the client for dead after 1.5 times
        /// this silence [MQTT-3.1.2-24]; 0 means never.
        keep_alive_s: u16,
        /// Milliseconds, 0 or 1,000 to 3/4 of keep alive, default 0: a quarter of keep alive.
        ping_interval_ms: u32,
        /// Milliseconds, 500 to 60,000, default 6,000, for the answers to CONNECT and PINGREQ.
        response_timeout_ms: u32,
        /// Milliseconds, 1,000 to 600,000, default 20,000, until a broker that lives but leaves the
        /// oldest publication unacknowledged, or a subscription unanswered, is left.
        ack_timeout_ms: u32,
        /// Ask for a session that ends with the connection. Default `false`: the broker keeps
        /// QoS 1 messages for a client that is away.
        ///
        /// Clients with a single option `clean` mean [`clean_init`](Self::clean_init) by it: an old
        /// session is forgotten once, at the start, and this stays `false`.
        clean_session: bool,
        /// At the first connection, have the broker forget the session that an earlier run of
        /// this program left. Default `true`. Set it to `false` to get what came in between;
        /// [`paused`](Self::paused) says how not to miss it.
        clean_init: bool,
        /// QoS 1 publications under way at once, 1 to 16, default 8.
        window: u8,
        /// QoS 1 messages handed out and not yet released, 1 to 32, default 16. Matters with
        /// [`Release::Explicit`]. In MQTT 5 the broker is told, and keeps to it (§3.1.2.11.3).
        receive_maximum: u8,
        /// When a received QoS 1 message is acknowledged to the broker. Default
        /// [`Release::AtHandOut`]: once it is in the queue of its [`Subscription`](crate::Subscription).
        /// With [`Release::Explicit`], once [`Message::release`](crate::Message::release) was called.
        release: Release,
        /// When subscriptions are renewed, default when the broker lost the session.
        resubscribe: Resubscribe,
        /// What a full outbox does, default [`Overflow::Refuse`]: publishers wait. With
        /// [`Overflow::DropOldest`] the oldest publication that was never sent is `Abandoned`
        /// instead, if there is one.
        overflow: Overflow,
        /// Milliseconds, 500 to 60,000, default 6,000, for name resolution and the handshake.
        open_timeout_ms: u32,
        /// Milliseconds, 50 to 60,000, default 500. The longest pause before the first new attempt.
        backoff_first_ms: u32,
        /// Milliseconds, `backoff_first_ms` to 600,000, default 8,000. No pause is longer.
        backoff_last_ms: u32,
    }

    /// What the pauses between attempts are drawn from, default different in each run. Set it where
    /// a run must be repeatable, as in a simulation.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Hand out no message before [`Client::resume`](crate::Client::resume), default `false`.
    ///
    /// Messages always wait while there is no [`Subscription`](crate::Subscription) at all. A program
    /// that takes up an old session (`clean_init(false)`) with several of them starts paused and
    /// resumes once it has them all; otherwise what the session kept for the later ones would find
    /// nobody who wants it.
    #[must_use]
    pub const fn paused(mut self, paused: bool) -> Self {
        self.paused = paused;
        self
    }

    /// Messages that wait in each [`Subscription`](crate::Subscription), from 1, default 64. When one
    /// is full, the client takes no message off the connection until there is room.
    #[must_use]
    pub const fn queue_messages(mut self, queue_messages: usize) -> Self {
        self.queue_messages = queue_messages;
        self
    }

    /// Records everything that the core is told and says. Default nothing.
    #[must_use]
    pub fn record(mut self, recording: Recording) -> Self {
        self.recording = Some(recording);
        self
    }

    /// Bytes, from 64, default 65,536. Limits the largest message that can be received (32 bytes
    /// less, topic included), and holds those that wait while queues are full. In MQTT 5 the broker is
    /// told that limit as the maximum packet size, and sends nothing larger (§3.1.2.11.4).
    #[must_use]
    pub const fn receive_bytes(mut self, receive_bytes: usize) -> Self {
        self.receive_bytes = receive_bytes;
        self
    }

    /// Bytes, from 64, default 16,384. What leaves in one write; larger publications leave in
    /// pieces. Raised where the CONNECT packet needs more.
    #[must_use]
    pub const fn transmit_bytes(mut self, transmit_bytes: usize) -> Self {
        self.transmit_bytes = transmit_bytes;
        self
    }

    /// Bytes, from 64, default 65,536. Holds publications until their outcome is known, each with
    /// 20 bytes more than its packet, so it limits the largest one, too.
    #[must_use]
    pub const fn outbox_bytes(mut self, outbox_bytes: usize) -> Self {
        self.outbox_bytes = outbox_bytes;
        self
    }

    /// Bytes, default 4,096. Holds topic filters, each with 12 bytes more than its text.
    #[must_use]
    pub const fn subscriptions_bytes(mut self, subscriptions_bytes: usize) -> Self {
        self.subscriptions_bytes = subscriptions_bytes;
        self
    }

    /// A bug for the simulator to find. Nothing can be planted without the feature `planted`.
    #[must_use]
    pub const fn planted(mut self, planted: Planted) -> Self {
        self.planted = planted;
        self
    }

    /// Checks every setting. [`Client::connect`](crate::Client::connect) does so, too.
    ///
    /// # Errors
    /// The first setting that is wrong, its value, and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.queue_messages == 0 {
            let (min, max) = (1, u32::MAX);
            return Err(ConfigError::OutOfRange { field: "queue_messages", value: 0, min, max });
        }
        self.validate_version()?;
        self.with_core(|core| core.validate())
    }

    /// The longest time, in milliseconds, from the moment the last fault heals until the client is
    /// connected again (P6).
    #[must_use]
    pub fn recovery_bound_ms(&self) -> u32 {
        self.with_core(|core| core.recovery_bound_ms())
    }

    /// Calls `use_it` with the same as the core takes it.
    pub(crate) fn with_core<T>(&self, use_it: impl FnOnce(&config::Config<'_>) -> T) -> T {
        let (connect, will_properties) = (self.mqtt5.of_connect(), self.mqtt5.of_will());
        use_it(&config::Config {
            client_id: &self.client_id,
            username: self.username.as_deref(),
            password: self.password.as_deref(),
            will: self.will.as_ref().map(|will| mqtt::Will {
                topic: &will.topic,
                payload: &will.payload,
                qos: will.qos,
                retain: will.retain,
            }),
            mqtt5: config::Mqtt5 {
                connect: Properties::of(&connect),
                will: Properties::of(&will_properties),
                ..self.settings.mqtt5
            },
            ..self.settings
        })
    }

    /// All memory that the core will ever use.
    pub(crate) fn memory(&self) -> Memory<Box<[u8]>> {
        let buffer = |size_bytes| vec![0; size_bytes].into_boxed_slice();
        let connect_bytes = self.connect_bytes();
        Memory {
            receive: buffer(self.receive_bytes),
            transmit: buffer(self.transmit_bytes.max(connect_bytes)),
            outbox: buffer(self.outbox_bytes),
            subscriptions: buffer(self.subscriptions_bytes),
            connect: buffer(connect_bytes + self.aliases_bytes()),
        }
    }

    /// The CONNECT packet: 14 bytes, 2 more than each text in it, and what MQTT 5 adds.
    fn connect_bytes(&self) -> usize {
        let will = self.will.as_ref();
        let texts = [
            Some(self.client_id.len()),
            self.username.as_ref().map(String::len),
            self.password.as_ref().map(Vec::len),
            will.map(|will| will.topic.len()),
            will.map(|will| will.payload.len()),
        ];
        let more = if self.speaks_v5() { self.mqtt5.connect_bytes() } else { 0 };
        14 + more + texts.into_iter().flatten().map(|len| 2 + len).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::properties::Properties;
    use fivewire_core::client::Client;

    #[test]
    fn the_connect_packet_always_fits() {
        for long in [1, 100, 200, 20_000, 65_535] {
            let text = "x".repeat(long);
            let config = Config::new(&text)
                .login(&text, text.as_str())
                .will(&text, text.clone(), QoS::AtLeastOnce, true)
                .transmit_bytes(64);
            let fits = |config: &Config| {
                config.with_core(|core| Client::new(core, config.memory(), 0).is_ok())
            };
            assert!(fits(&config), "{long}");
            let properties = Properties {
                payload_is_utf8: true,
                message_expiry_interval_s: Some(1),
                content_type: Some(text.clone()),
                response_topic: Some(text.clone()),
                correlation_data: Some(text.clone().into()),
                user_properties: vec![(text.clone(), text.clone()); 2],
            };
            let config = config
                .protocol(ProtocolVersion::V5)
                .will_properties(properties)
                .will_delay_interval_s(1)
                .request_problem_information(false)
                .request_response_information(true)
                .user_property(&text, &text)
                .user_property(&text, "");
            assert!(fits(&config), "{long} in MQTT 5");
        }
    }

    #[test]
    fn errors_name_the_setting() {
        let message = |config: Config| config.validate().unwrap_err().to_string();
        assert_eq!(message(Config::new("c").window(17)), "window is 17, but must be from 1 to 16");
        assert_eq!(
            message(Config::new("c").queue_messages(0)),
            "queue_messages is 0, but must be from 1 to 4294967295"
        );
        assert!(message(Config::new("")).contains("client_id"));
        let will = Config::new("c").will("a/#", "", QoS::AtMostOnce, false);
        assert!(message(will).contains("will.topic"));
    }
}
