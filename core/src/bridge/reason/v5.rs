//! Reasons that only MQTT 5 has.

use crate::checkpoint::{Field, Fields};
use crate::event::DownReason;
use crate::mqtt::Breach;
use crate::mqtt::v5::{self, ReasonCode};

const REFUSED_WITH: u8 = 0x41;
const BY_BROKER: u8 = 0x42;
const TOPIC_ALIASES_OVERFLOW: u8 = 0x43;
/// From here on breaches of MQTT 5, by the number that recordings give them: those of MQTT 3.1.1
/// are below it.
const BREACH: u8 = 0xA8;

pub(super) fn to_bytes(reason: DownReason) -> Option<[u8; 2]> {
    Some(match reason {
        DownReason::RefusedWith(code) => [REFUSED_WITH, code.as_u8()],
        DownReason::ByBroker(code) => [BY_BROKER, code.as_u8()],
        DownReason::TopicAliasesOverflow => [TOPIC_ALIASES_OVERFLOW, 0],
        DownReason::Breach(Breach::V5(breach)) => {
            // a number of one byte, and an argument of one or two
            let (mut bytes, mut count) = ([0; 3], 0);
            breach.put(&mut |part| {
                bytes[count..count + part.len()].copy_from_slice(part);
                count += part.len();
            });
            let argument = u8::get(&mut Fields(&bytes[1..count])).unwrap_or(0);
            [BREACH + bytes[0], argument]
        }
        _ => return None,
    })
}

pub(super) fn from_bytes(kind: u8, argument: u8) -> Option<DownReason> {
    Some(match kind {
        REFUSED_WITH => DownReason::RefusedWith(ReasonCode::from_u8(argument)?),
        BY_BROKER => DownReason::ByBroker(ReasonCode::from_u8(argument)?),
        TOPIC_ALIASES_OVERFLOW => DownReason::TopicAliasesOverflow,
        BREACH.. => {
            let (mut bytes, mut count) = ([kind - BREACH, 0, 0], 1);
            argument.put(&mut |part| {
                bytes[count..count + part.len()].copy_from_slice(part);
                count += part.len();
            });
            let breach = v5::Breach::get(&mut Fields(&bytes[..count]))?;
            DownReason::Breach(Breach::V5(breach))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{from_bytes, to_bytes};
    use super::*;

    #[test]
    fn every_reason_of_mqtt_5_survives_the_link() {
        let codes = || (0..=255).filter_map(ReasonCode::from_u8);
        let breaches = (0..=255).filter_map(|number| {
            let bytes = [number, 0xC8, 1];
            v5::Breach::get(&mut Fields(&bytes)).map(|breach| DownReason::Breach(breach.into()))
        });
        let breaches: std::vec::Vec<_> = breaches.collect();
        assert_eq!(breaches.len(), 67);
        let reasons = codes().map(DownReason::RefusedWith).chain(codes().map(DownReason::ByBroker));
        for reason in reasons.chain([DownReason::TopicAliasesOverflow]).chain(breaches) {
            let [kind, argument] = to_bytes(reason);
            assert_eq!(from_bytes(kind, argument), Ok(reason));
        }
    }
}
