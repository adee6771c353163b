//! Messages on their way through the host: each that came is handed out once, in order and as it came, is
//! released once, and its room is told of.

use std::collections::VecDeque;

use fivewire_core::event::Message;
use fivewire_core::time::Instant;

use super::super::facts::Facts;
use super::super::messages::TextId;
use super::super::promise::Promise::{P5, P7, P9};
use super::super::sizes::{INBOUND_HEADER_BYTES, publish_bytes};
use super::super::verdict::Verdict;
use super::errands::SOON_MS;
use super::frames::{Init, Publish};
use super::names::Names;
use crate::observation::EspStanding;

/// Room is told of by itself once it is such a part of all.
const TOLD_PART: u64 = 4;

/// A message that the application has not been handed.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    text: TextId,
    qos: u8,
    retain: bool,
    dup: bool,
    /// Its name at the ESP8266 that gave it; 0 where that need not, or cannot, be told.
    at_esp: u32,
    size_bytes: usize,
}

/// A message that the application has, and the ESP8266 was not told of.
#[derive(Clone, Copy, Debug)]
struct Handed {
    at_esp: u32,
    /// Its name at the host, where the application releases it.
    delivery: u32,
    is_released: bool,
}

/// What had been freed in all when a message was taken, and is not known to the ESP8266.
#[derive(Clone, Copy, Debug)]
struct Freed {
    sum: u64,
    at: Instant,
    /// Nothing waited then.
    was_last: bool,
}

/// The messages, and the room that they leave.
#[derive(Default, Debug)]
pub(super) struct Inbox {
    pub(super) names: Names,
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    handed: Vec<Handed>,
    /// Bytes that were freed so far, in all sessions.
    freed: u64,
    /// Each sum of them that the ESP8266 was not told.
    sums: VecDeque<Freed>,
    /// Where its settings count from, and the sum that it was told last.
    base: u64,
    told: u64,
}

impl Inbox {
    /// `Hello` came: the ESP8266 knows nothing of what it gave before, nor of any name.
    pub(super) fn session_began(&mut self, topic_bytes: u16) {
        self.names.begin(topic_bytes);
        for waiting in &mut self.waiting {
            waiting.at_esp = 0;
        }
    }

    fn room_bytes(&self, facts: &Facts) -> u64 {
        capacity_bytes(facts).saturating_sub(self.waiting_bytes) as u64
    }

    /// The settings reached the ESP8266. What was freed while they were on their way counts from them.
    pub(super) fn settings_came(&mut self, facts: &Facts, verdict: &mut Verdict, init: &Init<'_>) {
        let (said, now) = (u64::from(init.room_bytes), self.room_bytes(facts));
        let is_known = |base: u64| base == self.freed || self.is_sum(base);
        let base = (self.freed + said).checked_sub(now);
        let is_right = init.capacity_bytes as usize == capacity_bytes(facts)
            && said <= now
            && base.is_some_and(is_known);
        verdict.require(P7, is_right, || {
            let capacity_bytes = init.capacity_bytes;
            format!("the host says that it has {said} B of {capacity_bytes}, and has {now}")
        });
        self.base = base.unwrap_or(self.freed);
        self.told = self.base;
        self.forget_sums(self.base);
        self.handed.clear();
    }

    fn is_sum(&self, sum: u64) -> bool {
        sum == self.told || self.sums.iter().any(|freed| freed.sum == sum)
    }

    /// With this sum there is so much untold room that it is told of by itself.
    fn is_much(&self, facts: &Facts, sum: u64) -> bool {
        sum.saturating_sub(self.told) * TOLD_PART >= capacity_bytes(facts) as u64
    }

    /// Since when there is untold room that must be told of: much of it, or all that there is for now.
    fn owes_since(&self, facts: &Facts) -> Option<Instant> {
        let is_idle = self.waiting.is_empty();
        let mut untold = self.sums.iter().filter(|freed| freed.sum > self.told);
        let is_owed =
            |freed: &&Freed| (is_idle && freed.sum == self.freed) || self.is_much(facts, freed.sum);
        untold.find(is_owed).map(|freed| freed.at)
    }

    /// The ESP8266 is told of bytes that were freed, for themselves (`is_credit`) or along with a release.
    pub(super) fn told_freed(
        &mut self,
        facts: &Facts,
        verdict: &mut Verdict,
        freed_bytes: u32,
        is_credit: bool,
    ) {
        let sum = self.base + u64::from(freed_bytes);
        verdict.require(P7, sum >= self.told && self.is_sum(sum), || {
            let freed = self.freed - self.base;
            format!("the ESP8266 was told of {freed_bytes} B, and {freed} were freed")
        });
        let was_last = self.sums.iter().any(|freed| freed.sum == sum && freed.was_last);
        let is_due = was_last || self.is_much(facts, sum);
        verdict.require(P7, !is_credit || (sum > self.told && is_due), || {
            format!("room for {freed_bytes} B was told of without need")
        });
        self.forget_sums(sum);
        self.told = sum;
    }

