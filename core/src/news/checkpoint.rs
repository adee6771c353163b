//! The events that wait, as a recording has them, and back.

use super::{CAPACITY, News};
use crate::checkpoint::{Checkpoint, Pass};

impl Checkpoint for News {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self { events, first, count } = self;
        pass.field(first)?;
        pass.field(count)?;
        pass.agrees(*first < CAPACITY && *count <= CAPACITY)?;
        (0..*count).try_for_each(|offset| pass.field(&mut events[(*first + offset) % CAPACITY]))
    }
}
