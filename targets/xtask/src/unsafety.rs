//! Where `unsafe` is, and that each block says why it is right. A test, because no Clippy comes
//! with the compiler that builds the ESP8266's firmware.

use std::fs;
use std::path::{Path, PathBuf};

const FIRMWARE: &str = "targets/esp8266";
/// Lines above a block in which its reason stands.
const REACH: usize = 8;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All Rust files below a folder, but what cargo built.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            if name != "target" && name != "node_modules" {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The lines that have an `unsafe` block or implementation, without those that only declare.
fn unsafe_lines(text: &str) -> Vec<usize> {
    let lines = text.lines().map(str::trim).enumerate();
    let is_code = |line: &str| !line.starts_with("//");
    lines
        .filter(|(_, line)| is_code(line))
        .filter(|(_, line)| line.contains("unsafe {") || line.starts_with("unsafe impl"))
        .map(|(at, _)| at)
        .collect()
}

/// The lines of `text` whose `unsafe` has no reason above it.
fn unexplained(text: &str) -> Vec<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let explained = |at: &usize| {
        lines[at.saturating_sub(REACH)..*at].iter().any(|line| line.contains("// SAFETY:"))
    };
    unsafe_lines(text).into_iter().filter(|at| !explained(at)).map(|at| at + 1).collect()
}

#[test]
fn each_unsafe_block_of_the_firmware_says_why_it_is_right() {
    let mut files = Vec::new();
    sources(&root().join(FIRMWARE), &mut files);
    let mut blocks = 0;
    for file in files {
        let text = fs::read_to_string(&file).expect("it can be read");
        blocks += unsafe_lines(&text).len();
        assert_eq!(unexplained(&text), [0; 0], "lines of {}", file.display());
    }
    assert!(blocks > 40, "{blocks} blocks were found");
}

#[test]
fn nothing_else_in_the_repository_is_unsafe() {
    for folder in ["core", "sim", "scenarios", "benches", "targets"] {
        let mut files = Vec::new();
        sources(&root().join(folder), &mut files);
        for file in files {
            let is_allowed =
                file.starts_with(root().join(FIRMWARE)) || file.ends_with("unsafety.rs");
            let text = fs::read_to_string(&file).expect("it can be read");
            assert!(is_allowed || unsafe_lines(&text).is_empty(), "{}", file.display());
        }
    }
}

#[test]
fn a_block_without_a_reason_is_found() {
    let text = "fn f() {\n    unsafe { g() };\n}\n";
    assert_eq!(unexplained(text), [2]);
    assert_eq!(unexplained(&format!("// SAFETY: g asks nothing of its caller.\n{text}")), [0; 0]);
}
