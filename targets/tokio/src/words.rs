//! What the core's reasons mean, in words for people: what happened, and what to look at.
//!
//! They stand here because the core's own firmware has no room for sentences.

use std::fmt;

use fivewire_core::event::{AbandonReason, DownReason, RefusedReason};
use fivewire_core::mqtt::ConnectReturnCode;

use crate::event::Event;

pub(crate) fn down(reason: DownReason) -> String {
    let text = match reason {
        DownReason::TcpRefused => "nobody listens at this address and port",
        DownReason::TcpUnreachable => "no connection came about",
        DownReason::TcpClosed => "the connection was closed",
        DownReason::ConnackOverdue => "it accepts connections, but does not answer as a broker",
        DownReason::PingrespOverdue => "the broker was silent for too long",
        DownReason::AckOverdue => "the broker lives, but leaves something unanswered",
        DownReason::Refused(code) => return format!("the broker refuses: {}", refused(code)),
        DownReason::RefusedWith(code) => return format!("the broker refuses: {}", name(&code)),
        DownReason::ByBroker(code) => return format!("the broker said goodbye: {}", name(&code)),
        DownReason::TopicAliasesOverflow => {
            "the broker's topic aliases do not fit: raise `topic_aliases_bytes`"
        }
        DownReason::Breach(breach) => return format!("the broker broke the protocol: {breach}"),
        DownReason::Shed => "messages were not released in time; the broker sends them again",
        DownReason::ShutDown => "the client was shut down",
        other => return name(&other),
    };
    text.to_owned()
}

const fn refused(code: ConnectReturnCode) -> &'static str {
    match code {
        ConnectReturnCode::Accepted => "nothing",
        ConnectReturnCode::UnacceptableProtocolVersion => "it does not speak this version of MQTT",
        ConnectReturnCode::IdentifierRejected => "it does not allow this client identifier",
        ConnectReturnCode::ServerUnavailable => "its MQTT service is not available",
        ConnectReturnCode::BadUserNameOrPassword => "the user name or the password is wrong",
        ConnectReturnCode::NotAuthorized => "this client may not connect: check its login",
    }
}

/// `, ` and what somebody said, if he said anything.
pub(crate) fn more(said: Option<&impl fmt::Display>) -> String {
    said.map_or_else(String::new, |said| format!(", {said}"))
}

pub(crate) const fn abandoned(reason: AbandonReason) -> &'static str {
    match reason {
        AbandonReason::Cancelled => "it was cancelled",
        AbandonReason::Expired => "its deadline passed",
        AbandonReason::Dropped => "a newer one needed its room",
        AbandonReason::ConnectionLost => "the connection ended while it was being sent",
        AbandonReason::ShutDown => "the client was shut down",
        _ => "for another reason",
    }
}

pub(crate) fn refusal(reason: RefusedReason) -> String {
    match reason {
        RefusedReason::ByBroker(code) => format!("the broker does not take it: {}", name(&code)),
        other => name(&other),
    }
}

/// `NotAuthorized` as `not authorized`.
pub(crate) fn name(code: &impl fmt::Debug) -> String {
    let mut words = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected { session_present: false } => f.write_str("connected"),
            Self::Connected { session_present: true } => {
                f.write_str("connected, and the broker kept the session")
            }
            Self::Disconnected { reason } => write!(f, "disconnected: {}", down(*reason)),
            Self::CleanSlate => f.write_str("the broker forgot the session of an earlier run"),
            Self::BrokerSaid(said) => write!(f, "the broker says: {said}"),
            Self::Reason { filter, reason_code } => {
                write!(f, "the broker says about {filter}: {}", name(reason_code))
            }
            Self::AttemptFailed { reason, error: None } => {
                write!(f, "no connection: {}", down(*reason))
            }
            Self::AttemptFailed { reason, error: Some(error) } => {
                write!(f, "no connection: {} ({error})", down(*reason))
            }
            Self::MessageTooLarge { size_bytes, .. } => write!(
                f,
                "a message of {size_bytes} bytes is lost: raise `receive_bytes` to get such ones"
            ),
            Self::Unclaimed { topic, .. } => {
                write!(f, "a message to {topic} is lost: no subscription that is read matches it")
            }
            Self::Stopped => f.write_str("shut down"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FirstConnectError, PublishError};
    use fivewire_core::mqtt::v5::ReasonCode;

    #[test]
    fn reasons_are_told_in_words() {
        let failed = |reason| Event::AttemptFailed { reason, error: None }.to_string();
        assert_eq!(
            failed(DownReason::TcpRefused),
            "no connection: nobody listens at this address and port"
        );
        assert_eq!(
            failed(DownReason::RefusedWith(ReasonCode::NotAuthorized)),
            "no connection: the broker refuses: not authorized"
        );
        assert_eq!(failed(DownReason::WifiLost), "no connection: wifi lost");
        let first = FirstConnectError::Failed {
            reason: DownReason::ConnackOverdue,
            error: None,
            said: None,
        };
        assert_eq!(
            first.to_string(),
            "no connection: it accepts connections, but does not answer as a broker"
        );
        assert_eq!(
            PublishError::Abandoned(AbandonReason::Expired).to_string(),
            "given up, because its deadline passed: whether the broker has it is unknown"
        );
        assert_eq!(
            PublishError::Refused(RefusedReason::ByBroker(ReasonCode::QuotaExceeded)).to_string(),
            "refused: the broker does not take it: quota exceeded"
        );
    }
}
