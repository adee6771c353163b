//! The two packets that open a connection: CONNECT and CONNACK.

use super::properties::Properties;
use super::reason::ReasonCode;
use crate::mqtt::QoS;

/// CONNECT: the first packet of a client (MQTT 5 §3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Connect<'a> {
    /// Names the session to the server [MQTT5-3.1.3-2], at most 65,535 bytes. If it is empty, the
    /// server chooses one and tells it [MQTT5-3.1.3-7].
    pub client_id: &'a str,
    /// Whether the server discards a session it may have [MQTT5-3.1.2-4], instead of resuming it.
    /// How long the new one lasts is for
    /// [`SessionExpiryInterval`](super::Property::SessionExpiryInterval) to say.
    pub clean_start: bool,
    /// The longest silence of the client in seconds [MQTT5-3.1.2-22]. 0 switches the rule off.
    pub keep_alive_s: u16,
    /// What the client asks for and can take.
    pub properties: Properties<'a>,
    /// What the server publishes if the connection ends without a DISCONNECT.
    pub will: Option<Will<'a>>,
    /// At most 65,535 bytes.
    pub username: Option<&'a str>,
    /// Any bytes, at most 65,535 of them. Also without a user name, unlike in MQTT 3.1.1.
    pub password: Option<&'a [u8]>,
}

impl Connect<'_> {
    /// The connect flags (MQTT 5 §3.1.2.3).
    pub(super) fn flags(&self) -> u8 {
        let will =
            self.will.map_or(0, |will| 1 << 2 | will.qos.as_u8() << 3 | u8::from(will.retain) << 5);
        u8::from(self.clean_start) << 1
            | will
            | u8::from(self.password.is_some()) << 6
            | u8::from(self.username.is_some()) << 7
    }
}

/// The message a server publishes on behalf of a client that vanished (MQTT 5 §3.1.2.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Will<'a> {
    /// A topic name, see [`validate_name`](crate::mqtt::topic::validate_name).
    pub topic: &'a str,
    /// Any bytes, at most 65,535 of them: fewer than a PUBLISH can carry.
    pub payload: &'a [u8],
    /// The quality of service it is published with.
    pub qos: QoS,
    /// Whether the server keeps it for later subscribers.
    pub retain: bool,
    /// Its own properties, [`WillDelayInterval`](super::Property::WillDelayInterval) among them.
    pub properties: Properties<'a>,
}

/// CONNACK: the server's answer to CONNECT (MQTT 5 §3.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Connack<'a> {
    /// Whether the server resumes a session [MQTT5-3.2.2-3]. False with every reason code but
    /// [`ReasonCode::Success`] [MQTT5-3.2.2-6].
    pub session_present: bool,
    /// Whether the server accepts the connection, and if not, why.
    pub reason_code: ReasonCode,
    /// What the server offers and can take.
    pub properties: Properties<'a>,
}
