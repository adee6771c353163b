//! P12: malformed bytes end the connection with the clause named.

use fivewire_core::event::DownReason;
use fivewire_core::time::Instant;

use crate::broker::{MALFORMED, MALFORMED_V5};

use super::facts::Facts;
use super::promise::Promise::P12;
use super::verdict::Verdict;

/// How long malformed bytes may lie behind others that the device takes its time to read.
const NOTICED_MS: u32 = 60_000;

/// The state of this judgement.
#[derive(Default, Debug)]
pub(super) struct Malformed {
    /// The clause that the last malformed bytes break; `None` before any.
    clause: Option<&'static str>,
    /// By when the device must give its connection up, and what else had gone wrong until then.
    noticed_by: Option<(Instant, u32)>,
    /// Malformed bytes are on their way to the device: which of several it names first is its own affair.
    is_unnoticed: bool,
}

impl Malformed {
    /// The broker is about to write these malformed bytes.
    pub(super) fn began(&mut self, which: u8, is_v5: bool) {
        let table = if is_v5 { MALFORMED_V5 } else { MALFORMED };
        self.clause = Some(table[usize::from(which) % table.len()].clause);
    }

    /// Malformed bytes were written, to a connection that `is_well` otherwise.
    pub(super) const fn written(&mut self, facts: &Facts, is_well: bool) {
        let deadline = facts.now.plus_ms(NOTICED_MS);
        let is_alone = !self.is_unnoticed;
        self.is_unnoticed = true;
        if is_alone && is_well {
            self.noticed_by = Some((deadline, facts.weather.troubles));
        }
    }

    /// Nothing can be expected any more: the device does not read, or is shut down.
    pub(super) const fn excuse(&mut self) {
        self.noticed_by = None;
    }

    /// The application was told that the connection is gone.
    pub(super) fn disconnected(
        &mut self,
        facts: &Facts,
        verdict: &mut Verdict,
        reason: DownReason,
    ) {
        let expected = self.noticed_by.take();
        self.is_unnoticed = false;
        let is_expected = expected.is_some_and(|(_, troubles)| troubles == facts.weather.troubles);
        if let DownReason::Breach(breach) = reason {
            let is_true = self.clause.is_some() || facts.weather.acknowledgements_doubled;
            verdict.require(P12, is_true, || {
                format!("the broker was blamed ({breach:?}) and had done nothing wrong")
            });
            let is_named = !is_expected || self.clause == Some(breach.clause());
            verdict.require(P12, is_named, || {
                let clause = self.clause.unwrap_or_default();
                format!("the clause [{}] was named, but [{clause}] was broken", breach.clause())
            });
        } else {
            verdict.require(P12, !is_expected || reason == DownReason::Shed, || {
                format!("malformed bytes ended the connection, but {reason:?} was told")
            });
        }
    }

    /// Time went on; the facts are those before what happens now.
    #[inline]
    pub(super) fn waited(&mut self, facts: &Facts, verdict: &mut Verdict, now: Instant) {
        let Some((deadline, troubles)) = self.noticed_by else { return };
        if troubles != facts.weather.troubles {
            self.noticed_by = None;
        } else if now > deadline {
            self.noticed_by = None;
            verdict.require(P12, false, || "malformed bytes went unnoticed".into());
        }
    }
}
