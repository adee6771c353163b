//! What travels with a message in MQTT 5: as the application says it and is told, as it is in a packet,
//! and as those who watch want it.

use fivewire_core::mqtt::v5::{self, Property};
use fivewire_tokio::Properties;

use crate::oracle::properties as wire;

/// Lends them to those who watch.
pub(super) fn lend<R>(properties: &Properties, show: impl FnOnce(v5::Properties<'_>) -> R) -> R {
    let single = [
        properties.payload_is_utf8.then_some(Property::PayloadFormatIndicator(true)),
        properties.message_expiry_interval_s.map(Property::MessageExpiryInterval),
        properties.content_type.as_deref().map(Property::ContentType),
        properties.response_topic.as_deref().map(Property::ResponseTopic),
        properties.correlation_data.as_deref().map(Property::CorrelationData),
    ];
    let user = properties.user_properties.iter();
    let user = user.map(|(name, value)| Property::UserProperty(name, value));
    let all: Vec<Property<'_>> = single.into_iter().flatten().chain(user).collect();
    show(v5::Properties::of(&all))
}

/// Those of a packet that passed the broker's socket, as the oracle reads it.
pub(super) fn of_packet(packet: wire::Properties<'_>) -> Properties {
    let mut properties =
        Properties { message_expiry_interval_s: packet.expiry_s(), ..Properties::default() };
    for (id, value) in packet.iter() {
        match id {
            wire::PAYLOAD_FORMAT_INDICATOR => properties.payload_is_utf8 = value == [1],
            wire::CONTENT_TYPE => properties.content_type = Some(text(&value[2..])),
            wire::RESPONSE_TOPIC => properties.response_topic = Some(text(&value[2..])),
            wire::CORRELATION_DATA => {
                properties.correlation_data = Some(value[2..].to_vec().into());
            }
            wire::USER_PROPERTY => {
                let (name, value) = value.split_at(wire::text(value).unwrap_or_default());
                properties.user_properties.push((text(&name[2..]), text(&value[2..])));
            }
            _ => {}
        }
    }
    properties
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_the_same_in_a_packet_and_for_those_who_watch() {
        let packet =
            b"\x26\x00\x01k\x00\x02vw\x02\x00\x00\x00\x3c\x01\x01\x08\x00\x03a/b\x26\x00\x01k\
            \x00\x00\x09\x00\x01\xff\x03\x00\x01t";
        let read = of_packet(wire::Properties::of(packet).expect("they are well-formed"));
        let expected = Properties {
            payload_is_utf8: true,
            message_expiry_interval_s: Some(60),
            content_type: Some("t".into()),
            response_topic: Some("a/b".into()),
            correlation_data: Some(vec![255].into()),
            user_properties: vec![("k".into(), "vw".into()), ("k".into(), String::new())],
        };
        assert_eq!(read, expected);
        assert_eq!(lend(&read, |lent| Properties::from(lent)), expected);
        assert!(lend(&Properties::default(), |lent| lent.is_empty()));
    }
}
