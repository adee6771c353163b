//! P10: the will is registered and told, DISCONNECT only says goodbye, keep alive is kept.

use fivewire_core::time::Instant;

use crate::observation::Ending;

use super::connections::Connection;
use super::facts::Facts;
use super::p6_attempts::ms_since;
use super::promise::Promise::{P9, P10};
use super::properties::Properties;
use super::reader::{Connect, Will};
use super::verdict::Verdict;
use super::{WILL_PAYLOAD, WILL_TOPIC};

/// How late the broker may be with a will, beyond 1.5 times keep alive.
const LATE_MAX_MS: u32 = 5_000;

/// How late a PINGREQ may be, beside its way.
const LATE_PING_MS: u32 = 2_000;

/// Where nothing was wrong for so long, in milliseconds, nothing waits any more.
const CALM_MS: u32 = 2_000;

const WILL: Will<'static> = Will {
    topic: WILL_TOPIC.as_bytes(),
    payload: WILL_PAYLOAD,
    qos: 1,
    retain: false,
    properties: Properties::NONE,
};

/// The state of this judgement.
#[derive(Default, Debug)]
pub(super) struct WillAndKeepAlive {
    /// The last accepted connection.
    connection: u32,
    /// When its next packet must have come [MQTT-3.1.2-23].
    packet_by: Option<Instant>,
    /// When the PINGREQ must have come that the application asked for.
    ping_by: Option<Instant>,
    /// When its will must have been published unless it goes on.
    will_by: Option<Instant>,
    /// Wills that the broker was given and may still publish.
    wills: u32,
    /// The will is whatever the first CONNECT carries, if it carries one.
    expects_any: bool,
    first: Option<Option<OwnedWill>>,
}

/// A will, kept.
#[derive(PartialEq, Eq, Debug)]
struct OwnedWill {
    topic: Vec<u8>,
    payload: Vec<u8>,
    qos: u8,
    retain: bool,
}

impl WillAndKeepAlive {
    /// CONNECT came.
    #[cold]
    pub(super) fn connecting(&mut self, facts: &Facts, verdict: &mut Verdict, got: &Connect<'_>) {
        self.wills += u32::from(got.will.is_some());
        // whoever comes back takes the old connection over: its will is no longer owed
        self.will_by = None;
        let setup = &facts.setup;
        verdict.require(P10, got.keep_alive_s == setup.keep_alive_s, || {
            format!("CONNECT has keep alive {}, not {}", got.keep_alive_s, setup.keep_alive_s)
        });
        if self.expects_any {
            return self.compare_with_first(verdict, got.will);
        }
        let expected = setup.will.then_some(WILL);
        let plain = got.will.map(|will| Will { properties: Properties::NONE, ..will });
        let delay_s = got.will.map_or(0, |will| will.properties.will_delay_s());
        verdict.require(P10, expected.is_none() || delay_s == will_delay_s(facts), || {
            format!("CONNECT came with a will that waits for {delay_s} s")
        });
        verdict.require(P10, plain == expected, || match (got.will, expected) {
            (None, _) => "CONNECT came without the will".into(),
            (Some(_), None) => "CONNECT came with a will that nobody configured".into(),
            (Some(_), Some(_)) => "CONNECT came with another will".into(),
        });
    }

    /// Nobody knows the will that was configured.
    pub(super) const fn expect_any_will(&mut self) {
        self.expects_any = true;
    }

    fn compare_with_first(&mut self, verdict: &mut Verdict, got: Option<Will<'_>>) {
        let got = got.map(|will| OwnedWill {
            topic: will.topic.to_owned(),
            payload: will.payload.to_owned(),
            qos: will.qos,
            retain: will.retain,
        });
        match &self.first {
            Some(first) => verdict.require(P10, got == *first, || {
                "CONNECT came with another will than the first one".into()
            }),
            None => self.first = Some(got),
        }
    }

    /// The broker accepted a CONNECT.
    pub(super) fn accepted(&mut self, facts: &Facts, connection: &Connection) {
        self.connection = connection.id;
        self.alive(facts, connection);
        self.heard(facts, connection);
    }

