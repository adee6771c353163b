//! What each part of fivewire takes on a Cortex-M0+: programs with and without it, and the
//! difference.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

use crate::budget::Sizes;
use crate::elf::Elf;
use crate::rp2040;

/// A part, the features of the program that has it, and of the one that lacks it.
const PARTS: [(&str, &str, &str); 7] = [
    ("part-link-native", "link", ""),
    ("part-link-syncom", "syncom", ""),
    ("part-bridge-host", "link,bridge", "link"),
    ("part-client", "client", ""),
    ("part-client-beyond", "link,bridge,client", "link,bridge"),
    ("part-mqtt5", "client,mqtt5", "client"),
    ("part-recorder", "link,bridge,recorder", "link,bridge"),
];

/// Each part by its name.
///
/// # Errors
/// A program does not build.
pub fn measure(root: &Path) -> Result<Vec<(String, Sizes)>> {
    let mut measured: BTreeMap<&str, Sizes> = BTreeMap::new();
    let mut parts = Vec::new();
    for (name, with, without) in PARTS {
        for features in [with, without] {
            if !measured.contains_key(features) {
                measured.insert(features, sizes(root, features)?);
            }
        }
        let (with, without) = (measured[with], measured[without]);
        let sizes = Sizes {
            flash_bytes: with.flash_bytes.saturating_sub(without.flash_bytes),
            iram_bytes: 0,
            ram_bytes: with.ram_bytes.saturating_sub(without.ram_bytes),
        };
        parts.push((name.to_owned(), sizes));
    }
    Ok(parts)
}

fn sizes(root: &Path, features: &str) -> Result<Sizes> {
    let mut command = rp2040::cargo(root, "sizes", "fivewire-sizes");
    command.args(["--features", features]).env("CARGO_TARGET_DIR", folder(root));
    let status = command.status().context("/usr/bin/cargo does not run")?;
    anyhow::ensure!(status.success(), "the program with {features:?} does not build");
    let elf = folder(root).join(rp2040::TARGET).join("release/fivewire-sizes");
    Ok(rp2040::sizes_of(&Elf::read(&elf)?))
}

fn folder(root: &Path) -> std::path::PathBuf {
    crate::target_dir(root).join("sizes")
}
