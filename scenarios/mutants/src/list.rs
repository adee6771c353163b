//! The mutants that `cargo mutants` would make.

use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::Error;

/// A place in a file; lines and columns count from one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
pub(crate) struct Place {
    /// The line.
    pub(crate) line: usize,
    /// The column, in characters.
    pub(crate) column: usize,
}

/// Where something is written.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Span {
    /// Its first character.
    pub(crate) start: Place,
}

/// What is changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub(crate) enum Genre {
    /// The whole body of a function becomes one value.
    FnValue,
    /// One operator becomes another.
    BinaryOperator,
    /// A `!` or `-` is gone.
    UnaryOperator,
    /// An arm of a `match` that has a wildcard is gone.
    MatchArm,
    /// The guard of an arm is always or never true.
    MatchArmGuard,
    /// A field of a struct expression comes from its base.
    StructField,
}

/// A change that makes the code wrong, most likely.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Mutant {
    /// Where, from the root of the workspace.
    pub(crate) file: String,
    /// What, in words: file, line, column and change.
    pub(crate) name: String,
    /// What kind of change.
    pub(crate) genre: Genre,
    /// What is replaced.
    pub(crate) span: Span,
    /// By what.
    pub(crate) replacement: String,
}

/// What is left out wherever it stands: bugs that are planted on purpose, and functions that only the
/// dialect of the predecessors calls.
const EXCLUDED: [&str; 5] =
    ["plant", "Watchdog::left_ms", "::as_whole", "::untellable", r"Host<S>::is_wanted"];

/// Asks `cargo mutants` for the mutants of the machines: session, client and bridge. The dialect of
/// the predecessors is left out, because no run of the swarm speaks it: its tests are scenarios. So are
/// bugs that are planted on purpose, because no build that people run has them.
///
/// # Errors
/// `cargo mutants` is not installed, or cannot read the workspace.
pub(crate) fn list(root: &Path) -> Result<Vec<Mutant>, Error> {
    let listed = Command::new("cargo")
        .args(["mutants", "--list", "--json", "--package", "fivewire-core"])
        .args(["session", "client", "bridge"].map(|part| format!("--file=core/src/{part}/**")))
        .arg("--exclude=core/src/bridge/original/**")
        .args(EXCLUDED.map(|name| format!("--exclude-re={name}")))
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .map_err(Error::Cargo)?;
    if !listed.status.success() {
        return Err(Error::NoList);
    }
    Ok(serde_json::from_slice(&listed.stdout)?)
}
