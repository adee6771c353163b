//! What goes into a broker and what comes out.

use std::fmt;

use fivewire_core::mqtt::v5::ReasonCode;
use fivewire_core::mqtt::{Breach, ConnectReturnCode, Publish, QoS};
use fivewire_core::time::Wait;

/// The caller's name of a transport connection. Free for reuse once the connection is over.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClientKey(pub u32);

/// What the world did.
///
/// Whatever names a connection that is over is ignored: the two ends of a connection learn of its
/// end at different times.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input<'a> {
    /// The instant of an [`Output::Wait`] has come. After a time in which the broker was not called,
    /// hand in what has arrived first: otherwise it takes the time for silence of its clients.
    Timeout,
    /// The transport accepted a connection.
    Opened(ClientKey),
    /// Bytes arrived, in order, in pieces of any size.
    Received(ClientKey, &'a [u8]),
    /// The transport took this many bytes of the last [`Output::Transmit`] of this connection. Fewer
    /// than offered means that it is full: the rest is offered after [`Input::Writable`].
    Sent(ClientKey, usize),
    /// The transport takes bytes again.
    Writable(ClientKey),
    /// The transport lost the connection, for whatever reason.
    Closed(ClientKey),
}

/// What the broker wants. Exhaustive: a new duty must break the build of every caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output<'a> {
    /// Send these bytes. Answer with [`Input::Sent`]; nothing more is offered before.
    Transmit(ClientKey, &'a [u8]),
    /// Close the connection after the bytes the transport took. The broker has forgotten it.
    Close(ClientKey, CloseReason),
    /// Something that an observer may want to know.
    Event(Event<'a>),
    /// Everything is said.
    Wait(Wait),
}

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CloseReason {
    /// The client sent DISCONNECT: its will is discarded [MQTT-3.14.4-3].
    Disconnect,
    /// The client sent DISCONNECT with a reason code that lets its will be published
    /// [MQTT5-3.14.4-3].
    DisconnectWithWill(ReasonCode),
    /// The broker sent DISCONNECT with this reason code because it was told to, see
    /// [`Broker::disconnect`](super::Broker::disconnect).
    ByServer(ReasonCode),
    /// CONNECT was answered with this return code, which is not 0 [MQTT-3.2.2-5].
    Refused(ConnectReturnCode),
    /// CONNECT was answered with this reason code of MQTT 5, 0x80 or above [MQTT5-3.2.2-7].
    RefusedWith(ReasonCode),
    /// A client with the same identifier connected [MQTT-3.1.4-2].
    TakenOver,
    /// Nothing came for one and a half times the keep alive [MQTT-3.1.2-24].
    KeepAlive,
    /// No CONNECT came within [`Config::connect_timeout_ms`](super::Config::connect_timeout_ms).
    ConnectOverdue,
    /// The client broke the protocol [MQTT-4.8.0-1].
    Breach(Breach),
    /// A packet is longer than [`Config::packet_max_bytes`](super::Config::packet_max_bytes).
    PacketTooLarge {
        /// Its length with the fixed header.
        size_bytes: usize,
    },
    /// [`Broker::forget_session`](super::Broker::forget_session) was called.
    SessionForgotten,
    /// The transport lost the connection. Never in [`Output::Close`].
    TransportClosed,
    /// The broker restarted. Never in [`Output::Close`].
    Restarted,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disconnect => f.write_str("the client disconnected"),
            Self::DisconnectWithWill(code) => {
                write!(f, "the client disconnected with reason code {:#04x}", code.as_u8())
            }
            Self::ByServer(code) => write!(f, "DISCONNECT with reason code {:#04x}", code.as_u8()),
            Self::RefusedWith(code) => write!(f, "refused with reason code {:#04x}", code.as_u8()),
            Self::Refused(code) => write!(f, "refused with return code {}", code.as_u8()),
            Self::TakenOver => f.write_str("taken over by a newer connection [MQTT-3.1.4-2]"),
            Self::KeepAlive => f.write_str("silent for 1.5 times the keep alive [MQTT-3.1.2-24]"),
            Self::ConnectOverdue => f.write_str("no CONNECT in time"),
            Self::Breach(breach) => breach.fmt(f),
            Self::PacketTooLarge { size_bytes } => write!(f, "a packet of {size_bytes} bytes"),
            Self::SessionForgotten => f.write_str("the session was forgotten"),
            Self::TransportClosed => f.write_str("the transport lost the connection"),
            Self::Restarted => f.write_str("the broker restarted"),
        }
    }
}

/// What an observer may want to know. May grow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A CONNECT was accepted.
    Connected {
        /// The connection it came on.
        key: ClientKey,
        /// The client's identifier, or the one generated for it [MQTT-3.1.3-6].
        client_id: &'a str,
        /// Whether the session ends with the connection.
        clean_session: bool,
        /// Whether a session is resumed.
        session_present: bool,
    },
    /// A connection is over. Every [`Input::Opened`] is followed by one of these.
    Disconnected {
        /// The connection.
        key: ClientKey,
        /// Whose it was; `None` if no CONNECT was accepted on it.
        client_id: Option<&'a str>,
        /// How it ended.
        reason: CloseReason,
    },
    /// A PUBLISH arrived.
    PublishReceived {
        /// The connection it came on.
        key: ClientKey,
        /// What it says.
        publish: Publish<'a>,
        /// True if its QoS 2 identifier is known, so that it is not routed again [MQTT-4.3.3-2].
        repeated: bool,
    },
    /// A PUBLISH was handed to a client's connection. Whether it arrives is another matter.
    Delivered {
        /// The connection.
        key: ClientKey,
        /// What it says.
        publish: Publish<'a>,
    },
    /// The will of a connection that ended without DISCONNECT was published [MQTT-3.1.2-8].
    WillPublished {
        /// The connection.
        key: ClientKey,
        /// The will's topic.
        topic: &'a str,
        /// The will's payload.
        payload: &'a [u8],
        /// The will's quality of service.
        qos: QoS,
        /// Whether it became the topic's retained message.
        retain: bool,
    },
    /// A session ended because its client was away for longer than its expiry interval (MQTT 5
    /// §3.1.2.11.2).
    SessionExpired {
        /// Whose session it was.
        client_id: &'a str,
    },
    /// A message waited for longer than its expiry interval and was dropped [MQTT5-3.3.2-5].
    MessageExpired {
        /// Whose session it waited in.
        client_id: &'a str,
        /// The message's topic.
        topic: &'a str,
        /// The message's payload.
        payload: &'a [u8],
    },
    /// A message found a session's queue full and was dropped.
    QueueOverflow {
        /// Whose session it is.
        client_id: &'a str,
        /// The message's topic.
        topic: &'a str,
        /// The message's payload.
        payload: &'a [u8],
    },
}

/// What the broker dropped since it was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// QoS 1 and QoS 2 messages that found a session's queue full.
    pub queue_overflows: u64,
    /// QoS 0 messages for a client whose transport was full.
    pub qos0_dropped: u64,
    /// Messages that are larger than their client takes (MQTT 5).
    pub too_large: u64,
}
