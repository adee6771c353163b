//! The way up and down: network, TCP connection, pauses. It decides when; the session decides what.

mod checkpoint;

use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use super::backoff::Backoff;
use super::{Action, State, TcpFailure};
use crate::config::Config;
use crate::event::{DownReason, Event};
use crate::planted::Bug;
use crate::session::{Close, Session};
use crate::storage::Storage;
use crate::time::{Instant, Reason, Wait};

/// Duties that one input can cause.
const DUTIES: usize = 6;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Idle,
    Joining {
        until: Instant,
    },
    JoinPause {
        until: Instant,
    },
    Opening {
        until: Instant,
    },
    OpenPause {
        until: Instant,
    },
    /// The session has a stream.
    Online,
    /// The clean slate is done; somebody else must know of it before the session that lasts begins.
    Gated,
    /// The session is told to end; what it has left to say comes first.
    Stopping,
    Stopped,
}

/// Something to do or to tell.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Duty {
    Action(Action),
    Event(Event<'static>),
}

/// The supervisor of one session.
pub(crate) struct Supervisor {
    stage: Stage,
    duties: [Option<Duty>; DUTIES],
    rng: ChaCha8Rng,
    join_backoff: Backoff,
    open_backoff: Backoff,
    /// Attempts in a row to which nobody answered, since the network was joined.
    unanswered: u8,
    /// Since when the broker has accepted the connection.
    connected_since: Option<Instant>,
    /// CONNECT got its CONNACK on this connection.
    greeted: bool,
    shut_down: bool,
    gated: bool,
    /// The clean slate was done and not noted by whom it concerns: no session that lasts before.
    slate_unnoted: bool,
    /// The network went while the session had a stream.
    wifi_gone: bool,
    manages_wifi: bool,
    attempts_before_wifi: u8,
    join_timeout_ms: u32,
    open_timeout_ms: u32,
    backoff_first_ms: u32,
    backoff_last_ms: u32,
}

impl Supervisor {
    pub(crate) fn new(config: &Config<'_>, seed: u64) -> Self {
        let unbounded = config.planted.has(Bug::BackoffUnbounded);
        let last_ms = if unbounded { u32::MAX } else { config.backoff_last_ms };
        Self {
            stage: Stage::Idle,
            duties: [None; DUTIES],
            rng: ChaCha8Rng::seed_from_u64(seed),
            join_backoff: Backoff::new(config.backoff_first_ms, last_ms),
            open_backoff: Backoff::new(config.backoff_first_ms, last_ms),
            unanswered: 0,
            connected_since: None,
            greeted: false,
            shut_down: false,
            gated: false,
            slate_unnoted: false,
            wifi_gone: false,
            manages_wifi: config.manages_wifi,
            attempts_before_wifi: match config.planted.has(Bug::NetworkLeftEarly) {
                true => 1,
                false => config.attempts_before_wifi,
            },
            join_timeout_ms: config.join_timeout_ms,
            open_timeout_ms: config.open_timeout_ms,
            backoff_first_ms: config.backoff_first_ms,
            backoff_last_ms: config.backoff_last_ms,
        }
    }

    /// True if this begins a new life after the last one was shut down.
    pub(crate) fn start(&mut self, now: Instant) -> bool {
        let again = self.stage == Stage::Stopped;
        if self.stage == Stage::Idle || again {
            self.shut_down = false;
            self.join_backoff.reset();
            self.open_backoff.reset();
            self.unanswered = 0;
            if self.manages_wifi {
                self.join(now);
            } else {
                self.open(now);
            }
        }
        again
    }

    /// From now on the client waits for [`pass`](Self::pass) after a clean slate.
    pub(crate) const fn gate(&mut self) {
        self.gated = true;
    }

    /// The clean slate was done, and nobody has noted it.
    pub(crate) const fn is_gated(&self) -> bool {
        self.slate_unnoted
    }

    /// The clean slate was noted: on with the session that lasts.
    pub(crate) fn pass(&mut self, now: Instant) {
        self.slate_unnoted = false;
        if self.stage == Stage::Gated {
            self.pause_after_clean_slate(now);
        }
    }

    /// The next CONNECT must not overtake the DISCONNECT: the broker would take the clean slate's
    /// connection for one that broke, and tell the will.
    const fn pause_after_clean_slate(&mut self, now: Instant) {
        self.stage = Stage::OpenPause { until: now.plus_ms(self.backoff_first_ms) };
    }

