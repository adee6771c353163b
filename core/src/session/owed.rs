//! Since when the broker owes answers, and when that is too long.
//!
//! Publications and subscriptions have a clock each, so that steady answers of one kind do not hide
//! that one of the other kind never comes. For the same reason the clock of publications is that of
//! the oldest: a broker acknowledges in order `[MQTT-4.6.0-2]`, and one that has left out the
//! oldest owes it however many later ones it acknowledges.

use crate::checkpoint::{Checkpoint, Pass};
use crate::time::Instant;

/// The clocks.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Owed {
    /// The oldest publication is owed its PUBACK since then, or since it became the oldest.
    puback_since: Option<Instant>,
    /// The oldest SUBSCRIBE or UNSUBSCRIBE is owed its answer since then, or since it became the oldest.
    suback_since: Option<Instant>,
}

impl Owed {
    /// So much is under way now. What is wanted no more is owed no more, though no answer came.
    pub(super) fn under_way(&mut self, now: Instant, in_flight: usize, asked: usize) {
        let since = |since: Option<Instant>, count| (count > 0).then(|| since.unwrap_or(now));
        self.puback_since = since(self.puback_since, in_flight);
        self.suback_since = since(self.suback_since, asked);
    }

    /// The oldest publication under way was acknowledged: the clock of the next one starts.
    pub(super) fn oldest_acknowledged(&mut self, now: Instant, in_flight: usize) {
        self.puback_since = (in_flight > 0).then_some(now);
    }

    /// What was asked first was answered: the clock of the next one starts.
    pub(super) fn subscription_answered(&mut self, now: Instant, asked: usize) {
        self.suback_since = (asked > 0).then_some(now);
    }

    /// A part of the oldest publication left: it could not be answered until now.
    pub(super) fn oldest_leaves(&mut self, now: Instant) {
        self.puback_since = self.puback_since.map(|_| now);
    }

    /// Reading was withheld from that instant until now. The clocks stood still meanwhile, and go
    /// back as far again for what has piled up before the answers. They do not begin anew: an
    /// application that holds for a moment at each message would never miss an answer.
    pub(super) fn held_up(&mut self, now: Instant, withheld_since: Instant) {
        let later_us = 2 * now.micros_since(withheld_since);
        let later = |since: Instant| now.min(Instant::from_micros(since.as_micros() + later_us));
        self.puback_since = self.puback_since.map(later);
        self.suback_since = self.suback_since.map(later);
    }

    /// Since when the answer that is owed longest is owed.
    pub(super) fn since(&self) -> Option<Instant> {
        match (self.puback_since, self.suback_since) {
            (Some(puback), Some(suback)) => Some(puback.min(suback)),
            (puback, suback) => puback.or(suback),
        }
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
        owed.under_way(T, 1, 0);
        owed.under_way(T.plus_ms(5), 2, 1);
        assert_eq!(owed.since(), Some(T));
        owed.oldest_acknowledged(T.plus_ms(9), 1);
        assert_eq!(owed.since(), Some(T.plus_ms(5)), "of the subscription");
        owed.subscription_answered(T.plus_ms(10), 0);
        assert_eq!(owed.since(), Some(T.plus_ms(9)), "of the next publication");
        owed.oldest_leaves(T.plus_ms(20));
        assert_eq!(owed.since(), Some(T.plus_ms(20)));
        owed.oldest_acknowledged(T.plus_ms(21), 0);
        assert_eq!(owed.since(), None);
        owed.oldest_leaves(T.plus_ms(22));
        assert_eq!(owed.since(), None, "nothing is owed");
    }

    #[test]
    fn a_long_publication_that_leaves_puts_off_no_answer_to_a_subscription() {
        let mut owed = Owed::default();
        owed.under_way(T, 1, 1);
        owed.oldest_leaves(T.plus_ms(20));
        assert_eq!(owed.since(), Some(T));
    }

    #[test]
    fn what_is_wanted_no_more_is_owed_no_more() {
        let mut owed = Owed::default();
        owed.under_way(T, 0, 1);
        owed.under_way(T.plus_ms(1), 0, 0);
        assert_eq!(owed.since(), None);
    }

    #[test]
    fn a_moment_in_which_reading_is_withheld_costs_little_and_a_long_one_begins_anew() {
        let mut owed = Owed::default();
        owed.under_way(T, 1, 0);
        owed.held_up(T.plus_ms(100), T.plus_ms(90));
        assert_eq!(owed.since(), Some(T.plus_ms(20)));
        owed.held_up(T.plus_ms(1_100), T.plus_ms(100));
        assert_eq!(owed.since(), Some(T.plus_ms(1_100)));
    }
}
