//! Messages that the adapter has acknowledged and its application has not fetched yet.
//!
//! P5 says that a message is acknowledged once the application's queue owns it, and with release at
//! hand-out that queue is inside the adapter, where nobody sees into it. So an acknowledgement is
//! taken as the word that the message is in it; the application must fetch it, in this life, before
//! the run is over.

use std::collections::BTreeMap;

use fivewire_core::event::Event;
use fivewire_core::mqtt::QoS;
use fivewire_tokio::Properties;

use crate::oracle::mqtt5::Aliases;
use crate::oracle::reader::{Packet, Reader};

use super::seen::{Message, Seen, Stage, Stream};
use super::travelling;
use crate::observation::{BoardLoss, ConnectionId, Observation, Part};

/// A message as the broker sent it, with its topic and payload.
type Text = (Vec<u8>, Vec<u8>);

/// A PUBLISH with QoS 1 or 2.
#[derive(Debug)]
struct Sent {
    packet_id: u16,
    qos: QoS,
    size_bytes: usize,
    text: Text,
    properties: Properties,
}

#[derive(Default, Debug)]
struct Count {
    /// What travelled with each copy that the broker sent.
    sent: Vec<Properties>,
    told: u32,
    acknowledged: u32,
    /// Told on the adapter's word alone.
    claimed: u32,
}

#[derive(Default, Debug)]
struct Line {
    from_device: Reader,
    from_broker: Reader,
    /// Of the broker.
    aliases: Aliases,
    /// What was sent with QoS 1 or 2 and not acknowledged.
    open: Vec<Sent>,
}

/// Watches what passes the broker's socket, and what the application fetches.
#[derive(Default, Debug)]
pub(super) struct Claims {
    /// Releases are the application's own: there is nothing to claim.
    is_explicit: bool,
    lines: BTreeMap<u32, Line>,
    counts: BTreeMap<Text, Count>,
    /// Sizes of messages that were told to be too large, and not acknowledged yet.
    too_large: Vec<usize>,
    /// The application takes no messages.
    holds: bool,
    /// How P5 was broken.
    broken: Option<String>,
}

impl Claims {
    pub(super) fn new(is_explicit: bool) -> Self {
        Self { is_explicit, ..Self::default() }
    }

    /// Looks at what happened, before anybody else does. What is to be told first, and whether the
    /// thing itself was told already.
    pub(super) fn look(&mut self, seen: &Seen) -> (Vec<Message>, bool) {
        if self.is_explicit {
            return (Vec::new(), false);
        }
        match seen {
            Seen::Bytes(Stream::FromBroker, connection, bytes) => self.sent(*connection, bytes),
            Seen::Bytes(Stream::ToBroker, connection, bytes) => {
                return (self.acknowledged(*connection, bytes), false);
            }
            Seen::Message(Stage::Told { .. }, message) => {
                return (Vec::new(), self.fetched(message));
            }
            Seen::Plain(Observation::EndedAtBroker { connection, .. }) => {
                self.lines.remove(&connection.0);
            }
            Seen::Plain(Observation::Told(Event::MessageTooLarge { qos, size_bytes }))
                if *qos != QoS::AtMostOnce =>
            {
                self.too_large.push(*size_bytes);
            }
            Seen::Plain(Observation::Holds(holds)) => self.holds = *holds,
            Seen::Plain(Observation::BoardDown { part: Part::Host, loss }) => {
                // who takes none leaves them behind
                if *loss == BoardLoss::Ended && !self.holds {
                    self.broken = self.unfetched().map(|topic| {
                        format!("a message of {topic} was acknowledged and went with a program that ended")
                    });
                }
                self.counts.clear();
                self.too_large.clear();
            }
            _ => {}
        }
        (Vec::new(), false)
    }

    /// A message that was acknowledged and never fetched.
    pub(super) fn unfetched(&self) -> Option<String> {
        let (text, _) = self.counts.iter().find(|(_, count)| count.claimed > 0)?;
        Some(String::from_utf8_lossy(&text.0).into_owned())
    }

    /// A message that was acknowledged, and that a program which ended in good order has not fetched; or one
    /// that came out of its subscription with other properties than the broker had sent.
    pub(super) const fn take_broken(&mut self) -> Option<String> {
        self.broken.take()
    }

