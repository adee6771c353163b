//! What travels with the messages of a workload in MQTT 5.

use fivewire_core::mqtt::v5::Property;
use smallvec::SmallVec;

use crate::random::{Purpose, Random};
use crate::schedule::{Mqtt5, Schedule};

/// The properties of one message, all but what depends on its number.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Tag {
    /// One bit for each property that it has; 0 with MQTT 3.1.1.
    has: u32,
    expiry_s: Option<u32>,
}

/// Draws them.
#[derive(Clone, Debug)]
pub(crate) struct Tags {
    random: Random,
    mqtt5: Option<Mqtt5>,
}

impl Tags {
    pub(crate) fn new(schedule: &Schedule, purpose: Purpose) -> Self {
        let mqtt5 = schedule.setup.mqtt5.clone();
        Self { random: Random::new(schedule.seed, purpose), mqtt5 }
    }

    /// Those of the next message: three of four have none but an expiry.
    pub(crate) fn draw(&mut self) -> Tag {
        let Some(mqtt5) = &self.mqtt5 else { return Tag::default() };
        let expires = self.random.chance(mqtt5.expiring_percent.into(), 100);
        let expiry_s = self.random.between(1, mqtt5.expiry_max_s);
        let has = if self.random.chance(1, 4) { self.random.below(32) } else { 0 };
        if mqtt5.bare {
            return Tag::default();
        }
        Tag { has, expiry_s: expires.then_some(expiry_s) }
    }
}

impl Tag {
    /// Calls `use_them` with the properties of the message with this number.
    pub(crate) fn with<R>(self, number: u64, use_them: impl FnOnce(&[Property<'_>]) -> R) -> R {
        if self == Self::default() {
            return use_them(&[]);
        }
        let (text, bytes) = (number.to_string(), number.to_be_bytes());
        let all = [
            Property::UserProperty("number", &text),
            Property::ContentType("application/octet-stream"),
            Property::ResponseTopic("answers"),
            Property::CorrelationData(&bytes),
            Property::UserProperty("number", "again"),
        ];
        let wanted = (0..).zip(all).filter(|(bit, _)| self.has >> bit & 1 == 1);
        let mut properties: SmallVec<[Property<'_>; 6]> =
            wanted.map(|(_, property)| property).collect();
        properties.extend(self.expiry_s.map(Property::MessageExpiryInterval));
        use_them(&properties)
    }
}