    /// A packet came from the device.
    #[inline]
    pub(super) fn alive(&mut self, facts: &Facts, connection: &Connection) {
        let is_judged = !connection.is_harmed && !connection.is_left && !connection.is_tainted;
        let keep_alive_ms = facts.keep_alive_ms();
        if connection.id == self.connection && keep_alive_ms > 0 && !connection.is_disconnecting {
            let way_ms = LATE_PING_MS + 2 * facts.setup.latency_max_ms;
            let silence_max_ms = match facts.has_joined {
                true => keep_alive_ms.min(facts.ping_interval_ms() + way_ms),
                false => keep_alive_ms,
            };
            self.packet_by = is_judged.then(|| facts.now.plus_ms(silence_max_ms));
        }
    }

    /// The application asked for a sign of life: PINGREQ comes, unless one is under way.
    #[cold]
    pub(super) fn probed(&mut self, facts: &Facts, verdict: &mut Verdict, is_asked: bool) {
        verdict.require(P10, is_asked == facts.is_up, || {
            format!(
                "a sign of life is asked for: {is_asked}, and the connection is there: {}",
                facts.is_up
            )
        });
        let connection =
            facts.connections.live().find(|connection| connection.id == self.connection);
        let way_ms = LATE_PING_MS + 2 * facts.setup.latency_max_ms;
        // what answers the last one may lie unread behind messages
        let is_judged = is_asked
            && !facts.may_withhold()
            && connection.is_some_and(|connection| {
                let is_healthy =
                    !connection.is_harmed && !connection.is_left && !connection.is_tainted;
                let is_fresh = |at: Instant| facts.now <= at.plus_ms(way_ms);
                is_healthy && !connection.pinged_at.is_some_and(is_fresh)
            });
        self.ping_by = is_judged.then(|| facts.now.plus_ms(way_ms));
    }

    /// PINGREQ came: a sign of life was due, or asked for. When it came is returned, to be noted.
    #[cold]
    pub(super) fn pinged(
        &mut self,
        facts: &Facts,
        verdict: &mut Verdict,
        connection: &Connection,
    ) -> Option<Instant> {
        if connection.id == self.connection {
            self.ping_by = None;
        }
        let is_judged = connection.is_accepted() && !connection.is_harmed && !connection.is_tainted;
        let since = connection.pinged_at.unwrap_or(connection.opened_at);
        if is_judged && facts.has_joined && facts.knows_configuration {
            let interval_ms = facts.ping_interval_ms();
            let is_calm = facts.weather.was_calm(since, CALM_MS);
            // otherwise the one before may have waited behind a long packet, and on its way
            let waits_ms = match is_calm && !facts.has_long_packets {
                true => LATE_PING_MS / 2,
                false => interval_ms / 2,
            };
            let late_ms = waits_ms + 2 * facts.setup.latency_max_ms;
            let least_ms = interval_ms.saturating_sub(late_ms);
            let gap_ms = ms_since(facts.now, since);
            let is_asked = facts.probed_at.is_some_and(|at| at.plus_ms(interval_ms) >= since);
            verdict.require(P10, gap_ms >= least_ms || is_asked, || {
                format!("PINGREQ came after {gap_ms} ms, and is due after {interval_ms} ms")
            });
        }
        Some(facts.now)
    }

    /// Bytes came from the device, if only a part of a packet: to the broker it lives.
    #[inline]
    pub(super) fn heard(&mut self, facts: &Facts, connection: &Connection) {
        let keep_alive_ms = facts.keep_alive_ms();
        let is_owed = facts.setup.will && keep_alive_ms > 0 && !connection.is_disconnecting;
        if connection.id == self.connection && is_owed && facts.weather.lets_broker_work() {
            let late_ms = LATE_MAX_MS + will_delay_s(facts) * 1_000;
            self.will_by = Some(facts.now.plus_ms(keep_alive_ms / 2 * 3 + late_ms));
        }
    }

