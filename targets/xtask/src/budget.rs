//! What a firmware may take, in `targets/budget.toml`, and what it takes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
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
        kept &= print(name, what, size, max);
    }
    Ok(kept)
}

/// Prints how deep the stack of an emulated firmware was next to its budget. True if it keeps that.
///
/// # Errors
/// The table has no such firmware.
pub fn compare_stack(
    budgets: &BTreeMap<String, Budget>,
    name: &str,
    used_bytes: u32,
) -> Result<bool> {
    let Some(budget) = budgets.get(name) else { bail!("{FILE} has no [{name}]") };
    Ok(print(name, "stack", used_bytes, budget.stack_bytes))
}

/// Prints one size. True if it is within its budget.
fn print(name: &str, what: &str, size: u32, max: u32) -> bool {
    let verdict = if size <= max { "" } else { "  OVER BUDGET" };
    println!("{name:24} {what:6} {size:8} of {max:8} bytes{verdict}");
    size <= max
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_firmware_over_its_budget_is_told_and_one_without_is_an_error() {
        let budgets: BTreeMap<String, Budget> =
            toml::from_str("[pump]\nflash_bytes = 10\nram_bytes = 20\nstack_bytes = 30").unwrap();
        let fits = Sizes { flash_bytes: 10, iram_bytes: 0, ram_bytes: 20 };
        assert!(compare(&budgets, "pump", fits).unwrap());
        assert!(!compare(&budgets, "pump", Sizes { flash_bytes: 11, ..fits }).unwrap());
        assert!(!compare(&budgets, "pump", Sizes { iram_bytes: 1, ..fits }).unwrap());
        assert!(compare_stack(&budgets, "pump", 30).unwrap());
        assert!(!compare_stack(&budgets, "pump", 31).unwrap());
        assert!(compare(&budgets, "valve", fits).is_err());
    }
}
