//! What every machine tells the application, and the handles it does so with.

use core::fmt;
use core::num::NonZeroU32;

use crate::bridge::Lan;
use crate::link::Peer;
#[cfg(feature = "mqtt5")]
use crate::mqtt::v5::{Properties, ReasonCode};
use crate::mqtt::{Breach, ConnectReturnCode, QoS};
use crate::sntp::Stamp;

/// Names a publication, a subscription or the end of one until its outcome is told.
///
/// A machine never gives the same ticket twice, with one exception: who asks again for a topic
/// filter that still waits for its answer shares the ticket of that answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(NonZeroU32);

impl Ticket {
    /// The first ticket of a machine.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// The ticket with this number, `None` for 0.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Its number, counted from 1.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Names a QoS 1 message that was handed out and is not yet acknowledged to the broker.
///
/// It loses its meaning with the connection: the broker then delivers the message again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Delivery(NonZeroU32);

impl Delivery {
    /// The first delivery of a machine.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// The delivery with this number, `None` for 0.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Its number, counted from 1.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

/// A message that the broker delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Message<'a> {
    /// To be passed to `release` once the application owns the message. `None` for QoS 0, and
    /// where the configuration releases at hand-out.
    pub delivery: Option<Delivery>,
    /// The topic name.
    pub topic: &'a str,
    /// The application message, any bytes.
    pub payload: &'a [u8],
    /// The quality of service it was delivered with.
    pub qos: QoS,
    /// True only for a message that the broker kept and sends because of a new subscription.
    pub retain: bool,
    /// The broker may have sent it before.
    pub dup: bool,
    /// What travels with it in MQTT 5; empty in 3.1.1.
    #[cfg(feature = "mqtt5")]
    pub properties: Properties<'a>,
}

impl<'a> Message<'a> {
    /// A message that is not retained, not sent before, not to be released, and has no properties.
    #[must_use]
    pub const fn new(topic: &'a str, payload: &'a [u8], qos: QoS) -> Self {
        Self {
            delivery: None,
            topic,
            payload,
            qos,
            retain: false,
            dup: false,
            #[cfg(feature = "mqtt5")]
            properties: Properties::NONE,
        }
    }
}

/// What the application may want to know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The broker accepted the connection; publications and subscriptions flow.
    Connected {
        /// The broker still had the session of this client identifier.
        session_present: bool,
    },
    /// The connection is gone. The machine is already on its way to the next one.
    Disconnected {
        /// Why.
        reason: DownReason,
    },
    /// The broker forgot the session that an earlier life of this client had left (`clean_init`);
    /// the connection that lasts comes next.
    CleanSlate,
    /// An attempt to connect failed. The machine is already on its way to the next one.
    AttemptFailed {
        /// Why.
        reason: DownReason,
    },
    /// What the broker said besides in its CONNACK or DISCONNECT (MQTT 5): limits, an assigned
    /// client identifier, response information, another server, a reason in words. What it leads to
    /// is told next: `Connected`, `AttemptFailed` or `Disconnected`. Over a bridge it is left out
    /// where neither the link nor the room behind the host's settings holds it.
    #[cfg(feature = "mqtt5")]
    BrokerSaid(Properties<'a>),
    /// What the broker said about a publication, a subscription or the end of one, where it is more
    /// than success (MQTT 5). The outcome is told next.
    #[cfg(feature = "mqtt5")]
    Reason {
        /// About which request.
        ticket: Ticket,
        /// What it said; [`ReasonCode::retry`] tells what that means for asking again.
        reason_code: ReasonCode,
    },
    /// The broker delivered a message.
    Message(Message<'a>),
    /// A message did not fit into the receive buffer. A QoS 1 message was acknowledged, because
    /// the broker would send it again for ever. Over a bridge it is not told if the link is lost
    /// just then.
    MessageTooLarge {
        /// Its quality of service.
        qos: QoS,
        /// The size of its packet.
        size_bytes: usize,
    },
    /// The broker acknowledged a QoS 1 publication.
    Acked(Ticket),
    /// A QoS 0 publication was handed to the transport.
    Sent(Ticket),
    /// A publication ended because it could not be carried at all, or because the broker refused it
    /// for good (MQTT 5). It is not tried again.
    Refused {
        /// Which publication.
        ticket: Ticket,
        /// By whom and why.
        reason: RefusedReason,
    },
    /// A publication ended without an acknowledgement; whether the broker has it is unknown. One that
    /// was under way keeps its room until it is acknowledged or the connection ends.
    Abandoned {
        /// Which publication.
        ticket: Ticket,
        /// Who gave it up.
        reason: AbandonReason,
    },
    /// The outbox has room again, after [`PublishError::OutboxFull`], and no outcome tells it: what
    /// left it is a publication that had been given up while it was under way. Told once after a
    /// refusal, or not at all if a publication was queued since. The room need not be enough for
    /// what was refused: see [When `publish` is refused](crate#when-publish-is-refused).
    ///
    /// [`PublishError::OutboxFull`]: crate::error::PublishError::OutboxFull
    OutboxHasRoom,
    /// The broker granted a subscription. Told once, not at each renewal.
    Subscribed {
        /// Which subscription.
        ticket: Ticket,
        /// The quality of service granted, which may be less than asked for.
        granted: QoS,
    },
    /// The broker refused a subscription. It is forgotten, not tried again. Over a bridge this is
    /// told, too, of a filter that was queued and that the link that was then found carries no
    /// frame for, whether the subscription was to begin or to end.
    SubscribeRefused(Ticket),
    /// The broker confirmed that a subscription ended.
    Unsubscribed(Ticket),
    /// A request for a topic filter was overtaken by another one for the same filter before it was
    /// answered: what comes is told under the other ticket.
    Superseded(Ticket),
    /// The ESP8266 is being reset (bridge only).
    EspReset {
        /// Why.
        cause: ResetCause,
    },
    /// The ESP8266 answered and has its settings (bridge only).
    EspReady {
        /// It kept its connection: only the link had been lost.
        resumed: bool,
    },
    /// The ESP8266's buffers, or the link to it, are too small for the settings, or they ask for MQTT
    /// 5 and its firmware was built without; it stays without a connection (bridge only). Told each time the ESP8266 asks for its settings.
    EspUnfit,
    /// The ESP8266 was heard, but speaks otherwise than this host (bridge only). Told once for each
    /// of its starts; it is reset as one that does not answer.
    EspUnsuited(Unsuited),
    /// The network is joined or lost.
    Wifi(bool),
    /// The time server answered the question with this cookie (bridge only): for a
    /// [`Timekeeper`](crate::sntp::Timekeeper), which knows whether it is too late to be true.
    TimeTold {
        /// The question's.
        cookie: u64,
        /// What it said.
        stamp: Stamp,
    },
    /// How much memory the ESP8266 has, as asked (bridge only).
    EspMemory {
        /// Bytes of heap that are free.
        free_bytes: u32,
        /// Bytes of heap that are in use.
        used_bytes: u32,
    },
    /// The stored network is not there, or not to be used: may the given one be joined? To be
    /// answered with
    /// [`answer_network`](crate::bridge::host::Host::answer_network) (bridge only, where
    /// [`asks_network`](crate::bridge::host::Settings::asks_network) is set).
    NetworkAsked,
    /// This network is about to be joined (bridge only, where
    /// [`tells_attempts`](crate::bridge::host::Settings::tells_attempts) is set).
    JoinsNetwork(Lan),
    /// A connection to the broker is about to be opened (likewise).
    OpensConnection,
    /// The machine was shut down and is done: nothing more will happen.
    Stopped,
}

/// Why a connection ended or an attempt failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DownReason {
    /// The network was lost.
    WifiLost,
    /// The network could not be joined in time.
    JoinFailed,
    /// The broker's machine answered that nobody listens.
    TcpRefused,
    /// No TCP connection came about in time.
    TcpUnreachable,
    /// The TCP connection was closed or reset.
    TcpClosed,
    /// The broker did not answer CONNECT in time.
    ConnackOverdue,
    /// The broker was silent for longer than keep alive allows.
    PingrespOverdue,
    /// The broker lives but owes an acknowledgement for too long.
    AckOverdue,
    /// The broker refused the connection.
    Refused(ConnectReturnCode),
    /// The broker refused the connection (MQTT 5).
    #[cfg(feature = "mqtt5")]
    RefusedWith(ReasonCode),
    /// The broker said DISCONNECT (MQTT 5).
    #[cfg(feature = "mqtt5")]
    ByBroker(ReasonCode),
    /// The topics that the broker gave aliases to do not fit into memory (MQTT 5). The next
    /// connections allow none.
    #[cfg(feature = "mqtt5")]
    TopicAliasesOverflow,
    /// The broker broke the protocol.
    Breach(Breach),
    /// The adapter delivered more bytes than `receive_capacity` allowed: a bug in the adapter.
    ReceiveOverrun,
    /// For too long the application withheld release, and from then on nothing that came was kept. It has
    /// taken all the rest: on a new connection the broker sends again what was shed, if anything was.
    Shed,
    /// The link to the host was lost with deliveries under way; the broker sends them again.
    LinkLost,
    /// The ESP8266 restarts.
    EspRestarted,
    /// The application asked for it.
    ShutDown,
}

#[cfg(feature = "mqtt5")]
impl DownReason {
    /// The broker gave a reason that a short pause will not change: the next attempt waits as long
    /// as attempts ever do, but is made. Another client with the same identifier is such a reason,
    /// too: two that take the session from each other must not do so as fast as they can.
    pub(crate) const fn is_lasting(self) -> bool {
        use crate::mqtt::v5::Retry;
        let (Self::RefusedWith(reason_code) | Self::ByBroker(reason_code)) = self else {
            return false;
        };
        matches!(reason_code.retry(), Some(Retry::Elsewhere | Retry::AfterChange | Retry::Never))
    }
}

/// Who gave a publication up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AbandonReason {
    /// The application cancelled it.
    Cancelled,
    /// Its deadline passed.
    Expired,
    /// The application chose drop-oldest, or a QoS 1 publication needed the room of a QoS 0 one.
    Dropped,
    /// QoS 0 only: the connection ended while it was being sent.
    ConnectionLost,
    /// The machine was shut down.
    ShutDown,
}

