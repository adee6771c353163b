//! The device's connections in one run, why each ended, and which sessions began on them.
//!
//! How many there are depends on when each attempt happened to come while something was wrong, which
//! is each engine's own. What does not: that a connection is lost for a reason, that a session begins
//! for a reason, and that every reason has had its effect in the end. So both are judged within the run
//! they happened in, and each reason counts once.

use std::collections::{BTreeMap, BTreeSet};

use fivewire_core::time::Instant;

use crate::fault::{FaultKind, Memory};
use crate::observation::ConnectionId;
use crate::oracle::reader::{Connect, Reader};

/// The device waits for an answer this long.
const RESPONSE_TIMEOUT_MS: u32 = 6_000;
/// What TCP has to send again comes at most this long after it can get through again.
const TCP_RETRY_MS: u32 = 16_000;

/// One connection at the broker's socket.
#[derive(Default, Debug)]
pub(super) struct Line {
    pub(super) from_device: Reader,
    pub(super) from_broker: Reader,
    /// Subscriptions that were asked for and not answered.
    pub(super) asked: Vec<(u16, Vec<Vec<u8>>)>,
    /// Ends of subscriptions that were asked for and not confirmed.
    pub(super) ends_asked: Vec<(u16, Vec<Vec<u8>>)>,
    /// The message that a packet identifier stood for last.
    pub(super) published: BTreeMap<u16, u64>,
    is_clean: bool,
    /// Its session lasts when it ends.
    lasts: bool,
    is_accepted: bool,
    /// Messages that the broker sent and the device has not acknowledged.
    pub(super) withheld: u32,
    /// When something happened to it last that may end it.
    struck_at: Option<Instant>,
    keep_alive_s: u16,
    has_ended: bool,
}

impl Line {
    /// The session goes with it.
    pub(super) const fn takes_session_along(&self) -> bool {
        self.is_accepted && !self.lasts
    }

    /// What happened to it may still end it: neither end has had to notice yet. The broker waits for
    /// one and a half times the keep alive `[MQTT-3.1.2-24]`, the device for an answer to its ping.
    fn is_struck(&self, now: Instant) -> bool {
        let Some(struck_at) = self.struck_at else { return false };
        let silence_ms = u32::from(self.keep_alive_s) * 1_500;
        // without a keep alive nobody has to notice ever
        self.keep_alive_s == 0
            || now <= struck_at.plus_ms(silence_ms + RESPONSE_TIMEOUT_MS + TCP_RETRY_MS)
    }
}

/// What is known of the session that the broker keeps for the device.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Kept {
    #[default]
    Nothing,
    Session,
    /// A fault made it forget the session.
    Forgotten,
    /// The device was away for longer than it lasts.
    Expired,
    /// The device said that it is over; whether that arrived is not seen.
    Either,
}

/// A connection that the device may have ended itself.
#[derive(Debug)]
struct Unsaid {
    is_clean: bool,
    withheld: u32,
}

/// The connections and sessions of a run.
#[derive(Default, Debug)]
pub(super) struct Sessions {
    pub(super) lines: BTreeMap<u32, Line>,
    /// Faults at work that may end a connection, by their place in the schedule.
    at_work: BTreeSet<usize>,
    kept: Kept,
    /// What the last session that was accepted is: one that began clean.
    pub(super) is_clean: bool,
    /// In this life a session was begun with an empty slate, and one that lasts was begun or found.
    life: [bool; 2],
    had_slate: bool,
    /// The connection that was lost for nothing just now, unless the device says why.
    unsaid: Option<Unsaid>,
    /// Sessions that were begun.
    pub(super) begun: u32,
    /// Those of them that a clean connection began because the one before was lost.
    pub(super) again: u32,
    /// Lives of the board that ended before they had the one session, and the other.
    cut_short: [u32; 2],
    /// Faults that make the broker forget, and after which no session began that would not have begun
    /// anyway.
    idle: u32,
    /// Connections that were lost though nothing had happened to them.
    pub(super) lost_for_nothing: u32,
    /// Sessions that began because the one before was not used for too long.
    pub(super) expired: u32,
    /// Sessions that were found although the device had said that they are over, which never arrived.
    found: u32,
    /// Sessions that the broker began or kept though it should have done the other.
    pub(super) unfounded: u32,
    /// Clean slates that the application was told of.
    pub(super) slates: u32,
    /// Those of them that were not the first in a life.
    pub(super) slates_again: u32,
    /// Lives of the board that ended before their clean slate.
    pub(super) slates_spared: u32,
}

impl Sessions {
    /// Sessions that would have begun if something had not come too soon, in a run whose lives begin
    /// with a clean slate or do not.
    pub(super) const fn spared(&self, has_slates: bool) -> u32 {
        let [clean, lasting] = self.cut_short;
        self.idle + self.found + if has_slates { clean + lasting } else { clean }
    }

    /// The connection of this number, new or not.
    pub(super) fn line(&mut self, now: Instant, id: ConnectionId) -> &mut Line {
        let struck_at = (!self.at_work.is_empty()).then_some(now);
        self.lines.entry(id.0).or_insert_with(|| Line { struck_at, ..Line::default() })
    }

    /// Something ends the device's connection, if it has one.
    pub(super) fn strike(&mut self, now: Instant) {
        if let Some(line) = self.lines.values_mut().next_back() {
            line.struck_at = Some(now);
        }
    }

    /// The device's connection is gone at the broker's end, or something happened that may still end it.
    pub(super) fn is_doomed(&self, now: Instant) -> bool {
        let line = self.lines.values().next_back();
        line.is_none_or(|line| line.has_ended || line.is_struck(now))
    }

