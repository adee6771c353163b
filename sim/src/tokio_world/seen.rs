//! What happens inside the hosts, kept until the director shows it to those who watch.
//!
//! A host's task outlives every borrow, so it cannot call an observer; it leaves a note. Notes are
//! shown after each tick, in the order in which they were left.

use fivewire_core::error::PublishError;
use fivewire_core::event::{self, Counters, Delivery, Event};
use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5;
use fivewire_tokio::Properties;

use super::travelling;
use crate::fault::Fault;
use crate::observation::{ConnectionId, Observation};

/// One thing that happened, with whatever it says.
#[derive(Clone, Debug)]
pub(super) enum Seen {
    /// Something that lends nothing.
    Plain(Observation<'static>),
    /// Bytes on a connection.
    Bytes(Stream, ConnectionId, Vec<u8>),
    /// A message somewhere on its way.
    Message(Stage, Message),
    /// The application asked for a subscription.
    SubscribeAsked { ticket: u32, filter: String, qos: QoS },
    /// It asked for the end of one.
    UnsubscribeAsked { ticket: u32, filter: String },
    /// It looked at what the client says of itself.
    SaidOfItself { unacknowledged: usize, counters: Counters },
    /// The client refused a publication.
    PublishRefused { topic: String, error: PublishError },
    /// A message for the device waited at the broker for too long.
    MessageExpired { topic: String, payload: Vec<u8> },
    /// A fault of the schedule began.
    FaultBegan { index: usize, fault: Fault },
}

/// Which way bytes go, and where they were seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stream {
    ToBroker,
    FromBroker,
    ToDevice,
}

/// How far a message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    Published { ticket: u32 },
    Told { delivery: Option<Delivery>, dup: bool },
    WitnessPublished,
    WitnessReceived,
}

/// A message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Message {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
    pub(super) qos: QoS,
    pub(super) retain: bool,
    /// What travels with it; nothing in MQTT 3.1.1.
    pub(super) properties: Properties,
}

impl Seen {
    /// The device told its application something that lends nothing.
    pub(super) const fn told(event: Event<'static>) -> Self {
        Self::Plain(Observation::Told(event))
    }

    /// Shows it as those who watch want it.
    pub(super) fn show(&self, show: impl FnOnce(&Observation<'_>)) {
        match self {
            Self::Message(_, message) => {
                travelling::lend(&message.properties, |lent| show(&self.observation(lent)));
            }
            _ => show(&self.observation(v5::Properties::NONE)),
        }
    }

    /// A message has these properties, which it cannot lend itself.
    fn observation<'a>(&'a self, properties: v5::Properties<'a>) -> Observation<'a> {
        match self {
            Self::Plain(observation) => *observation,
            Self::Bytes(stream, connection, bytes) => {
                let connection = *connection;
                match stream {
                    Stream::ToBroker => Observation::ToBroker { connection, bytes },
                    Stream::FromBroker => Observation::FromBroker { connection, bytes },
                    Stream::ToDevice => Observation::ToDevice { connection, bytes },
                }
            }
            Self::Message(stage, message) => message.at(*stage, properties),
            Self::SubscribeAsked { ticket, filter, qos } => {
                Observation::SubscribeAsked { ticket: *ticket, filter, qos: *qos }
            }
            Self::UnsubscribeAsked { ticket, filter } => {
                Observation::UnsubscribeAsked { ticket: *ticket, filter }
            }
            Self::SaidOfItself { unacknowledged, counters } => {
                Observation::SaidOfItself { unacknowledged: *unacknowledged, counters }
            }
            Self::PublishRefused { topic, error } => {
                Observation::PublishRefused { topic, error: *error }
            }
            Self::MessageExpired { topic, payload } => {
                Observation::MessageExpired { topic, payload }
            }
            Self::FaultBegan { index, fault } => Observation::FaultBegan { index: *index, fault },
        }
    }
}

impl Message {
    fn at<'a>(&'a self, stage: Stage, properties: v5::Properties<'a>) -> Observation<'a> {
        let Self { topic, payload, qos, retain, .. } = self;
        let (qos, retain) = (*qos, *retain);
        match stage {
            Stage::Published { ticket } => {
                Observation::Published { ticket, topic, payload, qos, retain, properties }
            }
            Stage::Told { delivery, dup } => {
                let message =
                    event::Message { delivery, topic, payload, qos, retain, dup, properties };
                Observation::Told(Event::Message(message))
            }
            Stage::WitnessPublished => {
                Observation::WitnessPublished { topic, payload, qos, properties }
            }
            Stage::WitnessReceived => Observation::WitnessReceived { topic, payload, qos, retain },
        }
    }
}
