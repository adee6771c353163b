//! An end that runs the predecessor's firmware, as PREDECESSORS.md §1.3 to §1.6 tell it: until it is
//! synchronised, which is what must never happen.

use fivewire_core::link::{Levels, Role};

const SYN: u8 = 0x9D;

pub(crate) struct Predecessor {
    role: Role,
    phase: bool,
    outgoing: u8,
    incoming: u8,
    pub(crate) drives: Levels,
    pub(crate) is_synchronised: bool,
    pub(crate) edges: u64,
}

impl Predecessor {
    pub(crate) fn start(role: Role) -> Self {
        let initiator = role == Role::Initiator;
        Self {
            role,
            phase: initiator,
            outgoing: if initiator { SYN >> 1 } else { SYN },
            incoming: 0,
            drives: Levels { clock: initiator, data: initiator },
            is_synchronised: false,
            edges: 0,
        }
    }

    /// One look at the wires, and one bit step if it is its turn.
    pub(crate) fn look(&mut self, heard: Levels) {
        let ready = match self.role {
            Role::Initiator => heard.clock == self.phase,
            Role::Passive => heard.clock != self.phase,
        };
        if !ready {
            return;
        }
        self.incoming = self.incoming >> 1 | u8::from(heard.data) << 7;
        self.is_synchronised |= self.incoming == SYN;
        self.phase = !self.phase;
        self.drives = Levels { clock: self.phase, data: self.outgoing & 1 == 1 };
        self.outgoing >>= 1;
        self.edges += 1;
    }
}
