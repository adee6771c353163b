//! The oracle's own reader of the frames between host and ESP8266, written from the tables that describe
//! them and from nothing else.
//!
//! It copies nothing. A frame that is none of a fivewire end is `None`: one with a field that is missing
//! or left over, with a number that is not in its shortest form or is none of those that there are, with
//! a text that is no UTF-8, or with properties that a packet cannot have.

mod fields;

use fivewire_core::bridge::Lan;
use fivewire_core::event::DownReason;

use crate::oracle::properties::{are_of_publish, are_properties, id_is_among};
use fields::{Fields, is_reason_code};

/// A frame from the host.
#[derive(Clone, Copy, Debug)]
pub(super) enum ToEsp<'a> {
    Init(Init<'a>),
    Publish(Publish<'a>),
    Subscribe { ticket: u32, qos: u8, filter: &'a [u8] },
    Unsubscribe { ticket: u32, filter: &'a [u8] },
    Release { delivery: u32, freed_bytes: u32 },
    Credit { freed_bytes: u32 },
    SlateNoted,
    ShutDown,
    AskTime { cookie: u64 },
    AskMemory,
    Network(Answer),
}

/// What the application says when it is asked whether the given network may be joined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    UseGiven,
    AskAgain { after_ms: u32 },
}

/// The settings, as far as the oracle looks at them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Init<'a> {
    pub(super) epoch: u32,
    pub(super) room_bytes: u32,
    pub(super) capacity_bytes: u32,
    pub(super) topic_bytes: [u16; 2],
    pub(super) keep_alive_s: u16,
    pub(super) window: u8,
    pub(super) clean_session: bool,
    pub(super) clean_init: bool,
    pub(super) client_id: &'a [u8],
    pub(super) has_will: bool,
    pub(super) ssid: &'a [u8],
    pub(super) password: &'a [u8],
    pub(super) uses_stored_network: bool,
    pub(super) broker: &'a [u8],
    pub(super) port: u16,
    pub(super) asks_network: bool,
    pub(super) tells_attempts: bool,
    /// The protocol level, where it is said.
    pub(super) level: Option<u8>,
}

/// A publication, or a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Publish<'a> {
    /// The ticket, or the delivery of a message.
    pub(super) number: u32,
    /// It was given before, or has DUP.
    pub(super) again: bool,
    pub(super) qos: u8,
    pub(super) retain: bool,
    /// 0 where there is none, and in messages.
    pub(super) packet_id: u16,
    pub(super) topic: Naming<'a>,
    /// Bytes of properties, without their length.
    pub(super) properties_bytes: usize,
    pub(super) payload: &'a [u8],
}

/// How a frame names a topic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Naming<'a> {
    /// The one that so many others were used after.
    Known(u8),
    /// So many bytes of the one used last, and these.
    New(u8, &'a [u8]),
}

/// A frame from the ESP8266.
#[derive(Clone, Copy, Debug)]
pub(super) enum ToHost<'a> {
    Hello {
        version: u8,
        outbox_bytes: u32,
        topic_bytes: [u16; 2],
    },
    /// Redelivered, dropped QoS 0 in, shed, unknown acknowledgements, failed attempts, networks left.
    Alive([u32; 6]),
    Ready {
        resumed: bool,
    },
    Status(Status),
    /// 0 acked, 1 sent, 2 lost, 3 too large, 4 expired, 5 refused.
    Done {
        ticket: u32,
        outcome: u8,
    },
    Message(Publish<'a>),
    Granted {
        ticket: u32,
        qos: u8,
    },
    Refused {
        ticket: u32,
    },
    Unsubscribed {
        ticket: u32,
    },
    TooLarge {
        qos: u8,
        size_bytes: u32,
    },
    SlateDone,
    Stopped,
    Unfit,
    Time {
        cookie: u64,
        seconds: u32,
        fraction: u16,
    },
    Memory {
        free_bytes: u32,
        used_bytes: u32,
    },
    BrokerSaid,
    Reason,
}

/// What became of network or broker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Status {
    Wifi(bool),
    Connected { session_present: bool },
    Disconnected(Why),
    AttemptFailed(Why),
    Joins(Lan),
    Opens,
    NetworkAsked,
}

/// Why a connection ended or was not made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Why {
    /// A reason without more to it.
    Plain(DownReason),
    /// The broker refused with this return code.
    Refused(u8),
    /// A breach, or what only MQTT 5 has: others judge which, and whether there is such a one.
    Other,
}

