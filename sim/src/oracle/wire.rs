//! What passes the broker's socket, in both directions.

use std::mem;

use crate::observation::{ConnectionId, Ending};
use crate::schedule::Topology;

use super::connections::{Request, Unreleased};
use super::inbound::flags_bit;
use super::mqtt5::Travelled;
use super::outbound::Identity;
use super::properties::Properties;
use super::reader::{Filters, Packet, Publish};
use super::said::Offer;
use super::{
    Oracle, mqtt5, p1_published, p3_duplicates, p4_subscriptions, p5_received, p6_answers,
    p10_connect,
};

/// From here on, a code of a SUBACK refuses a filter, and one of a PUBACK (MQTT 5) a publication.
const REFUSED: u8 = 0x80;

/// A device says so whose memory is too small for the broker's topic aliases (MQTT 5).
const QUOTA_EXCEEDED: u8 = 0x97;

impl Oracle {
    /// Bytes of the device arrived at the broker's socket.
    pub(super) fn read_device(&mut self, id: ConnectionId, bytes: &[u8]) {
        let Some(slot) = self.facts.connections.find(id.0) else { return };
        self.judges.will.heard(&self.facts, self.facts.connections.get(slot));
        let mut reader = mem::take(&mut self.facts.connections.get_mut(slot).from_device);
        let mut rest = bytes;
        while let Some(packet) = reader.next(&mut rest) {
            self.packet_of_device(slot, &packet);
        }
        let connection = self.facts.connections.get_mut(slot);
        if reader.is_garbled() && !connection.is_tainted {
            p1_published::garbled(&mut self.verdict, id.0);
        }
        connection.from_device = reader;
    }

    /// The broker wrote bytes into its socket.
    pub(super) fn read_broker(&mut self, id: ConnectionId, bytes: &[u8]) {
        let Some(slot) = self.facts.connections.find(id.0) else { return };
        let mut reader = mem::take(&mut self.facts.connections.get_mut(slot).from_broker);
        let mut rest = bytes;
        while let Some(packet) = reader.next(&mut rest) {
            self.packet_of_broker(slot, &packet);
        }
        let connection = self.facts.connections.get_mut(slot);
        connection.is_tainted |= reader.is_garbled();
        connection.from_broker = reader;
    }

    fn packet_of_device(&mut self, slot: usize, packet: &Packet<'_>) {
        let Self { facts, judges, verdict } = self;
        let connection = facts.connections.get(slot);
        judges.will.alive(facts, connection);
        if judges.heard.is_judged() {
            judges.owed.came(connection.id, packet, facts.now);
        }
        let comes_first = matches!(packet, Packet::Connect(_) | Packet::Disconnect(..));
        if !comes_first && !connection.is_tainted {
            p3_duplicates::greeted(verdict, connection);
        }
        match packet {
            Packet::Connect(connect) => {
                judges.slate.connecting(facts, verdict, connection, connect.clean_session);
                judges.will.connecting(facts, verdict, connect);
                judges.received.connecting(verdict, connect);
                p10_connect::connecting(facts, verdict, connect);
                let wipes = connect.clean_session && !facts.setup.clean_session;
                judges.heard.greeting(connection.id, wipes);
                judges.asking.connecting(facts, verdict, connection, connect);
                let is_late = connection.is_left;
                facts.connections.get_mut(slot).from_broker.set_version(connect.level);
                facts.connections.get_mut(slot).connect = Some(connect.clean_session);
                if is_late {
                    // it may take over the connection that the device has now
                    self.strike();
                }
            }
            Packet::Publish(publish)
                if facts.travelled.is_some() || publish.properties.alias().is_some() =>
            {
                self.publish_of_device_v5(slot, publish);
            }
            Packet::Publish(publish) => self.publish_of_device(slot, publish),
            Packet::Puback(packet_id, _) => self.received_by_device(slot, 1, *packet_id),
            Packet::Pubrec(packet_id) => self.received_by_device(slot, 2, *packet_id),
            Packet::Pubcomp(packet_id) => self.completed_by_device(slot, *packet_id),
            Packet::Subscribe { packet_id, properties, filters } => {
                self.subscribe(slot, *packet_id, properties.identifier(), *filters);
            }
            Packet::Unsubscribe { packet_id, filters } => {
                self.unsubscribe(slot, *packet_id, *filters);
            }
            Packet::Pingreq => {
                let at = judges.will.pinged(facts, verdict, connection);
                facts.connections.get_mut(slot).pinged_at = at;
            }
            Packet::Disconnect(code, _) => {
                let has_cause = *code == QUOTA_EXCEEDED && judges.asking.may_overflow(facts);
                let code = (*code, has_cause);
                judges.will.disconnecting(facts, verdict, connection, code);
                facts.connections.get_mut(slot).is_disconnecting = true;
            }
            _ => {}
        }
    }

