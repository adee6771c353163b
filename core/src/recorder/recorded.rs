//! A machine whose calls are recorded.

use core::ops::Deref;

use super::call::{Call, LinkInput};
use super::format::{OVERHEAD_BYTES, SMALL_BYTES};
use super::machine::Subject;
use super::read::Said;
use super::result::returned;
use super::{Recorder, Sink};
use crate::bridge::NetworkAnswer;
use crate::bridge::esp::{self, Esp};
use crate::bridge::host::{self, Host};
use crate::client::{self, Client, Input, Output, Publication};
use crate::error::{PublishError, SubscribeError};
use crate::event::{Delivery, Ticket};
use crate::mqtt::QoS;
#[cfg(feature = "mqtt5")]
use crate::mqtt::v5::{Properties, Property, SubscriptionOptions};
use crate::storage::Storage;
use crate::time::Instant;

/// A machine with a [`Recorder`], or without one: then it costs a look at an `Option` a call.
///
/// It has the machine's methods, each documented there: `Recorded<Client<S>, K>`,
/// `Recorded<Host<S>, K>` and `Recorded<Esp<S>, K>`. Those that change nothing are reached through
/// `Deref`.
pub struct Recorded<M, K> {
    machine: M,
    recorder: Option<Recorder<K>>,
}

impl<M, K> Deref for Recorded<M, K> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.machine
    }
}

impl<M, K: Sink> Recorded<M, K> {
    /// The recorder, for example to drain its sink.
    pub const fn recorder_mut(&mut self) -> Option<&mut Recorder<K>> {
        self.recorder.as_mut()
    }

    /// Ends the recording, and gives the machine and the recorder back.
    pub fn into_parts(mut self) -> (M, Option<Recorder<K>>) {
        if K::EXISTS
            && let Some(recorder) = &mut self.recorder
        {
            recorder.finish();
        }
        (self.machine, self.recorder)
    }
}

#[expect(private_bounds, reason = "the machines are known")]
impl<M: Subject, K: Sink> Recorded<M, K> {
    /// Records what is done with `machine` from here on.
    pub fn new(machine: M, mut recorder: Option<Recorder<K>>) -> Self {
        if let Some(recorder) = &mut recorder {
            recorder.forget_machine(machine.version());
        }
        Self { machine, recorder }
    }

    fn record(&mut self, now: Instant, call: &Call<'_>, size_bytes: usize) {
        if K::EXISTS
            && let Some(recorder) = &mut self.recorder
        {
            recorder.make_room(&mut self.machine, size_bytes.saturating_add(SMALL_BYTES));
            recorder.call(now, call, &self.machine);
        }
    }

    fn make_room_to_say(&mut self, size_bytes: usize) {
        if K::EXISTS
            && let Some(recorder) = &mut self.recorder
        {
            recorder.make_room(&mut self.machine, size_bytes.saturating_add(OVERHEAD_BYTES));
        }
    }

    fn record_result<T: Copy>(&mut self, result: T, said: impl FnOnce(T) -> Said<'static>) -> T {
        if K::EXISTS
            && let Some(recorder) = &mut self.recorder
        {
            recorder.said(M::MACHINE, &said(result));
        }
        result
    }

    /// A frame is a call with these bytes.
    fn record_link(&mut self, now: Instant, input: LinkInput<'_>) {
        let size_bytes = if let LinkInput::Frame(frame) = input { frame.len() } else { 0 };
        self.record(now, &Call::Link(input), size_bytes);
    }
}

