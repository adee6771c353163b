//! Characters on the wires: seven bits each, back to back, in step with the end of SYN (PREDECESSORS.md
//! §1.6).

use crate::link::Role;

/// Bits of a character.
const WIDTH: u8 = 7;

/// The frame of seven steps in which this end sends one character and receives one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Framing {
    /// Steps of this frame that were made.
    at: u8,
    outgoing: u8,
    incoming: u8,
    /// The character that this frame completed.
    character: u8,
    /// In which step of the frame that happens.
    completes_at: u8,
}

impl Framing {
    /// A frame begins. A passive end is always one bit behind: the first step completes a character
    /// of which it has heard six bits.
    pub(super) const fn new(role: Role) -> Self {
        let completes_at = match role {
            Role::Initiator => WIDTH - 1,
            Role::Passive => 0,
        };
        Self { at: 0, outgoing: 0, incoming: 0, character: 0, completes_at }
    }

    /// With a bug: both ends frame alike.
    pub(super) const fn plant_wrong_offset(&mut self) {
        self.completes_at = WIDTH - 1;
    }

    /// The next step wants a character to send.
    pub(super) const fn wants_character(&self) -> bool {
        self.at == 0
    }

    /// The next step yields a character.
    pub(super) const fn is_at_last_step(&self) -> bool {
        self.at == WIDTH - 1
    }

    pub(super) const fn load(&mut self, character: u8) {
        self.outgoing = character;
    }

    /// One step: hears a bit, gives the bit to send and, at the end of the frame, the character
    /// that was received.
    pub(super) fn step(&mut self, heard: bool) -> (bool, Option<u8>) {
        let bit = self.outgoing & 1 != 0;
        self.outgoing >>= 1;
        self.incoming = (self.incoming | u8::from(heard) << WIDTH) >> 1;
        if self.at == self.completes_at {
            self.character = self.incoming;
        }
        self.at = (self.at + 1) % WIDTH;
        (bit, (self.at == 0).then_some(self.character))
    }
}
