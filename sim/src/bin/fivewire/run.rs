//! `fivewire run`, and the view of a single run that `replay` shares.

use std::fs::File;
use std::io::BufWriter;

use fivewire_sim::corpus::CorpusError;
use fivewire_sim::observation::Observer;
use fivewire_sim::schedule::Schedule;
use fivewire_sim::trace::{Blind, Wave};

use crate::cli::{Fidelity, RunArguments, View};
use crate::failure;
use crate::format::{counted, span};
use crate::output::Output;
use crate::world::{self, Watched};
use crate::{Refusal, Verdict};

/// Draws a schedule, runs it and shows it.
pub(crate) fn execute(arguments: &RunArguments, output: &mut Output) -> Result<Verdict, Refusal> {
    let drawn = arguments.scenario.schedule(arguments.seed);
    let schedule = Fidelity::apply(arguments.fidelity, drawn);
    let Some(path) = &arguments.vcd else { return show(&schedule, &arguments.view, output) };
    if !schedule.setup.has_wires() {
        let refusal = "--vcd: this run has no wires; add --fidelity wire, and choose a scenario with a bridge";
        return Err(refusal.into());
    }
    let file_error = |error| CorpusError::File { path: path.clone(), error };
    let file = File::create(path).map_err(file_error)?;
    let mut wave = Wave::new(BufWriter::new(file)).map_err(file_error)?;
    let verdict = show_watched(&schedule, &arguments.view, &mut wave, output)?;
    wave.finish().map_err(file_error)?;
    Ok(verdict)
}

/// Runs a schedule; prints its timeline, its verdict and the command that replays it.
pub(crate) fn show(
    schedule: &Schedule,
    view: &View,
    output: &mut Output,
) -> Result<Verdict, Refusal> {
    show_watched(schedule, view, &mut Blind, output)
}

fn show_watched(
    schedule: &Schedule,
    view: &View,
    extra: &mut dyn Observer,
    output: &mut Output,
) -> Result<Verdict, Refusal> {
    let watched = world::watch(schedule, view.last.unwrap_or(usize::MAX), extra);
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
