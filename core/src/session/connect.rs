//! The CONNECT packet, encoded once when the session is made and kept in the caller's memory, so
//! that no configuration text has to outlive the call.

use crate::checkpoint::{Checkpoint, Pass};
use crate::config::Config;
use crate::error::ConfigError;
#[cfg(feature = "mqtt5")]
use crate::mqtt::ProtocolVersion;
use crate::mqtt::{Connect, Packet};
use crate::storage::Storage;

/// Clean session in the connect flags (MQTT 3.1.1 §3.1.2.4).
const CLEAN_SESSION_BIT: u8 = 0b10;
/// Will flag, will QoS and will retain (MQTT 3.1.1 §3.1.2.5 to §3.1.2.7).
#[cfg(feature = "planted")]
const WILL_BITS: u8 = 0b11_1100;
/// From the end of the fixed header: protocol name (6) and level (1) come before the flags.
pub(super) const FLAGS_AFTER_HEADER: usize = 7;

/// The CONNECT packet of a session.
pub(crate) struct ConnectPacket<S> {
    bytes: S,
    size: usize,
    flags_at: usize,
    clean_session: bool,
    /// A clean connect is still to be done before the session that lasts (`clean_init`).
    clean_slate_due: bool,
    /// The broker is to choose the client identifier.
    #[cfg(feature = "mqtt5")]
    nameless: bool,
}

impl<S: Storage> ConnectPacket<S> {
    /// `packet_max_bytes`: the largest packet that can be received.
    pub(crate) fn new(
        config: &Config<'_>,
        mut bytes: S,
        packet_max_bytes: usize,
    ) -> Result<Self, ConfigError> {
        let (size, header_len) = encode(config, bytes.as_mut(), packet_max_bytes)?;
        Ok(Self {
            bytes,
            size,
            flags_at: header_len + FLAGS_AFTER_HEADER,
            clean_session: config.clean_session,
            clean_slate_due: config.clean_init && !config.clean_session,
            #[cfg(feature = "mqtt5")]
            nameless: config.client_id.is_empty(),
        })
    }

    pub(crate) fn into_storage(self) -> S {
        self.bytes
    }

    pub(crate) fn capacity(&self) -> usize {
        self.bytes.as_ref().len()
    }

    /// The next connection only tells the broker to forget an earlier session.
    pub(crate) const fn clean_slate_due(&self) -> bool {
        self.clean_slate_due
    }

    pub(crate) const fn clean_slate_done(&mut self) {
        self.clean_slate_due = false;
    }

    /// The session of the next connection is a clean one.
    pub(crate) const fn is_clean(&self) -> bool {
        self.clean_session || self.clean_slate_due
    }

    /// The packet for the next connection.
    pub(crate) fn packet(&mut self) -> &[u8] {
        let clean = self.is_clean();
        let flags = &mut self.bytes.as_mut()[self.flags_at];
        *flags = if clean { *flags | CLEAN_SESSION_BIT } else { *flags & !CLEAN_SESSION_BIT };
        &self.bytes.as_ref()[..self.size]
    }

    /// The broker is to choose the client identifier, and has not.
    #[cfg(feature = "mqtt5")]
    pub(crate) const fn is_nameless(&self) -> bool {
        self.nameless
    }

    /// Has the packet changed, and notes where its parts are then. If it could not be, the next
    /// connection is nameless again, and begins a session of its own.
    #[cfg(feature = "mqtt5")]
    pub(super) fn assign(
        &mut self,
        client_id: &str,
        change: impl FnOnce(&mut [u8], super::v5::Connect, &str) -> Option<super::v5::Connect>,
    ) {
        let before =
            super::v5::Connect { size: self.size, header_len: self.flags_at - FLAGS_AFTER_HEADER };
        if let Some(after) = change(self.bytes.as_mut(), before, client_id) {
            self.size = after.size;
            self.flags_at = after.header_len + FLAGS_AFTER_HEADER;
            self.nameless = false;
        }
    }

    /// Allows the broker no topic alias any more.
    #[cfg(feature = "mqtt5")]
    pub(super) fn forbid_aliases(&mut self) {
        let header_len = self.flags_at - FLAGS_AFTER_HEADER;
        super::v5::forbid_aliases(&mut self.bytes.as_mut()[..self.size], header_len);
    }

