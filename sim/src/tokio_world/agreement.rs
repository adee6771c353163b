//! Whether the clients of the broker heard the same.
//!
//! All of them hear the device through the same broker, which gives each message to all who want it
//! at once. So what a listener heard is, message by message, what the witness heard of those
//! topics: from where the later of the two began to where the earlier ended. Where somebody begins is
//! where the broker has its subscription: what it is given after that is due.

use std::collections::BTreeSet;

use fivewire_core::mqtt::QoS;

use super::seen::Message;
use crate::oracle::matcher::matches;

/// What a message says.
type Text = (Vec<u8>, Vec<u8>);

/// All that the broker was given with more than QoS 0, in order, whatever became of it.
#[derive(Default, Debug)]
pub(super) struct Given(Vec<Text>);

impl Given {
    /// A message came to the broker, for the first or the tenth time.
    pub(super) fn push(&mut self, topic: &str, payload: &[u8]) {
        self.0.push((topic.as_bytes().to_vec(), payload.to_vec()));
    }
}

/// What was heard in one session.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Term {
    /// How often the broker had forgotten everything before.
    era: u32,
    /// So much the broker had been given when it had the subscription. `None`: it had none yet.
    since: Option<usize>,
    heard: Vec<Text>,
}

/// What one client heard.
#[derive(Clone, Default, Debug)]
pub(super) struct Hearing {
    terms: Vec<Term>,
}

impl Hearing {
    /// A session begins, in which nothing is subscribed.
    pub(super) fn begin(&mut self, era: u32) {
        self.terms.push(Term { era, since: None, heard: Vec::new() });
    }

    /// The broker has no subscription in the present session, as far as is known here.
    pub(super) fn is_unsubscribed(&self) -> bool {
        self.terms.last().is_some_and(|term| term.since.is_none())
    }

    /// The broker has the subscription.
    pub(super) fn subscribed(&mut self, given: &Given) {
        if let Some(term) = self.terms.last_mut() {
            term.since.get_or_insert(given.0.len());
        }
    }

    /// A message came. One with QoS 0 does not wait for who is away for a moment, one with an interval only
    /// for as long as that lasts, and one that the broker had kept is for who comes later: nobody else has
    /// to have heard it.
    pub(super) fn hear(&mut self, message: &Message) {
        let expires = message.properties.message_expiry_interval_s.is_some();
        if message.qos == QoS::AtMostOnce || message.retain || expires {
            return;
        }
        let text = (message.topic.clone().into_bytes(), message.payload.clone());
        if let Some(term) = self.terms.last_mut() {
            term.heard.push(text);
        }
    }

    /// The same, had the first message of each session been lost on the way. `None` if there was none.
    #[cfg(test)]
    pub(super) fn without_first(&self) -> Option<Self> {
        let mut deaf = self.clone();
        let heard = deaf.terms.iter_mut().filter(|term| !term.heard.is_empty());
        let lost = heard.map(|term| term.heard.remove(0)).count();
        (lost > 0).then_some(deaf)
    }

    /// Compares what a listener with this filter heard with what the witness did. Both have nothing
    /// left to hear if the listener `stays`. How many messages both heard.
    ///
    /// # Errors
    /// They do not agree: a message that one of them did not hear, or heard in another place.
    pub(super) fn agrees_with(
        &self,
        witness: &Self,
        given: &Given,
        filter: &str,
        stays: bool,
    ) -> Result<usize, String> {
        let mut common = 0;
        let last_era = witness.terms.last().map(|term| term.era);
        for of_witness in &witness.terms {
            let heard = Heard::new(of_witness, given, filter);
            let terms = self.terms.iter().enumerate();
            for (place, term) in terms.filter(|(_, term)| term.era == of_witness.era) {
                let ends = match Some(term.era) == last_era {
                    true if stays && place + 1 == self.terms.len() => Ends::WithWitness,
                    true => Ends::Before,
                    false => Ends::Abruptly,
                };
                common += term.within(&heard, ends)?;
            }
        }
        Ok(common)
    }
}

/// What the witness heard of some topics in an era.
struct Heard<'a> {
    all: Vec<&'a Text>,
    since: Option<usize>,
    /// By how much the broker had been given: how much of `all` that was at the most. A copy that the
    /// broker refused counts as well.
    before: Vec<usize>,
}

