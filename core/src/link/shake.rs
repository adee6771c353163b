//! The bit handshake: one toggle of this end's clock for each of the other's (PREDECESSORS.md §1.4).

use super::{Levels, Role};

/// The state of the handshake at one end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shake {
    role: Role,
    /// What this end last put on its clock wire.
    phase: bool,
}

impl Shake {
    pub(super) const fn new(role: Role) -> Self {
        Self { role, phase: false }
    }

    pub(super) const fn role(&self) -> Role {
        self.role
    }

    /// What this end last put on its clock wire.
    pub(super) const fn phase(&self) -> bool {
        self.phase
    }

    /// What this end shows before its first step: the initiator's first edge carries `first_bit`
    /// (PREDECESSORS.md §1.3).
    pub(super) const fn begin(&mut self, first_bit: bool) -> Levels {
        self.phase = matches!(self.role, Role::Initiator);
        Levels { clock: self.phase, data: self.phase && first_bit }
    }

    /// True if the other end has answered this end's last toggle, so that its bit can be sampled.
    pub(super) const fn is_ready(&self, heard: Levels) -> bool {
        match self.role {
            Role::Initiator => heard.clock == self.phase,
            Role::Passive => heard.clock != self.phase,
        }
    }

    /// Puts the next bit on the wires.
    pub(super) const fn step(&mut self, bit: bool) -> Levels {
        self.phase = !self.phase;
        Levels { clock: self.phase, data: bit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_toggle_in_turn_and_each_toggle_carries_a_bit() {
        let (mut initiator, mut passive) = (Shake::new(Role::Initiator), Shake::new(Role::Passive));
        let mut from_passive = passive.begin(true);
        let mut from_initiator = initiator.begin(true);
        assert_eq!(from_initiator, Levels { clock: true, data: true });
        assert_eq!(from_passive, Levels { clock: false, data: false });
        for turn in 0..10_u32 {
            assert!(!initiator.is_ready(from_passive), "the passive end has not answered");
            assert!(passive.is_ready(from_initiator));
            from_passive = passive.step(turn % 3 == 0);
            assert!(!passive.is_ready(from_initiator));
            assert!(initiator.is_ready(from_passive));
            from_initiator = initiator.step(turn % 2 == 0);
        }
    }
}
