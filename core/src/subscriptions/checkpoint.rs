//! The subscriptions' state, as a recording has it, and back.

use super::{HEADER_BYTES, SIZE, Subscriptions};
use crate::checkpoint::{Checkpoint, Pass};
use crate::storage::{Storage, get_u16};

impl<S: Storage> Subscriptions<S> {
    pub(crate) fn size_bytes(&self) -> usize {
        self.bytes.as_ref().len()
    }
}

impl<S: Storage> Checkpoint for Subscriptions<S> {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self { bytes, tail, due, asked, ended, last_packet_id } = self;
        pass.field(tail)?;
        pass.plain(bytes.as_mut(), 0, *tail)?;
        let mut at = 0;
        while at < *tail {
            pass.agrees(at + HEADER_BYTES <= *tail)?;
            let size = usize::from(get_u16(&bytes.as_ref()[at..], SIZE));
            pass.agrees(size >= HEADER_BYTES && at + size <= *tail)?;
            at += size;
        }
        for count in [due, asked, ended] {
            pass.field(count)?;
        }
        pass.field(last_packet_id)
    }
}
