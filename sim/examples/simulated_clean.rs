//! A session that ends with its connection: what was published for it meanwhile is not delivered,
//! and what it published itself is not lost. Run it with
//! `cargo run --release -p fivewire-sim --example simulated_clean`; compare `simulated_unclean`. As
//! a program of its own it is `targets/tokio/examples/clean.rs`.

mod pump;

use fivewire_sim::harness::Sim;

fn main() {
    pump::play(Sim::bridge(4).configure(|setup| setup.clean_session = true), &[], 0);
}

#[test]
fn it_runs() {
    main();
}
