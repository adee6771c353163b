//! What came out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::judge::Fate;

/// A mutant and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Judged {
    /// What it changes.
    pub(crate) name: String,
    /// What the swarm said.
    pub(crate) fate: Fate,
    /// Something was not as without it.
    pub(crate) differs: bool,
}

/// The names of those that lived, by what [`judge_all`](crate::judge_all) wrote.
pub(crate) fn survivors(file: &Path) -> Result<BTreeSet<String>, Error> {
    let mut names = BTreeSet::new();
    for line in fs::read_to_string(file)?.lines() {
        let one: Judged = serde_json::from_str(line)?;
        if matches!(one.fate, Fate::Lived { .. }) {
            names.insert(one.name);
        }
    }
    Ok(names)
}

/// Prints who lived, what died in each file, and the score.
pub(crate) fn print(judged: &[Judged]) {
    let mut files = BTreeMap::<&str, (usize, usize)>::new();
    let mut seen = 0;
    for one in judged {
        let (killed, all) =
            files.entry(one.name.split(':').next().unwrap_or_default()).or_default();
        *all += 1;
        if matches!(one.fate, Fate::Lived { .. }) {
            seen += usize::from(one.differs);
            println!(
                "lived{} {}",
                if one.differs { ", other runs:" } else { ", same runs: " },
                one.name
            );
        } else {
            *killed += 1;
        }
    }
    for (file, (killed, all)) in &files {
        println!("{killed:5} of {all:4}  {file}");
    }
    let (killed, all) = (files.values().map(|(killed, _)| killed).sum(), judged.len());
    println!("{killed:5} of {all:4}  broke a promise: {}", percent(killed, all));
    println!(
        "{:5} of {all:4}  broke one or made a run another one: {}",
        killed + seen,
        percent(killed + seen, all)
    );
}

fn percent(part: usize, all: usize) -> String {
    let permille = 1_000 * part / all.max(1);
    format!("{}.{} %", permille / 10, permille % 10)
}