/// Why a publication could not be carried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RefusedReason {
    /// It does not fit into the ESP8266's outbox.
    TooLargeForEsp,
    /// The link that was found carries no frame this large: the link's own transmit memory, or the
    /// ESP8266's receive memory, is too small (bridge only). What is published while the limit is
    /// known is refused at once instead.
    TooLargeForLink,
    /// The broker refused it [MQTT5-4.4.0-2], or said before that it would: it is then not sent.
    #[cfg(feature = "mqtt5")]
    ByBroker(ReasonCode),
}

/// Why the host resets the ESP8266.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ResetCause {
    /// The host was powered up or restarted.
    PowerUp,
    /// The link or the first answer did not come in time after a reset.
    StartUpOverdue,
    /// The command task was silent for the watchdog's timeout.
    Watchdog,
    /// The ESP8266 sent what no fivewire end sends.
    Garbage,
    /// The ESP8266 named a message's topic by a number that it had never told.
    UnknownTopic,
    /// The ESP8266 started over by itself, or said that it cannot go on (the predecessor's firmware
    /// only).
    GaveUp,
}

/// How the ESP8266 speaks, where a host cannot work with it. Flash both boards from one release.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Unsuited {
    /// Its link is the predecessor's, `syncom`, and the host's is `native`.
    Syncom,
    /// Its link is `native`, and the host's is `syncom`.
    Native,
    /// Its link is of this version.
    LinkVersion(u8),
    /// Its link is understood, but its command protocol is of this version.
    BridgeVersion(u8),
}

