//! The link machines that boards run.

use fivewire_core::link::native::{Config, Memory, Native, VERSION};
use fivewire_core::link::syncom::{self, Syncom};
use fivewire_core::link::{Counters, Input, Link, Output, Role, SendError, Timing};
use fivewire_core::planted::Planted;
use fivewire_core::time::Instant;

use crate::fault::Firmware;
use crate::schedule::Wires;

const IMPOSSIBLE: &str = "this setup cannot work";

/// What a board speaks.
#[allow(
    clippy::large_enum_variant,
    reason = "a world has two, and every edge goes through them: a box would be a detour at each"
)]
pub(super) enum Machine {
    /// What ours does.
    Native(Native<Vec<u8>>),
    /// What the predecessor's did.
    Syncom(Syncom<Vec<u8>>),
}

impl Machine {
    /// A machine as `firmware` has it; ours where there is none.
    ///
    /// # Panics
    /// The setup is one that the core refuses: it should have been checked before.
    pub(super) fn new(
        role: Role,
        setup: &Wires,
        planted: Planted,
        firmware: Option<Firmware>,
        seed: u64,
    ) -> Self {
        let size_bytes = usize::from(match role {
            Role::Initiator => setup.host_memory_bytes,
            Role::Passive => setup.esp_memory_bytes,
        });
        if firmware == Some(Firmware::Syncom) {
            let memory =
                syncom::Memory { transmit: vec![0; size_bytes], receive: vec![0; size_bytes] };
            let machine = Syncom::new(&syncom::Config::new(role), memory);
            return Self::Syncom(machine.unwrap_or_else(|error| panic!("{IMPOSSIBLE}: {error}")));
        }
        let plain = Config::new(role);
        let config = Config {
            // the bridge's host decides when to reset (P8)
            timing: Timing { resets_by_itself: false, ..plain.timing },
            idle_step_us: setup.idle_step_us,
            version: match firmware {
                Some(Firmware::OtherVersion) => VERSION + 1,
                _ => VERSION,
            },
            planted,
            ..plain
        };
        let memory = Memory { transmit: vec![0; size_bytes], receive: vec![0; size_bytes] };
        let machine = Native::new(&config, memory, seed);
        Self::Native(machine.unwrap_or_else(|error| panic!("{IMPOSSIBLE}: {error}")))
    }
}

macro_rules! each {
    ($machine:expr, $link:ident => $body:expr) => {
        match $machine {
            Machine::Native($link) => $body,
            Machine::Syncom($link) => $body,
        }
    };
}

impl Link for Machine {
    fn start(&mut self, now: Instant) {
        each!(self, link => link.start(now));
    }

    fn restart(&mut self, now: Instant) {
        each!(self, link => link.restart(now));
    }

    fn handle(&mut self, now: Instant, input: Input) {
        each!(self, link => link.handle(now, input));
    }

    fn poll(&mut self) -> Output<'_> {
        each!(self, link => link.poll())
    }

    fn send(&mut self, frame: &[u8]) -> Result<usize, SendError> {
        each!(self, link => link.send(frame))
    }

    fn hold(&mut self, hold: bool) {
        each!(self, link => link.hold(hold));
    }

    fn is_up(&self) -> bool {
        each!(self, link => link.is_up())
    }

    fn counters(&self) -> Counters {
        each!(self, link => link.counters())
    }
}
