//! Numbers for what a [`TraceHash`](super::TraceHash) folds. Pinned hashes know them: never reuse
//! or renumber one.

use fivewire_core::bridge::NetworkAnswer;
use fivewire_core::client::{Action, State};
use fivewire_core::event::{AbandonReason, DownReason, RefusedReason, ResetCause, Unsuited};
use fivewire_core::link;

use crate::observation::Observation as Seen;

/// The number of a kind of observation.
pub(super) const fn code(observation: &Seen<'_>) -> u64 {
    match observation {
        Seen::Published { .. } => 1,
        Seen::PublishRefused { .. } => 2,
        Seen::SubscribeAsked { .. } => 3,
        Seen::UnsubscribeAsked { .. } => 4,
        Seen::Cancelled { .. } => 5,
        Seen::Told(_) => 6,
        Seen::Released { .. } => 7,
        Seen::Holds(_) => 8,
        Seen::ShutDownAsked => 9,
        Seen::Asked(_) => 10,
        Seen::Wifi(_) => 11,
        Seen::Opening { .. } => 12,
        Seen::Accepted { .. } => 13,
        Seen::OpenFailed { .. } => 14,
        Seen::Opened { .. } => 15,
        Seen::ToBroker { .. } => 16,
        Seen::FromBroker { .. } => 17,
        Seen::ToDevice { .. } => 18,
        Seen::EndedAtBroker { .. } => 19,
        Seen::EndedAtDevice { .. } => 20,
        Seen::BrokerDown(_) => 21,
        Seen::SessionForgotten => 22,
        Seen::WitnessPublished { .. } => 23,
        Seen::WitnessReceived { .. } => 24,
        Seen::FrameToEsp(_) => 25,
        Seen::FrameToHost(_) => 26,
        Seen::FrameLost { .. } => 27,
        Seen::Link { .. } => 28,
        Seen::ResetLine { .. } => 29,
        Seen::BoardDown { .. } => 30,
        Seen::BoardUp { .. } => 31,
        Seen::Woken { .. } => 32,
        Seen::ClientState(_) => 33,
        Seen::FaultBegan { .. } => 34,
        Seen::FaultBit { .. } => 35,
        Seen::FaultEnded { .. } => 36,
        Seen::Healed => 37,
        Seen::Finished => 38,
        Seen::Edge { .. } => 39,
        Seen::Misread { .. } => 40,
        Seen::FrameAccepted { .. } => 41,
        Seen::CreditStop { .. } => 42,
        Seen::LinkRepaired { .. } => 43,
        Seen::SessionBegan { .. } => 44,
        Seen::SessionEnded { .. } => 45,
        Seen::Unsuited { .. } => 46,
        Seen::Cut { .. } => 47,
        Seen::SessionExpired => 48,
        Seen::MessageExpired { .. } => 49,
        Seen::DeadlineSet { .. } => 50,
        Seen::OptionsSet { .. } => 57,
        Seen::TimeAsked { .. } => 51,
        Seen::SaidOfItself { .. } => 52,
        Seen::SaidToStand(_) => 53,
        Seen::StatedBound { .. } => 54,
        Seen::Handled { .. } => 55,
        Seen::SetupTried { .. } => 56,
        Seen::Renewed { .. } => 60,
        Seen::CancelRefused { .. } => 61,
        Seen::MemoryAsked => 62,
        Seen::SizeTried { .. } => 64,
        Seen::NetworkAnswered { .. } => 63,
        Seen::Probed { .. } => 58,
        Seen::Intruded { .. } => 65,
        Seen::FrameTried { .. } => 66,
        Seen::StateDamaged { .. } => 67,
    }
}

pub(super) const fn asked(action: Action) -> u64 {
    match action {
        Action::JoinWifi => 1,
        Action::LeaveWifi => 2,
        Action::OpenTcp => 3,
        Action::CloseTcp => 4,
    }
}

pub(super) const fn client_state(state: State) -> u64 {
    match state {
        State::Idle => 1,
        State::JoiningWifi => 2,
        State::WifiBackoff => 3,
        State::OpeningTcp => 4,
        State::TcpBackoff => 5,
        State::Connecting => 6,
        State::Connected => 7,
        State::Disconnecting => 8,
        State::Stopped => 9,
        _ => 0,
    }
}

pub(super) const fn down(reason: DownReason) -> u64 {
    match reason {
        DownReason::WifiLost => 1,
        DownReason::JoinFailed => 2,
        DownReason::TcpRefused => 3,
        DownReason::TcpUnreachable => 4,
        DownReason::TcpClosed => 5,
        DownReason::ConnackOverdue => 6,
        DownReason::PingrespOverdue => 7,
        DownReason::AckOverdue => 8,
        DownReason::Refused(code) => 64 + code as u64,
        DownReason::Breach(_) => 9,
        DownReason::ReceiveOverrun => 10,
        DownReason::Shed => 11,
        DownReason::LinkLost => 12,
        DownReason::EspRestarted => 13,
        DownReason::ShutDown => 14,
        DownReason::TopicAliasesOverflow => 15,
        DownReason::RefusedWith(code) => 256 + code.as_u8() as u64,
        DownReason::ByBroker(code) => 512 + code.as_u8() as u64,
        _ => 0,
    }
}

pub(super) const fn session_down(reason: link::DownReason) -> u64 {
    match reason {
        link::DownReason::Restarted => 1,
        link::DownReason::PeerRestarted => 2,
        link::DownReason::Silent => 3,
        link::DownReason::SyncOverdue => 4,
        link::DownReason::Damaged => 5,
        _ => 0,
    }
}

pub(super) const fn unsuited(unsuited: Unsuited) -> u64 {
    match unsuited {
        Unsuited::Syncom => 1,
        Unsuited::Native => 2,
        Unsuited::LinkVersion(version) => 256 + version as u64,
        Unsuited::BridgeVersion(version) => 512 + version as u64,
        _ => 0,
    }
}

pub(super) const fn peer(peer: link::Peer) -> u64 {
    match peer {
        link::Peer::Syncom => 1,
        link::Peer::Native => 2,
        link::Peer::OtherVersion(version) => 256 + version as u64,
        _ => 0,
    }
}

pub(super) const fn abandoned(reason: AbandonReason) -> u64 {
    match reason {
        AbandonReason::Cancelled => 1,
        AbandonReason::Expired => 2,
        AbandonReason::Dropped => 3,
        AbandonReason::ConnectionLost => 4,
        AbandonReason::ShutDown => 5,
        _ => 0,
    }
}

pub(super) const fn refused(reason: RefusedReason) -> u64 {
    match reason {
        RefusedReason::TooLargeForEsp => 1,
        RefusedReason::TooLargeForLink => 2,
        RefusedReason::ByBroker(code) => 256 + code.as_u8() as u64,
        _ => 0,
    }
}

pub(super) const fn reset(cause: ResetCause) -> u64 {
    match cause {
        ResetCause::PowerUp => 1,
        ResetCause::StartUpOverdue => 2,
        ResetCause::Watchdog => 3,
        ResetCause::Garbage => 4,
        ResetCause::UnknownTopic => 5,
        _ => 0,
    }
}

/// The number of an answer.
pub(super) const fn network_answer(answer: NetworkAnswer) -> u64 {
    match answer {
        NetworkAnswer::UseGiven => u64::MAX,
        NetworkAnswer::AskAgain { after_ms } => after_ms as u64,
    }
}
