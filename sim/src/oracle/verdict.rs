//! Where judgements are counted and the first breach is kept.

use fivewire_core::time::Instant;

use super::promise::Promise;

/// A promise that was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Breach {
    /// Which one.
    pub promise: Promise,
    /// When it was seen, in the world's time.
    pub at: Instant,
    /// What was seen and what was expected instead.
    pub detail: String,
}

impl std::fmt::Display for Breach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let millis = self.at.as_millis();
        let (seconds, millis) = (millis / 1_000, millis % 1_000);
        write!(f, "{} broken at {seconds}.{millis:03} s: {}", self.promise.id(), self.detail)
    }
}

/// What all judges write into.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) now: Instant,
    pub(super) breach: Option<Breach>,
    pub(super) checked: [u64; Promise::COUNT],
}

impl Verdict {
    pub(super) const fn new() -> Self {
        Self { now: Instant::ZERO, breach: None, checked: [0; Promise::COUNT] }
    }

    /// One judgement. `detail` is called only if the promise does not hold, and it is the first.
    #[inline]
    pub(super) fn require(
        &mut self,
        promise: Promise,
        holds: bool,
        detail: impl FnOnce() -> String,
    ) {
        self.checked[promise.index()] += 1;
        if !holds {
            self.break_promise(promise, detail);
        }
    }

    #[cold]
    fn break_promise(&mut self, promise: Promise, detail: impl FnOnce() -> String) {
        if self.breach.is_none() {
            self.breach = Some(Breach { promise, at: self.now, detail: detail() });
        }
    }
}
