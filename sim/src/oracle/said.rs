//! P7, in MQTT 5: what the broker said of requests, of connections and of itself is what the application
//! is told, as it was said.

use fivewire_core::event::{DownReason, RefusedReason};
use fivewire_core::mqtt::v5;
use fivewire_core::time::Instant;

use crate::schedule::Topology;

use super::facts::Facts;
use super::outbound::{Index, Outcome};
use super::promise::Promise::{P1, P4, P7};
use super::properties::{Properties, are_all};
use super::tickets::Use;
use super::verdict::Verdict;

const NO_MATCHING_SUBSCRIBERS: u8 = 0x10;
const NO_SUBSCRIPTION_EXISTED: u8 = 0x11;
const PACKET_TOO_LARGE: u8 = 0x95;
const RETAIN_NOT_SUPPORTED: u8 = 0x9A;
const QOS_NOT_SUPPORTED: u8 = 0x9B;
const SHARED_SUBSCRIPTIONS_NOT_SUPPORTED: u8 = 0x9E;
const IDENTIFIERS_NOT_SUPPORTED: u8 = 0xA1;
const WILDCARDS_NOT_SUPPORTED: u8 = 0xA2;

/// Reason codes, as a set.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Codes(u64);

impl Codes {
    const fn bit(code: u8) -> u64 {
        match code {
            0x80..=0xA2 => 1 << (code - 0x80),
            0 => 1 << 40,
            NO_MATCHING_SUBSCRIBERS => 1 << 41,
            NO_SUBSCRIPTION_EXISTED => 1 << 42,
            _ => 1 << 43,
        }
    }

    pub(super) const fn note(&mut self, code: u8) {
        self.0 |= Self::bit(code);
    }

    pub(super) const fn has(self, code: u8) -> bool {
        self.0 & Self::bit(code) > 0
    }

    const fn is_only(self, code: u8) -> bool {
        self.0 == Self::bit(code)
    }
}

/// What the broker has, as its CONNACK says (MQTT 5 §3.2.2.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Offer {
    pub(super) maximum_qos: u8,
    pub(super) retain: bool,
    wildcards: bool,
    identifiers: bool,
    shared: bool,
}

impl Offer {
    pub(super) const EVERYTHING: Self =
        Self { maximum_qos: 2, retain: true, wildcards: true, identifiers: true, shared: true };

    pub(super) fn of(said: Properties<'_>) -> Self {
        let has = |id| said.byte(id) != Some(0);
        Self {
            maximum_qos: said.byte(0x24).unwrap_or(2),
            retain: has(0x25),
            wildcards: has(0x28),
            identifiers: has(0x29),
            shared: has(0x2A),
        }
    }

    /// Whether a publication is refused with this code before it is sent.
    pub(super) fn refuses(self, code: u8, qos: u8, retain: bool) -> bool {
        match code {
            QOS_NOT_SUPPORTED => qos > self.maximum_qos,
            RETAIN_NOT_SUPPORTED => retain && !self.retain,
            _ => false,
        }
    }

    /// Why a SUBSCRIBE may not be sent; the first of several reasons.
    pub(super) fn forbids(self, filter: &[u8], has_identifier: bool) -> Option<u8> {
        [IDENTIFIERS_NOT_SUPPORTED, SHARED_SUBSCRIPTIONS_NOT_SUPPORTED, WILDCARDS_NOT_SUPPORTED]
            .into_iter()
            .find(|&code| self.refuses_filter(code, filter, has_identifier))
    }

    /// Whether a subscription is refused with this code before it is sent.
    fn refuses_filter(self, code: u8, filter: &[u8], has_identifier: bool) -> bool {
        let has_wildcard = filter.contains(&b'+') || filter.contains(&b'#');
        match code {
            IDENTIFIERS_NOT_SUPPORTED => has_identifier && !self.identifiers,
            SHARED_SUBSCRIPTIONS_NOT_SUPPORTED => filter.starts_with(b"$share/") && !self.shared,
            WILDCARDS_NOT_SUPPORTED => has_wildcard && !self.wildcards,
            _ => false,
        }
    }
}

/// A list of properties that the broker wrote.
#[derive(Clone, Copy, Debug)]
struct Written {
    place: usize,
    at: Instant,
    /// How often the link had come or gone, if the host heard of what the client does.
    link_changes: Option<u32>,
}

