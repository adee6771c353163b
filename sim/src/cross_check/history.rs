//! What became of each message, session and subscription in one run, without times.

use std::collections::BTreeMap;

use fivewire_core::event::{DownReason, Event};
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;

use super::messages::{Inbound, Outbound, Outcome};
use super::sessions::{Line, Sessions};
use super::wishes::{Answer, Wish, Wishes};
use crate::app::number;
use crate::fault::FaultKind;
use crate::observation::{BoardLoss, ConnectionId, Observation, Observer, Part};
use crate::oracle::matcher::matches;
use crate::oracle::reader::Packet;

/// Watches a run of either engine.
#[derive(Default, Debug)]
pub struct History {
    /// By the number in the payload.
    pub(super) outbound: BTreeMap<u64, Outbound>,
    pub(super) inbound: BTreeMap<u64, Inbound>,
    pub(super) wishes: Wishes,
    /// What the session holds at the end.
    pub(super) active: BTreeMap<Vec<u8>, u8>,
    pub(super) sessions: Sessions,
    tickets: BTreeMap<u32, u64>,
    /// Connections that ended at the broker.
    endings: u32,
    broker_stops: u32,
    is_connected: bool,
    /// Faults that last and are at work.
    harmful: u32,
    kinds: BTreeMap<usize, FaultKind>,
    is_finished: bool,
}

impl History {
    fn published(&mut self, ticket: u32, payload: &[u8], qos: QoS, expires: bool) {
        let Some(number) = number(payload) else { return };
        self.tickets.insert(ticket, number);
        let is_unsafe = !self.is_connected || self.harmful > 0;
        let new = || Outbound::new(qos, expires, self.endings, is_unsafe);
        self.outbound.entry(number).or_insert_with(new).published += 1;
    }

    fn ticket(&mut self, ticket: u32) -> Option<&mut Outbound> {
        self.tickets.get(&ticket).and_then(|number| self.outbound.get_mut(number))
    }

    fn ended(&mut self, now: Instant, ticket: u32, outcome: Outcome) {
        if let Some(entry) = self.ticket(ticket) {
            entry.ended(now, outcome);
        }
        self.tickets.remove(&ticket);
    }

    fn told(&mut self, now: Instant, event: &Event<'_>) {
        match *event {
            Event::Acked(ticket) => self.ended(now, ticket.get(), Outcome::Acked),
            Event::Sent(ticket) => self.ended(now, ticket.get(), Outcome::Sent),
            Event::Abandoned { ticket, reason } => {
                let is_leaving = self.wishes.is_leaving;
                if let Some(entry) = self.ticket(ticket.get()) {
                    entry.given_up(reason, is_leaving);
                }
                self.ended(now, ticket.get(), Outcome::GivenUp);
            }
            Event::Refused { ticket, .. } => self.ended(now, ticket.get(), Outcome::GivenUp),
            Event::Message(message) if message.topic.starts_with("down/") => {
                if let Some(entry) = number(message.payload).and_then(|n| self.inbound.get_mut(&n))
                {
                    entry.told(self.endings);
                }
            }
            Event::Subscribed { ticket, .. } => self.wishes.answer(ticket.get(), Answer::Granted),
            Event::SubscribeRefused(ticket) => self.wishes.answer(ticket.get(), Answer::Refused),
            Event::Unsubscribed(ticket) => self.wishes.answer(ticket.get(), Answer::Ended),
            Event::Connected { .. } => self.is_connected = true,
            Event::Disconnected { reason } => {
                self.is_connected = false;
                if reason == DownReason::Shed {
                    self.sessions.shed();
                }
                self.trouble(now);
            }
            Event::CleanSlate => self.sessions.slate(now),
            Event::Stopped => {
                self.is_connected = false;
                self.wishes.shutdown_done();
            }
            _ => {}
        }
    }

    /// The application wants something of a topic filter.
    fn asked(&mut self, now: Instant, filter: &str, ticket: u32, wish: Wish) {
        let is_doomed = self.sessions.is_doomed(now);
        let is_disturbed = !self.is_connected || self.harmful > 0 || is_doomed;
        self.wishes.ask(now, filter, ticket, wish, is_disturbed);
    }

    /// The device ends its connection on purpose.
    fn shutdown_asked(&mut self, now: Instant) {
        self.trouble(now);
        self.sessions.strike(now);
        self.wishes.shutdown_asked();
    }

