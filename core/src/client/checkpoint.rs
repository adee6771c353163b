//! The client's state, as a recording has it, and back.

use super::{Action, Client, TcpFailure};
use crate::checkpoint::{Checkpoint, Pass, codes};
use crate::mqtt::ProtocolVersion;
use crate::recorder::Subject;
use crate::storage::Storage;
use crate::time::Instant;

impl<S: Storage> Client<S> {
    /// Writes the state of this client, nothing of it left out, as a recording whose secrets are
    /// out already has it: to make another one of with
    /// [`State::restore`](crate::recorder::State::restore).
    pub fn checkpoint(&mut self, mut out: impl FnMut(&[u8])) {
        self.save(None, &mut out);
    }

    pub(crate) const fn now(&self) -> Instant {
        self.now
    }

    /// Bytes of the buffers: receive, transmit, outbox, subscriptions, connect.
    pub(crate) fn memory_sizes(&self) -> [usize; 5] {
        self.session.memory_sizes()
    }

    /// What was offered to the transport last, and not taken.
    pub(crate) fn pending(&self) -> &[u8] {
        self.session.pending()
    }

    /// No output takes more bytes than this.
    pub(crate) fn output_max_bytes(&self) -> usize {
        let [receive, transmit, _, _, connect] = self.memory_sizes();
        // A topic that an alias stands for lies behind the CONNECT packet.
        let aliased = if self.session.version() == ProtocolVersion::V3_1_1 { 0 } else { connect };
        receive.max(transmit).saturating_add(aliased).saturating_add(64)
    }
}

impl<S: Storage> Checkpoint for Client<S> {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self { supervisor, session, now, settled } = self;
        pass.field(now)?;
        pass.field(settled)?;
        supervisor.walk(pass)?;
        session.walk(pass)
    }
}

codes! {
    Action {
        1 JoinWifi,
        2 LeaveWifi,
        3 OpenTcp,
        4 CloseTcp,
    }
    TcpFailure {
        1 Refused,
        2 Unreachable,
    }
}
