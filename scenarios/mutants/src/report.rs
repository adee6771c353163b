//! What came out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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

/// Prints who lived, the score of each file, and the score.
pub(crate) fn print(judged: &[Judged]) {
    let mut files = BTreeMap::<&str, (usize, usize)>::new();
    for one in judged {
        let (killed, all) =
            files.entry(one.name.split(':').next().unwrap_or_default()).or_default();
        *all += 1;
        if matches!(one.fate, Fate::Lived { .. }) {
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
    let killed = files.values().map(|(killed, _)| killed).sum::<usize>();
    let permille = 1_000 * killed / judged.len().max(1);
    println!("{killed:5} of {:4}  killed: {}.{} %", judged.len(), permille / 10, permille % 10);
}
