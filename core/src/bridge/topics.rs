//! Topic names that both ends of one direction know, so that a frame names one in a byte.
//!
//! Both ends keep the names that were used last in memory of the same size, the latest first, and
//! treat them alike: one that is named moves to the front, a new one is put there, and what does
//! not fit any more is forgotten at the back. The link is reliable and ordered in a session, so the
//! two are equal at every frame; where a session begins, both are empty. It is what HPACK does for
//! the headers of HTTP/2 (RFC 7541 §2.3.2), with the order of use instead of that of arrival, which
//! serves few topics in turn at least as well.
//!
//! A new name says how many of its first bytes are those of the latest one, up to 127. So names
//! that are too many for the memory (`hall/1/temperature`, `hall/1/humidity`, …) are still said in
//! part only.

use super::record::{Garbage, Reader, Writer};
use crate::checkpoint::{Checkpoint, Pass};
use crate::mqtt::topic::validate_name;
use crate::storage::Storage;

/// Names beyond this are said in full.
const NAME_MAX_BYTES: usize = 255;
/// Places are below this.
const PLACES: u8 = 128;
/// In the first byte: a new name, and how many bytes of the latest one it begins with.
const NEW: u8 = 0x80;
/// What a name takes in the memory besides its bytes.
const ENTRY_BYTES: usize = 1;

/// How a frame names a topic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Naming<'a> {
    /// The one that `place` others were used after.
    Known { place: u8 },
    /// The first `shared` bytes of the one that was used last, and these.
    New { shared: u8, rest: &'a [u8] },
}

impl<'a> Naming<'a> {
    /// The name itself, to or from an end without memory.
    pub(crate) const fn whole(topic: &'a str) -> Self {
        Self::New { shared: 0, rest: topic.as_bytes() }
    }

    /// The name, if it is told whole.
    pub(crate) fn as_whole(self) -> Option<&'a str> {
        match self {
            Self::New { shared: 0, rest } => core::str::from_utf8(rest).ok(),
            _ => None,
        }
    }

    pub(crate) fn write(self, writer: &mut Writer<'_>) {
        match self {
            Self::Known { place } => writer.u8(place),
            Self::New { shared, rest } => {
                writer.u8(NEW | shared);
                writer.varint(u32::try_from(rest.len()).unwrap_or(u32::MAX));
                writer.bytes(rest);
            }
        }
    }

    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, Garbage> {
        let first = reader.u8()?;
        if first & NEW == 0 {
            return Ok(Self::Known { place: first });
        }
        let size = usize::try_from(reader.varint()?).map_err(|_| Garbage)?;
        Ok(Self::New { shared: first & !NEW, rest: reader.take(size)? })
    }
}

/// Why a naming means nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Nameless {
    /// It refers to a name that was never said in this session.
    Unknown,
    /// What it says is no topic name.
    Invalid,
}

/// The names of one direction. `S` is the caller's memory.
///
/// ```text
///   | size, name used last | size, name before that | … | free
/// ```
pub(crate) struct Topics<S> {
    bytes: S,
    /// What both ends have.
    limit: usize,
    used: usize,
}

impl<S: Storage> Topics<S> {
    pub(crate) const fn new(bytes: S) -> Self {
        Self { bytes, limit: 0, used: 0 }
    }

    pub(crate) fn into_storage(self) -> S {
        self.bytes
    }

    /// What the other end is to be told of this memory.
    pub(crate) fn size_bytes(&self) -> u16 {
        u16::try_from(self.bytes.as_ref().len()).unwrap_or(u16::MAX)
    }

    pub(crate) fn capacity(&self) -> usize {
        self.bytes.as_ref().len()
    }

    /// A session begins with an end that has so much memory for this direction.
    pub(crate) fn begin(&mut self, peer_bytes: u16) {
        self.limit = usize::from(self.size_bytes().min(peer_bytes));
        self.used = 0;
    }