    fn sent(&mut self, connection: ConnectionId, mut bytes: &[u8]) {
        let Line { from_broker, aliases, open, .. } = self.lines.entry(connection.0).or_default();
        while let Some(packet) = from_broker.next(&mut bytes) {
            if let Packet::Publish(publish) = packet
                // every packet: one of QoS 0 may be the one that gives an alias its meaning
                && let Some(topic) = aliases.topic(&publish)
                && let Some(qos) = QoS::from_u8(publish.qos)
            {
                let text = (topic.into_owned(), publish.payload.to_vec());
                let properties = travelling::of_packet(publish.properties);
                self.counts.entry(text.clone()).or_default().sent.push(properties.clone());
                let (packet_id, size_bytes) = (publish.packet_id, publish.size_bytes);
                if qos != QoS::AtMostOnce {
                    open.push(Sent { packet_id, qos, size_bytes, text, properties });
                }
            }
        }
    }

    fn acknowledged(&mut self, connection: ConnectionId, mut bytes: &[u8]) -> Vec<Message> {
        let mut told = Vec::new();
        let Line { from_device, from_broker, open, .. } =
            self.lines.entry(connection.0).or_default();
        while let Some(packet) = from_device.next(&mut bytes) {
            if let Packet::Connect(connect) = packet {
                from_broker.set_version(connect.level);
            }
            let (Packet::Puback(answered, _) | Packet::Pubrec(answered)) = packet else { continue };
            let place = open.iter().position(|sent| sent.packet_id == answered);
            let Some(sent) = place.map(|place| open.remove(place)) else { continue };
            let Sent { qos, size_bytes, text, properties, .. } = sent;
            if let Some(place) = self.too_large.iter().position(|&size| size == size_bytes) {
                self.too_large.swap_remove(place);
                continue;
            }
            let count = self.counts.entry(text.clone()).or_default();
            // what comes again with QoS 2 is answered again, and not told
            if qos == QoS::AtLeastOnce || count.acknowledged == 0 {
                count.acknowledged += 1;
            }
            if count.acknowledged > count.told {
                count.told += 1;
                count.claimed += 1;
                told.push(message(text, qos, properties));
            }
        }
        told
    }

    /// The application fetched a message. True if that was claimed before.
    fn fetched(&mut self, message: &Message) -> bool {
        let text = (message.topic.clone().into_bytes(), message.payload.clone());
        let count = self.counts.entry(text).or_default();
        if count.claimed > 0 {
            count.claimed -= 1;
            // what was told are those of the copy that was acknowledged: this may be another one
            if !count.sent.contains(&message.properties) {
                let topic = &message.topic;
                self.broken = Some(format!("a message of {topic} was told with other properties"));
            }
            return true;
        }
        count.told += 1;
        false
    }
}

