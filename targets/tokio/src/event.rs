//! What happens to the connection, for programs that want to show it.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use fivewire_core::client::State;
use fivewire_core::event::{Counters, DownReason};
use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::ReasonCode;
use futures_core::Stream;
use tokio::sync::mpsc;

use crate::said::BrokerSaid;

/// Events that wait for a slow listener.
const QUEUE_EVENTS: usize = 64;

/// What happened to the connection. A program needs to react to none of it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The broker accepted the connection; publications and subscriptions flow.
    Connected {
        /// The broker still had the session of this client identifier.
        session_present: bool,
    },
    /// The connection is gone. The client is already on its way to the next one.
    Disconnected {
        /// Why.
        reason: DownReason,
    },
    /// The broker forgot the session that an earlier run had left (`clean_init`); the connection
    /// that lasts comes next.
    CleanSlate,
    /// What the broker said besides in its CONNACK or DISCONNECT (MQTT 5), if it said anything. What
    /// that leads to is told next: `Connected`, `CleanSlate`, `AttemptFailed` or `Disconnected`, the last
    /// two with the reason code in their reason. [`Client::broker_said`](crate::Client::broker_said)
    /// keeps what it said as it accepted the connection.
    BrokerSaid(Arc<BrokerSaid>),
    /// What the broker said about a subscription or the end of one, where it is more than success (MQTT 5
    /// §3.9.3, §3.11.3). A refusal ends the subscription's streams; it may come when the subscription is
    /// renewed, too.
    Reason {
        /// The topic filter.
        filter: Arc<str>,
        /// What it said; [`ReasonCode::retry`] tells what that means for asking again.
        reason_code: ReasonCode,
    },
    /// An attempt to connect failed. The client is already on its way to the next one.
    AttemptFailed {
        /// Why.
        reason: DownReason,
        /// What the operating system or TLS said, if that is why.
        error: Option<OpenError>,
    },
    /// A message did not fit into the receive buffer. A QoS 1 message was acknowledged, because the
    /// broker would send it again for ever.
    MessageTooLarge {
        /// Its quality of service.
        qos: QoS,
        /// The size of its packet.
        size_bytes: usize,
    },
    /// A message matched no [`Subscription`](crate::Subscription) that is still read. It is
    /// acknowledged and gone.
    Unclaimed {
        /// Its topic name.
        topic: Arc<str>,
        /// Its quality of service.
        qos: QoS,
    },
    /// The client was shut down. No event follows.
    Stopped,
}

/// What the operating system or TLS said about a connection. Two are equal if they say the same.
#[derive(Clone, Debug)]
pub struct OpenError(Arc<io::Error>);

impl OpenError {
    pub(crate) fn new(error: io::Error) -> Self {
        #[cfg(feature = "tls")]
        let error = match crate::tls::HandshakeError::of(&error) {
            Some(clear) => io::Error::new(error.kind(), clear),
            None => error,
        };
        Self(Arc::new(error))
    }

    /// The error itself, with what the [`Connect`](crate::Connect) put into it.
    #[must_use]
    pub fn io(&self) -> &io::Error {
        &self.0
    }

    /// What went wrong with TLS, if it is that.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(&self) -> Option<&crate::tls::HandshakeError> {
        self.0.get_ref()?.downcast_ref()
    }
}

impl PartialEq for OpenError {
    fn eq(&self, other: &Self) -> bool {
        self.0.kind() == other.0.kind() && self.0.to_string() == other.0.to_string()
    }
}

impl Eq for OpenError {}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// Where the client stands, and what was dropped, repeated or given up so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Status {
    /// Where it stands.
    pub state: State,
    /// What it counts.
    pub counters: Counters,
    /// QoS 1 publications without an outcome.
    pub unacknowledged: usize,
    /// Messages that matched no [`Subscription`](crate::Subscription) that is still read.
    pub unclaimed: u64,
}

/// The same, and what the broker said of itself as it accepted the connection (MQTT 5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Standing {
    pub(crate) status: Status,
    pub(crate) broker: Option<Arc<BrokerSaid>>,
}

/// The events of a client, as a [`Stream`]. It ends after [`Event::Stopped`].
///
/// Nothing waits for a listener: one that falls behind by more than 64 events misses some, and
/// [`missed`](Self::missed) counts them.
#[derive(Debug)]
pub struct Events {
    events: mpsc::Receiver<Event>,
    missed: Arc<AtomicU64>,
}

impl Events {
    /// The next event; `None` at the end. Cancel-safe.
    pub async fn recv(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// How many events this listener missed so far because it was slow.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.events.poll_recv(context)
    }
}

/// The client's end of [`Events`].
#[derive(Debug)]
pub(crate) struct Listener {
    events: mpsc::Sender<Event>,
    missed: Arc<AtomicU64>,
}

impl Listener {
    pub(crate) fn new() -> (Self, Events) {
        let (sender, receiver) = mpsc::channel(QUEUE_EVENTS);
        let missed = Arc::new(AtomicU64::new(0));
        (Self { events: sender, missed: Arc::clone(&missed) }, Events { events: receiver, missed })
    }

    /// Tells the listener. False if it is gone.
    pub(crate) fn tell(&self, event: &Event) -> bool {
        match self.events.try_send(event.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.missed.fetch_add(1, Ordering::Relaxed);
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }
}
