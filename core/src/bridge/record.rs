//! Fields of frames: big-endian numbers, texts with their length before them.

/// A frame that no fivewire end of this version sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Garbage;

/// Writes fields into the caller's bytes; remembers if they did not fit.
pub(crate) struct Writer<'a> {
    bytes: &'a mut [u8],
    at: usize,
    overflow: bool,
}

impl<'a> Writer<'a> {
    pub(crate) const fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, at: 0, overflow: false }
    }

    pub(crate) fn bytes(&mut self, content: &[u8]) {
        match self.bytes.get_mut(self.at..self.at + content.len()) {
            Some(room) => room.copy_from_slice(content),
            None => self.overflow = true,
        }
        self.at += content.len();
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes(&[value]);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    /// A number that is usually small: seven bits a byte, the lowest first, and a mark on all but
    /// the last (LEB128).
    pub(crate) fn varint(&mut self, mut value: u32) {
        while value > 0x7F {
            self.u8(value as u8 | 0x80);
            value >>= 7;
        }
        self.u8(value as u8);
    }

    /// A text or binary field of at most 65,535 bytes.
    pub(crate) fn field(&mut self, content: &[u8]) {
        match u16::try_from(content.len()) {
            Ok(len) => self.u16(len),
            Err(_) => self.overflow = true,
        }
        self.bytes(content);
    }

    /// How many bytes were needed, or how many it would have taken.
    pub(crate) const fn finish(self) -> Result<usize, usize> {
        if self.overflow { Err(self.at) } else { Ok(self.at) }
    }
}

/// Reads fields.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Garbage> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(Garbage)?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Garbage> {
        Ok(self.take(1)?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Garbage> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Garbage> {
        Ok(u64::from(self.u32()?) << 32 | u64::from(self.u32()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Garbage> {
        let bytes = self.take(4)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// Its shortest form only, so that one number has one form.
    pub(crate) fn varint(&mut self) -> Result<u32, Garbage> {
        let mut value = 0;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.u8()?;
            let bits = u32::from(byte & 0x7F);
            if bits << shift >> shift != bits || (byte == 0 && shift > 0) {
                return Err(Garbage);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Garbage)
    }

    pub(crate) fn bool(&mut self) -> Result<bool, Garbage> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Garbage),
        }
    }

    pub(crate) fn field(&mut self) -> Result<&'a [u8], Garbage> {
        let len = self.u16()?;
        self.take(usize::from(len))
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Garbage> {
        core::str::from_utf8(self.field()?).map_err(|_| Garbage)
    }

    #[cfg(feature = "mqtt5")]
    pub(crate) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Everything that is left.
    pub(crate) const fn rest(self) -> &'a [u8] {
        self.bytes
    }

    /// Nothing may be left.
    pub(crate) const fn end(self) -> Result<(), Garbage> {
        if self.bytes.is_empty() { Ok(()) } else { Err(Garbage) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_size_have_one_form() {
        for shift in 0..32 {
            for value in [1 << shift, (1_u32 << shift).wrapping_sub(1), !(1 << shift)] {
                let mut bytes = [0; 5];
                let mut writer = Writer::new(&mut bytes);
                writer.varint(value);
                let size = writer.finish().unwrap();
                assert_eq!(Reader::new(&bytes[..size]).varint(), Ok(value));
                assert_eq!(Reader::new(&bytes[..size - 1]).varint(), Err(Garbage));
            }
        }
        for bad in [&[0x80, 0][..], &[0xFF; 5], &[0xFF, 0xFF, 0xFF, 0xFF, 0x1F], &[]] {
            assert_eq!(Reader::new(bad).varint(), Err(Garbage), "{bad:?}");
        }
    }
}
