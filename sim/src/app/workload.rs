//! The default application: it publishes as the schedule says and never loses a message of its own.

use std::collections::VecDeque;

use fivewire_core::client::Publication;
use fivewire_core::error::PublishError;
use fivewire_core::event::{Delivery, Event};
use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::{RetainHandling, SubscriptionOptions};
use fivewire_core::time::Instant;

use super::habits::Routine;
use super::messages::{Draft, Messages, fill};
use super::plan::sooner;
use super::{Application, Commands};
use crate::random::{Purpose, Random};
use crate::schedule::Schedule;

/// The identifiers of subscriptions, in turn: of each size on the wire.
const IDENTIFIERS: [Option<u32>; 6] =
    [Some(1), Some(127), Some(128), Some(16_384), None, Some(268_435_455)];

/// The options of the subscription with this number. None of them changes which messages the application gets,
/// because its own do not match and none is retained.
fn options(number: usize) -> SubscriptionOptions {
    let handling = [RetainHandling::Send, RetainHandling::SendIfNew, RetainHandling::DoNotSend];
    SubscriptionOptions {
        no_local: number.is_multiple_of(2),
        retain_as_published: number.is_multiple_of(3),
        retain_handling: handling[number % handling.len()],
        ..SubscriptionOptions::new(QoS::AtLeastOnce)
    }
}

/// Publishes numbered messages at intervals, subscribes to the filters of the schedule, and
/// releases what it gets. A message that the device had no room for is kept and tried again.
#[derive(Clone, Debug)]
pub struct Workload {
    messages: Messages,
    routine: Routine,
    filters: Vec<String>,
    /// How many of them were asked for since the board started.
    asked: usize,
    /// They are asked for with identifiers and options.
    has_identifiers: bool,
    release_after_us: Option<u64>,
    /// The outbox was full, and nothing has left it since.
    blocked: bool,
    holds: bool,
    /// What the device was told of it.
    held: bool,
    releases: VecDeque<(Instant, Delivery)>,
    payload: Vec<u8>,
}

impl Workload {
    /// The application that `schedule` describes.
    #[must_use]
    pub fn new(schedule: &Schedule) -> Self {
        Self {
            messages: Messages::new(schedule),
            routine: Routine::new(schedule),
            filters: schedule
                .setup
                .filters
                .iter()
                .chain(&schedule.setup.refused_filter)
                .cloned()
                .collect(),
            asked: 0,
            has_identifiers: schedule
                .setup
                .mqtt5
                .as_ref()
                .is_some_and(|mqtt5| mqtt5.wishes.has_identifiers),
            release_after_us: schedule.setup.release_after_ms.map(|ms| u64::from(ms) * 1_000),
            blocked: false,
            holds: false,
            held: false,
            releases: VecDeque::new(),
            payload: Vec::new(),
        }
    }

    fn publish(&mut self, commands: &mut Commands<'_>) {
        while !self.blocked
            && let Some(Draft { number, size_bytes, qos, tag }) = self.messages.draft()
        {
            fill(&mut self.payload, number, size_bytes);
            let topic = self.messages.topic(number);
            let fate = self.routine.fate(commands.now());
            let publication = Publication {
                retain: fate.retain,
                deadline: fate.deadline,
                ..Publication::new(topic, &self.payload, qos)
            };
            let result = tag.with(number, |properties| {
                commands.publish(&Publication { properties, ..publication })
            });
            match result {
                Ok(ticket) => {
                    self.routine.published(ticket, fate);
                    self.messages.published();
                }
                Err(PublishError::OutboxFull) => self.blocked = true,
                Err(_) => self.messages.published(),
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
        self.routine.started();
    }

    fn told(&mut self, now: Instant, event: &Event<'_>) {
        self.routine.told(event);
        match event {
            Event::Message(message) => {
                if let (Some(delivery), Some(after_us)) = (message.delivery, self.release_after_us)
                {
                    let at = Instant::from_micros(now.as_micros() + after_us);
                    self.releases.push_back((at, delivery));
                }
            }
            Event::Acked(_)
            | Event::Sent(_)
            | Event::Refused { .. }
            | Event::Abandoned { .. }
            | Event::OutboxHasRoom => self.blocked = false,
            _ => {}
        }
    }

    fn next_action(&self) -> Option<Instant> {
        let is_staying = !self.routine.is_leaving();
        let at_once = self.asked < self.filters.len()
            || self.held != self.holds
            || (!self.blocked && self.messages.is_any_waiting());
        if at_once && is_staying {
            return Some(Instant::ZERO);
        }
        let release = self.releases.front().map(|&(at, _)| at);
        let message = self.messages.next().filter(|_| is_staying);
        sooner(sooner(message, release), self.routine.next())
    }

    fn act(&mut self, commands: &mut Commands<'_>) {
        if self.routine.is_leaving() {
            return self.release(commands);
        }
        while let Some(filter) = self.filters.get(self.asked) {
            self.asked += 1;
            // Where the memory for subscriptions is too small, the rest is left out.
            let _ = match self.has_identifiers {
                false => commands.subscribe(filter, QoS::AtLeastOnce),
                true => {
                    let identifier = IDENTIFIERS[self.asked % IDENTIFIERS.len()];
                    commands.subscribe_with(filter, options(self.asked), identifier)
                }
            };
        }
        if self.held != self.holds {
            self.held = self.holds;
            commands.hold(self.holds);
        }
        self.release(commands);
        self.routine.act(commands);
        self.messages.pass_to(commands.now());
        if !self.routine.is_leaving() {
            self.publish(commands);
        }
    }

    fn hold(&mut self, _now: Instant, hold: bool) {
        self.holds = hold;
    }

    fn burst(&mut self, _now: Instant, messages: u16) {
        self.messages.burst(messages);
    }

    fn wind_down(&mut self, now: Instant) {
        self.messages.wind_down();
        self.routine.wind_down(now);
    }

    fn is_done(&self) -> bool {
        !self.messages.is_any_waiting() && self.releases.is_empty()
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
