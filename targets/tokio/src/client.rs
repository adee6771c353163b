//! The handle that a program holds.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use bytes::Bytes;
use fivewire_core::client::State;
use fivewire_core::error::ConfigError;
use fivewire_core::event::AbandonReason;
use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::SubscriptionOptions;
use fivewire_core::recorder::Recorded;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};

use crate::config::Config;
use crate::connect::{AddressError, Connect, Tcp};
use crate::driver::{Control, Driver, Offer, Wanted};
use crate::event::{Events, Listener, Standing, Status};
use crate::planted::Planted;
use crate::publication::{Outcome, Publication, Publish, PublishError};
use crate::said::BrokerSaid;
use crate::subscription::{SubscribeError, Subscription};

/// Publications on their way to the driver. It takes them one by one while the outbox has room, so
/// this only saves wake-ups.
const OFFERS: usize = 64;

const RECORDING_TAKEN: ConfigError = ConfigError::Contradiction {
    explanation: "the recording is that of another client: give each client one of its own",
};

/// An MQTT client that connects, stays connected and comes back by itself.
///
/// It is a handle: clones talk to the same client, and the connection lives in a task of its own.
/// When the last clone and the last [`Subscription`] are dropped, the client shuts down as with
/// [`shutdown`](Self::shutdown), except that nobody waits for it.
#[derive(Clone, Debug)]
pub struct Client {
    control: mpsc::UnboundedSender<Control>,
    offers: mpsc::Sender<Offer>,
    standing: watch::Receiver<Standing>,
    room: Arc<Notify>,
    pub(crate) planted: Planted,
}