fn message((topic, payload): Text, qos: QoS, properties: Properties) -> Message {
    let topic = String::from_utf8_lossy(&topic).into_owned();
    Message { topic, payload, qos, retain: false, properties }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISH: &[u8] = b"\x32\x06\x00\x01a\x00\x07x";
    const CONNECT: &[u8] = b"\x10\x0e\x00\x04MQTT\x05\x00\x00\x00\x00\x00\x01d";
    const PUBACK: &[u8] = b"\x40\x02\x00\x07";

    fn passed(claims: &mut Claims) -> (Vec<Message>, bool) {
        let connection = ConnectionId(1);
        let sent = Seen::Bytes(Stream::FromBroker, connection, PUBLISH.to_vec());
        assert_eq!(claims.look(&sent), (Vec::new(), false));
        claims.look(&Seen::Bytes(Stream::ToBroker, connection, PUBACK.to_vec()))
    }

    fn fetched() -> Seen {
        let text = (b"a".to_vec(), b"x".to_vec());
        let message = message(text, QoS::AtLeastOnce, Properties::default());
        Seen::Message(Stage::Told { delivery: None, dup: false }, message)
    }

    #[test]
    fn a_message_is_told_when_it_is_acknowledged_and_must_be_fetched_afterwards() {
        let mut claims = Claims::new(false);
        let (told, _) = passed(&mut claims);
        assert_eq!(told.len(), 1, "it is told on the adapter's word");
        assert_eq!(claims.unfetched(), Some("a".to_owned()));
        assert_eq!(claims.look(&fetched()), (Vec::new(), true), "it is not told again");
        assert_eq!(claims.unfetched(), None);
    }

    #[test]
    fn what_was_fetched_before_its_acknowledgement_is_told_once() {
        let mut claims = Claims::new(false);
        assert_eq!(claims.look(&fetched()), (Vec::new(), false));
        assert_eq!(passed(&mut claims), (Vec::new(), false));
        assert_eq!(claims.unfetched(), None);
    }

    #[test]
    fn a_program_that_ends_has_fetched_all_that_was_acknowledged_unless_it_takes_none() {
        let ends = |loss| Seen::Plain(Observation::BoardDown { part: Part::Host, loss });
        let left = |holds, loss| {
            let mut claims = Claims::new(false);
            claims.look(&Seen::Plain(Observation::Holds(holds)));
            passed(&mut claims);
            claims.look(&ends(loss));
            claims.take_broken()
        };
        let broken = left(false, BoardLoss::Ended).unwrap_or_default();
        assert!(broken.contains("a message of a was acknowledged and went"), "{broken}");
        assert_eq!(left(true, BoardLoss::Ended), None);
        assert_eq!(left(false, BoardLoss::PowerLoss), None);
    }

    #[test]
    fn a_message_that_was_too_large_is_not_claimed() {
        let mut claims = Claims::new(false);
        let (qos, size_bytes) = (QoS::AtLeastOnce, PUBLISH.len());
        claims.look(&Seen::told(Event::MessageTooLarge { qos, size_bytes }));
        assert_eq!(passed(&mut claims), (Vec::new(), false));
        assert_eq!(passed(&mut claims).0.len(), 1, "the next one is another");
    }

    #[test]
    fn a_message_with_qos_2_is_told_once_however_often_it_is_answered() {
        let mut claims = Claims::new(false);
        let connection = ConnectionId(1);
        let mut publish = PUBLISH.to_vec();
        publish[0] = 0x34;
        let mut pass = || {
            claims.look(&Seen::Bytes(Stream::FromBroker, connection, publish.clone()));
            claims.look(&Seen::Bytes(Stream::ToBroker, connection, b"\x50\x02\x00\x07".to_vec())).0
        };
        let told: Vec<QoS> = pass().into_iter().map(|message| message.qos).collect();
        assert_eq!(told, [QoS::ExactlyOnce]);
        assert_eq!(pass(), []);
    }

    #[test]
    fn a_message_with_a_topic_alias_is_told_with_the_topic_that_it_stands_for() {
        let mut claims = Claims::new(false);
        let connection = ConnectionId(1);
        claims.look(&Seen::Bytes(Stream::ToBroker, connection, CONNECT.to_vec()));
        for publish in [
            b"\x30\x08\x00\x01a\x03\x23\x00\x01x".as_slice(),
            b"\x32\x09\x00\x00\x00\x07\x03\x23\x00\x01x",
        ] {
            claims.look(&Seen::Bytes(Stream::FromBroker, connection, publish.to_vec()));
        }
        claims.look(&Seen::Bytes(Stream::ToBroker, connection, PUBACK.to_vec()));
        assert_eq!(claims.unfetched(), Some("a".to_owned()));
    }

    #[test]
    fn what_is_fetched_has_the_properties_that_were_sent_with_one_of_its_copies() {
        let connection = ConnectionId(1);
        let broken = |expiry_s| {
            let mut claims = Claims::new(false);
            claims.look(&Seen::Bytes(Stream::ToBroker, connection, CONNECT.to_vec()));
            for copy in [
                b"\x32\x0c\x00\x01a\x00\x06\x05\x02\x00\x00\x00\x09x",
                b"\x32\x0c\x00\x01a\x00\x07\x05\x02\x00\x00\x00\x08x",
            ] {
                claims.look(&Seen::Bytes(Stream::FromBroker, connection, copy.to_vec()));
            }
            let puback = Seen::Bytes(Stream::ToBroker, connection, PUBACK.to_vec());
            let (told, _) = claims.look(&puback);
            assert_eq!(
                told[0].properties.message_expiry_interval_s,
                Some(8),
                "that copy was acknowledged"
            );
            let Seen::Message(way, mut message) = fetched() else { unreachable!() };
            message.properties.message_expiry_interval_s = Some(expiry_s);
            claims.look(&Seen::Message(way, message));
            claims.take_broken()
        };
        assert_eq!((broken(9), broken(8)), (None, None));
        assert!(broken(10).is_some());
    }

    #[test]
    fn nothing_is_claimed_where_the_application_releases_messages_itself() {
        assert_eq!(passed(&mut Claims::new(true)), (Vec::new(), false));
    }
}
