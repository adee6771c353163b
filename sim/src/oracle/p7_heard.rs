//! P7, where a client without a bridge hears of something: it tells its application at once, and as it was
//! said; and what it gives for a reason has happened.
//!
//! Judged where the client joins networks by itself: there, each look at the network is observed. A board
//! that is busy tells later.

use fivewire_core::client::{Action, TcpFailure};
use fivewire_core::event::{DownReason, Event};
use fivewire_core::mqtt::ConnectReturnCode;
use fivewire_core::time::Instant;

use crate::observation::Ending;

use super::bounds::{ACKNOWLEDGEMENT_MS, RESPONSE_MS};
use super::facts::Facts;
use super::p6_attempts::{error_ms, ms_since};
use super::p9_kept::Buffer;
use super::promise::Promise::{P6, P7};
use super::reader::{Packet, Reader};
use super::verdict::Verdict;

/// Name resolution and the TCP handshake may take so long.
const OPEN_MS: u32 = 6_000;

/// What the application is to be told next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Due {
    /// The broker accepted the connection.
    Connected { session_present: bool },
    /// It refused it, with this code.
    Refused(u8),
    /// The connection is gone, or the network.
    Gone,
}

/// How far a connection is.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Stage {
    #[default]
    None,
    /// It is being opened.
    Opening { since: Instant },
    /// CONNECT is on its way.
    Greeting { since: Instant },
    /// CONNACK came.
    Connected { since: Instant },
}

/// What a client hears.
#[derive(Default, Debug)]
pub(super) struct Heard {
    /// It joins networks by itself, and has begun to.
    is_judged: bool,
    /// The clock of what is told cannot be trusted, or nobody knows who joins networks.
    is_blind: bool,
    /// The board looks at nothing, or has just begun to look again.
    is_busy: bool,
    stage: Stage,
    /// How far it was when it was closed.
    left: Stage,
    connection: u32,
    /// The CONNECT that went out only has the broker forget a session.
    wipes: bool,
    reader: Reader,
    /// The broker was made to write malformed bytes on this connection.
    is_tainted: bool,
    /// When the last byte came, or when it may last have been withheld.
    heard_at: Instant,
    listened_at: Instant,
    due: Option<Due>,
    /// How many SUBACKs came on this connection.
    subacks: u32,
    /// The reason code of the DISCONNECT that came.
    goodbye: Option<u8>,
    /// What just happened to the connection and to the network, and when.
    failed: Option<(Instant, TcpFailure)>,
    ended_at: Option<Instant>,
    network_lost_at: Option<Instant>,
}

impl Heard {
    /// The board lost what it knew, or is asked to end.
    pub(super) fn forget(&mut self) {
        let Self { is_blind, is_busy, .. } = *self;
        *self = Self { is_blind, is_busy, ..Self::default() };
    }

    /// Judges nothing.
    pub(super) const fn ignore(&mut self) {
        self.is_blind = true;
    }

    /// The board looks at nothing for a while.
    pub(super) const fn busy(&mut self, now: Instant, is_busy: bool) {
        self.is_busy = is_busy;
        self.due = None;
        self.listened_at = now;
        // what it waits for it waits for anew
        self.stage = match self.stage {
            Stage::Opening { .. } => Stage::Opening { since: now },
            Stage::Greeting { .. } => Stage::Greeting { since: now },
            stage => stage,
        };
    }

    /// The connection, and how many SUBACKs came on it.
    pub(super) const fn subacks(&self) -> (u32, u32) {
        (self.connection, self.subacks)
    }

    /// Each step of the client is observed.
    pub(super) const fn is_judged(&self) -> bool {
        self.is_judged && !self.is_busy
    }

    /// When the last byte came.
    pub(super) const fn last_at(&self) -> Instant {
        self.heard_at
    }

    /// The broker is made to write malformed bytes.
    pub(super) const fn taint(&mut self) {
        self.is_tainted = true;
    }

    /// The client wants something of its network or its transport.
    pub(super) const fn asked(&mut self, now: Instant, action: Action) {
        match action {
            Action::JoinWifi => self.is_judged = !self.is_blind,
            Action::OpenTcp => self.stage = Stage::Opening { since: now },
            Action::CloseTcp => self.close(),
            Action::LeaveWifi => {}
        }
    }

