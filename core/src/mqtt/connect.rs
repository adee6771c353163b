//! The two packets that open a connection: CONNECT and CONNACK.

use super::packet::QoS;

/// CONNECT: the first packet of a client (MQTT 3.1.1 §3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Connect<'a> {
    /// Names the session to the server [MQTT-3.1.3-2], at most 65,535 bytes.
    ///
    /// May be empty only with `clean_session` [MQTT-3.1.3-7]. The server answers an empty one
    /// without it by [`ConnectReturnCode::IdentifierRejected`] [MQTT-3.1.3-8], so
    /// [`decode()`](super::decode()) lets it pass.
    pub client_id: &'a str,
    /// Whether the server discards a session it may have [MQTT-3.1.2-6], instead of resuming it.
    pub clean_session: bool,
    /// The longest silence of the client in seconds [MQTT-3.1.2-23]. 0 switches the rule off.
    pub keep_alive_s: u16,
    /// What the server publishes if the connection ends without a DISCONNECT.
    pub will: Option<Will<'a>>,
    /// At most 65,535 bytes. Must be there if `password` is [MQTT-3.1.2-22].
    pub username: Option<&'a str>,
    /// Any bytes, at most 65,535 of them.
    pub password: Option<&'a [u8]>,
}

impl Connect<'_> {
    /// The connect flags (MQTT 3.1.1 §3.1.2.3).
    pub(super) fn flags(&self) -> u8 {
        let will =
            self.will.map_or(0, |will| 1 << 2 | will.qos.as_u8() << 3 | u8::from(will.retain) << 5);
        u8::from(self.clean_session) << 1
            | will
            | u8::from(self.password.is_some()) << 6
            | u8::from(self.username.is_some()) << 7
    }
}

/// The message a server publishes on behalf of a client that vanished (MQTT 3.1.1 §3.1.2.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Will<'a> {
    /// A topic name, see [`validate_name`](super::topic::validate_name).
    pub topic: &'a str,
    /// Any bytes, at most 65,535 of them: fewer than a PUBLISH can carry.
    pub payload: &'a [u8],
    /// The quality of service it is published with.
    pub qos: QoS,
    /// Whether the server keeps it for later subscribers.
    pub retain: bool,
}

/// CONNACK: the server's answer to CONNECT (MQTT 3.1.1 §3.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Connack {
    /// Whether the server resumes a session [MQTT-3.2.2-2]. False with every return code but
    /// [`ConnectReturnCode::Accepted`] [MQTT-3.2.2-4].
    pub session_present: bool,
    /// Whether the server accepts the connection, and if not, why.
    pub return_code: ConnectReturnCode,
}

/// The server's decision about a connection (MQTT 3.1.1 §3.2.2.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum ConnectReturnCode {
    /// The connection is up.
    Accepted = 0,
    /// The server does not speak the client's protocol level [MQTT-3.1.2-2].
    UnacceptableProtocolVersion = 1,
    /// The client identifier is not allowed.
    IdentifierRejected = 2,
    /// The MQTT service is not available; the network connection was.
    ServerUnavailable = 3,
    /// The user name or password is malformed.
    BadUserNameOrPassword = 4,
    /// The client may not connect.
    NotAuthorized = 5,
}

impl ConnectReturnCode {
    /// The code with this number; `None` from 6 on, which are reserved.
    #[must_use]
    pub const fn from_u8(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Accepted,
            1 => Self::UnacceptableProtocolVersion,
            2 => Self::IdentifierRejected,
            3 => Self::ServerUnavailable,
            4 => Self::BadUserNameOrPassword,
            5 => Self::NotAuthorized,
            _ => return None,
        })
    }

    /// The number on the wire, 0 to 5.
    #[must_use]
    pub const fn as_u8(self) -> u8 {
        self as u8
    }
}
