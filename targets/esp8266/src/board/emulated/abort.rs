//! Ways to end a run that should not have come here.

use super::coordinator::{self, Post};
use super::machine;

/// The exit status after a rule of the SDK was broken.
const RULE_BROKEN: u8 = 3;
/// The exit status after a panic.
const PANICKED: u8 = 134;

/// Called by `abort` in start/emulated.S, which LLVM's trap calls: every panic ends here.
#[unsafe(no_mangle)]
extern "C" fn emulated_abort(at: u32) -> ! {
    coordinator::post(Post::Panicked, 0, at, &[]);
    machine::exit(PANICKED)
}

/// The firmware did what the SDK forbids.
pub(super) fn rule_broken(rule: &str) -> ! {
    coordinator::post(Post::RuleBroken, 0, 0, rule.as_bytes());
    machine::exit(RULE_BROKEN)
}

/// Ends the run unless `kept`.
pub(super) fn rule(kept: bool, rule: &str) {
    if !kept {
        rule_broken(rule);
    }
}
