//! What a scenario may demand, and how it fails.

use std::ops::RangeBounds;

use fivewire_core::event::Ticket;

use super::{Outcome, Sim};
use crate::app::Application;

/// A failure shows this many lines of the timeline.
const LINES_SHOWN: usize = 24;

impl<A: Application> Sim<A> {
    /// No promise was broken so far.
    #[track_caller]
    pub fn assert_promises_kept(&self) {
        if let Some(breach) = self.watch.oracle.breach() {
            self.fail(&format!("{}: {}\n{breach}", breach.promise.id(), breach.promise.sentence()));
        }
    }

    /// The broker acknowledged this publication.
    #[track_caller]
    pub fn assert_acked(&self, ticket: Ticket) {
        self.assert_outcome(ticket, Outcome::Acked);
    }

    /// This ticket ended like this.
    #[track_caller]
    pub fn assert_outcome(&self, ticket: Ticket, expected: Outcome) {
        let outcome = self.outcome(ticket);
        if outcome != Some(expected) {
            self.fail(&format!("ticket {ticket} was to end as {expected:?}, but: {outcome:?}"));
        }
    }

    /// So many PUBLISH packets on this topic reached the broker's socket.
    #[track_caller]
    pub fn assert_received(&self, topic: &str, copies: impl RangeBounds<usize>) {
        let counted = self.watch.ledger.copies_at_broker(topic);
        if !copies.contains(&counted) {
            self.fail(&format!("the broker received {topic} {counted} times"));
        }
    }

    /// The application was told so many messages on this topic.
    #[track_caller]
    pub fn assert_told(&self, topic: &str, copies: impl RangeBounds<usize>) {
        let counted = self.watch.ledger.copies_told(topic);
        if !copies.contains(&counted) {
            self.fail(&format!("the application was told {topic} {counted} times"));
        }
    }

    #[track_caller]
    pub(super) fn fail(&self, claim: &str) -> ! {
        let lines: Vec<&str> = self.watch.timeline.last(LINES_SHOWN).collect();
        let schedule = self.world.schedule();
        panic!(
            "{claim}\nat event {} of seed {}; the last lines:\n{}\n",
            self.world.events(),
            schedule.seed,
            lines.join("\n")
        );
    }
}
