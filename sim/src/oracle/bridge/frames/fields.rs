//! The fields of frames.

use super::{Naming, PLAIN, Why};
use crate::oracle::properties::are_properties;

/// Fields that are read from the front.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        self.byte().filter(|byte| *byte < 2).map(|byte| byte == 1)
    }

    pub(super) fn short(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(*self.take(2)?.first_chunk()?))
    }

    pub(super) fn word(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(*self.take(4)?.first_chunk()?))
    }

    pub(super) fn long(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(*self.take(8)?.first_chunk()?))
    }

    /// Seven bits a byte, the lowest first, in as few bytes as it takes.
    pub(super) fn small(&mut self) -> Option<u32> {
        let mut value = 0_u64;
        for place in 0..5 {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << (7 * place);
            if byte < 0x80 {
                let is_shortest = byte > 0 || place == 0;
                return u32::try_from(value).ok().filter(|_| is_shortest);
            }
        }
        None
    }

    /// Bytes after their length.
    pub(super) fn field(&mut self) -> Option<&'a [u8]> {
        let size = self.short()?;
        self.take(size.into())
    }

    /// A text after its length.
    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        self.field().filter(|text| is_text(text))
    }

    /// The text that is left.
    pub(super) fn last_text(self) -> Option<&'a [u8]> {
        Some(self.0).filter(|text| is_text(text))
    }

    /// There is no ticket 0.
    pub(super) fn ticket(&mut self) -> Option<u32> {
        self.word().filter(|ticket| *ticket > 0)
    }

    pub(super) fn qos(&mut self) -> Option<u8> {
        self.byte().filter(|qos| *qos < 3)
    }

    /// The properties after their length.
    pub(super) fn properties(&mut self) -> Option<&'a [u8]> {
        let size = self.small()?;
        self.take(size as usize).filter(|bytes| are_properties(bytes))
    }

    pub(super) fn naming(&mut self) -> Option<Naming<'a>> {
        let first = self.byte()?;
        if first < 0x80 {
            return Some(Naming::Known(first));
        }
        let size = self.small()?;
        Some(Naming::New(first & 0x7F, self.take(size as usize)?))
    }

    pub(super) fn why(&mut self) -> Option<Why> {
        let (kind, argument) = (self.byte()?, self.byte()?);
        Some(match kind {
            0x40 if matches!(argument, 1..=5) => Why::Refused(argument),
            0..0x40 => Why::Plain(*PLAIN.get(usize::from(kind)).filter(|_| argument == 0)?),
            0x41 | 0x42 if is_reason_code(argument) => Why::Other,
            0x43 if argument == 0 => Why::Other,
            0x80.. => Why::Other,
            _ => return None,
        })
    }
}

fn is_text(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok()
}

/// MQTT 5 table 2-6.
pub(super) const fn is_reason_code(byte: u8) -> bool {
    matches!(byte, 0x00..=0x02 | 0x04 | 0x10 | 0x11 | 0x18 | 0x19 | 0x80..=0xA2)
}
