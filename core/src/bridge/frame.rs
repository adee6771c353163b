//! The frames of the command protocol: one byte that names the kind, then its fields.
//!
//! A `Publish` is a PUBLISH packet, but for what both ends know already: its topic is named by a
//! byte once it was said (see [`topics`](super::topics)), its size is the frame's, and its kind is
//! the first byte of the packet. Numbers that are usually small take a byte for seven bits.
//!
//! | to the ESP8266 | fields | |
//! |---|---|---|
//! | `Init` | see [`Init`] | who the host is, how to connect; answers `Hello` |
//! | `Publish` | again, QoS, retain; ticket, packet identifier, topic, payload | answered by `Done` |
//! | `Subscribe` | ticket, QoS, filter | answered by `Granted` or `Refused` |
//! | `Unsubscribe` | ticket, filter | answered by `Unsubscribed` |
//! | `Release` | delivery, bytes freed so far | the host owns the message |
//! | `Credit` | bytes freed so far | there is room for more messages |
//! | `SlateNoted` | | answers `SlateDone` |
//! | `ShutDown` | | answered by `Stopped` |
//! | `AskTime` | cookie | answered by `Time`, if the server does |
//! | `AskMemory` | | answered by `Memory` |
//! | `Network` | what the application says | answers the status that asks |
//! | `PublishWith` | as `Publish`, properties before the payload | MQTT 5 only |
//! | `SubscribeWith` | ticket, options, identifier, filter | MQTT 5 only |
//!
//! | to the host | fields | |
//! |---|---|---|
//! | `Hello` | version, sizes of the outbox and of the memory for topics | the command task starts |
//! | `Alive` | counters since its start | nothing else to say |
//! | `Ready` | resumed | answers `Init` |
//! | `Status` | what, reason | network and broker come and go |
//! | `Done` | ticket, outcome | a publication is finished |
//! | `Message` | DUP, QoS, retain; delivery, topic, payload | the broker delivered a message |
//! | `Granted`, `Refused`, `Unsubscribed` | ticket | what the broker said |
//! | `TooLarge` | QoS, size | a message that cannot be passed on |
//! | `SlateDone` | | the broker forgot the old session; waits for `SlateNoted` |
//! | `Stopped` | | disconnected on purpose |
//! | `Unfit` | | its buffers are too small for the settings, or it lacks MQTT 5 |
//! | `Time` | cookie, seconds, fraction | what a time server said |
//! | `Memory` | free, used | |
//! | `MessageWith` | as `Message`, properties before the payload | MQTT 5 only |
//! | `BrokerSaid` | properties | MQTT 5 only: what came in CONNACK or DISCONNECT |
//! | `Reason` | ticket, reason code | MQTT 5 only: goes before the frame that says the outcome |

mod init;
mod publish;
mod report;
#[cfg(feature = "mqtt5")]
mod v5;

use super::record::{Garbage, Reader, Writer};
use super::{Lan, NetworkAnswer};
use crate::event::Ticket;
#[cfg(feature = "mqtt5")]
use crate::mqtt::v5::{Properties, ReasonCode};
use crate::mqtt::{ProtocolVersion, QoS};
use crate::sntp::Stamp;
use publish::{MESSAGE, PUBLISH};

pub(crate) use init::{Init, Services};
pub(crate) use publish::{Message, Publish};
pub(crate) use report::{Outcome, Status, Tally};
#[cfg(feature = "mqtt5")]
pub(crate) use v5::{MessageWith, PublishWith, SubscribeWith};

