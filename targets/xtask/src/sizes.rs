//! What each firmware takes, and each part of fivewire, next to their budgets.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::budget::Sizes;
use crate::{budget, emulate, esp8266, parts, rp2040};

/// Prints all of it. What is built into different folders is built at the same time.
///
/// # Errors
/// Something does not build, or takes more than its budget.
pub fn compare(root: &Path, without_stacks: bool) -> Result<()> {
    let budgets = budget::read(root)?;
    let (boards, parts) =
        rayon::join(|| rayon::join(|| esp8266(root), || rp2040(root)), || parts::measure(root));
    let mut kept = true;
    for (name, sizes) in [boards.0?, boards.1?, parts?].concat() {
        kept &= budget::compare(&budgets, &name, sizes)?;
    }
    kept &= without_stacks || emulate::stacks(root)?;
    ensure!(kept, "a firmware is over its budget");
    Ok(())
}

fn esp8266(root: &Path) -> Result<Vec<(String, Sizes)>> {
    let sizes = |firmware| esp8266::sizes(root, firmware);
    let named = |firmware: esp8266::Firmware| Ok((firmware.0.to_owned(), sizes(firmware)?));
    esp8266::FIRMWARES.into_iter().map(named).collect()
}

fn rp2040(root: &Path) -> Result<Vec<(String, Sizes)>> {
    let names = rp2040::FIRMWARES.into_iter().map(|(name, ..)| name);
    names.map(|name| Ok((format!("rp2040-{name}"), rp2040::sizes(root, name)?))).collect()
}
