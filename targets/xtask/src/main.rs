//! Builds, measures and emulates the firmware: `cargo xtask --help`.

mod budget;
mod elf;
mod emulate;
mod esp8266;
mod parts;
mod rp2040;
mod sizes;
mod trace;
#[cfg(test)]
mod unsafety;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};

/// Builds, measures and emulates fivewire's firmware.
///
/// Needs, besides Rust: apt-get install rustc-web cargo-web rust-web-src rust-web-llvm lld-22
/// gcc-xtensa-lx106 qemu-system-misc nodejs npm, and (cd targets/emulator/js && npm ci)
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build the ESP8266's firmware: with Espressif's SDK for the chip, without it for QEMU
    ///
    /// Without --sdk the result is an ELF for QEMU, where a shim plays the SDK (`cargo xtask
    /// emulate esp8266` runs it). With --sdk it is two images for the chip's flash, and the command
    /// that writes them is printed.
    Esp8266 {
        /// A copy of ESP8266_NONOS_SDK 3.0 (github.com/espressif/ESP8266_NONOS_SDK); its licence is
        /// for this chip only
        #[arg(long, value_name = "PATH")]
        sdk: Option<PathBuf>,
        /// For a host that runs the predecessor's driver: its link `syncom`, and its records
        #[arg(long)]
        syncom: bool,
        /// For hosts that ask for MQTT 5, too
        #[arg(long, conflicts_with = "syncom")]
        mqtt5: bool,
    },
    /// Run a firmware in its emulator, on a bench with the other end and a broker, twice
    Emulate {
        /// Which firmware
        board: Board,
        /// Of the pair: run what this seed says, and nothing else
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Build the firmware of both boards, all programs
    Firmware,
    /// Measure the link between both firmwares, in emulated time
    Rate {
        /// Let the ESP8266 run at 80 MHz, and not at the 160 MHz that its firmware asks for
        #[arg(long)]
        slow: bool,
    },
    /// Run the core through fixed schedules on three processors, and compare what it decides
    Trace,
    /// Print flash, RAM and stack of every firmware, and of each part by itself, and check them
    /// against targets/budget.toml
    Sizes {
        /// Do not emulate a run to measure stacks: `emulate` checks them in every run of its own
        #[arg(long)]
        without_stacks: bool,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Board {
    /// The bridge's end with the radio
    Esp8266,
    /// The same, for a host that runs the predecessor's driver
    Original,
    /// The bridge's host
    Rp2040,
    /// Both: the Pico as host, the ESP8266 as radio, on five wires
    Pair,
}

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    match Arguments::parse().command {
        Task::Esp8266 { sdk, syncom, mqtt5 } => {
            let firmware = match (syncom, mqtt5) {
                (true, _) => esp8266::SYNCOM,
                (false, true) => esp8266::MQTT5,
                (false, false) => esp8266::NATIVE,
            };
            if let Some(sdk) = sdk {
                return esp8266::build_images(&root, &sdk, firmware);
            }
            println!("{}", esp8266::build_emulated(&root, firmware)?.display());
            Ok(())
        }
        Task::Emulate { board: Board::Esp8266, .. } => emulate::esp8266(&root),
        Task::Emulate { board: Board::Original, .. } => emulate::original(&root),
        Task::Emulate { board: Board::Rp2040, .. } => emulate::rp2040(&root),
        Task::Emulate { board: Board::Pair, seed } => emulate::pair(&root, seed),
        Task::Firmware => {
            let (esp8266, rp2040) = rayon::join(
                || esp8266::FIRMWARES.map(|firmware| esp8266::build_emulated(&root, firmware)),
                || rp2040::FIRMWARES.map(|(name, ..)| rp2040::build(&root, None, name)),
            );
            for elf in esp8266.into_iter().chain(rp2040) {
                println!("{}", elf?.display());
            }
            Ok(())
        }
        Task::Rate { slow } => emulate::rate(&root, slow),
        Task::Trace => trace::compare(&root),
        Task::Sizes { without_stacks } => sizes::compare(&root, without_stacks),
    }
}

/// Where cargo puts what it builds.
fn target_dir(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}
