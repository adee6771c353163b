//! P12: an end of the bridge that gets what no other end sends says so. The host has its ESP8266 reset, the
//! ESP8266 begins the protocol anew. What another end may send leads to neither.

use fivewire_core::bridge::host::State;
use fivewire_core::event::ResetCause;

use super::Bridge;
use super::commands::SUBSCRIPTION_IDS;
use super::frames::{self, Status, ToEsp, ToHost, Why};
use crate::observation::Answered;
use crate::oracle::facts::Facts;
use crate::oracle::promise::Promise::P12;
use crate::oracle::properties::is_topic_name;
use crate::oracle::verdict::Verdict;

impl Bridge {
    /// A copy of an end got this frame.
    pub(in crate::oracle) fn frame_tried(
        &self,
        facts: &Facts,
        verdict: &mut Verdict,
        frame: &[u8],
        answered: Answered,
    ) {
        if !self.is_shown {
            return;
        }
        let is_v5 = facts.setup.is_v5();
        let holds = match answered {
            Answered::Host { state, crash, pulls_line, is_stopped } => {
                let cause = crash.map(|crash| crash.cause);
                self.is_right_at_host(is_v5, frame, state, cause, is_stopped)
                    && pulls_line == cause.is_some()
            }
            Answered::Esp { is_listening, says_hello, cookie } => {
                let asked = match frames::to_esp(frame) {
                    Some(ToEsp::AskTime { cookie }) if is_listening => Some(cookie),
                    _ => None,
                };
                let expected = self.says_hello(is_v5, frame, is_listening);
                expected.is_none_or(|expected| says_hello == expected) && cookie == asked
            }
        };
        verdict.require(P12, holds, || {
            format!("a copy that gets {} answers {answered:?}", frame.escape_ascii())
        });
    }

    fn is_right_at_host(
        &self,
        is_v5: bool,
        frame: &[u8],
        state: State,
        cause: Option<ResetCause>,
        is_stopped: bool,
    ) -> bool {
        let read = frames::to_host(frame).filter(|_| is_v5 || !frames::is_of_mqtt5(frame));
        let garbage = Some(ResetCause::Garbage);
        match (state, read) {
            (State::Idle | State::Stopped, _) => cause.is_none() && !is_stopped,
            (_, Some(ToHost::Status(status))) if is_doubtful(status) => true,
            // who is leaving does not wait for another start
            (State::Disconnecting, None | Some(ToHost::Stopped)) => cause.is_none() && is_stopped,
            (State::Disconnecting, Some(ToHost::Message(_))) => cause.is_none(),
            (_, None) => cause == garbage && !is_stopped,
            (State::Running { .. }, Some(ToHost::Message(message))) => {
                let topic = self.host.inbox.names.meant_by_anybody(message.topic);
                !is_stopped
                    && match topic {
                        None => cause == Some(ResetCause::UnknownTopic),
                        Some(topic) if !is_topic_name(&topic) => cause == garbage,
                        // there may be no room for it
                        Some(_) => cause.is_none() || cause == garbage,
                    }
            }
            (State::Configuring, Some(ToHost::Message(_))) => !is_stopped,
            (_, Some(_)) => cause.is_none() && !is_stopped,
        }
    }

    /// `None`: that depends on what only the ESP8266 knows.
    fn says_hello(&self, is_v5: bool, frame: &[u8], is_listening: bool) -> Option<bool> {
        let Some(read) = frames::to_esp(frame) else { return Some(true) };
        if !is_listening {
            return Some(false);
        }
        // a host asks for these of a client that speaks MQTT 5
        if !is_v5 && matches!(frame[0], 0x0C | 0x40..=0x4F) {
            return Some(true);
        }
        let ToEsp::Publish(publication) = read else { return Some(false) };
        // over wires, an ESP8266 whose host is gone has that host's names until it hears of another
        if !self.commands.has_settled() {
            return None;
        }
        let topic = self.commands.names.meant_by_anybody(publication.topic);
        let is_known = topic.is_some_and(|topic| is_topic_name(&topic));
        Some(!is_known || publication.packet_id >= SUBSCRIPTION_IDS)
    }
}

/// Whether there is such a reason is for others to say.
const fn is_doubtful(status: Status) -> bool {
    matches!(status, Status::Disconnected(Why::Other) | Status::AttemptFailed(Why::Other))
}
