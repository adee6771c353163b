//! From bytes to packets. Every rule that can be checked with one packet alone is checked here.

use super::breach::Breach;
use super::connect::{Connack, Connect, ConnectReturnCode, Will};
use super::lists::{Filters, ReturnCodes};
use super::packet::{Packet, Publish, QoS, Suback, Subscribe, SubscribeReturnCode, Unsubscribe};
use super::reader::Reader;
use super::split::{FixedHeader, Split, split};
use super::topic;
use crate::error::TopicError;

/// Reads one whole packet, fixed header included. The packet borrows from `packet`.
///
/// Which side sent it does not matter. A CONNECT with an empty client identifier and without a
/// clean session is decoded, since the server has to answer it [MQTT-3.1.3-8].
///
/// ```
/// use fivewire_core::mqtt::{Breach, Packet, decode};
///
/// assert_eq!(decode(&[0xD0, 0x00]), Ok(Packet::Pingresp));
/// assert_eq!(decode(&[0xD1, 0x00]).unwrap_err().clause(), "MQTT-2.2.2-2");
/// ```
///
/// # Errors
///
/// The first breach found, reading from the front. [`Breach::Truncated`] and
/// [`Breach::TrailingBytes`] also where `packet` is shorter or longer than its own header says.
#[inline]
pub fn decode(packet: &[u8]) -> Result<Packet<'_>, Breach> {
    let packet_type = packet.first().map_or(0, |first_byte| first_byte >> 4);
    let Split::Header(header) = split(packet)? else {
        return Err(Breach::Truncated { packet_type });
    };
    let Some((_, body)) = packet.split_at_checked(header.header_len) else {
        return Err(Breach::Truncated { packet_type });
    };
    if body.len() < header.remaining_len {
        return Err(Breach::Truncated { packet_type });
    }
    if body.len() > header.remaining_len {
        return Err(Breach::TrailingBytes { packet_type });
    }
    let mut reader = Reader::new(packet_type, body);
    // PUBLISH is most of the traffic: it alone is worth being inlined
    if packet_type == 3 { publish(header, reader) } else { other(packet_type, &mut reader) }
}

fn other<'a>(packet_type: u8, reader: &mut Reader<'a>) -> Result<Packet<'a>, Breach> {
    Ok(match packet_type {
        1 => return connect(reader),
        2 => return connack(reader),
        4 => Packet::Puback(reader.packet_id()?),
        5 => Packet::Pubrec(reader.packet_id()?),
        6 => Packet::Pubrel(reader.packet_id()?),
        7 => Packet::Pubcomp(reader.packet_id()?),
        8 => return subscribe(reader),
        9 => return suback(reader),
        10 => return unsubscribe(reader),
        11 => Packet::Unsuback(reader.packet_id()?),
        12 => Packet::Pingreq,
        13 => Packet::Pingresp,
        14 => Packet::Disconnect,
        packet_type => return Err(Breach::PacketType { packet_type }),
    })
}

#[inline]
fn publish(header: FixedHeader, mut reader: Reader<'_>) -> Result<Packet<'_>, Breach> {
    let flags = header.first_byte;
    let qos = QoS::from_u8(flags >> 1 & 0b11).ok_or(Breach::QosThree)?;
    let topic = reader.utf8()?;
    topic::validate_name(topic).map_err(topic_breach)?;
    let packet_id = match qos {
        QoS::AtMostOnce => None,
        QoS::AtLeastOnce | QoS::ExactlyOnce => Some(reader.packet_id()?),
    };
    Ok(Packet::Publish(Publish {
        dup: flags & 0b1000 != 0,
        qos,
        retain: flags & 0b0001 != 0,
        topic,
        packet_id,
        payload: reader.rest(),
    }))
}

/// The breach behind a malformed topic.
#[cold]
const fn topic_breach(error: TopicError) -> Breach {
    match error {
        TopicError::Empty => Breach::EmptyTopic,
        TopicError::Nul => Breach::Nul,
        TopicError::Wildcard => Breach::TopicNameWildcard,
        TopicError::MultiLevelMisplaced => Breach::MultiLevelMisplaced,
        TopicError::SingleLevelMisplaced => Breach::SingleLevelMisplaced,
        // two bytes of length cannot say more than 65,535
        TopicError::TooLong { .. } => Breach::RemainingLength,
    }
}

#[cold]
fn connect<'a>(reader: &mut Reader<'a>) -> Result<Packet<'a>, Breach> {
    if reader.bytes()? != b"MQTT" {
        return Err(Breach::ProtocolName);
    }
    // other levels mean other fields, so nothing after this can be read for them
    let level = reader.byte()?;
    if level != 4 {
        return Err(Breach::ProtocolLevel { level });
    }
    let flags = ConnectFlags::new(reader.byte()?)?;
    let keep_alive_s = reader.integer()?;
    // the order of the fields is that of [MQTT-3.1.3-1]
    let connect = Connect {
        client_id: reader.text()?,
        clean_session: flags.clean_session,
        keep_alive_s,
        will: match flags.will {
            Some((qos, retain)) => Some(will(reader, qos, retain)?),
            None => None,
        },
        username: if flags.username { Some(reader.text()?) } else { None },
        password: if flags.password { Some(reader.bytes()?) } else { None },
    };
    if reader.rest().is_empty() {
        Ok(Packet::Connect(connect))
    } else {
        Err(Breach::TrailingBytes { packet_type: 1 })
    }
}

