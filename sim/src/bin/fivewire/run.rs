//! `fivewire run`, and the view of a single run that `replay` shares.

use fivewire_sim::schedule::Schedule;

use crate::cli::{Fidelity, RunArguments, View};
use crate::failure;
use crate::format::{counted, span};
use crate::output::Output;
use crate::world::{self, Watched};
use crate::{Refusal, Verdict};

/// Draws a schedule, runs it and shows it.
pub(crate) fn execute(arguments: &RunArguments, output: &mut Output) -> Result<Verdict, Refusal> {
    let drawn = arguments.scenario.schedule(arguments.seed);
    show(&Fidelity::apply(arguments.fidelity, drawn), &arguments.view, output)
}

/// Runs a schedule; prints its timeline, its verdict and the command that replays it.
pub(crate) fn show(
    schedule: &Schedule,
    view: &View,
    output: &mut Output,
) -> Result<Verdict, Refusal> {
    let watched = world::watch(schedule, view.last.unwrap_or(usize::MAX));
    if view.last != Some(0) {
        output.print(&watched.timeline.to_string())?;
    }
    output.print(&figures(schedule, &watched))?;
    let verdict = match watched.breach() {
        Some(breach) => {
            output.print(&failure::headline(schedule, breach))?;
            Verdict::Broken
        }
        None => {
            output.print("every promise kept\n")?;
            Verdict::Kept
        }
    };
    output.print(&format!("replay: {}\n", failure::replay_command(schedule)))?;
    Ok(verdict)
}

fn figures(schedule: &Schedule, watched: &Watched) -> String {
    let Ok(report) = &watched.result else {
        return String::new();
    };
    format!(
        "{} seed {}: {}, {}, {} of virtual time, trace hash {:016x}\n",
        schedule.scenario,
        schedule.seed,
        counted(schedule.faults.len() as u64, "fault"),
        counted(report.events, "event"),
        span(u128::from(report.virtual_us)),
        report.hash,
    )
}
