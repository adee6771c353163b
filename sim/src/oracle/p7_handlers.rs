//! P7: what applications with handlers and displays are called for follows from what the bridge told
//! them, as the predecessors had it (PREDECESSORS.md §2.4, §2.10).

use fivewire_core::bridge::Lan;
use fivewire_core::bridge::notice::Notice;
use fivewire_core::bridge::status::Status;
use fivewire_core::event::{DownReason, Event, ResetCause};

use crate::observation::Part;

use super::promise::Promise::P7;
use super::verdict::Verdict;

/// What the handlers were called for since the host has power.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Handlers {
    has_started: bool,
    has_network: bool,
}

impl Handlers {
    /// A board has power again.
    pub(super) fn board_up(&mut self, part: Part) {
        if part == Part::Host {
            *self = Self::default();
        }
    }

    /// The application was told `event`, and handed it to its handlers and its display.
    pub(super) fn handled(
        &mut self,
        verdict: &mut Verdict,
        event: &Event<'_>,
        notices: [Option<Notice>; 3],
        (will, statuses): (bool, [Option<Status>; 2]),
    ) {
        let expected = self.notices(event);
        verdict.require(P7, notices.iter().flatten().eq(expected.iter().flatten()), || {
            format!("handlers are called for {notices:?} and not for {expected:?}, at {event:?}")
        });
        let expected = numbers(event, will);
        let shown = statuses.map(|status| status.map(Status::number));
        verdict.require(P7, shown == expected, || {
            format!("a display shows {shown:?} and not {expected:?}, at {event:?}")
        });
    }

    fn notices(&mut self, event: &Event<'_>) -> [Option<Notice>; 3] {
        let network = match event {
            Event::Wifi(true) | Event::Connected { .. } => Some(true),
            Event::Wifi(false) | Event::Stopped | Event::EspReady { resumed: false } => Some(false),
            Event::EspReset { cause } if *cause != ResetCause::PowerUp => Some(false),
            _ => None,
        };
        let network = network.filter(|is_there| *is_there != self.has_network);
        let begins = matches!(event, Event::EspReady { resumed: false });
        let crashed = match event {
            Event::EspReset { cause: ResetCause::PowerUp } => None,
            Event::EspReset { cause } => Some(*cause),
            // it started over without having been reset
            _ => (begins && self.has_started).then_some(ResetCause::GaveUp),
        };
        match event {
            Event::EspReset { .. } | Event::Stopped => self.has_started = false,
            _ => self.has_started |= begins,
        }
        match event {
            Event::EspReset { cause: ResetCause::PowerUp } => self.has_network = false,
            _ => self.has_network = network.unwrap_or(self.has_network),
        }
        [crashed.map(Notice::Crashed), network.map(Notice::Wifi), begins.then_some(Notice::Started)]
    }
}

/// The numbers of an event on a display, in their order.
fn numbers(event: &Event<'_>, will: bool) -> [Option<u8>; 2] {
    let number = match event {
        Event::EspReady { resumed } => return [(will && !resumed).then_some(7), Some(5)],
        Event::Connected { .. } => 0,
        Event::OpensConnection => 1,
        Event::JoinsNetwork(Lan::Stored) => 2,
        Event::JoinsNetwork(Lan::Given) | Event::NetworkAsked => 3,
        Event::Acked(_) | Event::Sent(_) => 4,
        Event::EspReset { cause: ResetCause::Garbage } => 6,
        Event::EspReset { cause: ResetCause::StartUpOverdue } => 11,
        Event::EspReset { cause: ResetCause::Watchdog | ResetCause::GaveUp } => 12,
        Event::Wifi(true) => 9,
        Event::Wifi(false) | Event::AttemptFailed { reason: DownReason::JoinFailed } => 10,
        Event::AttemptFailed { .. } => 8,
        _ => return [None; 2],
    };
    [None, Some(number)]
}
