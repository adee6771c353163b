//! What the frames of a client that speaks MQTT 5 have more.
//!
//! Where there are no properties publications and messages are as in MQTT 3.1.1.

use super::publish::{Message, Publish};
use super::{Outcome, ToEsp, ToHost, text};
use crate::bridge::record::{Garbage, Reader, Writer};
use crate::config::{Config, Mqtt5};
use crate::event::Ticket;
use crate::mqtt::v5::{Properties, ReasonCode, SubscriptionOptions, VARIABLE_BYTE_INTEGER_MAX};
use crate::mqtt::{ProtocolVersion, QoS};

/// The upper half of the first byte of a `PublishWith`; the lower half is as in a `Publish`.
pub(super) const PUBLISH_WITH: u8 = 0x40;
/// The same of a `MessageWith`.
pub(super) const MESSAGE_WITH: u8 = PUBLISH_WITH | 0x80;
pub(super) const SUBSCRIBE_WITH: u8 = 0x0C;
pub(super) const BROKER_SAID: u8 = 0xA0;
pub(super) const REASON: u8 = 0xA1;

/// What follows the settings of MQTT 3.1.1: first the protocol level.
pub(super) fn write_settings(config: &Config<'_>, writer: &mut Writer<'_>) {
    if config.protocol != ProtocolVersion::V5 {
        return;
    }
    let Mqtt5 { session_expiry_interval_s, topic_alias_maximum, own_topic_aliases, connect, will } =
        &config.mqtt5;
    writer.u8(config.protocol.level());
    writer.u32(*session_expiry_interval_s);
    writer.u16(*topic_alias_maximum);
    writer.u16(*own_topic_aliases);
    write_properties(writer, *connect);
    write_properties(writer, *will);
}

pub(super) fn read_settings<'a>(
    reader: &mut Reader<'a>,
    config: &mut Config<'a>,
) -> Result<(), Garbage> {
    if reader.is_empty() {
        return Ok(());
    }
    if reader.u8()? != ProtocolVersion::V5.level() {
        return Err(Garbage);
    }
    config.protocol = ProtocolVersion::V5;
    config.mqtt5 = Mqtt5 {
        session_expiry_interval_s: reader.u32()?,
        topic_alias_maximum: reader.u16()?,
        own_topic_aliases: reader.u16()?,
        connect: read_properties(reader)?,
        will: read_properties(reader)?,
    };
    Ok(())
}

/// Writes properties after their length, as in a packet.
fn write_properties(writer: &mut Writer<'_>, properties: Properties<'_>) {
    writer.varint(u32::try_from(properties.size_bytes()).unwrap_or(u32::MAX));
    properties.write(&mut |part| writer.bytes(part));
}

fn read_properties<'a>(reader: &mut Reader<'a>) -> Result<Properties<'a>, Garbage> {
    let len = usize::try_from(reader.varint()?).map_err(|_| Garbage)?;
    Properties::read(reader.take(len)?).ok_or(Garbage)
}

/// A `Publish` with properties.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PublishWith<'a> {
    pub(crate) publish: Publish<'a>,
    pub(crate) properties: Properties<'a>,
    /// The second at which it leaves, where the message expiry interval in the properties is the
    /// one at which it ends; what is left of it is written. `None` where it is the interval itself.
    pub(crate) leaves_s: Option<u32>,
}

impl<'a> PublishWith<'a> {
    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        self.publish.write_head(PUBLISH_WITH, writer);
        writer.varint(u32::try_from(self.properties.size_bytes()).unwrap_or(u32::MAX));
        self.properties.write_at(self.leaves_s, &mut |part| writer.bytes(part));
        writer.bytes(self.publish.payload);
    }

    fn read(first: u8, reader: Reader<'a>) -> Result<Self, Garbage> {
        let publish = Publish::read(first, reader)?;
        let (properties, payload) = split(publish.payload)?;
        let own = properties.topic_alias().is_some()
            || properties.subscription_identifiers().next().is_some();
        if own {
            return Err(Garbage);
        }
        Ok(Self { publish: Publish { payload, ..publish }, properties, leaves_s: None })
    }
}

/// A `Message` with properties.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct MessageWith<'a> {
    pub(crate) message: Message<'a>,
    pub(crate) properties: Properties<'a>,
}

