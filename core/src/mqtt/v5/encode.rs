//! From packets to bytes, written into the caller's buffer.

use super::VARIABLE_BYTE_INTEGER_MAX;
use super::connect::{Connack, Connect};
use super::packet::{Ack, Auth, Disconnect, Packet, Publish};
use super::properties::{Properties, Seen};
use super::property::{WILL, field_len, variable_len, write_variable};
use super::reason::ReasonCode;
use super::subscribe::{ReasonCodes, Subscribe, Unsubscribe};
use crate::mqtt::writer::Writer;
use crate::mqtt::{BufferTooSmall, PacketId, QoS};

impl Packet<'_> {
    /// The exact number of bytes that [`encode`](Self::encode) writes: 2 to 268,435,460.
    ///
    /// `usize::MAX`, which no buffer has, if MQTT has no packet for the fields:
    ///
    /// * a text, a will or a password has more than 65,535 bytes (MQTT 5 §1.5.4),
    /// * the remaining length would exceed [`VARIABLE_BYTE_INTEGER_MAX`] (MQTT 5 §2.1.4),
    /// * QoS 1 or 2 without a packet identifier [MQTT5-2.2.1-3], or QoS 0 with one
    ///   [MQTT5-2.2.1-2] or with DUP [MQTT5-3.3.1-2],
    /// * neither a topic nor a topic alias (MQTT 5 §3.3.2.1),
    /// * a session present in a refusal [MQTT5-3.2.2-6],
    /// * no filter [MQTT5-3.8.3-2] [MQTT5-3.10.3-2], or no reason code [MQTT5-3.8.4-6],
    /// * a reason code that the packet may not carry (MQTT 5 §2.4),
    /// * a property that the packet may not have, or not twice, or not with this value
    ///   (MQTT 5 §2.2.2.2).
    #[must_use]
    #[inline]
    pub fn encoded_len(&self) -> usize {
        self.remaining_len().map_or(usize::MAX, packet_len)
    }

    /// Writes the packet to the front of `into` and tells how many bytes it took.
    ///
    /// Texts are written as they are: whether topics are well formed is for
    /// [`topic`](crate::mqtt::topic) to say, once and when they are set, not with each packet.
    ///
    /// ```
    /// use fivewire_core::mqtt::PacketId;
    /// use fivewire_core::mqtt::v5::{Ack, Packet, Properties, ReasonCode};
    ///
    /// let puback = Ack {
    ///     packet_id: PacketId::new(10).unwrap(),
    ///     reason_code: ReasonCode::NotAuthorized,
    ///     properties: Properties::NONE,
    /// };
    /// let mut buffer = [0; 8];
    /// assert_eq!(Packet::Puback(puback).encode(&mut buffer), Ok(5));
    /// assert_eq!(buffer[..5], [0x40, 3, 0, 10, 0x87]);
    /// ```
    ///
    /// # Errors
    ///
    /// [`BufferTooSmall`] if `into` is shorter than [`encoded_len`](Self::encoded_len). Nothing
    /// was written then.
    #[inline]
    pub fn encode(&self, into: &mut [u8]) -> Result<usize, BufferTooSmall> {
        let remaining_len = self.remaining_len();
        let min_bytes = remaining_len.map_or(usize::MAX, packet_len);
        let too_small = BufferTooSmall { size_bytes: into.len(), min_bytes };
        let remaining_len = remaining_len.ok_or(too_small)?;
        let mut writer = Writer::new(into.get_mut(..min_bytes).ok_or(too_small)?);
        self.write(remaining_len, &mut writer).ok_or(too_small)?;
        Ok(min_bytes)
    }

    /// Bytes after the fixed header, `None` if MQTT has no packet for the fields.
    fn remaining_len(&self) -> Option<usize> {
        let packet_type = self.packet_type();
        let len = match self {
            Self::Publish(publish) => publish.remaining_len()?,
            Self::Connect(connect) => connect.remaining_len()?,
            Self::Connack(connack) => connack.remaining_len()?,
            Self::Puback(ack) | Self::Pubrec(ack) | Self::Pubrel(ack) | Self::Pubcomp(ack) => {
                2 + outcome_len(ack.reason_code, ack.properties, packet_type)?
            }
            Self::Subscribe(subscribe) => subscribe.remaining_len()?,
            Self::Unsubscribe(unsubscribe) => unsubscribe.remaining_len()?,
            Self::Suback(suback) => answers_len(suback.properties, suback.reason_codes, 9)?,
            Self::Unsuback(unsuback) => {
                answers_len(unsuback.properties, unsuback.reason_codes, 11)?
            }
            Self::Pingreq | Self::Pingresp => 0,
            Self::Disconnect(disconnect) => {
                outcome_len(disconnect.reason_code, disconnect.properties, packet_type)?
            }
            Self::Auth(auth) => auth.remaining_len()?,
        };
        (len <= VARIABLE_BYTE_INTEGER_MAX as usize).then_some(len)
    }

    /// `None` if `writer` has less room than `encoded_len` says.
    fn write(&self, remaining_len: usize, writer: &mut Writer<'_>) -> Option<()> {
        let flags = match self {
            Self::Publish(publish) => publish.flags(),
            Self::Pubrel(_) | Self::Subscribe(_) | Self::Unsubscribe(_) => 0b0010,
            _ => 0,
        };
        writer.fixed_header(self.packet_type() << 4 | flags, remaining_len)?;
        match self {
            Self::Publish(publish) => publish.write(writer),
            Self::Connect(connect) => connect.write(writer),
            Self::Connack(connack) => {
                let flags = u8::from(connack.session_present);
                writer.raw(&[flags, connack.reason_code.as_u8()])?;
                write_properties(writer, connack.properties)
            }
            Self::Puback(ack) | Self::Pubrec(ack) | Self::Pubrel(ack) | Self::Pubcomp(ack) => {
                ack.write(writer)
            }
            Self::Subscribe(subscribe) => subscribe.write(writer),
            Self::Unsubscribe(unsubscribe) => unsubscribe.write(writer),
            Self::Suback(suback) => {
                write_answers(writer, suback.packet_id, suback.properties, suback.reason_codes)
            }
            Self::Unsuback(unsuback) => {
                let (properties, reason_codes) = (unsuback.properties, unsuback.reason_codes);
                write_answers(writer, unsuback.packet_id, properties, reason_codes)
            }
            Self::Pingreq | Self::Pingresp => Some(()),
            Self::Disconnect(Disconnect { reason_code, properties }) => {
                write_outcome(writer, *reason_code, *properties)
            }
            Self::Auth(auth) => auth.write(writer),
        }
    }
}

