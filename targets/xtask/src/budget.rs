//! What a firmware may take, in `targets/budget.toml`, and what it takes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

const FILE: &str = "targets/budget.toml";

/// The most that one firmware may take, in bytes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Code and constants in flash.
    pub flash_bytes: u32,
    /// Code in instruction RAM; 0 where there is none.
    #[serde(default)]
    pub iram_bytes: u32,
    /// Data, constants and zeroed memory in RAM, without the stack.
    pub ram_bytes: u32,
    /// The deepest stack of an emulated run; 0 where it is not measured.
    #[serde(default)]
    pub stack_bytes: u32,
}

/// What a firmware takes, stack aside, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// As in [`Budget`].
    pub flash_bytes: u32,
    /// As in [`Budget`].
    pub iram_bytes: u32,
    /// As in [`Budget`].
    pub ram_bytes: u32,
}

/// Reads the table.
///
/// # Errors
/// It is not there, or has what is not in [`Budget`].
pub fn read(root: &Path) -> Result<BTreeMap<String, Budget>> {
    let text = fs::read_to_string(root.join(FILE)).with_context(|| format!("{FILE}: not read"))?;
    toml::from_str(&text).with_context(|| format!("{FILE}: not understood"))
}

/// Prints the sizes of one firmware next to its budget. True if it keeps that.
///
/// # Errors
/// The table has no such firmware.
pub fn compare(budgets: &BTreeMap<String, Budget>, name: &str, sizes: Sizes) -> Result<bool> {
    let Some(budget) = budgets.get(name) else { bail!("{FILE} has no [{name}]") };
    let mut kept = true;
    for (what, size, max) in [
        ("flash", sizes.flash_bytes, budget.flash_bytes),
        ("iram", sizes.iram_bytes, budget.iram_bytes),
        ("ram", sizes.ram_bytes, budget.ram_bytes),
    ] {
        let verdict = if size <= max { "" } else { "  OVER BUDGET" };
        println!("{name:24} {what:6} {size:8} of {max:8} bytes{verdict}");
        kept &= size <= max;
    }
    Ok(kept)
}

/// Checks the stack of the emulated ESP8266.
///
/// # Errors
/// It is deeper than the budget.
pub fn check_stack(root: &Path, used_bytes: u32) -> Result<()> {
    let budgets = read(root)?;
    let budget = budgets.get("esp8266").context("targets/budget.toml has no [esp8266]")?;
    let max = budget.stack_bytes;
    ensure!(used_bytes <= max, "the stack took {used_bytes} bytes, budgeted are {max}");
    println!("{:24} stack  {used_bytes:8} of {max:8} bytes", "esp8266");
    Ok(())
}