    /// The memory that the packet leaves.
    #[cfg(feature = "mqtt5")]
    pub(super) fn spare(&mut self) -> &mut [u8] {
        &mut self.bytes.as_mut()[self.size..]
    }

    /// The same, to look at.
    #[cfg(feature = "mqtt5")]
    pub(super) fn spare_bytes(&self) -> &[u8] {
        &self.bytes.as_ref()[self.size..]
    }

    /// A later CONNECT loses the will.
    #[cfg(feature = "planted")]
    pub(crate) fn plant_no_will(&mut self) {
        let Ok(Packet::Connect(connect)) = crate::mqtt::decode(&self.bytes.as_ref()[..self.size])
        else {
            return;
        };
        let will_bytes = connect.will.map_or(0, |will| 4 + will.topic.len() + will.payload.len());
        let at = self.flags_at + 5 + connect.client_id.len();
        if will_bytes == 0 || self.size - will_bytes > 129 {
            return;
        }
        self.bytes.as_mut()[self.flags_at] &= !WILL_BITS;
        self.bytes.as_mut().copy_within(at + will_bytes..self.size, at);
        self.size -= will_bytes;
        let header_len = self.flags_at - FLAGS_AFTER_HEADER;
        if header_len == 2 {
            self.bytes.as_mut()[1] = u8::try_from(self.size - 2).unwrap_or(0);
        }
    }
}

/// Bytes of the packet, written into `into`, which is room for it.
pub(super) fn size_bytes(
    config: &Config<'_>,
    into: &mut [u8],
    packet_max_bytes: usize,
) -> Result<usize, ConfigError> {
    encode(config, into, packet_max_bytes).map(|(size, _)| size)
}

/// Writes the packet; says how large it is, and its fixed header.
fn encode(
    config: &Config<'_>,
    into: &mut [u8],
    packet_max_bytes: usize,
) -> Result<(usize, usize), ConfigError> {
    #[cfg(feature = "mqtt5")]
    if config.protocol == ProtocolVersion::V5 {
        let connect = super::v5::encode(config, packet_max_bytes, into)?;
        return Ok((connect.size, connect.header_len));
    }
    let _ = packet_max_bytes; // only MQTT 5 tells it
    let packet = Packet::Connect(Connect {
        client_id: config.client_id,
        clean_session: config.clean_session,
        keep_alive_s: config.keep_alive_s,
        will: config.will,
        username: config.username,
        password: config.password,
    });
    let too_small = ConfigError::MemoryTooSmall {
        buffer: "connect",
        size_bytes: into.len(),
        min_bytes: packet.encoded_len(),
    };
    let size = packet.encode(into).map_err(|_| too_small)?;
    Ok((size, size - remaining_len(into)))
}

/// The remaining length in the fixed header of a packet we encoded.
fn remaining_len(packet: &[u8]) -> usize {
    match crate::mqtt::split(packet) {
        Ok(crate::mqtt::Split::Header(header)) => header.remaining_len,
        Ok(crate::mqtt::Split::Incomplete) | Err(_) => 0,
    }
}

impl<S: Storage> Checkpoint for ConnectPacket<S> {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self {
            bytes,
            size,
            flags_at,
            clean_session,
            clean_slate_due,
            // see `walk_v5`
            #[cfg(feature = "mqtt5")]
                nameless: _,
        } = self;
        pass.field(size)?;
        pass.packets(bytes.as_mut(), 0, *size)?;
        pass.field(flags_at)?;
        pass.agrees(*flags_at < *size)?;
        pass.field(clean_session)?;
        pass.field(clean_slate_due)
    }
}

#[cfg(feature = "mqtt5")]
impl<S: Storage> ConnectPacket<S> {
    /// What only MQTT 5 has: whether there is a name, and the topics behind the packet.
    pub(super) fn walk_v5(&mut self, pass: &mut Pass<'_>, alias_bytes: usize) -> Option<()> {
        pass.field(&mut self.nameless)?;
        pass.plain(self.spare(), 0, alias_bytes)
    }
}
