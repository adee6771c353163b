//! Retained messages: the last word on each topic (MQTT 3.1.1 §3.3.1.3).

use std::collections::BTreeMap;

use fivewire_core::mqtt::{QoS, topic};

use super::message::{MessageId, Messages};

#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub(super) message: MessageId,
    pub(super) qos: QoS,
}

#[derive(Default, Debug)]
pub(super) struct Retained(BTreeMap<String, Kept>);

impl Retained {
    /// Keeps a message in place of the one its topic had [MQTT-3.3.1-5]. One without payload is not
    /// kept, and clears the topic [MQTT-3.3.1-10] [MQTT-3.3.1-11].
    pub(super) fn keep(&mut self, messages: &mut Messages, message: MessageId, qos: QoS) {
        let topic = messages.topic(message);
        let replaced = if messages.payload(message).is_empty() {
            self.0.remove(topic)
        } else if let Some(kept) = self.0.get_mut(topic) {
            let replaced = std::mem::replace(kept, Kept { message, qos });
            messages.hold(message);
            Some(replaced)
        } else {
            self.0.insert(topic.into(), Kept { message, qos });
            messages.hold(message);
            None
        };
        if let Some(replaced) = replaced {
            messages.release(replaced.message);
        }
    }

    pub(super) fn get(&self, topic: &str) -> Option<Kept> {
        self.0.get(topic).copied()
    }

    /// Calls `each` with every message whose topic matches, in the order of topics.
    pub(super) fn for_each_match(&self, filter: &str, mut each: impl FnMut(Kept)) {
        if filter.contains(['+', '#']) {
            let matching = self.0.iter().filter(|(name, _)| topic::matches(filter, name));
            matching.for_each(|(_, kept)| each(*kept));
        } else if let Some(kept) = self.get(filter) {
            each(kept);
        }
    }

    pub(super) fn clear(&mut self, messages: &mut Messages) {
        for kept in self.0.values() {
            messages.release(kept.message);
        }
        self.0.clear();
    }
}
