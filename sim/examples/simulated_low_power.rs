//! A board that sleeps without power, and wakes to say something and to hear what was said
//! meanwhile: connect, publish, receive what was stored, disconnect. Run it with
//! `cargo run --release -p fivewire-sim --example simulated_low_power`.

use fivewire_core::mqtt::QoS;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::Sim;

const ASLEEP_MS: u32 = 600_000;

/// Connects, publishes, and hears what the broker kept; says how many milliseconds that took.
fn wake(sim: &mut Sim, cycle: u32) -> u32 {
    let start_ms = sim.now_ms();
    sim.subscribe("sensor/orders");
    let reading = sim.publish("sensor/reading", &cycle.to_be_bytes(), QoS::AtLeastOnce);
    sim.run_until_connected();
    sim.run_until(5_000, |sim| sim.outcome(reading).is_some());
    sim.run_for(200); // for what the broker kept
    sim.assert_acked(reading);
    sim.command(|commands| commands.shut_down());
    sim.run_for(100);
    sim.now_ms() - start_ms
}

fn main() {
    // The session must outlive the board's power, so it is never to be wiped.
    let mut sim = Sim::client(7).configure(|setup| setup.clean_init = false);
    for cycle in 0..4 {
        let awake_ms = wake(&mut sim, cycle);
        println!("cycle {cycle}: awake for {awake_ms} ms");
        sim.at_for(0, ASLEEP_MS, FaultKind::HostPowerOff);
        sim.run_for(ASLEEP_MS / 2);
        sim.witness_publish("sensor/orders", &cycle.to_be_bytes(), QoS::AtLeastOnce, false);
        sim.run_for(ASLEEP_MS / 2 + 1);
    }
    let awake_ms = wake(&mut sim, 4);
    println!("cycle 4: awake for {awake_ms} ms");
    sim.assert_told("sensor/orders", 4..=4);
    sim.assert_received("sensor/reading", 5..=5);
    assert!(awake_ms < 6_000);
}

#[test]
fn it_runs() {
    main();
}