    pub(crate) fn shut_down(&mut self) {
        self.shut_down = true;
        match self.stage {
            // The session flushes DISCONNECT first, and then says that it is finished.
            Stage::Online | Stage::Stopping | Stage::Stopped => {}
            Stage::Opening { .. } => {
                self.push(Duty::Action(Action::CloseTcp));
                self.stage = Stage::Stopping;
            }
            Stage::Idle
            | Stage::Gated
            | Stage::Joining { .. }
            | Stage::JoinPause { .. }
            | Stage::OpenPause { .. } => {
                self.stage = Stage::Stopping;
            }
        }
    }

    pub(crate) fn wifi_up(&mut self, now: Instant) {
        if matches!(self.stage, Stage::Joining { .. }) {
            self.push(Duty::Event(Event::Wifi(true)));
            self.unanswered = 0;
            self.join_backoff.reset();
            self.open_backoff.reset();
            self.open(now);
        }
    }

    pub(crate) fn wifi_down<S: Storage>(&mut self, now: Instant, session: &mut Session<S>) {
        if !self.manages_wifi {
            return;
        }
        match self.stage {
            Stage::Joining { .. } => self.fail_join(now, session),
            Stage::Opening { .. } => {
                self.push(Duty::Action(Action::CloseTcp));
                self.lose_wifi(now);
            }
            Stage::OpenPause { .. } | Stage::Gated => self.lose_wifi(now),
            Stage::Online => {
                self.wifi_gone = true;
                session.close_down(DownReason::WifiLost);
            }
            Stage::Idle | Stage::JoinPause { .. } | Stage::Stopping | Stage::Stopped => {}
        }
    }

    #[cold]
    fn lose_wifi(&mut self, now: Instant) {
        self.push(Duty::Event(Event::Wifi(false)));
        self.pause_join(now);
    }

    /// True if the session gets a stream now.
    pub(crate) fn tcp_opened(&mut self) -> bool {
        let expected = matches!(self.stage, Stage::Opening { .. });
        if expected {
            self.stage = Stage::Online;
            self.greeted = false;
        }
        expected
    }

    pub(crate) fn tcp_failed<S: Storage>(
        &mut self,
        now: Instant,
        failure: TcpFailure,
        session: &mut Session<S>,
    ) {
        if matches!(self.stage, Stage::Opening { .. }) {
            let reason = match failure {
                TcpFailure::Refused => DownReason::TcpRefused,
                TcpFailure::Unreachable => DownReason::TcpUnreachable,
            };
            self.fail_attempt(now, reason, session);
        }
    }

    /// True if the session loses its stream now.
    pub(crate) fn tcp_closed(&self) -> bool {
        self.stage == Stage::Online
    }

    pub(crate) fn is_online(&self) -> bool {
        self.stage == Stage::Online
    }

    /// The session told something that concerns the way, too.
    pub(crate) fn saw(&mut self, now: Instant, event: &Event<'_>) {
        if matches!(event, Event::Connected { .. }) {
            self.greeted = true;
            self.unanswered = 0;
            self.connected_since = Some(now);
        }
    }

    /// The session let go of its stream.
    #[cold]
    pub(crate) fn closed<S: Storage>(
        &mut self,
        now: Instant,
        close: Close,
        session: &mut Session<S>,
    ) {
        self.push(Duty::Action(Action::CloseTcp));
        let connected_since = self.connected_since.take();
        let wifi_gone = core::mem::take(&mut self.wifi_gone);
        match close {
            _ if self.shut_down => self.stage = Stage::Stopping,
            Close::CleanSlate => {
                self.unanswered = 0;
                self.slate_unnoted = self.gated;
                self.push(Duty::Event(Event::CleanSlate));
                if wifi_gone {
                    self.lose_wifi(now);
                } else if self.gated {
                    self.stage = Stage::Gated;
                } else {
                    self.pause_after_clean_slate(now);
                }
            }
            Close::Finished => self.stage = Stage::Stopping,
            Close::Down(reason) if !self.greeted => self.fail_attempt(now, reason, session),
            Close::Down(reason) => {
                let lasted =
                    connected_since.is_some_and(|since| now >= since.plus_ms(self.backoff_last_ms));
                if lasted {
                    self.open_backoff.reset();
                }
                self.push(Duty::Event(Event::Disconnected { reason }));
                if reason == DownReason::WifiLost {
                    self.lose_wifi(now);
                } else {
                    self.pause_open(now, reason);
                }
            }
        }
    }

    /// An attempt failed before the broker accepted it.
    #[cold]
    fn fail_attempt<S: Storage>(
        &mut self,
        now: Instant,
        reason: DownReason,
        session: &mut Session<S>,
    ) {
        let counters = &mut session.desk.counters;
        counters.failed_attempts = counters.failed_attempts.saturating_add(1);
        self.push(Duty::Event(Event::AttemptFailed { reason }));
        match reason {
            DownReason::WifiLost => return self.lose_wifi(now),
            DownReason::TcpUnreachable | DownReason::ConnackOverdue => {
                self.unanswered = self.unanswered.saturating_add(1);
            }
            _ => self.unanswered = 0,
        }
        if self.manages_wifi && self.unanswered >= self.attempts_before_wifi {
            self.unanswered = 0;
            counters.wifi_rejoins = counters.wifi_rejoins.saturating_add(1);
            self.push(Duty::Action(Action::LeaveWifi));
            self.lose_wifi(now);
        } else {
            self.pause_open(now, reason);
        }
    }

