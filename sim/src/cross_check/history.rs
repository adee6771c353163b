//! What became of each message, session and subscription in one run, without times.

use std::collections::BTreeMap;

use fivewire_core::event::{AbandonReason, Event};
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;

use crate::fault::FaultKind;
use crate::observation::{ConnectionId, Observation, Observer, Part};
use crate::oracle::reader::{Packet, Reader};

/// A QoS 0 message is safe if nothing goes wrong for so long after it was published.
const SAFE_MS: u32 = 10_000;

/// How a publication ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    Acked,
    Sent,
    GivenUp,
}

/// A message of the application.
#[derive(Clone, Debug)]
pub(super) struct Outbound {
    pub(super) qos: QoS,
    pub(super) published: u32,
    pub(super) outcome: Option<Outcome>,
    /// PUBLISH packets that arrived at the broker.
    pub(super) copies: u32,
    /// A connection ended before the last copy came.
    pub(super) was_cut: bool,
    /// The board lost power before there was an outcome.
    pub(super) lost_power: bool,
    /// Something was wrong when it was published, or soon after.
    pub(super) is_unsafe: bool,
    endings_before: u32,
    published_at: Instant,
}

/// A message for the device.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Inbound {
    pub(super) published: u32,
    pub(super) told: u32,
    /// The broker owed it to the device once, and the session has lasted since.
    pub(super) is_owed: bool,
    /// A connection ended, or the board's power, between its first publication and the last time it
    /// was told.
    pub(super) was_cut: bool,
    endings_before: u32,
}

/// One connection at the broker's socket.
#[derive(Default, Debug)]
struct Line {
    from_device: Reader,
    from_broker: Reader,
    asked: Vec<(u16, Vec<Vec<u8>>)>,
    is_clean: bool,
    is_accepted: bool,
}

/// Watches a run of either engine.
#[derive(Default, Debug)]
pub struct History {
    /// By the number in the payload.
    pub(super) outbound: BTreeMap<u64, Outbound>,
    pub(super) inbound: BTreeMap<u64, Inbound>,
    /// What the application was told of each filter last: granted or refused.
    pub(super) told: BTreeMap<String, Option<bool>>,
    /// What the session holds at the end.
    pub(super) active: BTreeMap<Vec<u8>, u8>,
    pub(super) is_clean: bool,
    pub(super) sessions: u32,
    pub(super) slates: u32,
    pub(super) power_losses: u32,
    pub(super) broker_stops: u32,
    /// Faults and endings: 0 in a calm run.
    pub(super) troubles: u32,
    tickets: BTreeMap<u32, u64>,
    requests: BTreeMap<u32, String>,
    lines: BTreeMap<u32, Line>,
    endings: u32,
    is_connected: bool,
    harmful: u32,
    kinds: BTreeMap<usize, FaultKind>,
    is_finished: bool,
}

/// The number that a message of the workload begins with.
fn number(payload: &[u8]) -> Option<u64> {
    payload.first_chunk().map(|first| u64::from_be_bytes(*first))
}

impl History {
    fn published(&mut self, now: Instant, ticket: u32, payload: &[u8], qos: QoS) {
        let Some(number) = number(payload) else { return };
        self.tickets.insert(ticket, number);
        let is_unsafe = !self.is_connected || self.harmful > 0;
        let entry = self.outbound.entry(number).or_insert(Outbound {
            qos,
            published: 0,
            outcome: None,
            copies: 0,
            was_cut: false,
            lost_power: false,
            is_unsafe,
            endings_before: self.endings,
            published_at: now,
        });
        entry.published += 1;
    }

    fn ended(&mut self, ticket: u32, outcome: Outcome) {
        if let Some(number) = self.tickets.remove(&ticket)
            && let Some(entry) = self.outbound.get_mut(&number)
        {
            entry.outcome = Some(outcome);
        }
    }

    /// A QoS 0 message made room for another one in a full outbox.
    fn gave_way(&mut self, ticket: u32) {
        let number = self.tickets.get(&ticket);
        if let Some(entry) = number.and_then(|number| self.outbound.get_mut(number)) {
            entry.is_unsafe = true;
        }
    }

