//! The `fivewire` command: sweeps seeds, shows one run, replays and shrinks stored schedules.

mod cli;
#[cfg(feature = "turmoil")]
mod cross_check;
mod engine;
mod failure;
mod format;
mod interrupt;
mod list;
mod output;
mod progress;
mod recording;
mod replay;
mod run;
mod shrink;
mod stopwatch;
mod summary;
mod sweep;
mod table;
mod world;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use output::Output;

/// What a command found out, as the shell sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    /// All promises kept, and everything reached that had to be.
    Kept,
    /// A promise broken, or something never reached.
    Broken,
    /// Ctrl-C.
    Interrupted,
}

impl Verdict {
    const fn exit_code(self) -> u8 {
        match self {
            Self::Kept => 0,
            Self::Broken => 1,
            Self::Interrupted => 130,
        }
    }
}

/// Why a command could not do what it was asked: exit code 2.
type Refusal = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut output = Output::new();
    let result = match &cli.command {
        None => sweep::execute(&cli.sweep, &mut output),
        Some(Command::Sweep(arguments)) => sweep::execute(arguments, &mut output),
        Some(Command::Run(arguments)) => run::execute(arguments, &mut output),
        Some(Command::Replay(arguments)) => replay::execute(arguments, &mut output),
        Some(Command::Shrink(arguments)) => shrink::execute(arguments, &mut output),
        Some(Command::List) => list::execute(&mut output),
    };
    match result.and_then(|verdict| Ok(output.flush().map(|()| verdict)?)) {
        Ok(verdict) => ExitCode::from(verdict.exit_code()),
        Err(refusal) => {
            output::complain(&format!("error: {refusal}\n"));
            ExitCode::from(2)
        }
    }
}
