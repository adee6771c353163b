//! Links: for QEMU, for the chip with Espressif's SDK, or, without that, only with itself.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The SDK's libraries that a WiFi firmware needs, in a group because they need each other.
/// `driver` has the entry.
const LIBRARIES: &str = "-Wl,--start-group -lhal -lphy -lpp -lnet80211 -llwip -lwpa -lcrypto -lmain -ldriver -lgcc -Wl,--end-group";

fn main() {
    let start = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("start");
    println!("cargo:rerun-if-changed=start");
    println!("cargo:rerun-if-env-changed=FIVEWIRE_ESP8266_SDK");
    arguments("-nostdlib -Wl,--gc-sections");
    if env::var_os("CARGO_FEATURE_EMULATED").is_some() {
        link_for_emulation(&start);
    } else if let Some(sdk) = env::var_os("FIVEWIRE_ESP8266_SDK") {
        link_for_chip(Path::new(&sdk));
    } else {
        // What the SDK has is left undefined. `cargo xtask sizes` looks at what there is.
        arguments(
            "-r -Wl,-u,user_init,-u,user_pre_init,-u,memchr,-u,__ctype_ptr__ -Wl,-e,user_init",
        );
    }
}

fn link_for_emulation(start: &Path) {
    let object = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it")).join("emulated.o");
    let status = Command::new("xtensa-lx106-elf-gcc")
        .args(["-c", "-mlongcalls", "-o"])
        .arg(&object)
        .arg(start.join("emulated.S"))
        .status()
        .expect("xtensa-lx106-elf-gcc runs: install gcc-xtensa-lx106");
    assert!(status.success(), "start/emulated.S does not assemble");
    argument(&object.display().to_string());
    argument(&format!("-T{}", start.join("emulated.ld").display()));
}

fn link_for_chip(sdk: &Path) {
    let (libraries, scripts) = (sdk.join("lib"), sdk.join("ld"));
    argument(&format!("-L{}", libraries.display()));
    argument(&format!("-L{}", scripts.display()));
    argument(&format!("-T{}", scripts.join("eagle.app.v6.ld").display()));
    // The script lets the ROM's addresses overlap.
    arguments("-Wl,--no-check-sections -Wl,-u,call_user_start1");
    arguments(LIBRARIES);
}

fn arguments(all: &str) {
    all.split_whitespace().for_each(argument);
}

fn argument(one: &str) {
    println!("cargo:rustc-link-arg={one}");
}
