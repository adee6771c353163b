//! What MQTT 5 adds to a message, kept for as long as the message is.

use fivewire_core::mqtt::v5::{Properties, Property};
use fivewire_core::time::Instant;

/// A property that is passed on as it came.
#[derive(Debug)]
enum Kept {
    PayloadFormatIndicator(bool),
    ContentType(String),
    ResponseTopic(String),
    CorrelationData(Vec<u8>),
    UserProperty(String, String),
}

/// The properties of a message, in the order in which they came [MQTT5-3.3.2-18], and its end.
#[derive(Debug)]
pub(in crate::broker) struct Extras {
    kept: Vec<Kept>,
    /// The message expiry interval it came with, in seconds.
    interval_s: Option<u32>,
    /// When nobody wants it any more.
    pub(in crate::broker) ends_at: Option<Instant>,
}

impl Extras {
    /// Those of a message that came at `now`; `None` if there is nothing to keep.
    pub(super) fn of(properties: Properties<'_>, now: Instant) -> Option<Self> {
        let kept: Vec<Kept> = properties.iter().filter_map(keep).collect();
        let interval_s = properties.message_expiry_interval_s();
        let ends_at = interval_s.map(|seconds| plus_s(now, seconds));
        (interval_s.is_some() || !kept.is_empty()).then_some(Self { kept, interval_s, ends_at })
    }

    /// Calls `push` with the properties as they leave at `now`: the interval is what is left of it
    /// [MQTT5-3.3.2-6], unless it is to be passed on `unchanged`.
    pub(super) fn for_each<'a>(
        &'a self,
        now: Instant,
        unchanged: bool,
        mut push: impl FnMut(Property<'a>),
    ) {
        if let (Some(interval_s), Some(ends_at)) = (self.interval_s, self.ends_at) {
            let left_us = ends_at.as_micros().saturating_sub(now.as_micros());
            let left_s = u32::try_from(left_us.div_ceil(1_000_000)).unwrap_or(u32::MAX);
            push(Property::MessageExpiryInterval(if unchanged { interval_s } else { left_s }));
        }
        for property in &self.kept {
            push(match property {
                Kept::PayloadFormatIndicator(is_utf8) => Property::PayloadFormatIndicator(*is_utf8),
                Kept::ContentType(text) => Property::ContentType(text),
                Kept::ResponseTopic(topic) => Property::ResponseTopic(topic),
                Kept::CorrelationData(bytes) => Property::CorrelationData(bytes),
                Kept::UserProperty(name, value) => Property::UserProperty(name, value),
            });
        }
    }
}

fn keep(property: Property<'_>) -> Option<Kept> {
    Some(match property {
        Property::PayloadFormatIndicator(is_utf8) => Kept::PayloadFormatIndicator(is_utf8),
        Property::ContentType(text) => Kept::ContentType(text.into()),
        Property::ResponseTopic(topic) => Kept::ResponseTopic(topic.into()),
        Property::CorrelationData(bytes) => Kept::CorrelationData(bytes.into()),
        Property::UserProperty(name, value) => Kept::UserProperty(name.into(), value.into()),
        _ => return None,
    })
}

/// So many seconds later.
pub(super) const fn plus_s(now: Instant, seconds: u32) -> Instant {
    Instant::from_micros(now.as_micros().saturating_add(seconds as u64 * 1_000_000))
}
