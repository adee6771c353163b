//! Further plain clients, which say nothing and hear a part of what the witness hears.

use std::time::Duration;

use super::agreement::Hearing;
use super::plain::{Identity, News, Plain};
use crate::random::{Purpose, Random};
use crate::schedule::Schedule;

/// A visitor stays, and stays away, for so long.
const VISIT_MIN_MS: u32 = 2_000;
const VISIT_MAX_MS: u32 = 40_000;

/// Who they are: one that wants a single topic and stays, one that wants all of the device's and
/// comes and goes.
const IDENTITIES: [Identity; 2] = [
    Identity { client_id: "neighbour", filter: "up/0", clean_session: false },
    Identity { client_id: "visitor", filter: "up/+", clean_session: true },
];

/// One of them.
pub(super) struct Listener {
    pub(super) identity: Identity,
    pub(super) plain: Plain,
    pub(super) hearing: Hearing,
    /// It is not there for a while.
    pub(super) is_away: bool,
    visits: Random,
}

impl Listener {
    /// All of them.
    pub(super) fn all(schedule: &Schedule) -> Vec<Self> {
        let listener = |identity| Self {
            identity,
            plain: Plain::new(identity, schedule.setup.is_v5()),
            hearing: Hearing::default(),
            is_away: false,
            visits: Random::new(schedule.seed, Purpose::Visits),
        };
        IDENTITIES.map(listener).into()
    }

    /// How long it stays or stays away next. `None`: it stays for ever.
    pub(super) fn next_visit(&mut self) -> Option<Duration> {
        let duration_ms = self.visits.between(VISIT_MIN_MS, VISIT_MAX_MS);
        (!self.stays()).then(|| Duration::from_millis(duration_ms.into()))
    }

    /// It is there, or comes back, until the end.
    pub(super) const fn stays(&self) -> bool {
        !self.identity.clean_session
    }

    /// Takes bytes of the broker. `era` counts how often the broker has forgotten everything.
    pub(super) fn receive(&mut self, era: u32, bytes: &[u8]) {
        let Self { plain, hearing, .. } = self;
        plain.receive(bytes, |news| match news {
            News::SessionBegins => hearing.begin(era),
            News::Message(message) => hearing.hear(&message),
        });
    }
}
