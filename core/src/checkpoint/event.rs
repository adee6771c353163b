//! How events and waits are written.

use super::field::{Field, Fields, Out, put_number};
use super::mask::Payloads;
#[cfg(feature = "mqtt5")]
use super::properties::{get_properties, put_properties};
use crate::event::{Event, Message};
use crate::sntp::Stamp;
use crate::time::Wait;

/// Writes an event; a message with its payload as the recording may have it.
pub(crate) fn put_event(event: &Event<'_>, payloads: Payloads, out: &mut Out<'_>) {
    let mut coded = |code: u64, values: &[&dyn PutValue]| {
        put_number(code, out);
        values.iter().for_each(|value| value.put_value(out));
    };
    match event {
        Event::Connected { session_present } => coded(1, &[session_present]),
        Event::Disconnected { reason } => coded(2, &[reason]),
        Event::CleanSlate => coded(3, &[]),
        Event::AttemptFailed { reason } => coded(4, &[reason]),
        Event::Message(message) => {
            coded(5, &[]);
            put_message(message, payloads, out);
        }
        Event::MessageTooLarge { qos, size_bytes } => coded(6, &[qos, size_bytes]),
        Event::Acked(ticket) => coded(7, &[ticket]),
        Event::Sent(ticket) => coded(8, &[ticket]),
        Event::Refused { ticket, reason } => coded(9, &[ticket, reason]),
        Event::Abandoned { ticket, reason } => coded(10, &[ticket, reason]),
        Event::Subscribed { ticket, granted } => coded(11, &[ticket, granted]),
        Event::SubscribeRefused(ticket) => coded(12, &[ticket]),
        Event::Unsubscribed(ticket) => coded(13, &[ticket]),
        Event::Superseded(ticket) => coded(14, &[ticket]),
        Event::EspReset { cause } => coded(15, &[cause]),
        Event::EspReady { resumed } => coded(16, &[resumed]),
        Event::EspUnfit => coded(17, &[]),
        Event::EspUnsuited(unsuited) => coded(27, &[unsuited]),
        Event::Wifi(up) => coded(18, &[up]),
        Event::Stopped => coded(19, &[]),
        Event::OutboxHasRoom => coded(28, &[]),
        Event::TimeTold { cookie, stamp } => {
            coded(22, &[cookie, &stamp.seconds, &stamp.fraction]);
        }
        Event::EspMemory { free_bytes, used_bytes } => coded(23, &[free_bytes, used_bytes]),
        Event::NetworkAsked => coded(24, &[]),
        Event::JoinsNetwork(lan) => coded(25, &[lan]),
        Event::OpensConnection => coded(26, &[]),
        #[cfg(feature = "mqtt5")]
        Event::Reason { ticket, reason_code } => coded(20, &[ticket, reason_code]),
        #[cfg(feature = "mqtt5")]
        Event::BrokerSaid(properties) => {
            coded(21, &[]);
            put_properties(*properties, out);
        }
    }
}

fn put_message(message: &Message<'_>, payloads: Payloads, out: &mut Out<'_>) {
    let Message { delivery, topic, payload, qos, retain, dup, .. } = message;
    delivery.put(out);
    put_text(topic, out);
    qos.put(out);
    retain.put(out);
    dup.put(out);
    put_payload(payload, payloads, out);
    #[cfg(feature = "mqtt5")]
    if !message.properties.is_empty() {
        put_properties(message.properties, out);
    }
}

/// Writes a text after its length.
pub(crate) fn put_text(text: &str, out: &mut Out<'_>) {
    put_number(text.len() as u64, out);
    out(text.as_bytes());
}

/// Writes a payload after its length.
pub(crate) fn put_payload(payload: &[u8], payloads: Payloads, out: &mut Out<'_>) {
    put_number(payload.len() as u64, out);
    if payloads == Payloads::Kept {
        return out(payload);
    }
    let mut begun = payloads.begin();
    put_masked(payload, |byte| begun.byte(byte), out);
}

