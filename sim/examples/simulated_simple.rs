//! A count is published every ten seconds and a topic switches a lamp, over an ESP8266 that crashes
//! and a network that goes. Run it with
//! `cargo run --release -p fivewire-sim --example simulated_simple`; it is
//! `targets/tokio/examples/simple.rs` as a program, and for a Pico
//! `targets/rp2040/src/bin/simple.rs`.

use fivewire_core::mqtt::QoS;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::Sim;

fn main() {
    let mut sim = Sim::bridge(1);
    sim.subscribe("pico-1/led");
    sim.run_until_connected();
    sim.at(25_000, FaultKind::EspCrash);
    sim.at_for(45_000, 20_000, FaultKind::WifiOutage);
    let mut counts = Vec::new();
    for count in 1..=9 {
        counts.push(sim.publish("pico-1/count", count.to_string().as_bytes(), QoS::AtLeastOnce));
        sim.run_for(10_000);
    }
    sim.witness_publish("pico-1/led", b"1", QoS::AtLeastOnce, false);
    sim.heal_and_settle();
    print!("{}", sim.timeline());
    counts.into_iter().for_each(|ticket| sim.assert_acked(ticket));
    sim.assert_told("pico-1/led", 1..=1);
}

#[test]
fn it_runs() {
    main();
}
