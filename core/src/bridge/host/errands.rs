//! What the application asks of the ESP8266 besides of messages: time, memory, which network.

use super::Host;
use crate::bridge::NetworkAnswer;
use crate::bridge::frame::ToEsp;
use crate::checkpoint::{Checkpoint, Pass};
use crate::storage::Storage;
use crate::time::Instant;

/// What is to be asked or said, each at most once: a newer one takes its place.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Errands {
    /// There is one.
    pub(super) due: bool,
    time: Option<u64>,
    memory: bool,
    network: Option<NetworkAnswer>,
    /// The application allowed the given network, for this life of the host.
    pub(super) given_is_allowed: bool,
}

impl Checkpoint for Errands {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self { due, time, memory, network, given_is_allowed } = self;
        pass.field(due)?;
        pass.field(time)?;
        pass.field(memory)?;
        pass.field(network)?;
        pass.field(given_is_allowed)
    }
}

impl<S: Storage> Host<S> {
    /// Has the ESP8266 ask [`time_server`](super::Settings::time_server), as soon as it listens.
    /// The answer, if one comes, is [`Event::TimeTold`](crate::event::Event::TimeTold) with the
    /// same cookie; a [`Timekeeper`](crate::sntp::Timekeeper) knows when to ask and what to
    /// believe. Nothing else waits for it.
    pub fn ask_time(&mut self, now: Instant, cookie: u64) {
        self.advance_clock(now);
        self.errands.time = Some(cookie);
        self.errands.due = true;
    }

    /// Asks how much memory the ESP8266 has: [`Event::EspMemory`](crate::event::Event::EspMemory).
    pub fn ask_memory(&mut self, now: Instant) {
        self.advance_clock(now);
        self.errands.memory = true;
        self.errands.due = true;
    }

    /// Answers [`Event::NetworkAsked`](crate::event::Event::NetworkAsked).
    pub fn answer_network(&mut self, now: Instant, answer: NetworkAnswer) {
        self.advance_clock(now);
        self.errands.given_is_allowed |= answer == NetworkAnswer::UseGiven;
        self.errands.network = Some(answer);
        self.errands.due = true;
    }

    #[cold]
    pub(super) fn fill_errand(&mut self) {
        let frame = if let Some(answer) = self.errands.network.take() {
            ToEsp::Network(answer)
        } else if let Some(cookie) = self.errands.time.take() {
            ToEsp::AskTime { cookie }
        } else if core::mem::take(&mut self.errands.memory) {
            ToEsp::AskMemory
        } else {
            self.errands.due = false;
            return;
        };
        self.put(&frame);
    }
}
