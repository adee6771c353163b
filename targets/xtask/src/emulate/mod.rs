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
use fivewire_core::mqtt::ProtocolVersion;

use self::board::Speed;
use crate::elf::Elf;
use crate::{budget, esp8266, rp2040};

/// As many seeds as `emulate pair` runs by itself: each kind of trouble at least once.
const SEEDS: u64 = 10;
/// What the emulated Pico is to do.
const EMULATED: &str = "targets/emulator/emulated.toml";
/// The same in MQTT 5.
const EMULATED_MQTT5: &str = "targets/emulator/emulated-mqtt5.toml";
/// The seed of the pair's run in MQTT 5: the ESP8266 loses its power, again and again.
const MQTT5_SEED: u64 = 0;

/// Tells the same story twice, compares the traces, tells it once in MQTT 5, and checks that all that is never executed is
/// known.
///
/// # Errors
/// A promise is broken, the two runs differ, or a function that no run executes is not listed.
pub fn esp8266(root: &Path) -> Result<()> {
    let elf = esp8266::build_emulated(root, esp8266::NATIVE)?;
    let mqtt5 = esp8266::build_emulated(root, esp8266::MQTT5)?;
    // Which functions are executed shows only where none is part of another one.
    let outlined = esp8266::build_outlined(root)?;
    let scratch = tempfile::tempdir()?;
    let (old, new) = (ProtocolVersion::V3_1_1, ProtocolVersion::V5);
    let noted = Some(scratch.path());
    let jobs = [(&elf, old, None), (&elf, old, None), (&mqtt5, new, None), (&outlined, old, noted)];
    let mut reports = Vec::new();
    side_by_side::run(
        jobs.into_iter(),
        |(elf, protocol, executed)| story::tell(elf, protocol, executed),
        |report| {
            reports.push(report);
            Ok(())
        },
    )?;
    let [first, second, mqtt5, _] = &reports[..] else { bail!("four runs have four reports") };
    println!("{first}\nin MQTT 5: {mqtt5}");
    ensure!(
        first.trace_hash == second.trace_hash,
        "two runs with the same seed differ: {} and {}",
        first.trace_hash,
        second.trace_hash
    );
    println!("trace {}, twice", first.trace_hash);
    let budgets = budget::read(root)?;
    let kept = budget::compare_stack(&budgets, esp8266::NATIVE.0, first.stack_bytes)?;
    ensure!(
        budget::compare_stack(&budgets, esp8266::MQTT5.0, mqtt5.stack_bytes)? && kept,
        "a stack is deeper than its budget"
    );
    executed::check(root, &Elf::read(&outlined)?, scratch.path())
}

/// Runs the firmware for the predecessor's driver with a host that has it, twice.
///
/// # Errors
/// A publication is lost or comes in the wrong order, or the two runs differ.
pub fn original(root: &Path) -> Result<()> {
    let elf = esp8266::build_emulated(root, esp8266::SYNCOM)?;
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
    rate::measure(root, &esp8266::build_emulated(root, esp8266::NATIVE)?, speed)
}

/// Runs seeded schedules with both firmwares; the first one, or the one of `seed`, twice, and once
/// with the firmwares that speak MQTT 5.
///
/// # Errors
/// A publication is lost or comes in the wrong order, the two runs differ, or a stack is deeper
/// than its budget.
pub fn pair(root: &Path, seed: Option<u64>) -> Result<()> {
    let (firmware, mqtt5) = (build_pair(root)?, build_pair_mqtt5(root)?);
    let seeds = seed.map_or(0..SEEDS, |seed| seed..seed + 1);
    println!("{}", schedule::Report::HEAD);
    let runs = std::iter::once(seeds.start).chain(seeds).map(|seed| (&firmware, seed));
    let mqtt5_run = (&mqtt5, seed.unwrap_or(MQTT5_SEED));
    let (mut lost, mut traces) = (0, Vec::new());
    let mut stacks = [schedule::Stack::default(); 2];
    side_by_side::run(
        runs.chain(std::iter::once(mqtt5_run)),
        |(firmware, seed)| schedule::run(root, firmware, seed),
        |report| {
            println!("{report}");
            lost += usize::from(report.lost.is_some());
            let stack = &mut stacks[usize::from(report.is_mqtt5)];
            *stack = stack.max(report.stack_bytes);
            traces.push(report.trace_hash);
            Ok(())
        },
    )?;
    let [first, second, ..] = &traces[..] else { bail!("two runs have two traces") };
    ensure!(first == second, "two runs of one seed differ: {first} and {second}");
    ensure!(lost == 0, "{lost} of the runs lost a publication");
    let kept = compare_stacks(root, &firmware, stacks[0])?;
    ensure!(compare_stacks(root, &mqtt5, stacks[1])? && kept, "a stack is deeper than its budget");
    Ok(())
}

/// Measures both stacks in one run of the pair. True if they keep their budgets.
///
/// # Errors
/// The pair does not run.
pub fn stacks(root: &Path) -> Result<bool> {
    let (firmware, mqtt5) = (build_pair(root)?, build_pair_mqtt5(root)?);
    let measure =
        |firmware| compare_stacks(root, firmware, schedule::run(root, firmware, 0)?.stack_bytes);
    Ok(measure(&firmware)? & measure(&mqtt5)?)
}

fn build_pair(root: &Path) -> Result<schedule::Firmware> {
    build_pair_of(root, EMULATED, "simple", esp8266::NATIVE)
}

/// Both with MQTT 5, which the Pico's settings ask for.
fn build_pair_mqtt5(root: &Path) -> Result<schedule::Firmware> {
    build_pair_of(root, EMULATED_MQTT5, "simple-mqtt5", esp8266::MQTT5)
}

fn build_pair_of(
    root: &Path,
    settings: &str,
    pico_name: &'static str,
    esp: esp8266::Firmware,
) -> Result<schedule::Firmware> {
    let pico = rp2040::build(root, Some(&root.join(settings)), pico_name)?;
    Ok(schedule::Firmware {
        pico_stack_floor: stack_floor(&pico)?,
        pico,
        pico_name,
        esp: esp8266::build_emulated(root, esp)?,
        esp_name: esp.0,
    })
}

/// Where the memory of a Pico's stack begins.
fn stack_floor(pico: &Path) -> Result<u32> {
    Elf::read(pico)?.address_of("_stack_end").context("the Pico's firmware has no _stack_end")
}

fn compare_stacks(
    root: &Path,
    firmware: &schedule::Firmware,
    stack: schedule::Stack,
) -> Result<bool> {
    let budgets = budget::read(root)?;
    let pico = format!("rp2040-{}", firmware.pico_name);
    let pico = budget::compare_stack(&budgets, &pico, stack.pico)?;
    Ok(pico & budget::compare_stack(&budgets, firmware.esp_name, stack.esp)?)
}