impl Written {
    /// The application must be told. Over a bridge a list is lost with the link, and one that waits for a host
    /// that is busy makes room for the next.
    fn is_owed(self, facts: &Facts) -> bool {
        let is_polled = facts.polls_since.is_none_or(|since| since < self.at);
        match facts.setup.topology {
            Topology::Client => true,
            Topology::Bridge => is_polled && self.link_changes == Some(facts.link_changes),
        }
    }
}

/// What the broker said, and what the application was told of it.
#[derive(Default, Debug)]
pub(super) struct Said {
    /// Told about these tickets, of which the outcomes come next.
    reasons: Vec<(u32, u8)>,
    /// The lists of properties in its CONNACK and DISCONNECT packets, each once.
    lists: Vec<Box<[u8]>>,
    /// Which of them was told since the last word about a connection.
    told: Option<usize>,
    /// Which of them the last CONNACK and the last DISCONNECT had, if it had one.
    connack: Option<Written>,
    farewell: Option<Written>,
    /// With which codes it refused connections.
    refusals: Codes,
    /// Reasons and what else the broker says are not shown to the oracle.
    is_deaf: bool,
}

impl Said {
    #[cfg(feature = "turmoil")]
    /// Whoever watches the application does not see what the broker said.
    pub(super) const fn ignore(&mut self) {
        self.is_deaf = true;
    }

    /// The host lost its memory.
    pub(super) fn forget(&mut self) {
        self.reasons.clear();
        self.told = None;
    }

    fn is_judged(&self, facts: &Facts) -> bool {
        facts.travelled.is_some() && facts.sees_broker && !self.is_deaf
    }

    /// Where this list is among those that the broker wrote; `None` if it is empty.
    fn place(&mut self, said: Properties<'_>) -> Option<usize> {
        let bytes = said.bytes();
        if bytes.is_empty() {
            return None;
        }
        let known = self.lists.iter().position(|list| **list == *bytes);
        Some(known.unwrap_or_else(|| {
            self.lists.push(bytes.into());
            self.lists.len() - 1
        }))
    }

    /// The broker wrote such a list; `hears`: the host hears of what the client does.
    fn written(&mut self, facts: &Facts, hears: bool, said: Properties<'_>) -> Option<Written> {
        let (at, link_changes) = (facts.now, hears.then_some(facts.link_changes));
        self.place(said).map(|place| Written { place, at, link_changes })
    }

    /// The broker wrote CONNACK.
    pub(super) fn connack(&mut self, facts: &Facts, hears: bool, code: u8, said: Properties<'_>) {
        let written = self.written(facts, hears, said);
        if code == 0 {
            self.connack = written;
        } else {
            self.refusals.note(code);
        }
    }

    /// The broker wrote DISCONNECT.
    pub(super) fn disconnect(&mut self, facts: &Facts, hears: bool, said: Properties<'_>) {
        self.farewell = self.written(facts, hears, said);
    }

    /// The application was told what the broker said of itself.
    pub(super) fn told(
        &mut self,
        facts: &Facts,
        verdict: &mut Verdict,
        properties: v5::Properties<'_>,
    ) {
        if !self.is_judged(facts) {
            return;
        }
        self.told = self.lists.iter().position(|list| are_all(properties, list));
        verdict.require(P7, self.told.is_some(), || {
            format!("the broker was told to have said what it did not: {properties:?}")
        });
    }

    /// The application was told that it is connected: before that, what the CONNACK said.
    pub(super) fn connected(&mut self, facts: &Facts, verdict: &mut Verdict) {
        let told = self.told.take();
        if !self.is_judged(facts) {
            return;
        }
        let Some(connack) = self.connack.take() else { return };
        let is_same = told == Some(connack.place);
        verdict.require(P7, is_same || !connack.is_owed(facts), || {
            "the application was told that it is connected, and not what the broker said".into()
        });
    }

    /// The application was told that its connection, or an attempt at one, is over.
    pub(super) fn down(&mut self, facts: &Facts, verdict: &mut Verdict, reason: DownReason) {
        let told = self.told.take();
        if !self.is_judged(facts) {
            return;
        }
        match reason {
            DownReason::RefusedWith(code) => {
                verdict.require(P7, self.refusals.has(code.as_u8()), || {
                    format!("the broker was told to have refused with {code:?}, and had not")
                });
            }
            // an ESP8266 leaves it out where frames for a host that is slow take its room
            DownReason::ByBroker(_) if facts.setup.topology == Topology::Client => {
                let farewell = self.farewell.take();
                let is_owed = farewell.is_some_and(|farewell| farewell.is_owed(facts));
                let is_same = told == farewell.map(|farewell| farewell.place);
                verdict.require(P7, is_same || !is_owed, || {
                    "the broker's DISCONNECT was told, and not what it said".into()
                });
            }
            _ => {}
        }
    }

