//! The topics that aliases stand for on this connection, in the caller's memory.

use crate::checkpoint::{Checkpoint, Pass};
use crate::mqtt::v5::Alias;

/// Bytes of an entry besides its topic: whose it is (1), the alias (2), the length of the topic
/// (2).
const HEADER_BYTES: usize = 5;

/// Who gave the topic its alias.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
enum By {
    Broker = 0,
    Client = 1,
}

/// The table. Its entries lie in an area that every call is given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aliases {
    used: usize,
    /// How many aliases the client gave.
    own: u16,
}

/// Where an entry lies, and what it says.
struct Entry<'a> {
    at: usize,
    by: u8,
    alias: u16,
    topic: &'a [u8],
}

impl Aliases {
    pub(super) const fn new() -> Self {
        Self { used: 0, own: 0 }
    }

    /// How much of its memory it uses.
    pub(super) const fn used(&self) -> usize {
        self.used
    }

    pub(super) const fn clear(&mut self) {
        (self.used, self.own) = (0, 0);
    }

    fn entries<'a>(&self, area: &'a [u8]) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        let mut rest = area.get(..self.used).unwrap_or_default();
        let mut at = 0;
        core::iter::from_fn(move || {
            let (&[by, a, b, c, d], behind) = rest.split_first_chunk()?;
            let (topic, behind) = behind.split_at_checked(u16::from_be_bytes([c, d]).into())?;
            let entry = Entry { at, by, alias: u16::from_be_bytes([a, b]), topic };
            at += HEADER_BYTES + topic.len();
            rest = behind;
            Some(entry)
        })
    }

    /// The topic that the broker gave this alias to.
    pub(super) fn topic<'a>(&self, area: &'a [u8], alias: u16) -> Option<&'a str> {
        let mut entries = self.entries(area);
        let entry = entries.find(|entry| entry.by == By::Broker as u8 && entry.alias == alias)?;
        core::str::from_utf8(entry.topic).ok()
    }

    /// The broker gives `topic` this alias, and takes it from another one if need be. False if
    /// there is no room, even without the client's own.
    pub(super) fn define(&mut self, area: &mut [u8], alias: u16, topic: &str) -> bool {
        if self.topic(area, alias) == Some(topic) {
            return true;
        }
        self.remove(area, |entry| entry.by == By::Broker as u8 && entry.alias == alias);
        if area.len() - self.used < HEADER_BYTES + topic.len() {
            while self.remove(area, |entry| entry.by == By::Client as u8) {}
            // what is gone may not be given to another topic before the broker hears of it
            self.own = u16::MAX;
        }
        self.push(area, By::Broker, alias, topic)
    }

    /// How the client tells `topic`, giving it an alias if one is left of `maximum`.
    pub(crate) fn tell(&self, area: &[u8], topic: &str, maximum: u16) -> Alias {
        let own = |entry: &Entry<'_>| entry.by == By::Client as u8;
        let mut known = self.entries(area).filter(own);
        if let Some(entry) = known.find(|entry| entry.topic == topic.as_bytes()) {
            return Alias::Known(entry.alias);
        }
        let has_room = area.len() - self.used >= HEADER_BYTES + topic.len();
        if self.own < maximum && has_room { Alias::New(self.own + 1) } else { Alias::None }
    }

    /// The broker was told of it.
    pub(crate) fn told(&mut self, area: &mut [u8], alias: Alias, topic: &str) {
        if let Alias::New(alias) = alias
            && self.push(area, By::Client, alias, topic)
        {
            self.own = alias;
        }
    }

    fn push(&mut self, area: &mut [u8], by: By, alias: u16, topic: &str) -> bool {
        let Ok(len) = u16::try_from(topic.len()) else { return false };
        let end = self.used + HEADER_BYTES + topic.len();
        let Some(room) = area.get_mut(self.used..end) else { return false };
        let ([a, b], [c, d]) = (alias.to_be_bytes(), len.to_be_bytes());
        room[..HEADER_BYTES].copy_from_slice(&[by as u8, a, b, c, d]);
        room[HEADER_BYTES..].copy_from_slice(topic.as_bytes());
        self.used = end;
        true
    }

    /// Takes out the first entry that is wanted. False if there is none.
    fn remove(&mut self, area: &mut [u8], wanted: impl Fn(&Entry<'_>) -> bool) -> bool {
        let found = self.entries(area).find(wanted);
        let Some((at, size)) = found.map(|entry| (entry.at, HEADER_BYTES + entry.topic.len()))
        else {
            return false;
        };
        area.copy_within(at + size..self.used, at);
        self.used -= size;
        true
    }
}

impl Checkpoint for Aliases {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self { used, own } = self;
        pass.field(used)?;
        pass.field(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_broker_gives_aliases_and_takes_them_away() {
        let (mut aliases, mut area) = (Aliases::new(), [0; 64]);
        assert_eq!(aliases.topic(&area, 1), None);
        assert!(aliases.define(&mut area, 1, "a/b") && aliases.define(&mut area, 2, "c"));
        assert!(aliases.define(&mut area, 1, "longer/than/before"));
        assert_eq!(aliases.topic(&area, 1), Some("longer/than/before"));
        assert_eq!((aliases.topic(&area, 2), aliases.topic(&area, 3)), (Some("c"), None));
        aliases.clear();
        assert_eq!(aliases.topic(&area, 2), None);
    }

    #[test]
    fn the_client_gives_as_many_as_the_broker_takes() {
        let (mut aliases, mut area) = (Aliases::new(), [0; 64]);
        for (topic, expected) in
            [("a", Alias::New(1)), ("b", Alias::New(2)), ("c", Alias::None), ("a", Alias::Known(1))]
        {
            let alias = aliases.tell(&area, topic, 2);
            assert_eq!(alias, expected, "{topic}");
            aliases.told(&mut area, alias, topic);
        }
        assert_eq!(aliases.tell(&area, "a", 0), Alias::Known(1));
        assert_eq!(Aliases::new().tell(&area, "a", 0), Alias::None);
    }

    #[test]
    fn the_brokers_aliases_have_the_memory_first() {
        let (mut aliases, mut area) = (Aliases::new(), [0; 16]);
        let own = aliases.tell(&area, "own", 9);
        aliases.told(&mut area, own, "own");
        assert_eq!(aliases.tell(&area, "own", 9), Alias::Known(1));
        assert!(aliases.define(&mut area, 7, "broker's"));
        assert_eq!(aliases.tell(&area, "own", 9), Alias::None);
        assert_eq!(aliases.topic(&area, 7), Some("broker's"));
        assert!(!aliases.define(&mut area, 8, "one too many"));
    }
}
