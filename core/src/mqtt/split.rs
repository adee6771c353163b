//! Where a packet begins and ends: the fixed header (MQTT 3.1.1 §2.2).

use super::breach::Breach;

/// The start of a packet, checked as far as it goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FixedHeader {
    /// The packet type in the upper half, its flags in the lower.
    pub first_byte: u8,
    /// Bytes of the fixed header itself, 2 to 5.
    pub header_len: usize,
    /// Bytes of the packet after the fixed header, at most
    /// [`REMAINING_LENGTH_MAX`](super::REMAINING_LENGTH_MAX).
    pub remaining_len: usize,
}

impl FixedHeader {
    /// Bytes of the whole packet. Compare it with the buffer before waiting for that many.
    #[must_use]
    #[inline]
    pub const fn packet_len(&self) -> usize {
        self.header_len + self.remaining_len
    }

    /// The number of the packet's type, 1 to 14 (MQTT 3.1.1 §2.2.1).
    #[must_use]
    #[inline]
    pub const fn packet_type(&self) -> u8 {
        self.first_byte >> 4
    }
}

/// What the start of a stream shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Split {
    /// Not even the fixed header is complete: read more.
    Incomplete,
    /// The header is known; the packet may not be complete yet.
    Header(FixedHeader),
}

/// Reads the fixed header at the start of `stream`.
///
/// Looks at no more than five bytes, and refuses as early as it can: a peer that breaks the
/// protocol with its first byte need not be waited for. A remaining length written with more
/// bytes than needed is accepted, since MQTT 3.1.1 does not forbid it.
///
/// # Errors
///
/// [`Breach::PacketType`], [`Breach::ReservedFlags`], [`Breach::QosThree`],
/// [`Breach::DupWithQosZero`], [`Breach::RemainingLength`], and [`Breach::WrongLength`] for a
/// packet whose type has one length only.
#[inline]
pub fn split(stream: &[u8]) -> Result<Split, Breach> {
    let Some((&first_byte, rest)) = stream.split_first() else { return Ok(Split::Incomplete) };
    check_first_byte(first_byte)?;
    let mut remaining_len = 0;
    for (index, &byte) in rest.iter().take(4).enumerate() {
        remaining_len |= usize::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            let header = FixedHeader { first_byte, header_len: index + 2, remaining_len };
            check_length(header)?;
            return Ok(Split::Header(header));
        }
    }
    if rest.len() < 4 { Ok(Split::Incomplete) } else { Err(Breach::RemainingLength) }
}

#[inline]
const fn check_first_byte(first_byte: u8) -> Result<(), Breach> {
    let flags = first_byte & 0x0F;
    let flags_expected = match first_byte >> 4 {
        packet_type @ (0 | 15) => return Err(Breach::PacketType { packet_type }),
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

/// Checks the length of packets that have one length only, so that nobody waits for the rest of
/// a PUBACK of 256 MiB.
#[inline]
const fn check_length(header: FixedHeader) -> Result<(), Breach> {
    let packet_type = header.packet_type();
    let expected = match packet_type {
        2 | 4..=7 | 11 => 2,
        12..=14 => 0,
        _ => return Ok(()),
    };
    if header.remaining_len == expected { Ok(()) } else { Err(Breach::WrongLength { packet_type }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stream: &[u8], remaining_len: usize) {
        let header_len = stream.len();
        let header = FixedHeader { first_byte: 0x30, header_len, remaining_len };
        assert_eq!(split(stream), Ok(Split::Header(header)));
        assert_eq!(header.packet_len(), header_len + remaining_len);
        for len in 0..header_len {
            assert_eq!(split(&stream[..len]), Ok(Split::Incomplete));
        }
    }

    /// MQTT 3.1.1 table 2.4.
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
    fn remaining_length_with_needless_bytes_is_accepted() {
        check(&[0x30, 0x80, 0x80, 0x80, 0x00], 0);
        check(&[0x30, 0x82, 0x00], 2);
    }

    #[test]
    fn remaining_length_with_a_fifth_byte_is_refused_at_the_fourth() {
        assert_eq!(split(&[0x30, 0x80, 0x80, 0x80, 0x80]), Err(Breach::RemainingLength));
        assert_eq!(split(&[0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]), Err(Breach::RemainingLength));
    }

    /// All 256 first bytes against MQTT 3.1.1 tables 2.1 and 2.2.
    #[test]
    fn only_listed_first_bytes_are_accepted() {
        let accepted: &[u8] = &[
            0x10, 0x20, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x3A, 0x3B, 0x3C, 0x3D, 0x40, 0x50,
            0x62, 0x70, 0x82, 0x90, 0xA2, 0xB0, 0xC0, 0xD0, 0xE0,
        ];
        for first_byte in 0..=255 {
            let answer = split(&[first_byte]);
            assert_eq!(answer.is_ok(), accepted.contains(&first_byte), "{first_byte:#04x}");
            let expected = match (first_byte >> 4, first_byte & 0x0F) {
                (0 | 15, _) => Breach::PacketType { packet_type: first_byte >> 4 },
                (3, 8 | 9) => Breach::DupWithQosZero,
                (3, _) => Breach::QosThree,
                _ => Breach::ReservedFlags { first_byte },
            };
            assert!(answer.is_ok() || answer == Err(expected), "{first_byte:#04x}: {answer:?}");
        }
    }
}
