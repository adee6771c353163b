//! Applications that take nothing for longer than a broker may take to answer, while more messages come than
//! the device has memory for, and publish meanwhile: their acknowledgements wait behind messages. Drawn from a
//! stream of its own, so that a seed has the same troubles besides.

use super::Draw;
use crate::fault::{Fault, FaultKind};
use crate::random::{Purpose, Random};
use crate::schedule::{InboundBytes, Schedule, Topology, Workload};

/// What a message of the workload has at most besides its payload.
const AROUND_PAYLOAD_BYTES: u16 = 192;

/// A run has no more faults, but for those of MQTT 5 and of QoS 2.
const FAULTS_MAX: usize = 30;

/// The host of every third bridge has little memory for messages.
pub(super) fn draw_memory(schedule: &mut Schedule) {
    let mut random = Random::new(schedule.seed, Purpose::InboundMemory);
    let setup = &mut schedule.setup;
    let bytes = *random.pick(&[256, 512, 900]);
    if setup.topology == Topology::Bridge && !setup.has_wires() && random.chance(1, 3) {
        let least_bytes = schedule.workload.payload_max_bytes + AROUND_PAYLOAD_BYTES;
        setup.inbound_bytes = InboundBytes(least_bytes.max(bytes));
    }
}

/// One run in three has such times, if the scenario has what they are made of: what the witness publishes,
/// and the stream from which the rest is drawn.
pub(super) fn draw_workload(draw: &Draw<'_>, workload: &mut Workload, seed: u64) -> Option<Random> {
    let mut random = Random::new(seed, Purpose::Pressure);
    let flood = FaultKind::Backlog { messages: 0 };
    if !draw.may_draw(FaultKind::AppHolds) || !draw.may_draw(flood) || !random.chance(1, 3) {
        return None;
    }
    if random.chance(1, 2) {
        workload.inbound_qos0_percent = random.between(10, 60) as u8;
    }
    // what fills the memory fast
    if workload.large_percent == 0 && random.chance(1, 2) {
        workload.large_percent = random.between(5, 30) as u8;
    }
    Some(random)
}

/// The times themselves.
pub(super) fn draw_faults(mut random: Random, schedule: &mut Schedule) {
    let end_ms = schedule.duration_ms.saturating_sub(15_000);
    for _ in 0..random.between(1, 3) {
        if schedule.faults.len() + 2 > FAULTS_MAX {
            break;
        }
        let at_ms = random.between(1_000, end_ms.max(1_000)).min(end_ms);
        // shorter and longer than a broker may take to answer
        let duration_ms = random.between(2_000, 60_000);
        schedule.faults.push(Fault { at_ms, duration_ms, kind: FaultKind::AppHolds });
        let after_ms = random.between(0, 1_500);
        let kind = FaultKind::Backlog { messages: random.between(10, 150) as u16 };
        schedule.faults.push(Fault { at_ms: (at_ms + after_ms).min(end_ms), duration_ms: 0, kind });
    }
    schedule.faults.sort_by_key(|fault| fault.at_ms);
}
