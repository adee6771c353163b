//! Subscriptions: streams of the messages that match a topic filter.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use fivewire_core::error;
use fivewire_core::event::Delivery;
use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::ReasonCode;
use futures_core::Stream;
use tokio::sync::{Notify, mpsc};

use crate::client::Client;
use crate::driver::Control;
use crate::planted::Bug;
use crate::properties::Properties;
use crate::words;

/// A message that the broker delivered.
#[derive(Debug)]
#[non_exhaustive]
pub struct Message {
    /// The topic name.
    pub topic: Arc<str>,
    /// The application message.
    pub payload: Bytes,
    /// The quality of service it was delivered with.
    pub qos: QoS,
    /// True only for a message that the broker kept and sends because of a new subscription; with
    /// [`retain_as_published`](crate::SubscriptionOptions::retain_as_published), as it was published.
    pub retain: bool,
    /// The broker may have sent it before.
    pub dup: bool,
    /// What travelled with it; nothing in MQTT 3.1.1.
    pub properties: Properties,
    /// The identifiers of the subscriptions that the broker sends it for (MQTT 5 §3.3.2.3.8), as
    /// [`Client::subscribe_with`] named them; none where they have none.
    pub subscription_identifiers: Vec<u32>,
    pub(crate) acknowledge: Option<Acknowledge>,
}

impl Message {
    /// The application owns the message: it may be acknowledged to the broker. Needed with
    /// [`Release::Explicit`](crate::Release::Explicit) and QoS 1, without effect otherwise.
    ///
    /// If the connection it came on is gone, the broker delivers it again.
    pub fn release(&mut self) {
        if let Some(acknowledge) = self.acknowledge.take() {
            acknowledge.release();
        }
    }

    /// Takes out what [`release`](Self::release) would do, to be done elsewhere and later. `None`
    /// where there is nothing to release.
    pub const fn take_acknowledge(&mut self) -> Option<Acknowledge> {
        self.acknowledge.take()
    }
}

/// The duty to release a message with [`Release::Explicit`](crate::Release::Explicit).
///
/// Dropping it does not release: the broker delivers the message again on the next connection. Until
/// then it counts against `receive_maximum`.
#[derive(Debug)]
#[must_use = "dropping it does not release the message"]
pub struct Acknowledge {
    pub(crate) delivery: Delivery,
    /// Subscriptions that got the message and have not released it: the last one counts.
    pub(crate) unreleased: Arc<AtomicUsize>,
    pub(crate) control: mpsc::WeakUnboundedSender<Control>,
}

impl Acknowledge {
    /// The application owns the message.
    pub fn release(self) {
        let last = self.unreleased.fetch_sub(1, Ordering::AcqRel) == 1;
        if last && let Some(control) = self.control.upgrade() {
            // A client that is gone acknowledges nothing: the broker delivers it again.
            let _ = control.send(Control::Release(self.delivery));
        }
    }
}

/// The messages that match one topic filter, as a [`Stream`].
///
/// Each message goes to every subscription whose filter matches. The queue is bounded
/// ([`Config::queue_messages`](crate::Config::queue_messages)): while one is full, the client takes no
/// message off the connection, so read all of your subscriptions.
///
/// It ends (`None`) after [`Client::unsubscribe`], after [`Client::shutdown`] and where the broker
/// refuses to renew it, once the queue is empty. It keeps the client alive. Dropping it does not
/// unsubscribe: a session that lasts goes on collecting messages for the next run of the program. What
/// other subscriptions do not match is then counted as [`unclaimed`](crate::Status::unclaimed), so
/// unsubscribe from what is not wanted any more.
#[derive(Debug)]
#[must_use = "messages queue up until somebody reads them"]
pub struct Subscription {
    filter: String,
    granted: QoS,
    messages: mpsc::Receiver<Message>,
    room: Arc<Notify>,
    client: Client,
}

impl Subscription {
    pub(crate) const fn new(
        filter: String,
        granted: QoS,
        messages: mpsc::Receiver<Message>,
        room: Arc<Notify>,
        client: Client,
    ) -> Self {
        Self { filter, granted, messages, room, client }
    }

    /// The next message; `None` at the end. Cancel-safe: a dropped future takes no message with it.
    pub async fn recv(&mut self) -> Option<Message> {
        std::future::poll_fn(|context| self.poll_recv(context)).await
    }

    fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Option<Message>> {
        let polled = self.messages.poll_recv(context);
        // This was the first one out of a full queue, for which the client holds the rest.
        let is_silent = self.client.planted.has(Bug::RoomUntold);
        if matches!(polled, Poll::Ready(Some(_))) && self.messages.capacity() <= 1 && !is_silent {
            self.room.notify_one();
        }
        polled
    }

    /// The topic filter.
    #[must_use]
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// The quality of service that the broker granted, which may be less than asked for.
    #[must_use]
    pub const fn granted(&self) -> QoS {
        self.granted
    }

    /// The client it belongs to.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }
}

impl Stream for Subscription {
    type Item = Message;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Message>> {
        self.get_mut().poll_recv(context)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.messages.close();
        self.room.notify_one();
    }
}

/// Why there is no subscription, or why it was not ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The broker was not even asked.
    #[error("not asked for: {0}")]
    NotQueued(#[source] error::SubscribeError),
    /// The broker refused the subscription [MQTT-3.9.3-2].
    #[error("the broker refused the subscription")]
    Refused,
    /// The broker refused the subscription or its end (MQTT 5 §3.9.3, §3.11.3), or said before that it has
    /// no such thing: it is then not asked. A subscription whose end it refused has ended for this client
    /// all the same. [`ReasonCode::retry`] tells what the reason means for asking again.
    #[error("the broker refuses: {}", words::name(.0))]
    RefusedWith(ReasonCode),
    /// Before the broker answered, the program asked for the opposite for the same filter.
    #[error("overtaken by a later call for the same filter")]
    Superseded,
}

impl SubscribeError {
    pub(crate) const SHUT_DOWN: Self = Self::NotQueued(error::SubscribeError::ShutDown);
}
