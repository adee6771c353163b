//! What the swarm says of one mutant.

use std::io::Read as _;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use fivewire_sim::catalogue;
use fivewire_sim::recorded;
use fivewire_sim::run::Runner;
use serde::{Deserialize, Serialize};
use wait_timeout::ChildExt as _;

use crate::tree::CHOSEN;

/// How it went.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Fate {
    /// A promise was broken: in which run, and what was seen.
    Killed {
        /// The first run that showed it.
        seed: u64,
        /// The promise, and the detail.
        breach: String,
    },
    /// The machines panicked.
    Panicked,
    /// The runs did not come to an end.
    Hung,
    /// Every promise was kept.
    Lived {
        /// The hash of all runs.
        hash: u64,
    },
}

/// Of so many runs over whole frames one is done over five wires, too: those take as long as all others.
const WIRES_EVERY: u64 = 20;
/// Of so many runs one is done once more with a recorder. A sweep records one in 128, which few seeds hardly have.
/// It is odd, so that clients, one seed in four, are among them.
const RECORDED_EVERY: u64 = 15;

/// Runs `seeds` of the swarm in this process, with the mutant that its environment switches on.
#[must_use]
pub(crate) fn swarm(seeds: Range<u64>) -> Fate {
    let whole = seeds.clone().map(|seed| catalogue::default_for(seed).schedule(seed));
    let wires = catalogue::find("wires").expect("the catalogue has it");
    let over_wires = seeds.filter(|seed| seed.is_multiple_of(WIRES_EVERY));
    let over_wires = over_wires.map(|seed| wires.schedule(seed));
    let mut runner: Option<Runner> = None;
    let mut hash = 0_u64;
    for schedule in whole.chain(over_wires) {
        let seed = schedule.seed;
        let mut report = runner.get_or_insert_with(|| Runner::new(&schedule)).run(&schedule);
        if report.breach.is_none() && seed.is_multiple_of(RECORDED_EVERY) {
            report.breach = recorded::breach(&schedule, &report);
        }
        if let Some(breach) = report.breach {
            return Fate::Killed { seed, breach: breach.to_string() };
        }
        hash = hash.rotate_left(1) ^ report.hash;
    }
    Fate::Lived { hash }
}

/// The same in a process of its own, with this mutant switched on.
///
/// # Errors
/// The process cannot be started.
pub(crate) fn judge(
    program: &Path,
    mutant: usize,
    seeds: &str,
    patience: Duration,
) -> std::io::Result<Fate> {
    let mut child = Command::new(program)
        .args(["swarm", "--seeds", seeds])
        .env(CHOSEN, mutant.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    if child.wait_timeout(patience)?.is_none() {
        child.kill()?;
        child.wait()?;
        return Ok(Fate::Hung);
    }
    let mut said = String::new();
    if let Some(mut output) = child.stdout.take() {
        output.read_to_string(&mut said)?;
    }
    Ok(serde_json::from_str(&said).unwrap_or(Fate::Panicked))
}
