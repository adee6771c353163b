//! What is drawn only where the link is simulated edge by edge.

use crate::fault::{Fault, FaultKind, Firmware};
use crate::random::Random;
use crate::schedule::{Schedule, Wires, link_memory_min_bytes};
use crate::wires::{Pace, Wire};

/// Boards that start a minute apart, in milliseconds.
const APART_MIN_MS: u32 = 60_000;
const APART_MAX_MS: u32 = 64_000;

/// Two boards of any speed, up to a hundred times as fast as each other.
pub(super) fn draw_boards(random: &mut Random) -> Wires {
    Wires {
        host: draw_pace(random),
        esp: draw_pace(random),
        host_interrupt: random.chance(3, 4),
        esp_interrupt: random.chance(3, 4),
        idle_step_us: *random.pick(&[1_000, 2_000, 4_000]),
        ..Wires::default()
    }
}

/// Buffers of the links that the workload just fits into, or a few times as large: a stalled end fills
/// them.
pub(super) fn draw_memory(random: &mut Random, schedule: &mut Schedule) {
    let min_bytes = link_memory_min_bytes(&schedule.workload);
    let wires = &mut schedule.setup.wires;
    for bytes in [&mut wires.host_memory_bytes, &mut wires.esp_memory_bytes] {
        *bytes = random.between(min_bytes.into(), 4 * u32::from(min_bytes)) as u16;
    }
}

fn draw_pace(random: &mut Random) -> Pace {
    if random.chance(1, 4) {
        return Pace::FAST;
    }
    let mean_us = *random.pick(&[1, 2, 3, 5, 8, 12, 20, 40, 100]);
    let stall_one_in = *random.pick(&[0, 0, 200, 2_000]);
    Pace { stall_one_in, stall_max_us: random.between(100, 5_000), ..Pace::around(mean_us) }
}

pub(super) fn with_arguments(random: &mut Random, kind: FaultKind) -> FaultKind {
    let wire = |random: &mut Random| *random.pick(&Wire::ALL);
    match kind {
        FaultKind::WireGlitch { .. } => {
            let length_us = if random.chance(1, 4) { 5_000 } else { 200 };
            FaultKind::WireGlitch { wire: wire(random), length_us: random.between(1, length_us) }
        }
        FaultKind::WireNoise { .. } => {
            let every_us = *random.pick(&[200, 1_000, 5_000, 20_000, 100_000]);
            FaultKind::WireNoise { wire: wire(random), every_us }
        }
        FaultKind::WireCrosstalk { .. } => FaultKind::WireCrosstalk { wire: wire(random) },
        FaultKind::WireLag { .. } => {
            let max_us = *random.pick(&[3, 10, 30, 100, 1_000]);
            FaultKind::WireLag { wire: wire(random), max_us }
        }
        FaultKind::WireStuck { .. } => {
            FaultKind::WireStuck { wire: wire(random), high: random.chance(1, 2) }
        }
        FaultKind::WireHolds { .. } => FaultKind::WireHolds { wire: wire(random) },
        FaultKind::EspFirmware { .. } => {
            let speaks = *random.pick(&[Firmware::Syncom, Firmware::OtherVersion]);
            FaultKind::EspFirmware { speaks }
        }
        other => other,
    }
}

/// When a fault begins that is best drawn apart: a board that has no power from the start, a
/// disturbance while the two ends first look for each other, and more messages than a stalled end can
/// buffer.
pub(super) fn draw_time(
    random: &mut Random,
    kind: FaultKind,
    end_ms: u32,
    before: &[Fault],
) -> Option<u32> {
    match kind {
        FaultKind::AppBurst { .. } => {
            let is_stall = |fault: &&Fault| fault.kind == FaultKind::EspStalls;
            let stall = before.iter().rev().find(is_stall)?;
            Some(stall.at_ms + random.between(0, stall.duration_ms.min(500)))
        }
        FaultKind::HostPowerOff | FaultKind::EspPowerOff => {
            (end_ms > APART_MAX_MS && random.chance(1, 2)).then_some(0)
        }
        _ if kind.needs_wires() => random.chance(1, 4).then(|| random.between(0, 2_500)),
        _ => None,
    }
}

pub(super) fn draw_duration(random: &mut Random, kind: FaultKind, at_ms: u32, run_ms: u32) -> u32 {
    let (short_ms, long_ms) = match kind {
        FaultKind::WireGlitch { .. } => return 0,
        FaultKind::HostPowerOff | FaultKind::EspPowerOff if at_ms == 0 && run_ms > APART_MAX_MS => {
            return random.between(APART_MIN_MS, APART_MAX_MS);
        }
        FaultKind::HostPowerOff | FaultKind::EspPowerOff => (1_000, 10_000),
        FaultKind::WireStuck { .. } | FaultKind::WireHolds { .. } => (200, 16_000),
        FaultKind::EspFirmware { .. } => (3_000, 20_000),
        _ => (1_000, 8_000),
    };
    if random.chance(1, 2) {
        random.between(1, short_ms)
    } else {
        random.between(short_ms, long_ms)
    }
}