/// Writes bytes, each as `mask` has it.
pub(crate) fn put_masked(bytes: &[u8], mut mask: impl FnMut(u8) -> u8, out: &mut Out<'_>) {
    let mut piece = [0; 32];
    for chunk in bytes.chunks(piece.len()) {
        for (masked, byte) in piece.iter_mut().zip(chunk) {
            *masked = mask(*byte);
        }
        out(&piece[..chunk.len()]);
    }
}

/// Reads an event.
pub(crate) fn get_event<'a>(from: &mut Fields<'a>) -> Option<Event<'a>> {
    if from.0.first() == Some(&5) {
        from.take(1)?;
        let (delivery, topic, qos) = (Field::get(from)?, from.text()?, Field::get(from)?);
        let (retain, dup) = (Field::get(from)?, Field::get(from)?);
        let message = Message::new(topic, from.counted()?, qos);
        #[cfg(feature = "mqtt5")]
        let message = if from.is_empty() {
            message
        } else {
            Message { properties: get_properties(from)?, ..message }
        };
        return Some(Event::Message(Message { delivery, retain, dup, ..message }));
    }
    #[cfg(feature = "mqtt5")]
    if from.0.first() == Some(&21) {
        from.take(1)?;
        return get_properties(from).map(Event::BrokerSaid);
    }
    Event::get(from)
}

/// An event that lends nothing.
impl Field for Event<'static> {
    fn put(&self, out: &mut Out<'_>) {
        put_event(self, Payloads::Kept, out);
    }

    fn get(from: &mut Fields<'_>) -> Option<Self> {
        Some(match from.number()? {
            1 => Event::Connected { session_present: Field::get(from)? },
            2 => Event::Disconnected { reason: Field::get(from)? },
            3 => Event::CleanSlate,
            4 => Event::AttemptFailed { reason: Field::get(from)? },
            6 => Event::MessageTooLarge { qos: Field::get(from)?, size_bytes: Field::get(from)? },
            7 => Event::Acked(Field::get(from)?),
            8 => Event::Sent(Field::get(from)?),
            9 => Event::Refused { ticket: Field::get(from)?, reason: Field::get(from)? },
            10 => Event::Abandoned { ticket: Field::get(from)?, reason: Field::get(from)? },
            11 => Event::Subscribed { ticket: Field::get(from)?, granted: Field::get(from)? },
            12 => Event::SubscribeRefused(Field::get(from)?),
            13 => Event::Unsubscribed(Field::get(from)?),
            14 => Event::Superseded(Field::get(from)?),
            15 => Event::EspReset { cause: Field::get(from)? },
            16 => Event::EspReady { resumed: Field::get(from)? },
            17 => Event::EspUnfit,
            27 => Event::EspUnsuited(Field::get(from)?),
            18 => Event::Wifi(Field::get(from)?),
            19 => Event::Stopped,
            28 => Event::OutboxHasRoom,
            #[cfg(feature = "mqtt5")]
            20 => Event::Reason { ticket: Field::get(from)?, reason_code: Field::get(from)? },
            22 => {
                let (cookie, seconds) = (Field::get(from)?, Field::get(from)?);
                let stamp = Stamp { seconds, fraction: Field::get(from)? };
                Event::TimeTold { cookie, stamp }
            }
            23 => Event::EspMemory { free_bytes: Field::get(from)?, used_bytes: Field::get(from)? },
            24 => Event::NetworkAsked,
            25 => Event::JoinsNetwork(Field::get(from)?),
            26 => Event::OpensConnection,
            _ => return None,
        })
    }
}

impl Field for Wait {
    fn put(&self, out: &mut Out<'_>) {
        match self {
            Self::ForInput => put_number(0, out),
            Self::Until(at, reason) => {
                reason.put(out);
                at.put(out);
            }
        }
    }

    fn get(from: &mut Fields<'_>) -> Option<Self> {
        if from.0.first() == Some(&0) {
            from.take(1)?;
            return Some(Self::ForInput);
        }
        let reason = Field::get(from)?;
        Some(Self::Until(Field::get(from)?, reason))
    }
}

/// A field whose type does not matter any more.
trait PutValue {
    fn put_value(&self, out: &mut Out<'_>);
}

impl<T: Field> PutValue for T {
    fn put_value(&self, out: &mut Out<'_>) {
        self.put(out);
    }
}