    /// The application was told what the broker said of one of its requests.
    pub(super) fn reason(&mut self, facts: &Facts, verdict: &mut Verdict, number: u32, code: u8) {
        let Some(used_for) = facts.tickets.get(number).map(|ticket| ticket.used_for) else {
            return super::p7_accounted::unknown(verdict, number);
        };
        if !self.is_judged(facts) {
            return;
        }
        let is_so = match used_for {
            Use::Publication(index) => refuses(facts, index, code),
            Use::Subscription(place) => {
                let filter = facts.filters.get(place);
                let offer = facts.offer();
                filter.codes.has(code)
                    || offer.refuses_filter(code, &filter.text, filter.identifier > 0)
            }
            Use::EndOfSubscription(place) => facts.filters.get(place).codes.has(code),
        };
        verdict.require(P7, is_so, || {
            format!("reason {code:#04x} was told about ticket #{number}, and nobody said so")
        });
        self.reasons.push((number, code));
    }

    /// An outcome is told: the reason that was told before it.
    fn take(&mut self, number: u32) -> Option<u8> {
        let place = self.reasons.iter().position(|&(about, _)| about == number)?;
        Some(self.reasons.swap_remove(place).1)
    }

    /// The application was told how a publication ended.
    pub(super) fn publication_ended(
        &mut self,
        facts: &Facts,
        verdict: &mut Verdict,
        index: Index,
        outcome: Outcome,
        refused: Option<RefusedReason>,
    ) {
        let said = self.take(facts.outbound.get(index).ticket);
        if !self.is_judged(facts) {
            return;
        }
        let show = || facts.outbound.show(index);
        if let Some(RefusedReason::ByBroker(code)) = refused {
            let code = code.as_u8();
            verdict.require(P1, said == Some(code), || {
                format!("{} was told as refused with {code:#04x}, after {said:02x?}", show())
            });
            return;
        }
        let (Some(published), true) = (facts.published(index), outcome == Outcome::Acked) else {
            return;
        };
        let is_owed = match facts.setup.topology {
            Topology::Client => true,
            // a word about it may be lost with the link
            Topology::Bridge => published.disruptions_at_answer == Some(facts.disruptions),
        };
        let nobody_got_it = published.codes.is_only(NO_MATCHING_SUBSCRIBERS);
        verdict.require(P7, said.is_some() || !nobody_got_it || !is_owed, || {
            format!("nobody got {}, and the application was not told", show())
        });
    }

    /// The application was told that a topic filter was refused.
    pub(super) fn filter_refused(&mut self, facts: &Facts, verdict: &mut Verdict, number: u32) {
        let said = self.take(number);
        if self.is_judged(facts) {
            verdict.require(P4, said.is_some(), || {
                format!("ticket #{number} was told as refused, and not why")
            });
        }
    }

    /// The application was told that a subscription ended.
    pub(super) fn filter_ended(
        &mut self,
        facts: &Facts,
        verdict: &mut Verdict,
        number: u32,
        place: u32,
    ) {
        let said = self.take(number);
        let filter = facts.filters.get(place);
        let is_owed = facts.setup.topology == Topology::Client
            && filter.ended_on == facts.connections.last_attempt()
            && filter.was_ended
            && filter.ended_with.is_only(NO_SUBSCRIPTION_EXISTED);
        if self.is_judged(facts) {
            verdict.require(P7, said.is_some() || !is_owed, || {
                format!("ticket #{number} ended what did not exist, and this was not told")
            });
        }
    }

    /// Everything had time to settle: nothing was said about what has no outcome.
    pub(super) fn settled(&self, verdict: &mut Verdict) {
        verdict.require(P7, self.reasons.is_empty(), || {
            format!("reasons were told and no outcomes: {:02x?}", self.reasons)
        });
    }
}

/// Whether a publication is refused with this code: by the broker, or in its name because it said before what
/// it does not take.
fn refuses(facts: &Facts, index: Index, code: u8) -> bool {
    let Some(published) = facts.published(index) else { return true };
    let publication = facts.outbound.get(index);
    published.codes.has(code)
        || facts.offer().refuses(code, publication.qos, publication.retain)
        || code == PACKET_TOO_LARGE && super::mqtt5::may_be_too_large(facts, index)
}
