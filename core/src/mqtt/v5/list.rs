//! The lists in packets: the caller's when sent, bytes when received.

use core::fmt;

/// A list in a packet.
///
/// Either a list of the caller, to be encoded, or the bytes of a received packet, which were
/// validated and are read as one iterates. Both are equal if what they say is.
#[derive(Clone, Copy)]
pub struct List<'a, T>(Source<'a, T>);

#[derive(Clone, Copy)]
enum Source<'a, T> {
    /// One slice after the other.
    Values(&'a [T], &'a [T], &'a [T]),
    /// A slice, then bytes.
    Before(&'a [T], &'a [u8]),
    Wire(&'a [u8]),
}

/// What a [`List`] can be of. Of use to this crate only.
pub trait Item<'a>: Copy {
    /// Takes one off the front of validated bytes.
    #[doc(hidden)]
    fn take(bytes: &mut &'a [u8]) -> Option<Self>;
}

impl<'a, T> List<'a, T> {
    /// A list without any.
    pub const NONE: Self = Self(Source::Values(&[], &[], &[]));

    /// A list to be sent.
    #[must_use]
    pub const fn of(values: &'a [T]) -> Self {
        Self(Source::Values(values, &[], &[]))
    }

    /// Two lists to be sent as one.
    #[must_use]
    pub const fn of_both(first: &'a [T], then: &'a [T]) -> Self {
        Self(Source::Values(first, then, &[]))
    }

    /// `first`, then `list`, which was not put together by this.
    pub(crate) const fn before(first: &'a [T], list: Self) -> Self {
        Self(match list.0 {
            Source::Values(then, last, _) => Source::Values(first, then, last),
            Source::Before(_, bytes) | Source::Wire(bytes) => Source::Before(first, bytes),
        })
    }

    /// Bytes of a packet. What does not parse ends the iteration: validate first.
    pub(super) const fn of_wire(bytes: &'a [u8]) -> Self {
        Self(Source::Wire(bytes))
    }

    /// Values, and after them bytes that parse to their end.
    pub(super) const fn parts(self) -> ([&'a [T]; 3], &'a [u8]) {
        match self.0 {
            Source::Values(first, then, last) => ([first, then, last], &[]),
            Source::Before(first, bytes) => ([first, &[], &[]], bytes),
            Source::Wire(bytes) => ([&[], &[], &[]], bytes),
        }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        match self.0 {
            Source::Values(first, then, last) => {
                first.is_empty() && then.is_empty() && last.is_empty()
            }
            Source::Before(first, bytes) => first.is_empty() && bytes.is_empty(),
            Source::Wire(bytes) => bytes.is_empty(),
        }
    }
}

impl<'a, T: Item<'a>> List<'a, T> {
    /// All of it, in order.
    pub fn iter(self) -> impl Iterator<Item = T> + Clone + use<'a, T> {
        Iter(self.0)
    }

    /// How many there are. Reads all of a received packet.
    #[must_use]
    pub fn count(self) -> usize {
        self.iter().count()
    }
}

impl<'a, T: Item<'a> + PartialEq> PartialEq for List<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<'a, T: Item<'a> + Eq> Eq for List<'a, T> {}

impl<'a, T: Item<'a> + fmt::Debug> fmt::Debug for List<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[derive(Clone)]
struct Iter<'a, T>(Source<'a, T>);

impl<'a, T: Item<'a>> Iterator for Iter<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match &mut self.0 {
            Source::Values(values, then, last) => {
                while values.is_empty() && !(then.is_empty() && last.is_empty()) {
                    *values = core::mem::replace(then, core::mem::take(last));
                }
                let (first, rest) = values.split_first()?;
                *values = rest;
                Some(*first)
            }
            Source::Before(values, bytes) => match values.split_first() {
                Some((first, rest)) => {
                    *values = rest;
                    Some(*first)
                }
                None => T::take(bytes),
            },
            Source::Wire(bytes) => T::take(bytes),
        }
    }
}
