//! What only MQTT 5 has: properties that travel, messages that expire, topic aliases, limits of the
//! broker, refused publications, and a DISCONNECT that says why.

use std::borrow::Cow;
use std::ops::Range;

use fivewire_core::event::DownReason;
use fivewire_core::mqtt::v5;
use fivewire_core::time::Instant;

use crate::schedule::Mqtt5;

use super::connections::{Connection, Request};
use super::facts::Facts;
use super::messages::TextId;
use super::outbound::{Identity, Index};
use super::promise::Promise::{P1, P5, P9, P12};
use super::properties::{Properties, are_told, write_travelling};
use super::reader::Publish;
use super::verdict::Verdict;

/// By how many seconds an interval may be off: it counts whole seconds, on a clock that drifts.
const EXPIRY_SLACK_S: u64 = 2;
/// A publication may be given up as expired so much too early, because of that clock.
const EXPIRED_SLACK_US: u64 = 1_000_000;
/// What a PUBLISH has at most besides its topic, its payload and the properties that travel.
const OVERHEAD_BYTES: usize = 24;

/// What a message was published with.
#[derive(Debug)]
pub(super) struct Published {
    /// Where its properties that travel are in [`Travelled::bytes`].
    travelling: Range<usize>,
    expiry_s: Option<u32>,
    at: Instant,
    /// The broker answered that it does not take it.
    is_refused: bool,
}

/// The facts of a run with MQTT 5.
#[derive(Debug)]
pub(super) struct Travelled {
    pub(super) limits: Mqtt5,
    /// By publication.
    pub(super) published: Vec<Published>,
    /// What the witness published, by text.
    witnessed: Vec<Option<Published>>,
    /// The properties that travel of all of them, one after the other.
    bytes: Vec<u8>,
}

impl Travelled {
    pub(super) const fn new(limits: Mqtt5) -> Self {
        Self { limits, published: Vec::new(), witnessed: Vec::new(), bytes: Vec::new() }
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
        Published { travelling: start..self.bytes.len(), expiry_s, at, is_refused: false }
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

    /// The broker refused a publication.
    pub(super) fn refuse(&mut self, index: Index) {
        self.published[index as usize].is_refused = true;
    }
}

/// The topics that aliases stand for on a connection, in one direction.
#[derive(Default, Debug)]
pub(crate) struct Aliases(Vec<Vec<u8>>);

impl Aliases {
    pub(super) fn clear(&mut self) {
        self.0.clear();
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

/// A PUBLISH came; the ledger does not know yet. The broker said what it takes.
pub(super) fn within_limits(
    limits: &Mqtt5,
    verdict: &mut Verdict,
    connection: &Connection,
    publish: &Publish<'_>,
) {
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
pub(super) fn refused(facts: &Facts, verdict: &mut Verdict, index: Index) {
    let (Some(travelled), Some(published)) = (&facts.travelled, facts.published(index)) else {
        return;
    };
    let text = facts.outbound.get(index).text;
    let messages = &facts.outbound.messages;
    let size_bytes = messages.topic(text).len() + messages.payload(text).len();
    let largest_bytes = size_bytes + published.travelling.len() + OVERHEAD_BYTES;
    let is_too_large = largest_bytes > travelled.limits.packet_max_bytes as usize;
    verdict.require(P1, published.is_refused || is_too_large, || {
        format!("{} was told as refused, and nobody refused it", facts.outbound.show(index))
    });
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
        // who asks to leave meanwhile is told that it left
        let leaves = facts.is_shutting_down && reason == DownReason::ShutDown;
        verdict.require(P12, is_told || leaves || troubles != facts.weather.troubles, || {
            format!("the broker said DISCONNECT with {code:#04x}, and {reason:?} was told")
        });
    }
}