    fn fail_join<S: Storage>(&mut self, now: Instant, session: &mut Session<S>) {
        let counters = &mut session.desk.counters;
        counters.failed_attempts = counters.failed_attempts.saturating_add(1);
        self.push(Duty::Event(Event::AttemptFailed { reason: DownReason::JoinFailed }));
        self.pause_join(now);
    }

    fn join(&mut self, now: Instant) {
        self.push(Duty::Action(Action::JoinWifi));
        self.stage = Stage::Joining { until: now.plus_ms(self.join_timeout_ms) };
    }

    fn open(&mut self, now: Instant) {
        if self.slate_unnoted {
            self.stage = Stage::Gated;
            return;
        }
        self.push(Duty::Action(Action::OpenTcp));
        self.stage = Stage::Opening { until: now.plus_ms(self.open_timeout_ms) };
    }

    fn pause_join(&mut self, now: Instant) {
        let pause_ms = self.join_backoff.next_ms(&mut self.rng);
        self.stage = Stage::JoinPause { until: now.plus_ms(pause_ms) };
    }

    fn pause_open(&mut self, now: Instant, reason: DownReason) {
        #[cfg(feature = "mqtt5")]
        if reason.is_lasting() {
            self.open_backoff.exhaust();
        }
        let _ = reason; // only MQTT 5 tells whether it pays to come back soon
        let pause_ms = self.open_backoff.next_ms(&mut self.rng);
        self.stage = Stage::OpenPause { until: now.plus_ms(pause_ms) };
    }

    /// What is due now, one at a time.
    pub(crate) fn next_duty<S: Storage>(
        &mut self,
        now: Instant,
        session: &mut Session<S>,
    ) -> Option<Duty> {
        if self.duties[0].is_none() {
            match self.stage {
                Stage::Joining { until } if until <= now => {
                    self.push(Duty::Action(Action::LeaveWifi));
                    self.fail_join(now, session);
                }
                Stage::JoinPause { until } if until <= now => self.join(now),
                Stage::Opening { until } if until <= now => {
                    self.push(Duty::Action(Action::CloseTcp));
                    self.fail_attempt(now, DownReason::TcpUnreachable, session);
                }
                Stage::OpenPause { until } if until <= now => self.open(now),
                _ => return None,
            }
        }
        let duty = self.duties[0].take();
        self.duties.rotate_left(1);
        duty
    }

    /// Nothing is left to say. True if this ends the machine, which is then said.
    pub(crate) fn rest(&mut self) -> bool {
        let ends = self.stage == Stage::Stopping;
        if ends {
            self.stage = Stage::Stopped;
            self.push(Duty::Event(Event::Stopped));
        }
        ends
    }

    pub(crate) const fn wait(&self) -> Wait {
        match self.stage {
            Stage::Joining { until } => Wait::Until(until, Reason::JoinOverdue),
            Stage::JoinPause { until } => Wait::Until(until, Reason::JoinBackoff),
            Stage::Opening { until } => Wait::Until(until, Reason::OpenOverdue),
            Stage::OpenPause { until } => Wait::Until(until, Reason::OpenBackoff),
            Stage::Idle | Stage::Online | Stage::Gated | Stage::Stopping | Stage::Stopped => {
                Wait::ForInput
            }
        }
    }

    pub(crate) const fn state(&self, connected: bool, finishing: bool) -> State {
        match self.stage {
            Stage::Idle => State::Idle,
            Stage::Joining { .. } => State::JoiningWifi,
            Stage::JoinPause { .. } => State::WifiBackoff,
            Stage::Opening { .. } => State::OpeningTcp,
            Stage::OpenPause { .. } | Stage::Gated => State::TcpBackoff,
            Stage::Online if finishing => State::Disconnecting,
            Stage::Online if connected => State::Connected,
            Stage::Online => State::Connecting,
            Stage::Stopping => State::Disconnecting,
            Stage::Stopped => State::Stopped,
        }
    }

    /// Queues a duty. An input that causes more than fit is impossible: each stage leaves at most
    /// three, and all are taken before the next input.
    fn push(&mut self, duty: Duty) {
        if let Some(free) = self.duties.iter_mut().find(|slot| slot.is_none()) {
            *free = Some(duty);
        }
    }
}
