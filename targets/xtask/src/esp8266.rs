//! Builds the ESP8266's firmware.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::budget::Sizes;
use crate::elf::Elf;

/// The target's description, beside the firmware.
const TARGET: &str = "xtensa-lx106-none-elf";
const NAME: &str = "fivewire-esp8266";
/// What the SDK and the chip's ROM have, and the firmware may use.
const SDK_SYMBOLS: &str = "targets/esp8266/sdk-symbols.txt";
/// `lx106-link` wants the text of every crate; texts of panics have no place on this chip.
const FLAGS: &str = "--emit=asm,link -Ccodegen-units=1 -Zunstable-options -Cpanic=immediate-abort";
const OUTLINED: &str = " -Zinline-mir=no -Cllvm-args=-inline-threshold=-100000 -Cllvm-args=-inlinehint-threshold=-100000";
/// Where `lx106-link` puts it for the chip.
const IRAM_SECTIONS: [&str; 2] = [".text", ".literal"];
/// Where the chip has what.
const IRAM: std::ops::Range<u32> = 0x4010_0000..0x4010_8000;
const FLASH: std::ops::Range<u32> = 0x4020_0000..0x4030_0000;

/// Builds the emulated board with all that one of [`FIRMWARES`] has, and checks what is in it.
///
/// # Errors
/// It does not build, or has what it must not have.
pub fn build_emulated(root: &Path, firmware: Firmware) -> Result<PathBuf> {
    let (name, feature) = firmware;
    let feature = feature.map_or_else(|| "emulated".to_owned(), |it| format!("emulated,{it}"));
    let how = Build { folder: "emulated", name: Some(name), feature: Some(&feature), ..BUILD };
    let elf = build(root, &how)?;
    check(&Elf::read(&elf)?)?;
    Ok(elf)
}

/// Builds it with every function by itself, to see which are executed.
///
/// # Errors
/// It does not build.
pub fn build_outlined(root: &Path) -> Result<PathBuf> {
    build(root, &Build { folder: "outlined", feature: Some("emulated"), outlined: true, ..BUILD })
}

/// Builds the core's trace for QEMU: no firmware.
///
/// # Errors
/// It does not build.
pub fn build_trace(root: &Path) -> Result<PathBuf> {
    let elf = build(
        root,
        &Build {
            folder: "trace",
            program: "trace",
            feature: Some("trace"),
            crate_by_crate: true,
            ..BUILD
        },
    )?;
    Elf::read(&elf)?.check_divisions()?;
    Ok(elf)
}

/// A firmware: what it is called, as in `targets/budget.toml`, and the feature that it wants.
pub type Firmware = (&'static str, Option<&'static str>);
/// For fivewire's hosts.
pub const NATIVE: Firmware = ("esp8266", None);
/// For a host that runs the predecessor's driver.
pub const SYNCOM: Firmware = ("esp8266-syncom", Some("syncom"));
/// For fivewire's hosts, those that ask for MQTT 5, too.
pub const MQTT5: Firmware = ("esp8266-mqtt5", Some("mqtt5"));
/// All of them.
pub const FIRMWARES: [Firmware; 3] = [NATIVE, SYNCOM, MQTT5];

/// What a firmware takes, without the SDK, and checks what it wants of that.
///
/// # Errors
/// It does not build, or wants what the SDK does not have.
pub fn sizes(root: &Path, firmware: Firmware) -> Result<Sizes> {
    let (name, feature) = firmware;
    let how = Build { folder: "chip", name: Some(name), feature, sdk: Some(None), ..BUILD };
    let object = Elf::read(&build(root, &how)?)?;
    let known = fs::read_to_string(root.join(SDK_SYMBOLS))?;
    let known: Vec<&str> = known.lines().filter(|line| !line.starts_with('#')).collect();
    let foreign: Vec<_> =
        object.undefined.iter().filter(|name| !known.contains(&name.as_str())).collect();
    ensure!(foreign.is_empty(), "neither the SDK nor the ROM has {foreign:?}: see {SDK_SYMBOLS}");
    object.check_divisions()?;
    check_interrupt_references(&object)?;
    let size_of = |prefixes: &[&str]| {
        let is_one = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix));
        object
            .sections
            .iter()
            .filter(|section| is_one(&section.name))
            .map(|section| section.size)
            .sum()
    };
    Ok(Sizes {
        flash_bytes: size_of(&[".irom0", ".text", ".literal", ".data", ".rodata"]),
        iram_bytes: size_of(&IRAM_SECTIONS),
        ram_bytes: size_of(&[".data", ".rodata", ".bss"]),
    })
}

