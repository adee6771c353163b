//! What can be asked for on the command line.

use std::num::{IntErrorKind, NonZeroUsize};
use std::ops::Range;
use std::path::PathBuf;

use clap::ValueEnum;
use clap::{Args, Parser, Subcommand};
use fivewire_sim::catalogue;
use fivewire_sim::schedule::{self, Schedule};
use fivewire_sim::shrink::RUNS_MAX_DEFAULT;
use fivewire_sim::sweep::Shard;

use crate::Refusal;
use crate::engine::Engine;

const ABOUT: &str = "Runs fivewire's machines through simulated trouble and checks every promise";

/// Only a build that has that engine advertises it.
const TURMOIL_EXAMPLE: &str = if cfg!(feature = "turmoil") {
    "  fivewire --engine turmoil --seeds 0..200      the tokio adapter, compared with the machines\n"
} else {
    ""
};

const EXAMPLES: &str = "\
Examples:
  fivewire                                      10,000 seeds of one hour each
  fivewire --seeds 0..200                       a quick look
  fivewire --scenario esp-crash --seeds 0..500  one family of trouble
  fivewire --shard 2/4 --json part2.json        the second quarter, on the second of four machines
  fivewire run --scenario swarm --seed 42       one run, event by event
  fivewire run --scenario wires --seed 7 --vcd wires.vcd
                                                the same with every edge on the five wires
  fivewire replay fivewire-swarm-42.json        a stored run, event by event
  fivewire run --scenario swarm --seed 42 --record esp.fwrec --machine esp
                                                the same, and what the ESP8266's end was told and said
  fivewire replay greenhouse-7.fwrec            what a real client recorded, byte for byte
  fivewire shrink fivewire-swarm-42.json        the few faults that matter
";

const AFTERWORD: &str = "
A seed is a whole run: the same seed, version and scenario give the same trace on every machine.
What must last is stored as a schedule (shrink writes one), because a later version may draw
another schedule from the same seed.

Exit codes:
  0    every promise kept, and in a full sweep every mark hit that its mixture can reach
  1    a promise broken, also by what `shrink` is given; engines that disagree; or something that a
       full sweep must reach and never did: a mark, a cell of the matrix, an effect, a judgement
  2    wrong usage, or a file that cannot be read or written
  130  interrupted; what is known so far was printed";

#[derive(Parser)]
#[command(name = "fivewire", version, about = ABOUT)]
#[command(after_help = format!("{EXAMPLES}{TURMOIL_EXAMPLE}{AFTERWORD}"))]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) sweep: SweepArguments,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run many seeds and check every promise (this is what `fivewire` alone does)
    Sweep(SweepArguments),
    /// Run one seed and print what happened, event by event
    Run(RunArguments),
    /// Run stored schedules, or replay recordings, and print what happened
    Replay(ReplayArguments),
    /// Reduce a failing schedule to the few faults that matter, and store it
    Shrink(ShrinkArguments),
    /// List the scenarios
    List,
}

/// A machine of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Recordable {
    /// The client, where the application calls it itself
    Client,
    /// The bridge's end at the host
    Host,
    /// The bridge's end at the ESP8266
    Esp,
}

/// How closely the link between host and ESP8266 is simulated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Fidelity {
    /// Whole frames, each of which takes its time
    Frame,
    /// Every edge on five wires, with a link machine at either end
    Wire,
}

impl Fidelity {
    /// Refuses a fidelity for a link that no run of these topologies has.
    pub(crate) fn require_link(
        asked: Option<Self>,
        engine: Engine,
        topologies: impl IntoIterator<Item = schedule::Topology>,
    ) -> Result<(), Refusal> {
        let is_bridge = |topology| topology == schedule::Topology::Bridge;
        if asked.is_none() || topologies.into_iter().any(is_bridge) {
            return Ok(());
        }
        let instead = engine.where_links_are();
        Err(format!("--fidelity: there is no link in these runs; {instead}").into())
    }

    /// The schedule at the fidelity that was asked for, if one was.
    pub(crate) fn apply(asked: Option<Self>, schedule: Schedule) -> Schedule {
        match asked {
            None => schedule,
            Some(fidelity) => schedule.at_fidelity(fidelity.into()),
        }
    }
}

impl From<Fidelity> for schedule::Fidelity {
    fn from(fidelity: Fidelity) -> Self {
        match fidelity {
            Fidelity::Frame => Self::Frame,
            Fidelity::Wire => Self::Wire,
        }
    }
}

