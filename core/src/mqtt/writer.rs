//! Puts fields one after the other into a buffer. Room that is missing is `None`, never a panic.

use super::packet::PacketId;

/// The part of a buffer that is not written yet. Its methods give `None` where the room ends.
pub(super) struct Writer<'b> {
    rest: &'b mut [u8],
}

impl<'b> Writer<'b> {
    #[inline]
    pub(super) const fn new(bytes: &'b mut [u8]) -> Self {
        Self { rest: bytes }
    }

    #[inline]
    pub(super) fn raw(&mut self, bytes: &[u8]) -> Option<()> {
        let (here, rest) = core::mem::take(&mut self.rest).split_at_mut_checked(bytes.len())?;
        here.copy_from_slice(bytes);
        self.rest = rest;
        Some(())
    }

    /// How many bytes there is room for.
    #[cfg(feature = "mqtt5")]
    pub(super) const fn left(&self) -> usize {
        self.rest.len()
    }

    /// Bytes with their length in front.
    #[inline]
    pub(super) fn field(&mut self, bytes: &[u8]) -> Option<()> {
        self.raw(&u16::try_from(bytes.len()).ok()?.to_be_bytes())?;
        self.raw(bytes)
    }

    #[inline]
    pub(super) fn packet_id(&mut self, packet_id: PacketId) -> Option<()> {
        self.raw(&packet_id.get().to_be_bytes())
    }

    #[inline]
    pub(super) fn fixed_header(&mut self, first_byte: u8, remaining_len: usize) -> Option<()> {
        if remaining_len < 128 {
            return self.raw(&[first_byte, remaining_len as u8]);
        }
        self.raw(&[first_byte])?;
        let mut left = remaining_len;
        while left >= 128 {
            self.raw(&[left as u8 | 0x80])?;
            left >>= 7;
        }
        self.raw(&[left as u8])
    }
}
