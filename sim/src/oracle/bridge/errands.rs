//! What the host has its ESP8266 do besides messages: what the application asked for is asked for at the
//! ESP8266, as it was said, and soon where nothing is wrong.

use fivewire_core::bridge::NetworkAnswer;
use fivewire_core::time::Instant;

use super::super::facts::Facts;
use super::super::promise::Promise::P7;
use super::super::verdict::Verdict;
use super::super::weather::CALM_MS;
use super::frames::{Answer, ToEsp};

/// So soon an errand reaches the ESP8266 where nothing is wrong, in milliseconds.
pub(super) const SOON_MS: u32 = 5_000;

/// What the application asked for and the ESP8266 has not heard of. A newer errand of a kind takes the place
/// of an older one, unless that is on its way.
#[derive(Default, Debug)]
pub(super) struct Errands {
    /// When it last asked for something that has not come since.
    time: Option<Instant>,
    memory: Option<Instant>,
    answer: Option<Instant>,
    /// Frames for so many questions may come, and when the last of these was asked.
    memory_asks: u32,
    memory_asked_at: Instant,
    /// What it answered, the oldest first.
    answers: Vec<Answer>,
    /// The link came or went: what was asked for before may have been lost with it.
    excused_at: Instant,
}

impl Errands {
    pub(super) const fn time_asked(&mut self, now: Instant) {
        self.time = Some(now);
    }

    pub(super) const fn memory_asked(&mut self, now: Instant) {
        self.memory = Some(now);
        self.memory_asked_at = now;
        self.memory_asks += 1;
    }

    pub(super) fn answered(&mut self, now: Instant, answer: NetworkAnswer) {
        let answer = match answer {
            NetworkAnswer::UseGiven => Answer::UseGiven,
            NetworkAnswer::AskAgain { after_ms } => Answer::AskAgain { after_ms },
        };
        self.answer = Some(now);
        self.answers.push(answer);
    }

    pub(super) const fn link_changed(&mut self, now: Instant) {
        self.excused_at = now;
    }

    /// A frame of the host reached the ESP8266.
    pub(super) fn reached(&mut self, facts: &Facts, verdict: &mut Verdict, frame: &ToEsp<'_>) {
        match *frame {
            // whether the cookie is right is judged elsewhere
            ToEsp::AskTime { .. } => self.time = None,
            ToEsp::AskMemory => {
                self.forget_old_asks(facts);
                verdict.require(P7, self.memory_asks > 0, || {
                    "the ESP8266 was asked for its memory, and nobody wants to know".into()
                });
                self.memory_asks = self.memory_asks.saturating_sub(1);
                self.memory = None;
            }
            ToEsp::Network(answer) => {
                let place = self.answers.iter().position(|said| *said == answer);
                verdict.require(P7, place.is_some(), || {
                    let said = &self.answers;
                    format!("the ESP8266 is told {answer:?}, and the application said {said:?}")
                });
                if self.answers.last() == Some(&answer) {
                    self.answer = None;
                }
                self.answers.drain(..place.map_or(0, |place| place + 1));
            }
            _ => {}
        }
    }

    /// One frame was for several questions if no other is under way by now.
    fn forget_old_asks(&mut self, facts: &Facts) {
        let is_over = facts.now > self.memory_asked_at.plus_ms(SOON_MS);
        if is_over && self.memory.is_none() && is_calm(facts) && !facts.setup.has_wires() {
            self.memory_asks = 0;
        }
    }

    /// What was asked for before this may have been lost with the link.
    pub(super) const fn excused_at(&self) -> Instant {
        self.excused_at
    }

    /// The link carries frames: what the application wants of the ESP8266 is among them. Asked where
    /// [nothing is wrong](is_calm).
    pub(super) fn nothing_is_late(&self, facts: &Facts, verdict: &mut Verdict) {
        let is_late = |at: Instant| at > self.excused_at && facts.now > at.plus_ms(SOON_MS);
        let any_is_late = [self.time, self.memory, self.answer].into_iter().flatten().any(is_late);
        verdict.require(P7, !any_is_late, || {
            format!("the ESP8266 does not hear what the application wants of it: {self:?}")
        });
    }
}

/// Nothing is wrong, and the host goes on: nothing is kept waiting.
pub(super) fn is_calm(facts: &Facts) -> bool {
    !facts.is_shutting_down && facts.weather.was_calm(facts.now, CALM_MS)
}
