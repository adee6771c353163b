//! P7: what the device says of itself agrees with what it told before.

use fivewire_core::event::{Counters, Event};

use crate::schedule::Topology;

use super::facts::Facts;
use super::promise::Promise::P7;
use super::verdict::Verdict;

/// What was told since the host has power, counted.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Told {
    connections: u32,
    failed_attempts: u32,
    too_large_in: u32,
    esp_resets: u32,
    /// PUBLISH packets with DUP that arrived at the broker on connections of this life.
    redelivered: u32,
}

impl Told {
    pub(super) const fn note(&mut self, event: &Event<'_>) {
        match event {
            Event::Connected { .. } => self.connections += 1,
            Event::AttemptFailed { .. } => self.failed_attempts += 1,
            Event::MessageTooLarge { .. } => self.too_large_in += 1,
            Event::EspReset { .. } => self.esp_resets += 1,
            _ => {}
        }
    }

    /// A PUBLISH with DUP arrived.
    pub(super) const fn redelivered(&mut self) {
        self.redelivered += 1;
    }
}

/// The application looked.
#[cold]
pub(super) fn said(
    facts: &Facts,
    verdict: &mut Verdict,
    told: &Told,
    unacknowledged: usize,
    counters: &Counters,
) {
    let mut same = |what: &str, says: u32, seen: u32| {
        verdict
            .require(P7, says == seen, || format!("the device counts {says} {what}, not {seen}"));
    };
    let unacknowledged = u32::try_from(unacknowledged).unwrap_or(u32::MAX);
    same("publications without an outcome", unacknowledged, facts.outbound.unresolved);
    same("connections", counters.connections, told.connections);
    same("messages that were too large", counters.too_large_in, told.too_large_in);
    same("resets of the ESP8266", counters.esp_resets, told.esp_resets);
    if facts.setup.topology == Topology::Client {
        same("failed attempts", counters.failed_attempts, told.failed_attempts);
        verdict.require(P7, counters.redelivered >= told.redelivered, || {
            let (says, seen) = (counters.redelivered, told.redelivered);
            format!("the device counts {says} redelivered publications, and {seen} arrived")
        });
    }
}