    fn entries(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let bytes = &self.bytes.as_ref()[..self.used];
        let mut at = 0;
        core::iter::from_fn(move || {
            let size = usize::from(*bytes.get(at)?);
            let start = at + ENTRY_BYTES;
            at = start + size;
            Some((start - ENTRY_BYTES, &bytes[start..at]))
        })
        .take(usize::from(PLACES))
    }

    fn front(&self) -> &[u8] {
        self.entries().next().map_or(&[], |(_, name)| name)
    }

    fn is_kept(&self, size: usize) -> bool {
        size <= NAME_MAX_BYTES && ENTRY_BYTES + size <= self.limit
    }

    /// How to name `topic` to the other end. Once that is said for sure, it is to be
    /// [learnt](Self::learn).
    pub(crate) fn naming<'a>(&self, topic: &'a str) -> Naming<'a> {
        let topic = topic.as_bytes();
        if let Some(place) = self.entries().position(|(_, name)| name == topic) {
            // Places are few.
            return Naming::Known { place: place as u8 };
        }
        let pairs = self.front().iter().zip(topic).take(usize::from(PLACES - 1));
        let alike = pairs.take_while(|(a, b)| a == b).count();
        let shared = if self.is_kept(topic.len()) { alike } else { 0 };
        Naming::New { shared: shared as u8, rest: &topic[shared..] }
    }

    /// Takes note of a naming, as the other end does.
    pub(crate) fn learn(&mut self, naming: Naming<'_>) -> Result<(), Nameless> {
        match naming {
            Naming::Known { place } => {
                let entry = self.entries().nth(usize::from(place)).ok_or(Nameless::Unknown)?;
                let (at, size) = (entry.0, ENTRY_BYTES + entry.1.len());
                self.bytes.as_mut()[..at + size].rotate_right(size);
                Ok(())
            }
            Naming::New { shared, rest } => self.learn_new(usize::from(shared), rest),
        }
    }

    fn learn_new(&mut self, shared: usize, rest: &[u8]) -> Result<(), Nameless> {
        let size = shared + rest.len();
        if shared > self.front().len() || (shared > 0 && !self.is_kept(size)) {
            return Err(Nameless::Unknown);
        }
        if self.is_kept(size) {
            let whole = ENTRY_BYTES + size;
            let room = self.limit - whole;
            let ends = self.entries().map(|(at, name)| at + ENTRY_BYTES + name.len());
            let kept = ends.take_while(|end| *end <= room).last().unwrap_or(0);
            let bytes = self.bytes.as_mut();
            bytes.copy_within(..kept, whole);
            // What is shared with the name that was first is where it was.
            bytes[0] = size as u8;
            bytes[ENTRY_BYTES + shared..whole].copy_from_slice(rest);
            self.used = whole + kept;
        }
        let name = core::str::from_utf8(self.bytes_of(Naming::New { shared: shared as u8, rest }));
        match name.map(validate_name) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Nameless::Invalid),
        }
    }

    fn bytes_of<'a>(&'a self, naming: Naming<'a>) -> &'a [u8] {
        match naming {
            Naming::New { shared, rest } if !self.is_kept(usize::from(shared) + rest.len()) => rest,
            _ => self.front(),
        }
    }

    /// The name that was learnt last, by this naming.
    pub(crate) fn name<'a>(&'a self, naming: Naming<'a>) -> &'a str {
        // What is no text was not learnt.
        core::str::from_utf8(self.bytes_of(naming)).unwrap_or_default()
    }
}

impl<S: Storage> Checkpoint for Topics<S> {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self { bytes, limit, used } = self;
        pass.field(limit)?;
        pass.field(used)?;
        pass.plain(bytes.as_mut(), 0, *used)?;
        let mut rest = &bytes.as_ref()[..*used];
        while let [size, names @ ..] = rest {
            rest = names.get(usize::from(*size)..)?;
        }
        pass.agrees(*used <= *limit && *limit <= bytes.as_ref().len())
    }
}

#[cfg(test)]
mod tests {
    use std::string::{String, ToString};
    use std::vec::Vec;

