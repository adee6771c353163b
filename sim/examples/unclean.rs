//! A session that outlives its connections: what was published for it meanwhile is delivered once it is back, over a
//! crash of the ESP8266, too. Run it with `cargo run --release -p fivewire-sim --example unclean`; compare `clean`.

use fivewire_core::mqtt::QoS;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::Sim;

fn main() {
    let mut sim = Sim::bridge(5);
    sim.subscribe("pump/#");
    sim.run_until_connected();
    sim.run_for(2_000);
    sim.at_for(0, 120_000, FaultKind::WifiOutage);
    sim.at(60_000, FaultKind::EspCrash);
    sim.run_for(110_000);
    sim.witness_publish("pump/1", b"on", QoS::AtLeastOnce, false);
    let level = sim.publish("tank/level", b"17", QoS::AtLeastOnce);
    sim.run_for(60_000);
    sim.witness_publish("pump/2", b"on", QoS::AtLeastOnce, false);
    sim.heal_and_settle();
    print!("{}", sim.timeline());
    sim.assert_told("pump/1", 1..=1);
    sim.assert_told("pump/2", 1..=1);
    sim.assert_acked(level);
}

#[test]
fn it_runs() {
    main();
}
