//! A copy of the workspace with all mutants in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::Error;
use crate::list::Mutant;
use crate::plant::plant;

/// The environment variable that says which mutant is switched on.
pub(crate) const CHOSEN: &str = "FIVEWIRE_MUTANT";

/// What the machines ask. `const` functions have mutants, too, so what is worked out by the compiler
/// has to be told from what runs; only unstable Rust can.
const SWITCH: &str = r#"
//! Which mutant is switched on.

extern crate std;

use std::sync::atomic::{AtomicUsize, Ordering};

static CHOSEN: AtomicUsize = AtomicUsize::new(usize::MAX);

#[inline(always)]
pub(crate) const fn is(mutant: usize) -> bool {
    core::intrinsics::const_eval_select((mutant,), never, asked)
}

const fn never(_: usize) -> bool {
    false
}

#[inline(always)]
fn asked(mutant: usize) -> bool {
    let mut chosen = CHOSEN.load(Ordering::Relaxed);
    if chosen == usize::MAX {
        chosen = read();
    }
    chosen == mutant
}

#[cold]
fn read() -> usize {
    let chosen = std::env::var("FIVEWIRE_MUTANT").map_or(0, |text| text.parse().expect("a number"));
    CHOSEN.store(chosen, Ordering::Relaxed);
    chosen
}
"#;

/// The copy.
pub(crate) struct Tree {
    root: PathBuf,
    target: PathBuf,
}

impl Tree {
    /// Copies all files that git knows of from `root` into `work`.
    ///
    /// # Errors
    /// Something cannot be read or written.
    pub(crate) fn copy(root: &Path, work: &Path) -> Result<Self, Error> {
        let tree = Self { root: work.join("tree"), target: work.join("build") };
        if tree.root.exists() {
            fs::remove_dir_all(&tree.root)?;
        }
        let files = Command::new("git").args(["ls-files", "-z"]).current_dir(root).output()?;
        for file in String::from_utf8_lossy(&files.stdout).split_terminator('\0') {
            let to = tree.root.join(file);
            fs::create_dir_all(to.parent().unwrap_or(&tree.root))?;
            fs::copy(root.join(file), to)?;
        }
        let lib = tree.root.join("core/src/lib.rs");
        let text = fs::read_to_string(&lib)?;
        let text = text.replacen(
            "#![no_std]",
            "#![feature(core_intrinsics, const_eval_select)]\n#![no_std]",
            1,
        );
        fs::write(lib, text + "\nmod mutant;\n")?;
        fs::write(tree.root.join("core/src/mutant.rs"), SWITCH)?;
        Ok(tree)
    }