    /// DISCONNECT came. `has_cause`: what it complains of with this code may be so.
    #[cold]
    pub(super) fn disconnecting(
        &mut self,
        facts: &Facts,
        verdict: &mut Verdict,
        connection: &Connection,
        (code, has_cause): (u8, bool),
    ) {
        let wipes = connection.connect == Some(true) && !facts.setup.clean_session;
        // MQTT 5 has a word for what the broker did wrong [MQTT5-4.13.1-1]
        let complains = code >= 0x80 && (connection.is_tainted || self.expects_any || has_cause);
        // a goodbye may arrive when whoever said it has started anew
        let is_asked = facts.farewell_lives.contains(&connection.life);
        verdict.require(P10, is_asked || wipes || complains, || {
            format!("DISCONNECT came on connection {}, which nobody asked for", connection.id)
        });
        // only this code takes the will back [MQTT5-3.14.4-3]
        if code == 0 && connection.connect.is_some() && !connection.is_disconnecting {
            self.refused();
        }
        if connection.id == self.connection {
            self.packet_by = None;
            self.ping_by = None;
            self.will_by = None;
        }
    }

    /// The broker refused a CONNECT, or was told to forget its will.
    pub(super) const fn refused(&mut self) {
        self.wills = self.wills.saturating_sub(1);
    }

    /// Something may delay or end the connection.
    pub(super) const fn harmed(&mut self) {
        self.packet_by = None;
        self.ping_by = None;
    }

    /// The broker stops or hangs: it may forget wills.
    pub(super) const fn broker_disturbed(&mut self) {
        self.packet_by = None;
        self.ping_by = None;
        self.will_by = None;
    }

    /// A connection is over at one of its ends.
    pub(super) fn left(&mut self, connection: u32) {
        if connection == self.connection {
            self.packet_by = None;
            self.ping_by = None;
        }
    }

    /// A connection ended at the broker's end.
    pub(super) fn ended(
        &mut self,
        facts: &Facts,
        verdict: &mut Verdict,
        connection: &Connection,
        ending: Ending,
    ) {
        self.left(connection.id);
        let is_goodbye = facts.is_shutting_down
            && connection.is_accepted()
            && !connection.is_harmed
            && !connection.is_tainted
            && matches!(ending, Ending::ClosedByPeer | Ending::Reset);
        if is_goodbye {
            verdict.require(P10, connection.is_disconnecting, || {
                format!("connection {} was closed on purpose without DISCONNECT", connection.id)
            });
        }
    }

    /// The witness received the will.
    #[cold]
    pub(super) fn will_told(&mut self, verdict: &mut Verdict) {
        verdict.require(P10, self.wills > 0, || {
            "a will was published although the device had said goodbye".into()
        });
        self.wills = self.wills.saturating_sub(1);
        self.will_by = None;
    }

    /// Time went on; the facts are those before what happens now.
    #[inline]
    pub(super) fn waited(&mut self, facts: &Facts, verdict: &mut Verdict, now: Instant) {
        if self.packet_by.is_some_and(|deadline| now > deadline) {
            self.packet_by = None;
            // withheld reading is no reason to be silent
            let promise = if facts.is_held { P9 } else { P10 };
            verdict.require(promise, false, || {
                "the device sent nothing for longer than keep alive [MQTT-3.1.2-23]".into()
            });
        }
        if self.ping_by.is_some_and(|deadline| now > deadline) {
            self.ping_by = None;
            verdict.require(P10, false, || {
                "the application asked for a sign of life, and the broker was not asked".into()
            });
        }
        if self.will_by.is_some_and(|deadline| now > deadline) {
            self.will_by = None;
            verdict.require(P10, false, || {
                "the device vanished, and its will was not published within 1.5 times keep alive"
                    .into()
            });
        }
    }
}

/// How long the will waits for the device to come back.
fn will_delay_s(facts: &Facts) -> u32 {
    facts.setup.mqtt5.as_ref().map_or(0, |mqtt5| mqtt5.will_delay_s)
}

/// Whether a message that the witness got is the device's will.
pub(super) fn is_will(topic: &[u8], payload: &[u8]) -> bool {
    topic == WILL.topic && payload == WILL.payload
}
