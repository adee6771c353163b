//! What the README says of the link is what is measured.

#![allow(missing_docs, reason = "the name of a test is its claim")]

use fivewire_benches::link;

#[test]
fn the_tables_in_the_readme_are_up_to_date() {
    let readme = include_str!("../../README.md");
    let fresh = link::put_into(readme).expect("the README has marks for the tables");
    assert!(
        readme == fresh,
        "run: cargo run --release -p fivewire-benches --example link_rates README.md\n{fresh}"
    );
}

#[test]
fn native_completes_three_times_the_publications_of_syncom() {
    let syncom_per_s = link::syncom_publications();
    for topics in [1, 8] {
        let native_per_s = link::native_publications(16, topics);
        assert!(native_per_s >= 3.0 * syncom_per_s, "{native_per_s} and {syncom_per_s}");
    }
}
