//! P5: a QoS 1 message is acknowledged to the broker once the application owns it, in order, and
//! none is lost while the session lasts.

use fivewire_core::event::Message;
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;

use crate::schedule::{Setup, Topology};

use super::connections::{Connection, Unreleased};
use super::facts::Facts;
use super::inbound::flags_bit;
use super::messages::TextId;
use super::promise::Promise::P5;
use super::reader::Connect;
use super::sizes::{INBOUND_HEADER_BYTES, RECEIVE_RESERVED_BYTES};
use super::verdict::Verdict;

/// Where nobody knows how much memory the device has, packets up to this size fit into it.
const SMALL_MAX_BYTES: usize = 255;
/// What of the memory on a message's way is not for its packet, at most: with an alias less of it may be.
const RESERVED_BYTES: usize = 64;
/// With its topic in words, a packet needs so many bytes more to say its length, at most.
const LENGTH_BYTES: usize = 3;
/// How long a PUBACK may go before the word that its message was too large. An ESP8266 skips and
/// acknowledges such a message by itself; the host hears of it over the link.
const EXPLANATION_MS: u32 = 30_000;

/// The state of this judgement.
#[derive(Debug)]
pub(super) struct Received {
    /// A packet of this size fits into every memory on its way.
    fits_bytes: usize,
    /// A larger one fits into none.
    memory_bytes: usize,
    /// The client, wherever it runs, receives no larger one.
    receive_bytes: usize,
    /// The largest QoS 1 packet the application got, with its topic in words.
    largest_told_bytes: usize,
    /// QoS and size of packets that the broker sent and that may be too large, and were not told to be so.
    sent: Vec<(u8, usize)>,
    /// Sizes of messages that were told as too large and not seen acknowledged yet.
    too_large: Vec<usize>,
    /// Acknowledged without having been told, to be explained by their size.
    unexplained: Vec<Unexplained>,
}

/// A message that was acknowledged without having been told.
#[derive(Clone, Copy, Debug)]
struct Unexplained {
    deadline: Instant,
    text: TextId,
    size_bytes: usize,
    /// The explanation may be lost with the link.
    link_losses: u32,
}

/// Whether the application owned a message in the life that opened the connection. A PUBACK may
/// arrive when that life is over.
fn is_owned(facts: &Facts, connection: &Connection, text: TextId) -> bool {
    let message = facts.inbound.get(text);
    let owned_in_life = match facts.setup.release_after_ms {
        Some(_) => message.released_in_life,
        None => message.told_in_life,
    };
    owned_in_life == Some(connection.life)
}

impl Received {
    pub(super) fn new(setup: &Setup) -> Self {
        let memory_bytes = setup.message_max_bytes() as usize;
        let receive_bytes = setup.receive_bytes() - RECEIVE_RESERVED_BYTES;
        let inbound_bytes = setup.inbound_bytes.0 - INBOUND_HEADER_BYTES;
        let link_bytes = setup.wires.host_memory_bytes.min(setup.wires.esp_memory_bytes);
        let buffers_bytes = receive_bytes.min(inbound_bytes);
        let fits_bytes = match setup.topology {
            // nothing is lent to aliases, and the link carries all that the buffers hold
            Topology::Client if !setup.is_v5() => receive_bytes.into(),
            Topology::Bridge if !setup.is_v5() && link_bytes > setup.receive_bytes() => {
                buffers_bytes.into()
            }
            Topology::Client | Topology::Bridge => memory_bytes.saturating_sub(RESERVED_BYTES),
        };
        Self {
            fits_bytes,
            memory_bytes,
            receive_bytes: receive_bytes.into(),
            largest_told_bytes: 0,
            sent: Vec::new(),
            too_large: Vec::new(),
            unexplained: Vec::new(),
        }
    }

    /// Nobody knows how much memory the device has.
    pub(super) const fn expect_any_memory(&mut self) {
        (self.fits_bytes, self.memory_bytes) = (SMALL_MAX_BYTES, usize::MAX);
    }

    const fn knows_memory(&self) -> bool {
        self.memory_bytes < usize::MAX
    }

    /// A packet of this size may not fit into the memory of the device.
    pub(super) const fn too_large_unanswered(&self) -> usize {
        self.too_large.len()
    }

    pub(super) const fn may_be_too_large(&self, size_bytes: usize) -> bool {
        size_bytes > self.fits_bytes
    }

    /// CONNECT came: what it says of the largest packet is so (MQTT 5 §3.1.2.11.4).
    pub(super) fn connecting(&self, verdict: &mut Verdict, connect: &Connect<'_>) {
        if connect.level != 5 || !self.knows_memory() {
            return;
        }
        let said = connect.properties.packet_max_bytes().map_or(usize::MAX, |bytes| bytes as usize);
        verdict.require(P5, said == self.receive_bytes, || {
            let bytes = self.receive_bytes;
            format!("the device says that it takes packets of {said} bytes, and not {bytes}")
        });
    }

    /// PUBLISH came from the broker.
    pub(super) fn sent(&mut self, qos: u8, size_bytes: usize) {
        if self.may_be_too_large(size_bytes) {
            self.sent.push((qos, size_bytes));
        }
    }

