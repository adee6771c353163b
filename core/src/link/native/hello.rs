//! HELLO: what an end says until it has found the other one.
//!
//! | bits | are |
//! |---|---|
//! | 16 | the marker 1000 0011 0000 1010 |
//! | 256 | 16 bytes, lowest bit first; each bit is followed by its opposite |
//!
//! | byte | is |
//! |---|---|
//! | 0 | the version |
//! | 1 | 0 from a passive end, 1 from an initiator |
//! | 2, 3 | bytes of its receive memory |
//! | 4 to 7 | its nonce, never 0 |
//! | 8 to 11 | the nonce that it heard from the other end, 0 if none |
//! | 12 to 15 | CRC-32 of the bytes before |
//!
//! Five zeros in a row are found in the marker alone, so nothing else can be taken for it. Three
//! ones in a row are not found anywhere, and the predecessor's SYN has three: its ends never take a
//! HELLO for one. In every version the marker, the version and the checksum stay where they are.

use super::checksum;
use crate::link::Role;
use crate::storage::{get_u16, get_u32, put_u16, put_u32};

/// What a HELLO begins with, the first bit lowest.
pub(super) const MARKER: u16 = 0x50C1;
/// Bytes of a HELLO.
const HELLO_BYTES: usize = 16;
/// Bytes that the checksum is about.
const CHECKED_BYTES: usize = 12;
/// Bits of a HELLO behind its marker.
const BODY_BITS: u16 = 256;

/// What an end says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Hello {
    pub(super) version: u8,
    pub(super) role: Role,
    /// Bytes of its receive memory.
    pub(super) memory_bytes: u16,
    pub(super) nonce: u32,
    /// The nonce that it heard, or 0.
    pub(super) heard: u32,
}

impl Hello {
    fn encode(&self) -> [u8; HELLO_BYTES] {
        let mut bytes = [0; HELLO_BYTES];
        bytes[0] = self.version;
        bytes[1] = u8::from(self.role == Role::Initiator);
        put_u16(&mut bytes, 2, self.memory_bytes);
        put_u32(&mut bytes, 4, self.nonce);
        put_u32(&mut bytes, 8, self.heard);
        let crc = checksum::over(checksum::START, &bytes[..CHECKED_BYTES]);
        put_u32(&mut bytes, CHECKED_BYTES, crc);
        bytes
    }

    fn decode(bytes: &[u8; HELLO_BYTES]) -> Option<Self> {
        let crc = checksum::over(checksum::START, &bytes[..CHECKED_BYTES]);
        (crc == get_u32(bytes, CHECKED_BYTES)).then(|| Self {
            version: bytes[0],
            role: if bytes[1] & 1 == 1 { Role::Initiator } else { Role::Passive },
            memory_bytes: get_u16(bytes, 2),
            nonce: get_u32(bytes, 4),
            heard: get_u32(bytes, 8),
        })
    }
}

/// Says a HELLO, 16 bits at a time.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Speaker {
    bytes: [u8; HELLO_BYTES],
    /// Bytes that are left to say.
    left: u8,
}

impl Speaker {
    /// Begins: the first 16 bits.
    pub(super) fn begin(&mut self, hello: &Hello) -> u16 {
        *self = Self { bytes: hello.encode(), left: HELLO_BYTES as u8 };
        MARKER
    }

    pub(super) const fn stop(&mut self) {
        self.left = 0;
    }

    /// The next 16 bits, if it is not finished.
    pub(super) fn next(&mut self) -> Option<u16> {
        let at = HELLO_BYTES - usize::from(self.left);
        self.left = self.left.checked_sub(1)?;
        Some(spread(self.bytes[at]))
    }
}

/// Each bit, and behind it its opposite.
const fn spread(byte: u8) -> u16 {
    let mut bits = byte as u16;
    bits = (bits | bits << 4) & 0x0F0F;
    bits = (bits | bits << 2) & 0x3333;
    bits = (bits | bits << 1) & 0x5555;
    bits | (!bits & 0x5555) << 1
}

/// Hears a HELLO, wherever it begins.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Listener {
    bytes: [u8; HELLO_BYTES],
    /// Bits that are left to hear; 0 before the marker.
    left: u16,
}

impl Listener {
    /// No HELLO is being heard.
    pub(super) const fn is_idle(&self) -> bool {
        self.left == 0
    }

    /// One more bit came; `recent` are the last 32.
    #[inline]
    pub(super) fn hear(&mut self, recent: u32) -> Option<Hello> {
        if self.left == 0 {
            if recent >> 16 == MARKER as u32 {
                self.left = BODY_BITS;
            }
            return None;
        }
        self.left -= 1;
        if self.left & 1 == 1 { None } else { self.pair(recent) }
    }

    /// A bit and its opposite came.
    fn pair(&mut self, recent: u32) -> Option<Hello> {
        let first = recent >> 30 & 1;
        if first == recent >> 31 {
            self.left = 0;
            return None;
        }
        let at = usize::from((BODY_BITS - 2 - self.left) / 16);
        self.bytes[at] = self.bytes[at] >> 1 | (first as u8) << 7;
        if self.left == 0 { Hello::decode(&self.bytes) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::super::window::Window;
    use super::*;

    fn bits_of(hello: &Hello) -> Vec<bool> {
        let mut speaker = Speaker::default();
        let mut chunks = std::vec![speaker.begin(hello)];
        chunks.extend(core::iter::from_fn(|| speaker.next()));
        chunks.iter().flat_map(|chunk| (0..16).map(move |at| chunk >> at & 1 == 1)).collect()
    }

    fn hello(nonce: u32, heard: u32) -> Hello {
        Hello { version: 1, role: Role::Initiator, memory_bytes: 4_096, nonce, heard }
    }

    #[test]
    fn a_hello_is_heard_wherever_it_begins_and_once() {
        let said = hello(0x1234_5678, 0x9ABC_DEF0);
        for junk in 0..600_usize {
            let bits = bits_of(&said);
            let before = bits.iter().cycle().skip(bits.len() * 3 - junk).take(junk);
            let (mut window, mut listener) = (Window::default(), Listener::default());
            let heard = before.chain(&bits).filter_map(|bit| {
                window.push(*bit);
                listener.hear(window.recent)
            });
            let whole_before = junk / bits.len();
            assert!(heard.eq(core::iter::repeat_n(said, whole_before + 1)), "after {junk} bits");
        }
    }

    #[test]
    fn the_predecessors_syn_is_in_no_hello_at_any_bit() {
        let mut nonce = 1_u32;
        for round in 0..20_000_u32 {
            nonce = nonce.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
            let heard = if round % 3 == 0 { 0 } else { nonce.rotate_left(9) };
            let bits = bits_of(&hello(nonce, heard));
            let mut last = 0_u8;
            for bit in [false; 8].iter().chain(&bits).chain(&bits) {
                last = last >> 1 | u8::from(*bit) << 7;
                assert!(last != 0x9D && last >> 5 != 7, "nonce {nonce:#x} heard {heard:#x}");
            }
        }
    }

    #[test]
    fn a_flipped_bit_is_no_hello() {
        let bits = bits_of(&hello(77, 0));
        for flipped in 0..bits.len() {
            let (mut window, mut listener) = (Window::default(), Listener::default());
            for (at, bit) in bits.iter().enumerate() {
                window.push(*bit != (at == flipped));
                assert_eq!(listener.hear(window.recent), None, "bit {flipped}");
            }
        }
    }
}