impl Why {
    /// The reason that was told may be this one.
    pub(super) fn fits(self, reason: DownReason) -> bool {
        match (self, reason) {
            (Self::Plain(plain), _) => plain == reason,
            (Self::Refused(code), DownReason::Refused(told)) => told.as_u8() == code,
            (Self::Refused(_), _) => false,
            (Self::Other, _) => {
                !matches!(reason, DownReason::Refused(_)) && number_of(reason).is_none()
            }
        }
    }
}

/// The reasons without an argument, in the order of their numbers.
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

fn number_of(reason: DownReason) -> Option<usize> {
    PLAIN.iter().position(|plain| *plain == reason)
}

/// Only where MQTT 5 is spoken is there such a frame to the host.
pub(super) fn is_of_mqtt5(frame: &[u8]) -> bool {
    matches!(frame.first(), Some(0x94 | 0x95 | 0xA0 | 0xA1 | 0xC0..=0xCF))
}

/// Reads a frame from the host.
pub(super) fn to_esp(frame: &[u8]) -> Option<ToEsp<'_>> {
    let mut from = Fields(frame);
    let first = from.byte()?;
    let read = match first {
        0x01 => return init(from).map(ToEsp::Init),
        0x30..=0x3F => return publish(first, from, true, false).map(ToEsp::Publish),
        0x40..=0x4F => return publish(first, from, true, true).map(ToEsp::Publish),
        0x03 => {
            let (ticket, qos) = (from.ticket()?, from.qos()?);
            return Some(ToEsp::Subscribe { ticket, qos, filter: from.last_text()? });
        }
        0x0C => return subscribe_with(from),
        0x04 => {
            return Some(ToEsp::Unsubscribe { ticket: from.ticket()?, filter: from.last_text()? });
        }
        0x05 => ToEsp::Release { delivery: from.small()?, freed_bytes: from.small()? },
        0x06 => ToEsp::Credit { freed_bytes: from.small()? },
        0x07 => ToEsp::SlateNoted,
        0x08 => ToEsp::ShutDown,
        0x09 => ToEsp::AskTime { cookie: from.long()? },
        0x0A => ToEsp::AskMemory,
        0x0B => ToEsp::Network(match from.word()? {
            u32::MAX => Answer::UseGiven,
            after_ms => Answer::AskAgain { after_ms },
        }),
        _ => return None,
    };
    from.0.is_empty().then_some(read)
}

/// Reads a frame from the ESP8266.
pub(super) fn to_host(frame: &[u8]) -> Option<ToHost<'_>> {
    let mut from = Fields(frame);
    let first = from.byte()?;
    let read = match first {
        0x81 => ToHost::Hello {
            version: from.byte()?,
            outbox_bytes: from.word()?,
            topic_bytes: [from.short()?, from.short()?],
        },
        0x82 => {
            let mut counts = [0; 6];
            for count in &mut counts {
                *count = from.word()?;
            }
            ToHost::Alive(counts)
        }
        0x83 => ToHost::Ready { resumed: from.flag()? },
        0x84 => ToHost::Status(status(&mut from)?),
        0x90..=0x95 => {
            let ticket = from.small().filter(|ticket| *ticket > 0)?;
            ToHost::Done { outcome: first & 0x0F, ticket }
        }
        0xB0..=0xBF => return publish(first, from, false, false).map(ToHost::Message),
        0xC0..=0xCF => return publish(first, from, false, true).map(ToHost::Message),
        0x87 => ToHost::Granted { ticket: from.ticket()?, qos: from.qos()? },
        0x88 => ToHost::Refused { ticket: from.ticket()? },
        0x89 => ToHost::Unsubscribed { ticket: from.ticket()? },
        0x8A => ToHost::TooLarge { qos: from.qos()?, size_bytes: from.word()? },
        0x8B => ToHost::SlateDone,
        0x8C => ToHost::Stopped,
        0x8D => ToHost::Unfit,
        0x8E => {
            ToHost::Time { cookie: from.long()?, seconds: from.word()?, fraction: from.short()? }
        }
        0x8F => ToHost::Memory { free_bytes: from.word()?, used_bytes: from.word()? },
        0xA0 => return are_properties(from.0).then_some(ToHost::BrokerSaid),
        0xA1 => {
            from.ticket()?;
            from.byte().filter(|code| is_reason_code(*code))?;
            ToHost::Reason
        }
        _ => return None,
    };
    from.0.is_empty().then_some(read)
}

