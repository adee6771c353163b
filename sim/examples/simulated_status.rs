//! Every status of the predecessors, 0 to 12, as it comes up. Run it with
//! `cargo run --release -p fivewire-sim --example simulated_status`; it is, in events,
//! `targets/tokio/examples/status.rs` as a program, and for a Pico
//! `targets/rp2040/src/bin/status.rs`.

use fivewire_core::bridge::status::Status;
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;
use fivewire_sim::fault::{FaultKind, Memory};
use fivewire_sim::harness::Sim;
use fivewire_sim::observation::{Observation, Observer};
use fivewire_sim::world::Services;

/// Prints each status, and keeps its number.
struct Display(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);

impl Observer for Display {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        let Observation::Told(event) = observation else { return };
        for status in [Status::before(event, true), Status::of(event)].into_iter().flatten() {
            println!("{:>10} ms  {:>2} {status:?}", now.as_millis(), status.number());
            self.0.borrow_mut().push(status.number());
        }
    }
}

fn main() {
    let seen = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let services =
        Services { tells_attempts: true, uses_stored_network: true, asks_network: false };
    let mut sim = Sim::bridge(3)
        .configure(|setup| setup.will = true)
        .with_services(services)
        .watched_by(Box::new(Display(seen.clone())));
    sim.run_until_connected();
    sim.publish("pico-1/count", b"1", QoS::AtLeastOnce);
    sim.at_for(2_000, 10_000, FaultKind::BrokerRestart { memory: Memory::Kept });
    sim.at_for(40_000, 20_000, FaultKind::WifiOutage);
    sim.run_for(90_000);
    sim.at(0, FaultKind::EspHang);
    sim.at_for(8_500, 15_000, FaultKind::LinkDead);
    sim.heal_after(60_000);
    let mut numbers = seen.borrow().clone();
    numbers.sort_unstable();
    numbers.dedup();
    // 6 is for an ESP8266 that says what nobody says.
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12]);
}

#[test]
fn it_runs() {
    main();
}