    use super::*;

    /// Says each topic from one end to the other; how many bytes each took.
    fn say(memory: (usize, usize), topics: &[&str]) -> Vec<usize> {
        let mut from = Topics::new(std::vec![0; memory.0]);
        let mut to = Topics::new(std::vec![0; memory.1]);
        from.begin(to.size_bytes());
        to.begin(from.size_bytes());
        let said = topics.iter().map(|topic| {
            let naming = from.naming(topic);
            let mut bytes = [0; 400];
            let mut writer = Writer::new(&mut bytes);
            naming.write(&mut writer);
            let size = writer.finish().unwrap();
            from.learn(naming).unwrap();
            let mut reader = Reader::new(&bytes[..size]);
            let heard = Naming::read(&mut reader).unwrap();
            to.learn(heard).unwrap();
            assert_eq!(to.name(heard), *topic);
            assert_eq!(from.bytes[..from.used], to.bytes[..to.used]);
            size
        });
        said.collect()
    }

    #[test]
    fn topics_in_turn_take_a_byte_each_once_they_are_known() {
        let topics: Vec<String> = (0..8).map(|at| std::format!("{at}/temperature")).collect();
        let turns: Vec<&str> = topics.iter().map(String::as_str).cycle().take(80).collect();
        let sizes = say((256, 128), &turns);
        assert_eq!((sizes[..8].iter().max(), sizes[8..].iter().max()), (Some(&15), Some(&1)));
    }

    #[test]
    fn more_topics_than_fit_share_what_they_begin_with() {
        let topics: Vec<String> = (10..40).map(|at| std::format!("greenhouse/{at}/rh")).collect();
        let turns: Vec<&str> = topics.iter().map(String::as_str).cycle().take(90).collect();
        assert!(say((100, 100), &turns)[1..].iter().all(|size| *size <= 7));
    }

    #[test]
    fn any_topics_arrive_with_memory_of_any_size() {
        let long = "x".repeat(256);
        let mut topics: Vec<String> = ["a", "ab", "aé", "aè", "b/ä/c", "b/ö/c", &long, "ab", &long]
            .iter()
            .map(ToString::to_string)
            .collect();
        topics.extend((0..300_u32).map(|at| {
            let size = (at.wrapping_mul(2_654_435_761) >> 24) as usize;
            std::format!("{}{}", "yz".repeat(size / 2), at % 7)
        }));
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        for memory in [(0, 0), (1, 9), (2, 2), (9, 30), (300, 64), (255, 255), (1_000, 1_000)] {
            say(memory, &topics);
        }
    }

    #[test]
    fn what_was_never_said_is_unknown_and_what_is_no_name_invalid() {
        let mut topics = Topics::new([0; 64]);
        topics.begin(64);
        assert_eq!(topics.learn(Naming::Known { place: 0 }), Err(Nameless::Unknown));
        assert_eq!(topics.learn(Naming::New { shared: 1, rest: b"a" }), Err(Nameless::Unknown));
        assert_eq!(topics.learn(Naming::whole("room/1")), Ok(()));
        assert_eq!(topics.learn(Naming::Known { place: 1 }), Err(Nameless::Unknown));
        assert_eq!(topics.learn(Naming::New { shared: 7, rest: b"a" }), Err(Nameless::Unknown));
        let long = [b'x'; 70];
        assert_eq!(topics.learn(Naming::New { shared: 2, rest: &long }), Err(Nameless::Unknown));
        assert_eq!(topics.learn(Naming::New { shared: 2, rest: b"#" }), Err(Nameless::Invalid));
        topics.begin(64);
        assert_eq!(topics.learn(Naming::New { shared: 0, rest: b"\xFF" }), Err(Nameless::Invalid));
        assert_eq!(topics.learn(Naming::New { shared: 0, rest: b"" }), Err(Nameless::Invalid));
        topics.begin(64);
        assert_eq!(topics.learn(Naming::Known { place: 0 }), Err(Nameless::Unknown));
    }
}
