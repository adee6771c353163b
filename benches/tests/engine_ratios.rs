//! What the README says of the two engines is what is measured, as far as machines agree.

#![allow(clippy::unwrap_used, reason = "a test may give up")]
#![allow(missing_docs, reason = "the name of a test is its claim")]

use fivewire_benches::engines::{SEEDS, measure, put_into, table, table_of};

/// Machines differ by so much, and a build for tests from one for use.
const FACTOR: f64 = 20.0;

/// The numbers in a line, which have commas.
fn numbers(line: &str) -> Vec<f64> {
    let words = line.split([' ', '|', '(', ')']).filter(|word| !word.is_empty());
    words.filter_map(|word| word.replace(',', "").parse().ok()).collect()
}

/// A line without its numbers.
fn words(line: &str) -> String {
    line.chars().filter(|letter| !letter.is_ascii_digit() && *letter != ',').collect()
}

#[test]
fn the_table_in_the_readme_is_one_that_the_command_makes_and_is_true_but_for_the_machine() {
    let readme = include_str!("../../README.md");
    let seeds = 8;
    let measured = measure(0..seeds);
    assert_eq!(measured.unexplained, 0);
    let fresh = table(&measured);
    let kept = table_of(readme).expect("the README has marks for the table").trim_start();
    let command = "cargo run --release -p fivewire-benches --example engine_ratios README.md";
    assert!(readme.contains(command), "the README says how its figures are made");
    assert_eq!(
        kept.lines().map(words).collect::<Vec<_>>(),
        fresh.lines().map(words).collect::<Vec<_>>(),
        "run: {command}"
    );
    for (kept, fresh) in kept.lines().zip(fresh.lines()) {
        // what is counted, not measured, grows with the seeds
        let counts = kept.contains("facts").then_some((SEEDS.end / seeds) as f64);
        for (kept, fresh) in numbers(kept).into_iter().zip(numbers(fresh)) {
            let expected = fresh * counts.unwrap_or(1.0);
            let factor = if counts.is_some() { 2.0 } else { FACTOR };
            let is_near = kept <= expected * factor && kept * factor >= expected;
            assert!(is_near, "{kept} in the README, and here {expected}: run: {command}");
        }
    }
}

#[test]
fn the_event_world_is_more_than_fifty_times_as_fast_as_turmoil() {
    let [events, turmoil] = measure(0..4).all.ratios;
    assert!(events > 50.0 * turmoil, "{events} and {turmoil}");
}

#[test]
fn a_table_goes_where_the_marks_are() {
    let text = "before\n<!-- engines -->\n\nold\n\n<!-- end of engines -->\nafter\n";
    let new = put_into(text, "new\n").unwrap();
    assert_eq!(table_of(&new).unwrap().trim(), "new");
    assert!(new.starts_with("before\n") && new.ends_with("\nafter\n"));
    assert_eq!(put_into("nothing", "new\n"), None);
}
