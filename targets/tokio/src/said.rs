//! What a broker of MQTT 5 says of itself.

use std::fmt;

use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5;

/// What the broker said besides in its CONNACK (MQTT 5 §3.2.2.3) or DISCONNECT (§3.14.2.2). What it
/// did not say has the value that the specification gives to its absence.
///
/// The client keeps to its limits by itself: it withholds publications beyond
/// [`receive_maximum`](Self::receive_maximum), refuses what the broker would not take, and pings as often as
/// [`server_keep_alive_s`](Self::server_keep_alive_s) wants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct BrokerSaid {
    /// Seconds for which the session outlives the connection, where that is not what was asked for;
    /// `u32::MAX` is for ever.
    pub session_expiry_interval_s: Option<u32>,
    /// How many QoS 1 publications it takes at once, 1 to 65,535, default 65,535.
    pub receive_maximum: u16,
    /// The highest QoS that it takes, default 2.
    pub maximum_qos: QoS,
    /// It keeps retained messages, default true.
    pub retain_available: bool,
    /// The largest packet in bytes that it takes, default any.
    pub maximum_packet_size_bytes: Option<u32>,
    /// The client identifier that it chose, where the client had none [MQTT5-3.1.3-7].
    pub assigned_client_identifier: Option<String>,
    /// The largest topic alias that it takes, default 0: none.
    pub topic_alias_maximum: u16,
    /// The reason in words, for a log.
    pub reason_string: Option<String>,
    /// Names and values, in this order; a name may come often.
    pub user_properties: Vec<(String, String)>,
    /// Subscriptions may have wildcards, default true.
    pub wildcard_subscription_available: bool,
    /// Subscriptions may have identifiers, default true.
    pub subscription_identifier_available: bool,
    /// Subscriptions may be shared, default true.
    pub shared_subscription_available: bool,
    /// Seconds of keep alive that it wants instead of the client's [MQTT5-3.2.2-21]; 0 means none.
    pub server_keep_alive_s: Option<u16>,
    /// What response topics are to be made from, as
    /// [`request_response_information`](crate::Config::request_response_information) asked for.
    pub response_information: Option<String>,
    /// Which server to use instead (§4.13). The client does not go there by itself.
    pub server_reference: Option<String>,
}

impl Default for BrokerSaid {
    /// Nothing was said.
    fn default() -> Self {
        Self::from(v5::Properties::NONE)
    }
}

impl From<v5::Properties<'_>> for BrokerSaid {
    fn from(said: v5::Properties<'_>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let user = said.user_properties();
        Self {
            session_expiry_interval_s: said.session_expiry_interval_s(),
            receive_maximum: said.receive_maximum(),
            maximum_qos: said.maximum_qos(),
            retain_available: said.retain_available(),
            maximum_packet_size_bytes: said.maximum_packet_size_bytes(),
            assigned_client_identifier: owned(said.assigned_client_identifier()),
            topic_alias_maximum: said.topic_alias_maximum(),
            reason_string: owned(said.reason_string()),
            user_properties: user
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            wildcard_subscription_available: said.wildcard_subscription_available(),
            subscription_identifier_available: said.subscription_identifier_available(),
            shared_subscription_available: said.shared_subscription_available(),
            server_keep_alive_s: said.server_keep_alive_s(),
            response_information: owned(said.response_information()),
            server_reference: owned(said.server_reference()),
        }
    }
}

impl fmt::Display for BrokerSaid {
    /// What differs from the default, the reason first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &Option<String>| text.as_ref().map(|text| format!("{text:?}"));
        let lacks = |is_there: bool, what: &str| (!is_there).then(|| format!("no {what}"));
        let named =
            |name: &str, value: Option<String>| value.map(|value| format!("{name} {value}"));
        let limit = |value: u16, default| (value != default).then(|| value.to_string());
        let qos =
            (self.maximum_qos < QoS::ExactlyOnce).then(|| self.maximum_qos.as_u8().to_string());
        let seconds = |seconds: Option<u32>| match seconds {
            Some(u32::MAX) => Some("for ever".to_owned()),
            seconds => seconds.map(|seconds| format!("for {seconds} s")),
        };
        let parts = [
            quoted(&self.reason_string),
            named("use the server", quoted(&self.server_reference)),
            named("this client is", quoted(&self.assigned_client_identifier)),
            named("the session lasts", seconds(self.session_expiry_interval_s)),
            named("keep alive", self.server_keep_alive_s.map(|seconds| format!("{seconds} s"))),
            named("receive maximum", limit(self.receive_maximum, u16::MAX)),
            named("maximum QoS", qos),
            named(
                "maximum packet size",
                self.maximum_packet_size_bytes.map(|size| format!("{size} bytes")),
            ),
            named("topic alias maximum", limit(self.topic_alias_maximum, 0)),
            named("response information", quoted(&self.response_information)),
            lacks(self.retain_available, "retained messages"),
            lacks(self.wildcard_subscription_available, "wildcards"),
            lacks(self.subscription_identifier_available, "subscription identifiers"),
            lacks(self.shared_subscription_available, "shared subscriptions"),
        ];
        let user = self.user_properties.iter().map(|(name, value)| format!("{name} = {value:?}"));
        let parts: Vec<String> = parts.into_iter().flatten().chain(user).collect();
        f.write_str(if parts.is_empty() { "nothing" } else { "" })?;
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fivewire_core::mqtt::v5::Property;

    #[test]
    fn everything_that_was_said_is_there_in_fields_and_in_words() {
        let said = [
            Property::SessionExpiryInterval(60),
            Property::ReceiveMaximum(20),
            Property::MaximumQos(QoS::AtLeastOnce),
            Property::RetainAvailable(false),
            Property::MaximumPacketSize(1_000),
            Property::AssignedClientIdentifier("auto-1"),
            Property::TopicAliasMaximum(10),
            Property::ReasonString("welcome"),
            Property::UserProperty("rack", "7"),
            Property::WildcardSubscriptionAvailable(false),
            Property::SubscriptionIdentifierAvailable(false),
            Property::SharedSubscriptionAvailable(false),
            Property::ServerKeepAlive(30),
            Property::ResponseInformation("answers/7"),
            Property::ServerReference("other.example"),
        ];
        let said = BrokerSaid::from(v5::Properties::of(&said));
        assert_eq!(
            said,
            BrokerSaid {
                session_expiry_interval_s: Some(60),
                receive_maximum: 20,
                maximum_qos: QoS::AtLeastOnce,
                retain_available: false,
                maximum_packet_size_bytes: Some(1_000),
                assigned_client_identifier: Some("auto-1".to_owned()),
                topic_alias_maximum: 10,
                reason_string: Some("welcome".to_owned()),
                user_properties: vec![("rack".to_owned(), "7".to_owned())],
                wildcard_subscription_available: false,
                subscription_identifier_available: false,
                shared_subscription_available: false,
                server_keep_alive_s: Some(30),
                response_information: Some("answers/7".to_owned()),
                server_reference: Some("other.example".to_owned()),
            }
        );
        assert_eq!(
            said.to_string(),
            "\"welcome\", use the server \"other.example\", this client is \"auto-1\", the session \
             lasts for 60 s, keep alive 30 s, receive maximum 20, maximum QoS 1, maximum packet \
             size 1000 bytes, topic alias maximum 10, response information \"answers/7\", no \
             retained messages, no wildcards, no subscription identifiers, no shared \
             subscriptions, rack = \"7\""
        );
        assert_eq!(BrokerSaid::default().to_string(), "nothing");
    }
}
