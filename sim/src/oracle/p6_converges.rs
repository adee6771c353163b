//! P6: after the last fault the client is connected and its queues are empty within the bound, and
//! nothing ever turns in circles.

use fivewire_core::event::DownReason;
use fivewire_core::time::Instant;

use super::bounds::{latency_ms, stated_max_ms};
use super::facts::Facts;
use super::promise::Promise::{self, P6, P9};
use super::verdict::Verdict;

/// So many observations without time going on are a livelock.
const OBSERVATIONS_MAX: u32 = 200_000;
/// From the reset of the ESP8266 to an accepted connection where nothing else is wrong.
const RESET_TO_UP_MS: u32 = 6_000;
/// Trouble that a time of withheld reading causes may show up to this long after it.
const AFTER_HOLD_MS: u32 = 30_000;

/// The state of this judgement.
#[derive(Default, Debug)]
pub(super) struct Convergence {
    observations: u32,
    connected_by: Option<Instant>,
    drained_by: Option<Instant>,
    /// The ESP8266 was reset while nothing else was wrong, and the troubles there had been then.
    back_by: Option<(Instant, u32)>,
    /// The bound has passed: from here on the connection must stay.
    is_settled: bool,
}

impl Convergence {
    /// Something was observed, without or after time went on.
    #[inline]
    pub(super) fn observed(&mut self, verdict: &mut Verdict, has_time_passed: bool) {
        if has_time_passed {
            self.observations = 0;
        }
        self.observations += 1;
        if self.observations > OBSERVATIONS_MAX {
            verdict.require(P6, false, || {
                format!("more than {OBSERVATIONS_MAX} things happened without time going on")
            });
        }
    }

    pub(super) fn healed(&mut self, facts: &Facts) {
        self.connected_by = Some(facts.now.plus_ms(facts.recovery_bound_ms));
        self.published(facts);
    }

    /// The device says how long recovery may take, latency aside: no longer than the setup has it.
    /// From then on it is held to what it says.
    pub(super) fn stated(facts: &mut Facts, verdict: &mut Verdict, stated_ms: u32) {
        let max_ms = stated_max_ms(&facts.setup);
        verdict.require(P6, stated_ms <= max_ms, || {
            format!("the device says that recovery may take {stated_ms} ms, and not {max_ms}")
        });
        let with_latency_ms = stated_ms.saturating_add(latency_ms(&facts.setup));
        facts.recovery_bound_ms = facts.recovery_bound_ms.min(with_latency_ms);
    }

    /// Something more is to be drained, or the time for it begins.
    pub(super) fn published(&mut self, facts: &Facts) {
        if facts.healed_at.is_some() {
            let drain_ms = facts.outbound.unresolved.saturating_mul(facts.drain_ms);
            let connected_by = self.connected_by.unwrap_or(facts.now);
            self.drained_by = Some(connected_by.plus_ms(drain_ms));
        }
    }

    /// The ESP8266 was reset: on a healthy network it is back soon.
    pub(super) fn esp_reset(&mut self, facts: &Facts) {
        let back_by = facts.now.plus_ms(RESET_TO_UP_MS + 10 * facts.setup.latency_max_ms);
        let is_calm = facts.weather.calm_since().is_some() && !facts.is_shutting_down;
        self.back_by = is_calm.then_some((back_by, facts.weather.troubles));
    }

    /// The application was told that it is connected.
    pub(super) const fn connected(&mut self) {
        self.back_by = None;
    }

    /// Time went on; the facts are those before what happens now.
    #[inline]
    pub(super) fn waited(&mut self, facts: &Facts, verdict: &mut Verdict, now: Instant) {
        if self.connected_by.is_some_and(|deadline| now > deadline) {
            self.connected_by = None;
            self.is_settled = true;
            connected(facts, verdict);
        }
        if self.drained_by.is_some_and(|deadline| now > deadline) {
            self.drained_by = None;
            drained(facts, verdict);
        }
        if let Some((deadline, troubles)) = self.back_by
            && now > deadline
        {
            self.back_by = None;
            let is_excused = troubles != facts.weather.troubles || facts.is_shutting_down;
            verdict.require(P6, facts.is_up || is_excused, || {
                format!("not connected {RESET_TO_UP_MS} ms after a reset on a healthy network")
            });
        }
    }

    /// The application was told that the connection is gone; the facts are those before.
    pub(super) fn disconnected(&self, facts: &Facts, verdict: &mut Verdict, reason: DownReason) {
        if facts.is_shutting_down || !facts.is_up {
            return;
        }
        verdict.require(P6, !self.is_settled, || {
            format!("the connection was lost ({reason:?}) although nothing was wrong any more")
        });
        let promise = blamed(facts, reason);
        let is_excused = !facts.is_unprovoked() || promise.is_none();
        verdict.require(promise.unwrap_or(P6), is_excused, || {
            format!("the connection was given up ({reason:?}) although nothing was wrong with it")
        });
    }

    /// The run is over.
    pub(super) fn finished(&self, facts: &Facts, verdict: &mut Verdict) {
        connected(facts, verdict);
        drained(facts, verdict);
        completed(facts, verdict);
    }
}

/// The promise that forbids to lose a healthy connection for this reason.
fn blamed(facts: &Facts, reason: DownReason) -> Option<Promise> {
    let was_held = facts.is_held
        || facts.held_until.is_some_and(|until| facts.now <= until.plus_ms(AFTER_HOLD_MS));
    match reason {
        DownReason::PingrespOverdue | DownReason::AckOverdue if was_held => Some(P9),
        DownReason::PingrespOverdue
        | DownReason::AckOverdue
        | DownReason::TcpClosed
        | DownReason::WifiLost => Some(P6),
        _ => None,
    }
}

fn connected(facts: &Facts, verdict: &mut Verdict) {
    if facts.is_shutting_down {
        return;
    }
    verdict.require(P6, facts.is_up, || {
        format!("not connected {} ms after everything healed", facts.recovery_bound_ms)
    });
    let has_session =
        facts.connections.live().any(|connection| connection.is_accepted() && !connection.is_left);
    verdict.require(P6, has_session, || {
        "the application is told that it is connected, but the broker has no such session".into()
    });
}

/// Every PUBREL was answered with PUBCOMP [MQTT-4.3.3-2].
fn completed(facts: &Facts, verdict: &mut Verdict) {
    let open = facts
        .connections
        .live()
        .filter(|connection| !connection.is_left && !connection.is_tainted)
        .find_map(|connection| connection.completing.first());
    verdict.require(P6, open.is_none() || facts.is_shutting_down, || {
        format!("PUBREL {} has no PUBCOMP long after everything healed", open.unwrap_or(&0))
    });
}

fn drained(facts: &Facts, verdict: &mut Verdict) {
    verdict.require(P6, facts.outbound.unresolved == 0, || {
        let unresolved = facts.outbound.unresolved;
        format!("{unresolved} QoS 1 publications still wait long after everything healed")
    });
}