    /// A PUBLISH of MQTT 5: within the broker's limits, and with its topic in words from there on.
    fn publish_of_device_v5(&mut self, slot: usize, publish: &Publish<'_>) {
        let Self { facts, verdict, .. } = self;
        mqtt5::aliases_used(facts, verdict, slot, publish);
        let connection = facts.connections.get_mut(slot);
        let Some(topic) = connection.aliases_of_device.topic(publish) else {
            if !connection.is_tainted {
                mqtt5::alias_unknown(verdict, connection.id);
            }
            return;
        };
        if let Some(travelled) = &facts.travelled
            && !connection.is_tainted
        {
            let Travelled { limits, offer, .. } = &**travelled;
            mqtt5::within_limits(limits, *offer, verdict, connection, publish);
        }
        self.publish_of_device(slot, &Publish { topic: &topic, ..*publish });
    }

    fn publish_of_device(&mut self, slot: usize, publish: &Publish<'_>) {
        let Self { facts, judges, verdict } = self;
        let connection = facts.connections.get(slot);
        let (id, session) = (connection.id, connection.session);
        let Publish { topic, payload, packet_id, .. } = *publish;
        let identity = facts.outbound.identify(topic, payload, id, packet_id);
        if publish.dup && connection.life == facts.device_life {
            judges.told.redelivered();
        }
        if !connection.is_tainted {
            p1_published::arrived(facts, verdict, identity, publish);
        }
        let Identity::Published(index) = identity else { return };
        if !connection.is_tainted {
            judges.order.arrived(facts, verdict, index);
            judges.duplicates.arrived(facts, verdict, connection, index, publish);
            mqtt5::arrived(facts, verdict, connection, index, publish.properties);
        }
        let publication = facts.outbound.get(index);
        let is_redelivered = publication.copies > 0 && publication.session == session;
        let first_arrival = publication.first_arrival;
        facts.outbound.arrive(index, id, session, packet_id);
        let connection = facts.connections.get_mut(slot);
        if is_redelivered {
            connection.redelivered = first_arrival;
        }
        if publish.qos > 0 {
            connection.requests.push((packet_id, Request::Publish(index)));
        }
    }

    /// PUBACK, or with QoS 2 PUBREC.
    fn received_by_device(&mut self, slot: usize, qos: u8, packet_id: u16) {
        let Self { facts, judges, verdict } = self;
        let connection = facts.connections.get(slot);
        if !connection.is_tainted {
            judges.received.acknowledged(facts, verdict, connection, (qos, packet_id));
        }
        judges.buffer.acknowledged(connection.id);
        let connection = facts.connections.get_mut(slot);
        p6_answers::pressed(connection, facts.now);
        let unreleased = &mut connection.unreleased;
        let place = unreleased.iter().position(|sent| sent.packet_id == packet_id);
        let sent = place.and_then(|place| unreleased.remove(place));
        if let Some(Unreleased { text, size_bytes, .. }) = sent
            && judges.received.may_be_too_large(size_bytes)
        {
            // whoever is told of it instead is told enough
            let life = facts.device_life;
            let message = facts.inbound.get_mut(text);
            message.told_of_owed += u32::from(message.told_in_life != Some(life));
        }
    }

    #[cold]
    fn completed_by_device(&mut self, slot: usize, packet_id: u16) {
        let Self { facts, verdict, .. } = self;
        let connection = facts.connections.get_mut(slot);
        let place = connection.completing.iter().position(|&open| open == packet_id);
        if !connection.is_tainted {
            p5_received::completed(verdict, connection, packet_id, place.is_some());
        }
        place.map(|place| connection.completing.remove(place));
    }

