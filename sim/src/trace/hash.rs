//! One number for a whole run: two runs with the same number saw the same things at the same times.

use fivewire_core::client::TcpFailure;
use fivewire_core::event::{Counters, Delivery, Event};
use fivewire_core::mqtt::v5::{Properties, Property};
use fivewire_core::time::Instant;

use super::codes::{
    abandoned, asked, client_state, code, down, network_answer, peer, refused, reset, session_down,
    unsuited,
};
use crate::observation::Observation as Seen;
use crate::observation::{Observation, Observer, Standing};

/// An odd number with its bits well spread (that of FxHash, from the digits of π).
const FACTOR: u64 = 0x517c_c1b7_2722_0a95;

/// Folds everything that is observed into 64 bits, the same on every platform.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TraceHash {
    state: u64,
}

impl TraceHash {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: 0 }
    }

    /// The hash of what was seen so far.
    #[must_use]
    pub const fn value(&self) -> u64 {
        let mixed = (self.state ^ (self.state >> 32)).wrapping_mul(FACTOR);
        mixed ^ (mixed >> 29)
    }

    const fn word(&mut self, word: u64) {
        self.state = (self.state.rotate_left(5) ^ word).wrapping_mul(FACTOR);
    }

    /// Four words at a time, which do not wait for each other.
    fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        let (blocks, rest) = bytes.as_chunks::<32>();
        for block in blocks {
            let (words, _) = block.as_chunks::<8>();
            self.block([0, 1, 2, 3].map(|place| u64::from_le_bytes(words[place])));
        }
        if !rest.is_empty() {
            let (words, last) = rest.as_chunks::<8>();
            let (word, last) = (u64::from_le_bytes, padded(last));
            self.block(match *words {
                [] => [last, 0, 0, 0],
                [a] => [word(a), last, 0, 0],
                [a, b] => [word(a), word(b), last, 0],
                [a, b, c, ..] => [word(a), word(b), word(c), last],
            });
        }
    }

    const fn block(&mut self, [a, b, c, d]: [u64; 4]) {
        let left = (a ^ FACTOR).wrapping_mul(b | 1) ^ b.rotate_left(32);
        let right = (c ^ FACTOR).wrapping_mul(d | 1) ^ d.rotate_left(32);
        self.word(left.rotate_left(23) ^ right);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Connected { session_present } => self.word(1 << 8 | u64::from(*session_present)),
            Event::Disconnected { reason } => self.word(2 << 8 | down(*reason)),
            Event::Message(message) => {
                self.word(3 << 8 | u64::from(message.dup) << 1 | u64::from(message.retain));
                self.properties(message.properties);
                self.word(message.delivery.map_or(0, Delivery::get).into());
                self.text(message.topic);
                self.bytes(message.payload);
            }
            Event::MessageTooLarge { size_bytes, .. } => self.word(4 << 32 | *size_bytes as u64),
            Event::Acked(ticket) => self.word(5 << 32 | u64::from(ticket.get())),
            Event::Sent(ticket) => self.word(6 << 32 | u64::from(ticket.get())),
            Event::Refused { ticket, reason } => {
                self.word(7 << 32 | u64::from(ticket.get()));
                self.word(refused(*reason));
            }
            Event::Abandoned { ticket, reason } => {
                self.word(8 << 32 | u64::from(ticket.get()));
                self.word(abandoned(*reason));
            }
            Event::Subscribed { ticket, granted } => {
                self.word(9 << 32 | u64::from(ticket.get()));
                self.word(granted.as_u8().into());
            }
            Event::SubscribeRefused(ticket) => self.word(10 << 32 | u64::from(ticket.get())),
            Event::Unsubscribed(ticket) => self.word(11 << 32 | u64::from(ticket.get())),
            Event::EspReset { cause } => self.word(12 << 8 | reset(*cause)),
            Event::EspReady { resumed } => self.word(13 << 8 | u64::from(*resumed)),
            Event::Wifi(up) => self.word(14 << 8 | u64::from(*up)),
            Event::Stopped => self.word(15 << 8),
            Event::OutboxHasRoom => self.word(22 << 8),
            Event::AttemptFailed { reason } => self.word(16 << 8 | down(*reason)),
            Event::CleanSlate => self.word(17 << 8),
            Event::EspUnsuited(other) => self.word(21 << 16 | unsuited(*other)),
            Event::TimeTold { cookie, stamp } => {
                self.word(18 << 32 | u64::from(stamp.seconds));
                self.word(*cookie);
            }
            Event::BrokerSaid(properties) => {
                self.word(19 << 8);
                self.properties(*properties);
            }
            Event::Reason { ticket, reason_code } => {
                self.word(20 << 32 | u64::from(ticket.get()));
                self.word(reason_code.as_u8().into());
            }
            _ => self.word(0),
        }
    }

    /// What travels with a message of MQTT 5: its numbers and texts.
    fn properties(&mut self, properties: Properties<'_>) {
        for property in properties.iter() {
            match property {
                Property::MessageExpiryInterval(seconds) => self.word(2 << 32 | u64::from(seconds)),
                Property::ContentType(text) | Property::ResponseTopic(text) => self.text(text),
                Property::CorrelationData(bytes) => self.bytes(bytes),
                Property::UserProperty(name, value) => {
                    self.text(name);
                    self.text(value);
                }
                _ => self.word(1),
            }
        }
    }

    fn counters(&mut self, counters: &Counters) {
        let Counters { connections, failed_attempts, redelivered, esp_resets, .. } = *counters;
        self.word(u64::from(connections) << 32 | u64::from(failed_attempts));
        self.word(u64::from(redelivered) << 32 | u64::from(esp_resets));
    }

    fn standing(&mut self, standing: Standing) {
        let Standing { is_ready, unreleased, esp, .. } = standing;
        let esp = esp
            .map_or(0, |esp| 1 | u64::from(esp.is_running) << 1 | u64::from(esp.is_wifi_up) << 2);
        self.word((unreleased as u64) << 8 | esp << 1 | u64::from(is_ready));
    }

    fn message(&mut self, topic: &str, payload: &[u8], flags: u64) {
        self.word(flags);
        self.text(topic);
        self.bytes(payload);
    }

    /// What passes between the device, the broker and the witness.
    fn network(&mut self, observation: &Observation<'_>) {
        match observation {
            Seen::Holds(is) | Seen::Wifi(is) | Seen::BrokerDown(is) => self.word((*is).into()),
            Seen::Asked(action) => self.word(asked(*action)),
            Seen::Opening { connection }
            | Seen::Accepted { connection }
            | Seen::Opened { connection } => self.word(connection.0.into()),
            Seen::OpenFailed { connection, failure } => {
                let refused = matches!(failure, TcpFailure::Refused);
                self.word(u64::from(connection.0) << 1 | u64::from(refused));
            }
            Seen::ToBroker { connection, bytes } | Seen::FromBroker { connection, bytes } => {
                self.word(connection.0.into());
                self.bytes(bytes);
            }
            // What arrives was folded when it was sent; only how it was cut up is new.
            Seen::ToDevice { connection, bytes } => {
                self.word(u64::from(connection.0) << 32 | bytes.len() as u64);
            }
            Seen::EndedAtBroker { connection, ending }
            | Seen::EndedAtDevice { connection, ending } => {
                self.word(u64::from(connection.0) << 8 | *ending as u64);
            }
            Seen::WitnessPublished { topic, payload, qos, properties } => {
                self.properties(*properties);
                self.message(topic, payload, qos.as_u8().into());
            }
            Seen::WitnessReceived { topic, payload, qos, retain } => {
                let flags = u64::from(qos.as_u8()) << 1 | u64::from(*retain);
                self.word((payload.len() as u64) << 8 | flags);
                self.text(topic);
            }
            _ => self.link(observation),
        }
    }

    /// What befalls the link.
    fn link(&mut self, observation: &Observation<'_>) {
        match observation {
            Seen::FrameToEsp(frame) | Seen::FrameToHost(frame) => self.bytes(frame),
            Seen::FrameLost { to, size_bytes, partly_sent } => {
                let flags = (*to as u64) << 1 | u64::from(*partly_sent);
                self.word((*size_bytes as u64) << 8 | flags);
            }
            Seen::Link { end, up } => self.word((*end as u64) << 1 | u64::from(*up)),
            Seen::Edge { wire, level } => self.word((*wire as u64) << 1 | u64::from(*level)),
            Seen::Misread { reader, wire, .. } => self.word((*reader as u64) << 8 | *wire as u64),
            Seen::FrameAccepted { from, frame } => {
                self.word(*from as u64);
                self.bytes(frame);
            }
            Seen::CreditStop { from: part }
            | Seen::LinkRepaired { end: part }
            | Seen::SessionBegan { end: part } => self.word(*part as u64),
            Seen::SessionEnded { end, reason } => {
                self.word((*end as u64) << 8 | session_down(*reason));
            }
            Seen::Unsuited { end, peer: other } => self.word((*end as u64) << 16 | peer(*other)),
            Seen::Cut { part, mid_bit } => {
                self.word((*part as u64) << 1 | u64::from(*mid_bit));
            }
            _ => self.surroundings(observation),
        }
    }

    /// What befalls the boards and the broker.
    fn surroundings(&mut self, observation: &Observation<'_>) {
        match observation {
            Seen::ResetLine { cause } => self.word(reset(*cause)),
            Seen::BoardDown { part, loss } => self.word((*part as u64) << 8 | *loss as u64),
            Seen::BoardUp { part } => self.word(*part as u64),
            Seen::Woken { part, reason } => {
                self.word(*part as u64);
                self.text(reason.name());
            }
            Seen::ClientState(state) => self.word(client_state(*state)),
            Seen::FaultBegan { index, .. }
            | Seen::FaultBit { index }
            | Seen::FaultEnded { index } => self.word(*index as u64),
            Seen::MessageExpired { topic, payload } => self.message(topic, payload, 0),
            _ => is_known(observation),
        }
    }
}

