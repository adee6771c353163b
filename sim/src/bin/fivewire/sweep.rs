//! `fivewire sweep`

use std::fs::File;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use fivewire_sim::catalogue::{self, Scenario};
use fivewire_sim::corpus;
use fivewire_sim::schedule::{Schedule, Topology};
use fivewire_sim::sweep::{self, DrawSeed, Failure, Plan, Reach};
use fivewire_sim::trace::Blind;

use crate::cli::{ALL, Fidelity, SweepArguments};
#[cfg(feature = "turmoil")]
use crate::cross_check::CrossChecks;
use crate::engine::Engine;
use crate::output::{Output, complain};
use crate::progress::Meter;
use crate::shrink::shrink_and_store;
use crate::summary::Summary;
use crate::{Refusal, Verdict, failure, interrupt, world};

/// Runs the seeds, prints the table, and shows and shrinks the first failure.
pub(crate) fn execute(arguments: &SweepArguments, output: &mut Output) -> Result<Verdict, Refusal> {
    let stop = interrupt::flag()?;
    let scenarios = chosen(&arguments.scenario);
    let engine = arguments.place.engine;
    let scenarios = fitting(engine, &arguments.scenario, scenarios)?;
    Fidelity::require_link(arguments.fidelity, engine, topologies(engine, &scenarios))?;
    let at = |schedule| Fidelity::apply(arguments.fidelity, schedule);
    let draw = |scenario: &'static Scenario, seed| {
        at(engine.schedule(scenario, seed).unwrap_or_else(|_| panic!("{} fits", scenario.name)))
    };
    let draws: Vec<_> =
        scenarios.iter().map(|&scenario| move |seed| draw(scenario, seed)).collect();
    let by_seed = |seed| at(engine.default_for(seed));
    let plan = Plan {
        scenarios: if draws.is_empty() {
            vec![&by_seed]
        } else {
            draws.iter().map(|draw| draw as DrawSeed<'_>).collect()
        },
        seeds: arguments.seeds.clone().unwrap_or(0..engine.default_seeds()),
        shard: arguments.shard,
        jobs: arguments.jobs.unwrap_or_else(processors),
    };
    if plan.is_empty() {
        return Err(format!("--shard: there is no seed in part {}", plan.shard).into());
    }
    // opened before anything runs: nobody wants to learn after an hour that it cannot be written
    let json = arguments.json.as_deref().map(create).transpose()?;
    let meter = Meter::new(plan.len());
    #[cfg(feature = "turmoil")]
    let cross_checks = CrossChecks::default();
    let judge = |schedule: &Schedule| match engine {
        Engine::Events => engine.judge(schedule),
        #[cfg(feature = "turmoil")]
        Engine::Turmoil => cross_checks.judge(schedule),
    };
    let totals = sweep::sweep(&plan, judge, |step| meter.step(step), &stop)?;
    let stopwatch = meter.finish();
    let reach = reach(engine, &scenarios, arguments.fidelity);
    let is_mixture = scenarios.is_empty();
    let mut summary = Summary::new(engine, &plan, is_mixture, &totals, reach, &stopwatch);
    #[cfg(feature = "turmoil")]
    if engine == Engine::Turmoil {
        summary.compared(cross_checks.summary());
    }
    output.print(&summary.to_string())?;
    output.flush()?;
    if let Some(first) = &totals.first_failure {
        let runs_max = engine.shrink_runs_max(arguments.shrink_runs);
        summary.shrunk = show_failure(engine, first, runs_max, &stop, output)?;
    }
    if let Some((mut file, path)) = json {
        let written = serde_json::to_writer_pretty(&mut file, &summary).map_err(Into::into);
        written.and_then(|()| file.write_all(b"\n")).map_err(|error| file_error(path, error))?;
    }
    Ok(summary.verdict)
}

fn create(path: &Path) -> Result<(File, &Path), corpus::CorpusError> {
    File::create(path).map(|file| (file, path)).map_err(|error| file_error(path, error))
}

fn file_error(path: &Path, error: std::io::Error) -> corpus::CorpusError {
    corpus::CorpusError::File { path: path.to_owned(), error }
}

fn processors() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// The scenarios asked for, each once, in the order of the catalogue. None: the default mixture.
fn chosen(names: &[String]) -> Vec<&'static Scenario> {
    let everything = names.iter().any(|name| name == ALL);
    let wanted = |scenario: &&Scenario| {
        names.iter().any(|name| name == scenario.name) || (everything && !scenario.is_canary())
    };
    catalogue::ALL.iter().filter(wanted).collect()
}

/// What runs of these scenarios may reach, or of the default mixture if there are none.
fn reach(engine: Engine, scenarios: &[&'static Scenario], fidelity: Option<Fidelity>) -> Reach {
    let mixture = engine.default_scenarios();
    let scenarios = if scenarios.is_empty() { &mixture } else { scenarios };
    scenarios.iter().fold(Reach::NOTHING, |sum, one| sum.or(&engine.reach(one, fidelity)))
}

/// What is simulated in runs of these scenarios, or of the default mixture if there are none.
fn topologies(engine: Engine, scenarios: &[&'static Scenario]) -> Vec<Topology> {
    let mixture = engine.default_scenarios();
    let scenarios = if scenarios.is_empty() { &mixture } else { scenarios };
    let schedules = scenarios.iter().flat_map(|scenario| engine.schedule(scenario, 0));
    schedules.map(|schedule| schedule.setup.topology).collect()
}

/// The scenarios that the engine can run. One that was asked for by name must be among them.
fn fitting(
    engine: Engine,
    names: &[String],
    mut scenarios: Vec<&'static Scenario>,
) -> Result<Vec<&'static Scenario>, Refusal> {
    for scenario in &scenarios {
        if names.iter().any(|name| name == scenario.name) {
            engine.schedule(scenario, 0)?;
        }
    }
    scenarios.retain(|scenario| engine.schedule(scenario, 0).is_ok());
    Ok(scenarios)
}

/// Shows a failure, then shrinks it. The shrunk schedule, if there is one.
fn show_failure(
    engine: Engine,
    first: &Failure,
    runs_max: u32,
    stop: &AtomicBool,
    output: &mut Output,
) -> Result<Option<Schedule>, Refusal> {
    let Failure { schedule, breach, .. } = first;
    output.print("\nfirst failure\n")?;
    let watched = world::watch(engine, schedule, failure::LAST_LINES, &mut Blind);
    output.print(&watched.timeline.to_string())?;
    output.print(&failure::headline(schedule, breach))?;
    // a seed of the other engine's default mixture has no name
    if engine == Engine::Events {
        let Schedule { scenario, seed, .. } = schedule;
        output.print(&format!("again:  fivewire run --scenario {scenario} --seed {seed}\n"))?;
    }
    output.print(&format!("replay: {}\n\n", failure::replay_command(engine, schedule)))?;
    output.flush()?;
    if runs_max == 0 || stop.load(Ordering::Relaxed) {
        return Ok(None);
    }
    match shrink_and_store(engine, schedule, runs_max, None, stop, output) {
        Ok(shrunk) => Ok(shrunk.map(|shrunk| shrunk.schedule)),
        // the sweep's verdict stands even where its result cannot be stored
        Err(refusal) => {
            complain(&format!("error: {refusal}\n"));
            Ok(None)
        }
    }
}
