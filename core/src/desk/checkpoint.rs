//! The desk's state, as a recording has it, and back.

use super::Desk;
use crate::checkpoint::{Checkpoint, Pass};
use crate::storage::Storage;

impl<S: Storage> Checkpoint for Desk<S> {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self {
            outbox,
            subscriptions,
            counters,
            shut_down,
            news,
            last_ticket,
            overflow,
            filter_max_bytes,
            version: _,
            planted: _,
        } = self;
        outbox.walk(pass)?;
        subscriptions.walk(pass)?;
        pass.field(counters)?;
        pass.field(shut_down)?;
        news.walk(pass)?;
        pass.field(last_ticket)?;
        pass.field(overflow)?;
        pass.field(filter_max_bytes)
    }
}
