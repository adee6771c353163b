//! The subscriptions' state, as a recording has it, and back.

use super::{HEADER_BYTES, QOS, SIZE, Standing, Subscriptions, suffix_bytes};
use crate::checkpoint::{Checkpoint, Pass};
use crate::storage::{Storage, get_u16};

impl<S: Storage> Subscriptions<S> {
    pub(crate) fn size_bytes(&self) -> usize {
        self.bytes.as_ref().len()
    }

    /// What is known of them besides is what they themselves say.
    fn is_coherent(&self) -> bool {
        let count = |standings: [Standing; 2]| {
            self.iter().filter(|subscription| standings.contains(&subscription.standing)).count()
        };
        self.due == count([Standing::Wanted, Standing::Leaving])
            && self.asked == count([Standing::Asked, Standing::LeavingAsked])
            && self.ended == count([Standing::Ended; 2])
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
            let record = &bytes.as_ref()[at..*tail];
            let size = usize::from(get_u16(record, SIZE));
            let least = HEADER_BYTES + suffix_bytes(record[QOS]);
            pass.agrees(size >= least && size <= record.len())?;
            at += size;
        }
        for count in [due, asked, ended] {
            pass.field(count)?;
        }
        pass.field(last_packet_id)?;
        if pass.is_loading() { pass.agrees(self.is_coherent()) } else { Some(()) }
    }
}