    /// Room is not told of, and the ESP8266 may have messages that wait for it.
    pub(super) fn nothing_is_late(
        &self,
        facts: &Facts,
        excused_at: Instant,
        verdict: &mut Verdict,
    ) {
        let since = self.owes_since(facts).filter(|since| *since > excused_at);
        verdict.require(P9, since.is_none_or(|since| facts.now <= since.plus_ms(SOON_MS)), || {
            let untold_bytes = self.freed - self.told;
            format!("{untold_bytes} B were freed, and the ESP8266 was not told")
        });
    }

    /// Smaller sums cannot be told any more.
    fn forget_sums(&mut self, sum: u64) {
        while self.sums.front().is_some_and(|freed| freed.sum < sum) {
            self.sums.pop_front();
        }
    }

    /// A message reached the host.
    pub(super) fn came(&mut self, facts: &mut Facts, verdict: &mut Verdict, frame: &Publish<'_>) {
        let topic = self.names.meant(frame.topic);
        verdict.require(P7, topic.is_some(), || {
            format!("a message names its topic {:?}, which was never said", frame.topic)
        });
        let Some(topic) = topic else { return };
        let naming = self.names.naming(&topic);
        verdict.require(P7, naming == frame.topic, || {
            format!("a message names its topic {:?}, and not {naming:?}", frame.topic)
        });
        self.names.note(&topic);
        verdict.require(P5, (frame.number > 0) == (frame.qos > 0), || {
            format!("a message with QoS {} is delivery {}", frame.qos, frame.number)
        });
        let is_v5 = facts.setup.is_v5();
        let size_bytes =
            usize::from(INBOUND_HEADER_BYTES) + packet_bytes(frame, topic.len(), is_v5);
        self.waiting_bytes += size_bytes;
        verdict.require(P9, self.waiting_bytes <= capacity_bytes(facts), || {
            format!("the ESP8266 gave {} B, which the host has no room for", self.waiting_bytes)
        });
        self.waiting.push_back(Waiting {
            text: facts.inbound.note(&topic, frame.payload),
            qos: frame.qos,
            retain: frame.retain,
            dup: frame.again,
            at_esp: frame.number,
            size_bytes,
        });
    }

    /// The application is handed a message.
    pub(super) fn told(&mut self, facts: &mut Facts, verdict: &mut Verdict, message: &Message<'_>) {
        let text = facts.inbound.note(message.topic.as_bytes(), message.payload);
        let waiting = self.waiting.pop_front();
        let is_next = waiting.is_some_and(|waiting| {
            waiting.text == text
                && waiting.qos == message.qos as u8
                && (waiting.retain, waiting.dup) == (message.retain, message.dup)
        });
        verdict.require(P5, is_next, || {
            format!("the host tells {}, and {waiting:?} is next", facts.inbound.show(text))
        });
        let Some(waiting) = waiting else { return };
        let is_explicit = facts.setup.release_after_ms.is_some();
        let is_known = waiting.at_esp > 0;
        verdict.require(P5, message.delivery.is_some() == (is_explicit && is_known), || {
            format!("{} was told with {:?}", facts.inbound.show(text), message.delivery)
        });
        if is_known {
            self.handed.push(Handed {
                at_esp: waiting.at_esp,
                delivery: message.delivery.map_or(0, |delivery| delivery.get()),
                is_released: !is_explicit,
            });
        }
        self.waiting_bytes -= waiting.size_bytes;
        self.freed += waiting.size_bytes as u64;
        let was_last = self.waiting.is_empty();
        self.sums.push_back(Freed { sum: self.freed, at: facts.now, was_last });
    }

    /// The application asks how many messages there are, and how much room.
    #[cold]
    pub(super) fn says(&self, facts: &Facts, verdict: &mut Verdict, standing: EspStanding) {
        let EspStanding { has_waiting_messages, inbound_room_bytes, .. } = standing;
        let waiting = self.waiting.len();
        let is_so = has_waiting_messages == (waiting > 0)
            && inbound_room_bytes as u64 == self.room_bytes(facts);
        verdict.require(P7, is_so, || {
            format!(
                "the host says that messages wait ({has_waiting_messages}) and \
                 {inbound_room_bytes} B are free, and {waiting} wait in {} B",
                self.waiting_bytes
            )
        });
    }

    /// The application released a message.
    pub(super) fn released(&mut self, delivery: u32) {
        if let Some(handed) = self.handed.iter_mut().find(|handed| handed.delivery == delivery) {
            handed.is_released = true;
        }
    }

    /// The ESP8266 is told that a message is released.
    pub(super) fn told_released(&mut self, verdict: &mut Verdict, at_esp: u32) {
        let is_it = |handed: &Handed| handed.at_esp == at_esp && handed.is_released;
        let place = self.handed.iter().position(is_it);
        verdict.require(P5, place.is_some(), || {
            format!("the ESP8266 was told to release delivery {at_esp}, which nobody released")
        });
        if let Some(place) = place {
            self.handed.swap_remove(place);
        }
    }
}

/// All that the host has for messages.
fn capacity_bytes(facts: &Facts) -> usize {
    facts.setup.inbound_bytes.0.into()
}

/// Bytes of the packet that a message is stored as.
fn packet_bytes(frame: &Publish<'_>, topic_bytes: usize, is_v5: bool) -> usize {
    let properties_bytes = is_v5.then_some(frame.properties_bytes);
    publish_bytes(topic_bytes, frame.qos > 0, properties_bytes, frame.payload.len())
}