    fn strike_all(&mut self, now: Instant) {
        self.lines.values_mut().for_each(|line| line.struck_at = Some(now));
    }

    pub(super) fn fault_begins(&mut self, now: Instant, index: usize, kind: FaultKind) {
        if forgets(kind) {
            self.idle += 1;
        }
        if !may_end_connections(kind) {
            return;
        }
        if kind.is_instant() {
            return self.strike(now);
        }
        self.at_work.insert(index);
        self.strike_all(now);
    }

    pub(super) fn fault_ends(&mut self, now: Instant, index: usize) {
        if self.at_work.remove(&index) {
            self.strike_all(now);
        }
    }

    /// The device asks for a session.
    pub(super) fn connects(line: &mut Line, connect: &Connect<'_>) {
        let expiry_s = connect.properties.session_expiry_s();
        line.is_clean = connect.clean_session;
        line.keep_alive_s = connect.keep_alive_s;
        line.lasts = if connect.level == 5 { expiry_s > 0 } else { !connect.clean_session };
    }

    /// The broker accepts. True if a session begins.
    pub(super) fn accepted(&mut self, id: ConnectionId, session_present: bool) -> bool {
        let Some(line) = self.lines.get_mut(&id.0).filter(|line| !line.is_accepted) else {
            return false;
        };
        line.is_accepted = true;
        self.unsaid = None;
        self.is_clean = line.is_clean;
        let kept = std::mem::take(&mut self.kept);
        self.kept = if line.lasts { Kept::Session } else { Kept::Nothing };
        self.begun += u32::from(!session_present);
        if line.is_clean {
            self.unfounded += u32::from(session_present);
            let was_clean = std::mem::replace(&mut self.life[0], true);
            self.again += u32::from(was_clean && !session_present);
        }
        // in MQTT 5 that of the clean slate would last, too, if the device did not end it
        if line.lasts && !line.is_clean {
            self.life[1] = true;
        }
        if !line.is_clean && kept != Kept::Either {
            self.unfounded += u32::from(session_present != (kept == Kept::Session));
        }
        if !line.is_clean && session_present && kept == Kept::Either {
            self.found += 1;
        }
        if !line.is_clean && !session_present && kept == Kept::Expired {
            self.expired += 1;
        }
        if !line.is_clean && kept == Kept::Forgotten {
            // that fault had its session
            self.idle = self.idle.saturating_sub(1);
        }
        !session_present
    }

    /// The broker has forgotten the session.
    pub(super) fn forgotten(&mut self) {
        self.kept = match self.kept {
            Kept::Session | Kept::Forgotten => Kept::Forgotten,
            Kept::Nothing | Kept::Either | Kept::Expired => Kept::Nothing,
        };
    }

    /// The session was not used for too long.
    pub(super) fn expires(&mut self) {
        self.kept = match self.kept {
            Kept::Session => Kept::Expired,
            // it had been said that it is over
            Kept::Either => Kept::Nothing,
            other => other,
        };
    }

    /// One end of the connection saw it end.
    pub(super) fn ended(&mut self, now: Instant, id: ConnectionId) {
        let Some(line) = self.lines.get_mut(&id.0) else { return };
        let has_cause = !self.at_work.is_empty() || line.is_struck(now);
        if !std::mem::replace(&mut line.has_ended, true) && line.is_accepted && !has_cause {
            self.lost_for_nothing += 1;
            self.unsaid = Some(Unsaid { is_clean: line.is_clean, withheld: line.withheld });
        }
    }

    /// The device gave messages back by ending that connection, because it could not keep them all.
    pub(super) fn shed(&mut self) {
        if self.unsaid.take_if(|lost| lost.withheld > 0).is_some() {
            self.lost_for_nothing -= 1;
        }
    }

    /// The device has its clean slate: it ended, or ends, that connection itself.
    pub(super) fn slate(&mut self, now: Instant) {
        if self.unsaid.take_if(|lost| lost.is_clean).is_some() {
            self.lost_for_nothing -= 1;
        } else {
            self.strike(now);
        }
        self.slates += 1;
        self.slates_again += u32::from(std::mem::replace(&mut self.had_slate, true));
        if self.kept == Kept::Session {
            self.kept = Kept::Either;
        }
    }

    pub(super) fn life_ends(&mut self, now: Instant) {
        self.strike(now);
        for (cut, had) in self.cut_short.iter_mut().zip(std::mem::take(&mut self.life)) {
            *cut += u32::from(!had);
        }
        self.slates_spared += u32::from(!std::mem::take(&mut self.had_slate));
    }
}

/// Whether the broker has forgotten the session when this is over.
const fn forgets(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::SessionLost
            | FaultKind::BrokerRestart { memory: Memory::Lost }
            | FaultKind::BrokerCrash { memory: Memory::Lost }
    )
}

/// Whether a connection over which MQTT is spoken may end because of it.
const fn may_end_connections(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::WifiOutage
            | FaultKind::WifiFade
            | FaultKind::Latency { .. }
            | FaultKind::TcpReset
            | FaultKind::TcpHalfOpen
            | FaultKind::BrokerCloses
            | FaultKind::BrokerRestart { .. }
            | FaultKind::BrokerCrash { .. }
            | FaultKind::BrokerHang
            | FaultKind::SessionLost
            | FaultKind::AcksSwallowed
            | FaultKind::Malformed { .. }
            | FaultKind::HostReset
            | FaultKind::BrokerDisconnects { .. }
    )
}