impl Observer for TraceHash {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        // these follow from the setup alone, or from what is told, or make no difference
        if matches!(
            observation,
            Seen::StatedBound { .. }
                | Seen::Handled { .. }
                | Seen::SetupTried { .. }
                | Seen::SizeTried { .. }
                | Seen::Renewed { .. }
                | Seen::Intruded { .. }
                | Seen::FrameTried { .. }
                | Seen::StateDamaged { .. }
        ) {
            return;
        }
        self.word(now.as_micros() << 8 | code(observation));
        match observation {
            Seen::Published { ticket, topic, payload, qos, retain, properties } => {
                self.properties(*properties);
                self.message(topic, payload, u64::from(qos.as_u8()) << 1 | u64::from(*retain));
                self.word((*ticket).into());
            }
            Seen::PublishRefused { topic, .. } => self.text(topic),
            Seen::SubscribeAsked { ticket, filter, .. }
            | Seen::UnsubscribeAsked { ticket, filter } => {
                self.word((*ticket).into());
                self.text(filter);
            }
            Seen::Cancelled { ticket } | Seen::CancelRefused { ticket } => {
                self.word((*ticket).into());
            }
            Seen::DeadlineSet { ticket, deadline } => {
                self.word((*ticket).into());
                self.word(deadline.as_micros());
            }
            Seen::OptionsSet { ticket, options, identifier } => {
                self.word((*ticket).into());
                self.word(u64::from(*options) << 32 | u64::from(*identifier));
            }
            Seen::TimeAsked { cookie } => self.word(*cookie),
            Seen::NetworkAnswered { answer } => self.word(network_answer(*answer)),
            Seen::SaidOfItself { unacknowledged, counters } => {
                self.word(*unacknowledged as u64);
                self.counters(counters);
            }
            Seen::SaidToStand(standing) => self.standing(*standing),
            Seen::Probed { is_asked } => self.word((*is_asked).into()),
            Seen::Told(event) => self.event(event),
            Seen::Released { delivery } => self.word((*delivery).into()),
            _ => self.network(observation),
        }
    }
}

