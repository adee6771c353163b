//! FNV-1a, 64 bits: small enough to be the same everywhere at a glance.

use core::fmt;

const START: u64 = 0xCBF2_9CE4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01B3;

/// A hash that grows with everything that is decided.
#[derive(Clone, Copy, Debug)]
pub struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self::new()
    }
}

impl Hash {
    /// Of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(START)
    }

    /// So far.
    #[must_use]
    pub const fn value(&self) -> u64 {
        self.0
    }

    /// More bytes.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
    }

    /// Something with all its fields, at a time.
    pub(crate) fn note(&mut self, at_us: u64, what: &impl fmt::Debug) {
        use fmt::Write as _;
        self.bytes(&at_us.to_le_bytes());
        // A hash takes any text.
        let _ = write!(self, "{what:?};");
    }
}

impl fmt::Write for Hash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_vectors_of_its_authors() {
        let of = |text: &str| {
            let mut hash = Hash::new();
            hash.bytes(text.as_bytes());
            hash.value()
        };
        assert_eq!(
            (of(""), of("a"), of("foobar")),
            (START, 0xAF63_DC4C_8601_EC8C, 0x8594_4171_F739_67E8)
        );
    }
}
