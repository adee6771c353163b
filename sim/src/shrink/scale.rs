//! A shorter run with less going on in it.

use super::{Fails, attempt_with};
use crate::schedule::{Habits, Schedule};

/// Rarer than this, a publication counts as never in a one-hour run.
const RARE_MS: u32 = 1_800_000;

/// Ends the run as soon after the last fault as it still fails alike.
pub(super) fn shorten_run(best: &mut Schedule, fails: &mut Fails<'_>) {
    let ends = best.faults.iter().map(|fault| fault.at_ms.saturating_add(fault.duration_ms));
    let last_s = ends.max().unwrap_or(0).div_ceil(1_000).max(1);
    let mut too_short_s = last_s - 1;
    // most need no time after the last fault; the others are worth a search
    let mut try_s = last_s;
    while u64::from(try_s) * 1_000 < u64::from(best.duration_ms) {
        if !attempt_with(best, fails, |candidate| candidate.duration_ms = try_s * 1_000) {
            too_short_s = try_s;
        }
        let middle_s = too_short_s.midpoint(best.duration_ms / 1_000);
        try_s = middle_s.max(too_short_s + 1);
    }
}

/// Takes work away from the application and the witness.
pub(super) fn thin(best: &mut Schedule, fails: &mut Fails<'_>) {
    attempt_with(best, fails, |candidate| candidate.workload.inbound_every_ms = 0);
    attempt_with(best, fails, |candidate| candidate.workload.publish_every_ms = 0);
    attempt_with(best, fails, |candidate| candidate.workload.qos0_percent = 0);
    drop_habits(best, fails);
    attempt_with(best, fails, |candidate| candidate.workload.topics = 1);
    attempt_with(best, fails, |candidate| {
        candidate.workload.payload_min_bytes = 8;
        candidate.workload.payload_max_bytes = 8;
    });
    attempt_with(best, fails, |candidate| {
        candidate.workload.payload_max_bytes = candidate.workload.payload_min_bytes;
    });
    while (1..RARE_MS).contains(&best.workload.publish_every_ms)
        && attempt_with(best, fails, |candidate| candidate.workload.publish_every_ms *= 2)
    {}
    while (1..RARE_MS).contains(&best.workload.inbound_every_ms)
        && attempt_with(best, fails, |candidate| candidate.workload.inbound_every_ms *= 2)
    {}
    drop_each(best, fails, |candidate| &mut candidate.workload.inbound_topics);
    drop_each(best, fails, |candidate| &mut candidate.setup.filters);
}

/// Drops the habits of the application that do not matter: all at once, or one by one.
fn drop_habits(best: &mut Schedule, fails: &mut Fails<'_>) {
    let habits = |change: fn(&mut Habits)| {
        move |candidate: &mut Schedule| change(&mut candidate.workload.habits)
    };
    if attempt_with(best, fails, habits(|habits| *habits = Habits::default())) {
        return;
    }
    attempt_with(best, fails, habits(|habits| habits.cancelled_percent = 0));
    attempt_with(best, fails, habits(|habits| habits.deadline_percent = 0));
    attempt_with(best, fails, habits(|habits| habits.retained_percent = 0));
    attempt_with(best, fails, habits(|habits| habits.resubscribes_every_ms = 0));
    attempt_with(best, fails, habits(|habits| habits.asks_every_ms = 0));
    attempt_with(best, fails, habits(|habits| habits.restarts_every_ms = 0));
    attempt_with(best, fails, habits(|habits| habits.chooses_network = false));
}

/// Drops the entries of a list that do not matter, last first.
fn drop_each(
    best: &mut Schedule,
    fails: &mut Fails<'_>,
    list: fn(&mut Schedule) -> &mut Vec<String>,
) {
    for index in (0..list(best).len()).rev() {
        attempt_with(best, fails, |candidate| {
            list(candidate).remove(index);
        });
    }
}
