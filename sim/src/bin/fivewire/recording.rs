//! Recordings: made by `fivewire run --record`, shown by `fivewire replay`.

use std::fs;
use std::path::Path;

use fivewire_core::recorder::Machine;
use fivewire_sim::oracle::Promise;
use fivewire_sim::replay::{Report, check, recorded, replay};
use fivewire_sim::schedule::{Schedule, Topology};
use fivewire_sim::trace::Timeline;

use crate::cli::{Recordable, View};
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

    /// Why it is not replayed in an engine.
    pub(crate) fn no_engine(&self) -> Refusal {
        let name = &self.name;
        format!(
            "{name}: a recording is fed to a bare machine, and no engine runs: leave --engine out (to run \
             it all again in an engine, replay the schedule instead)"
        )
        .into()
    }
}

/// Runs `schedule` and writes what a machine in it was told and said: that which the application calls,
/// if no other is asked for. What is simulated has no secrets.
pub(crate) fn write(
    engine: Engine,
    schedule: &Schedule,
    asked: Option<Recordable>,
    path: &Path,
) -> Result<(), Refusal> {
    let machine = match (asked, schedule.setup.topology) {
        (Some(Recordable::Client), _) | (None, Topology::Client) => Machine::Client,
        (Some(Recordable::Host), _) | (None, Topology::Bridge) => Machine::BridgeHost,
        (Some(Recordable::Esp), _) => Machine::BridgeEsp,
    };
    let Some(recording) = engine.record(schedule, machine) else {
        let there = match schedule.setup.topology {
            Topology::Client => "a client: `--machine client`",
            Topology::Bridge => "both ends of a bridge: `--machine host`, `--machine esp`",
        };
        return Err(format!("--machine: this run has only {there}").into());
    };
    fs::write(path, recording).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Replays a recording; prints its timeline and its verdict.
pub(crate) fn show(
    recording: &Recording,
    view: &View,
    output: &mut Output,
) -> Result<Verdict, Refusal> {
    let shows_frames = recorded(&recording.bytes) != Some(Machine::Client);
    let timeline = Timeline::with_last(view.last.unwrap_or(usize::MAX));
    let mut timeline = timeline.show_frames(shows_frames);
    let report = replay(&recording.bytes, &mut timeline);
    if report.calls == 0 {
        return Err(format!("{}: nothing in it can be replayed", recording.name).into());
    }
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
    let is_judged = report.checked.iter().any(|count| *count > 0);
    let cut = if report.damage.is_some() { " that could be read" } else { "" };
    let kept = if is_judged { ", and every promise kept that one end can show" } else { "" };
    output.print(&format!("the same to the last byte{cut}{kept}\n"))?;
    Ok(Verdict::Kept)
}

fn figures(name: &str, report: &Report) -> String {
    let judged: Vec<_> = Promise::ALL
        .iter()
        .filter(|promise| report.checked[promise.index()] > 0)
        .map(|promise| format!("{} {}", promise.id(), report.checked[promise.index()]))
        .collect();
    let judged = if judged.is_empty() { "nothing".to_owned() } else { judged.join(", ") };
    format!(
        "{name}: {} in {}, {} compared, {}; judged: {judged}\n",
        counted(report.calls, "call"),
        counted(report.segments, "segment"),
        counted(report.outputs, "output"),
        span(u128::from(report.lasted_us)),
    )
}
