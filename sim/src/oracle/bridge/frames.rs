//! The oracle's own reader of the frames between host and ESP8266, written from the tables that describe
//! them and from nothing else.
//!
//! It copies nothing. A frame that is none of a fivewire end is `None`.

use fivewire_core::bridge::Lan;
use fivewire_core::event::DownReason;

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
    /// A breach, or what only MQTT 5 has: others judge which.
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

/// Fields that are read from the front.
#[derive(Clone, Copy)]
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn flag(&mut self) -> Option<bool> {
        self.byte().filter(|byte| *byte < 2).map(|byte| byte == 1)
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(*self.take(2)?.first_chunk()?))
    }

    fn word(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(*self.take(4)?.first_chunk()?))
    }

    fn long(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(*self.take(8)?.first_chunk()?))
    }

    /// Seven bits a byte, the lowest first.
    fn small(&mut self) -> Option<u32> {
        let mut value = 0_u64;
        for place in 0..5 {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << (7 * place);
            if byte < 0x80 {
                return u32::try_from(value).ok();
            }
        }
        None
    }

    /// Bytes after their length.
    fn field(&mut self) -> Option<&'a [u8]> {
        let size = self.short()?;
        self.take(size.into())
    }

    fn naming(&mut self) -> Option<Naming<'a>> {
        let first = self.byte()?;
        if first < 0x80 {
            return Some(Naming::Known(first));
        }
        let size = self.small()?;
        Some(Naming::New(first & 0x7F, self.take(size as usize)?))
    }

    fn why(&mut self) -> Option<Why> {
        let (kind, argument) = (self.byte()?, self.byte()?);
        Some(match kind {
            0x40 => Why::Refused(argument),
            0..0x40 => Why::Plain(*PLAIN.get(usize::from(kind)).filter(|_| argument == 0)?),
            _ => Why::Other,
        })
    }
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
            let (ticket, qos) = (from.word()?, from.byte()?);
            return Some(ToEsp::Subscribe { ticket, qos, filter: from.0 });
        }
        0x0C => {
            let (ticket, options, _) = (from.word()?, from.byte()?, from.word()?);
            return Some(ToEsp::Subscribe { ticket, qos: options & 3, filter: from.0 });
        }
        0x04 => return Some(ToEsp::Unsubscribe { ticket: from.word()?, filter: from.0 }),
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
        0x90..=0x95 => ToHost::Done { outcome: first & 0x0F, ticket: from.small()? },
        0xB0..=0xBF => return publish(first, from, false, false).map(ToHost::Message),
        0xC0..=0xCF => return publish(first, from, false, true).map(ToHost::Message),
        0x87 => ToHost::Granted { ticket: from.word()?, qos: from.byte()? },
        0x88 => ToHost::Refused { ticket: from.word()? },
        0x89 => ToHost::Unsubscribed { ticket: from.word()? },
        0x8A => ToHost::TooLarge { qos: from.byte()?, size_bytes: from.word()? },
        0x8B => ToHost::SlateDone,
        0x8C => ToHost::Stopped,
        0x8D => ToHost::Unfit,
        0x8E => {
            ToHost::Time { cookie: from.long()?, seconds: from.word()?, fraction: from.short()? }
        }
        0x8F => ToHost::Memory { free_bytes: from.word()?, used_bytes: from.word()? },
        0xA0 => return Some(ToHost::BrokerSaid),
        0xA1 => {
            from.take(5)?;
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
    let qos = first >> 1 & 3;
    let number = from.small()?;
    let packet_id = if is_publication && qos > 0 { from.short()? } else { 0 };
    let topic = from.naming()?;
    let properties_bytes = if has_properties { from.small()? as usize } else { 0 };
    from.take(properties_bytes)?;
    Some(Publish {
        number,
        again: first & 8 != 0,
        qos,
        retain: first & 1 != 0,
        packet_id,
        topic,
        properties_bytes,
        payload: from.0,
    })
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
    let client_id = from.field()?;
    // username and password
    from.field()?;
    from.field()?;
    if has_will {
        // topic, payload, QoS, retain
        from.field()?;
        from.field()?;
        from.take(2)?;
    }
    let (ssid, password) = (from.field()?, from.field()?);
    let uses_stored_network = from.flag()?;
    let (broker, port) = (from.field()?, from.short()?);
    let (asks_network, tells_attempts) = (from.flag()?, from.flag()?);
    // the time server
    from.field()?;
    Some(Init {
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
        level: from.byte(),
    })
}
