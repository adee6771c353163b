//! Publications, and what becomes of them.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use fivewire_core::error;
use fivewire_core::event::{AbandonReason, RefusedReason, Ticket};
use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::ReasonCode;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::driver::Control;
use crate::properties::Properties;
use crate::words;

/// A message to be published.
///
/// ```
/// use std::time::Duration;
/// use fivewire_tokio::{Publication, QoS};
/// use tokio::time::Instant;
///
/// let mut door = Publication::new("house/door", "open", QoS::AtLeastOnce);
/// door.deadline = Some(Instant::now() + Duration::from_secs(30));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Publication {
    /// The topic name: 1 to 65,535 bytes, no wildcards, no U+0000.
    pub topic: String,
    /// The application message, any bytes, as many as the outbox holds.
    pub payload: Bytes,
    /// [`QoS::AtMostOnce`] or [`QoS::AtLeastOnce`].
    pub qos: QoS,
    /// The broker keeps it for subscriptions to come.
    pub retain: bool,
    /// When to give it up, whether it waits for room or for its acknowledgement. It then ends as
    /// [`PublishError::Abandoned`].
    pub deadline: Option<Instant>,
    /// What travels with it, default nothing. Needs [`Config::protocol`](crate::Config::protocol) to be
    /// MQTT 5; in 3.1.1 a publication that has some is not queued.
    pub properties: Properties,
}

impl Publication {
    /// A publication that is not retained, has no deadline and no properties.
    #[must_use]
    pub fn new(topic: impl Into<String>, payload: impl Into<Bytes>, qos: QoS) -> Self {
        Self {
            topic: topic.into(),
            payload: payload.into(),
            qos,
            retain: false,
            deadline: None,
            properties: Properties::default(),
        }
    }
}

/// How a publication ended well.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// QoS 1: the broker acknowledged it.
    Acked,
    /// QoS 0: it was handed to the transport. Nobody knows more.
    Sent,
}

/// Why a publication did not end well.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// It was not even queued.
    #[error("not queued: {0}")]
    NotQueued(#[source] error::PublishError),
    /// It was given up. Whether the broker has it is unknown.
    #[error("given up, because {}: whether the broker has it is unknown", words::abandoned(*.0))]
    Abandoned(AbandonReason),
    /// It could not be carried at all.
    #[error("refused: {}", words::refusal(*.0))]
    Refused(RefusedReason),
}

impl PublishError {
    pub(crate) const SHUT_DOWN: Self = Self::NotQueued(error::PublishError::ShutDown);
    pub(crate) const OUTBOX_FULL: Self = Self::NotQueued(error::PublishError::OutboxFull);

    /// The outbox has no room now; later it may.
    #[must_use]
    pub fn is_outbox_full(&self) -> bool {
        *self == Self::OUTBOX_FULL
    }
}

/// How a publication ended, and what the broker said about that.
pub(crate) type Settled = Result<(Outcome, ReasonCode), PublishError>;

/// A publication that is queued. Await it to learn its outcome.
///
/// It is sent whether somebody awaits this or not: dropping it only means that nobody wants to know.
/// [`cancel`](Self::cancel) gives the publication up.
#[derive(Debug)]
#[must_use = "it is published all the same, but nobody learns its outcome"]
pub struct Publish {
    pub(crate) ticket: Ticket,
    pub(crate) outcome: oneshot::Receiver<Settled>,
    pub(crate) control: mpsc::WeakUnboundedSender<Control>,
}

impl Publish {
    /// Gives the publication up. It then ends as [`AbandonReason::Cancelled`], unless its outcome is
    /// known already. One that is under way may reach the broker all the same.
    pub fn cancel(&self) {
        if let Some(control) = self.control.upgrade() {
            // A client that is gone has given it up already.
            let _ = control.send(Control::Cancel(self.ticket));
        }
    }

    /// Like awaiting it, with what the broker said in its acknowledgement (MQTT 5 §3.4.2.1):
    /// [`ReasonCode::NoMatchingSubscribers`] where it took the message and nobody has subscribed to it,
    /// which brokers may tell. [`ReasonCode::Success`] without more to say: with QoS 0 and in MQTT 3.1.1,
    /// too.
    ///
    /// # Errors
    /// Why it was given up; [`PublishError::Refused`] names the broker's reason.
    pub async fn with_reason(mut self) -> Result<(Outcome, ReasonCode), PublishError> {
        std::future::poll_fn(|context| self.poll_settled(context)).await
    }

    fn poll_settled(&mut self, context: &mut Context<'_>) -> Poll<Settled> {
        // The sender only goes away where the runtime ends with the client in it.
        let lost = Err(PublishError::Abandoned(AbandonReason::ShutDown));
        Pin::new(&mut self.outcome).poll(context).map(|outcome| outcome.unwrap_or(lost))
    }
}

impl Future for Publish {
    type Output = Result<Outcome, PublishError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_settled(context).map(|settled| settled.map(|(outcome, _)| outcome))
    }
}