/// A `Publish` frame has at most so many bytes more than its packet.
pub(crate) const PUBLISH_HEADER_BYTES: usize = 6;
/// A `Message` frame has at most so many bytes more than its packet.
pub(crate) const MESSAGE_HEADER_BYTES: usize = 5;
/// Bytes of the frame that asks for a subscription, before the filter: ticket, QoS or options, in
/// MQTT 5 the identifier.
pub(crate) const fn subscribe_header_bytes(version: ProtocolVersion) -> usize {
    match version {
        ProtocolVersion::V3_1_1 => 6,
        #[cfg(feature = "mqtt5")]
        ProtocolVersion::V5 => 10,
    }
}
/// The upper half of the first byte of a `Done`; the lower half is the outcome.
const DONE: u8 = 0x90;
/// No frame without a text or a packet in it is larger.
pub(crate) const SMALL_FRAME_BYTES: usize = 32;

/// A frame from the host.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "there is no heap to box it in, one at a time, and it depends on the features whether it is large"
)]
pub(crate) enum ToEsp<'a> {
    Init(Init<'a>),
    Publish(Publish<'a>),
    Subscribe {
        ticket: Ticket,
        qos: QoS,
        filter: &'a str,
    },
    Unsubscribe {
        ticket: Ticket,
        filter: &'a str,
    },
    Release {
        delivery: u32,
        freed_bytes: u32,
    },
    Credit {
        freed_bytes: u32,
    },
    SlateNoted,
    ShutDown,
    AskTime {
        cookie: u64,
    },
    AskMemory,
    Network(NetworkAnswer),
    #[cfg(feature = "mqtt5")]
    PublishWith(PublishWith<'a>),
    #[cfg(feature = "mqtt5")]
    SubscribeWith(SubscribeWith<'a>),
}

/// A frame from the ESP8266.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ToHost<'a> {
    Hello {
        version: u8,
        outbox_bytes: u32,
        topics: TopicBytes,
    },
    Alive(Tally),
    Ready {
        resumed: bool,
    },
    Status(Status),
    Done {
        ticket: Ticket,
        outcome: Outcome,
    },
    Message(Message<'a>),
    Granted {
        ticket: Ticket,
        qos: QoS,
    },
    Refused {
        ticket: Ticket,
    },
    Unsubscribed {
        ticket: Ticket,
    },
    TooLarge {
        qos: QoS,
        size_bytes: u32,
    },
    SlateDone,
    Stopped,
    Unfit,
    Time {
        cookie: u64,
        stamp: Stamp,
    },
    Memory {
        free_bytes: u32,
        used_bytes: u32,
    },
    #[cfg(feature = "mqtt5")]
    MessageWith(MessageWith<'a>),
    #[cfg(feature = "mqtt5")]
    BrokerSaid(Properties<'a>),
    #[cfg(feature = "mqtt5")]
    Reason {
        ticket: Ticket,
        reason_code: ReasonCode,
    },
}

/// Memory that an end has for names of topics.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct TopicBytes {
    pub(crate) publications: u16,
    pub(crate) messages: u16,
}

/// Settings of MQTT 5, which this build does not know.
#[cfg(not(feature = "mqtt5"))]
pub(crate) fn asks_for_mqtt5(frame: &[u8]) -> bool {
    const LEVEL_5: u8 = 5;
    let mut reader = Reader::new(frame);
    reader.u8() == Ok(0x01)
        && Init::read(&mut reader).is_ok()
        && reader.rest().first() == Some(&LEVEL_5)
}

impl ToEsp<'_> {
    /// Writes the frame; says how long it is, or would be if there were room.
    pub(crate) fn encode(&self, into: &mut [u8]) -> Result<usize, usize> {
        let mut writer = Writer::new(into);
        match self {
            Self::Init(init) => init.write(&mut writer),
            Self::Publish(publish) => publish.write(&mut writer),
            Self::Subscribe { ticket, qos, filter } => {
                writer.u8(0x03);
                writer.u32(ticket.get());
                writer.u8(qos.as_u8());
                writer.bytes(filter.as_bytes());
            }
            Self::Unsubscribe { ticket, filter } => {
                writer.u8(0x04);
                writer.u32(ticket.get());
                writer.bytes(filter.as_bytes());
            }
            Self::Release { delivery, freed_bytes } => {
                writer.u8(0x05);
                writer.varint(*delivery);
                writer.varint(*freed_bytes);
            }
            Self::Credit { freed_bytes } => {
                writer.u8(0x06);
                writer.varint(*freed_bytes);
            }
            Self::SlateNoted => writer.u8(0x07),
            Self::ShutDown => writer.u8(0x08),
            Self::AskTime { cookie } => {
                writer.u8(0x09);
                writer.bytes(&cookie.to_be_bytes());
            }
            Self::AskMemory => writer.u8(0x0A),
            Self::Network(answer) => {
                writer.u8(0x0B);
                writer.u32(match answer {
                    NetworkAnswer::UseGiven => u32::MAX,
                    NetworkAnswer::AskAgain { after_ms } => *after_ms,
                });
            }
            #[cfg(feature = "mqtt5")]
            Self::PublishWith(publish) => publish.write(&mut writer),
            #[cfg(feature = "mqtt5")]
            Self::SubscribeWith(subscribe) => subscribe.write(&mut writer),
        }
        writer.finish()
    }
}

impl<'a> ToEsp<'a> {
    pub(crate) fn decode(frame: &'a [u8]) -> Result<Self, Garbage> {
        let mut reader = Reader::new(frame);
        let decoded = match reader.u8()? {
            0x01 => Self::Init(Init::read(&mut reader)?),
            first if first & 0xF0 == PUBLISH => {
                return Publish::read(first, reader).map(Self::Publish);
            }
            0x03 => {
                let (ticket, qos) = (ticket(&mut reader)?, qos(&mut reader)?);
                return Ok(Self::Subscribe { ticket, qos, filter: text(reader.rest())? });
            }
            0x04 => {
                let ticket = ticket(&mut reader)?;
                return Ok(Self::Unsubscribe { ticket, filter: text(reader.rest())? });
            }
            0x05 => Self::Release { delivery: reader.varint()?, freed_bytes: reader.varint()? },
            0x06 => Self::Credit { freed_bytes: reader.varint()? },
            0x07 => Self::SlateNoted,
            0x08 => Self::ShutDown,
            0x09 => Self::AskTime { cookie: reader.u64()? },
            0x0A => Self::AskMemory,
            0x0B => Self::Network(match reader.u32()? {
                u32::MAX => NetworkAnswer::UseGiven,
                after_ms => NetworkAnswer::AskAgain { after_ms },
            }),
            #[cfg(feature = "mqtt5")]
            first => return v5::read_to_esp(first, reader),
            #[cfg(not(feature = "mqtt5"))]
            _ => return Err(Garbage),
        };
        reader.end().map(|()| decoded)
    }
}

impl ToHost<'_> {
    /// Writes the frame; says how long it is, or would be if there were room.
    pub(crate) fn encode(&self, into: &mut [u8]) -> Result<usize, usize> {
        let mut writer = Writer::new(into);
        match self {
            Self::Hello { version, outbox_bytes, topics } => {
                writer.u8(0x81);
                writer.u8(*version);
                writer.u32(*outbox_bytes);
                topics.write(&mut writer);
            }
            Self::Alive(tally) => {
                writer.u8(0x82);
                tally.fields().into_iter().for_each(|count| writer.u32(count));
            }
            Self::Ready { resumed } => writer.bytes(&[0x83, u8::from(*resumed)]),
            Self::Status(status) => {
                writer.u8(0x84);
                writer.bytes(&status.to_bytes());
            }
            Self::Done { ticket, outcome } => {
                writer.u8(DONE | *outcome as u8);
                writer.varint(ticket.get());
            }
            Self::Message(message) => message.write(&mut writer),
            Self::Granted { ticket, qos } => {
                writer.u8(0x87);
                writer.u32(ticket.get());
                writer.u8(qos.as_u8());
            }
            Self::Refused { ticket } => {
                writer.u8(0x88);
                writer.u32(ticket.get());
            }
            Self::Unsubscribed { ticket } => {
                writer.u8(0x89);
                writer.u32(ticket.get());
            }
            Self::TooLarge { qos, size_bytes } => {
                writer.bytes(&[0x8A, qos.as_u8()]);
                writer.u32(*size_bytes);
            }
            Self::SlateDone => writer.u8(0x8B),
            Self::Stopped => writer.u8(0x8C),
            Self::Unfit => writer.u8(0x8D),
            Self::Time { cookie, stamp } => {
                writer.u8(0x8E);
                writer.bytes(&cookie.to_be_bytes());
                writer.u32(stamp.seconds);
                writer.u16(stamp.fraction);
            }
            Self::Memory { free_bytes, used_bytes } => {
                writer.u8(0x8F);
                writer.u32(*free_bytes);
                writer.u32(*used_bytes);
            }
            #[cfg(feature = "mqtt5")]
            Self::MessageWith(message) => message.write(&mut writer),
            #[cfg(feature = "mqtt5")]
            Self::BrokerSaid(properties) => v5::write_said(*properties, &mut writer),
            #[cfg(feature = "mqtt5")]
            Self::Reason { ticket, reason_code } => {
                v5::write_reason(*ticket, *reason_code, &mut writer)
            }
        }
        writer.finish()
    }
}

impl<'a> ToHost<'a> {
    pub(crate) fn decode(frame: &'a [u8]) -> Result<Self, Garbage> {
        let mut reader = Reader::new(frame);
        let decoded = match reader.u8()? {
            0x81 => Self::Hello {
                version: reader.u8()?,
                outbox_bytes: reader.u32()?,
                topics: TopicBytes::read(&mut reader)?,
            },
            0x82 => Self::Alive(Tally::read(&mut reader)?),
            0x83 => Self::Ready { resumed: reader.bool()? },
            0x84 => Self::Status(Status::from_bytes(reader.u8()?, reader.u8()?, reader.u8()?)?),
            first if first & 0xF0 == DONE => {
                let outcome = Outcome::from_byte(first & 0x0F)?;
                let ticket = Ticket::new(reader.varint()?).ok_or(Garbage)?;
                Self::Done { ticket, outcome }
            }
            first if first & 0xF0 == MESSAGE => {
                return Message::read(first, reader).map(Self::Message);
            }
            0x87 => Self::Granted { ticket: ticket(&mut reader)?, qos: qos(&mut reader)? },
            0x88 => Self::Refused { ticket: ticket(&mut reader)? },
            0x89 => Self::Unsubscribed { ticket: ticket(&mut reader)? },
            0x8A => Self::TooLarge { qos: qos(&mut reader)?, size_bytes: reader.u32()? },
            0x8B => Self::SlateDone,
            0x8C => Self::Stopped,
            0x8D => Self::Unfit,
            0x8E => Self::Time {
                cookie: reader.u64()?,
                stamp: Stamp { seconds: reader.u32()?, fraction: reader.u16()? },
            },
            0x8F => Self::Memory { free_bytes: reader.u32()?, used_bytes: reader.u32()? },
            #[cfg(feature = "mqtt5")]
            first => return v5::read_to_host(first, reader),
            #[cfg(not(feature = "mqtt5"))]
            _ => return Err(Garbage),
        };
        reader.end().map(|()| decoded)
    }
}

impl TopicBytes {
    fn write(self, writer: &mut Writer<'_>) {
        writer.u16(self.publications);
        writer.u16(self.messages);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Garbage> {
        Ok(Self { publications: reader.u16()?, messages: reader.u16()? })
    }
}

fn ticket(reader: &mut Reader<'_>) -> Result<Ticket, Garbage> {
    Ticket::new(reader.u32()?).ok_or(Garbage)
}

fn qos(reader: &mut Reader<'_>) -> Result<QoS, Garbage> {
    QoS::from_u8(reader.u8()?).ok_or(Garbage)
}

fn text(bytes: &[u8]) -> Result<&str, Garbage> {
    core::str::from_utf8(bytes).map_err(|_| Garbage)
}
