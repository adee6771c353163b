//! P9: no backlog resets a board, and an application that takes no messages still gets its
//! acknowledgements. That a client which withholds reading never takes the broker for dead, and
//! that it pings, is judged in `p6_converges` and `p10_will`, where such things are seen.

use fivewire_core::time::Instant;

use crate::schedule::Topology;

use super::facts::Facts;
use super::promise::Promise::P9;
use super::verdict::Verdict;

/// The longest time without any acknowledgement while publications wait, on a healthy network.
const ACKNOWLEDGEMENT_MAX_MS: u32 = 40_000;

/// The state of this judgement.
#[derive(Default, Debug)]
pub(super) struct Pressure {
    progress_at: Instant,
}

impl Pressure {
    /// A publication ended, or the first of a row was made.
    pub(super) const fn progressed(&mut self, now: Instant) {
        self.progress_at = now;
    }

    /// Time went on; the facts are those before what happens now.
    #[inline]
    pub(super) fn waited(&mut self, facts: &Facts, verdict: &mut Verdict, now: Instant) {
        if !facts.is_held || facts.outbound.unresolved == 0 || facts.is_shutting_down {
            return;
        }
        let Some(calm_since) = facts.weather.calm_since() else { return };
        let healthy_since = calm_since.plus_ms(facts.recovery_bound_ms);
        let since = self.progress_at.max(healthy_since).max(facts.held_since);
        let deadline = since.plus_ms(ACKNOWLEDGEMENT_MAX_MS);
        if now > deadline {
            self.progress_at = now;
            verdict.require(P9, false, || {
                format!(
                    "no publication was acknowledged for {} ms while messages were withheld",
                    now.micros_since(since) / 1_000
                )
            });
        }
    }
}

/// The receive buffers of the ESP8266 overflowed.
pub(super) fn overflowed(facts: &Facts, verdict: &mut Verdict) {
    verdict.require(P9, facts.weather.makes_buffers_small(), || {
        "a backlog overflowed the ESP8266's buffers and reset it".into()
    });
}

/// The application was told of a message.
pub(super) fn told(facts: &Facts, verdict: &mut Verdict) {
    let is_judged = match facts.setup.topology {
        Topology::Client => facts.has_joined,
        // a recording shows no holding
        Topology::Bridge => facts.knows_configuration,
    };
    verdict.require(P9, !(is_judged && facts.is_held), || {
        "the application was told of a message that it had asked to be spared".into()
    });
}
