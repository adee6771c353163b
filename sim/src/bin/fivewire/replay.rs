//! `fivewire replay`

use std::io::{self, Read};
use std::path::Path;

use fivewire_sim::corpus::{self, CorpusError};
use fivewire_sim::schedule::Schedule;

use crate::cli::ReplayArguments;
use crate::output::Output;
use crate::run::show;
use crate::{Refusal, Verdict};

/// Runs stored schedules, one after the other. All are read before the first one runs.
pub(crate) fn execute(
    arguments: &ReplayArguments,
    output: &mut Output,
) -> Result<Verdict, Refusal> {
    let sources = arguments.sources.iter();
    let schedules: Vec<_> = sources.map(|source| load(source)).collect::<Result<_, _>>()?;
    let engine = arguments.place.engine;
    schedules.iter().try_for_each(|schedule| engine.fits(schedule))?;
    let mut verdict = Verdict::Kept;
    for schedule in &schedules {
        if show(engine, schedule, &arguments.view, output)? == Verdict::Broken {
            verdict = Verdict::Broken;
        }
    }
    Ok(verdict)
}

/// The schedule that an argument means: itself, standard input or a file.
pub(crate) fn load(source: &str) -> Result<Schedule, CorpusError> {
    if source.trim_start().starts_with('{') {
        return corpus::parse("command line", source);
    }
    if source == "-" {
        let mut text = String::new();
        return match io::stdin().read_to_string(&mut text) {
            Ok(_) => corpus::parse("standard input", &text),
            Err(error) => Err(CorpusError::File { path: "standard input".into(), error }),
        };
    }
    corpus::read(Path::new(source))
}
