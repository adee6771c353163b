//! Which values properties may have (MQTT 5 §2.2.2.2), and which of them a PUBLISH may have (§3.3.2.3).

use super::{
    CONTENT_TYPE, CORRELATION_DATA, MESSAGE_EXPIRY_INTERVAL, PAYLOAD_FORMAT_INDICATOR, Properties,
    RESPONSE_TOPIC, SUBSCRIPTION_IDENTIFIER, TOPIC_ALIAS, USER_PROPERTY, text,
};

/// The bytes are properties, each with a value of its type.
pub(in crate::oracle) fn are_properties(bytes: &[u8]) -> bool {
    Properties::of(bytes).is_some_and(|properties| properties.iter().all(has_type))
}

/// The same properties may be in a PUBLISH.
pub(in crate::oracle) fn are_of_publish(bytes: &[u8]) -> bool {
    let Some(properties) = Properties::of(bytes) else { return false };
    let may_be = |(id, value): (u8, &[u8])| match id {
        PAYLOAD_FORMAT_INDICATOR
        | MESSAGE_EXPIRY_INTERVAL
        | CONTENT_TYPE
        | CORRELATION_DATA
        | USER_PROPERTY => true,
        RESPONSE_TOPIC => is_topic_name(&value[2..]),
        SUBSCRIPTION_IDENTIFIER | TOPIC_ALIAS => value.iter().any(|byte| *byte != 0),
        _ => false,
    };
    let is_once = |id| {
        let repeats = matches!(id, USER_PROPERTY | SUBSCRIPTION_IDENTIFIER);
        repeats || properties.iter().filter(|(other, _)| *other == id).count() == 1
    };
    properties.iter().all(|property| may_be(property) && is_once(property.0))
}

/// One of the properties is one of these.
pub(in crate::oracle) fn id_is_among(bytes: &[u8], ids: &[u8]) -> bool {
    Properties::of(bytes)
        .is_some_and(|properties| properties.iter().any(|(id, _)| ids.contains(&id)))
}

/// A topic can have this name (MQTT 5 §4.7).
pub(in crate::oracle) fn is_topic_name(name: &[u8]) -> bool {
    let is_special = |byte: &u8| matches!(byte, b'+' | b'#' | 0);
    let size_is_right = (1..=usize::from(u16::MAX)).contains(&name.len());
    size_is_right && str::from_utf8(name).is_ok() && !name.iter().any(is_special)
}

fn has_type((id, value): (u8, &[u8])) -> bool {
    match id {
        0x01 | 0x17 | 0x19 | 0x24 | 0x25 | 0x28 | 0x29 | 0x2A => value[0] < 2,
        // the shortest form of a number [MQTT5-1.5.5-1]
        SUBSCRIPTION_IDENTIFIER => {
            let last = value[value.len() - 1];
            last < 0x80 && (last > 0 || value.len() == 1)
        }
        0x03 | 0x08 | 0x12 | 0x15 | 0x1A | 0x1C | 0x1F => is_string(value),
        USER_PROPERTY => {
            let (name, value) = value.split_at(text(value).unwrap_or(0));
            is_string(name) && is_string(value)
        }
        _ => true,
    }
}

/// A UTF-8 encoded string with its length (MQTT 5 §1.5.4).
fn is_string(field: &[u8]) -> bool {
    let content = &field[2..];
    str::from_utf8(content).is_ok() && !content.contains(&0)
}