    #[cold]
    fn subscribe(
        &mut self,
        slot: usize,
        packet_id: u16,
        identifier: Option<u32>,
        filters: Filters<'_>,
    ) {
        let Self { facts, verdict, .. } = self;
        let mut count = 0;
        for (text, options) in filters {
            let connection = facts.connections.get(slot);
            let Some(place) = facts.filters.find(text) else {
                p4_subscriptions::unknown(verdict, text);
                return;
            };
            if !connection.is_tainted {
                let filter = facts.filters.get(place);
                p4_subscriptions::asked(verdict, filter, options & 0x03);
                p4_subscriptions::needed(facts, verdict, connection, filter);
            }
            let connection = facts.connections.get_mut(slot);
            let filter = facts.filters.get_mut(place);
            let is_first = filter.subscribed_on != connection.id;
            if is_first {
                filter.subscribed_changes = facts.changes_at_attempt;
            }
            if !connection.is_tainted {
                p4_subscriptions::subscribed(verdict, connection, filter, facts.link_changes);
                if let Some(travelled) = &facts.travelled {
                    mqtt5::subscribed(travelled, verdict, filter, options, identifier);
                }
            }
            if !is_first {
                filter.subscribed_changes = facts.link_changes;
            }
            filter.subscribed_on = connection.id;
            filter.subscribed_asks = filter.asks;
            connection.asked.push_back(place);
            count += 1;
        }
        let connection = facts.connections.get_mut(slot);
        if !connection.is_tainted {
            p3_duplicates::request(verdict, connection, packet_id);
        }
        connection.requests.push((packet_id, Request::Subscribe(count)));
    }

    #[cold]
    fn unsubscribe(&mut self, slot: usize, packet_id: u16, filters: Filters<'_>) {
        let Self { facts, verdict, .. } = self;
        let connection = facts.connections.get_mut(slot);
        if !connection.is_tainted {
            p3_duplicates::request(verdict, connection, packet_id);
        }
        let mut count = 0;
        for (text, _) in filters {
            if let Some(place) = facts.filters.find(text) {
                connection.asked.push_back(place);
                count += 1;
            }
        }
        connection.requests.push((packet_id, Request::Unsubscribe(count)));
    }

    fn packet_of_broker(&mut self, slot: usize, packet: &Packet<'_>) {
        match *packet {
            Packet::Connack { session_present, code, properties } => {
                self.connack(slot, session_present, code, properties);
            }
            Packet::Publish(publish) => {
                let connection = self.facts.connections.get_mut(slot);
                if publish.properties.alias().is_none() {
                    self.publish_of_broker(slot, &publish, 0);
                } else if let Some(topic) = connection.aliases_of_broker.topic(&publish) {
                    if !publish.topic.is_empty() {
                        self.judges.asking.aliases_given(self.facts.connections.get(slot));
                    }
                    let left_out_bytes = topic.len() - publish.topic.len();
                    let in_words = Publish { topic: &topic, ..publish };
                    self.publish_of_broker(slot, &in_words, left_out_bytes);
                }
            }
            Packet::Puback(packet_id, code) => self.puback_of_broker(slot, packet_id, code),
            Packet::Pubrel(packet_id) => {
                self.facts.connections.get_mut(slot).completing.push(packet_id);
            }
            Packet::Disconnect(code, properties) => {
                let Self { facts, judges, .. } = self;
                judges.said.disconnect(facts, judges.told.hears_esp(), properties);
                self.judges.farewell.said(self.facts.connections.get(slot), code);
            }
            Packet::Suback { packet_id, codes } => self.suback(slot, packet_id, codes),
            Packet::Unsuback(packet_id, code) => self.unsuback(slot, packet_id, code),
            _ => {}
        }
    }

    fn puback_of_broker(&mut self, slot: usize, packet_id: u16, code: u8) {
        let Self { facts, judges, .. } = self;
        let connection = facts.connections.get_mut(slot);
        judges.answers.answering(connection, packet_id, facts.now);
        let is_publish = |request| matches!(request, Request::Publish(_));
        let Some(Request::Publish(index)) = connection.answer(packet_id, is_publish) else {
            judges.told.unasked();
            return;
        };
        // over a bridge, what was answered while no host heard of it
        let is_heard = facts.setup.topology == Topology::Client || judges.told.hears_esp();
        let disruptions = is_heard.then_some(facts.disruptions);
        if let Some(travelled) = &mut facts.travelled {
            travelled.answer(index, code, disruptions);
            if code >= REFUSED {
                return facts.outbound.land(index);
            }
        }
        facts.outbound.acknowledge(index);
    }

    #[cold]
    fn connack(&mut self, slot: usize, session_present: bool, code: u8, said: Properties<'_>) {
        let Self { facts, judges, .. } = self;
        let connection = facts.connections.get(slot);
        // one that comes unasked or again is malformed on purpose
        if connection.connect.is_none() || connection.connack.is_some() {
            return;
        }
        let is_harmed = connection.is_harmed;
        judges.said.connack(facts, judges.told.hears_esp(), code, said);
        if let Some(travelled) = &mut facts.travelled
            && code == 0
        {
            travelled.offer = Offer::of(said);
        }
        if code == 0 {
            if !session_present {
                facts.end_session();
            }
            let is_safe = !is_harmed && facts.weather.spares_connections();
            facts.troubles_at_connack = is_safe.then_some(facts.weather.troubles);
        }
        let session = facts.session;
        let connection = facts.connections.get_mut(slot);
        connection.connack = Some(code);
        connection.session = session;
        if code == 0 {
            let connection = facts.connections.get(slot);
            judges.slate.accepted(facts, connection);
            judges.will.accepted(facts, connection);
        } else {
            judges.will.refused();
        }
    }

