//! What a link of the bridge's schedule says, up to what its owner must be told.

use fivewire_core::link::{self, Levels, Role};
use fivewire_core::time::Wait;

use crate::outcome::Outcome;

/// What one end shows on its wires, and what its link waits for.
pub(crate) struct Wires {
    role: Role,
    pub(crate) levels: Levels,
    pub(crate) pulls_reset: bool,
    pub(crate) wait: Wait,
}

/// What to do with what a link said.
pub(crate) enum Said<'a> {
    /// Tell the owner.
    Event(link::Event<'a>),
    /// It was for the wires: there may be more.
    Done,
    /// There is no more.
    Nothing,
}

impl Wires {
    pub(crate) fn new(role: Role) -> Self {
        Self { role, levels: Levels::default(), pulls_reset: false, wait: Wait::ForInput }
    }

    /// Notes what was said, and drives what is to be driven.
    pub(crate) fn take<'a>(
        &mut self,
        said: link::Output<'a>,
        at_us: u64,
        outcome: &mut Outcome,
    ) -> Said<'a> {
        match said {
            link::Output::Drive(driven) => {
                self.levels = driven;
                let end = if self.role == Role::Initiator { 0 } else { 2 };
                outcome.hash.bytes(&[end | u8::from(driven.clock), u8::from(driven.data)]);
                Said::Done
            }
            link::Output::Reset { asserted } => {
                self.pulls_reset = asserted;
                outcome.note(at_us, &asserted);
                Said::Done
            }
            link::Output::Wait(wait) => {
                self.wait = wait;
                Said::Nothing
            }
            link::Output::Event(event) => {
                outcome.note(at_us, &event);
                Said::Event(event)
            }
        }
    }
}
