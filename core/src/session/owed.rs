//! Since when the broker owes answers, and when that is too long.
//!
//! Publications and subscriptions have a clock each, so that steady answers of one kind do not hide that one
//! of the other kind never comes. For the same reason the clock of publications is that of the oldest: a broker
//! acknowledges in order `[MQTT-4.6.0-2]`, and one that has left out the oldest owes it however many later ones it
//! acknowledges.

use crate::checkpoint::{Checkpoint, Pass};
use crate::time::Instant;

/// The clocks.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Owed {
    /// The oldest publication is owed its PUBACK since then, or since it became the oldest.
    puback_since: Option<Instant>,
    /// A SUBACK or UNSUBACK is owed since then, or since the last one came.
    suback_since: Option<Instant>,
}

impl Owed {
    /// What is under way now was given to the transport.
    pub(super) fn given(&mut self, now: Instant, in_flight: usize, asked: usize) {
        if in_flight > 0 {
            self.puback_since.get_or_insert(now);
        }
        if asked > 0 {
            self.suback_since.get_or_insert(now);
        }
    }

    /// The oldest publication under way was acknowledged: the clock of the next one starts.
    pub(super) fn oldest_acknowledged(&mut self, now: Instant, in_flight: usize) {
        self.puback_since = (in_flight > 0).then_some(now);
    }

    /// A SUBACK or UNSUBACK came.
    pub(super) fn subscription_answered(&mut self, now: Instant, asked: usize) {
        self.suback_since = (asked > 0).then_some(now);
    }

    /// Nothing could have been answered until now.
    pub(super) fn start_over(&mut self, now: Instant) {
        self.puback_since = self.puback_since.map(|_| now);
        self.suback_since = self.suback_since.map(|_| now);
    }

    /// Reading was withheld from that instant until now. The clocks stood still meanwhile, and go back as far again for what
    /// has piled up before the answers. They do not begin anew: an application that holds for a moment at each message
    /// would never miss an answer.
    pub(super) fn held_up(&mut self, now: Instant, withheld_since: Instant) {
        let later_us = 2 * now.micros_since(withheld_since);
        let later = |since: Instant| now.min(Instant::from_micros(since.as_micros() + later_us));
        self.puback_since = self.puback_since.map(later);
        self.suback_since = self.suback_since.map(later);
    }

    /// Since when the answer that is owed longest is owed.
    pub(super) fn since(&self) -> Option<Instant> {
        [self.puback_since, self.suback_since].into_iter().flatten().min()
    }
}

impl Checkpoint for Owed {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self { puback_since, suback_since } = self;
        pass.field(puback_since)?;
        pass.field(suback_since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Instant = Instant::from_micros(1_000_000);

    #[test]
    fn each_kind_of_answer_has_its_own_clock_and_the_longest_counts() {
        let mut owed = Owed::default();
        assert_eq!(owed.since(), None);
        owed.given(T, 1, 0);
        owed.given(T.plus_ms(5), 2, 1);
        assert_eq!(owed.since(), Some(T));
        owed.oldest_acknowledged(T.plus_ms(9), 1);
        assert_eq!(owed.since(), Some(T.plus_ms(5)), "of the subscription");
        owed.subscription_answered(T.plus_ms(10), 0);
        assert_eq!(owed.since(), Some(T.plus_ms(9)), "of the next publication");
        owed.start_over(T.plus_ms(20));
        assert_eq!(owed.since(), Some(T.plus_ms(20)));
        owed.oldest_acknowledged(T.plus_ms(21), 0);
        assert_eq!(owed.since(), None);
        owed.start_over(T.plus_ms(22));
        assert_eq!(owed.since(), None, "nothing is owed");
    }

    #[test]
    fn a_moment_in_which_reading_is_withheld_costs_little_and_a_long_one_begins_anew() {
        let mut owed = Owed::default();
        owed.given(T, 1, 0);
        owed.held_up(T.plus_ms(100), T.plus_ms(90));
        assert_eq!(owed.since(), Some(T.plus_ms(20)));
        owed.held_up(T.plus_ms(1_100), T.plus_ms(100));
        assert_eq!(owed.since(), Some(T.plus_ms(1_100)));
    }
}
