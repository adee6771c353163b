//! The settings in a frame.

use super::{TopicBytes, qos};
use crate::bridge::record::{Garbage, Reader, Writer};
use crate::bridge::{Broker, Network, TIME_SERVER};
use crate::config::{Config, Resubscribe};
use crate::mqtt::Will;

/// Who the host is and how the ESP8266 is to connect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Init<'a> {
    /// Drawn at each power-up of the host: the ESP8266 keeps its connection only for the same one.
    pub(crate) epoch: u32,
    /// Bytes of messages that the host can take now.
    pub(crate) room_bytes: u32,
    /// Bytes of messages that it could ever take.
    pub(crate) capacity_bytes: u32,
    pub(crate) topics: TopicBytes,
    pub(crate) config: Config<'a>,
    pub(crate) network: Network<'a>,
    pub(crate) broker: Broker<'a>,
    pub(crate) services: Services<'a>,
}

/// What the host wants besides of MQTT.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Services<'a> {
    pub(crate) asks_network: bool,
    pub(crate) tells_attempts: bool,
    pub(crate) time_server: &'a str,
}

impl<'a> Init<'a> {
    /// Writes the frame; says how long it is, or would be if there were room.
    pub(crate) fn encode(&self, into: &mut [u8]) -> Result<usize, usize> {
        let mut writer = Writer::new(into);
        self.write(&mut writer);
        writer.finish()
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        let config = &self.config;
        writer.u8(0x01);
        writer.u32(self.epoch);
        writer.u32(self.room_bytes);
        writer.u32(self.capacity_bytes);
        self.topics.write(writer);
        writer.u16(config.keep_alive_s);
        for value in [
            config.ping_interval_ms,
            config.response_timeout_ms,
            config.ack_timeout_ms,
            config.join_timeout_ms,
            config.open_timeout_ms,
            config.backoff_first_ms,
            config.backoff_last_ms,
        ] {
            writer.u32(value);
        }
        let always = config.resubscribe == Resubscribe::Always;
        let (username, password) =
            (config.username.unwrap_or_default(), config.password.unwrap_or_default());
        writer.bytes(&[config.window, config.receive_maximum, config.attempts_before_wifi]);
        for flag in [
            config.clean_session,
            config.clean_init,
            config.manages_wifi,
            always,
            config.username.is_some(),
            config.password.is_some(),
            config.will.is_some(),
        ] {
            writer.u8(u8::from(flag));
        }
        writer.field(config.client_id.as_bytes());
        writer.field(username.as_bytes());
        writer.field(password);
        if let Some(will) = &config.will {
            writer.field(will.topic.as_bytes());
            writer.field(will.payload);
            writer.bytes(&[will.qos.as_u8(), u8::from(will.retain)]);
        }
        writer.field(self.network.ssid.as_bytes());
        writer.field(self.network.password.as_bytes());
        writer.u8(u8::from(self.network.use_default));
        writer.field(self.broker.host.as_bytes());
        writer.u16(self.broker.port);
        let Services { asks_network, tells_attempts, time_server } = self.services;
        writer.bytes(&[u8::from(asks_network), u8::from(tells_attempts)]);
        // The usual one is not said: it would take the link's time at each start, whoever asks for
        // the time or not.
        let is_usual = time_server == TIME_SERVER;
        writer.field(if is_usual { &[] } else { time_server.as_bytes() });
        #[cfg(feature = "mqtt5")]
        super::v5::write_settings(config, writer);
    }

    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Garbage> {
        let (epoch, room_bytes, capacity_bytes) = (reader.u32()?, reader.u32()?, reader.u32()?);
        let topics = TopicBytes::read(reader)?;
        let mut config = Config { keep_alive_s: reader.u16()?, ..Config::new("") };
        for value in [
            &mut config.ping_interval_ms,
            &mut config.response_timeout_ms,
            &mut config.ack_timeout_ms,
            &mut config.join_timeout_ms,
            &mut config.open_timeout_ms,
            &mut config.backoff_first_ms,
            &mut config.backoff_last_ms,
        ] {
            *value = reader.u32()?;
        }
        for value in
            [&mut config.window, &mut config.receive_maximum, &mut config.attempts_before_wifi]
        {
            *value = reader.u8()?;
        }
        let mut flags = [false; 7];
        for flag in &mut flags {
            *flag = reader.bool()?;
        }
        let [clean_session, clean_init, manages_wifi, always, has_username, has_password, has_will] =
            flags;
        (config.clean_session, config.clean_init, config.manages_wifi) =
            (clean_session, clean_init, manages_wifi);
        config.resubscribe =
            if always { Resubscribe::Always } else { Resubscribe::WhenSessionLost };
        config.client_id = reader.text()?;
        config.username = Some(reader.text()?).filter(|_| has_username);
        config.password = Some(reader.field()?).filter(|_| has_password);
        config.will = if has_will { Some(will(reader)?) } else { None };
        let network =
            Network { ssid: reader.text()?, password: reader.text()?, use_default: reader.bool()? };
        let broker = Broker { host: reader.text()?, port: reader.u16()? };
        let services = Services {
            asks_network: reader.bool()?,
            tells_attempts: reader.bool()?,
            time_server: Some(reader.text()?).filter(|it| !it.is_empty()).unwrap_or(TIME_SERVER),
        };
        #[cfg(feature = "mqtt5")]
        super::v5::read_settings(reader, &mut config)?;
        Ok(Self { epoch, room_bytes, capacity_bytes, topics, config, network, broker, services })
    }
}

fn will<'a>(reader: &mut Reader<'a>) -> Result<Will<'a>, Garbage> {
    let (topic, payload) = (reader.text()?, reader.field()?);
    Ok(Will { topic, payload, qos: qos(reader)?, retain: reader.bool()? })
}
