//! Replaying a recording: a bare machine gets the same calls, and must say the same.

use super::call::{Call, LinkInput};
use super::read::{Item, Record, Said, Segment};
use super::restore::Restored;
use super::result::returned;
use crate::bridge::esp::{self, Esp};
use crate::bridge::host::{self, Host};
use crate::client::{Client, Input, Output, State};
use crate::storage::Storage;
use crate::time::Instant;

/// A machine that is fed with the records of a recording, in their order.
///
/// ```
/// use fivewire_core::recorder::{Fed, Records, Replay};
///
/// fn replays(recording: &[u8]) -> bool {
///     let mut replay = Replay::new(|size_bytes| vec![0; size_bytes]);
///     Records::new(recording)
///         .all(|record| record.is_ok_and(|record| replay.feed(&record) == Fed::Same))
/// }
/// # assert!(!replays(b"nothing"));
/// ```
pub struct Replay<S, M> {
    memory: M,
    segment: Option<Segment>,
    machine: Option<Restored<S>>,
    /// What the last command returned.
    returned: Option<Said<'static>>,
}

/// What came of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fed<'a> {
    /// The machine said what is recorded, or nothing was to be said.
    Same,
    /// The machine said this instead.
    Different(Said<'a>),
    /// The segment goes on where the last one ended, but its machine is in another state.
    OtherState,
    /// There is no machine yet, no state that one could have, no such call, or no result of a
    /// command.
    Nonsense,
}

impl<S: Storage, M: FnMut(usize) -> S> Replay<S, M> {
    /// A replay that has not begun. `memory` makes a buffer of a size.
    pub const fn new(memory: M) -> Self {
        Self { memory, segment: None, machine: None, returned: None }
    }

    /// The machine, once there is one.
    pub const fn machine(&self) -> Option<&Restored<S>> {
        self.machine.as_ref()
    }

    /// Where its client stands; idle where it has none.
    pub fn client_state(&self) -> State {
        match &self.machine {
            Some(Restored::Client(client)) => client.state(),
            Some(Restored::Esp(esp)) => esp.client_state(),
            Some(Restored::Host(_)) | None => State::Idle,
        }
    }

    /// Does what the next record says, or compares it with what the machine says.
    pub fn feed(&mut self, record: &Record<'_>) -> Fed<'_> {
        match record.item {
            Item::Segment(segment) => {
                let last = self.segment.replace(segment);
                let goes_on = last.is_some_and(|last| {
                    segment.continues
                        && segment.number == last.number.wrapping_add(1)
                        && segment.machine == last.machine
                });
                if !goes_on {
                    self.machine = None;
                }
                Fed::Same
            }
            Item::Checkpoint(state) => {
                let Some(segment) = &self.segment else { return Fed::Nonsense };
                if let Some(machine) = &mut self.machine {
                    let is_same = machine.is_in(&state, &segment.memory_bytes);
                    return if is_same { Fed::Same } else { Fed::OtherState };
                }
                self.machine = state.restore(segment, &mut self.memory);
                if self.machine.is_some() { Fed::Same } else { Fed::Nonsense }
            }
            Item::Call(call) => {
                let made =
                    self.machine.as_mut().and_then(|machine| machine.call(record.now, &call));
                let Some(returned) = made else { return Fed::Nonsense };
                self.returned = returned;
                Fed::Same
            }
            Item::Said(said @ (Said::Returned(_) | Said::Answered(_))) => {
                match self.returned.take() {
                    Some(returned) if returned == said => Fed::Same,
                    Some(returned) => Fed::Different(returned),
                    None => Fed::Nonsense,
                }
            }
            Item::Said(said) => match &mut self.machine {
                Some(machine) => match machine.poll() {
                    same if same == said => Fed::Same,
                    other => Fed::Different(other),
                },
                None => Fed::Nonsense,
            },
            Item::End { .. } => Fed::Same,
        }
    }
}

/// What a command returned, if it is one.
type Returned = Option<Said<'static>>;

impl<S: Storage> Restored<S> {
    /// Makes a call. `None` if it is none of this machine.
    fn call(&mut self, now: Instant, call: &Call<'_>) -> Option<Returned> {
        match self {
            Self::Client(client) => call_client(client, now, call),
            Self::Host(host) => call_host(host, now, call),
            Self::Esp(esp) => call_esp(esp, now, call),
        }
    }

    fn poll(&mut self) -> Said<'_> {
        match self {
            Self::Client(client) => client.poll().into(),
            Self::Host(host) => host.poll().into(),
            Self::Esp(esp) => esp.poll().into(),
        }
    }
}

