//! P8: the ESP8266 is reset exactly when its command layer has been silent for the timeout, in time
//! that the host's own clock counts and in which the host polled.

use fivewire_core::event::ResetCause;
use fivewire_core::time::Instant;

use crate::fault::FaultKind;

use super::promise::Promise::P8;
use super::verdict::Verdict;
use super::weather::Trouble;

/// The watchdog's timeout and that of the start-up, by the host's clock.
const TIMEOUT_US: i64 = 10_000_000;
/// How late the host may notice, in time that it polls.
const LATE_MAX_US: u64 = 200_000;
/// Rounding of clocks: one part in so many.
const TOLERANCE: u64 = 1_000;
/// A host knows that it was busy only by coming late to a look it had planned. So it may be wrong
/// about each busy time by the longest it waits between two looks.
const UNNOTICED_MAX_US: u64 = 3_250_000;

/// A time of silence.
#[derive(Clone, Copy, Debug)]
struct Silence {
    /// When it began, later by all the time since then in which the host did not poll.
    since: Instant,
    /// How much of that time the host may take for polled.
    early_max_us: u64,
    /// How much polled time before it the host may take for busy.
    late_max_us: u64,
}

impl Silence {
    const fn new(since: Instant) -> Self {
        Self { since, early_max_us: 0, late_max_us: 0 }
    }

    /// The host was busy from `from` to `now`.
    fn skip(&mut self, from: Instant, now: Instant) {
        // what came while it was busy is seen only now
        let polled_us = from.micros_since(self.since);
        self.since = Instant::from_micros(now.as_micros() - polled_us);
        self.early_max_us += now.micros_since(from).min(UNNOTICED_MAX_US);
        self.late_max_us += polled_us.min(UNNOTICED_MAX_US);
    }
}

/// The state of this judgement.
#[derive(Debug)]
pub(super) struct Watchdog {
    /// The timeout in true time.
    timeout_us: u64,
    /// Since the last sign of life, or the last reset.
    silence: Option<Silence>,
    /// Since the last reset.
    start_up: Option<Silence>,
    busy_since: Option<Instant>,
    busy_depth: u32,
    /// Something has happened since the ESP8266 last reported ready that may silence it.
    is_suspect: bool,
    /// It has fallen silent for good: word that it is ready left before.
    is_silenced: bool,
}

impl Watchdog {
    pub(super) const fn new(host_drift_ppm: i32) -> Self {
        let timeout_us = TIMEOUT_US * 1_000_000 / (1_000_000 + host_drift_ppm as i64);
        Self {
            timeout_us: timeout_us.unsigned_abs(),
            silence: None,
            start_up: None,
            busy_since: None,
            busy_depth: 0,
            is_suspect: false,
            is_silenced: false,
        }
    }

    /// A frame reached the host.
    pub(super) const fn heard(&mut self, now: Instant) {
        self.silence = Some(Silence::new(now));
    }

    /// The ESP8266 reported that it is ready.
    pub(super) const fn ready(&mut self, are_boards_spared: bool) {
        self.is_suspect = !are_boards_spared || self.is_silenced;
    }

    /// Nothing has happened that may keep the ESP8266 from telling the host what it knows.
    pub(super) const fn trusts_esp(&self) -> bool {
        !self.is_suspect
    }

    /// The ESP8266 lost its memory without being reset.
    pub(super) const fn esp_down(&mut self) {
        self.is_suspect = true;
    }

    /// It starts.
    pub(super) const fn esp_up(&mut self) {
        self.is_silenced = false;
    }

    /// It says nothing any more before it starts again.
    pub(super) const fn is_silenced(&self) -> bool {
        self.is_silenced
    }

    /// A fault hurt somebody.
    pub(super) const fn bitten(&mut self, kind: FaultKind) {
        self.is_silenced |= matches!(kind, FaultKind::EspHang | FaultKind::EspCommandTaskDies);
    }

    /// The host lost its memory, or was told to stop: nobody watches.
    pub(super) const fn off(&mut self) {
        self.silence = None;
        self.start_up = None;
    }

    /// A fault began, bit or ended.
    pub(super) fn disturbed(&mut self, kind: FaultKind) {
        if Trouble::of(kind) == Trouble::Board && kind != FaultKind::HostReset {
            self.is_suspect = true;
        }
    }

    /// The host does not poll from now on.
    pub(super) fn busy(&mut self, now: Instant) {
        self.busy_depth += 1;
        self.busy_since.get_or_insert(now);
    }

    /// The host polls again: the time in between does not count.
    pub(super) fn polls_again(&mut self, now: Instant) {
        self.busy_depth = self.busy_depth.saturating_sub(1);
        if self.busy_depth > 0 {
            return;
        }
        let Some(from) = self.busy_since.take() else { return };
        for silence in [&mut self.silence, &mut self.start_up].into_iter().flatten() {
            silence.skip(from, now);
        }
    }

    /// All faults are over, those that kept the host busy too.
    pub(super) fn healed(&mut self, now: Instant) {
        self.busy_depth = self.busy_depth.min(1);
        self.polls_again(now);
    }

    /// The host pulled the reset line.
    pub(super) fn reset(&mut self, verdict: &mut Verdict, now: Instant, cause: ResetCause) {
        let silence = match cause {
            ResetCause::Watchdog => self.silence,
            ResetCause::StartUpOverdue => self.start_up,
            _ => None,
        };
        if let Some(silence) = silence {
            let silent_us = now.micros_since(silence.since);
            let shortest_us = self.timeout_us - self.timeout_us / TOLERANCE;
            verdict.require(P8, silent_us + silence.early_max_us >= shortest_us, || {
                format!("reset ({cause:?}) after {} ms of polled silence", silent_us / 1_000)
            });
        }
        if cause != ResetCause::PowerUp {
            verdict.require(P8, self.is_suspect, || {
                format!("reset ({cause:?}) although nothing was wrong with ESP8266 and wires")
            });
        }
        self.silence = Some(Silence::new(now));
        self.start_up = self.silence;
    }

    /// Time went on.
    #[inline]
    pub(super) fn waited(&mut self, verdict: &mut Verdict, now: Instant) {
        let Some(silence) = self.silence else { return };
        let silent_us = now.micros_since(silence.since);
        if silent_us <= self.timeout_us {
            return;
        }
        let longest_us = self.timeout_us + self.timeout_us / TOLERANCE + LATE_MAX_US;
        if silent_us > longest_us + silence.late_max_us && self.busy_depth == 0 {
            verdict.require(P8, false, || {
                format!("no reset after {} ms of polled silence", silent_us / 1_000)
            });
        }
    }
}
