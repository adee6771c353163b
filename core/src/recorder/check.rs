//! Checksums of the format: CRC-32 over a segment so far, CRC-8 over the head of one record.

/// CRC-32 of IEEE 802.3, reflected, a byte at a time by its two halves: 128 bytes of tables fit any
/// board.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crc32(u32);

/// What the upper four bits of a byte become, and the lower four, which come before them.
const TABLES: [[u32; 16]; 2] = {
    let mut tables = [[0; 16]; 2];
    let mut index = 0;
    while index < 16 {
        let (mut value, mut bit) = (index as u32, 0);
        while bit < 8 {
            value = if value & 1 == 1 { value >> 1 ^ 0xEDB8_8320 } else { value >> 1 };
            bit += 1;
            if bit % 4 == 0 {
                tables[bit / 4 - 1][index] = value;
            }
        }
        index += 1;
    }
    tables
};

impl Crc32 {
    pub(super) const fn new() -> Self {
        Self(u32::MAX)
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        let [upper, lower] = &TABLES;
        for byte in bytes {
            let bits = self.0 ^ u32::from(*byte);
            self.0 = self.0 >> 8 ^ lower[(bits & 15) as usize] ^ upper[(bits >> 4 & 15) as usize];
        }
    }

    pub(super) const fn value(self) -> u32 {
        !self.0
    }
}

/// CRC-8 with the polynomial x⁸+x²+x+1: any damage to a single byte of so few shows.
pub(super) fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc: u8, _| if crc & 0x80 == 0 { crc << 1 } else { crc << 1 ^ 7 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_the_standard_ones() {
        let mut crc = Crc32::new();
        crc.update(b"1234");
        crc.update(b"56789");
        assert_eq!(crc.value(), 0xCBF4_3926);
        let mut crc = Crc32::new();
        crc.update(b"The quick brown fox jumps over the lazy dog");
        assert_eq!(crc.value(), 0x414F_A339);
        assert_eq!(crc8(b"123456789"), 0xF4);
    }
}