impl Client {
    /// Begins to connect to [`Config::broker`] over TCP, and never stops trying. Returns at once;
    /// publications and subscriptions wait until there is a connection.
    ///
    /// # Errors
    /// The configuration cannot work. Nothing was started.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn connect(config: Config) -> Result<Self, ConnectError> {
        let tcp = Tcp::new(&config.broker)?;
        Ok(Self::connect_with(config, tcp)?)
    }

    /// Like [`connect`](Self::connect), over whatever `connector` opens.
    ///
    /// # Errors
    /// The configuration cannot work. Nothing was started.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn connect_with<C: Connect>(config: Config, connector: C) -> Result<Self, ConfigError> {
        Self::start(config, connector, None)
    }

    /// The same with somebody who hears everything from the beginning on.
    pub(crate) fn start<C: Connect>(
        config: Config,
        connector: C,
        listener: Option<Listener>,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        // Two clients that keep step after an outage are what this is to avoid, nothing secret.
        let seed = config.seed.unwrap_or_else(|| RandomState::new().hash_one(0));
        let core = config
            .with_core(|core| fivewire_core::client::Client::new(core, config.memory(), seed))?;
        let recorder = match &config.recording {
            Some(recording) => Some(recording.recorder().ok_or(RECORDING_TAKEN)?),
            None => None,
        };
        let core = Recorded::new(core, recorder);
        let (control, controls) = mpsc::unbounded_channel();
        if let Some(listener) = listener {
            // There is a receiver: `controls`.
            let _ = control.send(Control::Listen(listener));
        }
        let (offer, offers) = mpsc::channel(OFFERS);
        let room = Arc::new(Notify::new());
        let weak = control.downgrade();
        let (driver, standing) =
            Driver::new(core, &config, controls, offers, weak, Arc::clone(&room));
        tokio::spawn(driver.run(connector));
        Ok(Self { control, offers: offer, standing, room, planted: config.planted })
    }

    /// Publishes a message, and returns its outcome: with QoS 1 once the broker acknowledged it, with
    /// QoS 0 once it was handed to the transport. Waits as long as that takes, for a connection and
    /// for room in the outbox too; publishers that wait are served in turn.
    ///
    /// Dropping the future before the message is queued un-publishes it; afterwards it is published
    /// all the same.
    ///
    /// # Errors
    /// Why it was not queued or was given up.
    pub async fn publish(
        &self,
        topic: impl Into<String>,
        payload: impl Into<Bytes>,
        qos: QoS,
        retain: bool,
    ) -> Result<Outcome, PublishError> {
        let publication = Publication { retain, ..Publication::new(topic, payload, qos) };
        self.enqueue(publication).await?.await
    }

    /// Like [`publish`](Self::publish), but gives up at `deadline`.
    ///
    /// # Errors
    /// Why it was not queued or was given up; [`AbandonReason::Expired`] at the deadline.
    pub async fn publish_with_deadline(
        &self,
        topic: impl Into<String>,
        payload: impl Into<Bytes>,
        qos: QoS,
        retain: bool,
        deadline: Instant,
    ) -> Result<Outcome, PublishError> {
        let deadline = Some(deadline);
        let publication = Publication { retain, deadline, ..Publication::new(topic, payload, qos) };
        self.enqueue(publication).await?.await
    }

    /// Queues a publication and returns without waiting for its outcome, so that many can be under
    /// way at once. Waits while the outbox is full; publishers that wait are served in turn.
    ///
    /// Cancel-safe: a publication whose future is dropped before it returned is not published.
    ///
    /// # Errors
    /// Why it was not queued.
    pub async fn enqueue(&self, publication: Publication) -> Result<Publish, PublishError> {
        let deadline = publication.deadline;
        let (reply, accepted) = oneshot::channel();
        let queued = async {
            let offer = Offer { publication, reply };
            self.offers.send(offer).await.map_err(|_| PublishError::SHUT_DOWN)?;
            accepted.await.unwrap_or(Err(PublishError::SHUT_DOWN))
        };
        match deadline {
            Some(at) => timeout_at(at, queued)
                .await
                .unwrap_or(Err(PublishError::Abandoned(AbandonReason::Expired))),
            None => queued.await,
        }
    }

    /// Queues a publication if there is room and nobody waits for it, and never waits for room
    /// itself. Cancel-safe, as [`enqueue`](Self::enqueue) is.
    ///
    /// # Errors
    /// Why it was not queued; see [`PublishError::is_outbox_full`].
    pub async fn try_publish(
        &self,
        topic: impl Into<String>,
        payload: impl Into<Bytes>,
        qos: QoS,
        retain: bool,
    ) -> Result<Publish, PublishError> {
        self.try_enqueue(Publication { retain, ..Publication::new(topic, payload, qos) }).await
    }

    /// Like [`try_publish`](Self::try_publish), with all that a publication may have.
    ///
    /// # Errors
    /// Why it was not queued; see [`PublishError::is_outbox_full`].
    pub async fn try_enqueue(&self, publication: Publication) -> Result<Publish, PublishError> {
        let (reply, accepted) = oneshot::channel();
        self.order(Control::TryPublish(Offer { publication, reply }));
        accepted.await.unwrap_or(Err(PublishError::SHUT_DOWN))
    }

    /// Asks for the messages that match `filter`, on this connection and on all to come, and waits
    /// until the broker granted it. QoS 2 is asked for as QoS 1.
    ///
    /// Asking for a filter once more gives a second stream of it, and makes the broker send its
    /// retained messages again, to both. If the future is dropped, the broker may be asked all the
    /// same.
    ///
    /// # Errors
    /// Why the broker was not asked, or that it refused.
    pub async fn subscribe(
        &self,
        filter: impl Into<String>,
        qos: QoS,
    ) -> Result<Subscription, SubscribeError> {
        self.ask_for(filter.into(), Wanted::Plain(qos)).await
    }

    /// Like [`subscribe`](Self::subscribe), with what MQTT 5 adds (§3.8.3.1): not to get what this client
    /// publishes itself, to get the RETAIN flag as it was published, whether to get retained messages; and
    /// with an identifier, 1 to 268,435,455, which comes back with each message (§3.8.2.1.2,
    /// [`Message::subscription_identifiers`](crate::Message::subscription_identifiers)). They are kept at
    /// each renewal.
    ///
    /// They are the broker's to keep: a message that it delivers, for whichever filter, goes to every
    /// subscription of this client that matches. Asking for a filter once more with this
    /// call replaces its options and identifier for all of its streams; [`subscribe`](Self::subscribe) keeps
    /// them.
    ///
    /// ```
    /// use fivewire_tokio::{Client, QoS, SubscribeError, Subscription, SubscriptionOptions};
    ///
    /// async fn others(client: &Client) -> Result<Subscription, SubscribeError> {
    ///     let no_local = true;
    ///     let options = SubscriptionOptions { no_local, ..SubscriptionOptions::new(QoS::AtLeastOnce) };
    ///     client.subscribe_with("chat/#", options, Some(7)).await
    /// }
    /// ```
    ///
    /// # Errors
    /// Why the broker was not asked, or that it refused:
    /// [`NeedsMqtt5`](crate::error::SubscribeError::NeedsMqtt5) where the client speaks 3.1.1;
    /// [`Options`](crate::error::SubscribeError::Options) where the identifier is out of its range or a
    /// shared subscription is not to get the client's own messages [MQTT5-3.8.3-4].
    pub async fn subscribe_with(
        &self,
        filter: impl Into<String>,
        options: SubscriptionOptions,
        identifier: Option<u32>,
    ) -> Result<Subscription, SubscribeError> {
        self.ask_for(filter.into(), Wanted::With(options, identifier)).await
    }

    async fn ask_for(
        &self,
        filter: String,
        wanted: Wanted,
    ) -> Result<Subscription, SubscribeError> {
        let (reply, granted) = oneshot::channel();
        self.order(Control::Subscribe { filter: filter.clone(), wanted, reply });
        let (granted, messages) = granted.await.unwrap_or(Err(SubscribeError::SHUT_DOWN))?;
        Ok(Subscription::new(filter, granted, messages, Arc::clone(&self.room), self.clone()))
    }

    /// Ends all subscriptions to `filter`, letter by letter, and waits until the broker confirmed it.
    /// Their streams end.
    ///
    /// # Errors
    /// Why the broker was not asked, or that it refused (MQTT 5).
    pub async fn unsubscribe(&self, filter: impl Into<String>) -> Result<(), SubscribeError> {
        let (reply, ended) = oneshot::channel();
        self.order(Control::Unsubscribe { filter: filter.into(), reply });
        ended.await.unwrap_or(Err(SubscribeError::SHUT_DOWN))
    }

    /// Hands out messages from now on; for clients that were started [`paused`](Config::paused).
    pub fn resume(&self) {
        self.order(Control::Resume);
    }

    /// What happens to the connection from now on.
    #[must_use]
    pub fn events(&self) -> Events {
        let (listener, events) = Listener::new();
        self.order(Control::Listen(listener));
        events
    }

    /// Where the client stands, and what it counts.
    #[must_use]
    pub fn status(&self) -> Status {
        self.standing.borrow().status
    }

    /// What the broker said of itself as it accepted this connection (MQTT 5 §3.2.2.3): its limits and the
    /// like, and the client identifier that it assigned, at this connection or at an earlier one of this
    /// run. `None` without a connection and in MQTT 3.1.1.
    #[must_use]
    pub fn broker_said(&self) -> Option<Arc<BrokerSaid>> {
        self.standing.borrow().broker.clone()
    }

    /// Waits until the client is connected. False if it was shut down instead. Cancel-safe.
    pub async fn connected(&self) -> bool {
        let mut standing = self.standing.clone();
        let settled = |standing: &Standing| {
            matches!(standing.status.state, State::Connected | State::Stopped)
        };
        let seen = standing.wait_for(settled).await;
        seen.is_ok_and(|standing| standing.status.state == State::Connected)
    }

    /// Disconnects on purpose, and waits until it is done: DISCONNECT was flushed, so the broker tells
    /// no will; what is not acknowledged ended as [`AbandonReason::ShutDown`]; the socket is closed
    /// and the task has ended. To lose nothing, await your publications first.
    ///
    /// Takes at most `response_timeout_ms` and a second. Dropping the future does not stop it.
    pub async fn shutdown(&self) {
        self.order(Control::ShutDown);
        self.control.closed().await;
    }

    pub(crate) fn order(&self, control: Control) {
        // A client that is gone drops the order, and with it the sender of its reply.
        let _ = self.control.send(control);
    }
}

/// A configuration that cannot work. Nothing was started.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// A setting is out of its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address of the broker is none.
    #[error(transparent)]
    Address(#[from] AddressError),
}
