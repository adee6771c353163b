//! Builds the Pico's firmware.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::budget::Sizes;
use crate::elf::Elf;

/// What a Cortex-M0+ is to the compiler.
pub const TARGET: &str = "thumbv6m-none-eabi";
/// The firmwares: what each is called here, its program, and the feature that it wants.
pub const FIRMWARES: [(&str, &str, Option<&str>); 7] = [
    ("simple", "simple", None),
    ("simple-mqtt5", "simple", Some("mqtt5")),
    ("simple-recorder", "simple", Some("recorder")),
    ("range", "range", None),
    ("status", "status", None),
    ("rate", "rate", None),
    ("pico_w", "pico_w", Some("pico-w")),
];

/// Builds one firmware as users have it, with its own `fivewire.toml` or another.
///
/// # Errors
/// It does not build, or is none of them.
pub fn build(root: &Path, settings: Option<&Path>, name: &str) -> Result<PathBuf> {
    let (_, program, feature) = FIRMWARES
        .into_iter()
        .find(|(it, ..)| *it == name)
        .with_context(|| format!("no firmware is called {name}"))?;
    let elf = build_with(root, settings, program, feature)?;
    // The program is built again with other features, to the same place.
    let kept = elf.with_file_name(format!("{name}.elf"));
    fs::copy(&elf, &kept)?;
    Ok(kept)
}

/// Builds one program with this feature.
///
/// # Errors
/// It does not build.
pub fn build_with(
    root: &Path,
    settings: Option<&Path>,
    program: &str,
    feature: Option<&str>,
) -> Result<PathBuf> {
    let folder = if settings.is_some() { "emulated" } else { "chip" };
    let target_dir = crate::target_dir(root).join("rp2040").join(folder);
    let mut command = cargo(root, "rp2040", program);
    command
        .args(feature.map(|feature| format!("--features={feature}")))
        .env("CARGO_TARGET_DIR", &target_dir)
        .envs(settings.map(|path| ("FIVEWIRE_TOML", path)));
    let status = command.status().context(
        "/usr/bin/cargo does not run: apt-get install rustc-web cargo-web rust-web-src rust-web-llvm lld-22",
    )?;
    ensure!(status.success(), "{program} does not build");
    let elf = target_dir.join(TARGET).join("release").join(program);
    Elf::read(&elf)?.check_divisions()?;
    Ok(elf)
}

/// Debian's, for a program of the crate in `targets/FOLDER`: another compiler may have no source of
/// `core`, or wants its own target installed.
pub fn cargo(root: &Path, folder: &str, program: &str) -> Command {
    let mut command = Command::new("/usr/bin/cargo");
    for foreign in [
        "CARGO",
        "RUSTUP_TOOLCHAIN",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTC_WRAPPER",
        "RUSTFLAGS",
        "FIVEWIRE_TOML",
    ] {
        command.env_remove(foreign);
    }
    command
        .current_dir(root.join("targets").join(folder))
        .args(["build", "--quiet", "--release", "--target", TARGET, "--bin", program])
        .args(["-Zbuild-std=core", "-Zbuild-std-features=compiler-builtins-mem"])
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1");
    command
}

/// What a firmware takes.
///
/// # Errors
/// It does not build.
pub fn sizes(root: &Path, name: &str) -> Result<Sizes> {
    Ok(sizes_of(&Elf::read(&build(root, None, name)?)?))
}

/// What is in flash, and what in RAM.
#[must_use]
pub fn sizes_of(elf: &Elf) -> Sizes {
    let size_of = |names: &[&str]| {
        let sections = elf.sections.iter().filter(|section| names.contains(&section.name.as_str()));
        sections.map(|section| section.size).sum()
    };
    Sizes {
        flash_bytes: size_of(&[".boot2", ".vector_table", ".text", ".rodata", ".data"]),
        iram_bytes: 0,
        ram_bytes: size_of(&[".data", ".bss", ".uninit"]),
    }
}
