//! What the handles ask of the driver.

use fivewire_core::event::{Delivery, Ticket};
use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::SubscriptionOptions;
use tokio::sync::{mpsc, oneshot};

use crate::event::Listener;
use crate::publication::{Publication, Publish, PublishError};
use crate::subscription::{Message, SubscribeError};

/// A publication that wants to be queued.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) publication: Publication,
    pub(crate) reply: oneshot::Sender<Result<Publish, PublishError>>,
}

/// What a subscription is to be like.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// In either version of MQTT.
    Plain(QoS),
    /// With an identifier, if there is one; in MQTT 5 only.
    With(SubscriptionOptions, Option<u32>),
}

/// What the broker granted, and where the messages come out.
pub(crate) type Granted = Result<(QoS, mpsc::Receiver<Message>), SubscribeError>;

/// Everything but offers: done in order, and never waits.
#[derive(Debug)]
pub(crate) enum Control {
    /// Queue it, or reply at once that there is no room.
    TryPublish(Offer),
    /// Give the publication up.
    Cancel(Ticket),
    /// The application owns the message.
    Release(Delivery),
    /// Ask for messages.
    Subscribe { filter: String, wanted: Wanted, reply: oneshot::Sender<Granted> },
    /// Ask for no more messages.
    Unsubscribe { filter: String, reply: oneshot::Sender<Result<(), SubscribeError>> },
    /// Reply once the broker has shown that it lives, or that there is no connection.
    Probe(oneshot::Sender<bool>),
    /// Tell what happens to the connection.
    Listen(Listener),
    /// Hand out messages.
    Resume,
    /// Disconnect on purpose.
    ShutDown,
}
