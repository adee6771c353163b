//! The default application: it publishes as the schedule says and never loses a message of its own.

use std::collections::VecDeque;

use fivewire_core::client::Publication;
use fivewire_core::error::PublishError;
use fivewire_core::event::{Delivery, Event};
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;

use super::{Application, Commands};
use crate::random::{Purpose, Random};
use crate::schedule::Schedule;

/// Every payload begins with the number of the message.
pub(crate) const NUMBER_BYTES: usize = 8;

/// Publishes numbered messages at intervals, subscribes to the filters of the schedule, and
/// releases what it gets. A message that the device had no room for is kept and tried again.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Apart from the content, so that what happens cannot shift when messages come into being.
    intervals: Intervals,
    content: Random,
    filters: Vec<String>,
    /// How many of them were asked for since the board started.
    asked: usize,
    topics: Vec<String>,
    qos0_percent: u32,
    payload_min_bytes: u32,
    payload_max_bytes: u32,
    release_after_us: Option<u64>,
    /// When the next message comes into being.
    next_message: Option<Instant>,
    /// Messages that exist and have no draft yet.
    owed: u32,
    draft: Option<Draft>,
    /// The outbox was full, and nothing has left it since.
    blocked: bool,
    messages: u64,
    holds: bool,
    /// What the device was told of it.
    held: bool,
    releases: VecDeque<(Instant, Delivery)>,
    payload: Vec<u8>,
}

/// A message that is to be published.
#[derive(Clone, Copy, Debug)]
struct Draft {
    number: u64,
    size_bytes: usize,
    qos: QoS,
}

impl Workload {
    /// The application that `schedule` describes.
    #[must_use]
    pub fn new(schedule: &Schedule) -> Self {
        let workload = &schedule.workload;
        let mut intervals =
            Intervals::new(schedule.seed, Purpose::Outbound, workload.publish_every_ms);
        Self {
            next_message: intervals.next(),
            intervals,
            content: Random::new(schedule.seed, Purpose::OutboundContent),
            filters: schedule
                .setup
                .filters
                .iter()
                .chain(&schedule.setup.refused_filter)
                .cloned()
                .collect(),
            asked: 0,
            topics: (0..workload.topics.max(1)).map(|topic| format!("up/{topic}")).collect(),
            qos0_percent: u32::from(workload.qos0_percent),
            payload_min_bytes: u32::from(workload.payload_min_bytes).max(NUMBER_BYTES as u32),
            payload_max_bytes: u32::from(workload.payload_max_bytes),
            release_after_us: schedule.setup.release_after_ms.map(|ms| u64::from(ms) * 1_000),
            owed: 0,
            draft: None,
            blocked: false,
            messages: 0,
            holds: false,
            held: false,
            releases: VecDeque::new(),
            payload: Vec::new(),
        }
    }

    fn draft(&mut self) -> Option<Draft> {
        if self.draft.is_none() && self.owed > 0 {
            self.owed -= 1;
            self.messages += 1;
            let size = self.content.between(self.payload_min_bytes, self.payload_max_bytes);
            let qos0 = self.content.chance(self.qos0_percent, 100);
            self.draft = Some(Draft {
                number: self.messages,
                size_bytes: size as usize,
                qos: if qos0 { QoS::AtMostOnce } else { QoS::AtLeastOnce },
            });
        }
        self.draft
    }

    fn publish(&mut self, commands: &mut Commands<'_>) {
        while !self.blocked
            && let Some(Draft { number, size_bytes, qos }) = self.draft()
        {
            fill(&mut self.payload, number, size_bytes);
            let topic = &self.topics[(number % self.topics.len() as u64) as usize];
            match commands.publish(&Publication::new(topic, &self.payload, qos)) {
                Err(PublishError::OutboxFull) => self.blocked = true,
                Ok(_) | Err(_) => self.draft = None,
            }
        }
    }

    fn release(&mut self, commands: &mut Commands<'_>) {
        while let Some(&(at, delivery)) = self.releases.front()
            && at <= commands.now()
        {
            self.releases.pop_front();
            commands.release(delivery);
        }
    }
}

impl Application for Workload {
    fn started(&mut self, _now: Instant) {
        self.asked = 0;
        self.blocked = false;
        self.held = false;
        self.releases.clear();
    }

    fn told(&mut self, now: Instant, event: &Event<'_>) {
        match event {
            Event::Message(message) => {
                if let (Some(delivery), Some(after_us)) = (message.delivery, self.release_after_us)
                {
                    let at = Instant::from_micros(now.as_micros() + after_us);
                    self.releases.push_back((at, delivery));
                }
            }
            Event::Acked(_) | Event::Sent(_) | Event::Refused { .. } | Event::Abandoned { .. } => {
                self.blocked = false
            }
            _ => {}
        }
    }

    fn next_action(&self) -> Option<Instant> {
        let at_once = self.asked < self.filters.len()
            || self.held != self.holds
            || (!self.blocked && (self.owed > 0 || self.draft.is_some()));
        if at_once {
            return Some(Instant::ZERO);
        }
        let release = self.releases.front().map(|&(at, _)| at);
        match (self.next_message, release) {
            (Some(message), Some(release)) => Some(message.min(release)),
            (message, release) => message.or(release),
        }
    }

    fn act(&mut self, commands: &mut Commands<'_>) {
        while let Some(filter) = self.filters.get(self.asked) {
            self.asked += 1;
            // Where the memory for subscriptions is too small, the rest is left out.
            let _ = commands.subscribe(filter, QoS::AtLeastOnce);
        }
        if self.held != self.holds {
            self.held = self.holds;
            commands.hold(self.holds);
        }
        self.release(commands);
        while let Some(at) = self.next_message
            && at <= commands.now()
        {
            self.owed += 1;
            self.next_message = self.intervals.next();
        }
        self.publish(commands);
    }

    fn hold(&mut self, _now: Instant, hold: bool) {
        self.holds = hold;
    }

    fn burst(&mut self, _now: Instant, messages: u16) {
        self.owed += u32::from(messages);
    }

    fn wind_down(&mut self, _now: Instant) {
        self.next_message = None;
    }

    fn is_done(&self) -> bool {
        self.owed == 0 && self.draft.is_none() && self.releases.is_empty()
    }
}

/// When messages come into being, whatever happens to them then.
#[derive(Clone, Debug)]
pub(crate) struct Intervals {
    random: Random,
    every_us: u64,
    last_us: u64,
}

impl Intervals {
    /// One message every so many milliseconds, give or take a fifth; 0: none.
    pub(crate) fn new(seed: u64, purpose: Purpose, every_ms: u32) -> Self {
        let every_us = u64::from(every_ms) * 1_000;
        Self { random: Random::new(seed, purpose), every_us, last_us: 0 }
    }
}

impl Iterator for Intervals {
    type Item = Instant;

    fn next(&mut self) -> Option<Instant> {
        if self.every_us == 0 {
            return None;
        }
        let fifth_us = (self.every_us / 5).min(u64::from(u32::MAX / 2)) as u32;
        let jitter_us = u64::from(self.random.below(2 * fifth_us + 1));
        self.last_us += self.every_us - u64::from(fifth_us) + jitter_us;
        Some(Instant::from_micros(self.last_us))
    }
}

/// Makes `payload` the message with this number: eight bytes big-endian, then filler.
pub(crate) fn fill(payload: &mut Vec<u8>, number: u64, size_bytes: usize) {
    payload.clear();
    payload.extend_from_slice(&number.to_be_bytes());
    payload.resize(size_bytes.max(NUMBER_BYTES), number as u8);
}