#[derive(Args)]
pub(crate) struct SweepArguments {
    /// Run this scenario instead of the default mixture; can be given several times
    ///
    /// `fivewire list` says which there are; `all` stands for every one. Without this option three
    /// of every four seeds run `swarm` and the fourth runs `client`, so that both topologies are
    /// covered.
    #[arg(long, value_name = "NAME", value_parser = scenario_or_all)]
    pub(crate) scenario: Vec<String>,
    /// Simulate the link like this, whatever the scenario does by itself; scenarios without a bridge
    /// have no link
    #[arg(long, value_name = "HOW")]
    pub(crate) fidelity: Option<Fidelity>,
    /// The seeds, from A up to but without B
    ///
    /// A full sweep (10,000 seeds or more of the default mixture, or 500 of `wires`, in one piece)
    /// must also reach every mark, every cell of the matrix and every kind of fault that its
    /// mixture can reach. Any other sweep reports what it never reached, but does not fail for it.
    ///
    #[cfg_attr(feature = "turmoil", doc = "[default: 0..10000, and 0..100 with --engine turmoil]")]
    #[cfg_attr(not(feature = "turmoil"), doc = "[default: 0..10000]")]
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    pub(crate) seeds: Option<Range<u64>>,
    #[command(flatten)]
    pub(crate) place: Place,
    /// Threads [default: one per processor]
    #[arg(long, value_name = "N", value_parser = jobs)]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Run only the I-th of N equal parts of the seeds, from 1
    #[arg(long, value_name = "I/N", value_parser = shard)]
    #[arg(default_value = "1/1", hide_default_value = true)]
    pub(crate) shard: Shard,
    /// Also write the result as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Spend at most this many runs on shrinking the first failure; 0 leaves it alone
    ///
    /// The result is printed and stored as fivewire-SCENARIO-SEED.json in the current directory.
    #[arg(long, value_name = "N", default_value_t = RUNS_MAX_DEFAULT)]
    pub(crate) shrink_runs: u32,
}

/// Where schedules are run.
#[derive(Args)]
pub(crate) struct Place {
    /// The world that schedules are run in
    #[arg(long, value_enum, value_name = "NAME", default_value_t, hide_default_value = true)]
    pub(crate) engine: Engine,
}

#[derive(Args)]
pub(crate) struct RunArguments {
    /// The scenario, one of `fivewire list`
    #[arg(long, value_name = "NAME", value_parser = scenario)]
    pub(crate) scenario: &'static catalogue::Scenario,
    /// The seed
    #[arg(long, value_name = "N", value_parser = seed, allow_negative_numbers = true)]
    pub(crate) seed: u64,
    /// Simulate the link like this, whatever the scenario does by itself
    #[arg(long, value_name = "HOW")]
    pub(crate) fidelity: Option<Fidelity>,
    /// Also write the five wires for a logic analyser's viewer, such as GTKWave or PulseView
    ///
    /// Needs a run in which they are simulated: `--scenario wires` (a minute or two, some 10 MB), or
    /// `--fidelity wire` (an hour, some 200 MB).
    #[arg(long, value_name = "FILE")]
    pub(crate) vcd: Option<PathBuf>,
    /// Also write what a machine was told and said, for `fivewire replay`
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Record this machine, instead of the one that the application calls
    #[arg(long, value_name = "MACHINE", requires = "record")]
    pub(crate) machine: Option<Recordable>,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) view: View,
}

#[derive(Args)]
pub(crate) struct ReplayArguments {
    /// Files with a schedule or a recording, or schedules themselves as one line of JSON; `-` is
    /// standard input
    #[arg(value_name = "FILE-or-LINE", required = true)]
    pub(crate) sources: Vec<String>,
    /// Replay a recording that is damaged or cut off up to that place, instead of refusing it
    #[arg(long)]
    pub(crate) partial: bool,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) view: View,
}

/// How much of a run is shown.
#[derive(Args)]
pub(crate) struct View {
    /// Print only the last N lines of the timeline; 0 prints only the verdict
    #[arg(long, value_name = "N")]
    pub(crate) last: Option<usize>,
}

#[derive(Args)]
pub(crate) struct ShrinkArguments {
    /// A file with a schedule, or the schedule itself as one line of JSON; `-` is standard input
    #[arg(value_name = "FILE-or-LINE")]
    pub(crate) source: String,
    /// Where the result goes [default: fivewire-SCENARIO-SEED.json in the current directory]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: Place,
    /// Spend at most this many runs
    #[arg(long, value_name = "N", default_value_t = RUNS_MAX_DEFAULT)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) runs: u32,
}

/// Stands for every scenario.
pub(crate) const ALL: &str = "all";

fn scenario(name: &str) -> Result<&'static catalogue::Scenario, String> {
    if name == ALL {
        return Err("`all` is for `sweep`: a run is one of one scenario".to_owned());
    }
    catalogue::find(name).map_err(|unknown| unknown.to_string())
}

fn scenario_or_all(name: &str) -> Result<String, catalogue::UnknownScenario> {
    if name != ALL {
        catalogue::find(name)?;
    }
    Ok(name.to_owned())
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let expected = || "expected A..B with A below B, for example 0..10000".to_owned();
    let (start, end) = text.split_once("..").ok_or_else(expected)?;
    let range = number(start, expected)?..number(end, expected)?;
    if range.is_empty() { Err(expected()) } else { Ok(range) }
}

fn seed(text: &str) -> Result<u64, String> {
    number(text, || "expected one number, for example 42".to_owned())
}

fn number(text: &str, expected: impl FnOnce() -> String) -> Result<u64, String> {
    text.parse::<u64>().map_err(|error| match error.kind() {
        IntErrorKind::PosOverflow => format!("{text} is too large: a seed is at most {}", u64::MAX),
        _ => expected(),
    })
}

fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    let jobs = text.parse::<usize>().ok().filter(|jobs| (1..=1_024).contains(jobs));
    jobs.and_then(NonZeroUsize::new).ok_or_else(|| "expected a number from 1 to 1024".to_owned())
}

fn shard(text: &str) -> Result<Shard, String> {
    let shard = text
        .split_once('/')
        .and_then(|(index, count)| Shard::new(index.parse().ok()?, count.parse().ok()?));
    shard.ok_or_else(|| "expected I/N with I from 1 to N, for example 2/4".to_owned())
}