impl<'a> MessageWith<'a> {
    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        self.message.write_head(MESSAGE_WITH, writer);
        write_properties(writer, self.properties);
        writer.bytes(self.message.payload);
    }

    fn read(first: u8, reader: Reader<'a>) -> Result<Self, Garbage> {
        let message = Message::read(first, reader)?;
        let (properties, payload) = split(message.payload)?;
        Ok(Self { message: Message { payload, ..message }, properties })
    }
}

/// Properties and the payload behind them.
fn split(bytes: &[u8]) -> Result<(Properties<'_>, &[u8]), Garbage> {
    let mut reader = Reader::new(bytes);
    let properties = read_properties(&mut reader)?;
    if properties.fit_publish() { Ok((properties, reader.rest())) } else { Err(Garbage) }
}

/// What a `Subscribe` is here, whatever its options, with an identifier or without.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SubscribeWith<'a> {
    pub(crate) ticket: Ticket,
    pub(crate) options: SubscriptionOptions,
    pub(crate) identifier: Option<u32>,
    pub(crate) filter: &'a str,
}

impl<'a> SubscribeWith<'a> {
    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.u8(SUBSCRIBE_WITH);
        writer.u32(self.ticket.get());
        writer.u8(self.options.as_u8());
        writer.u32(self.identifier.unwrap_or(0));
        writer.bytes(self.filter.as_bytes());
    }

    fn read(mut reader: Reader<'a>) -> Result<Self, Garbage> {
        let ticket = super::ticket(&mut reader)?;
        let options = SubscriptionOptions::from_u8(reader.u8()?).ok_or(Garbage)?;
        let identifier = Some(reader.u32()?).filter(|identifier| *identifier != 0);
        let filter = text(reader.rest())?;
        let is_valid = options.qos != QoS::ExactlyOnce
            && identifier.is_none_or(|identifier| identifier <= VARIABLE_BYTE_INTEGER_MAX)
            && !(options.no_local && filter.starts_with("$share/"));
        if is_valid { Ok(Self { ticket, options, identifier, filter }) } else { Err(Garbage) }
    }
}

/// Reads a frame to the ESP8266 that only MQTT 5 has.
pub(super) fn read_to_esp(first: u8, reader: Reader<'_>) -> Result<ToEsp<'_>, Garbage> {
    match first {
        SUBSCRIBE_WITH => SubscribeWith::read(reader).map(ToEsp::SubscribeWith),
        _ if first & 0xF0 == PUBLISH_WITH => {
            PublishWith::read(first, reader).map(ToEsp::PublishWith)
        }
        _ => Err(Garbage),
    }
}

/// Reads a frame to the host that only MQTT 5 has.
pub(super) fn read_to_host(first: u8, mut reader: Reader<'_>) -> Result<ToHost<'_>, Garbage> {
    match first {
        BROKER_SAID => Properties::read(reader.rest()).map(ToHost::BrokerSaid).ok_or(Garbage),
        REASON => {
            let ticket = super::ticket(&mut reader)?;
            let reason_code = ReasonCode::from_u8(reader.u8()?).ok_or(Garbage)?;
            reader.end().map(|()| ToHost::Reason { ticket, reason_code })
        }
        _ if first & 0xF0 == MESSAGE_WITH => {
            MessageWith::read(first, reader).map(ToHost::MessageWith)
        }
        _ => Err(Garbage),
    }
}

impl ToHost<'_> {
    /// Only where the client speaks MQTT 5 is there such a frame.
    pub(crate) const fn is_of_mqtt5(&self) -> bool {
        matches!(
            self,
            Self::MessageWith(_)
                | Self::BrokerSaid(_)
                | Self::Reason { .. }
                | Self::Done { outcome: Outcome::Expired | Outcome::Refused, .. }
        )
    }
}

/// Writes what the broker said.
pub(super) fn write_said(properties: Properties<'_>, writer: &mut Writer<'_>) {
    writer.u8(BROKER_SAID);
    properties.write(&mut |part| writer.bytes(part));
}

/// Writes what the broker said about a request.
pub(super) fn write_reason(ticket: Ticket, reason_code: ReasonCode, writer: &mut Writer<'_>) {
    writer.u8(REASON);
    writer.u32(ticket.get());
    writer.u8(reason_code.as_u8());
}