    fn told(&mut self, event: &Event<'_>) {
        match *event {
            Event::Acked(ticket) => self.ended(ticket.get(), Outcome::Acked),
            Event::Sent(ticket) => self.ended(ticket.get(), Outcome::Sent),
            Event::Abandoned { ticket, reason } => {
                if reason == AbandonReason::Dropped {
                    self.gave_way(ticket.get());
                }
                self.ended(ticket.get(), Outcome::GivenUp);
            }
            Event::Refused { ticket, .. } => self.ended(ticket.get(), Outcome::GivenUp),
            Event::Message(message) if message.topic.starts_with("down/") => {
                if let Some(entry) = number(message.payload).and_then(|n| self.inbound.get_mut(&n))
                {
                    entry.told += 1;
                    entry.was_cut |= entry.endings_before < self.endings;
                }
            }
            Event::Subscribed { ticket, .. } => self.answered(ticket.get(), true),
            Event::SubscribeRefused(ticket) => self.answered(ticket.get(), false),
            Event::Connected { .. } => self.is_connected = true,
            Event::Disconnected { .. } => {
                self.is_connected = false;
                self.trouble(None);
            }
            Event::CleanSlate => self.slates += 1,
            _ => {}
        }
    }

    fn answered(&mut self, ticket: u32, is_granted: bool) {
        if let Some(filter) = self.requests.remove(&ticket) {
            self.told.insert(filter, Some(is_granted));
        }
    }

    fn witness_published(&mut self, topic: &str, payload: &[u8]) {
        let Some(number) = number(payload).filter(|_| topic.starts_with("down/")) else { return };
        let granted = self.told.keys().filter(|filter| self.active.contains_key(filter.as_bytes()));
        let refused = self.told.values().filter(|told| **told == Some(false)).count();
        let is_owed = granted.count() + refused == self.told.len() && !self.told.is_empty();
        let endings = self.endings;
        let entry = self.inbound.entry(number).or_default();
        if entry.published == 0 {
            entry.endings_before = endings;
        }
        entry.published += 1;
        entry.is_owed |= is_owed;
    }

    /// The broker's session is over: it owes nothing of what was not told.
    fn session_ends(&mut self) {
        self.active.clear();
        for entry in self.inbound.values_mut().filter(|entry| entry.told == 0) {
            entry.is_owed = false;
        }
    }

    fn power_lost(&mut self) {
        self.power_losses += 1;
        self.endings += 1;
        self.is_connected = false;
        for number in std::mem::take(&mut self.tickets).into_values() {
            if let Some(entry) = self.outbound.get_mut(&number) {
                entry.lost_power |= entry.outcome.is_none();
            }
        }
        self.requests.clear();
        self.told.clear();
        // what the broker sent is gone with the board where it was released at hand-out
        for entry in self.inbound.values_mut().filter(|entry| entry.told == 0) {
            entry.is_owed = false;
        }
    }

    /// Something went wrong, or a fault began or ended: QoS 0 messages of late are not safe.
    fn trouble(&mut self, now: Option<Instant>) {
        self.troubles += 1;
        for (_, entry) in self.outbound.iter_mut().rev().take(200) {
            let is_late = now.is_none_or(|now| now <= entry.published_at.plus_ms(SAFE_MS));
            entry.is_unsafe |= is_late && entry.qos == QoS::AtMostOnce;
        }
    }

    fn read_device(&mut self, id: ConnectionId, mut bytes: &[u8]) {
        let Self { lines, outbound, endings, .. } = self;
        let Line { from_device, asked, is_clean, .. } = lines.entry(id.0).or_default();
        while let Some(packet) = from_device.next(&mut bytes) {
            match packet {
                Packet::Connect(connect) => *is_clean = connect.clean_session,
                Packet::Publish(publish) => {
                    if let Some(entry) = number(publish.payload).and_then(|n| outbound.get_mut(&n))
                    {
                        entry.copies += 1;
                        entry.was_cut |= entry.endings_before < *endings;
                    }
                }
                Packet::Subscribe { packet_id, filters } => {
                    asked.push((packet_id, filters.map(|(filter, _)| filter.to_vec()).collect()));
                }
                _ => {}
            }
        }
    }

