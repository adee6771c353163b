//! The calls into a client, as they are written and read.

use crate::checkpoint::{Field, Fields, Mask, Out, Payloads, put_masked, put_number, put_payload};
use crate::client::{Input, Publication};
use crate::event::{Delivery, Ticket};
use crate::mqtt::QoS;
use crate::time::Instant;

/// One call into a [`Client`](crate::client::Client), with what it was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "each is the method of the client with this name")]
pub enum Call<'a> {
    Start,
    Handle(Input<'a>),
    Publish(Publication<'a>),
    Cancel(Ticket),
    Subscribe { filter: &'a str, qos: QoS },
    Unsubscribe { filter: &'a str },
    Release(Delivery),
    Hold(bool),
    ShutDown,
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
const PUBLISH: u8 = 0x20;
const CANCEL: u8 = 0x21;
const SUBSCRIBE: u8 = 0x22;
const UNSUBSCRIBE: u8 = 0x23;
const RELEASE: u8 = 0x24;
const HOLD: u8 = 0x25;
const SHUT_DOWN: u8 = 0x26;

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
            Self::Publish(_) => PUBLISH,
            Self::Cancel(_) => CANCEL,
            Self::Subscribe { .. } => SUBSCRIBE,
            Self::Unsubscribe { .. } => UNSUBSCRIBE,
            Self::Release(_) => RELEASE,
            Self::Hold(_) => HOLD,
            Self::ShutDown => SHUT_DOWN,
        }
    }

    /// The content of its record. `received` stands where the stream from the broker stands.
    pub(super) fn put(&self, mut received: Mask, payloads: Payloads, out: &mut Out<'_>) {
        match self {
            Self::Handle(Input::TcpFailed(failure)) => failure.put(out),
            Self::Handle(Input::Received(bytes)) => {
                put_masked(bytes, |byte| received.byte(byte), out);
            }
            Self::Handle(Input::Sent(count)) => count.put(out),
            Self::Publish(Publication { topic, payload, qos, retain, deadline }) => {
                qos.put(out);
                retain.put(out);
                deadline.put(out);
                put_text(topic, out);
                put_payload(payload, payloads, out);
            }
            Self::Cancel(ticket) => ticket.put(out),
            Self::Subscribe { filter, qos } => {
                qos.put(out);
                put_text(filter, out);
            }
            Self::Unsubscribe { filter } => put_text(filter, out),
            Self::Release(delivery) => delivery.put(out),
            Self::Hold(hold) => hold.put(out),
            Self::Start | Self::Handle(_) | Self::ShutDown => {}
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
            PUBLISH => {
                let (qos, retain) = (Field::get(from)?, Field::get(from)?);
                let deadline = Option::<Instant>::get(from)?;
                let (topic, payload) = (from.text()?, from.counted()?);
                Self::Publish(Publication { topic, payload, qos, retain, deadline })
            }
            CANCEL => Self::Cancel(Field::get(from)?),
            SUBSCRIBE => {
                let qos = Field::get(from)?;
                Self::Subscribe { filter: from.text()?, qos }
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

fn put_text(text: &str, out: &mut Out<'_>) {
    put_number(text.len() as u64, out);
    out(text.as_bytes());
}
