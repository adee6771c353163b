//! Replaying a recording: a bare client gets the same calls, and must say the same.

use super::call::Call;
use super::read::{Item, Record, Said, Segment, State};
use super::result::{ErrorCode, code};
use crate::client::{Client, Memory, Output};
use crate::event::Ticket;
use crate::storage::Storage;

/// A client that is fed with the records of a recording, in their order.
///
/// ```
/// # use fivewire_core::client::Memory;
/// use fivewire_core::recorder::{Fed, Records, Replay};
///
/// fn replays(recording: &[u8]) -> bool {
///     let mut replay = Replay::new(|sizes: [usize; 5]| {
///         let [receive, transmit, outbox, subscriptions, connect] = sizes.map(|size| vec![0; size]);
///         Memory { receive, transmit, outbox, subscriptions, connect }
///     });
///     Records::new(recording)
///         .all(|record| record.is_ok_and(|record| replay.feed(&record) == Fed::Same))
/// }
/// # assert!(!replays(b"nothing"));
/// ```
pub struct Replay<S, M> {
    memory: M,
    segment: Option<Segment>,
    client: Option<Client<S>>,
    /// What the last command returned.
    returned: Option<Said<'static>>,
}

/// What came of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fed<'a> {
    /// The client said what is recorded, or nothing was to be said.
    Same,
    /// The client said this instead.
    Different(Said<'a>),
    /// The segment goes on where the last one ended, but its client is in another state.
    OtherState,
    /// There is no client yet, no state that one could have, or no result of a command.
    Nonsense,
}

impl<S: Storage, M: FnMut([usize; 5]) -> Memory<S>> Replay<S, M> {
    /// A replay that has not begun. `memory` makes buffers of these sizes, in the order of the fields of
    /// [`Memory`].
    pub const fn new(memory: M) -> Self {
        Self { memory, segment: None, client: None, returned: None }
    }

    /// The client, once there is one.
    pub const fn client(&self) -> Option<&Client<S>> {
        self.client.as_ref()
    }

    /// Does what the next record says, or compares it with what the client says.
    pub fn feed(&mut self, record: &Record<'_>) -> Fed<'_> {
        match record.item {
            Item::Segment(segment) => {
                let last = self.segment.replace(segment);
                let next = last.map(|last| last.number.wrapping_add(1));
                if !segment.continues || next != Some(segment.number) {
                    self.client = None;
                }
                Fed::Same
            }
            Item::Checkpoint(state) => self.compare_or_restore(&state),
            Item::Call(call) => self.call(record, &call),
            Item::Said(said @ (Said::Returned(_) | Said::Answered(_))) => {
                match self.returned.take() {
                    Some(returned) if returned == said => Fed::Same,
                    Some(returned) => Fed::Different(returned),
                    None => Fed::Nonsense,
                }
            }
            Item::Said(said) => match &mut self.client {
                Some(client) => match Said::from(client.poll()) {
                    same if same == said => Fed::Same,
                    other => Fed::Different(other),
                },
                None => Fed::Nonsense,
            },
            Item::End { .. } => Fed::Same,
        }
    }

    fn compare_or_restore(&mut self, state: &State<'_>) -> Fed<'static> {
        let Some(client) = &mut self.client else {
            let Some(segment) = self.segment else { return Fed::Nonsense };
            self.client = state.restore((self.memory)(segment.memory_bytes));
            return if self.client.is_some() { Fed::Same } else { Fed::Nonsense };
        };
        let mut left = Some(state.bytes());
        client.checkpoint(|part| left = left.and_then(|left| left.strip_prefix(part)));
        if left == Some(&[]) { Fed::Same } else { Fed::OtherState }
    }

    fn call(&mut self, record: &Record<'_>, call: &Call<'_>) -> Fed<'static> {
        let (Some(client), now) = (&mut self.client, record.now) else { return Fed::Nonsense };
        self.returned = match *call {
            Call::Start => {
                client.start(now);
                None
            }
            Call::Handle(input) => {
                client.handle(now, input);
                None
            }
            Call::Hold(hold) => {
                client.hold(now, hold);
                None
            }
            Call::ShutDown => {
                client.shut_down(now);
                None
            }
            Call::Publish(publication) => Some(returned(client.publish(now, &publication))),
            Call::Subscribe { filter, qos } => Some(returned(client.subscribe(now, filter, qos))),
            Call::Unsubscribe { filter } => Some(returned(client.unsubscribe(now, filter))),
            Call::Cancel(ticket) => Some(Said::Answered(client.cancel(now, ticket))),
            Call::Release(delivery) => Some(Said::Answered(client.release(now, delivery))),
        };
        Fed::Same
    }
}

fn returned<E: Into<ErrorCode>>(result: Result<Ticket, E>) -> Said<'static> {
    Said::Returned(result.map(Ticket::get).map_err(code))
}

impl<'a> From<Output<'a>> for Said<'a> {
    fn from(output: Output<'a>) -> Self {
        match output {
            Output::Action(action) => Self::Action(action),
            Output::Transmit(bytes) => Self::Transmit(bytes),
            Output::Event(event) => Self::Event(event),
            Output::Wait(wait) => Self::Wait(wait),
        }
    }
}
