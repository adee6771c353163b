//! When the broker delivers with more than the quality of service that it granted. Drawn from a stream of its
//! own, and put into the schedule last, so that a seed has the same troubles as without it.

use super::{Draw, message_times_ms};
use crate::fault::{Fault, FaultKind};
use crate::random::{Purpose, Random};
use crate::schedule::Schedule;

/// One run in four has such a broker, if the scenario has it at all.
pub(super) fn draw(draw: &Draw<'_>, schedule: &mut Schedule) {
    let mut random = Random::new(schedule.seed, Purpose::QosExceeded);
    if !draw.kinds.contains(&FaultKind::QosExceeded) || !random.chance(1, 4) {
        return;
    }
    let end_ms = schedule.duration_ms.saturating_sub(15_000);
    let messages_ms = message_times_ms(schedule);
    for _ in 0..random.between(1, 3) {
        let at_ms = if messages_ms.is_empty() || random.chance(1, 4) {
            random.between(1_000, end_ms.max(1_000))
        } else {
            random.pick(&messages_ms).saturating_sub(random.between(0, 1_000))
        };
        // a few of them end between a PUBLISH and its PUBCOMP
        let duration_ms = if random.chance(1, 3) {
            random.between(100, 5_000)
        } else {
            random.between(5_000, 300_000)
        };
        let (at_ms, kind) = (at_ms.min(end_ms), FaultKind::QosExceeded);
        schedule.faults.push(Fault { at_ms, duration_ms, kind });
    }
    schedule.faults.sort_by_key(|fault| fault.at_ms);
}
