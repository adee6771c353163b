//! What the caller decides: every knob with its unit, range, default and the reason for it.

#[cfg(feature = "mqtt5")]
mod mqtt5;

use crate::error::{ConfigError, TopicError};
use crate::mqtt::{ProtocolVersion, QoS, Will, topic};
use crate::planted::Planted;
#[cfg(feature = "mqtt5")]
pub use mqtt5::Mqtt5;

/// When a QoS 1 message that was received is acknowledged to the broker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Release {
    /// As soon as the application got it from `poll`.
    AtHandOut,
    /// When the application calls `release`, for example once the message is in flash.
    Explicit,
}

/// When subscriptions are renewed on a new connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resubscribe {
    /// Where the broker says that it lost the session.
    WhenSessionLost,
    /// On every connection: for brokers that may come back with an old state of the session. Each
    /// renewal makes the broker send its retained messages once more.
    Always,
}

/// What happens to a QoS 1 publication that finds the outbox full of other QoS 1 publications. Those
/// with QoS 0 make way for it in either case, where they were never sent; one with QoS 0 that finds
/// the outbox full is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Overflow {
    /// `publish` returns `OutboxFull`, and the application decides.
    Refuse,
    /// The oldest publications that were never sent are abandoned, and counted, until it fits. If
    /// they are too few, it is `OutboxFull` all the same.
    DropOldest,
}

/// The configuration of a client.
///
/// ```
/// use fivewire_core::config::Config;
///
/// let config = Config { keep_alive_s: 30, ..Config::new("greenhouse-7") };
/// assert!(config.validate().is_ok());
/// assert!(config.recovery_bound_ms() <= 60_000);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Config<'a> {
    /// The version of MQTT to speak. Default 3.1.1.
    pub protocol: ProtocolVersion,
    /// What is asked for with MQTT 5. Ignored with 3.1.1.
    #[cfg(feature = "mqtt5")]
    pub mqtt5: Mqtt5<'a>,
    /// The client identifier, 1 to 65,535 bytes. It names the session, so it must be the client's
    /// own and stay the same over restarts [MQTT-3.1.3-2]. With MQTT 5 it may be empty: the broker
    /// then chooses one, which lasts until the next power-up [MQTT5-3.1.3-7].
    pub client_id: &'a str,
    /// The user name, if the broker wants one.
    pub username: Option<&'a str>,
    /// The password; with MQTT 3.1.1 only together with a user name [MQTT-3.1.2-22].
    pub password: Option<&'a [u8]>,
    /// What the broker publishes when the client vanishes. Needs `keep_alive_s` > 0 to be told in
    /// bounded time.
    pub will: Option<Will<'a>>,
    /// Seconds, 0 to 65,535, default 60. The broker takes a client for dead after 1.5 times this
    /// silence [MQTT-3.1.2-24]; 0 means never.
    pub keep_alive_s: u16,
    /// Milliseconds, 0 or 1,000 to 3/4 of keep alive, default 0: a quarter of keep alive, or 15 s
    /// where that is 0. After this long without a packet in either direction a PINGREQ is sent.
    pub ping_interval_ms: u32,
    /// Milliseconds, 500 to 60,000, default 6,000. The broker must answer CONNECT and PINGREQ
    /// within it: slower than any broker on a loaded uplink, faster than a person's patience.
    pub response_timeout_ms: u32,
    /// Milliseconds, 1,000 to 600,000, default 20,000. A broker that lives but leaves the oldest
    /// publication unacknowledged, or SUBSCRIBE and UNSUBSCRIBE unanswered, for this long is left,
    /// however much else it acknowledges meanwhile: it does so in order [MQTT-4.6.0-2]. What is
    /// unacknowledged is redelivered on a new connection. Time in which the application holds, so
    /// that nothing is read, does not count.
    pub ack_timeout_ms: u32,
    /// Ask for a session that ends with the connection. Default `false`: the broker then keeps
    /// QoS 1 messages for a client that is away, which is what this crate is for.
    pub clean_session: bool,
    /// At the first connection after power-up, have the broker forget the session that an earlier
    /// life of this client left. Default `true`. Only matters where `clean_session` is `false`.
    pub clean_init: bool,
    /// QoS 1 publications under way at once, 1 to 16, default 8.
    pub window: u8,
    /// QoS 1 messages handed out and not yet released, 1 to 32, default 16. Further messages wait.
    pub receive_maximum: u8,
    /// When received QoS 1 messages are acknowledged. Default at hand-out.
    pub release: Release,
    /// When subscriptions are renewed. Default when the session was lost.
    pub resubscribe: Resubscribe,
    /// What a full outbox does. Default refuse.
    pub overflow: Overflow,
    /// The client joins and leaves the network itself. Default `true`; `false` for wired machines
    /// and operating systems, where `JoinWifi` is never asked for.
    pub manages_wifi: bool,
    /// Milliseconds, 1,000 to 60,000, default 12,000: association and DHCP rarely take over 5 s.
    pub join_timeout_ms: u32,
    /// Milliseconds, 500 to 60,000, default 6,000: name resolution and the handshake, with two lost
    /// segments (retransmitted after 1 s and 3 s).
    pub open_timeout_ms: u32,
    /// Milliseconds, 50 to 60,000, default 500. The longest pause before the first new attempt; it
    /// doubles with each failure. Also the pause after a clean slate.
    pub backoff_first_ms: u32,
    /// Milliseconds, `backoff_first_ms` to 600,000, default 8,000. No pause is longer. The pause is
    /// drawn evenly from its upper half, so that a thousand boards do not return as one.
    pub backoff_last_ms: u32,
    /// TCP attempts without an answer before the network itself is left and joined again, 1 to 255,
    /// default 3. They are counted anew when the network is joined. A refusal is an answer: it
    /// shows that the network works.
    pub attempts_before_wifi: u8,
    /// A bug for the simulator to find. Nothing can be planted without the feature `planted`.
    #[doc(hidden)]
    pub planted: Planted,
}

