//! What is to be sent, as a recording has it, and back.

use super::Transmit;
use crate::bridge::Direction;
use crate::checkpoint::{Checkpoint, Pass};
use crate::storage::Storage;

impl<S: Storage> Checkpoint for Transmit<S> {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self { bytes, start, end, offered, blocked } = self;
        pass.field(start)?;
        pass.field(end)?;
        pass.unsent(bytes.as_mut(), *start, *end)?;
        pass.field(offered)?;
        pass.field(blocked)
    }
}

impl<S: Storage> Transmit<S> {
    /// The same where it holds one frame of the bridge: whole, because what is secret in it is
    /// known only from its beginning on.
    pub(crate) fn walk_frames(&mut self, pass: &mut Pass<'_>, direction: Direction) -> Option<()> {
        let Self { bytes, start, end, offered, blocked } = self;
        pass.field(start)?;
        pass.field(end)?;
        pass.agrees(*start <= *end)?;
        pass.frame(bytes.as_mut(), 0, *end, direction)?;
        pass.field(offered)?;
        pass.field(blocked)
    }
}