impl Publish<'_> {
    #[inline]
    fn remaining_len(&self) -> Option<usize> {
        let fields_len = match (self.qos, self.packet_id) {
            (QoS::AtMostOnce, None) if !self.dup => field_len(self.topic.as_bytes())?,
            (QoS::AtLeastOnce | QoS::ExactlyOnce, Some(_)) => field_len(self.topic.as_bytes())? + 2,
            _ => return None,
        };
        if self.topic.is_empty() && self.properties.topic_alias().is_none() {
            return None;
        }
        let properties_len = properties_len(self.properties, 3)?;
        fields_len.checked_add(properties_len)?.checked_add(self.payload.len())
    }

    #[inline]
    const fn flags(&self) -> u8 {
        (self.dup as u8) << 3 | self.qos.as_u8() << 1 | self.retain as u8
    }

    #[inline]
    fn write(&self, writer: &mut Writer<'_>) -> Option<()> {
        writer.field(self.topic.as_bytes())?;
        if let Some(packet_id) = self.packet_id {
            writer.packet_id(packet_id)?;
        }
        write_properties(writer, self.properties)?;
        writer.raw(self.payload)
    }
}

impl Connect<'_> {
    fn remaining_len(&self) -> Option<usize> {
        let mut len = 10 + properties_len(self.properties, 1)?;
        len = len.checked_add(field_len(self.client_id.as_bytes())?)?;
        if let Some(will) = self.will {
            len = len.checked_add(properties_len(will.properties, WILL)?)?;
            len += field_len(will.topic.as_bytes())? + field_len(will.payload)?;
        }
        if let Some(username) = self.username {
            len += field_len(username.as_bytes())?;
        }
        if let Some(password) = self.password {
            len += field_len(password)?;
        }
        Some(len)
    }

    /// Writes what follows the fixed header, in the order of [MQTT5-3.1.3-1].
    fn write(&self, writer: &mut Writer<'_>) -> Option<()> {
        writer.field(b"MQTT")?;
        writer.raw(&[5, self.flags()])?;
        writer.raw(&self.keep_alive_s.to_be_bytes())?;
        write_properties(writer, self.properties)?;
        writer.field(self.client_id.as_bytes())?;
        if let Some(will) = self.will {
            write_properties(writer, will.properties)?;
            writer.field(will.topic.as_bytes())?;
            writer.field(will.payload)?;
        }
        if let Some(username) = self.username {
            writer.field(username.as_bytes())?;
        }
        if let Some(password) = self.password {
            writer.field(password)?;
        }
        Some(())
    }
}

impl Connack<'_> {
    fn remaining_len(&self) -> Option<usize> {
        let refused = self.reason_code != ReasonCode::Success;
        if !self.reason_code.is_allowed_in(2) || (self.session_present && refused) {
            return None;
        }
        Some(2 + properties_len(self.properties, 2)?)
    }
}

impl Ack<'_> {
    fn write(&self, writer: &mut Writer<'_>) -> Option<()> {
        writer.packet_id(self.packet_id)?;
        write_outcome(writer, self.reason_code, self.properties)
    }
}

