//! Whether the clients of the broker heard the same.
//!
//! All of them hear the device through the same broker, which gives each message to all who want it
//! at once. So what a listener heard is, message by message, what the witness heard of those
//! topics: from where the later of the two began to where the earlier ended.

use fivewire_core::mqtt::QoS;

use super::seen::Message;
use crate::oracle::matcher::matches;

/// What a message says.
type Text = (Vec<u8>, Vec<u8>);

/// What was heard in one session.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Term {
    /// How often the broker had forgotten everything before.
    era: u32,
    /// The witness was subscribed already when it began.
    is_after_witness: bool,
    heard: Vec<Text>,
}

/// What one client heard.
#[derive(Default, Debug)]
pub(super) struct Hearing {
    terms: Vec<Term>,
}

impl Hearing {
    /// A session begins.
    pub(super) fn begin(&mut self, era: u32, is_after_witness: bool) {
        self.terms.push(Term { era, is_after_witness, heard: Vec::new() });
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

    /// Compares what a listener with this filter heard with what the witness did. Both have nothing
    /// left to hear if the listener `stays`. How many messages both heard.
    ///
    /// # Errors
    /// They do not agree: a message that one of them did not hear, or heard in another place.
    pub(super) fn agrees_with(
        &self,
        witness: &Self,
        filter: &str,
        stays: bool,
    ) -> Result<usize, String> {
        let mut common = 0;
        let last_era = witness.terms.last().map(|term| term.era);
        for (place, term) in self.terms.iter().enumerate() {
            let Some(of_witness) = witness.terms.iter().find(|other| other.era == term.era) else {
                continue;
            };
            let wanted = |text: &&Text| matches(filter.as_bytes(), &text.0);
            let all: Vec<&Text> = of_witness.heard.iter().filter(wanted).collect();
            let ends = match Some(term.era) == last_era {
                true if stays && place + 1 == self.terms.len() => Ends::WithWitness,
                true => Ends::Before,
                false => Ends::Abruptly,
            };
            common += term.within(&all, ends)?;
        }
        Ok(common)
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
    /// Finds the place of this term in `all` that the witness heard in its era, and says how much
    /// of it is there.
    fn within(&self, all: &[&Text], ends: Ends) -> Result<usize, String> {
        let (size, last) = (self.heard.len().cast_signed(), all.len().cast_signed());
        if size == 0 {
            return Ok(0);
        }
        let may_be_apart = !self.is_after_witness || ends == Ends::Abruptly;
        if may_be_apart && !self.heard.iter().any(|text| all.contains(&text)) {
            // it was over when the witness began, or just before the broker forgot everything
            return Ok(0);
        }
        // the place of its first message, or how many it heard before the witness began
        let starts = if self.is_after_witness { 0..last } else { 1 - size..last };
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

    fn heard(era: u32, is_after_witness: bool, payloads: &[u8]) -> Hearing {
        let mut hearing = Hearing::default();
        hearing.begin(era, is_after_witness);
        for payload in payloads {
            let (topic, payload) = ("up/0".to_owned(), vec![*payload]);
            let qos = QoS::AtLeastOnce;
            let properties = Properties::default();
            hearing.hear(&Message { topic, payload, qos, retain: false, properties });
        }
        hearing
    }

    fn agree(listener: &Hearing, stays: bool) -> Option<usize> {
        let witness = heard(0, false, &[1, 2, 3, 4, 5]);
        listener.agrees_with(&witness, "up/+", stays).ok()
    }

    #[test]
    fn a_visitor_hears_a_piece_of_what_the_witness_hears() {
        assert_eq!(agree(&heard(0, true, &[2, 3, 4]), false), Some(3));
        assert_eq!(agree(&heard(0, true, &[]), false), Some(0));
        assert_eq!(agree(&heard(0, true, &[2, 4]), false), None, "one is missing");
        assert_eq!(agree(&heard(0, true, &[3, 2]), false), None, "the order is another one");
        assert_eq!(agree(&heard(0, true, &[2, 3, 3]), false), None, "one came twice");
        assert_eq!(agree(&heard(0, true, &[4, 5, 5]), false), None, "the last one came twice");
        assert_eq!(agree(&heard(0, true, &[0, 1, 2]), false), None, "the witness was there before");
    }

    #[test]
    fn who_stays_hears_all_to_the_end() {
        assert_eq!(agree(&heard(0, true, &[3, 4, 5]), true), Some(3));
        assert_eq!(agree(&heard(0, true, &[3, 4]), true), None);
    }

    #[test]
    fn who_began_before_the_witness_may_have_heard_more() {
        assert_eq!(agree(&heard(0, false, &[8, 9, 1, 2]), false), Some(2));
        assert_eq!(agree(&heard(0, false, &[8, 9]), false), Some(0));
        assert_eq!(agree(&heard(0, false, &[9, 1, 3]), false), None);
    }

    #[test]
    fn a_message_that_expires_may_have_been_over_for_one_of_them() {
        let mut listener = heard(0, true, &[2, 3]);
        listener.hear(&Message {
            topic: "up/0".to_owned(),
            payload: vec![9],
            qos: QoS::AtLeastOnce,
            retain: false,
            properties: Properties { message_expiry_interval_s: Some(1), ..Properties::default() },
        });
        assert_eq!(agree(&listener, false), Some(2));
    }

    #[test]
    fn another_era_and_another_topic_are_not_compared() {
        assert_eq!(agree(&heard(1, true, &[7]), true), Some(0));
        let witness = heard(0, false, &[1]);
        let listener = heard(0, true, &[]);
        assert_eq!(listener.agrees_with(&witness, "up/1", true), Ok(0));
    }

    #[test]
    fn what_was_heard_just_before_the_broker_forgot_everything_may_be_lost_to_the_witness() {
        let mut witness = heard(0, false, &[1, 2, 3]);
        witness.begin(1, false);
        assert_eq!(heard(0, true, &[4]).agrees_with(&witness, "up/+", true), Ok(0));
        assert!(heard(0, true, &[1, 3]).agrees_with(&witness, "up/+", true).is_err());
    }
}
