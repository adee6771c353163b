//! What the ESP8266's end does for the host besides of messages: networks, time, memory.

use super::{Esp, Step};
use crate::bridge::NetworkAnswer;
use crate::bridge::frame::{Services, Status, ToHost};
use crate::bridge::network::Choice;
use crate::checkpoint::{Checkpoint, Pass};
use crate::sntp;
use crate::storage::Storage;

/// What is to be done, and what is known for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Errands {
    /// There is something to do.
    pub(super) due: bool,
    asks_time: bool,
    asks_memory: bool,
    cookie: u64,
    choice: Choice,
    tells_attempts: bool,
}

impl Errands {
    pub(super) const fn new() -> Self {
        Self {
            due: false,
            asks_time: false,
            asks_memory: false,
            cookie: 0,
            choice: Choice::new(),
            tells_attempts: false,
        }
    }

    pub(super) const fn configure(&mut self, tries_stored: bool, services: &Services<'_>) {
        self.tells_attempts = services.tells_attempts;
        self.choice = Choice::configured(tries_stored, !services.asks_network);
    }

    /// The host starts over: it has not heard what it was asked.
    pub(super) const fn resume(&mut self) {
        self.choice.forget_question();
    }

    pub(super) const fn joined(&mut self) {
        self.choice.joined();
    }

    pub(super) const fn ask_time(&mut self, cookie: u64) {
        (self.due, self.asks_time, self.cookie) = (true, true, cookie);
    }

    pub(super) const fn ask_memory(&mut self) {
        (self.due, self.asks_memory) = (true, true);
    }
}

impl Checkpoint for Errands {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self { due, asks_time, asks_memory, cookie, choice, tells_attempts } = self;
        for flag in [due, asks_time, asks_memory] {
            pass.field(flag)?;
        }
        pass.field(cookie)?;
        choice.walk(pass)?;
        pass.field(tells_attempts)
    }
}

impl<S: Storage> Esp<S> {
    #[cold]
    pub(super) fn next_errand(&mut self) -> Option<Step> {
        let errands = &mut self.errands;
        if core::mem::take(&mut errands.asks_time) {
            return Some(Step::AskTime { cookie: errands.cookie });
        }
        if core::mem::take(&mut errands.asks_memory) {
            return Some(Step::ReportMemory);
        }
        errands.due = false;
        None
    }

    /// The client wants a network: which one. `None` where none may be joined; the attempt then
    /// ends in vain.
    #[cold]
    pub(super) fn join(&mut self) -> Option<Step> {
        let attempt = self.errands.choice.attempt(self.now);
        if attempt.ask {
            self.tell(Status::NetworkAsked);
        }
        let lan = attempt.join?;
        if self.errands.tells_attempts {
            self.tell(Status::Joins(lan));
        }
        Some(Step::Join(lan))
    }

    #[cold]
    pub(super) fn note_opening(&mut self) {
        if self.errands.tells_attempts {
            self.tell(Status::Opens);
        }
    }

    fn tell(&mut self, status: Status) {
        if self.configured {
            self.push(&ToHost::Status(status));
        }
    }

    pub(super) const fn take_network_answer(&mut self, answer: NetworkAnswer) {
        self.errands.choice.answer(self.now, answer);
    }

    /// Only the answer to the last question is passed on, and only where it may be believed.
    #[cold]
    pub(super) fn take_datagram(&mut self, datagram: &[u8]) {
        let cookie = self.errands.cookie;
        if let (true, Ok(stamp)) = (self.configured, sntp::answer(datagram, cookie)) {
            self.push(&ToHost::Time { cookie, stamp });
        }
    }

    #[cold]
    pub(super) fn take_memory(&mut self, free_bytes: u32, used_bytes: u32) {
        if self.configured {
            self.push(&ToHost::Memory { free_bytes, used_bytes });
        }
    }
}
