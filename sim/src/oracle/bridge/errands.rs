//! What the host has its ESP8266 do besides messages: what the application asked for is asked for at the
//! ESP8266, as it was said, and soon where nothing is wrong.

use fivewire_core::bridge::NetworkAnswer;
use fivewire_core::time::Instant;

use super::super::facts::Facts;
use super::super::promise::Promise::P7;
use super::super::verdict::Verdict;
use super::frames::{Answer, ToEsp};

/// Where nothing was wrong for so long, in milliseconds, an errand is not kept waiting.
const CALM_MS: u32 = 20_000;
/// So soon it reaches the ESP8266 then, in milliseconds.
pub(super) const SOON_MS: u32 = 5_000;

/// What the application asked for and the ESP8266 has not heard of. A newer errand of a kind takes the place
/// of an older one.
#[derive(Default, Debug)]
pub(super) struct Errands {
    time: Option<Instant>,
    memory: Option<Instant>,
    answer: Option<(Instant, Answer)>,
    /// The link came or went: what was asked for before may have been lost with it.
    excused_at: Instant,
}

impl Errands {
    pub(super) const fn time_asked(&mut self, now: Instant) {
        self.time = Some(now);
    }

    pub(super) const fn memory_asked(&mut self, now: Instant) {
        self.memory = Some(now);
    }

    pub(super) const fn answered(&mut self, now: Instant, answer: NetworkAnswer) {
        let answer = match answer {
            NetworkAnswer::UseGiven => Answer::UseGiven,
            NetworkAnswer::AskAgain { after_ms } => Answer::AskAgain { after_ms },
        };
        self.answer = Some((now, answer));
    }

    pub(super) const fn link_changed(&mut self, now: Instant) {
        self.excused_at = now;
    }

    /// A frame of the host reached the ESP8266.
    pub(super) fn reached(&mut self, verdict: &mut Verdict, frame: &ToEsp<'_>) {
        match *frame {
            // whether the cookie is right is judged elsewhere
            ToEsp::AskTime { .. } => self.time = None,
            ToEsp::AskMemory => {
                verdict.require(P7, self.memory.is_some(), || {
                    "the ESP8266 was asked for its memory, and nobody wants to know".into()
                });
                self.memory = None;
            }
            ToEsp::Network(answer) => {
                let said = self.answer.take().map(|(_, said)| said);
                verdict.require(P7, said == Some(answer), || {
                    format!("the ESP8266 is told {answer:?}, and the application said {said:?}")
                });
            }
            _ => {}
        }
    }

    /// What was asked for before this may have been lost with the link.
    pub(super) const fn excused_at(&self) -> Instant {
        self.excused_at
    }

    /// The link carries frames: what the application wants of the ESP8266 is among them. Asked where
    /// [nothing is wrong](is_calm).
    pub(super) fn nothing_is_late(&self, facts: &Facts, verdict: &mut Verdict) {
        let answered_at = self.answer.map(|(at, _)| at);
        let is_late = |at: Instant| at > self.excused_at && facts.now > at.plus_ms(SOON_MS);
        let any_is_late = [self.time, self.memory, answered_at].into_iter().flatten().any(is_late);
        verdict.require(P7, !any_is_late, || {
            format!("the ESP8266 does not hear what the application wants of it: {self:?}")
        });
    }
}

/// Nothing is wrong, and the host goes on: nothing is kept waiting.
pub(super) fn is_calm(facts: &Facts) -> bool {
    let calm_since = facts.weather.calm_since();
    !facts.is_shutting_down && calm_since.is_some_and(|at| facts.now >= at.plus_ms(CALM_MS))
}
