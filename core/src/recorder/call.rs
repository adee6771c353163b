//! The calls into a machine, as they are written and read.

use super::machine::Machine;
use crate::bridge::{Direction, NetworkAnswer, put_frame};
use crate::checkpoint::{Field, Fields, Mask, Out, Payloads, put_masked, put_payload, put_text};
#[cfg(feature = "mqtt5")]
use crate::checkpoint::{get_properties, put_properties};
use crate::client::{Input, Publication};
use crate::event::{Delivery, ResetCause, Ticket, Unsuited};
use crate::mqtt::QoS;
#[cfg(feature = "mqtt5")]
use crate::mqtt::v5::{Properties, SubscriptionOptions};
use crate::time::Instant;

/// One call into a machine, with what it was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "each is the method of the machine with this name")]
pub enum Call<'a> {
    Start,
    /// `Timeout` of any machine, everything else of the client, at the ESP8266 too.
    Handle(Input<'a>),
    /// What the link tells an end of the bridge.
    Link(LinkInput<'a>),
    /// What the translator for the predecessor's firmware tells the bridge's host.
    Reset(ResetCause),
    Probe,
    /// What the link found that the bridge's host cannot work with.
    Unsuited(Unsuited),
    AskTime {
        cookie: u64,
    },
    AskMemory,
    AnswerNetwork(NetworkAnswer),
    /// What the ESP8266 tells its end of the bridge, besides of link and client.
    Datagram(&'a [u8]),
    Memory {
        free_bytes: u32,
        used_bytes: u32,
    },
    /// A read publication has its properties beside it, not in it.
    Publish {
        publication: Publication<'a>,
        #[cfg(feature = "mqtt5")]
        properties: Properties<'a>,
    },
    #[cfg(feature = "mqtt5")]
    SubscribeWith {
        filter: &'a str,
        options: SubscriptionOptions,
        identifier: Option<u32>,
    },
    Cancel(Ticket),
    Subscribe {
        filter: &'a str,
        qos: QoS,
    },
    Unsubscribe {
        filter: &'a str,
    },
    Release(Delivery),
    Hold(bool),
    ShutDown,
}

/// What the link tells an end of the bridge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the inputs of the bridge's ends, by their names")]
pub enum LinkInput<'a> {
    Up { frame_max_bytes: usize },
    Down,
    Frame(&'a [u8]),
    FrameSent(usize),
    FrameWritable,
}

const START: u8 = 0x10;
const TIMEOUT: u8 = 0x11;
const WIFI_UP: u8 = 0x12;
const WIFI_DOWN: u8 = 0x13;
const TCP_OPENED: u8 = 0x14;
const TCP_FAILED: u8 = 0x15;
const TCP_CLOSED: u8 = 0x16;
const RECEIVED: u8 = 0x17;
const SENT: u8 = 0x18;
const WRITABLE: u8 = 0x19;
const LINK_UP: u8 = 0x1A;
const LINK_DOWN: u8 = 0x1B;
const FRAME: u8 = 0x1C;
const FRAME_SENT: u8 = 0x1D;
const FRAME_WRITABLE: u8 = 0x1E;
const RESET: u8 = 0x1F;
const PUBLISH: u8 = 0x20;
const CANCEL: u8 = 0x21;
const SUBSCRIBE: u8 = 0x22;
const UNSUBSCRIBE: u8 = 0x23;
const RELEASE: u8 = 0x24;
const HOLD: u8 = 0x25;
const SHUT_DOWN: u8 = 0x26;
#[cfg(feature = "mqtt5")]
const SUBSCRIBE_WITH: u8 = 0x27;
const ASK_TIME: u8 = 0x28;
const PROBE: u8 = 0x2E;
const ASK_MEMORY: u8 = 0x29;
const ANSWER_NETWORK: u8 = 0x2A;
const DATAGRAM: u8 = 0x2B;
const MEMORY: u8 = 0x2C;
const UNSUITED: u8 = 0x2D;

/// Which way a frame goes that this machine is told of.
const fn direction_to(machine: Machine) -> Direction {
    match machine {
        Machine::BridgeHost => Direction::ToHost,
        Machine::BridgeEsp | Machine::Client => Direction::ToEsp,
    }
}

impl<'a> Call<'a> {
    /// The kind of its record.
    pub(super) const fn kind(&self) -> u8 {
        match self {
            Self::Start => START,
            Self::Handle(input) => match input {
                Input::Timeout => TIMEOUT,
                Input::WifiUp => WIFI_UP,
                Input::WifiDown => WIFI_DOWN,
                Input::TcpOpened => TCP_OPENED,
                Input::TcpFailed(_) => TCP_FAILED,
                Input::TcpClosed => TCP_CLOSED,
                Input::Received(_) => RECEIVED,
                Input::Sent(_) => SENT,
                Input::Writable => WRITABLE,
            },
            Self::Link(input) => match input {
                LinkInput::Up { .. } => LINK_UP,
                LinkInput::Down => LINK_DOWN,
                LinkInput::Frame(_) => FRAME,
                LinkInput::FrameSent(_) => FRAME_SENT,
                LinkInput::FrameWritable => FRAME_WRITABLE,
            },
            Self::Reset(_) => RESET,
            Self::Probe => PROBE,
            Self::Unsuited(_) => UNSUITED,
            Self::AskTime { .. } => ASK_TIME,
            Self::AskMemory => ASK_MEMORY,
            Self::AnswerNetwork(_) => ANSWER_NETWORK,
            Self::Datagram(_) => DATAGRAM,
            Self::Memory { .. } => MEMORY,
            Self::Publish { .. } => PUBLISH,
            #[cfg(feature = "mqtt5")]
            Self::SubscribeWith { .. } => SUBSCRIBE_WITH,
            Self::Cancel(_) => CANCEL,
            Self::Subscribe { .. } => SUBSCRIBE,
            Self::Unsubscribe { .. } => UNSUBSCRIBE,
            Self::Release(_) => RELEASE,
            Self::Hold(_) => HOLD,
            Self::ShutDown => SHUT_DOWN,
        }
    }

    /// The content of its record. `received` stands where the stream from the broker stands.
    pub(super) fn put(
        &self,
        machine: Machine,
        mut received: Mask,
        payloads: Payloads,
        out: &mut Out<'_>,
    ) {
        match self {
            Self::Link(LinkInput::Frame(frame)) => {
                put_frame(frame, direction_to(machine), payloads, out);
            }
            Self::Link(LinkInput::FrameSent(count)) => count.put(out),
            // As `Pass::limit` writes it: the largest number means no limit, however large a
            // `usize` is here.
            Self::Link(LinkInput::Up { frame_max_bytes }) => {
                Some(*frame_max_bytes).filter(|bytes| *bytes != usize::MAX).put(out);
            }
            Self::Reset(cause) => cause.put(out),
            Self::Unsuited(unsuited) => unsuited.put(out),
            Self::AskTime { cookie } => cookie.put(out),
            Self::AnswerNetwork(answer) => answer.put(out),
            Self::Datagram(datagram) => out(datagram),
            Self::Memory { free_bytes, used_bytes } => {
                free_bytes.put(out);
                used_bytes.put(out);
            }
            Self::Handle(Input::TcpFailed(failure)) => failure.put(out),
            Self::Handle(Input::Received(bytes)) => {
                put_masked(bytes, |byte| received.byte(byte), out);
            }
            Self::Handle(Input::Sent(count)) => count.put(out),
            Self::Publish {
                publication: Publication { topic, payload, qos, retain, deadline, .. },
                #[cfg(feature = "mqtt5")]
                properties,
            } => {
                qos.put(out);
                retain.put(out);
                deadline.put(out);
                put_text(topic, out);
                put_payload(payload, payloads, out);
                #[cfg(feature = "mqtt5")]
                if !properties.is_empty() {
                    put_properties(*properties, out);
                }
            }
            #[cfg(feature = "mqtt5")]
            Self::SubscribeWith { filter, options, identifier } => {
                options.as_u8().put(out);
                identifier.put(out);
                put_text(filter, out);
            }
            Self::Cancel(ticket) => ticket.put(out),
            Self::Subscribe { filter, qos } => {
                qos.put(out);
                put_text(filter, out);
            }
            Self::Unsubscribe { filter } => put_text(filter, out),
            Self::Release(delivery) => delivery.put(out),
            Self::Hold(hold) => hold.put(out),
            Self::Start
            | Self::Handle(_)
            | Self::Link(_)
            | Self::AskMemory
            | Self::Probe
            | Self::ShutDown => {}
        }
    }

    /// The call in a record, `None` if there is none.
    pub(super) fn get(kind: u8, content: &'a [u8]) -> Option<Self> {
        let from = &mut Fields(content);
        let call = match kind {
            START => Self::Start,
            TIMEOUT => Self::Handle(Input::Timeout),
            WIFI_UP => Self::Handle(Input::WifiUp),
            WIFI_DOWN => Self::Handle(Input::WifiDown),
            TCP_OPENED => Self::Handle(Input::TcpOpened),
            TCP_FAILED => Self::Handle(Input::TcpFailed(Field::get(from)?)),
            TCP_CLOSED => Self::Handle(Input::TcpClosed),
            RECEIVED => Self::Handle(Input::Received(from.take(content.len())?)),
            SENT => Self::Handle(Input::Sent(Field::get(from)?)),
            WRITABLE => Self::Handle(Input::Writable),
            LINK_UP => {
                let limit = Option::<usize>::get(from)?;
                Self::Link(LinkInput::Up { frame_max_bytes: limit.unwrap_or(usize::MAX) })
            }
            LINK_DOWN => Self::Link(LinkInput::Down),
            FRAME => Self::Link(LinkInput::Frame(from.take(content.len())?)),
            FRAME_SENT => Self::Link(LinkInput::FrameSent(Field::get(from)?)),
            FRAME_WRITABLE => Self::Link(LinkInput::FrameWritable),
            RESET => Self::Reset(Field::get(from)?),
            UNSUITED => Self::Unsuited(Field::get(from)?),
            ASK_TIME => Self::AskTime { cookie: Field::get(from)? },
            ASK_MEMORY => Self::AskMemory,
            PROBE => Self::Probe,
            ANSWER_NETWORK => Self::AnswerNetwork(Field::get(from)?),
            DATAGRAM => Self::Datagram(from.take(content.len())?),
            MEMORY => Self::Memory { free_bytes: Field::get(from)?, used_bytes: Field::get(from)? },
            PUBLISH => {
                let (qos, retain) = (Field::get(from)?, Field::get(from)?);
                let deadline = Option::<Instant>::get(from)?;
                let (topic, payload) = (from.text()?, from.counted()?);
                let publication = Publication::new(topic, payload, qos);
                Self::Publish {
                    publication: Publication { retain, deadline, ..publication },
                    #[cfg(feature = "mqtt5")]
                    properties: if from.is_empty() {
                        Properties::NONE
                    } else {
                        get_properties(from)?
                    },
                }
            }
            CANCEL => Self::Cancel(Field::get(from)?),
            SUBSCRIBE => {
                let qos = Field::get(from)?;
                Self::Subscribe { filter: from.text()?, qos }
            }
            #[cfg(feature = "mqtt5")]
            SUBSCRIBE_WITH => {
                let options = SubscriptionOptions::from_u8(Field::get(from)?)?;
                let identifier = Field::get(from)?;
                Self::SubscribeWith { filter: from.text()?, options, identifier }
            }
            UNSUBSCRIBE => Self::Unsubscribe { filter: from.text()? },
            RELEASE => Self::Release(Field::get(from)?),
            HOLD => Self::Hold(Field::get(from)?),
            SHUT_DOWN => Self::ShutDown,
            _ => return None,
        };
        from.is_empty().then_some(call)
    }
}
