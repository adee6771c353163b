//! P7: where the device says that it stands agrees with what it told and did before.

use fivewire_core::bridge::host;
use fivewire_core::client::{Action, State};
use fivewire_core::event::{DownReason, Event};
use fivewire_core::time::Instant;

use crate::observation::{ClientStanding, EspStanding, Standing};

use super::facts::Facts;
use super::p6_attempts::{error_ms, ms_since};
use super::p7_self::Told;
use super::promise::Promise::P7;
use super::verdict::Verdict;

/// A host hands out no more messages than this before they are released.
const UNRELEASED_MAX: usize = 32;

/// How far a client is, by what it did and told.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Way {
    state: Option<State>,
}

impl Way {
    /// It asked for something.
    pub(super) const fn asked(&mut self, action: Action) {
        match action {
            Action::JoinWifi => self.state = Some(State::JoiningWifi),
            Action::OpenTcp => self.state = Some(State::OpeningTcp),
            Action::LeaveWifi | Action::CloseTcp => {}
        }
    }

    /// It learned that its connection is open.
    pub(super) const fn opened(&mut self) {
        self.state = Some(State::Connecting);
    }

    /// It told something.
    pub(super) const fn told(&mut self, event: &Event<'_>) {
        self.state = match event {
            Event::Connected { .. } => Some(State::Connected),
            Event::Wifi(false) | Event::AttemptFailed { reason: DownReason::JoinFailed } => {
                Some(State::WifiBackoff)
            }
            Event::AttemptFailed { .. } | Event::Disconnected { .. } | Event::CleanSlate => {
                Some(State::TcpBackoff)
            }
            _ => return,
        };
    }

    /// Its memory is gone.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// The application looked where the device stands. `unanswered`: messages that it was told are too
/// large and the broker has no answer for. `heard_at`: when the last byte of the broker came.
#[cold]
pub(super) fn stands(
    facts: &Facts,
    verdict: &mut Verdict,
    told: &Told,
    way: Way,
    standing: Standing,
    unanswered: usize,
    heard_at: Instant,
) {
    let Standing { is_ready, unreleased, client, esp } = standing;
    verdict.require(P7, is_ready == facts.is_up, || {
        format!("the device says that it is ready: {is_ready}, and told: {}", facts.is_up)
    });
    // with a connection go its messages, which come again
    let (least, all) = facts.inbound.handed_out(facts.disruptions);
    // a host counts those whose release the link has not taken, too
    // what was too large is answered in its turn
    let most = if esp.is_some() { usize::MAX } else { all + unanswered };
    verdict.require(P7, (least..=most).contains(&unreleased), || {
        format!("the device says {unreleased} messages are not released, and not {least} to {most}")
    });
    if let Some(client) = client {
        client_stands(facts, verdict, way, client, heard_at);
    }
    if let Some(esp) = esp {
        esp_stands(facts, verdict, told, esp, unreleased);
    }
}

fn client_stands(
    facts: &Facts,
    verdict: &mut Verdict,
    way: Way,
    client: ClientStanding,
    heard_at: Instant,
) {
    let ClientStanding { state, silent_for_us, awaits_suback } = client;
    let is_so = match way.state {
        _ if facts.is_shutting_down => matches!(state, State::Disconnecting | State::Stopped),
        // it says goodbye on the connection that only wipes a session
        Some(State::Connecting) => matches!(state, State::Connecting | State::Disconnecting),
        Some(expected) => state == expected,
        None => state == State::Idle,
    };
    verdict.require(P7, is_so, || {
        format!("the client says that it is {state:?}, and by what it told: {:?}", way.state)
    });
    let heard_ms = facts.is_up.then(|| ms_since(facts.now, heard_at));
    let says_ms =
        silent_for_us.map(|silent_us| u32::try_from(silent_us / 1_000).unwrap_or(u32::MAX));
    let is_same = match (heard_ms, says_ms) {
        (Some(heard_ms), Some(says_ms)) => heard_ms.abs_diff(says_ms) <= error_ms(heard_ms),
        (heard_ms, says_ms) => heard_ms.is_some() == says_ms.is_some(),
    };
    // what is read again after it was withheld counts as heard
    let is_unsure = facts.may_withhold() || facts.held_until.is_some_and(|at| at >= heard_at);
    verdict.require(P7, is_same || is_unsure, || {
        format!("the client says that the broker is silent for {says_ms:?} ms, and it is for {heard_ms:?}")
    });
    let is_asked = facts.connections.live().any(|connection| {
        connection.id == facts.connections.last_attempt()
            && !connection.is_left
            && !connection.is_tainted
            && connection.asked.iter().any(|&filter| !facts.filters.get(filter).is_changed)
    });
    verdict.require(P7, awaits_suback || !is_asked || !facts.is_up, || {
        "the client says that no SUBACK is missing, and the broker was asked for one".into()
    });
}

fn esp_stands(
    facts: &Facts,
    verdict: &mut Verdict,
    told: &Told,
    esp: EspStanding,
    unreleased: usize,
) {
    let EspStanding { is_running, is_wifi_up, state, has_waiting_messages, .. } = esp;
    verdict.require(P7, is_running == told.is_running, || {
        let told = told.is_running;
        format!("the host says that the ESP8266 is running: {is_running}, and told: {told}")
    });
    verdict.require(P7, is_wifi_up == told.is_wifi_up, || {
        let told = told.is_wifi_up;
        format!("the host says that the network is there: {is_wifi_up}, and told: {told}")
    });
    let is_so = match state {
        host::State::Running { connected } => told.is_running && connected == facts.is_up,
        host::State::AwaitingEsp | host::State::Configuring => !told.is_running,
        _ => facts.is_shutting_down,
    };
    verdict.require(P7, is_so || facts.is_shutting_down, || {
        format!("the host says that it is {state:?}, and told otherwise")
    });
    // what came while the host was busy is told after the first look
    let was_busy = facts.polls_since == Some(facts.now);
    let may_wait = facts.is_held || was_busy || unreleased >= UNRELEASED_MAX;
    verdict.require(P7, may_wait || !has_waiting_messages, || {
        "the host says that messages wait for the application, which takes them".into()
    });
}
