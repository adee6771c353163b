//! Runs the ESP8266's firmware in QEMU, on a bench with a host and a broker.

mod board;
mod executed;
mod host;
mod pair;
mod protocol;
mod radio;
mod story;

use std::path::Path;

use anyhow::{Result, ensure};

use crate::elf::Elf;
use crate::{budget, esp8266};

/// Tells the same story twice, compares the traces, and checks that all that is never executed is known.
///
/// # Errors
/// A promise is broken, the two runs differ, or a function that no run executes is not listed.
pub fn esp8266(root: &Path) -> Result<()> {
    let elf = esp8266::build_emulated(root)?;
    let first = story::tell(&elf, None)?;
    println!("{first}");
    let second = story::tell(&elf, None)?;
    ensure!(
        first.trace_hash == second.trace_hash,
        "two runs with the same seed differ: {} and {}",
        first.trace_hash,
        second.trace_hash
    );
    println!("trace {}, twice", first.trace_hash);
    budget::check_stack(root, first.stack_bytes)?;

    // Which functions are executed shows only where none is part of another one.
    let elf = esp8266::build_outlined(root)?;
    let scratch = tempfile::tempdir()?;
    story::tell(&elf, Some(scratch.path()))?;
    executed::check(root, &Elf::read(&elf)?, scratch.path())
}
