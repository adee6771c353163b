//! The CONNECT packet of MQTT 5.

use core::ops::Range;

use crate::config::Config;
use crate::error::ConfigError;
use crate::mqtt::v5::{self, Packet, Properties, Property};
use crate::mqtt::{Split, split};
use crate::session::connect::FLAGS_AFTER_HEADER;

/// What is known of an encoded CONNECT packet.
#[derive(Clone, Copy, Debug)]
pub(in crate::session) struct Connect {
    pub(in crate::session) size: usize,
    pub(in crate::session) header_len: usize,
}

/// Writes the CONNECT packet: the topic alias maximum is the first property, if it is there.
pub(in crate::session) fn encode(
    config: &Config<'_>,
    packet_max_bytes: usize,
    into: &mut [u8],
) -> Result<Connect, ConfigError> {
    let mqtt5 = &config.mqtt5;
    let mut properties = [Property::ReceiveMaximum(u16::from(config.receive_maximum)); 4];
    let mut count = 1;
    if mqtt5.topic_alias_maximum > 0 {
        properties[0] = Property::TopicAliasMaximum(mqtt5.topic_alias_maximum);
        count += 1;
    }
    let packet_max = u32::try_from(packet_max_bytes).unwrap_or(u32::MAX);
    properties[count] = Property::MaximumPacketSize(packet_max);
    count += 1;
    if !config.clean_session {
        properties[count] = Property::SessionExpiryInterval(mqtt5.session_expiry_interval_s);
        count += 1;
    }
    let packet = Packet::Connect(v5::Connect {
        client_id: config.client_id,
        clean_start: config.clean_session,
        keep_alive_s: config.keep_alive_s,
        properties: Properties::before(&properties[..count], mqtt5.connect),
        will: config.will.map(|will| v5::Will {
            topic: will.topic,
            payload: will.payload,
            qos: will.qos,
            retain: will.retain,
            properties: mqtt5.will,
        }),
        username: config.username,
        password: config.password,
    });
    let too_small = ConfigError::MemoryTooSmall {
        buffer: "connect",
        size_bytes: into.len(),
        min_bytes: packet.encoded_len(),
    };
    let size = packet.encode(into).map_err(|_| too_small)?;
    Ok(Connect { size, header_len: header_len(into) })
}

fn header_len(packet: &[u8]) -> usize {
    match split(packet) {
        Ok(Split::Header(header)) => header.header_len,
        Ok(Split::Incomplete) | Err(_) => 0,
    }
}

/// Where the properties lie in a CONNECT packet whose fixed header has this length: behind the
/// flags (1) and the keep alive (2), without their own length.
fn properties(packet: &[u8], header_len: usize) -> Range<usize> {
    let mut at = header_len + FLAGS_AFTER_HEADER + 3;
    let mut len = 0;
    for shift in [0, 7, 14, 21] {
        let byte = packet.get(at).copied().unwrap_or(0);
        at += 1;
        len |= usize::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    at..at + len
}

/// Allows the broker no topic alias any more.
pub(in crate::session) fn forbid_aliases(packet: &mut [u8], header_len: usize) {
    let properties = properties(packet, header_len);
    if let Some([0x22, maximum @ ..]) = packet.get_mut(properties).and_then(|all| all.get_mut(..3))
    {
        maximum.fill(0);
    }
}

/// Puts the client identifier that the broker chose in place of the empty one. `None` if there is
/// no room: the next connection then begins a new session.
pub(super) fn assign(bytes: &mut [u8], connect: Connect, client_id: &str) -> Option<Connect> {
    let Connect { size, header_len } = connect;
    let at = properties(bytes, header_len).end;
    let remaining = size - header_len + client_id.len();
    let digits = match remaining {
        0..128 => 1,
        128..16_384 => 2,
        16_384..2_097_152 => 3,
        _ => 4,
    };
    let wider = 1 + digits - header_len;
    let new_size = 1 + digits + remaining;
    if new_size > bytes.len() || bytes.get(at..at + 2)? != [0, 0] {
        return None;
    }
    let [high, low] = u16::try_from(client_id.len()).ok()?.to_be_bytes();
    // from behind: what follows the identifier, the identifier, what comes before it, the header
    bytes.copy_within(at + 2..size, at + 2 + client_id.len() + wider);
    bytes.copy_within(header_len..at, header_len + wider);
    let field = bytes.get_mut(at + wider..at + wider + 2 + client_id.len())?;
    field[..2].copy_from_slice(&[high, low]);
    field[2..].copy_from_slice(client_id.as_bytes());
    let mut left = remaining;
    for (place, digit) in bytes[1..=digits].iter_mut().enumerate() {
        let more = if place + 1 < digits { 0x80 } else { 0 };
        *digit = (left & 0x7F) as u8 | more;
        left >>= 7;
    }
    Some(Connect { size: new_size, header_len: 1 + digits })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::v5::decode;

    const CONFIG: Config<'_> =
        Config { username: Some("u"), password: Some(b"p"), ..Config::new("") };

    #[test]
    fn an_assigned_identifier_takes_the_place_of_the_empty_one() {
        let mut bytes = [0xA5; 400];
        for len in [1, 23, 90, 200] {
            let client_id = &"x".repeat(len);
            let connect = encode(&CONFIG, 1_000, &mut bytes).unwrap();
            let before = bytes;
            let Ok(Packet::Connect(expected)) = decode(&before[..connect.size]) else { panic!() };
            let assigned = assign(&mut bytes, connect, client_id).unwrap();
            let expected = v5::Connect { client_id, ..expected };
            assert_eq!(decode(&bytes[..assigned.size]), Ok(Packet::Connect(expected)));
            assert_eq!(assigned.header_len, header_len(&bytes));
            assert!(assign(&mut bytes, assigned, "again").is_none());
        }
        let connect = encode(&CONFIG, 1_000, &mut bytes).unwrap();
        assert!(assign(&mut bytes[..connect.size + 4], connect, "12345").is_none());
    }

    #[test]
    fn aliases_are_forbidden_in_place() {
        let config = Config {
            mqtt5: crate::config::Mqtt5 { topic_alias_maximum: 9, ..crate::config::Mqtt5::new() },
            ..CONFIG
        };
        let mut bytes = [0; 100];
        let connect = encode(&config, 1_000, &mut bytes).unwrap();
        for expected in [9, 0, 0] {
            let Ok(Packet::Connect(packet)) = decode(&bytes[..connect.size]) else { panic!() };
            assert_eq!(packet.properties.topic_alias_maximum(), expected);
            assert_eq!(packet.properties.receive_maximum(), 16);
            forbid_aliases(&mut bytes[..connect.size], connect.header_len);
        }
    }
}
