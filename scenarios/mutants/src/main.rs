//! Every mutant of fivewire's machines in one build, and which of them the swarm kills.
//!
//! `cargo mutants` knows what to change, but builds everything anew for each change: days, for more
//! than two thousand of them. Here each is behind a question that is answered at run time, so all of
//! them are built once, in a copy of the workspace, and judged in minutes.

mod judge;
mod list;
mod plant;
mod report;
mod tree;

use std::fs::File;
use std::io::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{io, thread};

use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use thiserror::Error;

use crate::judge::{Fate, judge, swarm};
use crate::list::Mutant;
use crate::report::Judged;
use crate::tree::Tree;

/// What a mutant may take at least that makes the machines do something for ever.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many times as long as the machines take without a mutant.
const PATIENCE_TIMES: u32 = 10;
/// How long those may take.
const BASELINE_PATIENCE: Duration = Duration::from_secs(600);

/// What went wrong.
#[derive(Debug, Error)]
enum Error {
    /// It is not installed, most likely.
    #[error("cargo cannot be started: {0}")]
    Cargo(io::Error),
    /// It said why.
    #[error("no list of mutants: is cargo-mutants installed? `cargo install cargo-mutants`")]
    NoList,
    /// A list or a result that makes no sense.
    #[error("cannot be understood: {0}")]
    Json(#[from] serde_json::Error),
    /// A file or a process.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A file of the machines.
    #[error("is no Rust: {0}")]
    Syntax(#[from] syn::Error),
    /// It is about no mutant.
    #[error("the compiler complains about more than mutants:\n{0}")]
    Compiler(String),
    /// The measurement would be worth nothing.
    #[error("without a mutant the swarm says {0:?}")]
    Baseline(Fate),
}

/// Judges every mutant of the core's session, client and bridge by the promises of the swarm.
///
/// Needs, besides Rust: cargo install cargo-mutants
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Task>,
    /// The runs of the swarm that each mutant has to get through
    #[arg(long, default_value = "0..300", value_parser = seeds, value_name = "A..B")]
    seeds: Range<u64>,
    /// Mutants judged at the same time
    #[arg(long, default_value_t = thread::available_parallelism().map_or(1, usize::from))]
    jobs: usize,
    /// Only mutants whose name contains this, for example `session/inbound.rs` or `replace == with !=`
    #[arg(long, default_value = "")]
    only: String,
    /// Only mutants that lived, by what an earlier run wrote
    #[arg(long, value_name = "FILE")]
    again: Option<PathBuf>,
    /// Where the fate of each is written, a line of JSON each [default: target/mutants/fates.jsonl]
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// What each mutant is judged by, in a process of its own
    #[command(hide = true)]
    Swarm {
        #[arg(long, value_parser = seeds)]
        seeds: Range<u64>,
    },
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let parsed =
        text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    parsed.filter(|range| !range.is_empty()).ok_or_else(|| format!("`{text}` is no range: 0..300"))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Task::Swarm { seeds }) = arguments.command {
        println!("{}", serde_json::json!(swarm(seeds)));
        return ExitCode::SUCCESS;
    }
    match measure(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments) -> Result<(), Error> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let work = root.join("target/mutants");
    let mutants = list::list(&root)?;
    println!("{} mutants", mutants.len());
    let tree = Tree::copy(&root, &work)?;
    let viable = tree.plant(&root, &mutants)?;
    println!("{} of them are Rust that runs; the others are none, or in constants", viable.len());
    let program = tree.build()?;
    let again = arguments.again.as_deref().map(report::survivors).transpose()?;
    let is_chosen = |number: &usize| {
        let name = &mutants[number - 1].name;
        name.contains(&arguments.only) && again.as_ref().is_none_or(|names| names.contains(name))
    };
    let chosen: Vec<_> = viable.into_iter().filter(is_chosen).collect();
    let file = arguments.json.clone().unwrap_or_else(|| work.join("fates.jsonl"));
    report::print(&judge_all(arguments, &program, &mutants, &chosen, File::create(file)?)?);
    Ok(())
}

fn judge_all(
    arguments: &Arguments,
    program: &Path,
    mutants: &[Mutant],
    chosen: &[usize],
    file: File,
) -> Result<Vec<Judged>, Error> {
    let seeds = format!("{}..{}", arguments.seeds.start, arguments.seeds.end);
    let began = now();
    let untouched = match judge(program, 0, &seeds, BASELINE_PATIENCE)? {
        Fate::Lived { hash } => hash,
        other => return Err(Error::Baseline(other)),
    };
    let patience = PATIENCE.max(began.elapsed() * PATIENCE_TIMES);
    let progress = Progress::new(chosen.len());
    let next = AtomicUsize::new(0);
    let judged = Mutex::new((Vec::new(), file));
    let work = || -> Result<(), Error> {
        while let Some(&number) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
            let fate = judge(program, number, &seeds, patience)?;
            let differs = fate != Fate::Lived { hash: untouched };
            let one = Judged { name: mutants[number - 1].name.clone(), fate, differs };
            let (all, file) = &mut *judged.lock().unwrap_or_else(PoisonError::into_inner);
            // at once: who interrupts this has what is known
            writeln!(file, "{}", serde_json::to_string(&one)?)?;
            all.push((number, one));
            progress.step(all.len());
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..arguments.jobs).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or(Ok(())))
    })?;
    let (mut judged, _) = judged.into_inner().unwrap_or_else(PoisonError::into_inner);
    judged.sort_by_key(|(number, _)| *number);
    Ok(judged.into_iter().map(|(_, one)| one).collect())
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long this machine takes decides when it is given up"
)]
fn now() -> Instant {
    Instant::now()
}

/// How far it is: a bar on a terminal, a line now and then elsewhere.
struct Progress {
    bar: ProgressBar,
    total: usize,
}

impl Progress {
    fn new(total: usize) -> Self {
        let bar = ProgressBar::new(total as u64);
        if let Ok(style) =
            ProgressStyle::with_template("{wide_bar} {pos}/{len} mutants, {eta} left")
        {
            bar.set_style(style);
        }
        Self { bar, total }
    }

    fn step(&self, done: usize) {
        self.bar.inc(1);
        if self.bar.is_hidden() && done.is_multiple_of(100) {
            eprintln!("{done} of {} mutants", self.total);
        }
    }
}
