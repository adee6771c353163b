//! From bytes to packets. Every rule that can be checked with one packet alone is checked here.

use super::breach::Breach;
use super::connect::{Connack, Connect, Will};
use super::list::List;
use super::packet::{Ack, Auth, Disconnect, Packet, Publish};
use super::properties::{self, Properties};
use super::reader::Reader;
use super::reason::ReasonCode;
use super::split::split;
use super::subscribe::{
    Suback, Subscribe, Unsuback, Unsubscribe, read_filter, read_subscription, topic_breach,
};
use crate::error::TopicError;
use crate::mqtt::{FixedHeader, PacketId, QoS, Split, topic};

/// Reads one whole packet, fixed header included. The packet borrows from `packet`.
///
/// Which side sent it does not matter.
///
/// ```
/// use fivewire_core::mqtt::v5::{Disconnect, Packet, ReasonCode, decode};
///
/// let disconnect = Packet::Disconnect(Disconnect::new(ReasonCode::Success));
/// assert_eq!(decode(&[0xE0, 0]), Ok(disconnect));
/// assert_eq!(decode(&[0xE1, 0]).unwrap_err().clause(), "MQTT5-3.14.1-1");
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
    if packet_type == 3 {
        return publish(header, reader);
    }
    let packet = other(packet_type, &mut reader)?;
    if reader.rest().is_empty() { Ok(packet) } else { Err(Breach::TrailingBytes { packet_type }) }
}

fn other<'a>(packet_type: u8, reader: &mut Reader<'a>) -> Result<Packet<'a>, Breach> {
    Ok(match packet_type {
        1 => Packet::Connect(connect(reader)?),
        2 => Packet::Connack(connack(reader)?),
        4 => Packet::Puback(ack(reader, 4)?),
        5 => Packet::Pubrec(ack(reader, 5)?),
        6 => Packet::Pubrel(ack(reader, 6)?),
        7 => Packet::Pubcomp(ack(reader, 7)?),
        8 => Packet::Subscribe(subscribe(reader)?),
        9 => {
            let (packet_id, properties, reason_codes) = answers(reader, 9)?;
            Packet::Suback(Suback { packet_id, properties, reason_codes })
        }
        10 => Packet::Unsubscribe(unsubscribe(reader)?),
        11 => {
            let (packet_id, properties, reason_codes) = answers(reader, 11)?;
            Packet::Unsuback(Unsuback { packet_id, properties, reason_codes })
        }
        12 => Packet::Pingreq,
        13 => Packet::Pingresp,
        14 => {
            let (reason_code, properties) = outcome(reader, 14)?;
            Packet::Disconnect(Disconnect { reason_code, properties })
        }
        15 => Packet::Auth(auth(reader)?),
        packet_type => return Err(Breach::PacketType { packet_type }),
    })
}

#[inline]
fn publish(header: FixedHeader, mut reader: Reader<'_>) -> Result<Packet<'_>, Breach> {
    let flags = header.first_byte;
    let qos = QoS::from_u8(flags >> 1 & 0b11).ok_or(Breach::QosThree)?;
    let topic = reader.utf8()?;
    if !topic.is_empty() {
        topic::validate_name(topic).map_err(topic_breach)?;
    }
    let packet_id = match qos {
        QoS::AtMostOnce => None,
        QoS::AtLeastOnce | QoS::ExactlyOnce => Some(reader.packet_id()?),
    };
    let properties = properties::read(&mut reader, 3)?;
    if topic.is_empty() && properties.topic_alias().is_none() {
        return Err(Breach::NoTopic);
    }
    Ok(Packet::Publish(Publish {
        dup: flags & 0b1000 != 0,
        qos,
        retain: flags & 0b0001 != 0,
        topic,
        packet_id,
        properties,
        payload: reader.rest(),
    }))
}

fn connect<'a>(reader: &mut Reader<'a>) -> Result<Connect<'a>, Breach> {
    if reader.bytes()? != b"MQTT" {
        return Err(Breach::ProtocolName);
    }
    // other versions mean other fields, so nothing after this can be read for them
    let version = reader.byte()?;
    if version != 5 {
        return Err(Breach::ProtocolVersion { version });
    }
    let flags = ConnectFlags::new(reader.byte()?)?;
    let keep_alive_s = reader.two_bytes()?;
    let properties = properties::read(reader, 1)?;
    // the order of the fields is that of [MQTT5-3.1.3-1]
    Ok(Connect {
        client_id: reader.text()?,
        clean_start: flags.clean_start,
        keep_alive_s,
        properties,
        will: match flags.will {
            Some((qos, retain)) => Some(will(reader, qos, retain)?),
            None => None,
        },
        username: if flags.username { Some(reader.text()?) } else { None },
        password: if flags.password { Some(reader.bytes()?) } else { None },
    })
}

/// The connect flags (MQTT 5 §3.1.2.3), checked.
struct ConnectFlags {
    clean_start: bool,
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
        Ok(Self { clean_start: is_set(1), will, username: is_set(7), password: is_set(6) })
    }
}