    const fn close(&mut self) {
        self.left = self.stage;
        self.stage = Stage::None;
    }

    /// Its connection is open.
    pub(super) fn opened(&mut self, facts: &Facts, connection: u32) {
        self.stage = Stage::Greeting { since: facts.now };
        self.connection = connection;
        self.wipes = false;
        self.reader.restart(facts.setup.is_v5());
        self.is_tainted = false;
        self.goodbye = None;
        self.subacks = 0;
        (self.heard_at, self.listened_at) = (facts.now, facts.now);
    }

    /// CONNECT came to the broker. `wipes`: for nothing but to have a session forgotten.
    pub(super) const fn greeting(&mut self, connection: u32, wipes: bool) {
        if connection == self.connection {
            self.wipes = wipes;
        }
    }

    /// No connection came about.
    pub(super) const fn open_failed(&mut self, now: Instant, failure: TcpFailure) {
        self.failed = Some((now, failure));
        self.expect(Due::Gone);
    }

    /// Its connection is over, and `ending` says by whom.
    pub(super) fn ended(&mut self, now: Instant, connection: u32, ending: Ending) {
        let is_open = matches!(self.stage, Stage::Greeting { .. } | Stage::Connected { .. });
        if ending != Ending::Closed && is_open && connection == self.connection {
            self.ended_at = Some(now);
            self.expect(Due::Gone);
        }
    }

    /// The network is there, or lost.
    pub(super) fn network(&mut self, now: Instant, is_up: bool) {
        if !is_up {
            self.network_lost_at = Some(now);
            if self.stage != Stage::None {
                self.expect(Due::Gone);
            }
        }
    }

    const fn expect(&mut self, due: Due) {
        if self.is_judged && !self.is_busy {
            self.due = Some(due);
        }
    }

