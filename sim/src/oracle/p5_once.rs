//! P5, where a broker sends with QoS 2 though nobody asked for that: a client without a bridge tells such a
//! message once, as long as both ends remember the session [MQTT-4.3.3-2].
//!
//! It remembers those that it has answered with PUBREC until PUBREL comes, eight of them. Whether PUBREC left
//! is judged only where nothing can have kept it.

use super::facts::Facts;
use super::messages::TextId;
use super::promise::Promise::P5;
use super::reader::Packet;
use super::verdict::Verdict;

/// So many messages without a PUBREL are remembered at most.
const REMEMBERED_MAX: usize = 8;
/// Where nothing was wrong for so long, in milliseconds, what is written leaves.
const CALM_MS: u32 = 5_000;

/// A message that was told.
#[derive(Clone, Copy, Debug)]
struct Told {
    packet_id: u16,
    text: TextId,
    /// The application owns it, and PUBREC went at once.
    is_answered: bool,
}

/// The messages with QoS 2.
#[derive(Default, Debug)]
pub(super) struct Once {
    /// What reached the client on this connection.
    came: Vec<(u16, TextId)>,
    told: Vec<Told>,
}

impl Once {
    /// The board lost what it knew, or the broker the session.
    pub(super) fn forget(&mut self) {
        self.came.clear();
        self.told.clear();
    }

    /// A new connection: what was not answered on the last one may be told again.
    pub(super) fn opened(&mut self) {
        self.came.clear();
        self.told.retain(|told| told.is_answered);
    }

    /// A packet of the broker reached the client.
    #[inline]
    pub(super) fn heard(&mut self, facts: &mut Facts, packet: &Packet<'_>) {
        match *packet {
            Packet::Publish(publish) if publish.qos == 2 && !publish.topic.is_empty() => {
                let text = facts.inbound.note(publish.topic, publish.payload);
                self.came.push((publish.packet_id, text));
            }
            Packet::Pubrel(packet_id) => self.told.retain(|told| told.packet_id != packet_id),
            _ => {}
        }
    }

    /// The application was told a message with QoS 2.
    #[cold]
    pub(super) fn told(&mut self, facts: &Facts, verdict: &mut Verdict, text: TextId) {
        let mut of_text = self.came.iter().filter(|(_, came)| *came == text);
        let (Some(&(packet_id, _)), None) = (of_text.next(), of_text.next()) else { return };
        let is_it = |told: &Told| (told.packet_id, told.text) == (packet_id, text);
        verdict.require(P5, !self.told.iter().any(is_it), || {
            format!("{} was told twice, with QoS 2 [MQTT-4.3.3-2]", facts.inbound.show(text))
        });
        if self.told.len() < REMEMBERED_MAX {
            let is_answered = facts.setup.release_after_ms.is_none() && leaves_at_once(facts);
            self.told.push(Told { packet_id, text, is_answered });
        }
    }

    /// The application released a message.
    pub(super) fn released(&mut self, facts: &Facts, text: TextId) {
        let leaves = leaves_at_once(facts);
        let is_oldest = self.told.iter().find(|told| !told.is_answered).map(|told| told.text);
        for told in &mut self.told {
            // those behind others are answered after them
            told.is_answered |= told.text == text && leaves && is_oldest == Some(text);
        }
    }
}

/// What the client writes now is not kept back by anything.
fn leaves_at_once(facts: &Facts) -> bool {
    facts.weather.was_calm(facts.now, CALM_MS) || facts.outbound.unresolved == 0
}
