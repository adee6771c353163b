//! A client whose calls are recorded.

use core::ops::Deref;

use super::call::Call;
use super::format::{OVERHEAD_BYTES, SMALL_BYTES};
use super::{Recorder, Sink};
use crate::client::{Client, Input, Memory, Output, Publication};
use crate::error::{PublishError, SubscribeError};
use crate::event::{Delivery, Ticket};
use crate::mqtt::QoS;
use crate::storage::Storage;
use crate::time::Instant;

/// A client with a [`Recorder`], or without one: then it costs a look at an `Option` a call.
///
/// It has the client's methods, each documented there. Those that change nothing are reached through
/// `Deref`.
pub struct Recorded<S, K> {
    client: Client<S>,
    recorder: Option<Recorder<K>>,
}

impl<S, K> Deref for Recorded<S, K> {
    type Target = Client<S>;

    fn deref(&self) -> &Client<S> {
        &self.client
    }
}

impl<S: Storage, K: Sink> Recorded<S, K> {
    /// Records what is done with `client` from here on.
    pub fn new(client: Client<S>, mut recorder: Option<Recorder<K>>) -> Self {
        if let Some(recorder) = &mut recorder {
            recorder.forget_machine();
        }
        Self { client, recorder }
    }

    /// The recorder, for example to drain its sink.
    pub const fn recorder_mut(&mut self) -> Option<&mut Recorder<K>> {
        self.recorder.as_mut()
    }

    /// Ends the recording, and gives the client and the recorder back.
    pub fn into_parts(mut self) -> (Client<S>, Option<Recorder<K>>) {
        if let Some(recorder) = &mut self.recorder {
            recorder.finish();
        }
        (self.client, self.recorder)
    }

    /// [`Client::into_memory`], after the end of the recording.
    pub fn into_memory(self) -> Memory<S> {
        self.into_parts().0.into_memory()
    }

    /// [`Client::start`].
    pub fn start(&mut self, now: Instant) {
        self.record(now, &Call::Start, 0);
        self.client.start(now);
    }

    /// [`Client::handle`].
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        if self.recorder.is_some() {
            self.record_input(now, input);
        }
        self.client.handle(now, input);
    }

    fn record_input(&mut self, now: Instant, input: Input<'_>) {
        let size_bytes = if let Input::Received(bytes) = input { bytes.len() } else { 0 };
        self.record(now, &Call::Handle(input), size_bytes);
        if let (Input::Sent(count), Some(recorder)) = (input, &mut self.recorder) {
            let pending = self.client.pending();
            recorder.took(&pending[..count.min(pending.len())]);
        }
    }

    /// [`Client::poll`].
    pub fn poll(&mut self) -> Output<'_> {
        if let Some(recorder) = &mut self.recorder {
            let size_bytes = self.client.output_max_bytes();
            recorder.make_room(&mut self.client, size_bytes.saturating_add(OVERHEAD_BYTES));
        }
        let output = self.client.poll();
        if let Some(recorder) = &mut self.recorder {
            recorder.said(&output);
        }
        output
    }

    /// [`Client::publish`].
    ///
    /// # Errors
    /// Those of the client.
    pub fn publish(
        &mut self,
        now: Instant,
        publication: &Publication<'_>,
    ) -> Result<Ticket, PublishError> {
        let size_bytes = publication.topic.len().saturating_add(publication.payload.len());
        self.record(now, &Call::Publish(*publication), size_bytes);
        let result = self.client.publish(now, publication);
        if let Some(recorder) = &mut self.recorder {
            recorder.returned(&result);
        }
        result
    }

    /// [`Client::cancel`].
    pub fn cancel(&mut self, now: Instant, ticket: Ticket) -> bool {
        self.record(now, &Call::Cancel(ticket), 0);
        let cancelled = self.client.cancel(now, ticket);
        self.record_answer(cancelled)
    }

    /// [`Client::subscribe`].
    ///
    /// # Errors
    /// Those of the client.
    pub fn subscribe(
        &mut self,
        now: Instant,
        filter: &str,
        qos: QoS,
    ) -> Result<Ticket, SubscribeError> {
        self.record(now, &Call::Subscribe { filter, qos }, filter.len());
        let result = self.client.subscribe(now, filter, qos);
        if let Some(recorder) = &mut self.recorder {
            recorder.returned(&result);
        }
        result
    }

    /// [`Client::unsubscribe`].
    ///
    /// # Errors
    /// Those of the client.
    pub fn unsubscribe(&mut self, now: Instant, filter: &str) -> Result<Ticket, SubscribeError> {
        self.record(now, &Call::Unsubscribe { filter }, filter.len());
        let result = self.client.unsubscribe(now, filter);
        if let Some(recorder) = &mut self.recorder {
            recorder.returned(&result);
        }
        result
    }

    /// [`Client::release`].
    pub fn release(&mut self, now: Instant, delivery: Delivery) -> bool {
        self.record(now, &Call::Release(delivery), 0);
        let released = self.client.release(now, delivery);
        self.record_answer(released)
    }

    /// [`Client::hold`].
    pub fn hold(&mut self, now: Instant, hold: bool) {
        self.record(now, &Call::Hold(hold), 0);
        self.client.hold(now, hold);
    }

    /// [`Client::shut_down`].
    pub fn shut_down(&mut self, now: Instant) {
        self.record(now, &Call::ShutDown, 0);
        self.client.shut_down(now);
    }

    fn record(&mut self, now: Instant, call: &Call<'_>, size_bytes: usize) {
        if let Some(recorder) = &mut self.recorder {
            recorder.make_room(&mut self.client, size_bytes.saturating_add(SMALL_BYTES));
            recorder.call(now, call, self.client.state());
        }
    }

    fn record_answer(&mut self, yes: bool) -> bool {
        if let Some(recorder) = &mut self.recorder {
            recorder.answered(yes);
        }
        yes
    }
}
