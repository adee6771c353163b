//! The messages of the default application: when each comes into being and what it is, whoever
//! carries it. The same schedule has the same messages in every engine.

use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;

use super::Intervals;
use super::properties::{Tag, Tags};
use crate::random::{Purpose, Random};
use crate::schedule::Schedule;

/// Every payload begins with the number of the message.
pub(crate) const NUMBER_BYTES: usize = 8;

/// A message that is to be published.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Draft {
    /// Counted from 1.
    pub(crate) number: u64,
    pub(crate) size_bytes: usize,
    pub(crate) qos: QoS,
    /// What travels with it.
    pub(crate) tag: Tag,
}

/// Messages to come, messages that exist, and the one whose turn it is.
#[derive(Clone, Debug)]
pub(crate) struct Messages {
    /// Apart from the content, so that what happens cannot shift when messages come into being.
    intervals: Intervals,
    content: Random,
    tags: Tags,
    topics: Vec<String>,
    qos0_percent: u32,
    payload_min_bytes: u32,
    payload_max_bytes: u32,
    /// When the next message comes into being.
    next: Option<Instant>,
    /// Messages that exist and have no draft yet.
    owed: u32,
    draft: Option<Draft>,
    drafted: u64,
}

impl Messages {
    pub(crate) fn new(schedule: &Schedule) -> Self {
        let workload = &schedule.workload;
        let mut intervals =
            Intervals::new(schedule.seed, Purpose::Outbound, workload.publish_every_ms);
        Self {
            next: intervals.next(),
            intervals,
            content: Random::new(schedule.seed, Purpose::OutboundContent),
            tags: Tags::new(schedule, Purpose::Mqtt5Outbound),
            topics: (0..workload.topics.max(1)).map(|topic| format!("up/{topic}")).collect(),
            qos0_percent: u32::from(workload.qos0_percent),
            payload_min_bytes: u32::from(workload.payload_min_bytes).max(NUMBER_BYTES as u32),
            payload_max_bytes: u32::from(workload.payload_max_bytes),
            owed: 0,
            draft: None,
            drafted: 0,
        }
    }

    /// When the next message comes into being.
    pub(crate) const fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Messages come into being up to `now`.
    pub(crate) fn pass_to(&mut self, now: Instant) {
        while let Some(at) = self.next
            && at <= now
        {
            self.owed += 1;
            self.next = self.intervals.next();
        }
    }

    /// So many come into being at once.
    pub(crate) const fn burst(&mut self, messages: u16) {
        self.owed += messages as u32;
    }

    /// No message comes into being any more.
    pub(crate) const fn wind_down(&mut self) {
        self.next = None;
    }

    /// Whether a message waits to be published.
    pub(crate) const fn is_any_waiting(&self) -> bool {
        self.owed > 0 || self.draft.is_some()
    }

    /// The message whose turn it is, until it is [published](Self::published).
    pub(crate) fn draft(&mut self) -> Option<Draft> {
        if self.draft.is_none() && self.owed > 0 {
            self.owed -= 1;
            self.drafted += 1;
            let size = self.content.between(self.payload_min_bytes, self.payload_max_bytes);
            let qos0 = self.content.chance(self.qos0_percent, 100);
            self.draft = Some(Draft {
                number: self.drafted,
                size_bytes: size as usize,
                qos: if qos0 { QoS::AtMostOnce } else { QoS::AtLeastOnce },
                tag: self.tags.draw(),
            });
        }
        self.draft
    }

    /// The draft is published, or given up.
    pub(crate) const fn published(&mut self) {
        self.draft = None;
    }

    /// Where the message with this number goes.
    pub(crate) fn topic(&self, number: u64) -> &str {
        &self.topics[(number % self.topics.len() as u64) as usize]
    }
}

/// The number that a message of the workload begins with.
pub(crate) fn number(payload: &[u8]) -> Option<u64> {
    payload.first_chunk().map(|first| u64::from_be_bytes(*first))
}

/// Makes `payload` the message with this number: eight bytes big-endian, then filler.
pub(crate) fn fill(payload: &mut Vec<u8>, number: u64, size_bytes: usize) {
    payload.clear();
    payload.extend_from_slice(&number.to_be_bytes());
    payload.resize(size_bytes.max(NUMBER_BYTES), number as u8);
}
