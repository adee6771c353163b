use fivewire_core::time::Instant;
use fivewire_sim::observation::{Observation, Observer, Part};
use fivewire_sim::oracle::Promise::P11;

use crate::history::{History, setup};

#[test]
fn time_that_goes_back_is_caught() {
    let mut history = History::of(setup());
    history.connect(false).passes();
    history.oracle.observe(Instant::from_millis(1), &Observation::Holds(false));
    history.breaks(P11, "time went back");
    assert!(history.breach().to_string().starts_with("P11 broken at 0.001 s: time went back"));
}

#[test]
fn a_machine_that_is_more_than_its_state_is_caught() {
    let mut history = History::of(setup());
    history.see(Observation::Renewed { part: Part::Host, is_whole: true }).passes();
    history.see(Observation::Renewed { part: Part::Esp, is_whole: false });
    history.breaks(P11, "no machine like the one at the Esp can be made of its state");
}