/// The calls that the application makes, which are the same for a client and for a host.
macro_rules! application {
    ($machine:ident, $now:ident, $call:ident, { $($(#[$when:meta])* $pattern:pat => $result:expr,)* }) => {
        Some(match *$call {
            Call::Start => {
                $machine.start($now);
                None
            }
            Call::Hold(hold) => {
                $machine.hold($now, hold);
                None
            }
            Call::ShutDown => {
                $machine.shut_down($now);
                None
            }
            Call::Subscribe { filter, qos } => {
                Some(returned($machine.subscribe($now, filter, qos)))
            }
            Call::Unsubscribe { filter } => Some(returned($machine.unsubscribe($now, filter))),
            Call::Cancel(ticket) => Some(Said::Answered($machine.cancel($now, ticket))),
            Call::Release(delivery) => Some(Said::Answered($machine.release($now, delivery))),
            $($(#[$when])* $pattern => $result,)*
            _ => return None,
        })
    };
}

fn call_client<S: Storage>(
    client: &mut Client<S>,
    now: Instant,
    call: &Call<'_>,
) -> Option<Returned> {
    application!(client, now, call, {
        Call::Handle(input) => {
            client.handle(now, input);
            None
        },
        Call::Probe => Some(Said::Answered(client.probe(now))),
        #[cfg(not(feature = "mqtt5"))]
        Call::Publish { publication } => Some(returned(client.publish(now, &publication))),
        #[cfg(feature = "mqtt5")]
        Call::Publish { publication, properties } => {
            Some(returned(client.publish_with(now, &publication, properties)))
        },
        #[cfg(feature = "mqtt5")]
        Call::SubscribeWith { filter, options, identifier } => {
            Some(returned(client.subscribe_with(now, filter, options, identifier)))
        },
    })
}

fn call_host<S: Storage>(host: &mut Host<S>, now: Instant, call: &Call<'_>) -> Option<Returned> {
    application!(host, now, call, {
        Call::Handle(Input::Timeout) => {
            host.handle(now, host::Input::Timeout);
            None
        },
        Call::Link(input) => {
            host.handle(now, input.into());
            None
        },
        Call::Unsuited(unsuited) => {
            host.handle(now, host::Input::Unsuited(unsuited));
            None
        },
        Call::Reset(cause) => {
            host.handle(now, host::Input::Reset(cause));
            None
        },
        Call::AskTime { cookie } => {
            host.ask_time(now, cookie);
            None
        },
        Call::AskMemory => {
            host.ask_memory(now);
            None
        },
        Call::AnswerNetwork(answer) => {
            host.answer_network(now, answer);
            None
        },
        #[cfg(not(feature = "mqtt5"))]
        Call::Publish { publication } => Some(returned(host.publish(now, &publication))),
        #[cfg(feature = "mqtt5")]
        Call::Publish { publication, properties } => {
            Some(returned(host.publish_with(now, &publication, properties)))
        },
        #[cfg(feature = "mqtt5")]
        Call::SubscribeWith { filter, options, identifier } => {
            Some(returned(host.subscribe_with(now, filter, options, identifier)))
        },
    })
}

fn call_esp<S: Storage>(esp: &mut Esp<S>, now: Instant, call: &Call<'_>) -> Option<Returned> {
    match *call {
        Call::Handle(input) => esp.handle(now, esp::Input::Net(input)),
        Call::Link(input) => esp.handle(now, input.into()),
        Call::Datagram(datagram) => esp.handle(now, esp::Input::Datagram(datagram)),
        Call::Memory { free_bytes, used_bytes } => {
            esp.handle(now, esp::Input::Memory { free_bytes, used_bytes });
        }
        _ => return None,
    }
    Some(None)
}

impl<'a> From<LinkInput<'a>> for host::Input<'a> {
    fn from(input: LinkInput<'a>) -> Self {
        match input {
            LinkInput::Up { frame_max_bytes } => Self::LinkUp { frame_max_bytes },
            LinkInput::Down => Self::LinkDown,
            LinkInput::Frame(frame) => Self::Frame(frame),
            LinkInput::FrameSent(count) => Self::Sent(count),
            LinkInput::FrameWritable => Self::Writable,
        }
    }
}

impl<'a> From<LinkInput<'a>> for esp::Input<'a> {
    fn from(input: LinkInput<'a>) -> Self {
        match input {
            LinkInput::Up { frame_max_bytes } => Self::LinkUp { frame_max_bytes },
            LinkInput::Down => Self::LinkDown,
            LinkInput::Frame(frame) => Self::Frame(frame),
            LinkInput::FrameSent(count) => Self::FrameSent(count),
            LinkInput::FrameWritable => Self::FrameWritable,
        }
    }
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

impl<'a> From<host::Output<'a>> for Said<'a> {
    fn from(output: host::Output<'a>) -> Self {
        match output {
            host::Output::Action(host::Action::ResetEsp) => Self::ResetEsp,
            host::Output::Frame(frame) => Self::Frame(frame),
            host::Output::Event(event) => Self::Event(event),
            host::Output::Wait(wait) => Self::Wait(wait),
        }
    }
}

impl<'a> From<esp::Output<'a>> for Said<'a> {
    fn from(output: esp::Output<'a>) -> Self {
        match output {
            esp::Output::Configure(setup) => Self::Configure(setup),
            esp::Output::Join(lan) => Self::Join(lan),
            esp::Output::AskTime { cookie } => Self::AskTime { cookie },
            esp::Output::ReportMemory => Self::ReportMemory,
            esp::Output::Net(action) => Self::Action(action),
            esp::Output::Transmit(bytes) => Self::Transmit(bytes),
            esp::Output::Frame(frame) => Self::Frame(frame),
            esp::Output::Wait(wait) => Self::Wait(wait),
        }
    }
}