/// Builds the two images for the chip's flash, and tells how to write them.
///
/// # Errors
/// The SDK is not there or has not all that is needed; esptool does not run.
pub fn build_images(root: &Path, sdk: &Path, firmware: Firmware) -> Result<()> {
    let sdk = sdk.canonicalize().with_context(|| format!("there is no {}", sdk.display()))?;
    for needed in ["lib/libmain.a", "lib/libdriver.a", "ld/eagle.app.v6.ld"] {
        ensure!(
            sdk.join(needed).exists(),
            "{} has no {needed}: is it ESP8266_NONOS_SDK 3.0?",
            sdk.display()
        );
    }
    let (name, feature) = firmware;
    let how = Build { folder: "sdk", name: Some(name), feature, sdk: Some(Some(&sdk)), ..BUILD };
    let path = build(root, &how)?;
    let elf = Elf::read(&path)?;
    check(&elf)?;
    check_interrupt_calls(&elf)?;
    let prefix = path.with_file_name(format!("{name}-"));
    let status = Command::new("esptool")
        .args(["--chip", "esp8266", "elf2image", "--version", "1", "-o"])
        .args([&prefix, &path])
        .status()
        .context("esptool does not run: pip install esptool")?;
    ensure!(status.success(), "esptool makes no image");
    let (prefix, bin) = (prefix.display(), sdk.join("bin"));
    println!("\nFlash it, with the board's port instead of /dev/ttyUSB0:\n");
    println!(
        "esptool --port /dev/ttyUSB0 --baud 460800 write-flash --flash-size 4MB --flash-mode dio \\"
    );
    println!("  0x000000 {prefix}0x00000.bin 0x010000 {prefix}0x10000.bin \\");
    println!(
        "  0x3fb000 {bin}/blank.bin 0x3fc000 {bin}/esp_init_data_default_v08.bin 0x3fe000 {bin}/blank.bin",
        bin = bin.display()
    );
    Ok(())
}

/// The interrupt handler refers to itself, to data, and to one function of the SDK: never to flash.
fn check_interrupt_references(object: &Elf) -> Result<()> {
    let allowed = [".text", ".literal", ".data", ".bss", "system_os_post"];
    let of_handler = object
        .references
        .iter()
        .filter(|(section, _)| IRAM_SECTIONS.contains(&section.as_str()))
        .flat_map(|(_, names)| names);
    let names: Vec<_> = of_handler.map(String::as_str).collect();
    ensure!(names.contains(&"system_os_post"), "the interrupt handler wakes nobody");
    for name in names {
        let is_allowed = allowed.iter().any(|prefix| name.starts_with(prefix));
        ensure!(is_allowed, "the interrupt handler refers to {name}, which may be in flash");
    }
    Ok(())
}

/// The interrupt handler calls one function of the SDK, which must not lie in flash.
fn check_interrupt_calls(elf: &Elf) -> Result<()> {
    let address = elf.address_of("system_os_post").context("the SDK has no system_os_post")?;
    ensure!(
        !FLASH.contains(&address),
        "system_os_post of this SDK is at {address:#x}, in flash: an interrupt while flash is written would crash"
    );
    Ok(())
}

