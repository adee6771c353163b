//! Every distinct message of one direction, found again by what it says.
//!
//! The workload numbers its messages from 1 in the first eight bytes of the payload, big-endian,
//! so nearly all are found by index. Any other payload works too, a little slower.

use std::collections::BTreeMap;

/// Numbers from here on are taken for chance, not for numbers of the workload.
const NUMBERS_MAX: u64 = 1 << 20;

/// A distinct pair of topic and payload, counted from 0 in order of appearance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct TextId(pub(super) u32);

#[derive(Clone, Copy, Debug)]
struct Text {
    start: usize,
    topic_bytes: usize,
    payload_bytes: usize,
    /// The next message with the same number.
    next: Option<TextId>,
}

/// Room for the messages of an hour, one way.
const ROOM: usize = 1 << 10;
const ROOM_BYTES: usize = 1 << 17;

/// The messages. Their bytes lie one after the other: none has an allocation of its own.
#[derive(Debug)]
pub(super) struct Messages {
    bytes: Vec<u8>,
    texts: Vec<Text>,
    /// The first message with a number, by the number in the payload.
    by_number: Vec<Option<TextId>>,
    /// Messages without a number. The key is topic, 0, payload.
    by_content: BTreeMap<Box<[u8]>, TextId>,
}

impl Default for Messages {
    /// None. There is room for as many as most runs have, so that they need not be moved.
    fn default() -> Self {
        Self {
            bytes: Vec::with_capacity(ROOM_BYTES),
            texts: Vec::with_capacity(ROOM),
            by_number: Vec::with_capacity(ROOM),
            by_content: BTreeMap::new(),
        }
    }
}

impl Messages {
    pub(super) fn topic(&self, id: TextId) -> &[u8] {
        let text = self.texts[id.0 as usize];
        &self.bytes[text.start..][..text.topic_bytes]
    }

    pub(super) fn payload(&self, id: TextId) -> &[u8] {
        let text = self.texts[id.0 as usize];
        &self.bytes[text.start + text.topic_bytes..][..text.payload_bytes]
    }

    /// The message with this topic and payload.
    pub(super) fn find(&self, topic: &[u8], payload: &[u8]) -> Option<TextId> {
        if number(payload).is_some() {
            let mut numbered = self.numbered(payload);
            while let Some(id) = numbered {
                if self.payload(id) == payload && self.topic(id) == topic {
                    return Some(id);
                }
                numbered = self.texts[id.0 as usize].next;
            }
            return None;
        }
        self.by_content.get(&key(topic, payload)).copied()
    }

    /// The first message that carries the number in this payload, whatever else it says.
    pub(super) fn numbered(&self, payload: &[u8]) -> Option<TextId> {
        self.by_number.get(number(payload)?).copied().flatten()
    }

    /// The message with this topic and payload, and whether it is new.
    pub(super) fn find_or_add(&mut self, topic: &[u8], payload: &[u8]) -> (TextId, bool) {
        match self.find(topic, payload) {
            Some(id) => (id, false),
            None => (self.add(topic, payload), true),
        }
    }

    fn add(&mut self, topic: &[u8], payload: &[u8]) -> TextId {
        let id = TextId(u32::try_from(self.texts.len()).expect("a run has fewer messages"));
        self.texts.push(Text {
            start: self.bytes.len(),
            topic_bytes: topic.len(),
            payload_bytes: payload.len(),
            next: None,
        });
        self.bytes.extend_from_slice(topic);
        self.bytes.extend_from_slice(payload);
        match number(payload) {
            Some(number) => self.add_numbered(number, id),
            None => {
                self.by_content.insert(key(topic, payload), id);
            }
        }
        id
    }

    fn add_numbered(&mut self, number: usize, id: TextId) {
        if self.by_number.len() <= number {
            self.by_number.resize(number + 1, None);
        }
        let Some(first) = self.by_number[number] else {
            self.by_number[number] = Some(id);
            return;
        };
        let mut last = first;
        while let Some(next) = self.texts[last.0 as usize].next {
            last = next;
        }
        self.texts[last.0 as usize].next = Some(id);
    }
}

/// The number at the start of a payload of the workload.
fn number(payload: &[u8]) -> Option<usize> {
    let number = u64::from_be_bytes(*payload.first_chunk()?);
    (number < NUMBERS_MAX).then_some(number as usize)
}

fn key(topic: &[u8], payload: &[u8]) -> Box<[u8]> {
    [topic, b"\0", payload].concat().into()
}

/// How failure messages show bytes that are mostly text.
pub(super) fn show(bytes: &[u8]) -> String {
    match bytes.first_chunk().map(|first| u64::from_be_bytes(*first)) {
        Some(number) if number < NUMBERS_MAX => format!("number {number}, {} bytes", bytes.len()),
        _ => format!("\"{}\"", bytes[..bytes.len().min(40)].escape_ascii()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_by_number_or_by_content() {
        let mut messages = Messages::default();
        let first = [0, 0, 0, 0, 0, 0, 0, 1, 9];
        let (id, is_new) = messages.find_or_add(b"up/0", &first);
        assert!(is_new);
        assert_eq!(messages.find(b"up/0", &first), Some(id));
        assert_eq!(messages.find(b"up/1", &first), None);
        assert_eq!(messages.numbered(&[0, 0, 0, 0, 0, 0, 0, 1]), Some(id));
        let (other, is_new) = messages.find_or_add(b"up/1", &first);
        assert!(is_new, "the same number on another topic is another message");
        assert_eq!(messages.find_or_add(b"up/1", &first), (other, false));
        let (text, _) = messages.find_or_add(b"lamp", b"on");
        assert_eq!(messages.find(b"lamp", b"on"), Some(text));
        assert_eq!(messages.find(b"lamp", b"off"), None);
        assert_eq!((messages.topic(text), messages.payload(text)), (&b"lamp"[..], &b"on"[..]));
    }
}