/// The methods for the application, which are the same for a client and for a host.
macro_rules! application {
    ($machine:ident) => {
        #[doc = concat!("[`", stringify!($machine), "::start`].")]
        pub fn start(&mut self, now: Instant) {
            self.record(now, &Call::Start, 0);
            self.machine.start(now);
        }

        #[doc = concat!("[`", stringify!($machine), "::publish`].")]
        ///
        /// # Errors
        /// Those of the machine.
        pub fn publish(
            &mut self,
            now: Instant,
            publication: &Publication<'_>,
        ) -> Result<Ticket, PublishError> {
            if K::EXISTS && self.recorder.is_some() {
                self.record_publication(now, publication);
            }
            let result = self.machine.publish(now, publication);
            self.record_result(result, returned)
        }

        fn record_publication(&mut self, now: Instant, publication: &Publication<'_>) {
            let size_bytes = publication.topic.len().saturating_add(publication.payload.len());
            #[cfg(feature = "mqtt5")]
            let properties = as_recorded(publication.properties);
            #[cfg(feature = "mqtt5")]
            let size_bytes = size_bytes.saturating_add(properties.size_bytes());
            let call = Call::Publish {
                publication: *publication,
                #[cfg(feature = "mqtt5")]
                properties,
            };
            self.record(now, &call, size_bytes);
        }

        #[doc = concat!("[`", stringify!($machine), "::cancel`].")]
        pub fn cancel(&mut self, now: Instant, ticket: Ticket) -> bool {
            self.record(now, &Call::Cancel(ticket), 0);
            let cancelled = self.machine.cancel(now, ticket);
            self.record_result(cancelled, Said::Answered)
        }

        #[doc = concat!("[`", stringify!($machine), "::subscribe`].")]
        ///
        /// # Errors
        /// Those of the machine.
        pub fn subscribe(
            &mut self,
            now: Instant,
            filter: &str,
            qos: QoS,
        ) -> Result<Ticket, SubscribeError> {
            self.record(now, &Call::Subscribe { filter, qos }, filter.len());
            let result = self.machine.subscribe(now, filter, qos);
            self.record_result(result, returned)
        }

        #[doc = concat!("[`", stringify!($machine), "::subscribe_with`].")]
        ///
        /// # Errors
        /// Those of the machine.
        #[cfg(feature = "mqtt5")]
        pub fn subscribe_with(
            &mut self,
            now: Instant,
            filter: &str,
            options: SubscriptionOptions,
            identifier: Option<u32>,
        ) -> Result<Ticket, SubscribeError> {
            let call = Call::SubscribeWith { filter, options, identifier };
            self.record(now, &call, filter.len());
            let result = self.machine.subscribe_with(now, filter, options, identifier);
            self.record_result(result, returned)
        }

        #[doc = concat!("[`", stringify!($machine), "::unsubscribe`].")]
        ///
        /// # Errors
        /// Those of the machine.
        pub fn unsubscribe(
            &mut self,
            now: Instant,
            filter: &str,
        ) -> Result<Ticket, SubscribeError> {
            self.record(now, &Call::Unsubscribe { filter }, filter.len());
            let result = self.machine.unsubscribe(now, filter);
            self.record_result(result, returned)
        }

        #[doc = concat!("[`", stringify!($machine), "::release`].")]
        pub fn release(&mut self, now: Instant, delivery: Delivery) -> bool {
            self.record(now, &Call::Release(delivery), 0);
            let released = self.machine.release(now, delivery);
            self.record_result(released, Said::Answered)
        }

        #[doc = concat!("[`", stringify!($machine), "::hold`].")]
        pub fn hold(&mut self, now: Instant, hold: bool) {
            self.record(now, &Call::Hold(hold), 0);
            self.machine.hold(now, hold);
        }

        #[doc = concat!("[`", stringify!($machine), "::shut_down`].")]
        pub fn shut_down(&mut self, now: Instant) {
            self.record(now, &Call::ShutDown, 0);
            self.machine.shut_down(now);
        }
    };
}

/// Writes `poll`: makes room, has the machine say something, records it.
macro_rules! poll {
    ($machine:ident, $output:ty) => {
        #[doc = concat!("[`", stringify!($machine), "::poll`].")]
        pub fn poll(&mut self) -> $output {
            if K::EXISTS && self.recorder.is_some() {
                self.make_room_to_say(self.machine.output_max_bytes());
            }
            let output = self.machine.poll();
            if K::EXISTS
                && let Some(recorder) = &mut self.recorder
            {
                recorder.said(Self::MACHINE, &output.into());
            }
            output
        }
    };
}

impl<S: Storage, K: Sink> Recorded<Client<S>, K> {
    const MACHINE: super::Machine = super::Machine::Client;

    application!(Client);
    poll!(Client, Output<'_>);

    /// [`Client::into_memory`], after the end of the recording.
    pub fn into_memory(self) -> client::Memory<S> {
        self.into_parts().0.into_memory()
    }

    /// [`Client::handle`].
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        if K::EXISTS && self.recorder.is_some() {
            self.record_input(now, input);
            self.record_taken(input);
        }
        self.machine.handle(now, input);
    }

    fn record_taken(&mut self, input: Input<'_>) {
        if K::EXISTS
            && let (Input::Sent(count), Some(recorder)) = (input, &mut self.recorder)
        {
            let pending = self.machine.pending();
            recorder.took(&pending[..count.min(pending.len())]);
        }
    }

