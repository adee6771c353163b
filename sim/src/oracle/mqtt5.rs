//! What only MQTT 5 has: properties that travel, messages that expire, topic aliases, limits of the
//! broker, refused publications, and a DISCONNECT that says why.

use std::borrow::Cow;
use std::ops::Range;

use fivewire_core::event::{DownReason, RefusedReason};
use fivewire_core::mqtt::v5;
use fivewire_core::time::Instant;
use smallvec::SmallVec;

use crate::schedule::Mqtt5;

use super::connections::{Connection, Request};
use super::facts::Facts;
use super::filters::{Filter, Wish};
use super::messages::TextId;
use super::outbound::{Identity, Index};
use super::promise::Promise::{P1, P4, P5, P9, P12};
use super::properties::{Properties, are_told, write_travelling};
use super::reader::Publish;
use super::said::{Codes, Offer};
use super::verdict::Verdict;

/// By how many seconds an interval may be off: it counts whole seconds, on a clock that drifts.
const EXPIRY_SLACK_S: u64 = 2;
/// A publication may be given up as expired so much too early, because of that clock.
const EXPIRED_SLACK_US: u64 = 1_000_000;
/// What an alias may add to a packet.
const ALIAS_BYTES: usize = 8;
/// What a PUBLISH has at most besides its topic, its payload and the properties that travel.
const OVERHEAD_BYTES: usize = 24;

/// What a message was published with.
#[derive(Debug)]
pub(super) struct Published {
    /// Where its properties that travel are in [`Travelled::bytes`].
    travelling: Range<usize>,
    expiry_s: Option<u32>,
    at: Instant,
    /// What the broker ever answered, and disruptions there had been when it did so last, if the host heard of
    /// what the client does.
    pub(super) codes: Codes,
    pub(super) disruptions_at_answer: Option<u32>,
    /// With which subscription identifiers, and with which intervals, the broker sent it.
    identifiers: SmallVec<[Option<u32>; 1]>,
    expiries_s: Option<(u32, u32)>,
}

/// The facts of a run with MQTT 5.
#[derive(Debug)]
pub(super) struct Travelled {
    pub(super) limits: Mqtt5,
    /// Those limits are what the two ends were told; not so in a recording.
    pub(super) is_known: bool,
    /// What the broker has, as its last CONNACK said.
    pub(super) offer: Offer,
    /// By publication.
    pub(super) published: Vec<Published>,
    /// What the witness published, by text.
    witnessed: Vec<Option<Published>>,
    /// The properties that travel of all of them, one after the other.
    bytes: Vec<u8>,
}

