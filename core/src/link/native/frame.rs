//! The format of a frame, as the table in [`super`] tells it.

use super::checksum;
use super::window::Window;
use crate::link::Role;

/// The first byte. Its lowest bit, which is the first on the wire, ends a silence.
pub(super) const SYNC: u8 = 0xA7;
/// The upper bits of the size field.
const KIND: u32 = 0xA;
/// The same where the payload is several frames of the owner's. All four bits differ.
const KIND_JOINED: u32 = 0x5;
/// Bytes of a frame before its payload.
pub(super) const HEADER_BYTES: usize = 5;
/// Bytes of a frame behind its payload.
pub(super) const TRAILER_BYTES: usize = 6;
/// Frames of the owner's that wait are joined up to a payload of this size: more would gain little,
/// and be waited for and sent again as one.
pub(super) const JOINED_MAX_BYTES: usize = 64;
/// The largest payload.
pub const FRAME_MAX_BYTES: usize = 4_095;
/// Sequence numbers are below this.
pub(super) const SEQUENCES: u8 = 128;
/// Frames that may be on their way at once: less than half of the sequence numbers, so that what
/// lies behind the expected one is told from what lies before it.
pub(super) const WINDOW_FRAMES: u8 = 63;
/// In the sequence number's byte: please answer.
const ASKS: u8 = 0x80;
/// In the acknowledgement's byte: send again from here.
const LOST: u8 = 0x80;

/// How many frames `to` is ahead of `from`.
pub(super) const fn ahead(from: u8, to: u8) -> u8 {
    to.wrapping_sub(from) % SEQUENCES
}

/// The sequence number behind this one.
pub(super) const fn next(sequence: u8) -> u8 {
    (sequence + 1) % SEQUENCES
}

/// What the frames of one direction and one session have in common: it is made of both nonces, so
/// that nothing from elsewhere can be taken for a frame of this session.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Key(u32);

impl Key {
    /// For what `from` sends.
    pub(super) fn new(from: Role, initiator: u32, passive: u32) -> Self {
        let crc = checksum::over(checksum::START, &initiator.to_le_bytes());
        let crc = checksum::over(crc, &passive.to_le_bytes());
        Self(checksum::update(crc, u8::from(from == Role::Initiator)))
    }
}

/// What comes before the payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Header {
    /// Bytes of payload; 0 in a frame that only acknowledges.
    pub(super) size: u16,
    /// The number of this frame, or, if it has no payload, of the next one that will.
    pub(super) sequence: u8,
    /// The other end wants an answer.
    pub(super) asks: bool,
    /// The payload is several frames, each with a byte of size before it.
    pub(super) joined: bool,
}

impl Header {
    /// The bytes behind [`SYNC`], and the checksum so far.
    pub(super) fn encode(self, key: Key) -> ([u8; HEADER_BYTES - 1], u32) {
        let size = u32::from(self.size) | if self.joined { KIND_JOINED } else { KIND } << 12;
        let number = self.sequence | if self.asks { ASKS } else { 0 };
        let [low, high, ..] = size.to_le_bytes();
        let crc = checksum::over(key.0, &[low, high, number]);
        ([low, high, number, check(crc)], crc)
    }

    /// The header that ends with the last bit, if one does, and the checksum so far.
    #[inline]
    pub(super) fn find(window: &Window, key: Key) -> Option<(Self, u32)> {
        if window.begins_with_sync() { Self::decode(window.recent, key) } else { None }
    }

    fn decode(word: u32, key: Key) -> Option<(Self, u32)> {
        let [low, high, number, found] = word.to_le_bytes();
        let kind = word >> 12 & 0xF;
        if kind != KIND && kind != KIND_JOINED {
            return None;
        }
        let crc = checksum::over(key.0, &[low, high, number]);
        let header = Self {
            size: (word & 0xFFF) as u16,
            sequence: number & !ASKS,
            asks: number & ASKS != 0,
            joined: kind == KIND_JOINED,
        };
        (found == check(crc)).then_some((header, crc))
    }
}

/// Eight bits of the checksum so far, chosen so that no one or two flipped bits of a header go
/// unseen.
const fn check(crc: u32) -> u8 {
    (crc >> 12) as u8
}

/// What an end says of what it hears.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Report {
    /// The number of the frame that it expects: all before it arrived.
    pub(super) expected: u8,
    /// Something was lost: that frame is to be sent again, and all behind it.
    pub(super) lost: bool,
    /// Units of receive memory that are free for that frame and those behind it.
    pub(super) credit: u8,
}

