//! Which functions a run executed, by QEMU's note of what it translated.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::elf::Elf;

/// The list of functions that no emulated run executes.
const LIST: &str = "targets/esp8266/not-executed.txt";
/// Functions of this crate are listed; those of the core have tests of their own.
const CRATE: &str = "fivewire_esp8266::";
/// The emulation of the SDK is no part of the firmware.
const EMULATION: &str = "fivewire_esp8266::board::";

/// Compares what was not executed with the list.
pub fn check(root: &Path, elf: &Elf, logs: &Path) -> Result<()> {
    let mut addresses = BTreeSet::new();
    for log in fs::read_dir(logs)? {
        addresses.append(&mut self::addresses(&fs::read_to_string(log?.path())?));
    }
    ensure!(!addresses.is_empty(), "QEMU noted nothing");
    let executed = |address: u32, size: u32| {
        addresses.range(address..address.saturating_add(size.max(1))).next().is_some()
    };
    let missed: BTreeSet<String> = elf
        .functions
        .iter()
        .filter(|function| is_ours(&function.name))
        .filter(|function| !executed(function.address, function.size))
        .map(|function| function.name.clone())
        .collect();
    let path = root.join(LIST);
    let text = fs::read_to_string(&path).with_context(|| format!("{LIST} cannot be read"))?;
    let listed: BTreeSet<String> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    for name in missed.difference(&listed) {
        println!("never executed, and not in {LIST}: {name}");
    }
    ensure!(missed.is_subset(&listed), "list what no run executes, or let one execute it");
    let stale: Vec<_> = listed.difference(&missed).collect();
    ensure!(stale.is_empty(), "{LIST} has what is executed, or not there any more: {stale:?}");
    println!("{} functions of the firmware never executed, all listed", missed.len());
    Ok(())
}

/// A function of the firmware itself, not of a library that was made for it.
fn is_ours(name: &str) -> bool {
    let name = name.trim_start_matches('<');
    // Some of what is made for the emulation is made of the firmware's own: `Local<...>` of a
    // clock.
    name.starts_with(CRATE) && !name.contains(EMULATION)
}

/// The addresses of instructions in a log of `-d in_asm`: lines that begin with `0x...:`.
fn addresses(log: &str) -> BTreeSet<u32> {
    log.lines()
        .filter_map(|line| {
            let (address, _) = line.strip_prefix("0x")?.split_once(':')?;
            u32::from_str_radix(address, 16).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_from_the_log_and_nothing_else() {
        let log =
            "----------------\nIN: _start\n0x50000000:  j 0x50000008\n0x4020aa00:  movi a2, 1\n";
        assert_eq!(addresses(log), BTreeSet::from([0x5000_0000, 0x4020_aa00]));
    }
}