impl Travelled {
    pub(super) const fn new(limits: Mqtt5) -> Self {
        Self {
            limits,
            is_known: true,
            offer: Offer::EVERYTHING,
            published: Vec::new(),
            witnessed: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// The application published.
    pub(super) fn publish(&mut self, now: Instant, properties: v5::Properties<'_>) {
        let published = self.note(now, properties);
        self.published.push(published);
    }

    /// The witness published.
    pub(super) fn witness(&mut self, now: Instant, text: TextId, properties: v5::Properties<'_>) {
        let place = text.0 as usize;
        if self.witnessed.len() <= place {
            self.witnessed.resize_with(place + 1, || None);
        }
        self.witnessed[place] = Some(self.note(now, properties));
    }

    fn note(&mut self, at: Instant, properties: v5::Properties<'_>) -> Published {
        let expiry_s = properties.iter().find_map(|property| match property {
            v5::Property::MessageExpiryInterval(seconds) => Some(seconds),
            _ => None,
        });
        let start = self.bytes.len();
        write_travelling(properties, &mut self.bytes);
        Published {
            travelling: start..self.bytes.len(),
            expiry_s,
            at,
            codes: Codes::default(),
            disruptions_at_answer: None,
            identifiers: SmallVec::new(),
            expiries_s: None,
        }
    }

    /// The properties that travel, as [`write_travelling`] writes them.
    fn travelling(&self, published: &Published) -> &[u8] {
        &self.bytes[published.travelling.clone()]
    }

    /// Whether the broker may let this message expire.
    pub(super) fn may_expire(&self, text: TextId) -> bool {
        self.witnessed(text).is_some_and(|published| published.expiry_s.is_some())
    }

    fn witnessed(&self, text: TextId) -> Option<&Published> {
        self.witnessed.get(text.0 as usize)?.as_ref()
    }

    /// The broker answered a publication.
    pub(super) fn answer(&mut self, index: Index, code: u8, disruptions: Option<u32>) {
        let published = &mut self.published[index as usize];
        published.codes.note(code);
        published.disruptions_at_answer = disruptions;
    }

    /// The broker sent a message of the witness.
    pub(super) fn send(&mut self, text: TextId, properties: Properties<'_>) {
        let Some(Some(message)) = self.witnessed.get_mut(text.0 as usize) else { return };
        let identifier = properties.identifier();
        if !message.identifiers.contains(&identifier) {
            message.identifiers.push(identifier);
        }
        if let Some(left_s) = properties.expiry_s() {
            let (least_s, most_s) = message.expiries_s.unwrap_or((left_s, left_s));
            message.expiries_s = Some((least_s.min(left_s), most_s.max(left_s)));
        }
    }
}

/// The topics that aliases stand for on a connection, in one direction.
#[derive(Default, Debug)]
pub(crate) struct Aliases(Vec<Vec<u8>>);

impl Aliases {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The topics that have one.
    pub(super) fn topics(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice).filter(|topic| !topic.is_empty())
    }

    /// Whether a PUBLISH makes use of them: a topic that has an alias is not named again, and one that is
    /// named is given the next alias while there are any, up to `maximum`.
    fn are_used(&self, publish: &Publish<'_>, maximum: u16) -> bool {
        if publish.topic.is_empty() {
            return true;
        }
        let given = self.topics().count();
        let is_new = self.topics().all(|topic| topic != publish.topic);
        is_new
            && match publish.properties.alias() {
                Some(alias) => usize::from(alias) == given + 1,
                None => given >= maximum.into(),
            }
    }

    /// The topic of a PUBLISH; `None` if its alias has no meaning.
    pub(crate) fn topic<'a>(&mut self, publish: &Publish<'a>) -> Option<Cow<'a, [u8]>> {
        let Some(alias) = publish.properties.alias() else { return Some(publish.topic.into()) };
        let place = usize::from(alias);
        if publish.topic.is_empty() {
            let known = self.0.get(place).filter(|topic| !topic.is_empty());
            return known.cloned().map(Cow::Owned);
        }
        if self.0.len() <= place {
            self.0.resize(place + 1, Vec::new());
        }
        publish.topic.clone_into(&mut self.0[place]);
        Some(publish.topic.into())
    }
}

/// A PUBLISH came whose alias nobody gave a meaning.
pub(super) fn alias_unknown(verdict: &mut Verdict, connection: u32) {
    verdict.require(P1, false, || {
        format!("a topic alias came that has no meaning on connection {connection} [MQTT5-3.3.2-7]")
    });
}

/// A PUBLISH came, and the ledger of aliases does not know yet: it makes use of them, where there is memory
/// for all.
pub(super) fn aliases_used(facts: &Facts, verdict: &mut Verdict, slot: usize, got: &Publish<'_>) {
    let Some(travelled) = &facts.travelled else { return };
    let limits = &travelled.limits;
    let connection = facts.connections.get(slot);
    let is_roomy = limits.wishes.connect_bytes == 0
        && got.size_bytes + ALIAS_BYTES <= limits.packet_max_bytes as usize;
    if !travelled.is_known || connection.is_tainted || !is_roomy {
        return;
    }
    let are_used = connection.aliases_of_device.are_used(got, limits.aliases_from_device);
    verdict.require(P1, are_used, || {
        let alias = got.properties.alias();
        format!("topic {} was named, with alias {alias:?}", got.topic.escape_ascii())
    });
}

/// SUBSCRIBE came for a filter: the broker has such, and it is as it was asked for.
pub(super) fn subscribed(
    travelled: &Travelled,
    verdict: &mut Verdict,
    filter: &Filter,
    options: u8,
    identifier: Option<u32>,
) {
    let forbidden = travelled.offer.forbids(&filter.text, identifier.is_some());
    verdict.require(P9, forbidden.is_none(), || {
        let text = filter.text.escape_ascii();
        format!("\"{text}\" was subscribed to, which the broker does not have: {forbidden:02x?}")
    });
    let asked = (filter.options, filter.identifier);
    let is_asked = asked == (options, identifier.unwrap_or(0)) || filter.wish != Wish::Wanted;
    verdict.require(P4, is_asked, || {
        let text = filter.text.escape_ascii();
        format!("\"{text}\" was subscribed to with {options:#04x}, {identifier:?}, not {asked:?}")
    });
}

