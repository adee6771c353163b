//! P7, where the time is asked for: each answer that is told answers a question, once, and the answers agree
//! with one another as far as the time that went by while they travelled lets them.

use fivewire_core::sntp::Stamp;
use fivewire_core::time::Instant;

use super::promise::Promise::P7;
use super::verdict::Verdict;

/// Of the time between two answers a clock may be wrong by this part, 1/1,000; no board's is worse.
const CLOCK_ERROR: i64 = 1_000;

/// So many questions in a row are not all lost, where one in five is.
const UNANSWERED_MAX: u32 = 20;

/// An answer, and when it may have been given.
#[derive(Clone, Copy, Debug)]
struct Answer {
    asked_us: i64,
    told_us: i64,
    stamp: Stamp,
}

/// The questions without an answer, and the first answer.
#[derive(Default, Debug)]
pub(super) struct Questions {
    open: Vec<(u64, Instant)>,
    first: Option<Answer>,
    /// Questions since the last answer, with the network there and nothing wrong.
    unanswered: u32,
    /// The clock of what is told cannot be trusted.
    is_timeless: bool,
}

impl Questions {
    /// Compares no times: in a recording the clock of a new life begins at zero again.
    pub(super) const fn ignore_time(&mut self) {
        self.is_timeless = true;
    }

    /// `is_calm`: the question and its answer may get lost, and nothing else is in their way.
    pub(super) fn asked(&mut self, verdict: &mut Verdict, cookie: u64, is_calm: bool) {
        self.open.push((cookie, verdict.now));
        self.unanswered += u32::from(is_calm && !self.is_timeless);
        verdict.require(P7, self.unanswered <= UNANSWERED_MAX, || {
            format!("the time was asked for {UNANSWERED_MAX} times, and never told")
        });
    }

    #[cold]
    pub(super) fn told(&mut self, verdict: &mut Verdict, cookie: u64, stamp: Stamp) {
        let place = self.open.iter().position(|&(asked, _)| asked == cookie);
        verdict.require(P7, place.is_some(), || {
            format!("the time was told for cookie {cookie}, which waits for no answer")
        });
        let Some(place) = place else { return };
        let (_, asked) = self.open.swap_remove(place);
        self.unanswered = 0;
        if self.is_timeless {
            return;
        }
        let answer = Answer { asked_us: micros(asked), told_us: micros(verdict.now), stamp };
        let Some(first) = self.first else {
            self.first = Some(answer);
            return;
        };
        let between_us = micros_between(first.stamp, stamp);
        let error_us = (answer.told_us - first.asked_us) / CLOCK_ERROR;
        let least_us = answer.asked_us - first.told_us - error_us;
        let most_us = answer.told_us - first.asked_us + error_us;
        verdict.require(P7, (least_us..=most_us).contains(&between_us), || {
            format!(
                "the time of cookie {cookie} is {between_us} us after the first that was told, and \
                 {least_us} to {most_us} us went by"
            )
        });
    }
}

fn micros(at: Instant) -> i64 {
    i64::try_from(at.as_micros()).unwrap_or(i64::MAX)
}

/// From one stamp to the other. The seconds come round every 136 years, and no run lasts 68.
fn micros_between(first: Stamp, second: Stamp) -> i64 {
    let seconds = second.seconds.wrapping_sub(first.seconds).cast_signed();
    let parts = i64::from(second.fraction) - i64::from(first.fraction);
    i64::from(seconds) * 1_000_000 + parts * 1_000_000 / 65_536
}
