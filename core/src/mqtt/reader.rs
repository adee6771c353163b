//! Takes fields off the front of a packet's bytes. What is missing is a breach, never a panic.

use core::str;

use super::breach::Breach;
use super::packet::PacketId;

/// What is left to read of a packet.
pub(super) struct Reader<'a> {
    packet_type: u8,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// `packet_type` only names the packet in breaches.
    #[inline]
    pub(super) const fn new(packet_type: u8, bytes: &'a [u8]) -> Self {
        Self { packet_type, rest: bytes }
    }

    /// What was not taken yet.
    #[inline]
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    fn truncated(&self) -> Breach {
        Breach::Truncated { packet_type: self.packet_type }
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, Breach> {
        let Some((&byte, rest)) = self.rest.split_first() else { return Err(self.truncated()) };
        self.rest = rest;
        Ok(byte)
    }

    /// Two bytes, the more significant first (MQTT 3.1.1 §1.5.2).
    #[inline]
    pub(super) fn integer(&mut self) -> Result<u16, Breach> {
        let Some((&bytes, rest)) = self.rest.split_first_chunk() else {
            return Err(self.truncated());
        };
        self.rest = rest;
        Ok(u16::from_be_bytes(bytes))
    }

    #[inline]
    pub(super) fn packet_id(&mut self) -> Result<PacketId, Breach> {
        PacketId::new(self.integer()?).ok_or(Breach::PacketIdZero)
    }

    /// Bytes after their length.
    #[inline]
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Breach> {
        let len = usize::from(self.integer()?);
        let Some((bytes, rest)) = self.rest.split_at_checked(len) else {
            return Err(self.truncated());
        };
        self.rest = rest;
        Ok(bytes)
    }

    /// UTF-8 after its length, in which U+0000 is still to be looked for. Rust's UTF-8 excludes
    /// surrogates like MQTT's does, and U+FEFF stays where it is [MQTT-1.5.3-3].
    #[inline]
    pub(super) fn utf8(&mut self) -> Result<&'a str, Breach> {
        str::from_utf8(self.bytes()?).map_err(|_| Breach::NotUtf8)
    }

    /// A whole UTF-8 encoded string (MQTT 3.1.1 §1.5.3).
    pub(super) fn text(&mut self) -> Result<&'a str, Breach> {
        let text = self.utf8()?;
        if text.as_bytes().contains(&0) { Err(Breach::Nul) } else { Ok(text) }
    }
}