    fn witness_published(&mut self, topic: &str, payload: &[u8], qos: QoS) {
        let Some(number) = number(payload).filter(|_| topic.starts_with("down/")) else { return };
        // what is delivered with QoS 0 may be lost, or dropped where the application's queue is full
        let mut with_qos1 = self.active.iter().filter(|(_, granted)| **granted > 0);
        let is_owed = qos != QoS::AtMostOnce
            && with_qos1.any(|(filter, _)| matches(filter, topic.as_bytes()));
        let entry = self.inbound.entry(number).or_default();
        entry.published(self.endings, self.broker_stops, is_owed);
    }

    /// A message for the device was over before it could be sent.
    fn expired(&mut self, topic: &str, payload: &[u8]) {
        let number = number(payload).filter(|_| topic.starts_with("down/"));
        if let Some(entry) = number.and_then(|number| self.inbound.get_mut(&number)) {
            entry.expires();
        }
    }

    /// The broker's session is over: it owes nothing of what was not told.
    fn session_ends(&mut self) {
        self.active.clear();
        self.inbound.values_mut().for_each(Inbound::forgiven);
    }

    fn life_ends(&mut self, now: Instant, loss: BoardLoss) {
        self.trouble(now);
        self.wishes.life_ends(now, loss);
        self.sessions.life_ends(now);
        self.is_connected = false;
        for number in std::mem::take(&mut self.tickets).into_values() {
            if let Some(entry) = self.outbound.get_mut(&number) {
                entry.lost_power |= entry.outcome.is_none();
            }
        }
    }

    /// Something goes wrong, or a fault begins or ends.
    fn trouble(&mut self, now: Instant) {
        self.outbound.values_mut().for_each(|entry| entry.trouble(now));
        self.wishes.trouble();
    }

    fn read_device(&mut self, now: Instant, id: ConnectionId, mut bytes: &[u8]) {
        let Self { sessions, outbound, endings, .. } = self;
        let line = sessions.line(now, id);
        let mut reader = std::mem::take(&mut line.from_device);
        while let Some(packet) = reader.next(&mut bytes) {
            match packet {
                Packet::Connect(connect) => {
                    line.from_broker.set_version(connect.level);
                    Sessions::connects(line, &connect);
                }
                Packet::Publish(publish) => {
                    let number = number(publish.payload).filter(|n| outbound.contains_key(n));
                    if let Some(number) = number
                        && let Some(entry) = outbound.get_mut(&number)
                    {
                        entry.arrived(*endings);
                        line.published.insert(publish.packet_id, number);
                    }
                }
                Packet::Puback(..) => line.withheld = line.withheld.saturating_sub(1),
                Packet::Subscribe { packet_id, filters, .. } => {
                    let filters = filters.map(|(filter, _)| filter.to_vec()).collect();
                    line.asked.push((packet_id, filters));
                }
                Packet::Unsubscribe { packet_id, filters } => {
                    let filters = filters.map(|(filter, _)| filter.to_vec()).collect();
                    line.ends_asked.push((packet_id, filters));
                }
                _ => {}
            }
        }
        line.from_device = reader;
    }

    fn read_broker(&mut self, now: Instant, id: ConnectionId, mut bytes: &[u8]) {
        let mut reader = std::mem::take(&mut self.sessions.line(now, id).from_broker);
        while let Some(packet) = reader.next(&mut bytes) {
            match packet {
                Packet::Connack { session_present, code: 0, .. }
                    if self.sessions.accepted(id, session_present) =>
                {
                    self.session_ends();
                }
                Packet::Publish(publish) if publish.qos > 0 => {
                    self.sessions.line(now, id).withheld += 1
                }
                Packet::Puback(packet_id, 0x80..) => {
                    let number = self.sessions.line(now, id).published.get(&packet_id);
                    if let Some(entry) = number.and_then(|number| self.outbound.get_mut(number)) {
                        entry.is_refused = true;
                    }
                }
                Packet::Suback { packet_id, codes } => self.subscribed(now, id, packet_id, codes),
                Packet::Unsuback(packet_id, _) => self.unsubscribed(now, id, packet_id),
                _ => {}
            }
        }
        self.sessions.line(now, id).from_broker = reader;
    }

