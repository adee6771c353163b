//! Recordings: made by `fivewire run --record`, shown by `fivewire replay`.

use std::fs;
use std::path::Path;

use fivewire_sim::oracle::Promise;
use fivewire_sim::replay::{Report, check, replay};
use fivewire_sim::schedule::Schedule;
use fivewire_sim::trace::Timeline;

use crate::cli::View;
use crate::engine::Engine;
use crate::failure;
use crate::format::{counted, span};
use crate::output::Output;
use crate::{Refusal, Verdict};

/// A recording that may be replayed.
pub(crate) struct Recording {
    name: String,
    bytes: Vec<u8>,
}

impl Recording {
    /// Refuses one that is damaged, unless a part of it will do.
    pub(crate) fn new(name: &str, bytes: Vec<u8>, partial: bool) -> Result<Self, Refusal> {
        match check(&bytes) {
            Err(damage) if !partial => {
                Err(format!("{name}: {damage}; what comes before can be replayed with `--partial`")
                    .into())
            }
            _ => Ok(Self { name: name.to_owned(), bytes }),
        }
    }
}

/// Runs `schedule` and writes what its client was told and said. What is simulated has no secrets.
pub(crate) fn write(engine: Engine, schedule: &Schedule, path: &Path) -> Result<(), Refusal> {
    if schedule.setup.is_v5() {
        let why = "--record: this run speaks MQTT 5, which the recorder does not know; another seed of \
                   the scenario may speak MQTT 3.1.1";
        return Err(why.to_owned().into());
    }
    let Some(recording) = engine.record(schedule) else {
        return Err(format!(
            "--record: in the scenario `{}` the client is on the other end of a link; only a client \
             that the application calls itself is recorded, as in the scenario `client`",
            schedule.scenario
        )
        .into());
    };
    fs::write(path, recording).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Replays a recording; prints its timeline and its verdict.
pub(crate) fn show(
    recording: &Recording,
    view: &View,
    output: &mut Output,
) -> Result<Verdict, Refusal> {
    let mut timeline = Timeline::with_last(view.last.unwrap_or(usize::MAX));
    let report = replay(&recording.bytes, &mut timeline);
    if view.last != Some(0) {
        output.print(&timeline.to_string())?;
    }
    output.print(&figures(&recording.name, &report))?;
    if let Some(damage) = report.damage {
        output.print(&format!("replayed only up to there: {damage}\n"))?;
    }
    if let Some(difference) = &report.difference {
        output.print(&format!("{difference}\n"))?;
    }
    if let Some(breach) = &report.breach {
        output.print(&failure::described(&recording.name, breach))?;
    }
    if report.difference.is_some() || report.breach.is_some() {
        return Ok(Verdict::Broken);
    }
    output.print("the same to the last byte, and every promise kept that one end can show\n")?;
    Ok(Verdict::Kept)
}

fn figures(name: &str, report: &Report) -> String {
    let judged: Vec<_> = Promise::ALL
        .iter()
        .filter(|promise| report.checked[promise.index()] > 0)
        .map(|promise| format!("{} {}", promise.id(), report.checked[promise.index()]))
        .collect();
    format!(
        "{name}: {} in {}, {} compared, {}; judged: {}\n",
        counted(report.calls, "call"),
        counted(report.segments, "segment"),
        counted(report.outputs, "output"),
        span(u128::from(report.lasted_us)),
        judged.join(", "),
    )
}
