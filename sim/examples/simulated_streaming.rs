//! A file in pieces, each published without waiting for the one before, over connections that
//! break: everything arrives, in order. Run it with
//! `cargo run --release -p fivewire-sim --example simulated_streaming`.

use std::cell::RefCell;
use std::rc::Rc;

use fivewire_core::client::Publication;
use fivewire_core::error::PublishError;
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::Sim;
use fivewire_sim::observation::{Observation, Observer};

const PIECES: u32 = 200;

/// What the witness received, each piece when it came first.
#[derive(Clone, Default)]
struct File(Rc<RefCell<Vec<u32>>>);

impl Observer for File {
    fn observe(&mut self, _: Instant, observation: &Observation<'_>) {
        if let Observation::WitnessReceived { topic: "file", payload, .. } = *observation
            && let Some(number) = payload.first_chunk().copied().map(u32::from_be_bytes)
            && !self.0.borrow().contains(&number)
        {
            self.0.borrow_mut().push(number);
        }
    }
}

fn main() {
    let file = File::default();
    let mut sim = Sim::bridge(6).watched_by(Box::new(file.clone()));
    sim.run_until_connected();
    sim.at(2_000, FaultKind::TcpReset);
    sim.at(6_000, FaultKind::EspCrash);
    sim.at_for(15_000, 5_000, FaultKind::WifiOutage);
    for number in 0..PIECES {
        let mut piece = [0x55; 64];
        piece[..4].copy_from_slice(&number.to_be_bytes());
        let publication = Publication::new("file", &piece, QoS::AtLeastOnce);
        // Only a full outbox makes it wait: back-pressure.
        while let Err(error) = sim.command(|commands| commands.publish(&publication)) {
            assert_eq!(error, PublishError::OutboxFull);
            sim.run_for(50);
        }
    }
    sim.heal_and_settle();
    let received = file.0.borrow();
    println!("{} pieces in {} ms, {:?}", received.len(), sim.now_ms(), sim.counters());
    assert!(received.iter().copied().eq(0..PIECES), "all of them, in order");
}

#[test]
fn it_runs() {
    main();
}
