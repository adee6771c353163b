//! `fivewire run`, and the view of a single run that `replay` shares.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use fivewire_sim::corpus::CorpusError;
use fivewire_sim::observation::Observer;
use fivewire_sim::schedule::{Schedule, Topology};
use fivewire_sim::trace::{Blind, Wave};

use crate::cli::{Fidelity, RunArguments, View};
use crate::engine::Engine;
use crate::failure;
use crate::format::{counted, span};
use crate::output::Output;
use crate::recording;
use crate::world::{self, Watched};
use crate::{Refusal, Verdict};

/// Draws a schedule, runs it and shows it.
pub(crate) fn execute(arguments: &RunArguments, output: &mut Output) -> Result<Verdict, Refusal> {
    let engine = arguments.place.engine;
    if arguments.vcd.is_some() && arguments.vcd == arguments.record {
        return Err("--vcd and --record name the same file".into());
    }
    let drawn = engine.schedule(arguments.scenario, arguments.seed)?;
    Fidelity::require_link(arguments.fidelity, engine, [drawn.setup.topology])?;
    let schedule = Fidelity::apply(arguments.fidelity, drawn);
    if arguments.vcd.is_some() && !schedule.setup.has_wires() {
        return Err(no_wires(engine, &schedule));
    }
    if let Some(path) = &arguments.record {
        recording::write(engine, &schedule, arguments.machine, path)?;
    }
    let verdict = match &arguments.vcd {
        None => show(engine, &schedule, &arguments.view, output),
        Some(path) => show_wires(engine, &schedule, &arguments.view, path, output),
    }?;
    for path in [&arguments.record, &arguments.vcd].into_iter().flatten() {
        output.print(&format!("stored: {}\n", path.display()))?;
    }
    Ok(verdict)
}

/// Why the wires of this run are not written.
fn no_wires(engine: Engine, schedule: &Schedule) -> Refusal {
    let instead = match schedule.setup.topology {
        Topology::Bridge => "add --fidelity wire".to_owned(),
        Topology::Client => format!("{}, and add --fidelity wire", engine.where_links_are()),
    };
    format!("--vcd: this run has no wires; {instead}").into()
}

/// The same, and writes the wires to a file.
fn show_wires(
    engine: Engine,
    schedule: &Schedule,
    view: &View,
    path: &Path,
    output: &mut Output,
) -> Result<Verdict, Refusal> {
    let file_error = |error| CorpusError::File { path: path.to_owned(), error };
    let file = File::create(path).map_err(file_error)?;
    let mut wave = Wave::new(BufWriter::new(file)).map_err(file_error)?;
    let verdict = show_watched(engine, schedule, view, &mut wave, output)?;
    wave.finish().map_err(file_error)?;
    Ok(verdict)
}

/// Runs a schedule; prints its timeline, its verdict and the command that replays it.
pub(crate) fn show(
    engine: Engine,
    schedule: &Schedule,
    view: &View,
    output: &mut Output,
) -> Result<Verdict, Refusal> {
    show_watched(engine, schedule, view, &mut Blind, output)
}

fn show_watched(
    engine: Engine,
    schedule: &Schedule,
    view: &View,
    extra: &mut dyn Observer,
    output: &mut Output,
) -> Result<Verdict, Refusal> {
    let watched = world::watch(engine, schedule, view.last.unwrap_or(usize::MAX), extra);
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
    output.print(&format!("replay: {}\n", failure::replay_command(engine, schedule)))?;
    if verdict == Verdict::Broken {
        output.print("to shrink it: the same command with `shrink` instead of `replay`\n")?;
    }
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