impl From<Peer> for Unsuited {
    fn from(peer: Peer) -> Self {
        match peer {
            Peer::Syncom => Self::Syncom,
            Peer::Native => Self::Native,
            Peer::OtherVersion(version) => Self::LinkVersion(version),
        }
    }
}

/// Counts everything that is dropped, repeated or given up. All start at 0 and saturate.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct Counters {
    /// Connections that the broker accepted.
    pub connections: u32,
    /// Connection attempts that failed before CONNACK.
    pub failed_attempts: u32,
    /// Times the network was left because TCP did not get through.
    pub wifi_rejoins: u32,
    /// PUBLISH packets that were sent once more, with DUP.
    pub redelivered: u32,
    /// QoS 0 publications dropped on their way out.
    pub dropped_qos0_out: u32,
    /// QoS 1 publications dropped because the application chose drop-oldest.
    pub dropped_qos1_out: u32,
    /// QoS 0 messages dropped because the application withheld release.
    pub dropped_qos0_in: u32,
    /// QoS 1 messages shed unacknowledged; the broker sends them again.
    pub shed_in: u32,
    /// Messages larger than the receive buffer.
    pub too_large_in: u32,
    /// Acknowledgements that matched nothing. Harmless: the late copy of an answer.
    pub unknown_acks: u32,
    /// Resets of the ESP8266 (bridge only).
    pub esp_resets: u32,
}
