//! What MQTT 5 adds to the configuration. In 3.1.1 a broker would never hear of it, so there it is an error.

use fivewire_core::error::ConfigError;
use fivewire_core::mqtt::ProtocolVersion;
use fivewire_core::mqtt::v5::Property;

use super::Config;
use crate::properties::Properties;

/// What is asked for with MQTT 5, as far as it is not among the core's settings.
#[derive(Clone, Debug)]
pub(super) struct Mqtt5 {
    pub(super) will_properties: Properties,
    will_delay_interval_s: u32,
    request_problem_information: bool,
    request_response_information: bool,
    user_properties: Vec<(String, String)>,
    topic_aliases_bytes: usize,
}

impl Mqtt5 {
    /// The defaults are those of the specification.
    pub(super) fn new() -> Self {
        Self {
            will_properties: Properties::default(),
            will_delay_interval_s: 0,
            request_problem_information: true,
            request_response_information: false,
            user_properties: Vec::new(),
            topic_aliases_bytes: 4 * 1024,
        }
    }

    /// Further properties of CONNECT, as the core takes them.
    pub(super) fn of_connect(&self) -> Vec<Property<'_>> {
        let problem = Property::RequestProblemInformation(false);
        let response = Property::RequestResponseInformation(true);
        let single = [
            (!self.request_problem_information).then_some(problem),
            self.request_response_information.then_some(response),
        ];
        let user =
            self.user_properties.iter().map(|(name, value)| Property::UserProperty(name, value));
        single.into_iter().flatten().chain(user).collect()
    }

    /// The properties of the will, as the core takes them.
    pub(super) fn of_will(&self) -> Vec<Property<'_>> {
        let mut properties = self.will_properties.core();
        if self.will_delay_interval_s > 0 {
            properties.push(Property::WillDelayInterval(self.will_delay_interval_s));
        }
        properties
    }

    /// What they add to the CONNECT packet at most: 15 bytes for what the core asks for itself and for
    /// the delay of the will, 4 for requests of information, 6 for longer lengths. And the broker may
    /// choose a client identifier of up to 64 bytes.
    pub(super) fn connect_bytes(&self) -> usize {
        let user = |(name, value): &(String, String)| 5 + name.len() + value.len();
        let user = self.user_properties.iter().map(user).sum::<usize>();
        64 + 15 + 4 + 6 + user + self.will_properties.size_bytes_max()
    }
}

/// The settings of MQTT 5. In 3.1.1 each of them is an error, unless it is set to its default.
impl Config {
    /// What travels with the will, default nothing. Without effect without a [`will`](Self::will).
    #[must_use]
    pub fn will_properties(mut self, properties: Properties) -> Self {
        self.mqtt5.will_properties = properties;
        self
    }

    /// Seconds, default 0, that the broker waits for the client to come back before it tells the
    /// will (MQTT 5 §3.1.3.2.2); it does not wait longer than the session lasts. The will is told that
    /// much later than P10 says. Without effect without a [`will`](Self::will).
    #[must_use]
    pub const fn will_delay_interval_s(mut self, will_delay_interval_s: u32) -> Self {
        self.mqtt5.will_delay_interval_s = will_delay_interval_s;
        self
    }

    /// Seconds for which the session outlives a connection in MQTT 5, default `u32::MAX`: for ever.
    /// Brokers may grant less, which [`BrokerSaid`](crate::BrokerSaid) tells. Ignored with
    /// [`clean_session`](Self::clean_session).
    #[must_use]
    pub const fn session_expiry_interval_s(mut self, session_expiry_interval_s: u32) -> Self {
        self.settings.mqtt5.session_expiry_interval_s = session_expiry_interval_s;
        self
    }

    /// Whether the broker may tell why something failed in words and user properties, default true
    /// (MQTT 5 §3.1.2.11.7). With false it still may in CONNACK and DISCONNECT [MQTT5-3.1.2-29], which
    /// are those that [`BrokerSaid`](crate::BrokerSaid) passes on: it saves bytes of other answers.
    #[must_use]
    pub const fn request_problem_information(mut self, wanted: bool) -> Self {
        self.mqtt5.request_problem_information = wanted;
        self
    }

    /// Whether the broker is asked what response topics are to be made from, default false (MQTT 5
    /// §3.1.2.11.6). It need not answer; what it says is
    /// [`response_information`](crate::BrokerSaid::response_information).
    #[must_use]
    pub const fn request_response_information(mut self, wanted: bool) -> Self {
        self.mqtt5.request_response_information = wanted;
        self
    }

    /// Adds a name and a value, each 0 to 65,535 bytes, to what the broker is told at each connection,
    /// default none (MQTT 5 §3.1.2.11.8). What they mean is between you and it; a name may come often.
    #[must_use]
    pub fn user_property(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.mqtt5.user_properties.push((name.into(), value.into()));
        self
    }

