//! The way to the broker: a name, a connection, bytes in both directions.
//!
//! The SDK closes connections in its own time, and wants to be told things in its own order. So
//! what the client wants and what there is are two things, which this machine brings together: a
//! connection is opened when one is wanted and the last one is gone.

use core::mem::take;

use fivewire_core::bridge;
use fivewire_core::client::{Input, TcpFailure};
use fivewire_core::time::Instant;

use crate::sdk::events::{self, End};
use crate::sdk::tcp::{self, Resolution};

/// Milliseconds that a connection may take to send what it has, and again to close, before it is
/// broken off: enough for one lost segment, and short next to the client's timeout for opening.
const CLOSE_MS: u32 = 1_500;

/// What there is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Nothing,
    Resolving,
    Opening,
    Open,
    /// To be closed when all was sent.
    Flushing {
        until: Instant,
    },
    /// Being closed.
    Closing {
        until: Instant,
    },
    /// Being broken off.
    Aborting {
        until: Instant,
    },
}

pub(super) struct Broker {
    port: u16,
    stage: Stage,
    /// The client waits for a connection.
    wanted: bool,
    /// Bytes are being sent, and no more are taken until they were.
    sending: bool,
    /// Not all that was offered was taken.
    blocked: bool,
}

impl Broker {
    pub(super) const fn new() -> Self {
        Self { port: 0, stage: Stage::Nothing, wanted: false, sending: false, blocked: false }
    }

    pub(super) fn configure(&mut self, broker: &bridge::Broker<'_>) {
        tcp::set_name(broker.host);
        self.port = broker.port;
    }

    /// The client wants a connection: `next` sees to it.
    pub(super) fn open(&mut self) {
        self.wanted = true;
        crate::sdk::task::post();
    }

    /// The client does not want it any more. What was taken still leaves.
    pub(super) fn close(&mut self, now: Instant) {
        self.wanted = false;
        match self.stage {
            Stage::Resolving => self.stage = Stage::Nothing,
            Stage::Opening => self.abort(now),
            Stage::Open if self.sending => {
                self.stage = Stage::Flushing { until: now.plus_ms(CLOSE_MS) };
            }
            Stage::Open => self.close_now(now),
            Stage::Nothing
            | Stage::Flushing { .. }
            | Stage::Closing { .. }
            | Stage::Aborting { .. } => {}
        }
    }

    fn close_now(&mut self, now: Instant) {
        tcp::close();
        self.stage = Stage::Closing { until: now.plus_ms(CLOSE_MS) };
    }

    fn abort(&mut self, now: Instant) {
        tcp::abort();
        self.stage = Stage::Aborting { until: now.plus_ms(CLOSE_MS) };
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> usize {
        let taken = if self.sending { 0 } else { tcp::send(bytes) };
        self.sending |= taken > 0;
        self.blocked = taken < bytes.len();
        taken
    }

    pub(super) const fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Flushing { until } | Stage::Closing { until } | Stage::Aborting { until } => {
                Some(until)
            }
            Stage::Nothing | Stage::Resolving | Stage::Opening | Stage::Open => None,
        }
    }

    /// Tells the next thing that happened, in the order in which things can have happened.
    pub(super) fn next(
        &mut self,
        now: Instant,
        capacity: usize,
        tell: &mut dyn FnMut(Input<'_>),
    ) -> bool {
        let first = self.next_before_bytes(now);
        if first.is_none() && self.next_bytes(capacity, tell) {
            return true;
        }
        match first.or_else(|| self.next_after_bytes(now)) {
            Some(input) => {
                tell(input);
                true
            }
            None => false,
        }
    }

    fn next_before_bytes(&mut self, now: Instant) -> Option<Input<'static>> {
        if let Some(address) = events::take(|events| events.resolved.take())
            && self.stage == Stage::Resolving
        {
            return match address {
                Some(address) => self.connect(address),
                None => self.fail(TcpFailure::Unreachable),
            };
        }
        if events::take(|events| take(&mut events.opened)) && self.stage == Stage::Opening {
            self.stage = Stage::Open;
            return Some(Input::TcpOpened);
        }
        if events::take(|events| take(&mut events.sent)) {
            self.sending = false;
            match self.stage {
                Stage::Open if take(&mut self.blocked) => return Some(Input::Writable),
                Stage::Flushing { .. } => self.close_now(now),
                _ => {}
            }
        }
        None
    }

    fn next_bytes(&self, capacity: usize, tell: &mut dyn FnMut(Input<'_>)) -> bool {
        if self.stage != Stage::Open {
            events::drop_received();
            return false;
        }
        let told = events::show_received(capacity, |bytes| tell(Input::Received(bytes)));
        if told && events::is_drained() {
            tcp::admit();
        }
        told
    }

    fn next_after_bytes(&mut self, now: Instant) -> Option<Input<'static>> {
        if let Some(end) = events::take(|events| events.ended.take()) {
            events::drop_received();
            return self.take_end(end);
        }
        if events::take(|events| take(&mut events.overrun)) && self.stage == Stage::Open {
            self.abort(now);
            return Some(Input::TcpClosed);
        }
        match self.stage {
            Stage::Flushing { until } | Stage::Closing { until } if until <= now => self.abort(now),
            // The SDK never told its end: it has none.
            Stage::Aborting { until } if until <= now => self.stage = Stage::Nothing,
            _ => {}
        }
        if self.stage == Stage::Nothing && take(&mut self.wanted) {
            (self.sending, self.blocked) = (false, false);
            self.stage = Stage::Resolving;
            return match tcp::resolve() {
                Resolution::Known(address) => self.connect(address),
                Resolution::Asked => None,
                Resolution::Refused => self.fail(TcpFailure::Unreachable),
            };
        }
        None
    }

    fn take_end(&mut self, end: End) -> Option<Input<'static>> {
        match core::mem::replace(&mut self.stage, Stage::Nothing) {
            Stage::Opening => match end {
                End::Failed(error) if tcp::is_refusal(error) => self.fail(TcpFailure::Refused),
                End::Failed(_) | End::Closed => self.fail(TcpFailure::Unreachable),
            },
            Stage::Open => Some(Input::TcpClosed),
            // of no connection that anybody wants; and the next one is on its way already
            Stage::Resolving => {
                self.stage = Stage::Resolving;
                None
            }
            Stage::Nothing
            | Stage::Flushing { .. }
            | Stage::Closing { .. }
            | Stage::Aborting { .. } => None,
        }
    }

    fn connect(&mut self, address: [u8; 4]) -> Option<Input<'static>> {
        if tcp::open(address, self.port) {
            self.stage = Stage::Opening;
            None
        } else {
            self.fail(TcpFailure::Unreachable)
        }
    }

    fn fail(&mut self, failure: TcpFailure) -> Option<Input<'static>> {
        self.stage = Stage::Nothing;
        Some(Input::TcpFailed(failure))
    }
}
