//! What an original host tells in `w` and `init` (PREDECESSORS.md §2.2, §2.3).

use crate::bridge::frame::{Init, Services, TopicBytes};
use crate::bridge::original::Generation;
use crate::bridge::original::record::Fields;
use crate::bridge::{Broker, Network};
use crate::config::Config;
use crate::mqtt::topic::validate_name;
use crate::mqtt::{QoS, Will};

/// The record `w`, read.
pub(super) fn read_will<'a>(mut fields: Fields<'a>) -> Option<Will<'a>> {
    let topic = fields.text().filter(|topic| validate_name(topic).is_ok())?;
    let payload = fields.next()?;
    let retain = fields.flag()?;
    let qos = fields.number().and_then(|qos| u8::try_from(qos).ok()).and_then(QoS::from_u8)?;
    Some(Will { topic, payload, qos, retain })
}

/// The record `init`, read.
pub(super) struct Told<'a> {
    pub(super) generation: Generation,
    /// It wants TLS, which fivewire's ESP8266 does not have.
    pub(super) tls: bool,
    pub(super) init: Init<'a>,
}

/// Reads `init`. Numbers that the client does not take are brought into its ranges.
pub(super) fn read_init<'a>(
    mut fields: Fields<'a>,
    client_id: &'a str,
    will: Option<Will<'a>>,
) -> Option<Told<'a>> {
    let (ssid, password, host) = (fields.text()?, fields.text()?, fields.text()?);
    let username = Some(fields.text()?).filter(|name| !name.is_empty());
    let mqtt_password = Some(fields.next()?).filter(|_| username.is_some());
    let _tls_parameters = fields.next()?;
    let use_default = fields.flag()?;
    let port = u16::try_from(fields.number()?).ok()?;
    let (tls, _fast) = (fields.flag()?, fields.flag()?);
    let keep_alive_s = u16::try_from(fields.number()?).unwrap_or(u16::MAX);
    let (_debug, clean_session) = (fields.flag()?, fields.flag()?);
    let _max_repubs = fields.number()?;
    let (response_s, ping_s) = (fields.number()?, fields.number()?);
    let generation = if fields.next().is_some() { Generation::V01 } else { Generation::V022 };
    let defaults = Config::new(client_id);
    let config = Config {
        username,
        password: mqtt_password,
        will,
        keep_alive_s,
        clean_session,
        // It is not the first start of the host each time that the ESP8266 starts (D-14).
        clean_init: false,
        response_timeout_ms: match response_s.saturating_mul(1_000) {
            0 => defaults.response_timeout_ms,
            asked_ms => asked_ms.clamp(500, 60_000),
        },
        // Used only if it is shorter than a quarter of keep alive, as in the original (PREDECESSORS.md
        // §3.1).
        ping_interval_ms: match ping_s.saturating_mul(1_000) {
            asked_ms if asked_ms < u32::from(keep_alive_s) * 250 => asked_ms,
            _ => 0,
        },
        ..defaults
    };
    let port = if port == 0 { 1_883 } else { port };
    let init = Init {
        epoch: 0,
        room_bytes: 0,
        capacity_bytes: 0,
        topics: TopicBytes::default(),
        config,
        network: Network { ssid, password, use_default },
        broker: Broker { host, port },
        services: Services::default(),
    };
    Some(Told { generation, tls, init })
}

/// Names a host's settings, so that an ESP8266 that was not reset keeps its connection for the same
/// ones only.
pub(super) fn fingerprint(texts: [&[u8]; 2]) -> u32 {
    let bytes = texts.into_iter().flat_map(|text| text.iter().chain(&[0]));
    bytes.fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::original::record::split;

    const INIT: &[u8] = b"init\x7fhome\x7fsecret\x7f10.0.0.2\x7fjoe\x7fpw\x7f{}\x7f1\x7f0\x7f0\x7f1\x7f60\x7f0\x7f1\x7f4\x7f10\x7f5";

    #[test]
    fn an_init_of_either_generation_is_understood() {
        let told = read_init(split(INIT).1, "chip", None).unwrap_or_else(|| unreachable!());
        assert_eq!(told.generation, Generation::V022);
        assert!(told.init.network.use_default && told.init.config.clean_session && !told.tls);
        assert_eq!((told.init.broker.host, told.init.broker.port), ("10.0.0.2", 1_883));
        assert_eq!(told.init.config.username, Some("joe"));
        assert_eq!((told.init.config.keep_alive_s, told.init.config.ping_interval_ms), (60, 5_000));
        assert_eq!(told.init.config.response_timeout_ms, 10_000);
        assert_eq!(told.init.config.validate(), Ok(()));
        let with_server = [INIT, b"\x7fpool.ntp.org"].concat();
        let told = read_init(split(&with_server).1, "chip", None).unwrap_or_else(|| unreachable!());
        assert_eq!(told.generation, Generation::V01);
    }

    #[test]
    fn an_init_that_lacks_a_field_is_none() {
        let cut = &INIT[..INIT.len() - 2];
        assert!(read_init(split(cut).1, "chip", None).is_none());
    }
}
