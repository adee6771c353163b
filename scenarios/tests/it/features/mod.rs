//! FEATURES.md says what of the five predecessors is proven, and where. This holds it to its word.

pub(crate) mod proof;
mod table;

use proof::Repository;
use table::{Row, rows};

/// Rows of the first table.
const FEATURES: usize = 131;
/// More than this many features with another behaviour than the predecessors' would be another
/// system.
const SUPERSEDED_MAX: usize = 15;
/// Features that may still be missing. Only ever lowered.
const MISSING_MAX: usize = 1;
/// Defects without a letter, and letters of D-35.
const DEFECTS: usize = 52;
const LETTERS: std::ops::RangeInclusive<char> = 'a'..='k';

#[test]
fn each_feature_of_the_predecessors_is_proven_or_has_a_reason_why_not() {
    let repository = Repository::here();
    let text = repository.read("scenarios/FEATURES.md").unwrap();
    let features = rows(&text, "## Features", 5);
    let numbers: Vec<usize> = features.iter().map(|row| row.cells[0].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=FEATURES).collect::<Vec<_>>(), "each row once, in order");
    let wrong: Vec<String> =
        features.iter().filter_map(|row| feature_fault(row, &repository)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let count = |verdict| features.iter().filter(|row| row.cells[2] == verdict).count();
    let (superseded, missing) = (count("superseded"), count("missing"));
    println!(
        "{} proven / {superseded} superseded / {} out of scope / {missing} missing",
        count("proven"),
        count("out of scope"),
    );
    assert!(superseded <= SUPERSEDED_MAX, "{superseded} superseded");
    assert!(missing <= MISSING_MAX, "{missing} missing: {:?}", numbers_of(&features, "missing"));
}

#[test]
fn each_defect_of_the_predecessors_has_a_test_that_would_fail_on_it() {
    let repository = Repository::here();
    let text = repository.read("scenarios/FEATURES.md").unwrap();
    let defects = rows(&text, "## Defects", 4);
    let mut known: Vec<String> = (1..=DEFECTS).map(|number| format!("D-{number:02}")).collect();
    known.extend(LETTERS.map(|letter| format!("D-35{letter}")));
    known.sort();
    let mut listed: Vec<&str> = defects.iter().map(|row| row.cells[0]).collect();
    listed.sort_unstable();
    assert_eq!(listed, known);
    let wrong: Vec<String> =
        defects.iter().filter_map(|row| defect_fault(row, &repository)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    println!("{} defects", defects.len());
}

/// What is wrong with a row of the first table.
fn feature_fault(row: &Row<'_>, repository: &Repository) -> Option<String> {
    let [number, _, verdict, proofs, why] = row.cells[..] else { return Some(row.lacks_cells()) };
    let complaint = match verdict {
        "proven" if proofs.is_empty() => "no proof",
        "superseded" if proofs.is_empty() || !names_a_reason(why) => {
            "wants a promise or a defect, and the test of what replaces it"
        }
        "out of scope" if why.is_empty() => "no reason",
        "missing" if !proofs.is_empty() => "is missing and has a proof",
        "proven" | "superseded" | "out of scope" | "missing" => {
            return repository.fault(proofs).map(|fault| format!("row {number}: {fault}"));
        }
        _ => "no such verdict",
    };
    Some(format!("row {number}, {verdict}: {complaint}"))
}

/// What is wrong with a row of the second table.
fn defect_fault(row: &Row<'_>, repository: &Repository) -> Option<String> {
    let [id, _, proofs, why] = row.cells[..] else { return Some(row.lacks_cells()) };
    if proofs.is_empty() && !why.starts_with("cannot arise: ") {
        return Some(format!("{id}: neither a test nor why it cannot arise"));
    }
    repository.fault(proofs).map(|fault| format!("{id}: {fault}"))
}

/// It names a promise, `P1` to `P12`, or a defect, `D-01` and so on.
fn names_a_reason(why: &str) -> bool {
    why.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|word| {
        let number = word.strip_prefix("D-").or_else(|| word.strip_prefix('P'));
        number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
    })
}

fn numbers_of<'a>(features: &[Row<'a>], verdict: &str) -> Vec<&'a str> {
    let of_verdict = features.iter().filter(|row| row.cells[2] == verdict);
    of_verdict.map(|row| row.cells[0]).collect()
}

#[test]
fn a_row_that_proves_nothing_is_found() {
    let repository = Repository::here();
    let fault = |line| feature_fault(&rows(line, "", 5)[0], &repository);
    for wrong in [
        "| 1 | a | proven | | |",
        "| 1 | a | proven | `scenarios/tests/it/wifi.rs::no_such_claim` | |",
        "| 1 | a | proven | `scenarios/tests/it/no_such_file.rs::claim` | |",
        "| 1 | a | proven | `scenarios/README.md` says \"what it does not say\" | |",
        "| 1 | a | proven | anything | |",
        "| 1 | a | superseded | `scenarios/tests/it/wifi.rs::ten_short_outages_in_a_row_lose_nothing` | better |",
        "| 1 | a | superseded | | P3 |",
        "| 1 | a | out of scope | | |",
        "| 1 | a | ticked | | |",
    ] {
        assert!(fault(wrong).is_some(), "{wrong}");
    }
    let right = "| 1 | a | superseded | `scenarios/tests/it/wifi.rs::ten_short_outages_in_a_row_lose_nothing` | P3 |";
    assert_eq!(fault(right), None);
}