/// A PUBLISH came; the ledger does not know yet. The broker said what it takes.
pub(super) fn within_limits(
    limits: &Mqtt5,
    offer: Offer,
    verdict: &mut Verdict,
    connection: &Connection,
    publish: &Publish<'_>,
) {
    verdict.require(P9, publish.qos <= offer.maximum_qos && publish.retain <= offer.retain, || {
        let (qos, retain) = (publish.qos, publish.retain);
        format!("a publication came with QoS {qos} and retain {retain}, and the broker takes none")
    });
    let alias = publish.properties.alias().unwrap_or(0);
    verdict.require(P9, alias <= limits.aliases_from_device, || {
        format!("topic alias {alias} came, and the broker takes none so large [MQTT5-3.3.2-9]")
    });
    let largest = limits.packet_max_bytes as usize;
    verdict.require(P9, publish.size_bytes <= largest, || {
        format!("a packet of {} bytes came, and the broker takes {largest}", publish.size_bytes)
    });
    if publish.qos == 0 {
        return;
    }
    let is_publish = |request: &&(u16, Request)| matches!(request.1, Request::Publish(_));
    let under_way = connection.requests.iter().filter(is_publish).count() + 1;
    verdict.require(P9, under_way <= limits.receive_maximum.into(), || {
        format!(
            "publication {under_way} came before an answer to the others, and the broker takes {} \
             at once [MQTT5-3.3.4-7]",
            limits.receive_maximum
        )
    });
}

/// A copy of a publication came: with the properties it was published with, and with what is left of
/// its interval.
pub(super) fn arrived(
    facts: &Facts,
    verdict: &mut Verdict,
    connection: &Connection,
    index: Index,
    got: Properties<'_>,
) {
    let (Some(travelled), Some(published)) = (&facts.travelled, facts.published(index)) else {
        return;
    };
    verdict.require(P1, got.are(travelled.travelling(published)), || {
        format!("{} arrived with other properties", facts.outbound.show(index))
    });
    let (before, left) = (published.expiry_s, got.expiry_s());
    verdict.require(P1, before.is_some() == left.is_some(), || {
        format!("{} arrived with expiry {left:?}, not {before:?}", facts.outbound.show(index))
    });
    let (Some(before), Some(left)) = (before, left) else { return };
    // it left the device after its connection was opened, and before it arrived
    let waited_s = |until: Instant| until.micros_since(published.at) / 1_000_000;
    let (least_s, most_s) = (waited_s(connection.opened_at), waited_s(facts.now));
    let (before, left) = (u64::from(before), u64::from(left));
    let is_less = left <= before.saturating_sub(least_s).max(1) + EXPIRY_SLACK_S;
    let is_enough = left + most_s + EXPIRY_SLACK_S >= before;
    verdict.require(P1, is_less && is_enough, || {
        format!(
            "{} was published with expiry {before} s and arrived with {left} s after {least_s} to \
             {most_s} s [MQTT5-3.3.2-6]",
            facts.outbound.show(index)
        )
    });
}

/// The application was told that a publication was refused: the broker said so, or would have.
pub(super) fn refused(facts: &Facts, verdict: &mut Verdict, index: Index, reason: RefusedReason) {
    let (Some(travelled), Some(published)) = (&facts.travelled, facts.published(index)) else {
        return;
    };
    let RefusedReason::ByBroker(code) = reason else { return };
    let publication = facts.outbound.get(index);
    let code = code.as_u8();
    let is_refused = published.codes.has(code) && code >= 0x80
        || travelled.offer.refuses(code, publication.qos, publication.retain)
        || may_be_too_large(facts, index);
    verdict.require(P1, is_refused, || {
        format!("{} was told as refused, and nobody refused it", facts.outbound.show(index))
    });
}

/// Whether the packet of a publication may be larger than the broker takes.
pub(super) fn may_be_too_large(facts: &Facts, index: Index) -> bool {
    let (Some(travelled), Some(published)) = (&facts.travelled, facts.published(index)) else {
        return false;
    };
    let text = facts.outbound.get(index).text;
    let messages = &facts.outbound.messages;
    let size_bytes = messages.topic(text).len() + messages.payload(text).len();
    let largest_bytes = size_bytes + published.travelling.len() + OVERHEAD_BYTES;
    largest_bytes > travelled.limits.packet_max_bytes as usize
}