impl<'a> Heard<'a> {
    fn new(witness: &'a Term, given: &'a Given, filter: &str) -> Self {
        let wanted = |text: &&Text| matches(filter.as_bytes(), &text.0);
        let all: Vec<&Text> = witness.heard.iter().filter(wanted).collect();
        let known: BTreeSet<&Text> = all.iter().copied().collect();
        let since = witness.since;
        let mut count = 0;
        let mut before = vec![0];
        before.extend(given.0.iter().enumerate().map(|(place, text)| {
            count += usize::from(since.is_some_and(|since| place >= since) && known.contains(text));
            count
        }));
        Self { all, since, before }
    }

    /// Where somebody whose subscription the broker has `since` then begins, at the latest.
    fn latest_start(&self, since: Option<usize>) -> isize {
        since.map_or(0, |since| self.before[since]).cast_signed()
    }
}

/// How a term ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ends {
    /// At the end of the run: nothing is left for either.
    WithWitness,
    /// The witness goes on to hear all.
    Before,
    /// The broker forgot everything: either may have heard what the other then did not.
    Abruptly,
}

impl Term {
    /// Finds the place of this term in all that the witness heard in its era, and says how much of it
    /// is there.
    fn within(&self, of_witness: &Heard<'_>, ends: Ends) -> Result<usize, String> {
        let all = of_witness.all.as_slice();
        let (size, last) = (self.heard.len().cast_signed(), all.len().cast_signed());
        if size == 0 && (ends != Ends::WithWitness || self.since.is_none()) {
            return Ok(0);
        }
        let is_after_witness = of_witness.since.is_some() && self.since >= of_witness.since;
        let may_be_apart = !is_after_witness || ends == Ends::Abruptly;
        if size > 0 && may_be_apart && !self.heard.iter().any(|text| all.contains(&text)) {
            // it was over when the witness began, or just before the broker forgot everything
            return Ok(0);
        }
        // the place of its first message, or how many it heard before the witness began
        let earliest = if is_after_witness { 0 } else { 1 - size };
        let starts = earliest..=last.min(of_witness.latest_start(self.since));
        let fits = |start: &isize| {
            let end = start + size;
            let ends_well = match ends {
                Ends::WithWitness => end == last,
                Ends::Before => end <= last,
                Ends::Abruptly => true,
            };
            ends_well && self.overlap(all, *start).all(|(heard, other)| heard == other)
        };
        match starts.into_iter().find(fits) {
            Some(start) => Ok(self.overlap(all, start).count()),
            None => Err(self.first_difference(all)),
        }
    }

    fn overlap<'a>(
        &'a self,
        all: &'a [&'a Text],
        start: isize,
    ) -> impl Iterator<Item = (&'a Text, &'a Text)> {
        let skipped = usize::try_from(-start).unwrap_or(0);
        let start = usize::try_from(start).unwrap_or(0);
        self.heard.iter().skip(skipped).zip(all.iter().skip(start).copied())
    }

    fn first_difference(&self, all: &[&Text]) -> String {
        let start = self.heard.iter().find_map(|text| all.iter().position(|other| *other == text));
        let skipped = start.map_or(0, |start| {
            self.heard.iter().position(|text| text == all[start]).unwrap_or_default()
        });
        let both = self.heard.iter().skip(skipped).zip(all.iter().skip(start.unwrap_or_default()));
        let same = both.take_while(|(heard, other)| heard == *other).count();
        let at = skipped + same;
        let topic = self.heard.get(at).map(|(topic, _)| String::from_utf8_lossy(topic));
        format!(
            "of {} messages that a listener heard in one session, no. {at} ({}) is not where the witness heard it",
            self.heard.len(),
            topic.as_deref().unwrap_or("the end"),
        )
    }
}

#[cfg(test)]
mod tests {
    use fivewire_tokio::Properties;

    use super::*;

    fn message(payload: u8) -> Message {
        Message {
            topic: "up/0".to_owned(),
            payload: vec![payload],
            qos: QoS::AtLeastOnce,
            retain: false,
            properties: Properties::default(),
        }
    }

    fn given(payloads: &[u8]) -> Given {
        let mut given = Given::default();
        payloads.iter().for_each(|payload| given.push("up/0", &[*payload]));
        given
    }

    /// What somebody heard whose subscription came when the broker had been given so much.
    fn heard(era: u32, since: &[u8], payloads: &[u8]) -> Hearing {
        let mut hearing = Hearing::default();
        hearing.begin(era);
        hearing.subscribed(&given(since));
        payloads.iter().for_each(|payload| hearing.hear(&message(*payload)));
        hearing
    }

