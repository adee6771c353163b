//! How long recovery may take: the oracle's own reckoning, from the setup alone.

use crate::fault::FaultKind;
use crate::schedule::{Schedule, Setup, Topology};

use super::weather::Trouble;

/// The broker must answer CONNECT and PINGREQ within this.
const ANSWER_MS: u32 = 6_000;
/// Association and DHCP.
const JOIN_MS: u32 = 12_000;
/// Name resolution and the TCP handshake.
const OPEN_MS: u32 = 6_000;
/// The longest pause between attempts.
const PAUSE_MS: u32 = 8_000;
/// A broker that lives and acknowledges nothing is left after this.
const ACKNOWLEDGEMENT_MS: u32 = 20_000;
/// The watchdog's timeout, and that of the start-up.
const WATCHDOG_MS: u32 = 10_000;
/// Delivery of frames, boot, the ends of polling intervals.
const SLACK_MS: u32 = 3_000;

/// P6 for trouble with WiFi, TCP or the broker alone, at the default keep alive or a shorter one.
const NETWORK_ONLY_MS: u32 = 30_000;

/// The longest time from the end of the last fault to an accepted connection, in milliseconds (P6).
///
/// It is the longest of: a dead connection noticed by silence; acknowledgements noticed missing; an
/// attempt that was doomed from its start and the pause after it; a watchdog's timeout and a
/// start-up that was cut short. After that: one join, one connection, and another one where the
/// session of an earlier life is wiped first. 60 s with the defaults.
///
/// Where the schedule disturbs only the network and keep alive is 60 s or less, it is 30 s.
/// Latency adds to both: ten times the largest one-way delay.
#[must_use]
pub fn recovery_bound_ms(schedule: &Schedule) -> u32 {
    let setup = &schedule.setup;
    let is_network_only = schedule.faults.iter().all(|fault| is_network(fault.kind));
    let bound_ms = if is_network_only && (1..=60).contains(&setup.keep_alive_s) {
        NETWORK_ONLY_MS
    } else {
        general_bound_ms(setup)
    };
    bound_ms + 10 * setup.latency_max_ms
}

/// How long a publication that waits may take after recovery, in milliseconds: a round trip of its
/// own, as with a window of 1, and half a second for the link and the queues.
#[must_use]
pub fn drain_ms(setup: &Setup) -> u32 {
    2 * setup.latency_max_ms + 500
}

/// How long a world must go on after healing so that everything can be judged, in milliseconds:
/// recovery, and an outbox full of the smallest publications.
#[must_use]
pub fn settle_bound_ms(schedule: &Schedule) -> u32 {
    let smallest_bytes = u32::from(schedule.workload.payload_min_bytes.max(8)) + 8;
    let publications = schedule.setup.outbox_bytes / smallest_bytes;
    recovery_bound_ms(schedule) + publications * drain_ms(&schedule.setup)
}

/// Trouble with the network alone; what makes the host lose time or memory is not.
fn is_network(kind: FaultKind) -> bool {
    matches!(Trouble::of(kind), Trouble::Network | Trouble::Load)
}

fn general_bound_ms(setup: &Setup) -> u32 {
    let ping_interval_ms = match setup.keep_alive_s {
        0 => 15_000,
        keep_alive_s => u32::from(keep_alive_s) * 250,
    };
    let mut noticed_ms = ping_interval_ms + ANSWER_MS;
    noticed_ms = noticed_ms.max(ACKNOWLEDGEMENT_MS).max(JOIN_MS + PAUSE_MS);
    if setup.topology == Topology::Bridge {
        noticed_ms = noticed_ms.max(2 * WATCHDOG_MS);
    }
    let connect_ms = OPEN_MS + ANSWER_MS;
    let wipe_ms = if setup.clean_init && !setup.clean_session { connect_ms } else { 0 };
    noticed_ms + JOIN_MS + connect_ms + wipe_ms + SLACK_MS
}
