//! P6, where a client without a bridge comes back: after which pause it tries again, and what it tries.
//!
//! A pause is drawn from the upper half of a stage, evenly, so that no two boards keep step; the stages
//! double from the first to the last. What a broker of MQTT 5 gives as a reason may say that to come back
//! soon changes nothing: then it is the last stage at once.
//! The network is left where joining it took too long, or where so many attempts in a row found
//! nobody since it was joined, and not before.

use fivewire_core::client::Action;
use fivewire_core::event::{DownReason, Event};
use fivewire_core::time::Instant;

use super::promise::Promise::P6;
use super::verdict::Verdict;

/// The longest pause of the first stage, in milliseconds.
const FIRST_MS: u32 = 500;
/// The longest pause of all, and how long a connection has to last to be worth coming back to soon.
const LAST_MS: u32 = 8_000;
/// Joining the network may take so long.
const JOIN_MS: u32 = 12_000;
/// So many attempts in a row without an answer, and the network is joined anew.
const UNANSWERED: u8 = 3;

/// Failures that pass by themselves, by their reason codes (MQTT 5 §2.4): unspecified error, server unavailable,
/// busy, shutting down, keep alive timeout, packet identifier in use, not found, message rate too high, quota
/// exceeded, administrative action, connection rate exceeded, maximum connect time. All others last.
const PASSING: [u8; 12] = [0x80, 0x88, 0x89, 0x8B, 0x8D, 0x91, 0x92, 0x96, 0x97, 0x98, 0x9F, 0xA0];
/// The stage from which on pauses do not grow.
const LAST_STAGE: u32 = 8;

/// A stage that is wider than this shows whether its pauses are drawn, in milliseconds.
const WIDE_MS: u32 = 250;
/// So many such pauses in a row are not equally far from the shortest unless they are not drawn at all: the
/// chance is one in a million millions.
const ALIKE_MAX: u8 = 8;
/// Pauses that differ by no more than this are equally long, in milliseconds.
const ALIKE_MS: u32 = 2;

/// A client that does nothing for so long after its pause will not do it any more.
const IDLE_MS: u32 = 2_000;

/// What a pause is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Next {
    Join,
    Open,
}

/// A pause, and between what it may be.
#[derive(Clone, Copy, Debug)]
struct Pause {
    next: Next,
    since: Instant,
    least_ms: u32,
    most_ms: u32,
}

/// Pauses of one kind in a row.
#[derive(Clone, Copy, Default, Debug)]
struct Stages {
    paused: u32,
    /// Whether the connection lasted long enough to begin anew depends on whose clock is right.
    is_vague: bool,
}

impl Stages {
    /// The limits of the next pause, in milliseconds.
    fn next(&mut self) -> (u32, u32) {
        let most_ms = FIRST_MS.checked_shl(self.paused).unwrap_or(LAST_MS).min(LAST_MS);
        self.paused = (self.paused + 1).min(LAST_STAGE);
        (most_ms / 2, if self.is_vague { LAST_MS } else { most_ms })
    }
}

/// How the client comes back.
#[derive(Default, Debug)]
pub(super) struct Attempts {
    /// It joins networks by itself, and has begun to.
    is_judged: bool,
    /// The clock of what is told cannot be trusted.
    is_timeless: bool,
    is_busy: bool,
    joins: Stages,
    opens: Stages,
    unanswered: u8,
    joining_since: Option<Instant>,
    connected_since: Option<Instant>,
    pause: Option<Pause>,
    /// How far the last pause was from the shortest of its stage, and how many in a row were.
    place_ms: u32,
    alike: u8,
}

impl Attempts {
    /// The board lost what it knew, or is asked to end.
    pub(super) fn forget(&mut self) {
        let Self { is_timeless, is_busy, .. } = *self;
        *self = Self { is_timeless, is_busy, ..Self::default() };
    }

    /// Judges nothing: in a recording the clock of a new life begins at zero again.
    pub(super) const fn ignore_time(&mut self) {
        self.is_timeless = true;
    }

    /// The board looks at nothing for a while: a pause may last longer.
    pub(super) const fn busy(&mut self, is_busy: bool) {
        self.is_busy = is_busy;
        if let Some(pause) = &mut self.pause {
            pause.most_ms = u32::MAX;
        }
    }

    pub(super) fn asked(&mut self, verdict: &mut Verdict, action: Action) {
        match action {
            Action::JoinWifi => {
                self.is_judged = !self.is_timeless;
                self.resumed(verdict, Next::Join);
                self.joining_since = Some(verdict.now);
            }
            Action::OpenTcp => self.resumed(verdict, Next::Open),
            Action::LeaveWifi => self.left(verdict),
            Action::CloseTcp => {}
        }
    }

