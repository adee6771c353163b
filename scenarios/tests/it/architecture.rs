//! What ARCHITECTURE.md says of the promises is shown by tests that run.

use std::fs;
use std::path::Path;

use crate::features::proof::is_run;

const PLACES: [&str; 3] =
    ["scenarios/tests/it", "sim/tests/original", "core/tests/bridge_original"];

/// The sources of all tests in `PLACES`.
fn sources() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = PLACES.iter().flat_map(|place| fs::read_dir(root.join(place)).expect(place));
    let files = files.map(|file| file.expect("it is listed").path());
    let sources = files.filter(|path| path.extension().is_some_and(|name| name == "rs"));
    sources.map(|path| fs::read_to_string(path).expect("it is text")).collect()
}

#[test]
fn each_cell_of_the_table_of_promises_names_tests_that_run() {
    let page = include_str!("../../../ARCHITECTURE.md");
    let sources = sources();
    let (_, table) = page.split_once("| | native |").expect("the table is there");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| P"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    for (number, row) in rows.iter().enumerate() {
        assert_eq!((row[0], row.len()), (&*format!("P{}", number + 1), 4));
        for cell in &row[1..] {
            let tests: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
            assert!(!tests.is_empty(), "{}: no test in {cell:?}", row[0]);
            for test in tests {
                let runs = sources.iter().any(|source| is_run(source, test));
                assert!(runs, "{}: there is no test {test}", row[0]);
            }
        }
    }
    assert_eq!(rows.len(), 12);
}