/// Folded where it is observed, or by its code alone: named so that no observation is forgotten.
const fn is_known(observation: &Observation<'_>) {
    match observation {
        Seen::Published { .. }
        | Seen::PublishRefused { .. }
        | Seen::SubscribeAsked { .. }
        | Seen::UnsubscribeAsked { .. }
        | Seen::Cancelled { .. }
        | Seen::CancelRefused { .. }
        | Seen::DeadlineSet { .. }
        | Seen::OptionsSet { .. }
        | Seen::TimeAsked { .. }
        | Seen::MemoryAsked
        | Seen::NetworkAnswered { .. }
        | Seen::SaidOfItself { .. }
        | Seen::SaidToStand(_)
        | Seen::Probed { .. }
        | Seen::StatedBound { .. }
        | Seen::Renewed { .. }
        | Seen::Intruded { .. }
        | Seen::FrameTried { .. }
        | Seen::StateDamaged { .. }
        | Seen::Handled { .. }
        | Seen::SetupTried { .. }
        | Seen::SizeTried { .. }
        | Seen::Told(_)
        | Seen::Released { .. }
        | Seen::Holds(_)
        | Seen::Wifi(_)
        | Seen::BrokerDown(_)
        | Seen::Asked(_)
        | Seen::Opening { .. }
        | Seen::Accepted { .. }
        | Seen::Opened { .. }
        | Seen::OpenFailed { .. }
        | Seen::ToBroker { .. }
        | Seen::FromBroker { .. }
        | Seen::ToDevice { .. }
        | Seen::EndedAtBroker { .. }
        | Seen::EndedAtDevice { .. }
        | Seen::WitnessPublished { .. }
        | Seen::WitnessReceived { .. }
        | Seen::FrameToEsp(_)
        | Seen::FrameToHost(_)
        | Seen::FrameLost { .. }
        | Seen::Link { .. }
        | Seen::Edge { .. }
        | Seen::Misread { .. }
        | Seen::FrameAccepted { .. }
        | Seen::CreditStop { .. }
        | Seen::LinkRepaired { .. }
        | Seen::SessionBegan { .. }
        | Seen::SessionEnded { .. }
        | Seen::Unsuited { .. }
        | Seen::Cut { .. }
        | Seen::ResetLine { .. }
        | Seen::BoardDown { .. }
        | Seen::BoardUp { .. }
        | Seen::Woken { .. }
        | Seen::ClientState(_)
        | Seen::FaultBegan { .. }
        | Seen::FaultBit { .. }
        | Seen::FaultEnded { .. }
        | Seen::MessageExpired { .. }
        | Seen::ShutDownAsked
        | Seen::SessionForgotten
        | Seen::SessionExpired
        | Seen::Healed
        | Seen::Finished => {}
    }
}

