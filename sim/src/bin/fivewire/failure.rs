//! How a broken promise is shown.

use fivewire_sim::corpus;
use fivewire_sim::oracle::Breach;
use fivewire_sim::schedule::Schedule;

use crate::engine::Engine;
use crate::format::{moment, shell_word};

/// Lines of the timeline that stand above a broken promise.
pub(crate) const LAST_LINES: usize = 20;

/// What was promised, and what was seen instead.
pub(crate) fn headline(schedule: &Schedule, breach: &Breach) -> String {
    described(&format!("{} seed {}", schedule.scenario, schedule.seed), breach)
}

/// The same of whatever has this name.
pub(crate) fn described(name: &str, breach: &Breach) -> String {
    format!(
        "{} broken by {name} at {} s\n  promised: {}\n  seen:     {}\n",
        breach.promise.id(),
        moment(breach.at),
        breach.promise.sentence(),
        breach.detail.replace('\n', "\n            "),
    )
}

/// The command that runs exactly this schedule again.
pub(crate) fn replay_command(engine: Engine, schedule: &Schedule) -> String {
    format!("fivewire replay{} {}", engine.option(), shell_word(&corpus::line(schedule)))
}
