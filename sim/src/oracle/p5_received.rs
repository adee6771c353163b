//! P5: a QoS 1 message is acknowledged to the broker once the application owns it, in order, and
//! none is lost while the session lasts.

use fivewire_core::time::Instant;

use super::connections::{Connection, Unreleased};
use super::facts::Facts;
use super::messages::TextId;
use super::promise::Promise::P5;
use super::verdict::Verdict;

/// Only packets from here on may be too large for a receive buffer.
const LARGE_MIN_BYTES: usize = 256;
/// How long a PUBACK may go before the word that its message was too large. An ESP8266 skips and
/// acknowledges such a message by itself; the host hears of it over the link.
const EXPLANATION_MS: u32 = 30_000;

/// The state of this judgement.
#[derive(Default, Debug)]
pub(super) struct Received {
    /// The largest QoS 1 packet the application got.
    largest_told_bytes: usize,
    /// Sizes of messages that were told as too large and not seen acknowledged yet.
    too_large: Vec<usize>,
    /// Acknowledged without having been told, to be explained by their size until then.
    unexplained: Vec<(Instant, TextId, usize)>,
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
    /// PUBACK came from the device.
    pub(super) fn acknowledged(
        &mut self,
        facts: &Facts,
        verdict: &mut Verdict,
        connection: &Connection,
        packet_id: u16,
    ) {
        let place = connection.unreleased.iter().position(|sent| sent.packet_id == packet_id);
        let Some(place) = place else {
            verdict.require(P5, false, || {
                format!(
                    "PUBACK {packet_id} came on connection {}, where no such PUBLISH is open",
                    connection.id
                )
            });
            return;
        };
        let Unreleased { text, size_bytes, .. } = connection.unreleased[place];
        verdict.require(P5, place == 0, || {
            format!(
                "PUBACK {packet_id} for {} came before those of {place} earlier messages \
                 [MQTT-4.6.0-2]",
                facts.inbound.show(text)
            )
        });
        if is_owned(facts, connection, text) {
            self.largest_told_bytes = self.largest_told_bytes.max(size_bytes);
            verdict.require(P5, true, String::new);
        } else if let Some(place) = self.too_large.iter().position(|&size| size == size_bytes) {
            self.too_large.swap_remove(place);
        } else if size_bytes >= LARGE_MIN_BYTES && size_bytes > self.largest_told_bytes {
            self.unexplained.push((facts.now.plus_ms(EXPLANATION_MS), text, size_bytes));
        } else {
            verdict.require(P5, false, || unowned(facts, text));
        }
    }

    /// The application was told that a message of this size did not fit.
    pub(super) fn too_large(&mut self, size_bytes: usize) {
        match self.unexplained.iter().position(|&(_, _, size)| size == size_bytes) {
            Some(place) => {
                self.unexplained.swap_remove(place);
            }
            None => self.too_large.push(size_bytes),
        }
    }

    /// Time went on.
    pub(super) fn waited(&self, facts: &Facts, verdict: &mut Verdict) {
        for &(deadline, text, _) in &self.unexplained {
            if facts.now > deadline {
                verdict.require(P5, false, || unowned(facts, text));
            }
        }
    }

    /// The host lost its memory, and with it what it might have explained.
    pub(super) fn forget(&mut self) {
        self.unexplained.clear();
        self.too_large.clear();
    }

    /// Everything had time to settle: what was published for the device has been told.
    pub(super) fn settled(&self, facts: &Facts, verdict: &mut Verdict) {
        if let Some(&(_, text, _)) = self.unexplained.first() {
            verdict.require(P5, false, || unowned(facts, text));
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

/// The application was told of a message: the broker must have sent it.
pub(super) fn told(facts: &Facts, verdict: &mut Verdict, text: TextId) {
    verdict.require(P5, facts.inbound.get(text).copies_any > 0, || {
        format!("the application was told of {}, which no broker sent", facts.inbound.show(text))
    });
}

fn unowned(facts: &Facts, text: TextId) -> String {
    let missing = match facts.setup.release_after_ms {
        Some(_) => "released it",
        None => "got it",
    };
    format!("{} was acknowledged before the application {missing}", facts.inbound.show(text))
}