    /// The broker is given 8, 9 and 7, then comes the witness, then 1 to 5.
    const ALL: [u8; 8] = [8, 9, 7, 1, 2, 3, 4, 5];
    const BEFORE: &[u8] = &[8, 9, 7];

    fn agree(listener: &Hearing, stays: bool) -> Option<usize> {
        let witness = heard(0, BEFORE, &[1, 2, 3, 4, 5]);
        listener.agrees_with(&witness, &given(&ALL), "up/+", stays).ok()
    }

    #[test]
    fn a_visitor_hears_a_piece_of_what_the_witness_hears() {
        let visitor = |payloads: &[u8]| agree(&heard(0, &ALL[..4], payloads), false);
        assert_eq!(visitor(&[2, 3, 4]), Some(3));
        assert_eq!(visitor(&[]), Some(0), "it left at once");
        assert_eq!(visitor(&[2, 4]), None, "one is missing");
        assert_eq!(visitor(&[3, 2]), None, "the order is another one");
        assert_eq!(visitor(&[2, 3, 3]), None, "one came twice");
        assert_eq!(visitor(&[2, 3, 4, 5, 5]), None, "the last one came twice");
        assert_eq!(visitor(&[0, 1, 2]), None, "the witness was there before");
    }

    #[test]
    fn what_comes_after_the_subscription_is_heard_from_its_first_message_on() {
        let since_4 = |payloads: &[u8], stays| agree(&heard(0, &ALL[..6], payloads), stays);
        assert_eq!(since_4(&[4], false), Some(1));
        assert_eq!(since_4(&[4, 5], true), Some(2));
        assert_eq!(since_4(&[5], false), None, "the first one is missing");
        assert_eq!(since_4(&[5], true), None);
        assert_eq!(since_4(&[], true), None, "all of them are");
        let nothing_is_left = agree(&heard(0, &ALL, &[]), true);
        assert_eq!(nothing_is_left, Some(0));
        let before_the_witness = |payloads: &[u8]| agree(&heard(0, &ALL[..2], payloads), false);
        assert_eq!(before_the_witness(&[7, 1, 2]), Some(2));
        assert_eq!(before_the_witness(&[7, 2]), None);
    }

    #[test]
    fn a_subscription_that_the_broker_never_had_hears_nothing() {
        let mut listener = Hearing::default();
        listener.begin(0);
        assert!(listener.is_unsubscribed());
        assert_eq!(agree(&listener, true), Some(0));
    }

    #[test]
    fn who_stays_hears_all_to_the_end() {
        assert_eq!(agree(&heard(0, &ALL[..5], &[3, 4, 5]), true), Some(3));
        assert_eq!(agree(&heard(0, &ALL[..5], &[3, 4]), true), None);
    }

    #[test]
    fn who_began_before_the_witness_may_have_heard_more() {
        assert_eq!(agree(&heard(0, &[], &[8, 9, 7, 1, 2]), false), Some(2));
        assert_eq!(agree(&heard(0, &[], &[8, 9]), false), Some(0));
        assert_eq!(agree(&heard(0, &[8, 9], &[7, 1, 3]), false), None);
    }

    #[test]
    fn a_message_that_expires_may_have_been_over_for_one_of_them() {
        let mut listener = heard(0, &ALL[..4], &[2, 3]);
        let properties = Properties { message_expiry_interval_s: Some(1), ..Properties::default() };
        listener.hear(&Message { properties, ..message(6) });
        assert_eq!(agree(&listener, false), Some(2));
    }

    #[test]
    fn another_era_and_another_topic_are_not_compared() {
        assert_eq!(agree(&heard(1, &ALL, &[7]), true), Some(0));
        let witness = heard(0, &[], &[1]);
        let listener = heard(0, &[], &[]);
        assert_eq!(listener.agrees_with(&witness, &given(&[1]), "up/1", true), Ok(0));
    }

    #[test]
    fn what_was_heard_just_before_the_broker_forgot_everything_may_be_lost_to_the_witness() {
        let mut witness = heard(0, &[], &[1, 2, 3]);
        witness.begin(1);
        let agrees = |since: &[u8], payloads: &[u8]| {
            heard(0, since, payloads).agrees_with(&witness, &given(&[1, 2, 3, 4]), "up/+", true)
        };
        assert_eq!(agrees(&[1, 2, 3], &[4]), Ok(0));
        assert_eq!(agrees(&[1, 2], &[3, 4]), Ok(1));
        assert!(agrees(&[], &[1, 3]).is_err());
        assert!(agrees(&[1], &[3]).is_err(), "the first one is missing");
    }
}