    fn read_broker(&mut self, id: ConnectionId, mut bytes: &[u8]) {
        let line = self.lines.entry(id.0).or_default();
        let mut reader = std::mem::take(&mut line.from_broker);
        while let Some(packet) = reader.next(&mut bytes) {
            let Some(line) = self.lines.get_mut(&id.0) else { break };
            match packet {
                Packet::Connack { session_present, code: 0, .. } if !line.is_accepted => {
                    line.is_accepted = true;
                    self.is_clean = line.is_clean;
                    if !session_present {
                        self.sessions += 1;
                        self.session_ends();
                    }
                }
                Packet::Suback { packet_id, codes } => {
                    let asked = line.asked.iter().position(|&(id, _)| id == packet_id);
                    let Some(asked) = asked.map(|place| line.asked.remove(place).1) else {
                        continue;
                    };
                    if asked.len() == codes.len() {
                        let granted = asked.into_iter().zip(codes.iter().copied());
                        self.active.extend(granted.filter(|&(_, code)| code <= 2));
                    }
                }
                _ => {}
            }
        }
        if let Some(line) = self.lines.get_mut(&id.0) {
            line.from_broker = reader;
        }
    }

    fn ended_at_broker(&mut self, now: Instant, id: ConnectionId) {
        self.endings += 1;
        self.trouble(Some(now));
        if let Some(line) = self.lines.remove(&id.0)
            && line.is_accepted
            && line.is_clean
        {
            self.session_ends();
        }
    }

    fn fault(&mut self, now: Instant, index: usize, kind: Option<FaultKind>) {
        let is_load = |kind: &FaultKind| {
            matches!(
                kind,
                FaultKind::Backlog { .. } | FaultKind::AppHolds | FaultKind::AppBurst { .. }
            )
        };
        let began = kind.is_some();
        let kind = match kind {
            Some(kind) => {
                self.kinds.insert(index, kind);
                Some(kind)
            }
            None => self.kinds.remove(&index),
        };
        let Some(kind) = kind.filter(|kind| !is_load(kind)) else { return };
        self.trouble(Some(now));
        if !kind.is_instant() {
            self.harmful = if began { self.harmful + 1 } else { self.harmful.saturating_sub(1) };
        }
    }
}

impl Observer for History {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        if self.is_finished {
            return;
        }
        match *observation {
            Observation::Published { ticket, payload, qos, .. } => {
                self.published(now, ticket, payload, qos);
            }
            Observation::SubscribeAsked { ticket, filter, .. } => {
                self.requests.insert(ticket, filter.to_owned());
                self.told.entry(filter.to_owned()).or_default();
            }
            Observation::Told(event) => self.told(&event),
            Observation::ToBroker { connection, bytes } => self.read_device(connection, bytes),
            Observation::FromBroker { connection, bytes } => self.read_broker(connection, bytes),
            Observation::EndedAtBroker { connection, .. } => self.ended_at_broker(now, connection),
            Observation::EndedAtDevice { .. } => self.trouble(Some(now)),
            Observation::SessionForgotten => self.session_ends(),
            Observation::BrokerDown(is_down) => {
                self.broker_stops += u32::from(is_down);
                self.trouble(Some(now));
            }
            Observation::WitnessPublished { topic, payload, .. } => {
                self.witness_published(topic, payload);
            }
            Observation::BoardDown { part: Part::Host, .. } => {
                self.trouble(Some(now));
                self.power_lost();
            }
            Observation::FaultBegan { index, fault } => self.fault(now, index, Some(fault.kind)),
            Observation::FaultEnded { index } => self.fault(now, index, None),
            Observation::Finished => self.is_finished = true,
            _ => {}
        }
    }
}
