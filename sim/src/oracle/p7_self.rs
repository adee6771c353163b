//! P7: what the device says of itself agrees with what it told before.

use fivewire_core::event::{Counters, Event};

use crate::observation::Standing;
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
    /// The ESP8266 has its settings, and a network.
    is_running: bool,
    is_wifi_up: bool,
    /// PUBLISH packets with DUP that arrived at the broker on connections of this life.
    redelivered: u32,
}

impl Told {
    pub(super) const fn note(&mut self, event: &Event<'_>) {
        match event {
            Event::Connected { .. } => {
                self.connections += 1;
                // who is connected has a network, also where only the link had been lost
                self.is_wifi_up = true;
            }
            Event::AttemptFailed { .. } => self.failed_attempts += 1,
            Event::MessageTooLarge { .. } => self.too_large_in += 1,
            Event::EspReset { .. } => {
                self.esp_resets += 1;
                (self.is_running, self.is_wifi_up) = (false, false);
            }
            Event::EspReady { .. } => self.is_running = true,
            Event::Wifi(is_up) => self.is_wifi_up = *is_up,
            _ => {}
        }
    }

    /// The host knows nothing of its ESP8266 until it hears of it again.
    pub(super) const fn link_lost(&mut self) {
        (self.is_running, self.is_wifi_up) = (false, false);
    }

    /// The host hears of what its ESP8266 does.
    pub(super) const fn hears_esp(&self) -> bool {
        self.is_running
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

/// The application looked where the device stands.
#[cold]
pub(super) fn stands(facts: &Facts, verdict: &mut Verdict, told: &Told, standing: Standing) {
    let Standing { is_ready, unreleased, esp } = standing;
    verdict.require(P7, is_ready == facts.is_up, || {
        format!("the device says that it is ready: {is_ready}, and told: {}", facts.is_up)
    });
    // with a connection go its messages, which come again
    let (least, all) = facts.inbound.handed_out(facts.disruptions);
    // a host counts those whose release the link has not taken, too
    let most = if esp.is_some() { usize::MAX } else { all };
    verdict.require(P7, (least..=most).contains(&unreleased), || {
        format!("the device says {unreleased} messages are not released, and not {least} to {most}")
    });
    let Some(esp) = esp else { return };
    verdict.require(P7, esp.is_running == told.is_running, || {
        let says = esp.is_running;
        format!("the host says that the ESP8266 is running: {says}, and told: {}", told.is_running)
    });
    verdict.require(P7, esp.is_wifi_up == told.is_wifi_up, || {
        let says = esp.is_wifi_up;
        format!("the host says that the network is there: {says}, and told: {}", told.is_wifi_up)
    });
}
