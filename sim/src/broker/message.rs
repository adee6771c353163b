//! Messages, stored once each however many sessions they wait in.

use super::v5::Extras;

/// Names a stored message while somebody holds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct MessageId(u32);

#[derive(Debug)]
struct Message {
    topic: String,
    payload: Vec<u8>,
    /// What MQTT 5 adds to it.
    extras: Extras,
    holders: u32,
}

/// All stored messages. A message nobody holds any more leaves its memory to the next one, so that
/// steady traffic allocates nothing.
#[derive(Default, Debug)]
pub(super) struct Messages {
    slots: Vec<Message>,
    free: Vec<MessageId>,
}

impl Messages {
    /// Stores a copy, held once.
    pub(super) fn store(&mut self, topic: &str, payload: &[u8]) -> MessageId {
        let Some(id) = self.free.pop() else {
            self.slots.push(Message {
                topic: topic.into(),
                payload: payload.into(),
                extras: Extras::default(),
                holders: 1,
            });
            return MessageId(self.slots.len() as u32 - 1);
        };
        let message = &mut self.slots[id.0 as usize];
        message.topic.clear();
        message.topic.push_str(topic);
        message.payload.clear();
        message.payload.extend_from_slice(payload);
        message.extras.clear();
        message.holders = 1;
        id
    }

    /// One more holds it.
    pub(super) fn hold(&mut self, id: MessageId) {
        self.slots[id.0 as usize].holders += 1;
    }

    /// One less holds it.
    pub(super) fn release(&mut self, id: MessageId) {
        let message = &mut self.slots[id.0 as usize];
        message.holders -= 1;
        if message.holders == 0 {
            self.free.push(id);
        }
    }

    pub(super) fn topic(&self, id: MessageId) -> &str {
        &self.slots[id.0 as usize].topic
    }

    pub(super) fn payload(&self, id: MessageId) -> &[u8] {
        &self.slots[id.0 as usize].payload
    }

    pub(super) fn extras(&self, id: MessageId) -> &Extras {
        &self.slots[id.0 as usize].extras
    }

    pub(super) fn extras_mut(&mut self, id: MessageId) -> &mut Extras {
        &mut self.slots[id.0 as usize].extras
    }

    /// How many messages somebody holds.
    #[cfg(test)]
    pub(super) fn held_count(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_lives_as_long_as_somebody_holds_it() {
        let mut messages = Messages::default();
        let first = messages.store("a", b"1");
        messages.hold(first);
        messages.release(first);
        let second = messages.store("b", b"2");
        assert_eq!((messages.topic(first), messages.payload(first)), ("a", &b"1"[..]));
        messages.release(first);
        assert_eq!(messages.held_count(), 1);
        assert_eq!(messages.store("c", b"3"), first, "its place is taken by the next message");
        assert_eq!(messages.topic(second), "b");
    }
}