    fn subscribed(&mut self, now: Instant, id: ConnectionId, packet_id: u16, codes: &[u8]) {
        let asked = &mut self.sessions.line(now, id).asked;
        let place = asked.iter().position(|&(id, _)| id == packet_id);
        let Some((_, filters)) = place.map(|place| asked.remove(place)) else { return };
        if filters.len() == codes.len() {
            let granted = filters.into_iter().zip(codes.iter().copied());
            self.active.extend(granted.filter(|&(_, code)| code <= 2));
        }
    }

    fn unsubscribed(&mut self, now: Instant, id: ConnectionId, packet_id: u16) {
        let asked = &mut self.sessions.line(now, id).ends_asked;
        for (_, filters) in asked.extract_if(.., |(id, _)| *id == packet_id) {
            self.active.retain(|filter, _| !filters.contains(filter));
        }
    }

    fn ended_at_broker(&mut self, now: Instant, id: ConnectionId) {
        self.endings += 1;
        self.trouble(now);
        self.sessions.ended(now, id);
        if self.sessions.lines.remove(&id.0).is_some_and(|line: Line| line.takes_session_along()) {
            self.session_ends();
        }
    }

    fn fault(&mut self, now: Instant, index: usize, began: Option<FaultKind>) {
        let kind = match began {
            Some(kind) => {
                self.kinds.insert(index, kind);
                if kind == FaultKind::HostReset {
                    self.wishes.reset();
                }
                self.sessions.fault_begins(now, index, kind);
                Some(kind)
            }
            None => {
                self.sessions.fault_ends(now, index);
                self.kinds.remove(&index)
            }
        };
        let is_load = |kind: &FaultKind| {
            matches!(
                kind,
                FaultKind::Backlog { .. }
                    | FaultKind::AppHolds
                    | FaultKind::AppBurst { .. }
                    | FaultKind::QosExceeded
            )
        };
        let Some(kind) = kind.filter(|kind| !is_load(kind)) else { return };
        self.trouble(now);
        if !kind.is_instant() {
            let one = u32::from(began.is_none());
            self.harmful = (self.harmful + u32::from(began.is_some())).saturating_sub(one);
        }
    }
}

impl Observer for History {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        if self.is_finished {
            return;
        }
        match *observation {
            Observation::Published { ticket, payload, qos, properties, .. } => {
                let expires = properties.message_expiry_interval_s().is_some();
                self.published(ticket, payload, qos, expires);
            }
            Observation::SubscribeAsked { ticket, filter, .. } => {
                self.asked(now, filter, ticket, Wish::Messages);
            }
            Observation::UnsubscribeAsked { ticket, filter } => {
                self.asked(now, filter, ticket, Wish::End);
            }
            Observation::ShutDownAsked => self.shutdown_asked(now),
            Observation::BoardUp { part: Part::Host } => self.wishes.life_begins(),
            Observation::Told(event) => self.told(now, &event),
            Observation::Opening { connection } => {
                self.sessions.line(now, connection);
            }
            Observation::ToBroker { connection, bytes } => self.read_device(now, connection, bytes),
            Observation::FromBroker { connection, bytes } => {
                self.read_broker(now, connection, bytes)
            }
            Observation::EndedAtBroker { connection, .. } => self.ended_at_broker(now, connection),
            Observation::EndedAtDevice { connection, .. } => {
                self.sessions.ended(now, connection);
                self.trouble(now);
            }
            Observation::SessionForgotten => {
                self.sessions.forgotten();
                self.session_ends();
            }
            Observation::SessionExpired => {
                self.sessions.expires();
                self.session_ends();
            }
            Observation::BrokerDown(is_down) => {
                self.broker_stops += u32::from(is_down);
                self.trouble(now);
            }
            Observation::WitnessPublished { topic, payload, qos, .. } => {
                self.witness_published(topic, payload, qos);
            }
            Observation::MessageExpired { topic, payload } => self.expired(topic, payload),
            Observation::BoardDown { part: Part::Host, loss } => self.life_ends(now, loss),
            Observation::FaultBegan { index, fault } => self.fault(now, index, Some(fault.kind)),
            Observation::FaultEnded { index } => self.fault(now, index, None),
            Observation::Finished => self.is_finished = true,
            _ => {}
        }
    }
}
