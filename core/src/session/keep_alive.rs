//! Signs of life in both directions [MQTT-3.1.2-23] [MQTT-3.12.4-1].

use crate::checkpoint::{Checkpoint, Pass};
use crate::time::{Instant, Reason, Wait};

/// When to send PINGREQ, and when to take the broker for dead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeepAlive {
    interval_ms: u32,
    response_timeout_ms: u32,
    last_sent: Instant,
    last_received: Instant,
    /// A PINGREQ is due or under way since then, and nothing was received after.
    awaiting_since: Option<Instant>,
    /// A PINGREQ is to be put into the transmit buffer.
    ping_due: bool,
}

impl KeepAlive {
    pub(crate) const fn new(interval_ms: u32, response_timeout_ms: u32) -> Self {
        Self {
            interval_ms,
            response_timeout_ms,
            last_sent: Instant::ZERO,
            last_received: Instant::ZERO,
            awaiting_since: None,
            ping_due: false,
        }
    }

    /// From now on PINGREQ is due after this silence.
    #[cfg(feature = "mqtt5")]
    pub(crate) const fn set_interval_ms(&mut self, interval_ms: u32) {
        self.interval_ms = interval_ms;
    }

    /// A connection was accepted.
    pub(crate) const fn begin(&mut self, now: Instant) {
        self.last_sent = now;
        self.received(now);
        self.ping_due = false;
    }

    pub(crate) const fn sent(&mut self, now: Instant) {
        self.last_sent = now;
        if self.ping_due {
            // It waits behind a long packet that is leaving: the broker has not been asked yet.
            self.awaiting_since = Some(now);
        }
    }

    /// Any byte shows that the broker lives. Also called when reading is taken up again: what was
    /// sent while it was withheld is still to be read.
    pub(crate) const fn received(&mut self, now: Instant) {
        self.last_received = now;
        self.awaiting_since = None;
    }

    /// Asks for a sign of life now, unless one is awaited already.
    pub(crate) const fn ask(&mut self, now: Instant) {
        if !self.ping_due && self.awaiting_since.is_none() {
            self.ping_due = true;
            self.last_sent = now;
            self.awaiting_since = Some(now);
        }
    }

    /// When the broker last said anything.
    pub(crate) const fn last_received(&self) -> Instant {
        self.last_received
    }

    /// A PINGREQ is to be sent.
    pub(crate) const fn owes_ping(&self) -> bool {
        self.ping_due
    }

    /// Takes the order to send a PINGREQ.
    pub(crate) const fn take_ping(&mut self) -> bool {
        core::mem::replace(&mut self.ping_due, false)
    }

    /// When the next PINGREQ falls due: after silence in either direction, so that a dead broker is
    /// noticed also by a client that only publishes with QoS 0.
    fn ping_at(&self, withheld: bool) -> Option<Instant> {
        let since = match (self.ping_due, withheld, self.awaiting_since) {
            (true, _, _) | (false, false, Some(_)) => return None,
            (false, true, _) => self.last_sent,
            (false, false, None) => self.last_sent.min(self.last_received),
        };
        Some(since.plus_ms(self.interval_ms))
    }

    fn dead_at(&self, withheld: bool) -> Option<Instant> {
        let since = self.awaiting_since.filter(|_| !withheld)?;
        Some(since.plus_ms(self.response_timeout_ms))
    }

    /// Lets time pass. True if the broker must be taken for dead. `withheld`: we do not read, so
    /// its silence is ours.
    pub(crate) fn tick(&mut self, now: Instant, withheld: bool) -> bool {
        if self.dead_at(withheld).is_some_and(|at| at <= now) {
            return true;
        }
        if self.ping_at(withheld).is_some_and(|at| at <= now) {
            self.ping_due = true;
            self.last_sent = now;
            self.awaiting_since = self.awaiting_since.or(Some(now));
        }
        false
    }

    pub(crate) fn wait(&self, withheld: bool) -> Wait {
        Wait::until(self.dead_at(withheld), Reason::PingrespOverdue)
            .sooner(Wait::until(self.ping_at(withheld), Reason::PingDue))
    }
}

impl Checkpoint for KeepAlive {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self {
            interval_ms,
            response_timeout_ms,
            last_sent,
            last_received,
            awaiting_since,
            ping_due,
        } = self;
        pass.field(interval_ms)?;
        pass.field(response_timeout_ms)?;
        pass.field(last_sent)?;
        pass.field(last_received)?;
        pass.field(awaiting_since)?;
        pass.field(ping_due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Instant = Instant::from_millis(100_000);

    fn begun() -> KeepAlive {
        let mut keep_alive = KeepAlive::new(15_000, 6_000);
        keep_alive.begin(T);
        keep_alive
    }

    #[test]
    fn silence_is_answered_with_one_ping_and_then_taken_for_death() {
        let mut keep_alive = begun();
        assert_eq!(keep_alive.wait(false), Wait::Until(T.plus_ms(15_000), Reason::PingDue));
        assert!(!keep_alive.tick(T.plus_ms(15_000), false));
        assert!(keep_alive.take_ping());
        assert_eq!(keep_alive.wait(false), Wait::Until(T.plus_ms(21_000), Reason::PingrespOverdue));
        assert!(!keep_alive.tick(T.plus_ms(20_999), false));
        assert!(keep_alive.tick(T.plus_ms(21_000), false));
    }

    #[test]
    fn a_client_that_only_sends_still_pings_a_silent_broker() {
        let mut keep_alive = begun();
        keep_alive.sent(T.plus_ms(14_000));
        assert!(!keep_alive.tick(T.plus_ms(15_000), false));
        assert!(keep_alive.take_ping());
    }

    #[test]
    fn withheld_reading_pings_on_and_never_judges() {
        let mut keep_alive = begun();
        for round in 1..100 {
            assert!(!keep_alive.tick(T.plus_ms(15_000 * round), true));
            assert!(keep_alive.take_ping(), "no ping in round {round}");
        }
    }
}
