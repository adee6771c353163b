//! `fivewire replay`

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use fivewire_sim::catalogue;
use fivewire_sim::corpus::{self, CorpusError};
use fivewire_sim::replay::is_recording;
use fivewire_sim::schedule::Schedule;

use crate::cli::ReplayArguments;
use crate::engine::Engine;
use crate::output::{Output, complain};
use crate::recording::{self, Recording};
use crate::run::show;
use crate::{Refusal, Verdict};

/// What can be replayed.
enum Source {
    Schedule(Box<Schedule>),
    Recording(Recording),
}

/// Runs stored schedules and replays recordings, one after the other. All are read before the first one
/// runs.
pub(crate) fn execute(
    arguments: &ReplayArguments,
    output: &mut Output,
) -> Result<Verdict, Refusal> {
    let sources = arguments.sources.iter();
    let sources: Vec<_> =
        sources.map(|source| open(source, arguments.partial)).collect::<Result<_, _>>()?;
    let engine = arguments.place.engine;
    for source in &sources {
        match source {
            Source::Schedule(schedule) => engine.fits(schedule)?,
            // of a recording only the machine runs again, wherever it was made
            Source::Recording(recording) if engine != Engine::default() => {
                return Err(recording.no_engine());
            }
            Source::Recording(_) => {}
        }
    }
    let mut verdict = Verdict::Kept;
    for source in &sources {
        let found = match source {
            Source::Schedule(schedule) => show(engine, schedule, &arguments.view, output)?,
            Source::Recording(recording) => recording::show(recording, &arguments.view, output)?,
        };
        if found == Verdict::Broken {
            verdict = Verdict::Broken;
        }
    }
    Ok(verdict)
}

fn open(source: &str, partial: bool) -> Result<Source, Refusal> {
    if source.trim_start().starts_with('{') {
        return schedule("command line", source);
    }
    let (name, bytes) = read(source)?;
    if is_recording(&bytes) {
        return Ok(Source::Recording(Recording::new(name, bytes, partial)?));
    }
    let begins_as_json = bytes.trim_ascii_start().starts_with(b"{");
    match String::from_utf8(bytes) {
        Ok(text) if begins_as_json => schedule(name, &text),
        _ => Err(format!(
            "{name}: this is neither a schedule (JSON, as `fivewire shrink` stores it) nor a recording \
             (as `fivewire run --record` makes it)"
        )
        .into()),
    }
}

fn schedule(name: &str, text: &str) -> Result<Source, Refusal> {
    let schedule = corpus::parse(name, text)?;
    // others name their own scenarios; one of these, misspelt, would lose what belongs to it in silence
    if catalogue::find(&schedule.scenario).is_err() {
        let scenario = &schedule.scenario;
        complain(&format!(
            "note: {name}: scenario {scenario:?} is none of `fivewire list`, and here only a name\n"
        ));
    }
    Ok(Source::Schedule(Box::new(schedule)))
}

/// The schedule that an argument means: itself, standard input or a file.
pub(crate) fn load(source: &str) -> Result<Schedule, Refusal> {
    match open(source, true)? {
        Source::Schedule(schedule) => Ok(*schedule),
        Source::Recording(_) => Err(format!(
            "{source}: this is a recording, and only a schedule can be shrunk; `fivewire replay` shows it"
        )
        .into()),
    }
}

fn read(source: &str) -> Result<(&str, Vec<u8>), CorpusError> {
    let mut bytes = Vec::new();
    let (name, result) = if source == "-" {
        ("standard input", io::stdin().read_to_end(&mut bytes).map(|_| ()))
    } else {
        (source, fs::read(Path::new(source)).map(|read| bytes = read))
    };
    match result {
        Ok(()) => Ok((name, bytes)),
        Err(error) => Err(CorpusError::File { path: name.into(), error }),
    }
}
