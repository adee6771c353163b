//! When what comes is shed, and when the connection ends for it, or for an answer that is overdue.

use fivewire_core::time::Instant;

use super::super::bounds::{ACKNOWLEDGEMENT_MS, RESPONSE_MS};
use super::super::facts::Facts;
use super::super::p6_attempts::{error_ms, ms_since};
use super::super::promise::Promise::P9;
use super::super::verdict::Verdict;
use super::{Buffer, Shedding};

impl Buffer {
    /// Whoever sheds reads again.
    pub(super) fn shed_from(&mut self, now: Instant) {
        self.reads_from(now);
        self.shedding = Shedding::Yes;
        self.shed.may_be_more = true;
        self.dropped_qos0.may_be_more = true;
    }

    /// The client was woken, because it is time to shed: it does so unless it has got room meanwhile.
    #[cold]
    pub(in crate::oracle) fn woken_to_shed(&mut self, facts: &Facts, verdict: &mut Verdict) {
        if self.is_judged && self.is_full() && self.shedding != Shedding::Yes {
            self.is_in_time(facts, verdict);
            self.shed_from(facts.now);
        }
    }

    /// What time there was in which nothing was read is over.
    pub(super) fn reads_from(&mut self, now: Instant) {
        if let Some(since) = self.withheld_since.take() {
            self.withheld = Some((since, now));
        }
    }

    fn waited_ms(&self, facts: &Facts) -> u32 {
        self.full_since.map_or(0, |since| ms_since(facts.now, since))
    }

    /// Answers that the broker may have given are not left unread for longer than it may take to answer.
    pub(super) fn may_shed_by_now(&self, facts: &Facts) -> bool {
        self.waited_ms(facts) + error_ms(RESPONSE_MS) >= RESPONSE_MS
    }

    pub(super) fn is_in_time(&self, facts: &Facts, verdict: &mut Verdict) {
        let is_so = self.shedding != Shedding::No || self.may_shed_by_now(facts);
        verdict.require(P9, is_so, || {
            let waited_ms = self.waited_ms(facts);
            format!("messages are shed {waited_ms} ms after they filled the buffer")
        });
    }

    /// The connection ended because an answer was overdue. Time in which nothing was read does not count, and the
    /// answer may be behind what has piled up meanwhile.
    #[cold]
    pub(super) fn ended_as_overdue(&self, facts: &Facts, verdict: &mut Verdict) {
        verdict.require(P9, self.withheld_since.is_none(), || {
            "an answer was given up while nothing was read".into()
        });
        let Some((since, until)) = self.withheld else { return };
        let withheld_ms = ms_since(until, since).min(ACKNOWLEDGEMENT_MS);
        let waited_ms = ms_since(facts.now, until);
        verdict.require(P9, waited_ms + error_ms(ACKNOWLEDGEMENT_MS) >= withheld_ms, || {
            format!(
                "an answer was given up {waited_ms} ms after nothing was read for {withheld_ms} ms"
            )
        });
    }

    /// The connection ended because messages were shed.
    #[cold]
    pub(super) fn ended_as_shed(&mut self, facts: &Facts, verdict: &mut Verdict) {
        self.is_in_time(facts, verdict);
        let has_all = !facts.is_held && self.kept.is_empty() && self.unreleased == 0;
        verdict.require(P9, has_all, || {
            let (kept, unreleased) = (self.kept.len(), self.unreleased);
            format!(
                "messages were shed and the connection ended, while {kept} were kept and \
                 {unreleased} unreleased"
            )
        });
        self.shed.may_be_more = true;
        self.dropped_qos0.may_be_more = true;
    }
}
