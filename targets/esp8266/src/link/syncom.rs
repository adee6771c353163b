//! The predecessor's link, and its records, for a host that runs the original driver.

use fivewire_core::bridge::esp::{self, Esp};
use fivewire_core::bridge::original::EspDialect;
use fivewire_core::bridge::original::esp::{Config, Input, Memory, Output};
use fivewire_core::link::syncom::{self, Syncom};
use fivewire_core::link::{Event, Link, Role};
use fivewire_core::time::Instant;

use crate::local::Local;
use crate::sdk::system;

/// What the rest of the firmware drives.
pub(crate) type WireLink = Syncom<&'static mut [u8]>;

struct Buffers {
    transmit: [u8; 1_024],
    receive: [u8; 1_024],
    will: [u8; 256],
    settings: [u8; 512],
    publication: [u8; 1_024],
    command: [u8; 256],
    record: [u8; 1_024],
    client_id: [u8; 8],
}

static BUFFERS: Local<Buffers> = Local::new(Buffers {
    transmit: [0; 1_024],
    receive: [0; 1_024],
    will: [0; 256],
    settings: [0; 512],
    publication: [0; 1_024],
    command: [0; 256],
    record: [0; 1_024],
    client_id: [0; 8],
});
static DIALECT_MEMORY: Local<Option<(Memory<&'static mut [u8]>, &'static str)>> = Local::new(None);

/// The passive end. It never gives up: the host decides when to reset.
pub(crate) fn new() -> WireLink {
    let buffers = BUFFERS.take();
    let memory = Memory {
        will: &mut buffers.will[..],
        settings: &mut buffers.settings[..],
        publication: &mut buffers.publication[..],
        command: &mut buffers.command[..],
        record: &mut buffers.record[..],
    };
    let client_id = hexadecimal(system::chip_id(), &mut buffers.client_id);
    DIALECT_MEMORY.with(|place| *place = Some((memory, client_id)));
    let memory =
        syncom::Memory { transmit: &mut buffers.transmit[..], receive: &mut buffers.receive[..] };
    Syncom::new(&syncom::Config::new(Role::Passive), memory).unwrap_or_else(|_| system::restart())
}

/// As the original names itself to the broker: by the chip's number.
fn hexadecimal(number: u32, text: &mut [u8; 8]) -> &str {
    for (at, digit) in text.iter_mut().enumerate() {
        *digit = b"0123456789abcdef"[(number >> (28 - 4 * at) & 0xF) as usize];
    }
    core::str::from_utf8(text).unwrap_or_default()
}

/// Between the host's records and the bridge's frames.
pub(crate) struct Dialect(EspDialect<'static, &'static mut [u8]>);

impl Dialect {
    /// After the link was made.
    pub(crate) fn new() -> Self {
        let Some((memory, client_id)) = DIALECT_MEMORY.with(Option::take) else {
            system::restart();
        };
        let (free_bytes, allocated_bytes) = system::heap_bytes();
        let config = Config { client_id, free_bytes, allocated_bytes };
        Self(EspDialect::new(config, memory).unwrap_or_else(|_| system::restart()))
    }

    /// Tells the dialect what the link told.
    pub(crate) fn hear(
        &mut self,
        now: Instant,
        event: Event<'_>,
        _esp: &mut Esp<&'static mut [u8]>,
    ) -> bool {
        self.0.handle(now, Input::Link(event));
        true
    }

    /// Translates a frame of the bridge. What became of it is told by [`pass`](Self::pass).
    pub(crate) fn say(&mut self, now: Instant, frame: &[u8], _: &mut WireLink) -> Option<usize> {
        self.0.handle(now, Input::Frame(frame));
        None
    }

    /// Passes on what is to be passed on. True if the bridge was told something.
    pub(crate) fn pass(
        &mut self,
        now: Instant,
        link: &mut WireLink,
        esp: &mut Esp<&'static mut [u8]>,
    ) -> bool {
        let mut told = false;
        loop {
            match self.next(link) {
                Next::Bridge(input) => {
                    esp.handle(now, input);
                    told = true;
                }
                Next::Dialect(input) => self.0.handle(now, input),
                Next::Rests => return told,
            }
        }
    }

    /// Does one thing that the dialect wants. A function of its own, so that its part of the stack
    /// is free again when somebody is told of it.
    #[inline(never)]
    fn next(&mut self, link: &mut WireLink) -> Next<'_> {
        match self.0.poll() {
            Output::Esp(input) => Next::Bridge(input),
            Output::Record(record) => {
                Next::Dialect(link.send(record).map_or(Input::Unsendable, Input::Sent))
            }
            Output::Wait(_) => Next::Rests,
        }
    }
}

/// Who is to be told what.
enum Next<'a> {
    Bridge(esp::Input<'a>),
    Dialect(Input<'static>),
    Rests,
}
