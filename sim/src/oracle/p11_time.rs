//! P11: one seed is one run. That two runs are the same is for their hashes to say; what can be seen
//! within one is that time never goes back, and that a machine is nothing but its state.

use fivewire_core::time::Instant;

use crate::observation::Part;

use super::promise::Promise::P11;
use super::verdict::Verdict;

/// Something was observed at `now`.
#[inline]
pub(super) fn went_on(verdict: &mut Verdict, before: Instant, now: Instant) {
    verdict.require(P11, now >= before, || {
        format!("time went back from {} µs to {} µs", before.as_micros(), now.as_micros())
    });
}

/// A machine went on in another one that was made of its state.
pub(super) fn renewed(verdict: &mut Verdict, part: Part, is_whole: bool) {
    verdict.require(P11, is_whole, || {
        format!("no machine like the one at the {part:?} can be made of its state")
    });
}
