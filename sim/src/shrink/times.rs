//! Shorter faults, closer together, at times that a person can read.

use super::{Fails, attempt_with};
use crate::app::Intervals;
use crate::fault::{Fault, FaultKind};
use crate::random::Purpose;
use crate::schedule::Schedule;

/// What times are rounded to, the roundest first, in milliseconds.
const GRAINS_MS: [u32; 5] = [60_000, 10_000, 1_000, 100, 10];

/// Early messages that are tried in place of the one that a fault is close to. Few, because each
/// costs a run; more than one, because the first may be under way before anybody is connected.
const ALIGNMENTS_MAX: usize = 8;

/// Halves durations, magnitudes and the gaps between faults for as long as it fails alike.
pub(super) fn shorten(best: &mut Schedule, fails: &mut Fails<'_>) {
    for index in 0..best.faults.len() {
        while best.faults[index].duration_ms > 1
            && attempt_with(best, fails, |candidate| candidate.faults[index].duration_ms /= 2)
        {
        }
        while let Some(kind) = halved(best.faults[index].kind)
            && attempt_with(best, fails, |candidate| candidate.faults[index].kind = kind)
        {}
        while gap_ms(best, index) > 0
            && attempt_with(best, fails, |candidate| {
                move_earlier(candidate, index, gap_ms(candidate, index).div_ceil(2));
            })
        {}
    }
}

/// The same fault at half its size; `None` where it has no size, or the smallest.
const fn halved(kind: FaultKind) -> Option<FaultKind> {
    match kind {
        FaultKind::Latency { extra_ms } if extra_ms > 1 => {
            Some(FaultKind::Latency { extra_ms: extra_ms / 2 })
        }
        FaultKind::Backlog { messages } if messages > 1 => {
            Some(FaultKind::Backlog { messages: messages / 2 })
        }
        FaultKind::AppBurst { messages } if messages > 1 => {
            Some(FaultKind::AppBurst { messages: messages / 2 })
        }
        _ => None,
    }
}

/// Time between the begin of a fault and that of the one before it, or of the run.
fn gap_ms(schedule: &Schedule, index: usize) -> u32 {
    let before_ms = index.checked_sub(1).map_or(0, |before| schedule.faults[before].at_ms);
    schedule.faults[index].at_ms - before_ms
}

/// Moves a fault and all later ones together, so that their distances stay.
fn move_earlier(schedule: &mut Schedule, index: usize, by_ms: u32) {
    for fault in &mut schedule.faults[index..] {
        fault.at_ms -= by_ms;
    }
}

/// Moves faults to the same distance from an early message.
///
/// What is broken by a race needs a fault that far from a message, not that late in the run.
pub(super) fn align(best: &mut Schedule, fails: &mut Fails<'_>) {
    for index in 0..best.faults.len() {
        align_one(best, index, Purpose::Outbound, fails);
        align_one(best, index, Purpose::Inbound, fails);
    }
}

fn align_one(best: &mut Schedule, index: usize, purpose: Purpose, fails: &mut Fails<'_>) {
    let every_ms = match purpose {
        Purpose::Inbound => best.workload.inbound_every_ms,
        _ => best.workload.publish_every_ms,
    };
    let messages_ms = || {
        let messages = Intervals::new(best.seed, purpose, every_ms);
        messages.map_while(|at| u32::try_from(at.as_millis()).ok())
    };
    let at_ms = best.faults[index].at_ms;
    let earliest_ms = at_ms - gap_ms(best, index);
    let after_ms = messages_ms().find(|ms| *ms > at_ms);
    let before_ms = messages_ms().take_while(|ms| *ms <= at_ms).last();
    let mut earlier_ms = Vec::new();
    for near_ms in [before_ms, after_ms].into_iter().flatten() {
        let moved_ms = messages_ms().map(|ms| (at_ms + ms).checked_sub(near_ms));
        let in_reach_ms = moved_ms.take_while(|ms| *ms < Some(at_ms)).flatten();
        let in_reach_ms = in_reach_ms.filter(|ms| *ms >= earliest_ms);
        earlier_ms.extend(in_reach_ms.take(ALIGNMENTS_MAX));
    }
    earlier_ms.sort_unstable();
    for target_ms in earlier_ms {
        let by_ms = at_ms - target_ms;
        if attempt_with(best, fails, |candidate| move_earlier(candidate, index, by_ms)) {
            return;
        }
    }
}

/// Rounds durations up and begins down, as coarsely as it goes.
pub(super) fn round(best: &mut Schedule, fails: &mut Fails<'_>) {
    for index in 0..best.faults.len() {
        round_one(
            best,
            index,
            fails,
            |fault| &mut fault.at_ms,
            |ms, grain_ms| ms / grain_ms * grain_ms,
        );
        if !best.faults[index].kind.is_instant() {
            round_one(best, index, fails, |fault| &mut fault.duration_ms, u32::next_multiple_of);
        }
    }
}

fn round_one(
    best: &mut Schedule,
    index: usize,
    fails: &mut Fails<'_>,
    field: fn(&mut Fault) -> &mut u32,
    rounded: fn(u32, u32) -> u32,
) {
    for grain_ms in GRAINS_MS {
        let value_ms = *field(&mut best.faults[index]);
        // coarser than the value itself would not be rounding any more
        if value_ms < grain_ms {
            continue;
        }
        let round_ms = rounded(value_ms, grain_ms);
        if round_ms == value_ms
            || attempt_with(best, fails, |candidate| {
                *field(&mut candidate.faults[index]) = round_ms
            })
        {
            return;
        }
    }
}