    pub(super) fn told(&mut self, now: Instant, event: &Event<'_>) {
        match *event {
            Event::Wifi(true) => {
                self.joining_since = None;
                self.unanswered = 0;
                (self.joins, self.opens) = (Stages::default(), Stages::default());
            }
            Event::Wifi(false) => self.pause(now, Next::Join),
            Event::Connected { .. } => {
                self.unanswered = 0;
                self.connected_since = Some(now);
            }
            Event::AttemptFailed { reason: DownReason::JoinFailed } => {
                self.joining_since = None;
                self.pause(now, Next::Join);
            }
            Event::AttemptFailed { reason } => {
                self.unanswered = match reason {
                    DownReason::TcpUnreachable | DownReason::ConnackOverdue => self.unanswered + 1,
                    // the network went, which says nothing of the broker
                    DownReason::WifiLost => self.unanswered,
                    _ => 0,
                };
                self.lost(now, reason);
            }
            Event::Disconnected { reason } => {
                let lasted_ms = self.connected_since.take().map_or(0, |since| ms_since(now, since));
                if lasted_ms >= LAST_MS - error_ms(LAST_MS) {
                    // at the very limit, either may be
                    let is_vague = lasted_ms <= LAST_MS + error_ms(LAST_MS);
                    self.opens = Stages { paused: 0, is_vague };
                }
                self.lost(now, reason);
            }
            // between two connections of one life, which makes no difference to the broker
            Event::CleanSlate => {
                self.unanswered = 0;
                let (least_ms, most_ms) = (FIRST_MS, FIRST_MS);
                self.pause = Some(Pause { next: Next::Open, since: now, least_ms, most_ms });
            }
            _ => {}
        }
    }

    fn lost(&mut self, now: Instant, reason: DownReason) {
        if let DownReason::RefusedWith(code) | DownReason::ByBroker(code) = reason
            && code.is_failure()
            && !PASSING.contains(&code.as_u8())
        {
            self.opens = Stages { paused: LAST_STAGE, is_vague: false };
        }
        // with the network, the pause is before it is joined
        if reason != DownReason::WifiLost && self.unanswered < UNANSWERED {
            self.pause(now, Next::Open);
        }
    }

    fn pause(&mut self, now: Instant, next: Next) {
        let stages = match next {
            Next::Join => &mut self.joins,
            Next::Open => &mut self.opens,
        };
        let (least_ms, most_ms) = stages.next();
        let most_ms = if self.is_busy { u32::MAX } else { most_ms };
        self.pause = Some(Pause { next, since: now, least_ms, most_ms });
    }

    /// It tries again.
    fn resumed(&mut self, verdict: &mut Verdict, next: Next) {
        let may_open = self.unanswered < UNANSWERED || !self.is_judged;
        verdict.require(P6, next == Next::Join || may_open, || {
            format!("{} attempts found nobody, and the network is not joined anew", self.unanswered)
        });
        let Some(pause) = self.pause.take().filter(|_| self.is_judged) else { return };
        verdict.require(P6, pause.next == next, || {
            format!("the client paused to {:?}, and then did {next:?}", pause.next)
        });
        let paused_ms = ms_since(verdict.now, pause.since);
        let least_ms = pause.least_ms.saturating_sub(error_ms(paused_ms));
        let most_ms = pause.most_ms.saturating_add(error_ms(paused_ms));
        verdict.require(P6, (least_ms..=most_ms).contains(&paused_ms), || {
            format!("the client paused {paused_ms} ms to {next:?}, and not {least_ms} to {most_ms}")
        });
        self.is_drawn(verdict, pause, paused_ms);
    }

    /// A pause is over: it is not as long as all before it.
    fn is_drawn(&mut self, verdict: &mut Verdict, pause: Pause, paused_ms: u32) {
        let Pause { least_ms, most_ms, .. } = pause;
        if most_ms - least_ms <= WIDE_MS || most_ms > LAST_MS {
            return;
        }
        let place_ms = paused_ms.saturating_sub(least_ms);
        let is_alike = place_ms.abs_diff(self.place_ms) <= ALIKE_MS;
        self.alike = if is_alike { self.alike + 1 } else { 0 };
        self.place_ms = place_ms;
        verdict.require(P6, self.alike < ALIKE_MAX, || {
            format!("{ALIKE_MAX} pauses in a row are {place_ms} ms longer than the shortest")
        });
    }

    /// Time goes on.
    #[inline]
    pub(super) fn waited(&mut self, verdict: &mut Verdict, now: Instant) {
        if !self.is_judged || self.is_busy {
            return;
        }
        let late_ms = |since: Instant, most_ms: u32| {
            ms_since(now, since).saturating_sub(most_ms.saturating_add(error_ms(most_ms)))
        };
        if let Some(pause) = self.pause {
            let late_ms = late_ms(pause.since, pause.most_ms.saturating_add(IDLE_MS));
            verdict.require(P6, late_ms == 0, || {
                let Pause { next, most_ms, .. } = pause;
                format!("the client paused to {next:?} for {most_ms} ms at most, and did not")
            });
        }
        if let Some(since) = self.joining_since {
            let late_ms = late_ms(since, JOIN_MS);
            verdict.require(P6, late_ms == 0, || {
                format!("the client should have given up joining the network {late_ms} ms ago")
            });
        }
    }

    /// It leaves the network.
    fn left(&mut self, verdict: &mut Verdict) {
        let joining_ms = self.joining_since.take().map_or(0, |since| ms_since(verdict.now, since));
        let is_overdue = joining_ms + error_ms(JOIN_MS) >= JOIN_MS;
        verdict.require(P6, is_overdue || self.unanswered >= UNANSWERED || !self.is_judged, || {
            format!("the network was left after {} attempts without an answer", self.unanswered)
        });
        self.unanswered = 0;
    }
}

pub(super) fn ms_since(now: Instant, earlier: Instant) -> u32 {
    u32::try_from(now.micros_since(earlier) / 1_000).unwrap_or(u32::MAX)
}

/// What the clock of a board may be wrong by in such a time, and a part of a millisecond.
pub(super) const fn error_ms(ms: u32) -> u32 {
    1 + ms / 1_000
}
