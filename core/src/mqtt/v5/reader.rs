//! Takes fields off the front of a packet's bytes. What is missing is a breach, never a panic.

use core::str;

use super::breach::Breach;
use crate::mqtt::PacketId;

/// What is left to read of a packet, or of its properties.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// What it means that a field reaches beyond the end.
    truncated: Breach,
}

impl<'a> Reader<'a> {
    /// `packet_type` only names the packet in breaches.
    #[inline]
    pub(super) const fn new(packet_type: u8, bytes: &'a [u8]) -> Self {
        Self { rest: bytes, truncated: Breach::Truncated { packet_type } }
    }

    #[inline]
    pub(super) const fn of_properties(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, truncated: Breach::PropertyTruncated }
    }

    /// What was not taken yet.
    #[inline]
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, Breach> {
        let Some((&byte, rest)) = self.rest.split_first() else { return Err(self.truncated) };
        self.rest = rest;
        Ok(byte)
    }

    /// Two bytes, the more significant first (MQTT 5 §1.5.2).
    #[inline]
    pub(super) fn two_bytes(&mut self) -> Result<u16, Breach> {
        let Some((&bytes, rest)) = self.rest.split_first_chunk() else {
            return Err(self.truncated);
        };
        self.rest = rest;
        Ok(u16::from_be_bytes(bytes))
    }

    /// Four bytes, the most significant first (MQTT 5 §1.5.3).
    pub(super) fn four_bytes(&mut self) -> Result<u32, Breach> {
        let Some((&bytes, rest)) = self.rest.split_first_chunk() else {
            return Err(self.truncated);
        };
        self.rest = rest;
        Ok(u32::from_be_bytes(bytes))
    }

    /// One to four bytes (MQTT 5 §1.5.5).
    #[inline]
    pub(super) fn variable(&mut self) -> Result<u32, Breach> {
        let mut value = 0;
        for index in 0..4 {
            let byte = self.byte()?;
            value |= u32::from(byte & 0x7F) << (7 * index);
            if byte & 0x80 == 0 {
                return if byte == 0 && index > 0 { Err(Breach::NotMinimal) } else { Ok(value) };
            }
        }
        Err(Breach::VariableByteInteger)
    }

    #[inline]
    pub(super) fn packet_id(&mut self) -> Result<PacketId, Breach> {
        PacketId::new(self.two_bytes()?).ok_or(Breach::PacketIdZero)
    }

    /// Bytes after their length.
    #[inline]
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Breach> {
        let len = usize::from(self.two_bytes()?);
        self.take(len)
    }

    /// The next `len` bytes.
    #[inline]
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], Breach> {
        let Some((bytes, rest)) = self.rest.split_at_checked(len) else {
            return Err(self.truncated);
        };
        self.rest = rest;
        Ok(bytes)
    }

    /// UTF-8 after its length, in which U+0000 is still to be looked for. U+FEFF stays where it is
    /// [MQTT5-1.5.4-3].
    #[inline]
    pub(super) fn utf8(&mut self) -> Result<&'a str, Breach> {
        str::from_utf8(self.bytes()?).map_err(|_| Breach::NotUtf8)
    }

    /// A whole UTF-8 encoded string (MQTT 5 §1.5.4).
    pub(super) fn text(&mut self) -> Result<&'a str, Breach> {
        let text = self.utf8()?;
        if text.as_bytes().contains(&0) { Err(Breach::Nul) } else { Ok(text) }
    }
}