    /// An alias took the place of a topic of so many bytes.
    fn publish_of_broker(&mut self, slot: usize, publish: &Publish<'_>, left_out_bytes: usize) {
        let Self { facts, judges, .. } = self;
        judges.received.sent(publish.qos, publish.size_bytes);
        judges.told.sent_inbound(publish.qos);
        let link_losses = facts.link_losses;
        let text = facts.inbound.note(publish.topic, publish.payload);
        let may_stay = facts.may_stay(text, publish.payload);
        if let Some(travelled) = &mut facts.travelled {
            travelled.send(text, publish.properties);
        }
        let message = facts.inbound.get_mut(text);
        message.copies_any += 1;
        message.qos_sent |= 1 << publish.qos;
        message.flags_sent |= flags_bit(publish.retain, publish.dup);
        if publish.qos == 0 {
            return;
        }
        if !publish.retain {
            if message.copies == 0 {
                message.link_losses_before = link_losses;
            }
            message.copies += 1;
            if may_stay && message.copies == 1 {
                facts.inbound.owe(text);
            }
        }
        let Publish { packet_id, qos, size_bytes, .. } = *publish;
        let is_heard = facts.setup.topology == Topology::Client || judges.told.hears_esp();
        let link_losses_before = is_heard.then_some(link_losses);
        let connection = facts.connections.get_mut(slot);
        let sent =
            Unreleased { packet_id, qos, text, size_bytes, left_out_bytes, link_losses_before };
        connection.unreleased.push_back(sent);
        p6_answers::pressed(connection, facts.now);
    }

    #[cold]
    fn suback(&mut self, slot: usize, packet_id: u16, codes: &[u8]) {
        let Self { facts, judges, .. } = self;
        let connection = facts.connections.get_mut(slot);
        connection.subacks += 1;
        let by = (connection.id, connection.subacks);
        connection.supersede_before(packet_id);
        judges.answers.answering(connection, packet_id, facts.now);
        let start = connection.filters_before(packet_id);
        let is_subscribe = |request| matches!(request, Request::Subscribe(_));
        let answered = connection.answer(packet_id, is_subscribe);
        let Some(Request::Subscribe(count)) = answered else { return self.judges.told.unasked() };
        let session = connection.session;
        // of a SUBACK that does not fit, nothing is believed
        let codes = if codes.len() == count { codes } else { &[] };
        for (place, filter) in connection.asked.drain(start..start + count).enumerate() {
            let filter = facts.filters.get_mut(filter);
            match codes.get(place) {
                Some(&qos @ 0..=2) => {
                    filter.grant(session, qos);
                    filter.grant_by(by.0, by.1);
                }
                Some(&code @ REFUSED..) => {
                    filter.was_refused = true;
                    filter.codes.note(code);
                }
                _ => {}
            }
        }
    }

    #[cold]
    fn unsuback(&mut self, slot: usize, packet_id: u16, code: u8) {
        let Self { facts, judges, .. } = self;
        let connection = facts.connections.get_mut(slot);
        connection.supersede_before(packet_id);
        judges.answers.answering(connection, packet_id, facts.now);
        let start = connection.filters_before(packet_id);
        let is_unsubscribe = |request| matches!(request, Request::Unsubscribe(_));
        let answered = connection.answer(packet_id, is_unsubscribe);
        let Some(Request::Unsubscribe(count)) = answered else {
            return self.judges.told.unasked();
        };
        for filter in connection.asked.drain(start..start + count) {
            facts.filters.get_mut(filter).end(connection.id, code);
        }
    }

    /// A connection ended at the broker's end.
    #[cold]
    pub(super) fn ended_at_broker(&mut self, id: ConnectionId, ending: Ending) {
        let Self { facts, judges, verdict } = self;
        let Some(slot) = facts.connections.find(id.0) else { return };
        let connection = facts.connections.get(slot);
        judges.will.ended(facts, verdict, connection, ending);
        if connection.is_accepted() {
            facts.endings += 1;
            if connection.connect == Some(true) {
                facts.inbound.forgive();
            }
        }
        facts.disruptions += 1;
        facts.connections.close(slot);
    }
}
