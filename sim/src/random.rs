//! Chance, all of it from one seed: one ChaCha8 stream for each purpose, so that a new source of
//! chance shifts none of the others.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a stream of random numbers is for. Its number is part of what a seed means: never reuse or
/// renumber one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Purpose {
    /// What the schedule is made of.
    Schedule = 1,
    /// How long a segment travels.
    Latency = 2,
    /// Where segments are chopped and joined.
    Chopping = 3,
    /// When the application publishes.
    Outbound = 4,
    /// When the witness publishes.
    Inbound = 5,
    /// The seed of each life of a machine.
    Machine = 6,
    /// How long a board boots, and when a sagging supply resets it.
    Boot = 7,
    /// How long joining a network takes.
    Wifi = 8,
    /// How long the two ends of the link need to find each other.
    Link = 9,
    /// What the application publishes.
    OutboundContent = 10,
    /// What the witness publishes.
    InboundContent = 11,
    /// How soon the host's board looks at its pins.
    HostLooks = 12,
    /// How soon the ESP8266 looks at its pins.
    EspLooks = 13,
    /// When wires show a wrong level for a moment, and for how long.
    WireNoise = 14,
    /// How late the changes of a slow wire are.
    WireLag = 15,
    /// What wires show that nobody drives.
    WireDrift = 16,
    /// The seed of each life of a link's machine.
    LinkMachine = 17,
    /// How long a run is.
    Duration = 18,
    /// How much memory a bridge has for the names of topics.
    TopicMemory = 19,
    /// Whether a run speaks MQTT 5, and what is different then.
    Mqtt5 = 20,
    /// What travels with the messages of the application in MQTT 5.
    Mqtt5Outbound = 21,
    /// What travels with those of the witness.
    Mqtt5Inbound = 22,
    /// What habits the application has, and what becomes of its publications.
    Habits = 23,
    /// When the application asks for a topic filter, or for its end.
    Resubscribing = 24,
    /// When the application looks and asks.
    Asking = 25,
    /// When the application shuts the device down.
    Restarting = 26,
    /// Which faults befall a device that its application shuts down.
    FaultsAtRestarts = 27,
    /// Whether the witness has messages that are large for the device, and how many.
    LargePercent = 28,
    /// Which of them are, and how large.
    LargeMessages = 29,
    /// When the broker delivers with more than the quality of service that it granted.
    QosExceeded = 30,
    /// How long questions and answers about the time travel, and which get lost.
    TimeServer = 32,
    /// How long further clients of the broker stay, and stay away.
    Visits = 40,
    /// What a broker of MQTT 5 does not have, what it answers, and what the device asks for besides.
    Mqtt5Limits = 50,
    /// Whether the application takes nothing while many messages come, and what those are.
    Pressure = 60,
    /// Which messages are as large as the device has memory for, to the byte, and which are QoS 0.
    Limits = 61,
    /// How much the host of a bridge has for messages.
    InboundMemory = 62,
}

/// The finaliser of `SplitMix64`: every bit of the input reaches every bit of the output.
pub(crate) const fn mixed(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// A stream of random numbers.
///
/// Ranges are reduced here, not by a library, because a library may change how it does it and a
/// seed must mean the same for ever. The bias of the reduction is below 2⁻¹² for ranges up to a
/// million, which nobody who breaks networks minds.
#[derive(Clone, Debug)]
pub struct Random {
    inner: ChaCha8Rng,
}

impl Random {
    /// The stream of `seed` for `purpose`.
    #[must_use]
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut inner = ChaCha8Rng::from_seed(key);
        inner.set_stream(purpose as u64);
        Self { inner }
    }

    /// A number from 0 to `n` - 1; 0 where `n` is 0.
    pub fn below(&mut self, n: u32) -> u32 {
        ((u64::from(self.inner.next_u32()) * u64::from(n)) >> 32) as u32
    }

    /// A number from `min` to `max`, both included; `min` where `max` is not larger.
    pub fn between(&mut self, min: u32, max: u32) -> u32 {
        min + self.below(max.saturating_sub(min).saturating_add(1))
    }

    /// True in `n` of `of` cases.
    pub fn chance(&mut self, n: u32, of: u32) -> bool {
        self.below(of) < n
    }

    /// One of `choices`, which must not be empty.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u32) as usize]
    }

    /// A seed for somebody else.
    pub fn seed(&mut self) -> u64 {
        self.inner.next_u64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_the_same_numbers_for_ever() {
        let mut random = Random::new(7, Purpose::Latency);
        let drawn: Vec<u32> = (0..6).map(|_| random.below(1_000)).collect();
        assert_eq!(drawn, [726, 10, 873, 194, 479, 900]);
        assert_eq!(random.seed(), 11_287_880_552_434_181_629);
    }

    #[test]
    fn purposes_are_independent() {
        let mut latency = Random::new(7, Purpose::Latency);
        let mut workload = Random::new(7, Purpose::Outbound);
        assert_ne!(latency.seed(), workload.seed());
    }

    #[test]
    fn ranges_include_both_ends() {
        let mut random = Random::new(1, Purpose::Schedule);
        let mut seen = [false; 4];
        for _ in 0..100 {
            seen[random.between(3, 6) as usize - 3] = true;
        }
        assert_eq!(seen, [true; 4]);
        assert_eq!(random.between(9, 9), 9);
        assert_eq!(random.between(9, 2), 9);
        assert_eq!(random.below(0), 0);
        assert!(random.between(0, u32::MAX) > 0);
    }

    #[test]
    fn chance_is_about_right() {
        let mut random = Random::new(1, Purpose::Schedule);
        let hits = (0..10_000).filter(|_| random.chance(1, 4)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
        assert!(!random.chance(0, 4));
        assert!(random.chance(4, 4));
    }
}
