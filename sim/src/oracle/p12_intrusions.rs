//! P12: an input that concerns nothing, because it comes too late or makes no sense, changes nothing. No
//! input makes the caller wrong.

use fivewire_core::bridge::host;
use fivewire_core::client::State;

use crate::observation::{Copied, Intrusion, Part};

use super::promise::Promise::P12;
use super::verdict::Verdict;

/// A copy of a machine got `intrusion`.
pub(super) fn intruded(
    verdict: &mut Verdict,
    copied: Copied,
    intrusion: Intrusion,
    (is_unchanged, is_granted): (bool, bool),
) {
    let concerns = match copied {
        Copied::Client(state) | Copied::Esp(state) => client(state, intrusion),
        Copied::Host(state) => host(state, intrusion),
    };
    let holds = concerns.is_none_or(|concerns| concerns == is_granted && concerns != is_unchanged);
    verdict.require(P12, holds, || {
        let changes = if is_unchanged { "changes nothing" } else { "changes something" };
        let says = if is_granted { ", and is granted" } else { "" };
        format!("{intrusion:?} {changes}{says}, at a copy of {copied:?}")
    });
}

/// A machine was to be made of a damaged state.
pub(super) fn damaged(verdict: &mut Verdict, part: Part, is_calm: bool) {
    verdict.require(P12, is_calm, || {
        format!("a machine made of a damaged state of the one at the {part:?} asks for ever more")
    });
}

/// Whether it concerns a client that stands like this. `None`: that depends.
fn client(state: State, intrusion: Intrusion) -> Option<bool> {
    let is_online = matches!(state, State::Connecting | State::Connected | State::Disconnecting);
    Some(match intrusion {
        Intrusion::WifiUp => state == State::JoiningWifi,
        Intrusion::WifiDown => {
            is_online || matches!(state, State::JoiningWifi | State::OpeningTcp | State::TcpBackoff)
        }
        Intrusion::TcpOpened | Intrusion::TcpFailed => state == State::OpeningTcp,
        Intrusion::TcpClosed => is_online,
        // there may be nothing more to be sent, or it is too much
        Intrusion::Received | Intrusion::Sent | Intrusion::Writable if is_online => return None,
        Intrusion::Probe if state == State::Connected => return None,
        Intrusion::Start => matches!(state, State::Idle | State::Stopped),
        Intrusion::Publish if state != State::Stopped => return None,
        _ => false,
    })
}

/// The same of a host.
fn host(state: host::State, intrusion: Intrusion) -> Option<bool> {
    let is_off = matches!(state, host::State::Idle | host::State::Stopped);
    Some(match intrusion {
        // others judge what it makes of frames
        Intrusion::Frame | Intrusion::Publish if !is_off => return None,
        Intrusion::Reset => !is_off,
        Intrusion::Start => is_off,
        _ => false,
    })
}
