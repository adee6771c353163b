//! CRC-32 (IEEE 802.3, reflected), four bits at a time.
//!
//! The crate `crc` offers a table of 1 kB, or none and eight rounds a byte. Sixteen entries are 64
//! bytes of flash and two rounds, about 20 cycles of a Cortex-M0+, once in eight bits.

/// The polynomial, its lowest power at the top.
const POLYNOMIAL: u32 = 0xEDB8_8320;

/// What a checksum starts from.
pub(super) const START: u32 = u32::MAX;

const TABLE: [u32; 16] = table();

const fn table() -> [u32; 16] {
    let mut table = [0; 16];
    let mut nibble = 0_u32;
    while nibble < 16 {
        let mut remainder = nibble;
        let mut bit = 0;
        while bit < 4 {
            let carry = remainder & 1 != 0;
            remainder >>= 1;
            if carry {
                remainder ^= POLYNOMIAL;
            }
            bit += 1;
        }
        table[nibble as usize] = remainder;
        nibble += 1;
    }
    table
}

/// The checksum so far, after one more byte.
pub(super) const fn update(crc: u32, byte: u8) -> u32 {
    let crc = crc ^ byte as u32;
    let crc = crc >> 4 ^ TABLE[(crc & 0xF) as usize];
    crc >> 4 ^ TABLE[(crc & 0xF) as usize]
}

/// The checksum so far, after more bytes.
pub(super) fn over(crc: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(crc, |crc, byte| update(crc, *byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_standard() {
        assert_eq!(over(START, b"123456789") ^ u32::MAX, 0xCBF4_3926);
    }
}
