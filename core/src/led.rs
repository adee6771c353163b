//! What LEDs show, as machines: who owns the pin sets it, and calls again at the instant named.

use crate::time::Instant;

/// Milliseconds between two changes of the predecessors' heartbeat LED (PREDECESSORS.md §2.10).
pub const HEARTBEAT_MS: u32 = 500;

/// An LED that changes again and again while the program runs.
#[derive(Clone, Copy, Debug)]
pub struct Heartbeat {
    period_ms: u32,
    next: Option<Instant>,
    lit: bool,
}

impl Heartbeat {
    /// Changes every `period_ms` milliseconds, at least 1; usually [`HEARTBEAT_MS`]. Dark until the
    /// first [`step`](Self::step).
    #[must_use]
    pub const fn new(period_ms: u32) -> Self {
        Self { period_ms: if period_ms == 0 { 1 } else { period_ms }, next: None, lit: false }
    }

    /// Whether it is lit now, and when to look again. Who comes late makes it change once, not
    /// often.
    pub fn step(&mut self, now: Instant) -> (bool, Instant) {
        let next = match self.next {
            Some(next) if next > now => next,
            next => {
                self.lit = !self.lit;
                let kept = next.unwrap_or(now).plus_ms(self.period_ms);
                if kept > now { kept } else { now.plus_ms(self.period_ms) }
            }
        };
        self.next = Some(next);
        (self.lit, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_changes_twice_a_second_and_not_more_often_for_who_looks_more_often() {
        let mut heartbeat = Heartbeat::new(HEARTBEAT_MS);
        let mut changes = 0;
        let mut lit = false;
        for ms in 0..10_000 {
            let (now_lit, next) = heartbeat.step(Instant::from_millis(ms));
            changes += usize::from(now_lit != lit);
            lit = now_lit;
            assert_eq!(next, Instant::from_millis((ms / 500 + 1) * 500));
        }
        assert_eq!(changes, 20);
    }

    #[test]
    fn a_late_look_changes_it_once() {
        let mut heartbeat = Heartbeat::new(500);
        assert!(heartbeat.step(Instant::ZERO).0);
        assert!(!heartbeat.step(Instant::from_millis(60_100)).0);
        let (lit, next) = heartbeat.step(Instant::from_millis(60_200));
        assert_eq!((lit, next), (false, Instant::from_millis(60_600)));
    }
}
