//! The core on three processors: what it decides in fixed schedules must be the same.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::{esp8266, rp2040};

/// Runs the core of `fivewire-trace` on this machine, on a Cortex-M0+ and on the ESP8266's LX106,
/// and compares.
///
/// # Errors
/// A hash differs, or an emulator does not run.
pub fn compare(root: &Path) -> Result<()> {
    let mut memory = fivewire_trace::Memory::new();
    let run = |schedule| fivewire_trace::run(schedule, &mut memory).hash.value();
    let here: Vec<u64> = (0..fivewire_trace::SCHEDULES).map(run).collect();
    let (m0plus, lx106) =
        rayon::join(|| hashes(rp2040_command(root)?), || hashes(esp8266_command(root)?));
    let (m0plus, lx106) = (m0plus?, lx106?);
    println!("schedule  {:16}  Cortex-M0+        LX106", std::env::consts::ARCH);
    let mut same = m0plus.len() == here.len() && lx106.len() == here.len();
    for (schedule, ((here, m0plus), lx106)) in here.iter().zip(&m0plus).zip(&lx106).enumerate() {
        let verdict = if here == m0plus && here == lx106 { "" } else { "  DIFFERENT" };
        println!("{schedule:8}  {here:016x}  {m0plus:016x}  {lx106:016x}{verdict}");
        same &= verdict.is_empty();
    }
    ensure!(same, "the core decides otherwise on another processor");
    Ok(())
}

/// Under rp2040js, what the program writes to its UART.
fn rp2040_command(root: &Path) -> Result<Command> {
    let program = rp2040::build_with(root, None, "trace", Some("trace"))?;
    let mut command = Command::new("node");
    command.arg(root.join("targets/emulator/js/console.mjs")).arg(program).arg("end");
    Ok(command)
}

/// Under QEMU, what the program writes to its semihosting output.
fn esp8266_command(root: &Path) -> Result<Command> {
    let program = esp8266::build_trace(root)?;
    let mut command = Command::new("qemu-system-xtensa");
    command
        .args(["-M", "sim", "-cpu", "lx106", "-nographic", "-monitor", "none"])
        .args(["-serial", "none", "-semihosting", "-kernel"])
        .arg(program)
        .stdin(Stdio::null());
    Ok(command)
}

/// The lines `trace SCHEDULE HASH` of a program that comes to its end.
fn hashes(mut command: Command) -> Result<Vec<u64>> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("{name} does not run"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(text.lines().any(|line| line.trim() == "end"), "{name}: no end of {text:?}");
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("trace "));
    lines
        .map(|line| {
            let (_, hash) = line.split_once(' ').context("a line without a hash")?;
            Ok(u64::from_str_radix(hash, 16)?)
        })
        .collect()
}
