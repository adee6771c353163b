//! One TCP connection: a handshake, two pipes, and what each end thinks of it.

use super::pipe::{Pipe, RETRY_FIRST_US, RETRY_LAST_US};
use crate::observation::ConnectionId;
use crate::world::agenda::NEVER;

/// What one end thinks of the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// It is not open yet.
    Opening,
    /// It is open.
    Open,
    /// It is over: this end knows nothing of the connection any more.
    Gone,
}

/// What of the handshake is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Handshake {
    /// To the broker's machine: the request.
    Syn,
    /// To the device: consent.
    SynAck,
    /// To the device: refusal.
    Refusal,
    /// Nothing any more.
    Done,
}

/// A connection.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) handshake: Handshake,
    pub(super) handshake_due: u64,
    handshake_pause_us: u64,
    pub(super) device: End,
    pub(super) broker: End,
    /// From the device to the broker.
    pub(super) up: Pipe,
    /// From the broker to the device.
    pub(super) down: Pipe,
    /// The fault that made a box on the way forget this connection.
    pub(super) forgotten_by: Option<usize>,
}

impl Connection {
    pub(super) fn new() -> Self {
        Self {
            id: ConnectionId(0),
            handshake: Handshake::Done,
            handshake_due: NEVER,
            handshake_pause_us: 0,
            device: End::Gone,
            broker: End::Gone,
            up: Pipe::new(),
            down: Pipe::new(),
            forgotten_by: None,
        }
    }

    /// Starts a new connection in the memory of an old one.
    pub(super) fn start(&mut self, id: ConnectionId, due: u64) {
        self.id = id;
        self.travel(Handshake::Syn, due);
        self.device = End::Opening;
        self.broker = End::Opening;
        self.up.reset();
        self.down.reset();
        self.forgotten_by = None;
    }

    /// Sends the next part of the handshake.
    pub(super) const fn travel(&mut self, handshake: Handshake, due: u64) {
        self.handshake = handshake;
        self.handshake_due = due;
        self.handshake_pause_us = 0;
    }

    /// The handshake did not get through and is tried again later.
    pub(super) fn retry_handshake(&mut self, now: u64) {
        self.handshake_pause_us =
            (self.handshake_pause_us * 2).clamp(RETRY_FIRST_US, RETRY_LAST_US);
        self.handshake_due = now + self.handshake_pause_us;
    }

    pub(super) const fn finish_handshake(&mut self) {
        self.handshake = Handshake::Done;
        self.handshake_due = NEVER;
    }

    /// When it has something to do.
    pub(super) fn next(&self) -> u64 {
        // Nothing overtakes the handshake on its way to the device.
        let down = if matches!(self.handshake, Handshake::Done) { self.down.next() } else { NEVER };
        self.handshake_due.min(self.up.next()).min(down)
    }

    /// True once neither end knows of it.
    pub(super) fn is_over(&self) -> bool {
        self.device == End::Gone && self.broker == End::Gone
    }
}
