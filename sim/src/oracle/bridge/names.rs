//! Which topics both ends of one direction know, and so how the next one is to be named: in a byte where
//! it is known, or with as many bytes of the one used last as it begins with.

use super::frames::Naming;

/// What a name takes in the memory besides its bytes.
const ENTRY_BYTES: usize = 1;
/// A longer name is said in full, and not kept.
const NAME_MAX_BYTES: usize = 255;
/// Of the name used last no more bytes are referred to.
const SHARED_MAX_BYTES: usize = 127;
/// So many names are known at most.
const NAMES_MAX: usize = 128;

/// The names of one direction, the one used last first.
#[derive(Default, Debug)]
pub(super) struct Names {
    limit_bytes: usize,
    names: Vec<Box<[u8]>>,
}

impl Names {
    /// A session begins between ends that have so much memory.
    pub(super) fn begin(&mut self, limit_bytes: u16) {
        self.limit_bytes = limit_bytes.into();
        self.names.clear();
    }

    /// How a topic is to be named now.
    pub(super) fn naming<'a>(&self, topic: &'a [u8]) -> Naming<'a> {
        if let Some(place) = self.names.iter().position(|name| **name == *topic) {
            return Naming::Known(place as u8);
        }
        let shared = match self.names.first() {
            Some(last) if self.is_kept(topic) => {
                let alike = last.iter().zip(topic).take_while(|(a, b)| a == b).count();
                alike.min(SHARED_MAX_BYTES)
            }
            _ => 0,
        };
        Naming::New(shared as u8, &topic[shared..])
    }

    /// The topic that is named so.
    pub(super) fn meant(&self, naming: Naming<'_>) -> Option<Vec<u8>> {
        match naming {
            Naming::Known(place) => Some(self.names.get(usize::from(place))?.to_vec()),
            Naming::New(0, rest) => Some(rest.to_vec()),
            Naming::New(shared, rest) => {
                Some([self.names.first()?.get(..usize::from(shared))?, rest].concat())
            }
        }
    }

    /// The same at an end that trusts nobody: of a name that is not kept nothing can be referred to.
    pub(super) fn meant_by_anybody(&self, naming: Naming<'_>) -> Option<Vec<u8>> {
        let topic = self.meant(naming)?;
        let is_whole = !matches!(naming, Naming::New(1.., _));
        (is_whole || self.is_kept(&topic)).then_some(topic)
    }

    /// A topic was named.
    pub(super) fn note(&mut self, topic: &[u8]) {
        if let Some(place) = self.names.iter().position(|name| **name == *topic) {
            self.names[..=place].rotate_right(1);
            return;
        }
        if !self.is_kept(topic) {
            return;
        }
        self.names.insert(0, topic.into());
        let mut used_bytes = 0;
        let ends = self.names.iter().map(|name| {
            used_bytes += ENTRY_BYTES + name.len();
            used_bytes
        });
        let kept = ends.take_while(|end| *end <= self.limit_bytes).count().min(NAMES_MAX);
        self.names.truncate(kept);
    }

    fn is_kept(&self, topic: &[u8]) -> bool {
        topic.len() <= NAME_MAX_BYTES && ENTRY_BYTES + topic.len() <= self.limit_bytes
    }
}