/// A publication (`is_publication`) or a message, with properties or without.
fn publish(
    first: u8,
    mut from: Fields<'_>,
    is_publication: bool,
    has_properties: bool,
) -> Option<Publish<'_>> {
    let (qos, again) = (first >> 1 & 3, first & 8 != 0);
    // a host publishes with QoS 0 and 1, and DUP with QoS 0 means nothing [MQTT-3.3.1-2]
    if qos > if is_publication { 1 } else { 2 } || (qos == 0 && again) {
        return None;
    }
    let number = from.small().filter(|number| *number > 0 || !is_publication)?;
    let packet_id = if is_publication && qos > 0 {
        from.short().filter(|packet_id| *packet_id > 0)?
    } else {
        0
    };
    let topic = from.naming()?;
    let properties = if has_properties { from.properties()? } else { &[] };
    let are_own = is_publication && id_is_among(properties, &[0x0B, 0x23]);
    let retain = first & 1 != 0;
    let (properties_bytes, payload) = (properties.len(), from.0);
    (are_of_publish(properties) && !are_own).then_some(Publish {
        number,
        again,
        qos,
        retain,
        packet_id,
        topic,
        properties_bytes,
        payload,
    })
}

/// A subscription with options and an identifier (MQTT 5 §3.8.2.1.2, §3.8.3.1).
fn subscribe_with(mut from: Fields<'_>) -> Option<ToEsp<'_>> {
    let (ticket, options, identifier) = (from.ticket()?, from.byte()?, from.word()?);
    let filter = from.last_text()?;
    let (qos, no_local) = (options & 3, options & 4 != 0);
    let is_valid = options < 0x30
        && qos < 2
        && identifier < 1 << 28
        && !(no_local && filter.starts_with(b"$share/"));
    is_valid.then_some(ToEsp::Subscribe { ticket, qos, filter })
}

fn status(from: &mut Fields<'_>) -> Option<Status> {
    let kind = from.byte()?;
    if matches!(kind, 2 | 3) {
        let why = from.why()?;
        return Some(if kind == 2 {
            Status::Disconnected(why)
        } else {
            Status::AttemptFailed(why)
        });
    }
    let argument = from.flag()?;
    let status = match kind {
        0 => Status::Wifi(argument),
        1 => Status::Connected { session_present: argument },
        4 if argument => Status::Joins(Lan::Given),
        4 => Status::Joins(Lan::Stored),
        5 if !argument => Status::Opens,
        6 if !argument => Status::NetworkAsked,
        _ => return None,
    };
    (from.byte()? == 0).then_some(status)
}

fn init(mut from: Fields<'_>) -> Option<Init<'_>> {
    let (epoch, room_bytes, capacity_bytes) = (from.word()?, from.word()?, from.word()?);
    let topic_bytes = [from.short()?, from.short()?];
    let keep_alive_s = from.short()?;
    // times, which show in what the client does
    from.take(7 * 4)?;
    let window = from.byte()?;
    // messages at once, attempts before the network is left
    from.take(2)?;
    let mut flags = [false; 7];
    for flag in &mut flags {
        *flag = from.flag()?;
    }
    let [clean_session, clean_init, _, _, _, _, has_will] = flags;
    let client_id = from.text()?;
    // username and password
    from.text()?;
    from.field()?;
    if has_will {
        // topic, payload, QoS, retain
        from.text()?;
        from.field()?;
        from.qos()?;
        from.flag()?;
    }
    let (ssid, password) = (from.text()?, from.text()?);
    let uses_stored_network = from.flag()?;
    let (broker, port) = (from.text()?, from.short()?);
    let (asks_network, tells_attempts) = (from.flag()?, from.flag()?);
    // the time server
    from.text()?;
    let level = from.byte();
    if level.is_some() {
        // how long the session lasts, how many aliases each end takes; properties of CONNECT and will
        from.take(4 + 2 + 2)?;
        from.properties()?;
        from.properties()?;
    }
    (from.0.is_empty() && level.is_none_or(|level| level == 5)).then_some(Init {
        epoch,
        room_bytes,
        capacity_bytes,
        topic_bytes,
        keep_alive_s,
        window,
        clean_session,
        clean_init,
        client_id,
        has_will,
        ssid,
        password,
        uses_stored_network,
        broker,
        port,
        asks_network,
        tells_attempts,
        level,
    })
}