    /// The largest topic alias that the broker may use in MQTT 5, default 0: none. The topics lie in
    /// [`topic_aliases_bytes`](Self::topic_aliases_bytes); should they not fit, the client connects
    /// anew and allows none.
    #[must_use]
    pub const fn topic_alias_maximum(mut self, topic_alias_maximum: u16) -> Self {
        self.settings.mqtt5.topic_alias_maximum = topic_alias_maximum;
        self
    }

    /// How many topics of this client's publications get an alias in MQTT 5, as far as the broker
    /// takes them and [`topic_aliases_bytes`](Self::topic_aliases_bytes) last, default 0: none.
    #[must_use]
    pub const fn own_topic_aliases(mut self, own_topic_aliases: u16) -> Self {
        self.settings.mqtt5.own_topic_aliases = own_topic_aliases;
        self
    }

    /// Bytes, default 4,096. Holds the topics that have an alias, each with 5 bytes more than its
    /// text. Allocated only where [`topic_alias_maximum`](Self::topic_alias_maximum) or
    /// [`own_topic_aliases`](Self::own_topic_aliases) is set, so it is never an error.
    #[must_use]
    pub const fn topic_aliases_bytes(mut self, topic_aliases_bytes: usize) -> Self {
        self.mqtt5.topic_aliases_bytes = topic_aliases_bytes;
        self
    }

    pub(crate) fn speaks_v5(&self) -> bool {
        self.settings.protocol == ProtocolVersion::V5
    }

    pub(crate) fn is_nameless(&self) -> bool {
        self.client_id.is_empty()
    }

    /// Topics with an alias, behind the CONNECT packet.
    pub(super) const fn aliases_bytes(&self) -> usize {
        let settings = &self.settings.mqtt5;
        if settings.topic_alias_maximum == 0 && settings.own_topic_aliases == 0 {
            return 0;
        }
        self.mqtt5.topic_aliases_bytes
    }

    /// Nothing is set that a broker of 3.1.1 would never hear of.
    pub(super) fn validate_version(&self) -> Result<(), ConfigError> {
        /// Names the setting and says what to do.
        macro_rules! needs_mqtt5 {
            ($($name:literal: $is_set:expr,)*) => {[$((
                $is_set,
                concat!($name, " is of MQTT 5: set protocol to ProtocolVersion::V5, or leave it out"),
            ),)*]};
        }
        let (own, settings) = (&self.mqtt5, &self.settings.mqtt5);
        let unheard = needs_mqtt5! {
            "will_properties": own.will_properties != Properties::default(),
            "will_delay_interval_s": own.will_delay_interval_s > 0,
            "session_expiry_interval_s": settings.session_expiry_interval_s != u32::MAX,
            "request_problem_information": !own.request_problem_information,
            "request_response_information": own.request_response_information,
            "user_property": !own.user_properties.is_empty(),
            "topic_alias_maximum": settings.topic_alias_maximum > 0,
            "own_topic_aliases": settings.own_topic_aliases > 0,
        };
        let unheard = unheard.into_iter().find(|(is_set, _)| *is_set && !self.speaks_v5());
        unheard.map_or(Ok(()), |(_, explanation)| Err(ConfigError::Contradiction { explanation }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Set = fn(Config) -> Config;

    #[test]
    fn what_only_mqtt_5_has_is_an_error_in_3_1_1_that_names_it() {
        let settings: [(&str, Set); 8] = [
            ("will_properties", |config| {
                let payload_is_utf8 = true;
                config.will_properties(Properties { payload_is_utf8, ..Properties::default() })
            }),
            ("will_delay_interval_s", |config| config.will_delay_interval_s(1)),
            ("session_expiry_interval_s", |config| config.session_expiry_interval_s(0)),
            ("request_problem_information", |config| config.request_problem_information(false)),
            ("request_response_information", |config| config.request_response_information(true)),
            ("user_property", |config| config.user_property("n", "")),
            ("topic_alias_maximum", |config| config.topic_alias_maximum(1)),
            ("own_topic_aliases", |config| config.own_topic_aliases(1)),
        ];
        for (name, set) in settings {
            let error = set(Config::new("c")).validate().unwrap_err().to_string();
            let expected = " is of MQTT 5: set protocol to ProtocolVersion::V5, or leave it out";
            assert_eq!(error, format!("{name}{expected}"));
            let v5 = set(Config::new("c").protocol(ProtocolVersion::V5));
            assert_eq!(v5.validate(), Ok(()), "{name}");
        }
        let long = Config::new("c").protocol(ProtocolVersion::V5);
        let error = long.user_property("x".repeat(65_536), "").validate().unwrap_err();
        assert!(error.to_string().contains("a value that it may not have"), "{error}");
    }
}