    /// [`Client::probe`].
    pub fn probe(&mut self, now: Instant) -> bool {
        self.record(now, &Call::Probe, 0);
        let asked = self.machine.probe(now);
        self.record_result(asked, Said::Answered)
    }
}

impl<S: Storage, K: Sink> Recorded<Host<S>, K> {
    const MACHINE: super::Machine = super::Machine::BridgeHost;

    application!(Host);
    poll!(Host, host::Output<'_>);

    /// [`Host::ask_time`].
    pub fn ask_time(&mut self, now: Instant, cookie: u64) {
        self.record(now, &Call::AskTime { cookie }, 0);
        self.machine.ask_time(now, cookie);
    }

    /// [`Host::ask_memory`].
    pub fn ask_memory(&mut self, now: Instant) {
        self.record(now, &Call::AskMemory, 0);
        self.machine.ask_memory(now);
    }

    /// [`Host::answer_network`].
    pub fn answer_network(&mut self, now: Instant, answer: NetworkAnswer) {
        self.record(now, &Call::AnswerNetwork(answer), 0);
        self.machine.answer_network(now, answer);
    }

    /// [`Host::handle`].
    pub fn handle(&mut self, now: Instant, input: host::Input<'_>) {
        match input {
            host::Input::Timeout => self.record_input(now, Input::Timeout),
            host::Input::LinkUp { frame_max_bytes } => {
                self.record_link(now, LinkInput::Up { frame_max_bytes });
            }
            host::Input::LinkDown => self.record_link(now, LinkInput::Down),
            host::Input::Frame(frame) => self.record_link(now, LinkInput::Frame(frame)),
            host::Input::Sent(count) => self.record_link(now, LinkInput::FrameSent(count)),
            host::Input::Writable => self.record_link(now, LinkInput::FrameWritable),
            host::Input::Reset(cause) => self.record(now, &Call::Reset(cause), 0),
            host::Input::Unsuited(unsuited) => self.record(now, &Call::Unsuited(unsuited), 0),
        }
        self.machine.handle(now, input);
    }
}

impl<S: Storage, K: Sink> Recorded<Esp<S>, K> {
    const MACHINE: super::Machine = super::Machine::BridgeEsp;

    poll!(Esp, esp::Output<'_>);

    /// [`Esp::handle`].
    pub fn handle(&mut self, now: Instant, input: esp::Input<'_>) {
        match input {
            // The client is told the same.
            esp::Input::Timeout => self.record_input(now, Input::Timeout),
            esp::Input::LinkUp { frame_max_bytes } => {
                self.record_link(now, LinkInput::Up { frame_max_bytes });
            }
            esp::Input::LinkDown => self.record_link(now, LinkInput::Down),
            esp::Input::Frame(frame) => self.record_link(now, LinkInput::Frame(frame)),
            esp::Input::FrameSent(count) => self.record_link(now, LinkInput::FrameSent(count)),
            esp::Input::FrameWritable => self.record_link(now, LinkInput::FrameWritable),
            esp::Input::Datagram(datagram) => {
                self.record(now, &Call::Datagram(datagram), datagram.len());
            }
            esp::Input::Memory { free_bytes, used_bytes } => {
                self.record(now, &Call::Memory { free_bytes, used_bytes }, 0);
            }
            esp::Input::Net(input) => {
                self.record_input(now, input);
                self.record_taken(input);
            }
        }
        self.machine.handle(now, input);
    }

    fn record_taken(&mut self, input: Input<'_>) {
        if K::EXISTS
            && let (Input::Sent(count), Some(recorder), Some(client)) =
                (input, &mut self.recorder, self.machine.client())
        {
            let pending = client.pending();
            recorder.took(&pending[..count.min(pending.len())]);
        }
    }
}

#[expect(private_bounds, reason = "the machines are known")]
impl<M: Subject, K: Sink> Recorded<M, K> {
    fn record_input(&mut self, now: Instant, input: Input<'_>) {
        let size_bytes = if let Input::Received(bytes) = input { bytes.len() } else { 0 };
        self.record(now, &Call::Handle(input), size_bytes);
    }
}

/// Properties with which a publication is refused are recorded as one with which it is: what they
/// say may have no form in a packet.
#[cfg(feature = "mqtt5")]
fn as_recorded<'a>(properties: &'a [Property<'a>]) -> Properties<'a> {
    const REFUSED: [Property<'static>; 1] = [Property::TopicAlias(1)];
    let properties = Properties::of(properties);
    if properties.fit_publish() { properties } else { Properties::of(&REFUSED) }
}
