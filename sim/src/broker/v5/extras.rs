//! What MQTT 5 adds to a message, kept for as long as the message is.

use std::ops::Range;

use fivewire_core::mqtt::v5::{Properties, Property};
use fivewire_core::time::Instant;

/// A property that is passed on as it came; its texts and bytes lie in the memory of the message.
#[derive(Clone, Debug)]
enum Kept {
    PayloadFormatIndicator(bool),
    ContentType(Range<usize>),
    ResponseTopic(Range<usize>),
    CorrelationData(Range<usize>),
    UserProperty(Range<usize>, Range<usize>),
}

/// The properties of a message, in the order in which they came [MQTT5-3.3.2-18], and its end.
#[derive(Default, Debug)]
pub(in crate::broker) struct Extras {
    kept: Vec<Kept>,
    texts: String,
    bytes: Vec<u8>,
    /// The message expiry interval it came with, in seconds.
    interval_s: Option<u32>,
    /// When nobody wants it any more.
    pub(in crate::broker) ends_at: Option<Instant>,
    /// It came with a subscription identifier, which is not kept.
    pub(super) has_identifier: bool,
}

impl Extras {
    /// Forgets everything but the memory.
    pub(in crate::broker) fn clear(&mut self) {
        self.kept.clear();
        self.texts.clear();
        self.bytes.clear();
        self.interval_s = None;
        self.ends_at = None;
        self.has_identifier = false;
    }

    /// Becomes those of a message that came at `now`.
    pub(in crate::broker) fn keep(&mut self, properties: Properties<'_>, now: Instant) {
        self.clear();
        for property in properties.iter() {
            self.keep_one(property, now);
        }
    }

    fn keep_one(&mut self, property: Property<'_>, now: Instant) {
        let kept = match property {
            Property::PayloadFormatIndicator(is_utf8) => Kept::PayloadFormatIndicator(is_utf8),
            Property::ContentType(text) => Kept::ContentType(self.text(text)),
            Property::ResponseTopic(topic) => Kept::ResponseTopic(self.text(topic)),
            Property::CorrelationData(bytes) => {
                let start = self.bytes.len();
                self.bytes.extend_from_slice(bytes);
                Kept::CorrelationData(start..self.bytes.len())
            }
            Property::UserProperty(name, value) => {
                Kept::UserProperty(self.text(name), self.text(value))
            }
            Property::MessageExpiryInterval(seconds) => {
                self.interval_s = Some(seconds);
                self.ends_at = Some(plus_s(now, seconds));
                return;
            }
            Property::SubscriptionIdentifier(_) => {
                self.has_identifier = true;
                return;
            }
            _ => return,
        };
        self.kept.push(kept);
    }

    fn text(&mut self, text: &str) -> Range<usize> {
        let start = self.texts.len();
        self.texts.push_str(text);
        start..self.texts.len()
    }

    /// What the properties take in a packet, at most.
    pub(super) fn max_bytes(&self) -> usize {
        const EXPIRY_BYTES: usize = 5;
        // an identifier, and the lengths of two texts
        const HEADER_BYTES: usize = 5;
        EXPIRY_BYTES + HEADER_BYTES * self.kept.len() + self.texts.len() + self.bytes.len()
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
        let text = |range: &Range<usize>| &self.texts[range.clone()];
        for property in &self.kept {
            push(match property {
                Kept::PayloadFormatIndicator(is_utf8) => Property::PayloadFormatIndicator(*is_utf8),
                Kept::ContentType(range) => Property::ContentType(text(range)),
                Kept::ResponseTopic(range) => Property::ResponseTopic(text(range)),
                Kept::CorrelationData(range) => {
                    Property::CorrelationData(&self.bytes[range.clone()])
                }
                Kept::UserProperty(name, value) => Property::UserProperty(text(name), text(value)),
            });
        }
    }
}

/// So many seconds later.
pub(super) const fn plus_s(now: Instant, seconds: u32) -> Instant {
    Instant::from_micros(now.as_micros().saturating_add(seconds as u64 * 1_000_000))
}