/// The connect flags (MQTT 3.1.1 §3.1.2.3), checked.
struct ConnectFlags {
    clean_session: bool,
    will: Option<(QoS, bool)>,
    username: bool,
    password: bool,
}

impl ConnectFlags {
    fn new(byte: u8) -> Result<Self, Breach> {
        let is_set = |bit: u8| byte >> bit & 1 == 1;
        if is_set(0) {
            return Err(Breach::ConnectReservedFlag);
        }
        let will_qos = byte >> 3 & 0b11;
        let will = if is_set(2) {
            Some((QoS::from_u8(will_qos).ok_or(Breach::WillQosThree)?, is_set(5)))
        } else if will_qos != 0 {
            return Err(Breach::WillQosWithoutWill);
        } else if is_set(5) {
            return Err(Breach::WillRetainWithoutWill);
        } else {
            None
        };
        if is_set(6) && !is_set(7) {
            return Err(Breach::PasswordWithoutUsername);
        }
        Ok(Self { clean_session: is_set(1), will, username: is_set(7), password: is_set(6) })
    }
}

fn will<'a>(reader: &mut Reader<'a>, qos: QoS, retain: bool) -> Result<Will<'a>, Breach> {
    let topic = reader.utf8()?;
    match topic::validate_name(topic) {
        Ok(()) => Ok(Will { topic, payload: reader.bytes()?, qos, retain }),
        Err(TopicError::Wildcard) => Err(Breach::WillTopicWildcard),
        Err(error) => Err(topic_breach(error)),
    }
}

#[cold]
fn connack<'a>(reader: &mut Reader<'a>) -> Result<Packet<'a>, Breach> {
    let flags = reader.byte()?;
    if flags > 1 {
        return Err(Breach::ConnackFlags { flags });
    }
    let code = reader.byte()?;
    let return_code = ConnectReturnCode::from_u8(code).ok_or(Breach::ConnackReturnCode { code })?;
    let session_present = flags == 1;
    if session_present && return_code != ConnectReturnCode::Accepted {
        return Err(Breach::SessionPresentWithRefusal);
    }
    Ok(Packet::Connack(Connack { session_present, return_code }))
}

#[cold]
fn subscribe<'a>(reader: &mut Reader<'a>) -> Result<Packet<'a>, Breach> {
    let packet_id = reader.packet_id()?;
    let payload = reader.rest();
    if payload.is_empty() {
        return Err(Breach::NoFilters { packet_type: 8 });
    }
    while !reader.rest().is_empty() {
        topic::validate_filter(reader.utf8()?).map_err(topic_breach)?;
        let byte = reader.byte()?;
        QoS::from_u8(byte).ok_or(Breach::SubscribeQos { byte })?;
    }
    Ok(Packet::Subscribe(Subscribe { packet_id, filters: Filters::of_subscribe(payload) }))
}

#[cold]
fn unsubscribe<'a>(reader: &mut Reader<'a>) -> Result<Packet<'a>, Breach> {
    let packet_id = reader.packet_id()?;
    let payload = reader.rest();
    if payload.is_empty() {
        return Err(Breach::NoFilters { packet_type: 10 });
    }
    while !reader.rest().is_empty() {
        topic::validate_filter(reader.utf8()?).map_err(topic_breach)?;
    }
    Ok(Packet::Unsubscribe(Unsubscribe { packet_id, filters: Filters::of_unsubscribe(payload) }))
}

#[cold]
fn suback<'a>(reader: &mut Reader<'a>) -> Result<Packet<'a>, Breach> {
    let packet_id = reader.packet_id()?;
    let payload = reader.rest();
    // a SUBSCRIBE has at least one filter, so its answer has at least one code
    if payload.is_empty() {
        return Err(Breach::SubackCountMismatch);
    }
    for &code in payload {
        SubscribeReturnCode::from_u8(code).ok_or(Breach::SubackReturnCode { code })?;
    }
    Ok(Packet::Suback(Suback { packet_id, return_codes: ReturnCodes::of_suback(payload) }))
}
