//! What an LED shows of the way to the broker, as somebody carries the board out of range and back.
//! Run it with `cargo run --release -p fivewire-sim --example simulated_range`; it is
//! `targets/tokio/examples/range.rs` as a program, and for a Pico
//! `targets/rp2040/src/bin/range.rs`.

use fivewire_core::led::{HEARTBEAT_MS, Heartbeat};
use fivewire_core::time::Instant;
use fivewire_sim::fault::{FaultKind, Memory};
use fivewire_sim::harness::Sim;

/// On with a broker, blinking without one, off without a network.
fn shows(sim: &Sim, heartbeat: &mut Heartbeat) -> bool {
    let (blinks, _) = heartbeat.step(Instant::from_millis(sim.now_ms().into()));
    let state = sim.bridge_state();
    state.ready || (state.wifi && blinks)
}

/// A dot for each quarter of a second in which the LED is off, a star for each in which it is on.
fn watch(sim: &mut Sim, heartbeat: &mut Heartbeat, seconds: u32) -> String {
    let mut seen = String::new();
    for _ in 0..4 * seconds {
        sim.run_for(250);
        seen.push(if shows(sim, heartbeat) { '*' } else { '.' });
    }
    println!("{:>4} s  {seen}", sim.now_ms() / 1_000);
    seen
}

fn main() {
    let mut sim = Sim::bridge(2);
    let mut heartbeat = Heartbeat::new(HEARTBEAT_MS);
    sim.run_until_connected();
    let near = watch(&mut sim, &mut heartbeat, 5);
    sim.at_for(0, 15_000, FaultKind::WifiOutage);
    let out_of_range = watch(&mut sim, &mut heartbeat, 15);
    let back = watch(&mut sim, &mut heartbeat, 30);
    sim.at_for(0, 10_000, FaultKind::BrokerRestart { memory: Memory::Kept });
    let without_broker = watch(&mut sim, &mut heartbeat, 10);
    sim.heal_and_settle();
    assert!(!near.contains('.') && !out_of_range[4..].contains('*'));
    assert!(back.ends_with("****"));
    assert!(without_broker.contains("..") && without_broker.contains("**"), "it blinks");
}

#[test]
fn it_runs() {
    main();
}
