//! P7, where an application gives up: what it cancels or sets a deadline for ends so, in time and for no
//! other reason, and a device that is asked to shut down stops.

use fivewire_core::event::AbandonReason;
use fivewire_core::time::Instant;

use super::facts::Facts;
use super::mqtt5;
use super::outbound::{Index, Outcome};
use super::promise::Promise::P7;
use super::verdict::Verdict;

/// A host that is busy or without power tells an outcome later, and none is so for longer than this.
const TOLD_WITHIN_MS: u32 = 30_000;
/// What the clock of a board may be wrong by within the longest deadline.
const CLOCK_ERROR_MS: u32 = 200;

/// The deadlines that have not led to an outcome.
#[derive(Default, Debug)]
pub(super) struct Patience {
    deadlines: Vec<(Instant, Index)>,
    /// The soonest instant at which one of them has been ignored for too long.
    overdue_at: Option<Instant>,
    /// The device would not cancel these publications: their outcomes are known, and told at once.
    not_cancelled: Vec<u32>,
    /// The device was asked to shut down, and has to have stopped by then.
    stopped_by: Option<Instant>,
}

impl Patience {
    /// This publication has a deadline.
    pub(super) fn set(&mut self, index: Index, deadline: Instant) {
        self.deadlines.push((deadline, index));
        let overdue_at = deadline.plus_ms(TOLD_WITHIN_MS);
        self.overdue_at = Some(self.overdue_at.map_or(overdue_at, |at| at.min(overdue_at)));
    }

    /// The device would not cancel the publication with this ticket.
    #[cold]
    pub(super) fn not_cancelled(&mut self, ticket: u32) {
        self.not_cancelled.push(ticket);
    }

    /// The device was asked to shut down.
    pub(super) fn shut_down(&mut self, now: Instant) {
        self.stopped_by.get_or_insert(now.plus_ms(TOLD_WITHIN_MS));
    }

    /// It said that it stopped.
    pub(super) const fn stopped(&mut self) {
        self.stopped_by = None;
    }

    /// The host lost its memory.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Time went on.
    #[inline]
    pub(super) fn waited(&mut self, facts: &Facts, verdict: &mut Verdict, now: Instant) {
        if self.overdue_at.is_some_and(|at| now > at) {
            self.look(facts, verdict, now);
        }
        if !self.not_cancelled.is_empty() {
            self.have_ended(facts, verdict);
        }
        if self.stopped_by.is_some_and(|at| now > at) {
            self.stopped_by = None;
            verdict.require(P7, false, || {
                format!("the device has not stopped {TOLD_WITHIN_MS} ms after it was asked to")
            });
        }
    }

    /// Those that could not be cancelled have.
    #[cold]
    fn have_ended(&mut self, facts: &Facts, verdict: &mut Verdict) {
        for ticket in self.not_cancelled.drain(..) {
            let has_ended = facts.tickets.get(ticket).is_none_or(|ticket| ticket.is_ended);
            verdict.require(P7, has_ended, || {
                format!("ticket #{ticket} could not be cancelled, and has no outcome")
            });
        }
    }

    #[cold]
    fn look(&mut self, facts: &Facts, verdict: &mut Verdict, now: Instant) {
        self.deadlines.retain(|&(_, index)| facts.outbound.get(index).outcome.is_none());
        for &(deadline, index) in &self.deadlines {
            verdict.require(P7, now <= deadline.plus_ms(TOLD_WITHIN_MS), || {
                let publication = facts.outbound.show(index);
                format!("{publication} has no outcome {TOLD_WITHIN_MS} ms after its deadline")
            });
        }
        let soonest = self.deadlines.iter().map(|&(deadline, _)| deadline).min();
        self.overdue_at = soonest.map(|deadline| deadline.plus_ms(TOLD_WITHIN_MS));
    }

    /// True if the publication has a deadline that has come.
    fn is_expired(&self, facts: &Facts, index: Index) -> bool {
        let by = facts.now.plus_ms(CLOCK_ERROR_MS);
        self.deadlines.iter().any(|&(deadline, of)| of == index && deadline <= by)
    }

    /// A publication was told to be given up because its deadline had come.
    pub(super) fn may_expire(&self, facts: &Facts, index: Index) -> bool {
        self.is_expired(facts, index) || mqtt5::is_expired(facts, index)
    }
}

/// An outcome was told.
pub(super) fn ended(
    facts: &Facts,
    verdict: &mut Verdict,
    index: Index,
    outcome: Outcome,
    reason: Option<AbandonReason>,
) {
    let publication = facts.outbound.get(index);
    if !publication.is_cancelled {
        return;
    }
    let is_kept = outcome == Outcome::Abandoned && reason == Some(AbandonReason::Cancelled);
    verdict.require(P7, is_kept, || {
        format!("{} was cancelled, and told as {outcome:?}", facts.outbound.show(index))
    });
}