    /// PUBACK came from the device, or with QoS 2 PUBREC.
    pub(super) fn acknowledged(
        &mut self,
        facts: &Facts,
        verdict: &mut Verdict,
        connection: &Connection,
        (qos, packet_id): (u8, u16),
    ) {
        let name = if qos == 1 { "PUBACK" } else { "PUBREC" };
        let place = connection.unreleased.iter().position(|sent| sent.packet_id == packet_id);
        let Some(place) = place else {
            verdict.require(P5, false, || {
                format!(
                    "{name} {packet_id} came on connection {}, where no such PUBLISH is open",
                    connection.id
                )
            });
            return;
        };
        let sent = connection.unreleased[place];
        let Unreleased { text, size_bytes, left_out_bytes, link_losses_before, .. } = sent;
        let in_words_bytes = size_bytes + left_out_bytes;
        let margin_bytes = if left_out_bytes > 0 { LENGTH_BYTES } else { 0 };
        verdict.require(P5, sent.qos == qos, || {
            let sent = sent.qos;
            format!("{} with QoS {sent} was answered with {name}", facts.inbound.show(text))
        });
        let earlier =
            connection.unreleased.iter().take(place).filter(|sent| sent.qos == qos).count();
        verdict.require(P5, earlier == 0, || {
            format!(
                "{name} {packet_id} for {} came before those of {earlier} earlier messages \
                 [MQTT-4.6.0-2] [MQTT-4.6.0-3]",
                facts.inbound.show(text)
            )
        });
        if is_owned(facts, connection, text) {
            self.largest_told_bytes = self.largest_told_bytes.max(in_words_bytes);
            verdict.require(P5, true, String::new);
        } else if let Some(place) = self.too_large.iter().position(|&size| size == size_bytes) {
            self.too_large.swap_remove(place);
        } else if self.may_be_too_large(size_bytes)
            && in_words_bytes + margin_bytes > self.largest_told_bytes
        {
            let deadline = facts.now.plus_ms(EXPLANATION_MS);
            // whoever was to hear it may have, in a life that is over
            let link_losses = link_losses_before.filter(|_| connection.life == facts.device_life);
            self.unexplained.extend(link_losses.map(|link_losses| Unexplained {
                deadline,
                text,
                size_bytes,
                link_losses,
            }));
        } else {
            verdict.require(P5, false, || unowned(facts, text));
        }
    }

    /// The application was told that a message of this size did not fit.
    pub(super) fn too_large(&mut self, verdict: &mut Verdict, qos: QoS, size_bytes: usize) {
        if self.knows_memory() {
            verdict.require(P5, self.may_be_too_large(size_bytes), || {
                format!("a message of {size_bytes} bytes was told to be too large, and fits")
            });
            let sent = self.sent.iter().position(|&sent| sent == (qos as u8, size_bytes));
            verdict.require(P5, sent.is_some(), || {
                format!(
                    "a {qos:?} message of {size_bytes} bytes was told to be too large, and not sent"
                )
            });
            sent.map(|place| self.sent.swap_remove(place));
        }
        if qos == QoS::AtMostOnce {
            return;
        }
        match self.unexplained.iter().position(|message| message.size_bytes == size_bytes) {
            Some(place) => {
                self.unexplained.swap_remove(place);
            }
            None => self.too_large.push(size_bytes),
        }
    }

    /// Time went on.
    pub(super) fn waited(&mut self, facts: &Facts, verdict: &mut Verdict) {
        self.unexplained.retain(|message| message.link_losses == facts.link_losses);
        for message in &self.unexplained {
            if facts.now > message.deadline {
                verdict.require(P5, false, || unowned(facts, message.text));
            }
        }
    }

    /// The host lost its memory, and with it what it might have explained.
    pub(super) fn forget(&mut self) {
        self.unexplained.clear();
        self.too_large.clear();
        self.sent.clear();
    }

    /// Everything had time to settle: what was published for the device has been told.
    pub(super) fn settled(&self, facts: &Facts, verdict: &mut Verdict) {
        if let Some(message) = self.unexplained.first() {
            verdict.require(P5, false, || unowned(facts, message.text));
        }
        let unpaid = facts.inbound.unpaid().next();
        verdict.require(P5, unpaid.is_none(), || {
            format!(
                "{} was published for the device, whose session lasted, and never told",
                unpaid.map(|text| facts.inbound.show(text)).unwrap_or_default()
            )
        });
    }
}

/// PUBCOMP came from the device: it answers a PUBREL [MQTT-4.3.3-2].
pub(super) fn completed(
    verdict: &mut Verdict,
    connection: &Connection,
    packet_id: u16,
    is_expected: bool,
) {
    verdict.require(P5, is_expected, || {
        format!("PUBCOMP {packet_id} came on connection {}, where no PUBREL is open", connection.id)
    });
}

/// The application was told of a message: the broker must have sent it, and so.
pub(super) fn told(facts: &Facts, verdict: &mut Verdict, text: TextId, message: &Message<'_>) {
    let Message { qos, retain, dup, .. } = *message;
    verdict.require(P5, facts.inbound.get(text).copies_any > 0, || {
        format!("the application was told of {}, which no broker sent", facts.inbound.show(text))
    });
    let as_sent = facts.inbound.get(text).qos_sent & 1 << qos as u8;
    verdict.require(P5, as_sent > 0, || {
        format!(
            "the application was told of {} with {qos:?}, and it was not sent so",
            facts.inbound.show(text)
        )
    });
    let as_sent = facts.inbound.get(text).flags_sent & flags_bit(retain, dup);
    verdict.require(P5, as_sent > 0 || !facts.has_joined, || {
        format!(
            "the application was told of {} with retain {retain} and DUP {dup}, and it was not sent so",
            facts.inbound.show(text)
        )
    });
}

fn unowned(facts: &Facts, text: TextId) -> String {
    let missing = match facts.setup.release_after_ms {
        Some(_) => "released it",
        None => "got it",
    };
    format!("{} was acknowledged before the application {missing}", facts.inbound.show(text))
}
