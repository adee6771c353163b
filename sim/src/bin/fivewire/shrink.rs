//! `fivewire shrink`, and what a failing sweep does with its first failure.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use fivewire_core::time::Instant;
use fivewire_sim::corpus;
use fivewire_sim::oracle::Breach;
use fivewire_sim::schedule::Schedule;
use fivewire_sim::shrink::{self, Ending, Shrunk};
use fivewire_sim::sweep::guarded;
use fivewire_sim::trace::{Blind, Timeline};

use crate::cli::ShrinkArguments;
use crate::engine::Engine;
use crate::format::{counted, span};
use crate::output::Output;
use crate::progress::Spinner;
use crate::{Refusal, Verdict, failure, interrupt, replay, world};

/// How long before the first fault the timeline of a shrunk failure begins, in milliseconds.
const BEFORE_FAULT_MS: u32 = 1_000;
/// Lines of it at most; of more than that, the last ones.
const SHRUNK_LINES_MAX: usize = 400;

/// Shrinks a stored schedule.
pub(crate) fn execute(
    arguments: &ShrinkArguments,
    output: &mut Output,
) -> Result<Verdict, Refusal> {
    let schedule = replay::load(&arguments.source)?;
    if let Some(path) = &arguments.output {
        require_folder(path)?;
    }
    let stop = interrupt::flag()?;
    let engine = arguments.place.engine;
    engine.fits(&schedule)?;
    match shrink_and_store(
        engine,
        &schedule,
        arguments.runs,
        arguments.output.as_deref(),
        &stop,
        output,
    )? {
        None => {
            output.print("every promise kept: nothing to shrink\n")?;
            Ok(Verdict::Kept)
        }
        Some(shrunk) if shrunk.ending == Ending::Interrupted => Ok(Verdict::Interrupted),
        Some(_) => Ok(Verdict::Broken),
    }
}

/// Refuses a file in a folder that is not there, before anything runs.
fn require_folder(path: &Path) -> Result<(), Refusal> {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() || folder.is_dir() => Ok(()),
        _ => Err(format!("--output: {} is in no folder that there is", path.display()).into()),
    }
}

/// Shrinks a schedule, prints the result as one line that `replay` takes, and stores it, in `path`
/// or in a new file of the current directory. `None` if it keeps every promise.
pub(crate) fn shrink_and_store(
    engine: Engine,
    schedule: &Schedule,
    runs_max: u32,
    path: Option<&Path>,
    stop: &AtomicBool,
    output: &mut Output,
) -> Result<Option<Shrunk<Breach>>, Refusal> {
    let Some(shrunk) = shrink_while_shown(engine, schedule, runs_max, stop) else {
        return Ok(None);
    };
    output.print(&story(schedule, &shrunk))?;
    output.print(&from_first_fault(engine, &shrunk.schedule))?;
    output.print(&failure::headline(&shrunk.schedule, &shrunk.failure))?;
    output.print(&format!("replay: {}\n", failure::replay_command(engine, &shrunk.schedule)))?;
    let path = match path {
        Some(path) => path.to_owned(),
        None => free_path(&shrunk.schedule)?,
    };
    corpus::write(&path, &shrunk.schedule)?;
    output.print(&format!("stored: {}\n", path.display()))?;
    Ok(Some(shrunk))
}

/// What happened from a little before the first fault on, as far as it is not too much to read.
fn from_first_fault(engine: Engine, schedule: &Schedule) -> String {
    let timeline = match schedule.faults.first() {
        Some(fault) => {
            let starts = fault.at_ms.saturating_sub(BEFORE_FAULT_MS);
            Timeline::with_last(SHRUNK_LINES_MAX).starting_at(Instant::from_millis(starts.into()))
        }
        None => Timeline::with_last(failure::LAST_LINES),
    };
    let timeline = world::watch_on(engine, schedule, timeline, &mut Blind).timeline;
    let before = match timeline.left_out() {
        0 => String::new(),
        left_out => format!(
            "({} happened before and {} left out)\n",
            counted(left_out, "event"),
            if left_out == 1 { "is" } else { "are" }
        ),
    };
    format!("{before}{timeline}")
}

fn shrink_while_shown(
    engine: Engine,
    schedule: &Schedule,
    runs_max: u32,
    stop: &AtomicBool,
) -> Option<Shrunk<Breach>> {
    let spinner = Spinner::new(runs_max);
    // only what a single run does not show is looked for in two
    let once = |schedule: &Schedule| engine.judge(schedule);
    let twice = guarded(once, schedule, false).is_ok_and(|report| report.breach.is_none());
    let judge = |candidate: &Schedule| match guarded(once, candidate, twice) {
        Ok(report) => report.breach,
        Err(breach) => Some(breach),
    };
    let alike = |first: &Breach, other: &Breach| first.promise == other.promise;
    let watch = |progress: shrink::Progress| {
        spinner.step(progress.runs, progress.faults);
        if stop.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    shrink::shrink(schedule, runs_max, judge, alike, watch)
}

fn story(before: &Schedule, shrunk: &Shrunk<Breach>) -> String {
    let ending = match shrunk.ending {
        Ending::Minimal => "nothing more can go",
        Ending::BudgetSpent => "more runs (--runs) might shrink it further",
        Ending::Interrupted => "interrupted",
    };
    let size = |schedule: &Schedule| {
        let faults = counted(schedule.faults.len() as u64, "fault");
        format!("{faults} in {}", span(u128::from(schedule.duration_ms) * 1_000))
    };
    format!(
        "shrunk from {} to {} with {}: {ending}\n",
        size(before),
        size(&shrunk.schedule),
        counted(u64::from(shrunk.runs), "run"),
    )
}

/// A file for this schedule that overwrites no other one: `fivewire-SCENARIO-SEED.json`, with a
/// number where that is taken.
fn free_path(schedule: &Schedule) -> io::Result<PathBuf> {
    let stem = format!("fivewire-{}-{}", schedule.scenario, schedule.seed);
    let mut path = PathBuf::from(format!("{stem}.json"));
    let mut number = 2;
    while path.try_exists()? && corpus::read(&path).ok().as_ref() != Some(schedule) {
        path = PathBuf::from(format!("{stem}-{number}.json"));
        number += 1;
    }
    Ok(path)
}