/// What a firmware for this chip must not contain.
fn check(elf: &Elf) -> Result<()> {
    for function in &elf.functions {
        let name = &function.name;
        // Rust's formatting brings kilobytes of texts into the memory that the SDK needs.
        ensure!(!name.contains("core::fmt"), "{name} is in the firmware: what formats a text?");
    }
    elf.check_divisions()?;
    let handler = elf.functions.iter().find(|function| function.name.ends_with("task::on_edge"));
    let handler = handler.context("the firmware has no interrupt handler")?;
    ensure!(IRAM.contains(&handler.address), "{} is not in instruction RAM", handler.name);
    let heap = ["malloc", "pvPortMalloc", "__rust_alloc"];
    let allocates = elf.symbols.iter().any(|(name, _)| heap.contains(&name.as_str()));
    ensure!(!allocates, "the firmware uses a heap");
    Ok(())
}

/// How to build.
struct Build<'a> {
    /// Where to, below the target folder: each way has its own, which its firmwares share.
    folder: &'a str,
    /// What the program is called in the end: the next firmware is built to the same place.
    name: Option<&'a str>,
    program: &'a str,
    feature: Option<&'a str>,
    /// For the chip: with this SDK, or without one.
    sdk: Option<Option<&'a Path>>,
    /// No function is put into another one.
    outlined: bool,
    /// Without optimisation over all crates: this compiler fails on functions that become too large
    /// by it.
    crate_by_crate: bool,
}

const BUILD: Build<'static> = Build {
    folder: "",
    name: None,
    program: NAME,
    feature: None,
    sdk: None,
    outlined: false,
    crate_by_crate: false,
};

/// Runs cargo, Debian's: another compiler may not know this chip, or has no source of `core`.
fn build(root: &Path, how: &Build<'_>) -> Result<PathBuf> {
    let firmware = root.join("targets/esp8266");
    let target_dir = crate::target_dir(root).join("esp8266").join(how.folder);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = vec![firmware.clone()];
    folders.extend(std::env::split_paths(&path));
    let mut flags = String::from(FLAGS);
    if how.outlined {
        flags.push_str(OUTLINED);
    }
    let mut command = Command::new("/usr/bin/cargo");
    for foreign in ["CARGO", "RUSTUP_TOOLCHAIN", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER"] {
        command.env_remove(foreign);
    }
    command
        .current_dir(&firmware)
        .args(["build", "--quiet", "--release", "--target", &format!("{TARGET}.json")])
        .args(["-Zjson-target-spec", "-Zbuild-std=core"])
        .arg("-Zbuild-std-features=compiler-builtins-mem")
        .args(["--bin", how.program])
        .args(how.feature.map(|feature| format!("--features={feature}")))
        // rustc finds lx106-link there
        .env("PATH", std::env::join_paths(folders)?)
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", flags)
        .env("CARGO_TARGET_DIR", &target_dir)
        .envs(how.crate_by_crate.then_some(("CARGO_PROFILE_RELEASE_LTO", "off")))
        .env_remove("LX106_SDK")
        .env_remove("FIVEWIRE_ESP8266_SDK");
    if how.sdk.is_some() {
        command.env("LX106_SDK", "1");
    }
    if let Some(Some(sdk)) = how.sdk {
        command.env("FIVEWIRE_ESP8266_SDK", sdk);
    }
    let status = command.status().context(
        "/usr/bin/cargo does not run: apt-get install rustc-web cargo-web rust-web-src rust-web-llvm lld-22 gcc-xtensa-lx106",
    )?;
    if !status.success() {
        bail!("the firmware does not build");
    }
    let elf = target_dir.join(TARGET).join("release").join(how.program);
    ensure!(fs::exists(&elf)?, "cargo built no {}", elf.display());
    let Some(name) = how.name else { return Ok(elf) };
    let kept = elf.with_file_name(name).with_extension("elf");
    fs::copy(&elf, &kept)?;
    Ok(kept)
}
