//! What the core decides, as one number: for comparing one processor with another.
//!
//! A small closed world, made of nothing but the core's machines, a dozen lines of a broker and an
//! integer generator, runs through schedules that are drawn from a number. All that the machines
//! want is hashed, with its time. No heap, no clock, no `std`: the same code runs on a PC, on a
//! Cortex-M0+ and on the ESP8266's LX106, and the hashes must be the same. A compiler that
//! miscompiles the core for one of them, or a decision that depends on the size of a pointer or the
//! order of bytes, shows as another number.
//!
//! | schedules | machines |
//! |---|---|
//! | even | the bridge: host, link, five wires, link, ESP8266's end with its client |
//! | odd | a client alone |
//!
//! Every second one of both speaks MQTT 5.
//!
//! `cargo xtask trace` runs it on all three.
//!
//! Functions are kept apart (`inline(never)`): LLVM's backend for the LX106 cannot compile one that
//! keeps whole machines on its stack and does much with them.
#![no_std]

mod bridge;
mod broker;
mod direct;
mod hash;
mod memory;
mod outcome;
mod random;
mod wires;

use fivewire_core::mqtt::ProtocolVersion;
pub use hash::Hash;
pub use memory::Memory;
pub use outcome::Outcome;

/// Schedules that are compared.
pub const SCHEDULES: u32 = 8;

/// Runs one schedule, in this memory.
///
/// # Panics
/// The configuration does not fit the buffers: a mistake in this crate.
#[must_use]
pub fn run(schedule: u32, memory: &mut Memory) -> Outcome {
    let seed = u64::from(schedule).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5EED;
    let mut outcome = Outcome::new();
    let protocol = if schedule % 4 < 2 { ProtocolVersion::V3_1_1 } else { ProtocolVersion::V5 };
    if schedule.is_multiple_of(2) {
        bridge::run(seed, protocol, memory, &mut outcome);
    } else {
        direct::run(seed, protocol, &mut memory.esp.client, &mut outcome);
    }
    outcome
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    fn run(schedule: u32) -> Outcome {
        super::run(schedule, &mut Memory::new())
    }

    #[test]
    fn every_schedule_decides_something_else_and_the_same_twice() {
        let hashes = || (0..SCHEDULES).map(|schedule| run(schedule).hash.value());
        let first: Vec<u64> = hashes().collect();
        assert!(hashes().eq(first.iter().copied()));
        for (at, hash) in first.iter().enumerate() {
            assert!(!first[..at].contains(hash), "schedule {at}");
        }
    }

    /// Connections, acknowledged publications, messages, sessions of the link.
    fn sum(schedules: impl Iterator<Item = u32>) -> [u32; 4] {
        schedules.map(run).fold([0; 4], |sum, outcome| {
            let Outcome { connections, acknowledged, messages, links, .. } = outcome;
            let counts = [connections, acknowledged, messages, links];
            core::array::from_fn(|at| sum[at] + counts[at])
        })
    }

    #[test]
    fn properties_come_back_over_the_bridge_in_mqtt_5_and_only_there() {
        let properties = |schedule| run(schedule).properties;
        assert!([2, 6].into_iter().all(|schedule| properties(schedule) >= 4));
        assert!([0, 4].into_iter().all(|schedule| properties(schedule) == 0));
    }

    #[test]
    fn much_is_decided() {
        let is_bridge = |schedule: &u32| schedule.is_multiple_of(2);
        let [connections, acknowledged, messages, links] = sum((0..SCHEDULES).filter(is_bridge));
        assert!(connections >= 8 && acknowledged >= 40 && messages >= 20 && links >= 8);
        let [connections, acknowledged, messages, _] =
            sum((0..SCHEDULES).filter(|schedule| !is_bridge(schedule)));
        assert!(connections >= 200 && acknowledged >= 600 && messages >= 350);
    }
}
