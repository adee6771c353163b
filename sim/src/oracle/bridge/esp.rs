//! What the ESP8266 reports of its network and of the broker: what happened there, each once, in order, and
//! with the cause that it had.
//!
//! It tells nobody what happens while no host has told it its settings; a host that comes back is told how
//! things stand.

use std::collections::VecDeque;

use fivewire_core::client::{Action, TcpFailure};
use fivewire_core::event::DownReason;
use fivewire_core::time::Instant;

use super::super::facts::Facts;
use super::super::promise::Promise::{P6, P7, P8};
use super::super::reader::{Packet, Reader};
use super::super::verdict::Verdict;
use super::super::weather::CALM_MS;
use super::frames::{Init, Status, ToEsp, ToHost, Why};
use super::networks::Networks;
use crate::observation::{Ending, Observation};
use crate::world::{ESP_FREE_BYTES, ESP_USED_BYTES};

/// The ESP8266 says at least so often that it lives, in milliseconds.
const HEARTBEAT_MS: u32 = 2_500;
/// Frames are under way for less than this where nothing is wrong, in milliseconds.
const TRAVEL_MAX_MS: u32 = 400;
/// What happened so long ago is reported, whatever is wrong, in milliseconds.
const LATE_MS: u32 = 60_000;

/// How far the connection is.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Phase {
    #[default]
    None,
    Opening,
    Open,
}

/// The connection that was opened last.
#[derive(Default, Debug)]
struct Connection {
    phase: Phase,
    /// Bytes of the broker, up to its first packet.
    from_broker: Reader,
    /// The return code of its CONNACK.
    code: Option<u8>,
    is_greeted: bool,
    was_ended: bool,
    lost_wifi: bool,
}

/// The end of a connection, or of the attempt to make one.
#[derive(Clone, Copy, Debug)]
struct End {
    at: Instant,
    cause: Cause,
}

#[derive(Clone, Copy, Debug)]
enum Cause {
    Failed(TcpFailure),
    /// The client closed it. With what it knew by then.
    Closed {
        was_opening: bool,
        code: Option<u8>,
        was_ended: bool,
        lost_wifi: bool,
    },
}

/// The ESP8266's end.
#[derive(Default, Debug)]
pub(super) struct EspEnd {
    is_running: bool,
    is_configured: bool,
    /// `Ready` came since the last `Hello`.
    is_ready: bool,
    /// The settings that there is a client of.
    epoch: Option<u32>,
    tells_attempts: bool,
    is_up: bool,
    is_leaving: bool,
    connection: Connection,
    /// The client of an earlier host is taken down.
    takes_down: bool,
    ready: VecDeque<bool>,
    /// The next status may say how things stand.
    is_resumed: bool,
    wifi: VecDeque<(Instant, bool)>,
    ends: VecDeque<End>,
    greetings: VecDeque<bool>,
    /// Networks that were tried, or should have been, since one was joined.
    tries: u32,
    networks: Networks,
    opens: VecDeque<Instant>,
    /// Attempts that were reported as failed since the client began.
    failures: u32,
    cookie: Option<u64>,
    memory_asked: VecDeque<Instant>,
    /// Since the program started.
    was_shut_down: bool,
    heard_at: Option<Instant>,
}

impl EspEnd {
    /// The program starts.
    pub(super) fn board_up(&mut self) {
        *self = Self { is_running: true, ..Self::default() };
    }

    /// What happened will not be reported any more.
    pub(super) fn link_lost(&mut self) {
        self.is_configured = false;
        self.heard_at = None;
        self.forget();
    }

    fn forget(&mut self) {
        self.ready.clear();
        self.wifi.clear();
        self.ends.clear();
        self.greetings.clear();
        self.networks.forget();
        self.opens.clear();
        self.memory_asked.clear();
        self.is_resumed = false;
        self.is_ready = false;
    }

    pub(super) fn observe(&mut self, facts: &Facts, observation: &Observation<'_>) {
        if !self.is_running {
            return;
        }
        match *observation {
            Observation::Asked(action) => self.asked(facts.now, action),
            Observation::Wifi(is_up) => {
                self.is_up = is_up;
                if is_up {
                    self.networks.joined();
                }
                self.connection.lost_wifi |= !is_up;
                if self.is_configured && !self.takes_down && !self.is_leaving {
                    self.wifi.push_back((facts.now, is_up));
                }
            }
            Observation::Opening { .. } => {
                let mut from_broker = std::mem::take(&mut self.connection.from_broker);
                from_broker.restart(facts.setup.is_v5());
                let phase = Phase::Opening;
                self.connection = Connection { phase, from_broker, ..Connection::default() };
            }
            Observation::Opened { .. } => self.connection.phase = Phase::Open,
            Observation::OpenFailed { failure, .. } => {
                self.connection.phase = Phase::None;
                self.ended(facts.now, Cause::Failed(failure));
            }
            Observation::EndedAtDevice { ending, .. } => {
                self.connection.was_ended |= ending != Ending::Closed;
            }
            Observation::ToDevice { bytes, .. } if !self.connection.is_greeted => {
                self.read(bytes);
            }
            _ => {}
        }
    }

