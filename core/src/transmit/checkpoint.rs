//! What is to be sent, as a recording has it, and back.

use super::Transmit;
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
