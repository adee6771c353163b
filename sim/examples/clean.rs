//! A session that ends with its connection: what was published for it meanwhile is not delivered, and what it
//! published itself is not lost. Run it with `cargo run --release -p fivewire-sim --example clean`; compare `unclean`.

use fivewire_core::mqtt::QoS;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::Sim;

fn main() {
    let mut sim = Sim::bridge(4).configure(|setup| setup.clean_session = true);
    sim.subscribe("pump/#");
    sim.run_until_connected();
    sim.run_for(2_000);
    sim.at_for(0, 120_000, FaultKind::WifiOutage);
    sim.run_for(110_000); // until the broker has given the connection up as well
    sim.witness_publish("pump/1", b"on", QoS::AtLeastOnce, false);
    let level = sim.publish("tank/level", b"17", QoS::AtLeastOnce);
    sim.run_for(60_000);
    sim.witness_publish("pump/2", b"on", QoS::AtLeastOnce, false);
    sim.heal_and_settle();
    print!("{}", sim.timeline());
    sim.assert_told("pump/1", 0..=0);
    sim.assert_told("pump/2", 1..=1);
    sim.assert_acked(level);
}

#[test]
fn it_runs() {
    main();
}