    fn read(&mut self, mut bytes: &[u8]) {
        if let Some(packet) = self.connection.from_broker.next(&mut bytes) {
            self.connection.is_greeted = true;
            if let Packet::Connack { session_present, code, .. } = packet {
                self.connection.code = Some(code);
                if code == 0 {
                    self.greetings.push_back(session_present);
                }
            }
        }
    }

    fn asked(&mut self, now: Instant, action: Action) {
        let is_told = self.is_configured && self.tells_attempts;
        match action {
            Action::JoinWifi => {
                self.tries += 1;
                self.takes_down = false;
                self.networks.tried(now, is_told);
            }
            Action::LeaveWifi => self.tries += u32::from(!self.is_up),
            Action::OpenTcp => self.opens.extend(is_told.then_some(now)),
            Action::CloseTcp => {
                let Connection { phase, code, was_ended, lost_wifi, .. } = self.connection;
                let was_opening = phase == Phase::Opening;
                self.connection.phase = Phase::None;
                // with the network goes what was not open
                let is_told = phase == Phase::Open || was_opening && !lost_wifi;
                if is_told && !self.takes_down {
                    self.ended(now, Cause::Closed { was_opening, code, was_ended, lost_wifi });
                }
            }
        }
    }

    fn ended(&mut self, at: Instant, cause: Cause) {
        if self.is_configured && !self.is_leaving {
            self.ends.push_back(End { at, cause });
        }
    }

    /// A frame reached it.
    pub(super) fn commanded(&mut self, now: Instant, frame: &ToEsp<'_>) {
        if !self.is_running {
            return;
        }
        match *frame {
            ToEsp::Init(init) => self.settings(&init),
            _ if !self.is_configured => {}
            ToEsp::AskTime { cookie } => self.cookie = Some(cookie),
            ToEsp::AskMemory => self.memory_asked.push_back(now),
            ToEsp::Network(answer) => self.networks.answered(now, answer),
            ToEsp::ShutDown => (self.is_leaving, self.was_shut_down) = (true, true),
            _ => {}
        }
    }

    #[cold]
    fn settings(&mut self, init: &Init<'_>) {
        let is_resumed = self.epoch == Some(init.epoch);
        if !is_resumed {
            self.takes_down = self.epoch.is_some();
            self.is_leaving = false;
            self.forget();
            self.networks.configured(init);
            self.failures = 0;
        }
        self.networks.resumed();
        self.epoch = Some(init.epoch);
        self.is_configured = true;
        self.tells_attempts = init.tells_attempts;
        self.ready.push_back(is_resumed);
    }

    /// A frame of it reached the host, which may take it or not.
    pub(super) fn reported(&mut self, facts: &Facts, verdict: &mut Verdict, frame: &ToHost<'_>) {
        // what it said before it died may have waited for a host that was busy; on wires, also what it
        // said in a session of the link that is over
        if !self.is_running || facts.setup.has_wires() {
            return;
        }
        self.spoke(facts, verdict, frame);
        let needs_ready = !matches!(
            frame,
            ToHost::Hello { .. }
                | ToHost::Alive(_)
                | ToHost::Ready { .. }
                | ToHost::TooLarge { .. }
                | ToHost::Unfit
        );
        verdict.require(P7, self.is_ready || !needs_ready, || {
            format!("the ESP8266 reports {frame:?} before it has its settings")
        });
        match *frame {
            ToHost::Hello { .. } => {
                self.is_configured = false;
                self.forget();
            }
            ToHost::Ready { resumed } => {
                let is_right = self.ready.pop_front() == Some(resumed);
                verdict.require(P7, is_right, || {
                    format!("the ESP8266 says of its settings that it resumes: {resumed}")
                });
                self.is_ready = true;
                self.is_resumed = resumed;
            }
            ToHost::Status(status) => self.status(verdict, status),
            ToHost::SlateDone => {
                self.ends.pop_front();
                self.greetings.pop_front();
            }
            ToHost::Time { cookie, .. } => {
                verdict.require(P7, self.cookie == Some(cookie), || {
                    format!("the ESP8266 tells the time for {cookie}, asked was {:?}", self.cookie)
                });
            }
            ToHost::Memory { free_bytes, used_bytes } => {
                let is_asked = self.memory_asked.pop_front().is_some();
                let is_right = (free_bytes, used_bytes) == (ESP_FREE_BYTES, ESP_USED_BYTES);
                verdict.require(P7, is_asked && is_right, || {
                    format!("the ESP8266 says {free_bytes} B free and {used_bytes} B used")
                });
            }
            ToHost::Alive(counts) => {
                self.nothing_is_late(facts, verdict);
                self.counts(verdict, counts);
            }
            _ => {}
        }
    }

