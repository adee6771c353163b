//! P6, where the broker leaves something unanswered: the connection ends, however much else it answers.
//!
//! Judged on a connection that nothing disturbs and whose messages are taken: one that withholds what it
//! reads cannot tell a late answer from one that waits behind messages.

use fivewire_core::time::Instant;

use super::connections::{Connection, Request};
use super::facts::Facts;
use super::promise::Promise::P6;
use super::verdict::Verdict;

/// An answer is late after this, in milliseconds, and on its way for so long beside the latency.
const LATE_MS: u32 = 20_000;
const ON_ITS_WAY_MS: u32 = 5_000;
/// So many messages that the device has not acknowledged may make it withhold what it reads.
const PRESSING: usize = 3;

/// Since when something is left out on a connection, though what came later was answered.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct LeftOut {
    publication_since: Option<Instant>,
    wish_since: Option<Instant>,
    /// When the broker last waited for many acknowledgements.
    pressed_at: Instant,
}

/// The soonest instant at which something may have been left out for too long.
#[derive(Default, Debug)]
pub(super) struct Answers {
    look_at: Option<Instant>,
}

/// The broker sent a message, or is about to hear that the device has one.
pub(super) fn pressed(connection: &mut Connection, now: Instant) {
    if connection.unreleased.len() >= PRESSING {
        connection.left_out.pressed_at = now;
    }
}

impl Answers {
    /// The broker is about to answer the request with this identifier.
    pub(super) fn answering(&mut self, connection: &mut Connection, packet_id: u16, now: Instant) {
        let left_out = &mut connection.left_out;
        let requests = &connection.requests;
        let Some(place) = requests.iter().position(|&(number, _)| number == packet_id) else {
            return;
        };
        let answered = Sort::of(requests[place].1);
        let is_oldest = !requests[..place].iter().any(|&(_, other)| Sort::of(other) == answered);
        let since = match answered {
            Sort::Publication => &mut left_out.publication_since,
            Sort::Wish => &mut left_out.wish_since,
        };
        *since = if is_oldest { None } else { since.or(Some(now)) };
        // a publication's answer overtakes every wish that waits
        let waits = requests.iter().any(|&(_, request)| Sort::of(request) == Sort::Wish);
        if answered == Sort::Publication && waits {
            left_out.wish_since.get_or_insert(now);
        }
        if left_out.since().is_some() && self.look_at.is_none() {
            self.look_at = Some(now.plus_ms(LATE_MS));
        }
    }

    /// Time went on.
    #[inline]
    pub(super) fn waited(&mut self, facts: &Facts, verdict: &mut Verdict, now: Instant) {
        if self.look_at.is_some_and(|at| now > at) {
            self.look(facts, verdict, now);
        }
    }

    #[cold]
    fn look(&mut self, facts: &Facts, verdict: &mut Verdict, now: Instant) {
        self.look_at = None;
        for connection in facts.connections.live() {
            let LeftOut { pressed_at, .. } = connection.left_out;
            let Some(since) = connection.left_out.since() else { continue };
            if !connection.is_accepted() || connection.is_left || connection.is_tainted {
                continue;
            }
            let is_judged = !facts.is_held && connection.unreleased.len() < PRESSING;
            let excused = facts.weather.calm_since().filter(|_| is_judged).unwrap_or(now);
            let taking_since = facts.held_until.unwrap_or_default().max(pressed_at);
            let bound_ms = LATE_MS + ON_ITS_WAY_MS + 10 * facts.setup.latency_max_ms;
            let late_at = since.max(excused).max(taking_since).plus_ms(bound_ms);
            verdict.require(P6, now <= late_at, || {
                format!(
                    "the broker left something unanswered on tcp {}, answered what came later, and the connection \
                     is still there {bound_ms} ms after",
                    connection.id
                )
            });
            self.look_at = Some(self.look_at.map_or(late_at, |at| at.min(late_at)));
        }
    }
}

impl LeftOut {
    fn since(self) -> Option<Instant> {
        [self.publication_since, self.wish_since].into_iter().flatten().min()
    }
}

/// What is answered in order among its own sort, each of which has a clock of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sort {
    Publication,
    /// A subscription, or the end of one.
    Wish,
}

impl Sort {
    const fn of(request: Request) -> Self {
        match request {
            Request::Publish(_) => Self::Publication,
            Request::Subscribe(_) | Request::Unsubscribe(_) => Self::Wish,
        }
    }
}
