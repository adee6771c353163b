//! How long recovery may take: the oracle's own reckoning, from the setup alone.

use crate::fault::FaultKind;
use crate::schedule::{Schedule, Setup, Topology, Wires};
use crate::wires::Pace;

use super::weather::Trouble;

/// The broker must answer CONNECT and PINGREQ within this.
pub(super) const RESPONSE_MS: u32 = 6_000;
/// Association and DHCP.
const JOIN_MS: u32 = 12_000;
/// Name resolution and the TCP handshake.
const OPEN_MS: u32 = 6_000;
/// The longest pause between attempts.
const PAUSE_MS: u32 = 8_000;
/// A broker that lives and leaves something unanswered is left after this.
pub(super) const ACKNOWLEDGEMENT_MS: u32 = 20_000;
/// The watchdog's timeout, and that of the start-up.
const WATCHDOG_MS: u32 = 10_000;
/// Delivery of frames, boot, the ends of polling intervals.
const SLACK_MS: u32 = 3_000;

/// Topic, frames and acknowledgements that cross the wires with a payload.
const AROUND_PAYLOAD_BYTES: u32 = 100;

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
    bound_ms + latency_ms(setup)
}

/// The longest time that a device may say that recovery takes, in milliseconds, latency aside.
pub(super) fn stated_max_ms(setup: &Setup) -> u32 {
    general_bound_ms(setup)
}

/// What the way to the broker and back adds to every bound, in milliseconds.
pub(super) const fn latency_ms(setup: &Setup) -> u32 {
    10 * setup.latency_max_ms
}

/// How long a publication that waits may take after recovery, in milliseconds: a round trip of its
/// own, as with a window of 1, half a second for the queues, and its way over the wires.
#[must_use]
pub fn drain_ms(schedule: &Schedule) -> u32 {
    let setup = &schedule.setup;
    let crossing_ms = match setup.has_wires() {
        true => wires_ms(&setup.wires, u32::from(schedule.workload.payload_max_bytes)),
        false => 0,
    };
    2 * setup.latency_max_ms + 500 + crossing_ms
}

/// How long a publication of this size takes on the wires: its way there, and its outcome behind
/// all the messages that the ESP8266's link already took. A bit is a look of each board, with its share
/// of stalls.
fn wires_ms(wires: &Wires, payload_bytes: u32) -> u32 {
    let look_ns = |pace: &Pace| {
        let stalls_ns = (pace.stall_max_us * 500).checked_div(pace.stall_one_in);
        pace.mean_half_us() * 500 + stalls_ns.unwrap_or(0)
    };
    let bit_ns = u64::from(look_ns(&wires.host) + look_ns(&wires.esp));
    let bytes = payload_bytes + AROUND_PAYLOAD_BYTES + u32::from(wires.esp_memory_bytes);
    let bits = u64::from(bytes) * 8;
    u32::try_from(bits * bit_ns / 1_000_000).unwrap_or(u32::MAX)
}

/// How long a world must go on after healing so that everything can be judged, in milliseconds:
/// recovery, an outbox full of the smallest publications, and all messages that the application or the
/// broker may still have for it. One that comes to rest before is done.
#[must_use]
pub fn settle_bound_ms(schedule: &Schedule) -> u32 {
    let workload = &schedule.workload;
    let smallest_bytes = u32::from(workload.payload_min_bytes.max(8)) + 8;
    let stored = schedule.setup.outbox_bytes / smallest_bytes;
    let drawn = schedule.duration_ms.checked_div(workload.publish_every_ms).unwrap_or(0);
    let heaped: u32 = schedule.faults.iter().map(|fault| heap(fault.kind)).sum();
    let messages = if schedule.setup.has_wires() { stored + drawn + heaped } else { stored };
    recovery_bound_ms(schedule).saturating_add(messages.saturating_mul(drain_ms(schedule)))
}

/// Messages that come into being at once.
const fn heap(kind: FaultKind) -> u32 {
    match kind {
        FaultKind::AppBurst { messages } | FaultKind::Backlog { messages } => messages as u32,
        _ => 0,
    }
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
    let mut noticed_ms = ping_interval_ms + RESPONSE_MS;
    noticed_ms = noticed_ms.max(ACKNOWLEDGEMENT_MS).max(JOIN_MS + PAUSE_MS);
    if setup.topology == Topology::Bridge {
        noticed_ms = noticed_ms.max(2 * WATCHDOG_MS);
    }
    let connect_ms = OPEN_MS + RESPONSE_MS;
    let wipe_ms = if setup.clean_init && !setup.clean_session { connect_ms } else { 0 };
    noticed_ms + JOIN_MS + connect_ms + wipe_ms + SLACK_MS
}