    /// How long it was silent.
    fn spoke(&mut self, facts: &Facts, verdict: &mut Verdict, frame: &ToHost<'_>) {
        let now = facts.now;
        let Some(before) = self.heard_at.replace(now) else { return };
        if !facts.weather.was_calm(now, CALM_MS) {
            return;
        }
        let silent_ms = (now.micros_since(before) / 1_000) as u32;
        let is_alive = matches!(frame, ToHost::Alive(_));
        let least_ms = if is_alive { HEARTBEAT_MS - TRAVEL_MAX_MS } else { 0 };
        let most_ms = HEARTBEAT_MS + TRAVEL_MAX_MS;
        verdict.require(P8, (least_ms..=most_ms).contains(&silent_ms), || {
            format!("the ESP8266 says {frame:?} after {silent_ms} ms of silence")
        });
    }

    /// It has nothing else to say.
    fn nothing_is_late(&self, facts: &Facts, verdict: &mut Verdict) {
        let Self { wifi, ends, networks, opens, memory_asked, .. } = self;
        let oldest = [
            wifi.front().map(|(at, _)| *at),
            ends.front().map(|end| end.at),
            networks.oldest(),
            opens.front().copied(),
            memory_asked.front().copied(),
        ];
        let is_late = |at: Instant| facts.now > at.plus_ms(LATE_MS);
        verdict.require(P7, !oldest.into_iter().flatten().any(is_late), || {
            format!(
                "the ESP8266 does not report {wifi:?} {ends:?} {networks:?} {opens:?} \
                 {memory_asked:?}"
            )
        });
    }

    /// It counts all that it reported, at least.
    fn counts(&self, verdict: &mut Verdict, counts: [u32; 6]) {
        let [.., failed_attempts, _] = counts;
        verdict.require(P7, failed_attempts >= self.failures, || {
            format!(
                "the ESP8266 counts {failed_attempts} failed attempts, and reported {}",
                self.failures
            )
        });
    }

    fn status(&mut self, verdict: &mut Verdict, status: Status) {
        self.failures += u32::from(matches!(status, Status::AttemptFailed(_)));
        let is_resumed = std::mem::take(&mut self.is_resumed);
        let is_right = match status {
            // a client that was shut down has no network any more, whatever the radio has
            Status::Wifi(false) if is_resumed && self.was_shut_down => true,
            Status::Wifi(is_up) if is_resumed => is_up == self.is_up || !self.wifi.is_empty(),
            Status::Wifi(is_up) => {
                if is_up && self.is_up {
                    self.tries = 0;
                }
                self.wifi.pop_front().is_some_and(|(_, was)| was == is_up)
            }
            // how it was greeted is the past
            Status::Connected { session_present } if is_resumed => session_present,
            Status::Connected { session_present } => self.is_greeting(session_present),
            Status::AttemptFailed(Why::Plain(DownReason::JoinFailed)) => {
                self.is_resumed = is_resumed;
                take_one(&mut self.tries)
            }
            Status::AttemptFailed(why) => self.is_end(why, false),
            Status::Disconnected(why) => self.is_end(why, true),
            Status::Joins(lan) => self.networks.is_attempt(lan),
            Status::Opens => self.opens.pop_front().is_some(),
            Status::NetworkAsked => self.networks.is_question(),
        };
        verdict.require(P6, is_right, || {
            let Self { is_up, wifi, ends, greetings, networks, .. } = self;
            format!(
                "the ESP8266 reports {status:?}; network now: {is_up}; to be reported are networks \
                 {wifi:?}, ends {ends:?}, greetings {greetings:?}, {networks:?}"
            )
        });
    }

    fn is_greeting(&mut self, session_present: bool) -> bool {
        let place = self.greetings.iter().position(|greeting| *greeting == session_present);
        if let Some(place) = place {
            self.greetings.drain(..=place);
        }
        place.is_some()
    }

    fn is_end(&mut self, why: Why, was_accepted: bool) -> bool {
        let Some(End { cause, .. }) = self.ends.pop_front() else { return false };
        match (cause, why) {
            (Cause::Failed(TcpFailure::Refused), _) => {
                !was_accepted && why == Why::Plain(DownReason::TcpRefused)
            }
            (Cause::Failed(TcpFailure::Unreachable), _)
            | (Cause::Closed { was_opening: true, .. }, _) => {
                !was_accepted && why == Why::Plain(DownReason::TcpUnreachable)
            }
            (Cause::Closed { code, .. }, Why::Refused(said)) => !was_accepted && code == Some(said),
            (Cause::Closed { code, was_ended, lost_wifi, .. }, Why::Plain(reason)) => {
                let fits = match reason {
                    DownReason::TcpClosed => was_ended,
                    DownReason::WifiLost => lost_wifi,
                    DownReason::ConnackOverdue => !was_accepted,
                    DownReason::PingrespOverdue
                    | DownReason::AckOverdue
                    | DownReason::Shed
                    | DownReason::LinkLost => was_accepted,
                    DownReason::ReceiveOverrun => true,
                    _ => false,
                };
                fits && (!was_accepted || code == Some(0))
            }
            (Cause::Closed { code, .. }, Why::Other) => !was_accepted || code == Some(0),
        }
    }
}

const fn take_one(count: &mut u32) -> bool {
    let is_some = *count > 0;
    *count = count.saturating_sub(1);
    is_some
}
