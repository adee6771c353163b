//! The link: the native one, between two fivewire ends.

use fivewire_core::link::Role;
use fivewire_core::link::native::{Config, Memory, Native};

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
