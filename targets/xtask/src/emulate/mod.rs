//! Runs the firmware in emulators: the ESP8266's in QEMU, the Pico's in rp2040js, on a bench with a broker.

mod board;
mod executed;
mod glitch;
mod host;
mod host_end;
mod pair;
mod pico;
mod protocol;
mod radio;
mod schedule;
mod story;
mod trouble;

use std::path::Path;

use anyhow::{Result, ensure};

use crate::elf::Elf;
use crate::{budget, esp8266, rp2040};

/// As many seeds as `emulate pair` runs by itself: each kind of trouble at least once.
const SEEDS: u64 = 12;
/// What the emulated Pico is to do.
const EMULATED: &str = "targets/emulator/emulated.toml";

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

/// Runs seeded schedules with both firmwares; the first one, or the one of `seed`, twice.
///
/// # Errors
/// A publication is lost or comes in the wrong order, or the two runs differ.
pub fn pair(root: &Path, seed: Option<u64>) -> Result<()> {
    let esp = esp8266::build_emulated(root)?;
    let pico = rp2040::build(root, Some(&root.join(EMULATED)), "simple")?;
    let seeds = seed.map_or(0..SEEDS, |seed| seed..seed + 1);
    println!("{}", schedule::Report::HEAD);
    let again = schedule::run(root, &pico, &esp, seeds.start)?;
    println!("{again}");
    let mut lost = 0;
    for seed in seeds.clone() {
        let report = schedule::run(root, &pico, &esp, seed)?;
        println!("{report}");
        lost += usize::from(report.lost.is_some());
        ensure!(
            seed != seeds.start || report.trace_hash == again.trace_hash,
            "two runs of seed {seed} differ"
        );
    }
    ensure!(lost == 0, "{lost} of the runs lost a publication");
    Ok(())
}
