//! Frames that crossed the link, damaged, and what an ESP8266 makes of them.

use fivewire_core::bridge::esp::{Esp, Input, Output};

use super::{LONG_AGO, OUTPUTS_MAX};
use crate::observation::Part;
use crate::world::device::Bytes;

/// Nobody sends this.
pub(super) const NO_FRAME: &[u8] = &[0xFF];
/// An ESP8266 that does what its host asks for says how much memory it has.
pub(super) const ASK_MEMORY: &[u8] = &[0x0A];
const HELLO: u8 = 0x81;

/// The first bytes of frames to an ESP8266, and to a host.
const FIRST_BYTES: [&[u8]; 2] = [
    &[0x01, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x30, 0x32, 0x3B, 0x42],
    &[
        0x81, 0x82, 0x83, 0x84, 0x84, 0x87, 0x88, 0x89, 0x8A, 0x8B, 0x8C, 0x8D, 0x8E, 0x8F, 0x90,
        0x94, 0x95, 0xA0, 0xA1, 0xB0, 0xB2, 0xC2,
    ],
];
/// What is at an edge of something, or common.
const BYTES: [u8; 14] = [0, 0, 0, 1, 1, 2, 3, 5, b'#', 0x41, 0x7F, 0x80, 0x81, 0xFF];

/// The frame to `to`, with one fault, or as it is, or one that was made up.
pub(super) fn damaged(whole: &[u8], to: Part, number: u64) -> Vec<u8> {
    let mut frame = whole.to_vec();
    let mut draw = number / 16;
    let mut drawn = |below: usize| {
        let value = draw % below.max(1) as u64;
        draw = crate::random::mixed(draw);
        value as usize
    };
    let size = frame.len();
    match number % 16 {
        _ if size == 0 => {}
        1 => frame.truncate(size - 1),
        2 => frame.push(drawn(256) as u8),
        3 | 4 => frame[drawn(size)] ^= 1 << drawn(8),
        5 => frame[drawn(size.min(8))] = BYTES[drawn(BYTES.len())],
        6 => frame.clear(),
        7 => frame[0] = drawn(256) as u8,
        8 => frame.truncate(drawn(size)),
        9 => frame[0] ^= 1 << drawn(4),
        // a number of one byte that takes more
        10 if size > 1 => {
            frame[1] |= 0x80;
            frame.splice(2..2, [[0].as_slice(), &[0x80, 0x80, 0x80, 0x10]][drawn(2)].to_vec());
        }
        // a length that reaches far beyond the end, or any other number
        11 => frame[drawn(size)] = 0xFF,
        12..=15 => return made_up(to, drawn),
        _ => {}
    }
    frame
}

/// A frame that may be one.
fn made_up(to: Part, mut drawn: impl FnMut(usize) -> usize) -> Vec<u8> {
    let first_bytes = FIRST_BYTES[usize::from(to == Part::Host)];
    let mut frame = vec![first_bytes[drawn(first_bytes.len())]];
    // most frames without a text have a size of their own
    let size = match frame[0] {
        0x09 => 8,
        0x0B | 0x88 | 0x89 => 4,
        0x83 => 1,
        0x84 => 3,
        0x87 | 0x8A | 0xA1 => 5,
        0x8F => 8,
        0x82 => 24,
        0x81 => 9,
        0x8E => 14,
        _ => drawn(10),
    };
    frame.extend((0..size).map(|_| BYTES[drawn(BYTES.len())]));
    frame
}

/// What an ESP8266 does at once with a frame.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Heard {
    pub(super) says_hello: bool,
    pub(super) reports_memory: bool,
    pub(super) cookie: Option<u64>,
    /// It asks for nothing more.
    pub(super) waits: bool,
}

/// Hands `frame` to the ESP8266, if it is any, and takes all frames that are offered.
pub(super) fn heard(esp: &mut Esp<Bytes>, frame: Option<&[u8]>) -> Heard {
    let mut heard = Heard::default();
    esp.handle(LONG_AGO, Input::FrameWritable);
    if let Some(frame) = frame {
        esp.handle(LONG_AGO, Input::Frame(frame));
    }
    for _ in 0..OUTPUTS_MAX {
        match esp.poll() {
            Output::Frame(frame) => {
                heard.says_hello |= frame.first() == Some(&HELLO);
                let taken = frame.len();
                esp.handle(LONG_AGO, Input::FrameSent(taken));
            }
            Output::AskTime { cookie } => heard.cookie = Some(cookie),
            Output::ReportMemory => heard.reports_memory = true,
            Output::Configure(_) | Output::Join(_) | Output::Net(_) | Output::Transmit(_) => {}
            Output::Wait(_) => {
                heard.waits = true;
                break;
            }
        }
    }
    heard
}