impl<'a> Config<'a> {
    /// The defaults, for this client identifier.
    #[must_use]
    pub const fn new(client_id: &'a str) -> Self {
        Self {
            protocol: ProtocolVersion::V3_1_1,
            #[cfg(feature = "mqtt5")]
            mqtt5: Mqtt5::new(),
            client_id,
            username: None,
            password: None,
            will: None,
            keep_alive_s: 60,
            ping_interval_ms: 0,
            response_timeout_ms: 6_000,
            ack_timeout_ms: 20_000,
            clean_session: false,
            clean_init: true,
            window: 8,
            receive_maximum: 16,
            release: Release::AtHandOut,
            resubscribe: Resubscribe::WhenSessionLost,
            overflow: Overflow::Refuse,
            manages_wifi: true,
            join_timeout_ms: 12_000,
            open_timeout_ms: 6_000,
            backoff_first_ms: 500,
            backoff_last_ms: 8_000,
            attempts_before_wifi: 3,
            planted: Planted::NONE,
        }
    }

    /// The configuration whose CONNECT is the smallest there is: it fits wherever another one did.
    /// `None` for a version that this build does not know.
    pub(crate) const fn smallest(speaks_mqtt5: bool) -> Option<Self> {
        if !speaks_mqtt5 {
            return Some(Self::new("c"));
        }
        #[cfg(feature = "mqtt5")]
        return Some(Self { protocol: ProtocolVersion::V5, clean_session: true, ..Self::new("") });
        #[cfg(not(feature = "mqtt5"))]
        None
    }

    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is wrong, its value, and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_texts()?;
        #[cfg(feature = "mqtt5")]
        self.mqtt5.validate()?;
        let ping_max =
            if self.keep_alive_s == 0 { 600_000 } else { u32::from(self.keep_alive_s) * 750 };
        if self.ping_interval_ms != 0 {
            in_range("ping_interval_ms", self.ping_interval_ms, 1_000.min(ping_max), ping_max)?;
        }
        in_range("response_timeout_ms", self.response_timeout_ms, 500, 60_000)?;
        in_range("ack_timeout_ms", self.ack_timeout_ms, 1_000, 600_000)?;
        in_range("window", u32::from(self.window), 1, 16)?;
        in_range("receive_maximum", u32::from(self.receive_maximum), 1, 32)?;
        in_range("join_timeout_ms", self.join_timeout_ms, 1_000, 60_000)?;
        in_range("open_timeout_ms", self.open_timeout_ms, 500, 60_000)?;
        in_range("backoff_first_ms", self.backoff_first_ms, 50, 60_000)?;
        in_range("backoff_last_ms", self.backoff_last_ms, self.backoff_first_ms, 600_000)?;
        in_range("attempts_before_wifi", u32::from(self.attempts_before_wifi), 1, 255)
    }

    fn validate_texts(&self) -> Result<(), ConfigError> {
        let client_id = self.client_id.as_bytes();
        if client_id.is_empty() && self.protocol == ProtocolVersion::V3_1_1 {
            return Err(ConfigError::OutOfRange {
                field: "client_id (bytes)",
                value: 0,
                min: 1,
                max: 65_535,
            });
        }
        short_enough("client_id", client_id)?;
        if client_id.contains(&0) {
            return Err(ConfigError::Topic { field: "client_id", error: TopicError::Nul });
        }
        if let Some(username) = self.username {
            short_enough("username", username.as_bytes())?;
            if username.contains('\0') {
                return Err(ConfigError::Topic { field: "username", error: TopicError::Nul });
            }
        }
        if let Some(password) = self.password {
            short_enough("password", password)?;
            if self.username.is_none() && self.protocol == ProtocolVersion::V3_1_1 {
                return Err(ConfigError::Contradiction {
                    explanation: "password is set without username: set both or neither [MQTT-3.1.2-22]",
                });
            }
        }
        if let Some(will) = &self.will {
            topic::validate_name(will.topic)
                .map_err(|error| ConfigError::Topic { field: "will.topic", error })?;
            short_enough("will.payload", will.payload)?;
            if will.qos == QoS::ExactlyOnce {
                return Err(ConfigError::OutOfRange {
                    field: "will.qos",
                    value: 2,
                    min: 0,
                    max: 1,
                });
            }
        }
        Ok(())
    }

    /// The interval between signs of life, with its default filled in. Milliseconds.
    #[must_use]
    pub const fn effective_ping_interval_ms(&self) -> u32 {
        match (self.ping_interval_ms, self.keep_alive_s) {
            (0, 0) => 15_000,
            (0, keep_alive_s) => keep_alive_s as u32 * 250,
            (ping_interval_ms, _) => ping_interval_ms,
        }
    }

    /// The longest time, in milliseconds, from the moment the last fault heals until the client is
    /// connected again (P6).
    ///
    /// At that moment it may still trust a dead connection, which it notices after a ping interval
    /// and a response timeout; or wait for an answer that the broker has left out; or hang in an
    /// attempt that was doomed, and pause after it. Then it needs at most one join, and a connection,
    /// or two where it asks for a clean slate.
    #[must_use]
    pub const fn recovery_bound_ms(&self) -> u32 {
        let noticed_ms = self.effective_ping_interval_ms().saturating_add(self.response_timeout_ms);
        // A connection that lasted shorter than the longest pause does not shorten the next one.
        let short_lived = noticed_ms < self.backoff_last_ms;
        let pause_ms = if short_lived { self.backoff_last_ms } else { self.backoff_first_ms };
        let unnoticed = noticed_ms.saturating_add(pause_ms);
        let left_out = self.ack_timeout_ms.saturating_add(self.backoff_first_ms);
        let join = if self.manages_wifi { self.join_timeout_ms } else { 0 };
        let attempt = max(max(self.open_timeout_ms, self.response_timeout_ms), join);
        let doomed = attempt.saturating_add(self.backoff_last_ms);
        max(max(unnoticed, left_out), doomed).saturating_add(self.join_and_connect_ms())
    }

    /// One join, and a connection, or two where a clean slate is asked for: the longest time it takes
    /// while nothing fails. Milliseconds.
    pub(crate) const fn join_and_connect_ms(&self) -> u32 {
        let join = if self.manages_wifi { self.join_timeout_ms } else { 0 };
        let connect = self.open_timeout_ms.saturating_add(self.response_timeout_ms);
        let once_more = connect.saturating_add(self.backoff_first_ms);
        let clean_slate = if self.clean_init && !self.clean_session { once_more } else { 0 };
        join.saturating_add(connect).saturating_add(clean_slate)
    }
}

const fn max(a: u32, b: u32) -> u32 {
    if a > b { a } else { b }
}

fn in_range(field: &'static str, value: u32, min: u32, max: u32) -> Result<(), ConfigError> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(ConfigError::OutOfRange { field, value, min, max })
    }
}

fn short_enough(field: &'static str, text: &[u8]) -> Result<(), ConfigError> {
    if text.len() <= usize::from(u16::MAX) {
        Ok(())
    } else {
        Err(ConfigError::TooLong {
            field,
            size_bytes: text.len(),
            max_bytes: usize::from(u16::MAX),
        })
    }
}
