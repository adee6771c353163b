//! From packets to bytes, written into the caller's buffer.

use core::fmt;

use super::REMAINING_LENGTH_MAX;
use super::connect::Connect;
use super::lists::Filters;
use super::packet::{Packet, Publish, QoS};
use super::writer::Writer;

/// A packet was not encoded, because the buffer cannot hold it. The buffer is as it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BufferTooSmall {
    /// The size of the buffer.
    pub size_bytes: usize,
    /// The smallest size that works: [`Packet::encoded_len`]. `usize::MAX` if none does.
    pub min_bytes: usize,
}

impl fmt::Display for BufferTooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size_bytes, min_bytes } = *self;
        if min_bytes == usize::MAX {
            f.write_str("MQTT has no packet for these fields: see `Packet::encoded_len`")
        } else {
            write!(f, "the packet has {min_bytes} bytes, but the buffer has {size_bytes}")
        }
    }
}

impl core::error::Error for BufferTooSmall {}

impl Packet<'_> {
    /// The exact number of bytes that [`encode`](Self::encode) writes: 2 to 268,435,460.
    ///
    /// `usize::MAX`, which no buffer has, if MQTT has no packet for the fields:
    ///
    /// * a text, a will or a password has more than 65,535 bytes (MQTT 3.1.1 §1.5.3),
    /// * the remaining length would exceed [`REMAINING_LENGTH_MAX`] (MQTT 3.1.1 §2.2.3),
    /// * QoS 1 or 2 without a packet identifier [MQTT-2.3.1-1], or QoS 0 with one
    ///   [MQTT-2.3.1-5] or with DUP [MQTT-3.3.1-2],
    /// * a password without a user name [MQTT-3.1.2-22],
    /// * a session present in a refusal [MQTT-3.2.2-4],
    /// * no filter [MQTT-3.8.3-3] [MQTT-3.10.3-2], or no return code [MQTT-3.8.4-5].
    #[must_use]
    #[inline]
    pub fn encoded_len(&self) -> usize {
        self.remaining_len().map_or(usize::MAX, packet_len)
    }

    /// Writes the packet to the front of `into` and tells how many bytes it took.
    ///
    /// Texts are written as they are: whether topics are well formed is for
    /// [`topic`](super::topic) to say, once and when they are set, not with each packet.
    ///
    /// ```
    /// use fivewire_core::mqtt::{Packet, PacketId};
    ///
    /// let puback = Packet::Puback(PacketId::new(10).unwrap());
    /// let mut buffer = [0; 8];
    /// assert_eq!(puback.encode(&mut buffer), Ok(4));
    /// assert_eq!(buffer[..4], [0x40, 2, 0, 10]);
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
    #[inline]
    fn remaining_len(&self) -> Option<usize> {
        let len = match self {
            Self::Publish(publish) => publish.remaining_len()?,
            Self::Connect(connect) => connect.remaining_len()?,
            Self::Connack(connack) => {
                if connack.session_present && connack.return_code.as_u8() != 0 {
                    return None;
                }
                2
            }
            Self::Puback(_)
            | Self::Pubrec(_)
            | Self::Pubrel(_)
            | Self::Pubcomp(_)
            | Self::Unsuback(_) => 2,
            Self::Subscribe(subscribe) => filters_len(subscribe.filters, 1)?,
            Self::Unsubscribe(unsubscribe) => filters_len(unsubscribe.filters, 0)?,
            Self::Suback(suback) => match suback.return_codes.count() {
                0 => return None,
                count => count.checked_add(2)?,
            },
            Self::Pingreq | Self::Pingresp | Self::Disconnect => 0,
        };
        (len <= REMAINING_LENGTH_MAX as usize).then_some(len)
    }

    /// `None` if `writer` has less room than `encoded_len` says.
    #[inline]
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
                writer.raw(&[u8::from(connack.session_present), connack.return_code.as_u8()])
            }
            Self::Puback(packet_id)
            | Self::Pubrec(packet_id)
            | Self::Pubrel(packet_id)
            | Self::Pubcomp(packet_id)
            | Self::Unsuback(packet_id) => writer.packet_id(*packet_id),
            Self::Subscribe(subscribe) => {
                writer.packet_id(subscribe.packet_id)?;
                subscribe.filters.iter().try_for_each(|(filter, qos)| {
                    writer.field(filter.as_bytes())?;
                    writer.raw(&[qos.as_u8()])
                })
            }
            Self::Unsubscribe(unsubscribe) => {
                writer.packet_id(unsubscribe.packet_id)?;
                let mut filters = unsubscribe.filters.iter();
                filters.try_for_each(|(filter, _)| writer.field(filter.as_bytes()))
            }
            Self::Suback(suback) => {
                writer.packet_id(suback.packet_id)?;
                suback.return_codes.iter().try_for_each(|code| writer.raw(&[code.as_u8()]))
            }
            Self::Pingreq | Self::Pingresp | Self::Disconnect => Some(()),
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
        fields_len.checked_add(self.payload.len())
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
        writer.raw(self.payload)
    }
}

impl Connect<'_> {
    fn remaining_len(&self) -> Option<usize> {
        if self.password.is_some() && self.username.is_none() {
            return None;
        }
        let mut len = 10 + field_len(self.client_id.as_bytes())?;
        if let Some(will) = self.will {
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

    /// Writes what follows the fixed header, in the order of [MQTT-3.1.3-1].
    fn write(&self, writer: &mut Writer<'_>) -> Option<()> {
        writer.field(b"MQTT")?;
        writer.raw(&[4, self.flags()])?;
        writer.raw(&self.keep_alive_s.to_be_bytes())?;
        writer.field(self.client_id.as_bytes())?;
        if let Some(will) = self.will {
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

/// Bytes that a field takes with its length in front, `None` if two bytes cannot tell that length.
#[inline]
const fn field_len(field: &[u8]) -> Option<usize> {
    if field.len() <= u16::MAX as usize { Some(2 + field.len()) } else { None }
}

/// The remaining length of a packet with an identifier and filters, each with `extra` bytes.
fn filters_len(filters: Filters<'_>, extra: usize) -> Option<usize> {
    let len = filters.iter().try_fold(2_usize, |len, (filter, _)| {
        len.checked_add(field_len(filter.as_bytes())? + extra)
    })?;
    if len > 2 { Some(len) } else { None }
}

/// Bytes of a whole packet.
#[inline]
const fn packet_len(remaining_len: usize) -> usize {
    1 + length_len(remaining_len) + remaining_len
}

/// Bytes that a remaining length takes (MQTT 3.1.1 table 2.4).
#[inline]
const fn length_len(remaining_len: usize) -> usize {
    match remaining_len {
        0..=127 => 1,
        128..=16_383 => 2,
        16_384..=2_097_151 => 3,
        _ => 4,
    }
}
