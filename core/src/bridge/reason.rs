//! Reasons as two bytes, so that the host can tell its application what the ESP8266 met.

#[cfg(feature = "mqtt5")]
mod v5;

use core::mem::discriminant;

use super::record::Garbage;
use crate::event::DownReason;
use crate::mqtt::{Breach, ConnectReturnCode};

/// All kinds of breaches; the place in this table is the number in the frame. Append only.
const BREACHES: [Breach; 37] = [
    Breach::PacketType { packet_type: 0 },
    Breach::ReservedFlags { first_byte: 0 },
    Breach::QosThree,
    Breach::DupWithQosZero,
    Breach::RemainingLength,
    Breach::WrongLength { packet_type: 0 },
    Breach::Truncated { packet_type: 0 },
    Breach::TrailingBytes { packet_type: 0 },
    Breach::NotUtf8,
    Breach::Nul,
    Breach::PacketIdZero,
    Breach::EmptyTopic,
    Breach::TopicNameWildcard,
    Breach::WillTopicWildcard,
    Breach::MultiLevelMisplaced,
    Breach::SingleLevelMisplaced,
    Breach::ProtocolName,
    Breach::ProtocolLevel { level: 0 },
    Breach::ConnectReservedFlag,
    Breach::WillQosWithoutWill,
    Breach::WillQosThree,
    Breach::WillRetainWithoutWill,
    Breach::PasswordWithoutUsername,
    Breach::ConnackFlags { flags: 0 },
    Breach::ConnackReturnCode { code: 0 },
    Breach::SessionPresentWithRefusal,
    Breach::NoFilters { packet_type: 0 },
    Breach::SubscribeQos { byte: 0 },
    Breach::SubackReturnCode { code: 0 },
    Breach::SubackCountMismatch,
    Breach::FirstPacketNotConnack,
    Breach::FirstPacketNotConnect,
    Breach::SecondConnect,
    Breach::UnexpectedPacket { packet_type: 0 },
    Breach::SessionPresentWithCleanSession,
    Breach::EmptyClientId,
    Breach::UnknownPacketId,
];

/// All reasons without an argument; the place in this table is the number in the frame. Append
/// only.
const PLAIN: [DownReason; 13] = [
    DownReason::WifiLost,
    DownReason::JoinFailed,
    DownReason::TcpRefused,
    DownReason::TcpUnreachable,
    DownReason::TcpClosed,
    DownReason::ConnackOverdue,
    DownReason::PingrespOverdue,
    DownReason::AckOverdue,
    DownReason::ReceiveOverrun,
    DownReason::Shed,
    DownReason::LinkLost,
    DownReason::EspRestarted,
    DownReason::ShutDown,
];

const REFUSED: u8 = 0x40;
const BREACH: u8 = 0x80;

/// The two bytes that stand for `reason`.
pub(crate) fn to_bytes(reason: DownReason) -> [u8; 2] {
    #[cfg(feature = "mqtt5")]
    if let Some(bytes) = v5::to_bytes(reason) {
        return bytes;
    }
    match reason {
        DownReason::Refused(code) => [REFUSED, code.as_u8()],
        DownReason::Breach(breach) => [BREACH | place_of(&breach), argument(breach)],
        plain => [number(PLAIN.iter().position(|known| *known == plain)), 0],
    }
}

/// The reason that two bytes stand for. Each has one form: an argument where there is none is never sent.
pub(crate) fn from_bytes(kind: u8, argument: u8) -> Result<DownReason, Garbage> {
    let reason = read(kind, argument)?;
    if to_bytes(reason) == [kind, argument] { Ok(reason) } else { Err(Garbage) }
}

fn read(kind: u8, argument: u8) -> Result<DownReason, Garbage> {
    #[cfg(feature = "mqtt5")]
    if let Some(reason) = v5::from_bytes(kind, argument) {
        return Ok(reason);
    }
    if kind & BREACH != 0 {
        let breach = BREACHES.get(usize::from(kind & !BREACH)).ok_or(Garbage)?;
        return Ok(DownReason::Breach(with_argument(*breach, argument)));
    }
    if kind == REFUSED {
        let code = ConnectReturnCode::from_u8(argument);
        let refusal = code.filter(|code| *code != ConnectReturnCode::Accepted);
        return refusal.map(DownReason::Refused).ok_or(Garbage);
    }
    PLAIN.get(usize::from(kind)).copied().ok_or(Garbage)
}

fn place_of(breach: &Breach) -> u8 {
    number(BREACHES.iter().position(|known| discriminant(known) == discriminant(breach)))
}

fn number(place: Option<usize>) -> u8 {
    place.and_then(|place| u8::try_from(place).ok()).unwrap_or(0)
}

const fn argument(breach: Breach) -> u8 {
    match breach {
        Breach::PacketType { packet_type: byte }
        | Breach::ReservedFlags { first_byte: byte }
        | Breach::WrongLength { packet_type: byte }
        | Breach::Truncated { packet_type: byte }
        | Breach::TrailingBytes { packet_type: byte }
        | Breach::ProtocolLevel { level: byte }
        | Breach::ConnackFlags { flags: byte }
        | Breach::ConnackReturnCode { code: byte }
        | Breach::NoFilters { packet_type: byte }
        | Breach::SubscribeQos { byte }
        | Breach::SubackReturnCode { code: byte }
        | Breach::UnexpectedPacket { packet_type: byte } => byte,
        _ => 0,
    }
}

const fn with_argument(breach: Breach, byte: u8) -> Breach {
    match breach {
        Breach::PacketType { .. } => Breach::PacketType { packet_type: byte },
        Breach::ReservedFlags { .. } => Breach::ReservedFlags { first_byte: byte },
        Breach::WrongLength { .. } => Breach::WrongLength { packet_type: byte },
        Breach::Truncated { .. } => Breach::Truncated { packet_type: byte },
        Breach::TrailingBytes { .. } => Breach::TrailingBytes { packet_type: byte },
        Breach::ProtocolLevel { .. } => Breach::ProtocolLevel { level: byte },
        Breach::ConnackFlags { .. } => Breach::ConnackFlags { flags: byte },
        Breach::ConnackReturnCode { .. } => Breach::ConnackReturnCode { code: byte },
        Breach::NoFilters { .. } => Breach::NoFilters { packet_type: byte },
        Breach::SubscribeQos { .. } => Breach::SubscribeQos { byte },
        Breach::SubackReturnCode { .. } => Breach::SubackReturnCode { code: byte },
        Breach::UnexpectedPacket { .. } => Breach::UnexpectedPacket { packet_type: byte },
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_survives_the_link() {
        let plain = PLAIN.iter().copied();
        let refused = (1..=5).filter_map(ConnectReturnCode::from_u8).map(DownReason::Refused);
        let breaches = BREACHES.iter().map(|breach| DownReason::Breach(with_argument(*breach, 7)));
        for reason in plain.chain(refused).chain(breaches) {
            let [kind, argument] = to_bytes(reason);
            assert_eq!(from_bytes(kind, argument), Ok(reason));
        }
    }

    #[test]
    fn unknown_numbers_are_garbage() {
        for kind in [13, 0x3F, 0x44, 0x80 | 37, 0xFF] {
            assert_eq!(from_bytes(kind, 0), Err(Garbage));
        }
        for (kind, argument) in [(4, 1), (0x40, 0), (0x40, 6), (0x80 | 8, 1)] {
            assert_eq!(from_bytes(kind, argument), Err(Garbage), "{kind} {argument}");
        }
    }
}