/// Up to seven bytes as the low ones of a word, the first one lowest. Loads that overlap agree where
/// they do, and are cheaper than a copy.
const fn padded(bytes: &[u8]) -> u64 {
    let size = bytes.len();
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return first as u64 | (last as u64) << (8 * (size - 4));
    }
    if size == 0 {
        return 0;
    }
    let (middle, last) = (size / 2, size - 1);
    bytes[0] as u64 | (bytes[middle] as u64) << (8 * middle) | (bytes[last] as u64) << (8 * last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(seen: &[(u64, Observation<'_>)]) -> u64 {
        let mut hash = TraceHash::new();
        for (at, observation) in seen {
            hash.observe(Instant::from_micros(*at), observation);
        }
        hash.value()
    }

    #[test]
    fn it_sees_time_order_kind_and_bytes() {
        let all = [
            hash(&[]),
            hash(&[(1, Observation::Healed)]),
            hash(&[(2, Observation::Healed)]),
            hash(&[(1, Observation::Finished)]),
            hash(&[(1, Observation::Healed), (1, Observation::Finished)]),
            hash(&[(1, Observation::Finished), (1, Observation::Healed)]),
            hash(&[(1, Observation::FrameToEsp(b"abc"))]),
            hash(&[(1, Observation::FrameToEsp(b"abd"))]),
            hash(&[(1, Observation::FrameToEsp(b"abc\0"))]),
            hash(&[(1, Observation::FrameToHost(b"abc"))]),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "{index}");
        }
    }

    #[test]
    fn the_end_of_a_text_is_filled_up_with_zeros() {
        let bytes: [u8; 8] = [1, 0x82, 3, 0x84, 5, 0x86, 7, 0];
        for size in 0..8 {
            let mut filled_up = [0; 8];
            filled_up[..size].copy_from_slice(&bytes[..size]);
            assert_eq!(padded(&bytes[..size]), u64::from_le_bytes(filled_up), "{size} bytes");
        }
    }

    #[test]
    fn a_trace_means_the_same_number_on_every_platform() {
        let seen = [(5, Observation::FrameToEsp(b"0123456789")), (9, Observation::Holds(true))];
        assert_eq!(hash(&seen), 514_457_493_308_872_212);
    }
}
