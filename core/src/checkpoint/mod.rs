//! One pass over the state of a machine, in either direction: each machine names its fields once,
//! so that what is written and what is read cannot differ. And how values are written.
//!
//! The order of the fields is that in `checkpoint.rs` beside each machine; numbers are LEB128,
//! variants are the numbers in [`code`] and [`event`], buffers are written as far as they are in
//! use.

mod code;
mod event;
mod field;
mod mask;
#[cfg(feature = "mqtt5")]
mod properties;

pub(crate) use code::codes;
pub(crate) use event::{get_event, put_event, put_masked, put_payload, put_text};
pub(crate) use field::{Field, Fields, Out, from_signed, put_number, put_signed};
pub use mask::Payloads;
pub(crate) use mask::{Mask, put_password};
#[cfg(feature = "mqtt5")]
pub(crate) use properties::{get_properties, put_properties};

use crate::bridge::{Direction, put_frame};
use crate::mqtt::ProtocolVersion;

/// A pass over a machine's state.
pub(crate) enum Pass<'a> {
    /// It is written.
    Save {
        /// Where to.
        out: &'a mut Out<'a>,
        /// What must not be written is not; without it everything is.
        secrecy: Option<Secrecy>,
    },
    /// It is read.
    Load(Fields<'a>),
}

/// What must not be in a checkpoint.
#[derive(Clone, Copy)]
pub(crate) struct Secrecy {
    pub(crate) payloads: Payloads,
    /// The version of MQTT that packets are in.
    pub(crate) version: ProtocolVersion,
    /// Where the stream to the broker stands at the first byte that the transport has not taken.
    pub(crate) sent: Mask,
}

/// A machine, or a part of one, whose state can be passed over.
///
/// Implementations take themselves apart into their fields, so that a new field breaks the build of
/// the checkpoint that does not know it yet.
pub(crate) trait Checkpoint {
    /// `None` where what is read cannot be.
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()>;
}

impl Pass<'_> {
    pub(crate) fn field<T: Field>(&mut self, value: &mut T) -> Option<()> {
        match self {
            Self::Save { out, .. } => value.put(out),
            Self::Load(from) => *value = T::get(from)?,
        }
        Some(())
    }

    /// A number of bytes of which the largest one means no limit, however large a `usize` is here.
    pub(crate) fn limit(&mut self, limit: &mut usize) -> Option<()> {
        let mut bytes = (*limit != usize::MAX).then_some(*limit);
        self.field(&mut bytes)?;
        *limit = bytes.unwrap_or(usize::MAX);
        Some(())
    }

    /// Each element of a table.
    pub(crate) fn fields<T: Field>(&mut self, values: &mut [T]) -> Option<()> {
        values.iter_mut().try_for_each(|value| self.field(value))
    }

    /// The part of a buffer that is in use; when it is read, its bounds are whatever was read
    /// before. It is packets from their beginning on.
    pub(crate) fn packets(&mut self, buffer: &mut [u8], from: usize, to: usize) -> Option<()> {
        let secrecy = self.secrecy();
        let mask = secrecy.map(|secrecy| Mask::new(secrecy.payloads, secrecy.version));
        self.stream(buffer, from, to, mask)
    }

    /// The same for what is to be sent, which may begin within a packet.
    pub(crate) fn unsent(&mut self, buffer: &mut [u8], from: usize, to: usize) -> Option<()> {
        let secrecy = self.secrecy();
        self.stream(buffer, from, to, secrecy.map(|secrecy| secrecy.sent))
    }

    /// A frame of the bridge, from the beginning of the buffer on.
    pub(crate) fn frame(
        &mut self,
        buffer: &mut [u8],
        from: usize,
        to: usize,
        direction: Direction,
    ) -> Option<()> {
        let secrecy = self.secrecy();
        if let (Self::Save { out, .. }, Some(Secrecy { payloads, .. })) = (&mut *self, secrecy) {
            put_frame(buffer.get(from..to)?, direction, payloads, *out);
            return Some(());
        }
        self.plain(buffer, from, to)
    }

    /// The same for what has nothing secret in it.
    pub(crate) fn plain(&mut self, buffer: &mut [u8], from: usize, to: usize) -> Option<()> {
        self.stream(buffer, from, to, None)
    }

    const fn secrecy(&self) -> Option<Secrecy> {
        match self {
            Self::Save { secrecy, .. } => *secrecy,
            Self::Load(_) => None,
        }
    }

    fn stream(
        &mut self,
        buffer: &mut [u8],
        from: usize,
        to: usize,
        mask: Option<Mask>,
    ) -> Option<()> {
        let part = buffer.get_mut(from..to)?;
        match self {
            Self::Save { out, .. } => match mask {
                Some(mut mask) => put_masked(part, |byte| mask.byte(byte), *out),
                None => out(part),
            },
            Self::Load(source) => part.copy_from_slice(source.take(part.len())?),
        }
        Some(())
    }

    pub(crate) const fn is_loading(&self) -> bool {
        matches!(self, Self::Load(_))
    }

    /// Nothing is left to be read.
    pub(crate) const fn is_over(&self) -> bool {
        match self {
            Self::Save { .. } => true,
            Self::Load(from) => from.is_empty(),
        }
    }

    /// `None` where what was read contradicts itself.
    pub(crate) const fn agrees(&self, condition: bool) -> Option<()> {
        if condition { Some(()) } else { None }
    }
}