fn will<'a>(reader: &mut Reader<'a>, qos: QoS, retain: bool) -> Result<Will<'a>, Breach> {
    let properties = properties::read_will(reader)?;
    let topic = reader.utf8()?;
    match topic::validate_name(topic) {
        Ok(()) => Ok(Will { topic, payload: reader.bytes()?, qos, retain, properties }),
        Err(TopicError::Wildcard) => Err(Breach::WillTopicWildcard),
        Err(error) => Err(topic_breach(error)),
    }
}

fn connack<'a>(reader: &mut Reader<'a>) -> Result<Connack<'a>, Breach> {
    let flags = reader.byte()?;
    if flags > 1 {
        return Err(Breach::ConnackFlags { flags });
    }
    let reason_code = reason_code(reader.byte()?, 2)?;
    let session_present = flags == 1;
    if session_present && reason_code != ReasonCode::Success {
        return Err(Breach::SessionPresentWithRefusal);
    }
    Ok(Connack { session_present, reason_code, properties: properties::read(reader, 2)? })
}

fn reason_code(code: u8, packet_type: u8) -> Result<ReasonCode, Breach> {
    ReasonCode::from_u8(code).filter(|reason_code| reason_code.is_allowed_in(packet_type)).ok_or(
        match packet_type {
            2 => Breach::ConnackReasonCode { code },
            4 => Breach::PubackReasonCode { code },
            5 => Breach::PubrecReasonCode { code },
            6 => Breach::PubrelReasonCode { code },
            7 => Breach::PubcompReasonCode { code },
            9 => Breach::SubackReasonCode { code },
            11 => Breach::UnsubackReasonCode { code },
            15 => Breach::AuthReasonCode { code },
            _ => Breach::DisconnectReasonCode { code },
        },
    )
}

/// A reason code and properties, of which the end may be missing: success, and none.
fn outcome<'a>(
    reader: &mut Reader<'a>,
    packet_type: u8,
) -> Result<(ReasonCode, Properties<'a>), Breach> {
    if reader.rest().is_empty() {
        return Ok((ReasonCode::Success, Properties::NONE));
    }
    let reason_code = reason_code(reader.byte()?, packet_type)?;
    if reader.rest().is_empty() {
        return Ok((reason_code, Properties::NONE));
    }
    Ok((reason_code, properties::read(reader, packet_type)?))
}

fn ack<'a>(reader: &mut Reader<'a>, packet_type: u8) -> Result<Ack<'a>, Breach> {
    let packet_id = reader.packet_id()?;
    let (reason_code, properties) = outcome(reader, packet_type)?;
    Ok(Ack { packet_id, reason_code, properties })
}

/// An AUTH without a method says success and nothing else (MQTT 5 §3.15.2).
fn auth<'a>(reader: &mut Reader<'a>) -> Result<Auth<'a>, Breach> {
    let missing = reader.rest().is_empty();
    let (reason_code, properties) = match reader.rest() {
        // the code is there, the length of the properties is not
        [_] => return Err(Breach::Truncated { packet_type: 15 }),
        _ => outcome(reader, 15)?,
    };
    if !missing && reason_code != ReasonCode::Success && properties.is_empty() {
        return Err(Breach::AuthenticationMethodMissing);
    }
    Ok(Auth { reason_code, properties })
}

fn subscribe<'a>(reader: &mut Reader<'a>) -> Result<Subscribe<'a>, Breach> {
    let packet_id = reader.packet_id()?;
    let properties = properties::read(reader, 8)?;
    let payload = reader.rest();
    if payload.is_empty() {
        return Err(Breach::NoFilters { packet_type: 8 });
    }
    while !reader.rest().is_empty() {
        read_subscription(reader)?;
    }
    Ok(Subscribe { packet_id, properties, filters: List::of_wire(payload) })
}

fn unsubscribe<'a>(reader: &mut Reader<'a>) -> Result<Unsubscribe<'a>, Breach> {
    let packet_id = reader.packet_id()?;
    let properties = properties::read(reader, 10)?;
    let payload = reader.rest();
    if payload.is_empty() {
        return Err(Breach::NoFilters { packet_type: 10 });
    }
    while !reader.rest().is_empty() {
        read_filter(reader)?;
    }
    Ok(Unsubscribe { packet_id, properties, filters: List::of_wire(payload) })
}

/// The fields of a SUBACK or UNSUBACK.
type Answers<'a> = (PacketId, Properties<'a>, List<'a, ReasonCode>);

fn answers<'a>(reader: &mut Reader<'a>, packet_type: u8) -> Result<Answers<'a>, Breach> {
    let packet_id = reader.packet_id()?;
    let properties = properties::read(reader, packet_type)?;
    let payload = reader.take(reader.rest().len())?;
    // what is answered has at least one filter, so its answer has at least one code
    if payload.is_empty() {
        return Err(match packet_type {
            9 => Breach::SubackCountMismatch,
            _ => Breach::UnsubackCountMismatch,
        });
    }
    for &code in payload {
        reason_code(code, packet_type)?;
    }
    Ok((packet_id, properties, List::of_wire(payload)))
}
