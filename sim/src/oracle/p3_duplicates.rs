//! P3: repetitions are bounded, on fresh connections only, marked, and in order.

use super::connections::{Connection, Request};
use super::facts::Facts;
use super::messages::TextId;
use super::outbound::{Index, Outcome};
use super::promise::Promise::P3;
use super::reader::Publish;
use super::verdict::Verdict;

/// The last publication of each topic, and the connection it came on.
#[derive(Default, Debug)]
pub(super) struct Duplicates {
    last: Vec<(u32, Index)>,
}

impl Duplicates {
    /// A PUBLISH arrived at the broker; the ledger does not know yet.
    pub(super) fn arrived(
        &mut self,
        facts: &Facts,
        verdict: &mut Verdict,
        connection: &Connection,
        index: Index,
        publish: &Publish<'_>,
    ) {
        if facts.outbound.get(index).qos == 0 {
            at_most_once(facts, verdict, index, publish);
            return;
        }
        bounded(facts, verdict, connection, index);
        identified(facts, verdict, connection, index, publish);
        repeated_as_itself(facts, verdict, connection, index, publish);
        self.in_order(facts, verdict, connection, index);
    }

    /// On one connection the publications of a topic come in publish order, so that those that are
    /// repeated come before those that are new [MQTT-4.6.0-1].
    fn in_order(
        &mut self,
        facts: &Facts,
        verdict: &mut Verdict,
        connection: &Connection,
        index: Index,
    ) {
        let publication = facts.outbound.get(index);
        let topic = publication.topic as usize;
        if self.last.len() <= topic {
            self.last.resize(topic + 1, (0, 0));
        }
        let (on, last) = self.last[topic];
        self.last[topic] = (connection.id, index);
        // the first arrival of an older publication is a matter of P2
        if publication.copies == 0 {
            return;
        }
        verdict.require(P3, on != connection.id || last < index, || {
            format!(
                "{} was repeated on connection {} after {}, which is newer on its topic",
                facts.outbound.show(index),
                connection.id,
                facts.outbound.show(last)
            )
        });
        let is_ordered = publication.session != connection.session
            || publication.first_arrival > connection.redelivered;
        verdict.require(P3, is_ordered, || {
            format!(
                "{} was repeated on connection {} after one that had been sent later [MQTT-4.6.0-1]",
                facts.outbound.show(index),
                connection.id
            )
        });
    }
}

fn at_most_once(facts: &Facts, verdict: &mut Verdict, index: Index, publish: &Publish<'_>) {
    let is_first = facts.outbound.get(index).copies == 0;
    verdict.require(P3, is_first, || {
        format!("{} has QoS 0 and arrived twice", facts.outbound.show(index))
    });
    verdict.require(P3, !publish.dup, || {
        format!("{} has QoS 0 and DUP [MQTT-3.3.1-2]", facts.outbound.show(index))
    });
}

/// Copies ≤ 1 + connections that ended while it was unacknowledged, one on each connection.
fn bounded(facts: &Facts, verdict: &mut Verdict, connection: &Connection, index: Index) {
    let publication = facts.outbound.get(index);
    let show = || facts.outbound.show(index);
    let is_second = publication.copies > 0 && publication.connection == connection.id;
    verdict.require(P3, !is_second, || {
        format!("{} arrived twice on connection {}", show(), connection.id)
    });
    let endings = facts.endings - publication.endings_before;
    verdict.require(P3, publication.copies <= endings, || {
        format!(
            "copy {} of {} arrived after {endings} ended connections",
            publication.copies + 1,
            show()
        )
    });
    verdict.require(P3, publication.outcome != Some(Outcome::Acked), || {
        format!("{} arrived again after it had been told as acknowledged", show())
    });
}

/// No two messages under way share a packet identifier [MQTT-2.3.1-2].
fn identified(
    facts: &Facts,
    verdict: &mut Verdict,
    connection: &Connection,
    index: Index,
    publish: &Publish<'_>,
) {
    let packet_id = publish.packet_id;
    let show = || facts.outbound.show(index);
    verdict.require(P3, packet_id != 0, || {
        format!("{} came with packet identifier 0 [MQTT-2.3.1-1]", show())
    });
    let taken = connection.requests.iter().find(|&&(number, _)| number == packet_id);
    let is_free = taken.is_none_or(|&(_, request)| request == Request::Publish(index));
    verdict.require(P3, is_free, || {
        format!("{} came with packet identifier {packet_id}, which is in use", show())
    });
    let other = facts.outbound.in_flight.iter().copied().find(|&other| {
        let publication = facts.outbound.get(other);
        other != index
            && publication.packet_id == packet_id
            && publication.session == connection.session
    });
    verdict.require(P3, other.is_none(), || {
        format!(
            "{} came with packet identifier {packet_id}, which belongs to {}",
            show(),
            other.map(|other| facts.outbound.show(other)).unwrap_or_default()
        )
    });
}

/// In the same session a repetition has the identifier it had and DUP [MQTT-4.4.0-1]
/// [MQTT-3.3.1-1]; what was never sent has not.
fn repeated_as_itself(
    facts: &Facts,
    verdict: &mut Verdict,
    connection: &Connection,
    index: Index,
    publish: &Publish<'_>,
) {
    let publication = facts.outbound.get(index);
    let show = || facts.outbound.show(index);
    if publication.copies > 0 && publication.session == connection.session {
        verdict.require(P3, publication.packet_id == publish.packet_id, || {
            format!(
                "{} was repeated with packet identifier {} instead of {} [MQTT-4.4.0-1]",
                show(),
                publish.packet_id,
                publication.packet_id
            )
        });
        verdict.require(P3, publish.dup, || {
            format!("{} was repeated without DUP [MQTT-3.3.1-1]", show())
        });
    }
    if publish.dup {
        // what was handed over the link once may be handed over again with DUP when it comes back
        let may_have_been_sent = publication.attempt_before != connection.id
            || publication.disruptions_before < facts.disruptions;
        verdict.require(P3, may_have_been_sent, || {
            format!("{} has DUP, but no connection or link was lost since it was published", show())
        });
    }
}

/// SUBSCRIBE or UNSUBSCRIBE came: its identifier must be free too [MQTT-2.3.1-2].
pub(super) fn request(verdict: &mut Verdict, connection: &Connection, packet_id: u16) {
    let is_taken = connection.requests.iter().any(|&(number, _)| number == packet_id);
    verdict.require(P3, packet_id != 0 && !is_taken, || {
        format!("a request came with packet identifier {packet_id}, which is in use or 0")
    });
}

/// A packet other than CONNECT and DISCONNECT came: the connection must have been accepted.
pub(super) fn greeted(verdict: &mut Verdict, connection: &Connection) {
    verdict.require(P3, connection.is_accepted(), || {
        format!("the device went on with connection {} before CONNACK", connection.id)
    });
}

/// The application was told of a QoS 1 message; the ledger knows already.
pub(super) fn told(facts: &Facts, verdict: &mut Verdict, text: TextId) {
    let message = facts.inbound.get(text);
    let copies_max = message.copies + (facts.link_losses - message.link_losses_before);
    verdict.require(P3, message.told <= copies_max, || {
        format!(
            "the application was told {} times of {}, which the broker sent {} times",
            message.told,
            facts.inbound.show(text),
            message.copies
        )
    });
}
