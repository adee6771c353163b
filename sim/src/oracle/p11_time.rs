//! P11: one seed is one run. That two runs are the same is for their hashes to say; what can be seen
//! within one is that time never goes back.

use fivewire_core::time::Instant;

use super::promise::Promise::P11;
use super::verdict::Verdict;

/// Something was observed at `now`.
#[inline]
pub(super) fn went_on(verdict: &mut Verdict, before: Instant, now: Instant) {
    verdict.require(P11, now >= before, || {
        format!("time went back from {} µs to {} µs", before.as_micros(), now.as_micros())
    });
}
