//! When to ask for the time, and what time it is.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use super::{Date, Epoch, Stamp, TO_2000_S};
use crate::error::ConfigError;
use crate::time::{Instant, Reason, Wait};

/// When the time is asked for again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resync {
    /// Never, once it is known.
    Once,
    /// So many seconds after the last answer: 16 to 604,800. Servers want no more than one question
    /// in 15 s (RFC 4330 §10).
    Every {
        /// Seconds.
        interval_s: u32,
    },
}

/// What a timekeeper does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// When the time is asked for again. Default once.
    pub resync: Resync,
    /// Milliseconds, 500 to 60,000, default 5,000 (PREDECESSORS.md §2.12). An answer that comes later is
    /// not believed (D-23).
    pub response_timeout_ms: u32,
    /// Milliseconds, 15,000 to 3,600,000, default 60,000 (PREDECESSORS.md §2.12): the pause after a
    /// question without an answer.
    pub retry_ms: u32,
    /// Minutes that the local time is ahead of UTC, -840 to 840, default 0.
    pub offset_min: i16,
}

impl Default for Config {
    fn default() -> Self {
        Self { resync: Resync::Once, response_timeout_ms: 5_000, retry_ms: 60_000, offset_min: 0 }
    }
}

impl Config {
    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is wrong, its value, and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let interval_s = match self.resync {
            Resync::Once => 16,
            Resync::Every { interval_s } => interval_s,
        };
        let offset_min = u32::from(self.offset_min.unsigned_abs());
        for (field, value, min, max) in [
            ("resync.interval_s", interval_s, 16, 604_800),
            ("response_timeout_ms", self.response_timeout_ms, 500, 60_000),
            ("retry_ms", self.retry_ms, 15_000, 3_600_000),
            ("offset_min (east or west)", offset_min, 0, 840),
        ] {
            if !(min..=max).contains(&value) {
                return Err(ConfigError::OutOfRange { field, value, min, max });
            }
        }
        Ok(())
    }
}

/// What the world tells a timekeeper.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Input {
    /// The instant that `Wait::Until` named has come, or any other: early is harmless.
    Timeout,
    /// The network is there: what has no answer yet is asked once more, at once, because what was
    /// asked before went nowhere.
    Ready,
    /// A server answered the question with this cookie.
    Answer {
        /// The question's.
        cookie: u64,
        /// What it said.
        stamp: Stamp,
    },
}

/// What a timekeeper wants next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output {
    /// Ask a server, with this cookie.
    Ask {
        /// The question's name.
        cookie: u64,
    },
    /// The time is known, or known better: set the board's own clock, if it has one.
    Synchronised {
        /// It may be wrong by so many milliseconds: half of the time that question and answer took.
        error_ms: u32,
    },
    /// Everything is said: wait.
    Wait(Wait),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Idle,
    Due,
    Asked {
        cookie: u64,
        at: Instant,
    },
    /// The last question had no answer.
    Retrying {
        at: Instant,
    },
    /// It had one.
    Resting {
        at: Option<Instant>,
    },
}

/// Knows the time once a server has told it.
#[derive(Debug)]
pub struct Timekeeper {
    now: Instant,
    config: Config,
    rng: ChaCha8Rng,
    stage: Stage,
    /// An instant, and microseconds since 1970 at it.
    known: Option<(Instant, u64)>,
    untold_error_ms: Option<u32>,
}

impl Timekeeper {
    /// A timekeeper that draws its cookies from `seed`, which should differ from power-up to
    /// power-up.
    ///
    /// # Errors
    /// A field of the configuration is out of range.
    pub fn new(config: &Config, seed: u64) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            now: Instant::ZERO,
            config: *config,
            rng: ChaCha8Rng::seed_from_u64(seed),
            stage: Stage::Idle,
            known: None,
            untold_error_ms: None,
        })
    }

    /// Asks now; then as configured.
    pub fn start(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.stage = Stage::Due;
    }

    /// The world speaks. Never fails.
    pub fn handle(&mut self, now: Instant, input: Input) {
        self.now = self.now.max(now);
        match (input, self.stage) {
            (Input::Ready, Stage::Asked { .. } | Stage::Retrying { .. }) => self.stage = Stage::Due,
            (Input::Answer { cookie, stamp }, Stage::Asked { cookie: asked, at })
                if cookie == asked && self.now <= at.plus_ms(self.config.response_timeout_ms) =>
            {
                self.believe(stamp, at);
            }
            _ => {}
        }
    }

    /// The server's time is that of half-way between question and answer.
    fn believe(&mut self, stamp: Stamp, asked_at: Instant) {
        let half_us = self.now.micros_since(asked_at) / 2;
        self.known = Some((self.now, stamp.unix_us() + half_us));
        self.untold_error_ms = Some(u32::try_from(half_us / 1_000).unwrap_or(u32::MAX));
        self.stage = Stage::Resting {
            at: match self.config.resync {
                Resync::Once => None,
                Resync::Every { interval_s } => Some(self.now.plus_ms(interval_s * 1_000)),
            },
        };
    }

    /// What it wants. Call it after every other call, until it yields [`Output::Wait`].
    pub fn poll(&mut self) -> Output {
        if let Some(error_ms) = self.untold_error_ms.take() {
            return Output::Synchronised { error_ms };
        }
        let Config { response_timeout_ms, retry_ms, .. } = self.config;
        if let Stage::Asked { at, .. } = self.stage
            && at.plus_ms(response_timeout_ms) <= self.now
        {
            self.stage = Stage::Retrying { at: self.now.plus_ms(retry_ms) };
        }
        let due = match self.stage {
            Stage::Due => true,
            Stage::Retrying { at } | Stage::Resting { at: Some(at) } => at <= self.now,
            _ => false,
        };
        if due {
            let cookie = self.rng.next_u64();
            self.stage = Stage::Asked { cookie, at: self.now };
            return Output::Ask { cookie };
        }
        Output::Wait(match self.stage {
            Stage::Asked { at, .. } => {
                Wait::Until(at.plus_ms(response_timeout_ms), Reason::TimeOverdue)
            }
            Stage::Retrying { at } | Stage::Resting { at: Some(at) } => {
                Wait::Until(at, Reason::TimeDue)
            }
            _ => Wait::ForInput,
        })
    }

    /// A server has told the time.
    #[must_use]
    pub const fn is_synchronised(&self) -> bool {
        self.known.is_some()
    }

    /// Microseconds since 1970, UTC; `None` before a server has told it. Between answers the
    /// board's own clock is trusted.
    #[must_use]
    pub fn unix_us(&self, now: Instant) -> Option<u64> {
        self.known.map(|(at, unix_us)| unix_us + now.micros_since(at))
    }

    /// Seconds since the beginning of an epoch, UTC.
    #[must_use]
    pub fn seconds(&self, now: Instant, epoch: Epoch) -> Option<u64> {
        let unix_s = self.unix_us(now)? / 1_000_000;
        Some(match epoch {
            Epoch::Y1970 => unix_s,
            Epoch::Y2000 => unix_s.saturating_sub(TO_2000_S),
        })
    }

    /// The local date and time of day, with the offset: it may be the day before or after (D-35d).
    #[must_use]
    pub fn local_date(&self, now: Instant) -> Option<Date> {
        let unix_s = self.seconds(now, Epoch::Y1970)?;
        let offset_s = i64::from(self.config.offset_min) * 60;
        Some(Date::from_unix_s(unix_s.saturating_add_signed(offset_s)))
    }
}
