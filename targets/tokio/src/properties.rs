//! What travels with a message in MQTT 5.

use bytes::Bytes;
use fivewire_core::mqtt::v5::{self, Property};

/// The properties of a message (MQTT 5 §3.3.2.3): of a [`Publication`](crate::Publication), of a
/// received [`Message`](crate::Message), or of the will. The default is none, as in MQTT 3.1.1.
///
/// ```
/// use fivewire_tokio::{Properties, Publication, QoS};
///
/// let mut question = Publication::new("clock/ask", "", QoS::AtLeastOnce);
/// question.properties = Properties {
///     response_topic: Some("clock/answers/7".to_owned()),
///     correlation_data: Some("question 1".into()),
///     ..Properties::default()
/// };
/// ```
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Properties {
    /// The payload is UTF-8 (§3.3.2.3.2). Neither this client nor most brokers check that.
    pub payload_is_utf8: bool,
    /// Seconds after which the broker need not deliver it any more [MQTT5-3.3.2-5]. For a publication
    /// it is a deadline, too, and what is left of it is what the broker is told. In a received
    /// message it is what was left.
    pub message_expiry_interval_s: Option<u32>,
    /// What the payload is, for example a MIME type.
    pub content_type: Option<String>,
    /// Where to answer: a topic name without wildcards [MQTT5-3.3.2-14].
    pub response_topic: Option<String>,
    /// What the answer is to repeat, 0 to 65,535 bytes.
    pub correlation_data: Option<Bytes>,
    /// Names and values, in this order; a name may come often.
    pub user_properties: Vec<(String, String)>,
}

impl Properties {
    /// The properties of an answer to the message that these belong to: its correlation data.
    #[must_use]
    pub fn of_answer(&self) -> Self {
        Self { correlation_data: self.correlation_data.clone(), ..Self::default() }
    }

    /// The same as the core takes them.
    pub(crate) fn core(&self) -> Vec<Property<'_>> {
        let utf8 = self.payload_is_utf8.then_some(Property::PayloadFormatIndicator(true));
        let single = [
            utf8,
            self.message_expiry_interval_s.map(Property::MessageExpiryInterval),
            self.content_type.as_deref().map(Property::ContentType),
            self.response_topic.as_deref().map(Property::ResponseTopic),
            self.correlation_data.as_deref().map(Property::CorrelationData),
        ];
        let user =
            self.user_properties.iter().map(|(name, value)| Property::UserProperty(name, value));
        single.into_iter().flatten().chain(user).collect()
    }

    /// An upper bound of the bytes they take in a packet, without their length.
    pub(crate) fn size_bytes_max(&self) -> usize {
        let text = |text: Option<usize>| text.map_or(0, |len| 3 + len);
        let user = |(name, value): &(String, String)| 5 + name.len() + value.len();
        2 + 5
            + text(self.content_type.as_ref().map(String::len))
            + text(self.response_topic.as_ref().map(String::len))
            + text(self.correlation_data.as_ref().map(Bytes::len))
            + self.user_properties.iter().map(user).sum::<usize>()
    }
}

impl From<v5::Properties<'_>> for Properties {
    fn from(received: v5::Properties<'_>) -> Self {
        if received.is_empty() {
            return Self::default();
        }
        let user = received.user_properties();
        Self {
            payload_is_utf8: received.payload_is_utf8(),
            message_expiry_interval_s: received.message_expiry_interval_s(),
            content_type: received.content_type().map(str::to_owned),
            response_topic: received.response_topic().map(str::to_owned),
            correlation_data: received.correlation_data().map(Bytes::copy_from_slice),
            user_properties: user
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_them_come_back_from_the_core_and_fit_into_their_bound() {
        let all = Properties {
            payload_is_utf8: true,
            message_expiry_interval_s: Some(7),
            content_type: Some("text/plain".to_owned()),
            response_topic: Some("a/b".to_owned()),
            correlation_data: Some(Bytes::from_static(&[0, 255])),
            user_properties: vec![
                ("n".to_owned(), "1".to_owned()),
                ("n".to_owned(), String::new()),
            ],
        };
        assert_eq!(Properties::from(v5::Properties::of(&all.core())), all);
        let publish = |properties| {
            let publish =
                v5::Publish { properties, ..v5::Publish::new("t", b"", crate::QoS::AtMostOnce) };
            v5::Packet::Publish(publish).encoded_len()
        };
        let bare = publish(v5::Properties::NONE);
        assert_eq!(publish(v5::Properties::of(&all.core())) - bare, all.size_bytes_max());
        assert_eq!(Properties::from(v5::Properties::NONE), Properties::default());
    }
}
