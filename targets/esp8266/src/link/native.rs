//! The native link, between two fivewire ends.

use fivewire_core::bridge::esp::{Esp, Input};
use fivewire_core::link::native::{Config, Memory, Native};
use fivewire_core::link::{Event, Link, Role};
use fivewire_core::time::Instant;

use crate::local::Local;
use crate::sdk::system;

/// What the rest of the firmware drives. Any `fivewire_core::link::Link` would do.
pub(crate) type WireLink = Native<&'static mut [u8]>;

/// Frames of the size that is usual, several; one of the largest.
struct Buffers {
    transmit: [u8; 1_536],
    receive: [u8; 1_536],
}

static BUFFERS: Local<Buffers> = Local::new(Buffers { transmit: [0; 1_536], receive: [0; 1_536] });

/// The passive end. It never gives up: the host decides when to reset.
pub(crate) fn new() -> WireLink {
    let buffers = BUFFERS.take();
    let memory = Memory { transmit: &mut buffers.transmit[..], receive: &mut buffers.receive[..] };
    Native::new(&Config::new(Role::Passive), memory, system::random())
        .unwrap_or_else(|_| system::restart())
}

/// Two fivewire ends need none: the bridge's frames are the link's.
pub(crate) struct Dialect;

impl Dialect {
    pub(crate) const fn new() -> Self {
        Self
    }

    /// Tells the bridge what the link told. False if that is not for the bridge.
    pub(crate) fn hear(
        &mut self,
        now: Instant,
        event: Event<'_>,
        esp: &mut Esp<&'static mut [u8]>,
    ) -> bool {
        let input = match event {
            Event::Up { frame_max_bytes } => Input::LinkUp { frame_max_bytes },
            Event::Down { .. } => Input::LinkDown,
            Event::Frame(frame) => Input::Frame(frame),
            Event::Writable => Input::FrameWritable,
            // An unsuited host is for the host to report.
            _ => return false,
        };
        esp.handle(now, input);
        true
    }

    /// Sends a frame of the bridge: how much of it was taken.
    pub(crate) fn say(&mut self, now: Instant, frame: &[u8], link: &mut WireLink) -> Option<usize> {
        let taken = link.send(frame).unwrap_or_else(|_| {
            // The bridge makes no frame that the session cannot carry. Should there be one, then a
            // new session, in which both ends begin anew, loses nothing; a frame that is left out
            // would.
            system::log(c"a frame is too large for this link\n");
            link.restart(now);
            0
        });
        Some(taken)
    }

    /// Passes on what is to be passed on. True if the bridge was told something.
    pub(crate) fn pass(
        &mut self,
        _now: Instant,
        _link: &mut WireLink,
        _esp: &mut Esp<&'static mut [u8]>,
    ) -> bool {
        false
    }
}