impl Report {
    /// What comes behind the payload, for the checksum so far.
    pub(super) fn encode(self, crc: u32) -> [u8; TRAILER_BYTES] {
        let number = self.expected | if self.lost { LOST } else { 0 };
        let [a, b, c, d] = checksum::over(crc, &[number, self.credit]).to_le_bytes();
        [number, self.credit, a, b, c, d]
    }

    /// What a trailer says, and whether its checksum is right.
    pub(super) fn decode(trailer: [u8; TRAILER_BYTES], crc: u32) -> (Self, bool) {
        let [number, credit, a, b, c, d] = trailer;
        let whole = checksum::over(crc, &[number, credit]) == u32::from_le_bytes([a, b, c, d]);
        (Self { expected: number & !LOST, lost: number & LOST != 0, credit }, whole)
    }
}

/// Makes any payload look like noise on the wire, a different one for each frame of each session:
/// then no payload can be mistaken for a HELLO or for the beginning of a frame, on purpose or by
/// accident.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whitening(u32);

impl Whitening {
    pub(super) const fn new(key: Key, sequence: u8) -> Self {
        // 0 would stay 0.
        Self((key.0 ^ (sequence as u32 + 1).wrapping_mul(0x9E37_79B9)) | 1)
    }

    /// What the next byte is to be combined with (xorshift32).
    pub(super) const fn next(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 8) as u8
    }
}

/// How many bits a unit of credit is shifted by: a memory of this size has 255 units at most.
pub(super) const fn credit_shift(memory_bytes: usize) -> u8 {
    let mut shift = 0;
    while memory_bytes >> shift > 255 {
        shift += 1;
    }
    shift
}

/// The largest frame that a transmit memory of this size carries to a receive memory of that size,
/// in bytes: what
/// [`Event::Up`](crate::link::Event::Up) says of two `native` ends, for whoever lays out their memories.
#[must_use]
pub const fn frame_max_bytes(transmit_bytes: usize, receive_bytes: usize) -> usize {
    let kept = transmit_bytes.saturating_sub(super::queue::RECORD_BYTES);
    let heard = payload_max(receive_bytes);
    if kept < heard { kept } else { heard }
}

/// The largest payload that a receive memory of this size can take.
pub(super) const fn payload_max(memory_bytes: usize) -> usize {
    let shift = credit_shift(memory_bytes);
    let room = (memory_bytes >> shift) << shift;
    let largest = room.saturating_sub(super::queue::RECORD_BYTES);
    if largest < FRAME_MAX_BYTES { largest } else { FRAME_MAX_BYTES }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key(0xDEAD_BEEF);

    fn word(header: Header) -> u32 {
        u32::from_le_bytes(header.encode(KEY).0)
    }

    #[test]
    fn one_or_two_flipped_bits_of_a_header_are_seen() {
        for (size, sequence, asks, joined) in
            [(0, 0, true, false), (64, 127, false, true), (4_095, 3, true, false)]
        {
            let header = Header { size, sequence, asks, joined };
            assert_eq!(Header::decode(word(header), KEY).map(|found| found.0), Some(header));
            for first in 0..32 {
                for second in 0..32 {
                    let flipped =
                        word(header) ^ (1 << first) ^ (u32::from(second != first) << second);
                    assert_eq!(Header::decode(flipped, KEY), None, "bits {first} and {second}");
                }
            }
        }
    }

    #[test]
    fn a_header_of_another_session_is_rarely_taken_and_its_frame_never() {
        let frame = Header { size: 0, sequence: 9, asks: false, joined: false };
        let report = Report { expected: 5, lost: true, credit: 200 };
        let (_, crc) = frame.encode(KEY);
        let trailer = report.encode(crc);
        assert_eq!(Report::decode(trailer, crc), (report, true));
        let taken = (1..=10_000_u32).filter(|nonce| {
            let other = Key::new(Role::Passive, *nonce, 7);
            let found = Header::decode(word(frame), other);
            assert!(found.is_none_or(|(_, crc)| !Report::decode(trailer, crc).1));
            found.is_some()
        });
        assert!(taken.count() < 100);
    }

    #[test]
    fn a_memory_of_any_size_has_a_byte_of_credit() {
        for size in 32..=65_535_usize {
            let shift = credit_shift(size);
            assert!(size >> shift <= 255 && (shift == 0 || size >> (shift - 1) > 255));
            assert!(
                payload_max(size) + 2 <= size && payload_max(size) * 100 >= size.min(4_095) * 93
            );
        }
    }

    #[test]
    fn numbers_go_round() {
        assert_eq!((next(0), next(127), ahead(126, 1), ahead(1, 126)), (1, 0, 3, 125));
    }
}
