//! Where a packet begins and ends: the fixed header (MQTT 5 §2.1).

use super::breach::Breach;
use crate::mqtt::{FixedHeader, Split};

/// Reads the fixed header at the start of `stream`.
///
/// Looks at no more than five bytes, and refuses as early as it can: a peer that breaks the
/// protocol with its first byte need not be waited for.
///
/// # Errors
///
/// [`Breach::PacketType`], [`Breach::ReservedFlags`], [`Breach::QosThree`],
/// [`Breach::DupWithQosZero`], [`Breach::VariableByteInteger`], [`Breach::NotMinimal`], and
/// [`Breach::WrongLength`] for a PINGREQ or PINGRESP that has more than its header.
#[inline]
pub fn split(stream: &[u8]) -> Result<Split, Breach> {
    let Some((&first_byte, rest)) = stream.split_first() else { return Ok(Split::Incomplete) };
    check_first_byte(first_byte)?;
    let mut remaining_len = 0;
    for (index, &byte) in rest.iter().take(4).enumerate() {
        remaining_len |= usize::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            if byte == 0 && index > 0 {
                return Err(Breach::NotMinimal);
            }
            let header = FixedHeader { first_byte, header_len: index + 2, remaining_len };
            let packet_type = header.packet_type();
            return match packet_type {
                12 | 13 if remaining_len > 0 => Err(Breach::WrongLength { packet_type }),
                _ => Ok(Split::Header(header)),
            };
        }
    }
    if rest.len() < 4 { Ok(Split::Incomplete) } else { Err(Breach::VariableByteInteger) }
}

#[inline]
const fn check_first_byte(first_byte: u8) -> Result<(), Breach> {
    let flags = first_byte & 0x0F;
    let flags_expected = match first_byte >> 4 {
        packet_type @ 0 => return Err(Breach::PacketType { packet_type }),
        3 => {
            return match flags >> 1 {
                0b011 | 0b111 => Err(Breach::QosThree),
                0b100 => Err(Breach::DupWithQosZero),
                _ => Ok(()),
            };
        }
        6 | 8 | 10 => 0b0010,
        _ => 0,
    };
    if flags == flags_expected { Ok(()) } else { Err(Breach::ReservedFlags { first_byte }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stream: &[u8], remaining_len: usize) {
        let header_len = stream.len();
        let header = FixedHeader { first_byte: 0x30, header_len, remaining_len };
        assert_eq!(split(stream), Ok(Split::Header(header)));
        for len in 0..header_len {
            assert_eq!(split(&stream[..len]), Ok(Split::Incomplete));
        }
    }

    /// MQTT 5 table 1-1.
    #[test]
    fn remaining_length_at_each_digits_limits() {
        check(&[0x30, 0], 0);
        check(&[0x30, 0x7F], 127);
        check(&[0x30, 0x80, 0x01], 128);
        check(&[0x30, 0xFF, 0x7F], 16_383);
        check(&[0x30, 0x80, 0x80, 0x01], 16_384);
        check(&[0x30, 0xFF, 0xFF, 0x7F], 2_097_151);
        check(&[0x30, 0x80, 0x80, 0x80, 0x01], 2_097_152);
        check(&[0x30, 0xFF, 0xFF, 0xFF, 0x7F], crate::mqtt::REMAINING_LENGTH_MAX as usize);
    }

    #[test]
    fn remaining_length_with_needless_bytes_is_refused() {
        for stream in [&[0x30, 0x80, 0x00][..], &[0x30, 0x82, 0x00], &[0x30, 0x80, 0x80, 0x80, 0]] {
            assert_eq!(split(stream), Err(Breach::NotMinimal));
        }
    }

    #[test]
    fn remaining_length_with_a_fifth_byte_is_refused_at_the_fourth() {
        assert_eq!(split(&[0x30, 0x80, 0x80, 0x80, 0x80]), Err(Breach::VariableByteInteger));
    }

    /// All 256 first bytes against MQTT 5 tables 2-1 and 2-2.
    #[test]
    fn only_listed_first_bytes_are_accepted() {
        let accepted: &[u8] = &[
            0x10, 0x20, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x3A, 0x3B, 0x3C, 0x3D, 0x40, 0x50,
            0x62, 0x70, 0x82, 0x90, 0xA2, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0,
        ];
        for first_byte in 0..=255 {
            let answer = split(&[first_byte]);
            assert_eq!(answer.is_ok(), accepted.contains(&first_byte), "{first_byte:#04x}");
            let expected = match (first_byte >> 4, first_byte & 0x0F) {
                (packet_type @ 0, _) => Breach::PacketType { packet_type },
                (3, 8 | 9) => Breach::DupWithQosZero,
                (3, _) => Breach::QosThree,
                _ => Breach::ReservedFlags { first_byte },
            };
            assert!(answer.is_ok() || answer == Err(expected), "{first_byte:#04x}: {answer:?}");
        }
    }
}
