//! Start, crash and network, for applications that have a handler for each: what the predecessors
//! called `user_start`, `crash_handler` and `wifi_handler`, in their order (PREDECESSORS.md §2.10).
//!
//! ```
//! # use fivewire_core::bridge::notice::{Notice, Notices};
//! # use fivewire_core::event::Event;
//! let mut notices = Notices::new();
//! # let event = Event::EspReady { resumed: false };
//! // for each event of the host:
//! for notice in notices.hear(&event).into_iter().flatten() {
//!     match notice {
//!         Notice::Started => { /* publish what a listener must know after each start */ }
//!         Notice::Crashed(_) => {}
//!         Notice::Wifi(_) => {}
//!     }
//! }
//! ```

use crate::event::{Event, ResetCause};

/// What a handler is called for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// The ESP8266 has started and has its settings. What is published now leaves behind the
    /// subscriptions, which it was given already. The network is not there yet: `Wifi(true)`
    /// follows.
    Started,
    /// The ESP8266 is reset, or has started over by itself; told before the reset line is pulled.
    Crashed(ResetCause),
    /// The network is there, or gone. A crash takes it away, too (D-19).
    Wifi(bool),
}

/// Makes notices of events. Each `Wifi` differs from the one before; the first is `true` (D-35a).
#[derive(Clone, Copy, Default, Debug)]
pub struct Notices {
    started: bool,
    wifi: bool,
}

impl Notices {
    /// Before the host has started.
    #[must_use]
    pub const fn new() -> Self {
        Self { started: false, wifi: false }
    }

    /// What an event means for the handlers, in the order in which they are to be called.
    pub const fn hear(&mut self, event: &Event<'_>) -> [Option<Notice>; 3] {
        match event {
            Event::EspReset { cause: ResetCause::PowerUp } => {
                *self = Self::new();
                [None; 3]
            }
            Event::EspReset { cause } => {
                self.started = false;
                [Some(Notice::Crashed(*cause)), self.wifi(false), None]
            }
            Event::EspReady { resumed: false } => {
                let crashed = core::mem::replace(&mut self.started, true);
                let crashed =
                    if crashed { Some(Notice::Crashed(ResetCause::GaveUp)) } else { None };
                [crashed, self.wifi(false), Some(Notice::Started)]
            }
            Event::Wifi(up) => [self.wifi(*up), None, None],
            Event::Connected { .. } => [self.wifi(true), None, None],
            Event::Stopped => {
                self.started = false;
                [self.wifi(false), None, None]
            }
            _ => [None; 3],
        }
    }

    const fn wifi(&mut self, up: bool) -> Option<Notice> {
        if self.wifi == up {
            return None;
        }
        self.wifi = up;
        Some(Notice::Wifi(up))
    }
}
