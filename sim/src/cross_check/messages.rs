//! What became of each message in one run.

use fivewire_core::event::AbandonReason;
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;

/// A QoS 0 message is safe if nothing goes wrong for so long after it was sent.
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
    /// Connections that ended before the last copy came.
    pub(super) cuts: u32,
    /// The broker said that it does not take it.
    pub(super) is_refused: bool,
    /// The application gave it up, or its deadline came.
    pub(super) is_withdrawn: bool,
    /// It has an interval after which nobody wants it.
    expires: bool,
    /// It was given up because that was over.
    pub(super) is_expired: bool,
    /// It was given up because the application shut its device down.
    pub(super) is_shut_down: bool,
    /// The board lost power before there was an outcome.
    pub(super) lost_power: bool,
    /// Something was wrong when it was published, or until a while after it was sent.
    pub(super) is_unsafe: bool,
    endings_before: u32,
    /// When it is safe, once it was sent.
    safe_at: Option<Instant>,
}

impl Outbound {
    pub(super) const fn new(qos: QoS, expires: bool, endings: u32, is_unsafe: bool) -> Self {
        Self {
            qos,
            published: 0,
            outcome: None,
            copies: 0,
            cuts: 0,
            is_refused: false,
            is_withdrawn: false,
            expires,
            is_expired: false,
            is_shut_down: false,
            lost_power: false,
            is_unsafe,
            endings_before: endings,
            safe_at: None,
        }
    }

    /// A copy is at the broker, after so many connections of this run ended.
    pub(super) const fn arrived(&mut self, endings: u32) {
        self.copies += 1;
        self.cuts = endings - self.endings_before;
    }

    pub(super) fn ended(&mut self, now: Instant, outcome: Outcome) {
        self.outcome = Some(outcome);
        self.safe_at = Some(now.plus_ms(SAFE_MS));
    }

    pub(super) const fn given_up(&mut self, reason: AbandonReason, is_leaving: bool) {
        // it made room for another one in a full outbox
        if matches!(reason, AbandonReason::Dropped) {
            self.is_unsafe = true;
        }
        self.is_shut_down = is_leaving && matches!(reason, AbandonReason::ShutDown);
        let is_over = matches!(reason, AbandonReason::Expired);
        self.is_expired = is_over && self.expires;
        self.is_withdrawn =
            matches!(reason, AbandonReason::Cancelled) || (is_over && !self.expires);
    }

    /// Something goes wrong.
    pub(super) fn trouble(&mut self, now: Instant) {
        let is_late = self.safe_at.is_none_or(|safe_at| now <= safe_at);
        self.is_unsafe |= is_late && self.qos == QoS::AtMostOnce;
    }

    /// It may be lost, or not.
    pub(super) fn is_at_risk(&self) -> bool {
        self.qos == QoS::AtMostOnce && self.is_unsafe
    }

    /// Nobody knows what became of it, because the board lost its power.
    pub(super) const fn is_unknown(&self) -> bool {
        self.lost_power && self.outcome.is_none()
    }
}

/// A message for the device.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Inbound {
    pub(super) published: u32,
    pub(super) told: u32,
    /// How often the broker came to owe it to the device, in a session that has lasted since.
    owed: u32,
    /// Copies that it let expire.
    expired: u32,
    /// Connections that ended between its first publication and the last time it was told.
    pub(super) cuts: u32,
    /// Stops of the broker between its first and its last publication.
    pub(super) stops: u32,
    endings_before: u32,
    stops_before: u32,
}

impl Inbound {
    /// The witness published it, after so many connections ended and the broker stopped so often.
    pub(super) const fn published(&mut self, endings: u32, stops: u32, is_owed: bool) {
        if self.published == 0 {
            (self.endings_before, self.stops_before) = (endings, stops);
        }
        self.published += 1;
        self.stops = stops - self.stops_before;
        self.owed += is_owed as u32;
    }

    pub(super) const fn told(&mut self, endings: u32) {
        self.told += 1;
        self.cuts = endings - self.endings_before;
    }

    /// The broker owes it no more.
    pub(super) const fn forgiven(&mut self) {
        if self.told == 0 {
            (self.owed, self.expired) = (0, 0);
        }
    }

    /// The broker let a copy expire.
    pub(super) const fn expires(&mut self) {
        self.expired += 1;
    }

    /// The broker owed it to the device once, and the session has lasted since.
    pub(super) const fn is_owed(&self) -> bool {
        self.owed > 0
    }

    /// All that the broker owed of it was over before the device could have it.
    pub(super) const fn is_expired(&self) -> bool {
        self.owed > 0 && self.expired >= self.owed
    }
}
