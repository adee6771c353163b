//! P5, where a broker sends with QoS 2 though nobody asked for that: a client without a bridge tells such a
//! message once, as long as both ends remember the session [MQTT-4.3.3-2].
//!
//! It remembers those that the application owns until PUBREL comes, eight of them: the oldest, where an
//! application releases in the order in which it was told, as those here do.

use super::facts::Facts;
use super::messages::TextId;
use super::mqtt5::Aliases;
use super::promise::Promise::P5;
use super::reader::{Packet, Publish};
use super::verdict::Verdict;

/// So many messages without a PUBREL are remembered at most.
const REMEMBERED_MAX: usize = 8;

/// A message that was told.
#[derive(Clone, Copy, Debug)]
struct Told {
    packet_id: u16,
    text: TextId,
    /// The application owns it.
    is_owned: bool,
    /// There is a place for it, whatever becomes of those before it.
    is_remembered: bool,
}

/// The messages with QoS 2.
#[derive(Default, Debug)]
pub(super) struct Once {
    /// What reached the client on this connection.
    came: Vec<(u16, TextId)>,
    /// What topic aliases stand for on it (MQTT 5).
    aliases: Aliases,
    /// Those whose PUBREL has not come, in the order in which they came.
    waiting: Vec<u16>,
    told: Vec<Told>,
}

impl Once {
    /// The board lost what it knew, or the broker the session.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The connection ended: what the application does not own may be told again.
    pub(super) fn ended(&mut self) {
        self.came.clear();
        self.aliases = Aliases::default();
        self.told.retain(|told| told.is_owned);
    }

    /// A packet of the broker reached the client.
    #[inline]
    pub(super) fn heard(&mut self, facts: &mut Facts, packet: &Packet<'_>) {
        match packet {
            Packet::Publish(publish) if publish.properties.alias().is_some() => {
                if let Some(topic) = self.aliases.topic(publish)
                    && publish.qos == 2
                {
                    self.came(facts, &Publish { topic: &topic, ..*publish });
                }
            }
            Packet::Publish(publish) if publish.qos == 2 => self.came(facts, publish),
            Packet::Pubrel(packet_id) => {
                self.waiting.retain(|waiting| waiting != packet_id);
                self.told.retain(|told| told.packet_id != *packet_id);
            }
            _ => {}
        }
    }

    #[cold]
    fn came(&mut self, facts: &mut Facts, publish: &Publish<'_>) {
        if !self.waiting.contains(&publish.packet_id) {
            self.waiting.push(publish.packet_id);
        }
        let text = facts.inbound.note(publish.topic, publish.payload);
        self.came.push((publish.packet_id, text));
    }

    /// The application was told a message with QoS 2.
    #[cold]
    pub(super) fn told(&mut self, facts: &Facts, verdict: &mut Verdict, text: TextId) {
        let mut of_text = self.came.iter().filter(|(_, came)| *came == text);
        let (Some(&(packet_id, _)), None) = (of_text.next(), of_text.next()) else { return };
        let is_it = |told: &Told| (told.packet_id, told.text) == (packet_id, text);
        let is_known = self.told.iter().any(|told| is_it(told) && told.is_remembered);
        verdict.require(P5, !is_known, || {
            format!("{} was told twice, with QoS 2 [MQTT-4.3.3-2]", facts.inbound.show(text))
        });
        self.told.retain(|told| !is_it(told));
        let before = self.waiting.iter().take_while(|&&waiting| waiting != packet_id).count();
        let is_owned = facts.setup.release_after_ms.is_none();
        let is_remembered = before < REMEMBERED_MAX;
        self.told.push(Told { packet_id, text, is_owned, is_remembered });
    }

    /// The application released a message.
    pub(super) fn released(&mut self, text: TextId) {
        for told in &mut self.told {
            told.is_owned |= told.text == text;
        }
    }
}
