//! The client's state, as a recording has it, and back.

use super::{Action, Client, TcpFailure};
use crate::checkpoint::{Checkpoint, Fields, Out, Pass, Secrecy, codes};
use crate::storage::Storage;
use crate::time::Instant;

impl<S: Storage> Client<S> {
    /// Writes the state of this client, nothing of it left out, as a recording whose secrets are out
    /// already has it: to compare it with a [`State`](crate::recorder::State).
    pub fn checkpoint(&mut self, mut out: impl FnMut(&[u8])) {
        self.save(None, &mut out);
    }

    pub(crate) fn save(&mut self, secrecy: Option<Secrecy>, out: &mut Out<'_>) {
        // Writing cannot fail.
        let _ = self.walk(&mut Pass::Save { out, secrecy });
    }

    /// Takes over a state. `None` if it is none; this client is then of no use.
    pub(crate) fn load(&mut self, state: &[u8]) -> Option<()> {
        let mut pass = Pass::Load(Fields(state));
        self.walk(&mut pass)?;
        pass.is_over().then_some(())
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
        let [receive, transmit, ..] = self.memory_sizes();
        receive.max(transmit).saturating_add(64)
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