    /// Writes those of `mutants` into the copy that can be compiled, and says which they are. A mutant's
    /// number is its place in `mutants`, from one.
    ///
    /// # Errors
    /// The code without mutants cannot be compiled, or something cannot be read or written.
    pub(crate) fn plant(&self, root: &Path, mutants: &[Mutant]) -> Result<BTreeSet<usize>, Error> {
        let mut viable: BTreeSet<usize> = (1..=mutants.len()).collect();
        let files: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.file.as_str()).collect();
        loop {
            for file in &files {
                let of_file = viable.iter().map(|&number| (number, &mutants[number - 1]));
                let of_file: Vec<_> = of_file.filter(|(_, mutant)| mutant.file == *file).collect();
                let text = plant(&fs::read_to_string(root.join(file))?, &of_file)?;
                fs::write(self.root.join(file), text)?;
            }
            let wrong = self.check()?;
            if wrong.is_empty() {
                break;
            }
            eprintln!("{} mutants are no Rust", wrong.len());
            for number in wrong {
                viable.remove(&number);
            }
        }
        self.written(&files, &mut viable)?;
        Ok(viable)
    }

    /// Leaves those that are really in the files.
    fn written(&self, files: &BTreeSet<&str>, viable: &mut BTreeSet<usize>) -> Result<(), Error> {
        let mut found = BTreeSet::new();
        for file in files {
            let text = fs::read_to_string(self.root.join(file))?;
            found.extend(
                text.split("/*<")
                    .skip(1)
                    .filter_map(|after| after.split_once("*/")?.0.parse::<usize>().ok()),
            );
        }
        viable.retain(|number| found.contains(number));
        Ok(())
    }

    /// Whose errors the compiler complains about.
    fn check(&self) -> Result<BTreeSet<usize>, Error> {
        let checked = self
            .cargo(&["check", "--package", "fivewire-core", "--message-format=json"])
            .output()?;
        let mut wrong = BTreeSet::new();
        for line in String::from_utf8_lossy(&checked.stdout).lines() {
            let Ok(Line { message: Some(message) }) = serde_json::from_str::<Line>(line) else {
                continue;
            };
            if message.level != "error" || message.spans.is_empty() {
                continue;
            }
            let guilty = self.guilty(&message)?;
            if guilty.is_empty() {
                return Err(Error::Compiler(message.rendered));
            }
            wrong.extend(guilty);
        }
        if wrong.is_empty() && !checked.status.success() {
            return Err(Error::Compiler(String::from_utf8_lossy(&checked.stderr).into_owned()));
        }
        Ok(wrong)
    }

    /// The innermost mutant that one of the places of the error is in; the place it is about first. A
    /// `match` that is not exhaustive is about its own arms.
    fn guilty(&self, message: &Message) -> Result<Vec<usize>, Error> {
        let (about, beside): (Vec<_>, Vec<_>) =
            message.spans.iter().partition(|span| span.is_primary);
        let is_match = message.code.as_ref().is_some_and(|code| code.code == "E0004");
        for span in about.into_iter().chain(beside) {
            let text = fs::read_to_string(self.root.join(&span.file_name))?;
            let guilty = if is_match {
                arms(&text[span.byte_end..])
            } else {
                around(&text, span.byte_start)
            };
            if !guilty.is_empty() {
                return Ok(guilty);
            }
        }
        Ok(Vec::new())
    }

    /// Builds this program in the copy, so with mutants in the machines.
    ///
    /// # Errors
    /// It cannot be built.
    pub(crate) fn build(&self) -> Result<PathBuf, Error> {
        let built =
            self.cargo(&["build", "--release", "--package", "fivewire-mutants"]).status()?;
        if !built.success() {
            return Err(Error::Compiler("the copy cannot be built".to_owned()));
        }
        Ok(self.target.join("release/fivewire-mutants"))
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.args(arguments).arg("--target-dir").arg(&self.target).current_dir(&self.root);
        // warnings are about code that mutants left behind
        cargo
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTFLAGS", "--cfg tokio_unstable --cap-lints allow");
        cargo.stdin(Stdio::null());
        cargo
    }
}

/// The mutant whose text this place is in.
fn around(text: &str, place: usize) -> Vec<usize> {
    let open = text[..place].match_indices("/*<").filter_map(|(at, _)| {
        let (number, rest) = text[at + 3..place].split_once("*/")?;
        (!rest.contains(&format!("/*{number}>*/"))).then(|| number.parse().ok())?
    });
    open.last().into_iter().collect()
}

/// Who takes an arm of the `match` away whose scrutinee has just been read.
fn arms(text: &str) -> Vec<usize> {
    let mut depth = 0_usize;
    let end = text.char_indices().find(|(_, character)| {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => return false,
        }
        depth == 0
    });
    let text = &text[..end.map_or(text.len(), |(at, _)| at)];
    let questions =
        text.split("/*<").skip(1).filter_map(|after| after.split_once("*/ !crate::mutant::is("));
    questions.filter_map(|(number, _)| number.parse().ok()).collect()
}

#[derive(Deserialize)]
struct Line {
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    code: Option<Code>,
    rendered: String,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
}
