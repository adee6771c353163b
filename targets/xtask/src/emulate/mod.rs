//! Runs the firmware in emulators: the ESP8266's in QEMU, the Pico's in rp2040js, on a bench with a
//! broker.

mod board;
mod esp;
mod executed;
mod flight;
mod glitch;
mod host;
mod host_end;
mod original;
mod pair;
mod pico;
mod pico_alone;
mod played;
mod protocol;
mod radio;
mod rate;
mod schedule;
mod side_by_side;
mod story;
mod trouble;

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use self::board::Speed;
use crate::elf::Elf;
use crate::{budget, esp8266, rp2040};

/// As many seeds as `emulate pair` runs by itself: each kind of trouble at least once.
const SEEDS: u64 = 10;
/// What the emulated Pico is to do.
const EMULATED: &str = "targets/emulator/emulated.toml";

/// Tells the same story twice, compares the traces, and checks that all that is never executed is
/// known.
///
/// # Errors
/// A promise is broken, the two runs differ, or a function that no run executes is not listed.
pub fn esp8266(root: &Path) -> Result<()> {
    let elf = esp8266::build_emulated(root)?;
    // Which functions are executed shows only where none is part of another one.
    let outlined = esp8266::build_outlined(root)?;
    let scratch = tempfile::tempdir()?;
    let jobs = [(&elf, None), (&elf, None), (&outlined, Some(scratch.path()))];
    let mut reports = Vec::new();
    side_by_side::run(
        jobs.into_iter(),
        |(elf, executed)| story::tell(elf, executed),
        |report| {
            reports.push(report);
            Ok(())
        },
    )?;
    let [first, second, _] = &reports[..] else { bail!("three runs have three reports") };
    println!("{first}");
    ensure!(
        first.trace_hash == second.trace_hash,
        "two runs with the same seed differ: {} and {}",
        first.trace_hash,
        second.trace_hash
    );
    println!("trace {}, twice", first.trace_hash);
    let budgets = budget::read(root)?;
    ensure!(
        budget::compare_stack(&budgets, "esp8266", first.stack_bytes)?,
        "the stack is deeper than its budget"
    );
    executed::check(root, &Elf::read(&outlined)?, scratch.path())
}

/// Runs the firmware for the predecessor's driver with a host that has it, twice.
///
/// # Errors
/// A publication is lost or comes in the wrong order, or the two runs differ.
pub fn original(root: &Path) -> Result<()> {
    let elf = esp8266::build_emulated_syncom(root)?;
    let (first, second) = rayon::join(|| original::run(&elf), || original::run(&elf));
    let (first, second) = (first?, second?);
    println!("{first}, twice");
    ensure!(first == second, "two runs differ: {first} and {second}");
    let budgets = budget::read(root)?;
    ensure!(
        budget::compare_stack(&budgets, "esp8266-syncom", first.stack_bytes)?,
        "the stack is deeper than its budget"
    );
    Ok(())
}

/// Runs the Pico's firmware with a simulated ESP8266, twice, and then the one with a flight
/// recorder, whose log is replayed.
///
/// # Errors
/// A publication is lost or comes in the wrong order, the two runs differ, or a replay says
/// something else.
pub fn rp2040(root: &Path) -> Result<()> {
    let pico = rp2040::build(root, Some(&root.join(EMULATED)), "simple")?;
    let run = || pico_alone::run(root, &pico);
    let (first, second) = rayon::join(run, run);
    let (first, second) = (first?, second?);
    println!("{first}");
    ensure!(first == second, "two runs differ: {first} and {second}");

    let pico = rp2040::build(root, Some(&root.join(EMULATED)), "simple-recorder")?;
    let busy = rp2040::build_with(root, Some(&root.join(EMULATED)), "rate", Some("recorder"))?;
    let floor = stack_floor(&pico)?;
    let (calm, busy) =
        rayon::join(|| flight::run(root, &pico, floor), || flight::run_busy(root, &busy));
    let (report, stack_bytes) = calm?;
    println!("{report}\nbusy: {}", busy?);
    let budgets = budget::read(root)?;
    ensure!(
        budget::compare_stack(&budgets, "rp2040-simple-recorder", stack_bytes)?,
        "the stack is deeper than its budget"
    );
    Ok(())
}

/// Measures what the link carries between both firmwares.
///
/// # Errors
/// It carries too little, or does not come to its end.
pub fn rate(root: &Path, is_slow: bool) -> Result<()> {
    let speed = if is_slow { Speed::MHZ_80 } else { Speed::MHZ_160 };
    rate::measure(root, &esp8266::build_emulated(root)?, speed)
}

/// Runs seeded schedules with both firmwares; the first one, or the one of `seed`, twice.
///
/// # Errors
/// A publication is lost or comes in the wrong order, the two runs differ, or a stack is deeper
/// than its budget.
pub fn pair(root: &Path, seed: Option<u64>) -> Result<()> {
    let firmware = build_pair(root)?;
    let seeds = seed.map_or(0..SEEDS, |seed| seed..seed + 1);
    println!("{}", schedule::Report::HEAD);
    let again = std::iter::once(seeds.start);
    let (mut lost, mut stack, mut traces) = (0, schedule::Stack::default(), Vec::new());
    side_by_side::run(
        again.chain(seeds),
        |seed| schedule::run(root, &firmware, seed),
        |report| {
            println!("{report}");
            lost += usize::from(report.lost.is_some());
            stack = stack.max(report.stack_bytes);
            traces.push(report.trace_hash);
            Ok(())
        },
    )?;
    let [first, second, ..] = &traces[..] else { bail!("two runs have two traces") };
    ensure!(first == second, "two runs of one seed differ: {first} and {second}");
    ensure!(lost == 0, "{lost} of the runs lost a publication");
    ensure!(compare_stacks(root, stack)?, "a stack is deeper than its budget");
    Ok(())
}

/// Measures both stacks in one run of the pair. True if they keep their budgets.
///
/// # Errors
/// The pair does not run.
pub fn stacks(root: &Path) -> Result<bool> {
    let firmware = build_pair(root)?;
    compare_stacks(root, schedule::run(root, &firmware, 0)?.stack_bytes)
}

fn build_pair(root: &Path) -> Result<schedule::Firmware> {
    let pico = rp2040::build(root, Some(&root.join(EMULATED)), "simple")?;
    Ok(schedule::Firmware {
        pico_stack_floor: stack_floor(&pico)?,
        pico,
        esp: esp8266::build_emulated(root)?,
    })
}

/// Where the memory of a Pico's stack begins.
fn stack_floor(pico: &Path) -> Result<u32> {
    Elf::read(pico)?.address_of("_stack_end").context("the Pico's firmware has no _stack_end")
}

fn compare_stacks(root: &Path, stack: schedule::Stack) -> Result<bool> {
    let budgets = budget::read(root)?;
    let pico = budget::compare_stack(&budgets, "rp2040-simple", stack.pico)?;
    Ok(pico & budget::compare_stack(&budgets, "esp8266", stack.esp)?)
}
