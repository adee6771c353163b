//! P6, where a client without a bridge gives up a broker that leaves something unanswered: not before the
//! time for it is over. And P7: what it says of answers that it waits for, or that answer nothing, is so.
//!
//! Publications and subscriptions have a clock each. It starts anew with each answer to the oldest.

use std::collections::VecDeque;

use fivewire_core::time::Instant;

use super::bounds::ACKNOWLEDGEMENT_MS;
use super::facts::Facts;
use super::p6_attempts::{error_ms, ms_since};
use super::promise::Promise::{P6, P7, P9};
use super::reader::Packet;
use super::verdict::Verdict;
use super::weather::CALM_MS;

/// What a packet may take on its way besides the latency, in milliseconds.
const WAY_MS: u32 = 2_000;

/// What the client asked of the broker in one way, and has no answer to.
#[derive(Default, Debug)]
struct Asked {
    /// Packet identifiers, the oldest first, and when they came to the broker.
    open: VecDeque<(u16, Instant)>,
    /// When an answer made this one the oldest.
    oldest_since: Instant,
}

impl Asked {
    fn restart(&mut self, now: Instant) {
        self.open.clear();
        self.oldest_since = now;
    }

    /// The answer reached the client. False if it answers nothing.
    fn answered(&mut self, packet_id: u16, now: Instant) -> bool {
        let place = self.open.iter().position(|(open, _)| *open == packet_id);
        if let Some(place) = place {
            self.open.remove(place);
            if place == 0 {
                self.oldest_since = now;
            }
        }
        place.is_some()
    }

    /// The client may have waited for the answer to the oldest for so long.
    /// `has_more`: there is something that did not come to the broker, perhaps.
    fn is_overdue(&self, facts: &Facts, has_more: bool) -> bool {
        let Some(&(_, came_at)) = self.open.front() else { return has_more };
        let is_clear = facts.weather.was_calm(came_at, CALM_MS);
        let way_ms = if is_clear { WAY_MS + 2 * facts.setup.latency_max_ms } else { u32::MAX };
        let waits_ms = if self.oldest_since > came_at {
            ms_since(facts.now, self.oldest_since)
        } else {
            ms_since(facts.now, came_at).saturating_add(way_ms)
        };
        waits_ms.saturating_add(error_ms(ACKNOWLEDGEMENT_MS)) >= ACKNOWLEDGEMENT_MS
    }
}

/// What the client waits for.
#[derive(Default, Debug)]
pub(super) struct Unanswered {
    connection: u32,
    publications: Asked,
    /// Subscriptions and ends of subscriptions.
    wishes: Asked,
    /// Acknowledgements that reached it while nothing could be acknowledged.
    pub(super) unknown: u32,
    connected_at: Instant,
    wished_at: Instant,
}

impl Unanswered {
    /// The board lost what it knew.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(super) fn opened(&mut self, connection: u32, now: Instant) {
        self.connection = connection;
        self.publications.restart(now);
        self.wishes.restart(now);
    }

    pub(super) const fn connected(&mut self, now: Instant) {
        self.connected_at = now;
    }

    /// The application asked for a topic filter, or for its end.
    pub(super) const fn wished(&mut self, now: Instant) {
        self.wished_at = now;
    }

    /// A packet of the client came to the broker.
    #[inline]
    pub(super) fn came(&mut self, connection: u32, packet: &Packet<'_>, now: Instant) {
        if connection != self.connection {
            return;
        }
        match *packet {
            Packet::Publish(publish) if publish.qos > 0 => {
                self.publications.open.push_back((publish.packet_id, now));
            }
            Packet::Subscribe { packet_id, .. } | Packet::Unsubscribe { packet_id, .. } => {
                self.wishes.open.push_back((packet_id, now));
            }
            _ => {}
        }
    }

    /// A packet of the broker reached the client.
    #[inline]
    pub(super) fn heard(&mut self, facts: &Facts, packet: &Packet<'_>) {
        match *packet {
            Packet::Puback(packet_id, _) => {
                let is_known = self.publications.answered(packet_id, facts.now);
                // behind messages that nobody takes it may lie unread
                let is_read = facts.is_up && !facts.may_withhold() && !facts.is_shutting_down;
                if !is_known && is_read && has_nothing_under_way(facts) {
                    self.unknown += 1;
                }
            }
            // an answer to what is wanted no more: the broker is answering
            Packet::Suback { packet_id, .. } | Packet::Unsuback(packet_id, _)
                if !self.wishes.answered(packet_id, facts.now) =>
            {
                self.wishes.oldest_since = facts.now;
            }
            _ => {}
        }
    }

    /// The client gives up the connection for an answer that did not come.
    #[cold]
    pub(super) fn given_up(&self, facts: &Facts, verdict: &mut Verdict) {
        let Self { publications, wishes, .. } = self;
        let is_overdue = publications.is_overdue(facts, !has_nothing_under_way(facts))
            || wishes.is_overdue(facts, facts.filters.is_anything_awaited(&facts.tickets));
        // messages that nobody takes are no reason to take a broker for dead
        let promise = if facts.is_held { P9 } else { P6 };
        verdict.require(promise, is_overdue || !facts.has_joined, || {
            format!(
                "the broker was left for an answer that was not {ACKNOWLEDGEMENT_MS} ms late: {publications:?} \
                 {wishes:?}"
            )
        });
    }

    /// The client says that an answer to a SUBSCRIBE or UNSUBSCRIBE is missing, or that none is.
    #[cold]
    pub(super) fn says(&self, facts: &Facts, verdict: &mut Verdict, awaits: bool) {
        let way_ms = WAY_MS + 2 * facts.setup.latency_max_ms;
        let is_over = |at: Instant| facts.now > at.plus_ms(way_ms);
        if !facts.is_up || !is_calm(facts) || facts.is_shutting_down || facts.may_withhold() {
            return;
        }
        let has_settled = is_over(self.connected_at) && is_over(self.wished_at);
        verdict.require(P7, !awaits || !has_settled || !self.wishes.open.is_empty(), || {
            "the client says that a SUBACK is missing, and nothing was asked".into()
        });
        let is_new = self.wished_at > self.connected_at
            && facts.now > self.wished_at
            && facts.filters.is_anything_awaited(&facts.tickets);
        verdict.require(P7, awaits || !is_new, || {
            "the client says that no SUBACK is missing, and one was asked for".into()
        });
    }
}

/// No publication waits for an answer, not even one that was given up.
fn has_nothing_under_way(facts: &Facts) -> bool {
    facts.outbound.unresolved == 0 && !facts.outbound.has_given_up()
}

/// Nothing is wrong, and has not been for a while.
fn is_calm(facts: &Facts) -> bool {
    facts.weather.was_calm(facts.now, CALM_MS)
}
