//! The flight recorder: what the bridge was told and what it said, in a ring in RAM that is written
//! to UART0 on request.
//!
//! A `d` that comes in has everything written that is in the ring, the oldest first, in lines of
//! `~` and base64. A line goes into the UART's empty FIFO at once, so nothing waits for it: the
//! link and the rest of the log go on in between. What was written leaves the ring, and recording
//! goes on: what the next `d` brings continues it.

use core::ops::{Deref, DerefMut};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use embassy_rp::clocks::RoscRng;
use fivewire_core::bridge::host::Host;
use fivewire_core::link::native::Native;
use fivewire_core::recorder::{Payloads, Recorder, Ring};
use fivewire_core::time::{Instant, Reason, Wait};
use fivewire_pins::{Driver, HostEnd};

use crate::console;
use crate::wires::BridgeWires;

/// Bytes of the ring. A quarter must hold whatever the bridge's buffers hold, which is most when a
/// recorder is most wanted: at the end of a long outage.
pub const LOG_BYTES: usize = 64 * 1_024;
const SEGMENTS: usize = 4;

/// What asks for the log.
const REQUEST: u8 = b'd';
/// How a line of it begins, which no other line does.
const MARK: u8 = b'~';
/// What tells that this was all.
const END: &[u8] = b"flight recorder: end\r\n";

/// Bytes of the log in a line, which takes four for three, the mark and the line's end.
const PIECE_BYTES: usize = 21;
const LINE_BYTES: usize = 1 + PIECE_BYTES / 3 * 4 + 2;
const _: () = assert!(LINE_BYTES <= console::AT_ONCE_BYTES && END.len() <= console::AT_ONCE_BYTES);
/// A line at 115,200 baud takes 2.7 ms.
const LINE_MS: u32 = 3;

type Memory = &'static mut [u8];
type End = HostEnd<Memory, Native<Memory>, BridgeWires, Ring<Memory>>;

/// A bridge that is recorded, used like the one that is not.
pub struct Bridge {
    end: End,
    /// Segments still to be written, if somebody has asked: not more than there were then, or it
    /// would not end on a busy link.
    segments_left: Option<usize>,
}

impl Deref for Bridge {
    type Target = End;

    fn deref(&self) -> &End {
        &self.end
    }
}

impl DerefMut for Bridge {
    fn deref_mut(&mut self) -> &mut End {
        &mut self.end
    }
}

/// Records into this memory.
fn recorder(memory: Memory) -> Recorder<Ring<Memory>> {
    let payloads = if cfg!(feature = "recorder-payloads") {
        Payloads::Kept
    } else {
        // Not from the bridge's seed, which shows in the log.
        Payloads::Disguised { key: [RoscRng.next_u64(), RoscRng.next_u64()] }
    };
    Recorder::new(Ring::new(memory, SEGMENTS), payloads)
}

impl Bridge {
    /// Puts it together, and records from here on into `log`.
    pub(crate) fn new(
        host: Host<Memory>,
        driver: Driver<Native<Memory>, BridgeWires>,
        log: Memory,
    ) -> Self {
        Self { end: HostEnd::recorded(host, driver, recorder(log)), segments_left: None }
    }

    /// Writes the next line of the log, if somebody has asked and there is room, and says when to
    /// come back.
    pub(crate) fn dump(&mut self, now: Instant) -> Wait {
        let Some(recorder) = self.end.recorder() else { return Wait::ForInput };
        while let Some(byte) = console::received() {
            if byte == REQUEST && self.segments_left.is_none() {
                recorder.finish();
                self.segments_left = Some(recorder.sink().segments());
            }
        }
        let Some(left) = &mut self.segments_left else { return Wait::ForInput };
        if console::is_at_rest() {
            if *left == 0 {
                console::write_at_once(END);
                self.segments_left = None;
                return Wait::ForInput;
            }
            write_line(recorder.sink_mut(), left);
        }
        Wait::Until(now.plus_ms(LINE_MS), Reason::MoreWork)
    }
}

/// Writes the next line, of one segment or of two.
fn write_line(log: &mut Ring<Memory>, left: &mut usize) {
    let (mut piece, mut size) = ([0; PIECE_BYTES], 0);
    while size < piece.len() && *left > 0 {
        let segments = log.segments();
        let count = log.drain(&mut piece[size..]);
        size += count;
        // One of which nothing was taken out yet may have made room meanwhile: then the end comes
        // earlier.
        *left = if count == 0 { 0 } else { *left - (segments - log.segments()) };
    }
    let mut line = [MARK; LINE_BYTES];
    let encoded = STANDARD.encode_slice(&piece[..size], &mut line[1..]);
    let end = 1 + encoded.expect("the line is as long as its piece wants");
    line[end..end + 2].copy_from_slice(b"\r\n");
    console::write_at_once(&line[..end + 2]);
}