/// Whether the interval of a publication is over; false where MQTT 3.1.1 is spoken.
pub(super) fn is_expired(facts: &Facts, index: Index) -> bool {
    let Some(published) = facts.published(index) else { return false };
    let Some(expiry_s) = published.expiry_s else { return false };
    let waited_us = facts.now.micros_since(published.at);
    waited_us + EXPIRED_SLACK_US >= u64::from(expiry_s) * 1_000_000
}

/// The application was told of a message: its properties are those it was published with.
pub(super) fn told(
    facts: &Facts,
    verdict: &mut Verdict,
    text: TextId,
    properties: v5::Properties<'_>,
) {
    let Some(travelled) = &facts.travelled else { return };
    // what the device published itself may come back to it
    let own = || {
        let messages = &facts.inbound.messages;
        let (topic, payload) = (messages.topic(text), messages.payload(text));
        match facts.outbound.identify(topic, payload, 0, 0) {
            Identity::Published(index) => facts.published(index),
            Identity::Changed(_) | Identity::Unknown => None,
        }
    };
    let Some(published) = travelled.witnessed(text).or_else(own) else { return };
    verdict.require(P5, are_told(properties, travelled.travelling(published)), || {
        format!("{} was told with other properties", facts.inbound.show(text))
    });
    let left_s = properties.message_expiry_interval_s();
    verdict.require(P5, left_s <= published.expiry_s, || {
        format!("{} was told with a longer expiry", facts.inbound.show(text))
    });
    if published.identifiers.is_empty() {
        return;
    }
    let is_as_sent = match (left_s, published.expiries_s) {
        (Some(left_s), Some((least_s, most_s))) => (least_s..=most_s).contains(&left_s),
        (left_s, sent) => left_s.is_none() && sent.is_none(),
    };
    verdict.require(P5, is_as_sent, || {
        let sent = published.expiries_s;
        format!("{} was told with expiry {left_s:?}, not {sent:?}", facts.inbound.show(text))
    });
    let identifier = properties.subscription_identifiers().next();
    verdict.require(P5, published.identifiers.contains(&identifier), || {
        format!("{} was told with identifier {identifier:?}", facts.inbound.show(text))
    });
}

/// What the broker says in a DISCONNECT is what the application is told.
#[derive(Default, Debug)]
pub(super) struct Farewell {
    /// The reason code, and whether the connection was well until then.
    said: Option<(u8, bool)>,
    /// The reason code that must be told, unless other troubles come before.
    expected: Option<(u8, u32)>,
}

impl Farewell {
    /// The broker wrote DISCONNECT.
    pub(super) const fn said(&mut self, connection: &Connection, code: u8) {
        let is_well = matches!(connection.connack, Some(0))
            && !connection.is_harmed
            && !connection.is_left
            && !connection.is_tainted;
        self.said = Some((code, is_well));
    }

    /// It did so because of a fault, which is over now. `is_told`: what the device knows reaches the
    /// application.
    pub(super) const fn done(&mut self, facts: &Facts, is_told: bool) {
        let Some((code, is_well)) = self.said.take() else { return };
        let is_heard = is_told
            && facts.is_up
            && !facts.is_held
            && !facts.is_shutting_down
            && facts.weather.spares_connections();
        if is_well && is_heard {
            self.expected = Some((code, facts.weather.troubles));
        }
    }

    /// The device met a reset: what it sent crossed the broker's goodbye, and the answer to that overtook it.
    pub(super) const fn cut_off(&mut self) {
        self.expected = None;
    }

    /// The application was told that the connection is gone.
    pub(super) fn disconnected(
        &mut self,
        facts: &Facts,
        verdict: &mut Verdict,
        reason: DownReason,
    ) {
        let Some((code, troubles)) = self.expected.take() else { return };
        let is_told = matches!(reason, DownReason::ByBroker(told) if told.as_u8() == code);
        // who leaves meanwhile, being asked to or for an alias that came before, is told that it left
        let leaves = facts.is_shutting_down && reason == DownReason::ShutDown
            || reason == DownReason::TopicAliasesOverflow;
        verdict.require(P12, is_told || leaves || troubles != facts.weather.troubles, || {
            format!("the broker said DISCONNECT with {code:#04x}, and {reason:?} was told")
        });
    }
}