impl Auth<'_> {
    fn says_nothing(&self) -> bool {
        self.reason_code == ReasonCode::Success && self.properties.is_empty()
    }

    fn remaining_len(&self) -> Option<usize> {
        if self.says_nothing() {
            return Some(0);
        }
        let allowed = self.reason_code.is_allowed_in(15);
        Some(1 + properties_len(self.properties, 15).filter(|_| allowed)?)
    }

    fn write(&self, writer: &mut Writer<'_>) -> Option<()> {
        if self.says_nothing() {
            return Some(());
        }
        writer.raw(&[self.reason_code.as_u8()])?;
        write_properties(writer, self.properties)
    }
}

impl Subscribe<'_> {
    fn remaining_len(&self) -> Option<usize> {
        let len = self.filters.iter().try_fold(0_usize, |len, (filter, _)| {
            len.checked_add(field_len(filter.as_bytes())? + 1)
        });
        let len = len.filter(|len| *len > 0)?;
        len.checked_add(2 + properties_len(self.properties, 8)?)
    }

    fn write(&self, writer: &mut Writer<'_>) -> Option<()> {
        writer.packet_id(self.packet_id)?;
        write_properties(writer, self.properties)?;
        self.filters.iter().try_for_each(|(filter, options)| {
            writer.field(filter.as_bytes())?;
            writer.raw(&[options.as_u8()])
        })
    }
}

impl Unsubscribe<'_> {
    fn remaining_len(&self) -> Option<usize> {
        let len = self
            .filters
            .iter()
            .try_fold(0_usize, |len, filter| len.checked_add(field_len(filter.as_bytes())?));
        let len = len.filter(|len| *len > 0)?;
        len.checked_add(2 + properties_len(self.properties, 10)?)
    }

    fn write(&self, writer: &mut Writer<'_>) -> Option<()> {
        writer.packet_id(self.packet_id)?;
        write_properties(writer, self.properties)?;
        self.filters.iter().try_for_each(|filter| writer.field(filter.as_bytes()))
    }
}

/// Bytes of a reason code and properties, as few as it takes; `None` if the packet may not carry
/// them.
fn outcome_len(
    reason_code: ReasonCode,
    properties: Properties<'_>,
    packet_type: u8,
) -> Option<usize> {
    if !reason_code.is_allowed_in(packet_type) {
        return None;
    }
    match (reason_code, properties.is_empty()) {
        (ReasonCode::Success, true) => Some(0),
        (_, true) => Some(1),
        (_, false) => Some(1 + properties_len(properties, packet_type)?),
    }
}

fn write_outcome(
    writer: &mut Writer<'_>,
    reason_code: ReasonCode,
    properties: Properties<'_>,
) -> Option<()> {
    match (reason_code, properties.is_empty()) {
        (ReasonCode::Success, true) => Some(()),
        (_, true) => writer.raw(&[reason_code.as_u8()]),
        (_, false) => {
            writer.raw(&[reason_code.as_u8()])?;
            write_properties(writer, properties)
        }
    }
}

fn answers_len(
    properties: Properties<'_>,
    reason_codes: ReasonCodes<'_>,
    packet_type: u8,
) -> Option<usize> {
    let count = reason_codes.iter().try_fold(0_usize, |count, reason_code| {
        reason_code.is_allowed_in(packet_type).then_some(count + 1)
    });
    let count = count.filter(|count| *count > 0)?;
    count.checked_add(2 + properties_len(properties, packet_type)?)
}

fn write_answers(
    writer: &mut Writer<'_>,
    packet_id: PacketId,
    properties: Properties<'_>,
    reason_codes: ReasonCodes<'_>,
) -> Option<()> {
    writer.packet_id(packet_id)?;
    write_properties(writer, properties)?;
    reason_codes.iter().try_for_each(|reason_code| writer.raw(&[reason_code.as_u8()]))
}

/// Bytes of the properties with their length in front; `None` if the packet may not have them.
pub(super) fn properties_len(properties: Properties<'_>, place: u8) -> Option<usize> {
    let (mut seen, mut len) = (Seen::new(place), 0_usize);
    for property in properties.iter() {
        len = len.checked_add(property.len()?)?;
        seen.note(&property).ok()?;
    }
    seen.finish().ok()?;
    let value = u32::try_from(len).ok().filter(|len| *len <= VARIABLE_BYTE_INTEGER_MAX)?;
    Some(variable_len(value) + len)
}

fn write_properties(writer: &mut Writer<'_>, properties: Properties<'_>) -> Option<()> {
    let (values, bytes) = properties.parts();
    let mut values = values.into_iter().flatten();
    let len = values.clone().try_fold(bytes.len(), |len, property| Some(len + property.len()?))?;
    write_variable(writer, u32::try_from(len).ok()?)?;
    values.try_for_each(|property| property.write(writer))?;
    writer.raw(bytes)
}

/// Bytes of a whole packet.
#[inline]
const fn packet_len(remaining_len: usize) -> usize {
    1 + variable_len(remaining_len as u32) + remaining_len
}
