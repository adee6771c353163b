//! Fewer faults: delta debugging by complements.

use super::{Fails, attempt_with};
use crate::schedule::Schedule;

/// Drops faults: all at once, then halves, quarters, ... and single ones, until no single fault
/// can go. Late ones first: what comes after the breach never matters.
pub(super) fn drop(best: &mut Schedule, fails: &mut Fails<'_>) {
    let mut chunk = best.faults.len();
    while chunk > 0 {
        let dropped = drop_chunks(best, chunk, fails);
        // single faults go round until none can be missed: one may only be needed by another
        let again = chunk == 1 && dropped;
        chunk = if again { 1 } else { chunk / 2 };
    }
}

fn drop_chunks(best: &mut Schedule, chunk: usize, fails: &mut Fails<'_>) -> bool {
    let mut any = false;
    let mut end = best.faults.len();
    while end > 0 {
        let start = end.saturating_sub(chunk);
        any |= attempt_with(best, fails, |candidate| {
            candidate.faults.drain(start..end);
        });
        end = start;
    }
    any
}
