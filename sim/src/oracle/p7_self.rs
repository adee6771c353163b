//! P7: what the device says of itself agrees with what it told before.

use fivewire_core::client::Action;
use fivewire_core::event::{AbandonReason, Counters, Event};

use crate::schedule::Topology;

use super::facts::Facts;
use super::p9_kept::Buffer;
use super::promise::Promise::P7;
use super::verdict::Verdict;

/// What was told since the host has power, counted.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Told {
    connections: u32,
    failed_attempts: u32,
    too_large_in: u32,
    esp_resets: u32,
    /// Publications that were dropped on their way out, by quality of service.
    dropped_out: [u32; 2],
    /// The ESP8266 has its settings, and a network.
    pub(super) is_running: bool,
    pub(super) is_wifi_up: bool,
    seen: Seen,
}

/// What was seen on the way to the broker since then, counted.
#[derive(Clone, Copy, Default, Debug)]
struct Seen {
    /// Networks joined or tried to be, and connections opened or tried to be.
    attempts: u32,
    /// Connections opened or tried to be.
    opened: u32,
    /// Times the client left a network that it was in.
    networks_left: u32,
    /// PUBLISH packets with DUP that arrived at the broker on connections of this life.
    redelivered: u32,
    /// PUBLISH packets that the broker wrote: those with QoS 0, and the others.
    inbound: [u32; 2],
    /// Acknowledgements that the broker wrote and that answer nothing that it was asked.
    unasked: u32,
    /// Topic filters asked for, or for their end: two of the same may overtake each other.
    filters_asked: u32,
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
        self.seen.redelivered += 1;
    }

    /// A publication was given up.
    pub(super) fn abandoned(&mut self, qos: u8, reason: AbandonReason) {
        if matches!(reason, AbandonReason::Dropped | AbandonReason::ConnectionLost) {
            self.dropped_out[usize::from(qos.min(1))] += 1;
        }
    }

    /// The client wants something of its network or its transport.
    pub(super) const fn asked(&mut self, action: Action, is_leaving: bool) {
        match action {
            Action::JoinWifi => self.seen.attempts += 1,
            Action::LeaveWifi if self.is_wifi_up && !is_leaving => self.seen.networks_left += 1,
            Action::LeaveWifi | Action::OpenTcp | Action::CloseTcp => {}
        }
    }

    /// A connection is attempted.
    pub(super) const fn opening(&mut self) {
        self.seen.attempts += 1;
        self.seen.opened += 1;
    }

    /// The broker wrote a PUBLISH.
    pub(super) fn sent_inbound(&mut self, qos: u8) {
        self.seen.inbound[usize::from(qos.min(1))] += 1;
    }

    /// The broker wrote an acknowledgement of nothing.
    pub(super) const fn unasked(&mut self) {
        self.seen.unasked += 1;
    }

    /// The broker wrote what is no MQTT: the device may take it for anything before it looks closer.
    pub(super) fn malformed(&mut self) {
        self.seen.inbound = self.seen.inbound.map(|count| count + 1);
        self.seen.unasked += 1;
    }

    /// The application asked for a topic filter, or for its end.
    pub(super) const fn filter_asked(&mut self) {
        self.seen.filters_asked += 1;
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
    unknown_acks: u32,
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
    let [qos0, qos1] = told.dropped_out;
    same("dropped QoS 0 publications", counters.dropped_qos0_out, qos0);
    same("dropped QoS 1 publications", counters.dropped_qos1_out, qos1);
    let is_client = facts.setup.topology == Topology::Client;
    if is_client {
        same("failed attempts", counters.failed_attempts, told.failed_attempts);
        same("networks left", counters.wifi_rejoins, told.seen.networks_left);
    }
    limits(facts, verdict, told, counters, is_client.then_some(unknown_acks));
}

/// What a client without a bridge dropped and shed of the messages that reached it.
#[cold]
pub(super) fn kept(facts: &Facts, verdict: &mut Verdict, buffer: &mut Buffer, counters: &Counters) {
    if facts.setup.topology != Topology::Client || !facts.has_joined {
        return;
    }
    let tallies = [
        ("dropped QoS 0 messages", counters.dropped_qos0_in, buffer.dropped_qos0),
        ("shed messages", counters.shed_in, buffer.shed),
    ];
    for (what, says, tally) in tallies {
        let is_so = says == tally.least || (tally.may_be_more && says > tally.least);
        verdict.require(P7, is_so, || format!("the device counts {says} {what}, not {tally:?}"));
    }
    buffer.counted(counters.dropped_qos0_in, counters.shed_in);
}

/// What can only be counted at the client, and not seen by others: between which limits it is. A
/// host hears of it now and then, and not at all of what an ESP8266 had counted when it crashed.
/// `unknown_acks`: so many reached a client without a bridge, at least.
fn limits(
    facts: &Facts,
    verdict: &mut Verdict,
    told: &Told,
    counters: &Counters,
    unknown_acks: Option<u32>,
) {
    let Seen { attempts, opened, redelivered, inbound, unasked, filters_asked, networks_left } =
        told.seen;
    let mut within = |what: &str, says: u32, least: u32, most: u32| {
        let least = if unknown_acks.is_some() { least } else { 0 };
        verdict.require(P7, (least..=most).contains(&says), || {
            format!("the device counts {says} {what}, and not {least} to {most}")
        });
    };
    // what was under way on a connection that broke did not arrive
    let broken = opened.saturating_mul(facts.setup.window.into());
    let most = redelivered.saturating_add(broken);
    within("redelivered publications", counters.redelivered, redelivered, most);
    within("failed attempts", counters.failed_attempts, 0, attempts);
    within("networks left", counters.wifi_rejoins, 0, networks_left.max(attempts));
    let [qos0, others] = inbound;
    within("dropped QoS 0 messages", counters.dropped_qos0_in, 0, qos0);
    // a connection ends as shed also where nothing was shed: the buffer was full for long enough, and nothing
    // came before the application took all. How many were, [`kept`] knows where each step is seen
    within("shed messages", counters.shed_in, 0, others);
    let most = unasked.saturating_add(filters_asked);
    within("unknown acknowledgements", counters.unknown_acks, unknown_acks.unwrap_or(0), most);
}