    /// Bytes of the broker reached it. `each` is given every packet of them.
    #[inline]
    pub(super) fn bytes(
        &mut self,
        facts: &mut Facts,
        buffer: &mut Buffer,
        bytes: &[u8],
        mut each: impl FnMut(&mut Facts, &Packet<'_>),
    ) {
        (self.heard_at, self.listened_at) = (facts.now, facts.now);
        if !self.is_judged || self.is_tainted {
            return;
        }
        let mut reader = std::mem::take(&mut self.reader);
        let mut rest = bytes;
        while let Some(packet) = reader.next(&mut rest) {
            each(facts, &packet);
            match packet {
                Packet::Connack { session_present, code, .. } => {
                    self.connack(facts, session_present, code);
                    if code == 0 && !self.wipes {
                        buffer.accepted(facts);
                    }
                }
                Packet::Publish(publish) => buffer.came(&publish, facts.setup.is_v5()),
                Packet::Disconnect(code, _) => self.goodbye = Some(code),
                Packet::Suback { .. } => self.subacks += 1,
                _ => {}
            }
        }
        self.is_tainted |= reader.is_garbled();
        buffer.left(reader.unfinished());
        if self.is_tainted {
            buffer.ignore();
        }
        self.reader = reader;
    }

    #[cold]
    fn connack(&mut self, facts: &Facts, session_present: bool, code: u8) {
        let Stage::Greeting { .. } = self.stage else { return };
        self.stage = Stage::Connected { since: facts.now };
        if facts.is_shutting_down {
            return;
        }
        match code {
            // it says goodbye first
            0 if self.wipes => self.due = None,
            0 => self.expect(Due::Connected { session_present }),
            code => self.expect(Due::Refused(code)),
        }
    }

    /// It told something.
    #[inline]
    pub(super) fn told(&mut self, facts: &Facts, verdict: &mut Verdict, event: &Event<'_>) {
        let due = match *event {
            Event::Connected { session_present } => Due::Connected { session_present },
            Event::AttemptFailed { reason } | Event::Disconnected { reason } => {
                self.is_true(facts, verdict, reason);
                match reason {
                    DownReason::Refused(code) => Due::Refused(code.as_u8()),
                    DownReason::RefusedWith(code) => Due::Refused(code.as_u8()),
                    _ => Due::Gone,
                }
            }
            Event::CleanSlate | Event::Wifi(false) | Event::Stopped => Due::Gone,
            _ => return,
        };
        if due == Due::Gone || matches!(due, Due::Refused(_)) {
            self.stage = Stage::None;
        }
        if !self.is_judged {
            return;
        }
        let expected = self.due.take();
        // who asks to leave is told so
        if self.is_tainted || self.is_busy || facts.is_shutting_down {
            return;
        }
        let is_so = expected == Some(due) || (expected.is_none() && due == Due::Gone);
        verdict.require(P7, is_so, || {
            format!("{event:?} was told, and by what the client heard: {expected:?}")
        });
    }

    /// What it gives for a reason has happened.
    fn is_true(&self, facts: &Facts, verdict: &mut Verdict, reason: DownReason) {
        if !self.is_judged || self.is_busy || facts.is_shutting_down {
            return;
        }
        let now = facts.now;
        let stage = if self.stage == Stage::None { self.left } else { self.stage };
        let lasted_ms = |since: Instant| ms_since(now, since) + error_ms(ms_since(now, since));
        let is_true = match (reason, stage) {
            (DownReason::TcpClosed, _) => self.ended_at == Some(now),
            (DownReason::WifiLost, _) => self.network_lost_at == Some(now),
            (DownReason::TcpRefused, _) => self.failed == Some((now, TcpFailure::Refused)),
            (DownReason::TcpUnreachable, Stage::Opening { since }) => {
                self.failed == Some((now, TcpFailure::Unreachable)) || lasted_ms(since) >= OPEN_MS
            }
            (DownReason::ConnackOverdue, Stage::Greeting { since }) => {
                lasted_ms(since) >= RESPONSE_MS
            }
            (DownReason::PingrespOverdue, _) => lasted_ms(self.heard_at) >= RESPONSE_MS,
            (DownReason::ByBroker(code), _) => {
                self.goodbye == Some(code.as_u8()) || self.is_tainted
            }
            (DownReason::AckOverdue, Stage::Connected { since }) => {
                lasted_ms(since) >= ACKNOWLEDGEMENT_MS
            }
            (DownReason::TopicAliasesOverflow, _) => {
                facts.setup.mqtt5.as_ref().is_some_and(|mqtt5| mqtt5.aliases_from_broker > 0)
            }
            (DownReason::Refused(code), _) => code != ConnectReturnCode::Accepted,
            (
                DownReason::ReceiveOverrun
                | DownReason::LinkLost
                | DownReason::EspRestarted
                | DownReason::ShutDown,
                _,
            ) => false,
            _ => true,
        };
        verdict.require(P6, is_true, || {
            format!("a connection was given up ({reason:?}), and that had not happened")
        });
    }

    /// Time goes on; the facts are those before.
    #[inline]
    pub(super) fn waited(&mut self, facts: &Facts, verdict: &mut Verdict, now: Instant) {
        if !self.is_judged || self.is_busy {
            return;
        }
        if let Some(due) = self.due.take() {
            let is_excused = self.is_tainted || facts.is_shutting_down;
            verdict.require(P7, is_excused, || {
                format!("the client heard of it and did not tell: {due:?}")
            });
        }
        if facts.may_withhold() {
            self.listened_at = now;
        }
        let (since, most_ms) = match self.stage {
            Stage::None => return,
            Stage::Opening { since } => (since, OPEN_MS),
            Stage::Greeting { since } => (since, RESPONSE_MS),
            // a ping may wait behind a long packet
            Stage::Connected { .. } => {
                (self.listened_at, facts.ping_interval_ms() + 2 * RESPONSE_MS)
            }
        };
        let waited_ms = ms_since(now, since);
        let is_late = waited_ms > most_ms + error_ms(most_ms);
        let is_excused = self.is_tainted || facts.is_shutting_down;
        verdict.require(P6, !is_late || is_excused, || {
            format!("the client waits for {waited_ms} ms, and not {most_ms} ({:?})", self.stage)
        });
    }
}
