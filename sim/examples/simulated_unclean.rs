//! A session that outlives its connections: what was published for it meanwhile is delivered once
//! it is back, over a crash of the ESP8266, too. Run it with
//! `cargo run --release -p fivewire-sim --example simulated_unclean`; compare `simulated_clean`. As
//! a program of its own it is `targets/tokio/examples/unclean.rs`.

mod pump;

use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::Sim;

fn main() {
    pump::play(Sim::bridge(5), &[(60_000, FaultKind::EspCrash)], 1);
}

#[test]
fn it_runs() {
    main();
}
