//! What the predecessors' client offers besides of messages: clean starts, reasons, counters.

use fivewire_core::event::{DownReason, Event};
use fivewire_core::mqtt::QoS;
use fivewire_scenarios::{Heard, Tap, secs};
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::Sim;

/// Whether each CONNECT asked for a clean session: those up to the first connection that lasts, and
/// the one after a loss.
fn clean_flags(clean_init: bool, clean_session: bool) -> Vec<bool> {
    let sim = Sim::client(1).configure(|setup| {
        setup.clean_init = clean_init;
        setup.clean_session = clean_session;
    });
    let (mut sim, tap) = Tap::on(sim);
    sim.run_until_connected();
    sim.run_for(secs(1));
    sim.at(0, FaultKind::TcpReset);
    sim.run_for(secs(10));
    tap.all("CONNECT").iter().map(|connect| connect.clean_session).collect()
}

/// The fork's single option is two of the four: `clean` is `clean_init` alone, and without it there
/// is neither.
#[test]
fn clean_init_and_clean_session_mean_what_they_say_in_all_four_combinations() {
    assert_eq!(clean_flags(true, false), [true, false, false], "wiped once, then kept");
    assert_eq!(clean_flags(false, false), [false, false], "kept from the start");
    assert_eq!(clean_flags(true, true), [true, true], "nothing is kept, so nothing is to be wiped");
    assert_eq!(clean_flags(false, true), [true, true]);
}

#[test]
fn each_refusal_of_a_connection_is_told_as_what_it_is_and_tried_again() {
    for code in 1..=5 {
        let (mut sim, refusals) = Heard::on(Sim::client(code.into()), |event| match event {
            Event::AttemptFailed { reason: DownReason::Refused(code) } => Some(code.as_u8()),
            _ => None,
        });
        sim.at_for(0, secs(20), FaultKind::ConnectDenied { code });
        sim.run_for(secs(20));
        assert!(refusals.all().len() > 2 && refusals.all().iter().all(|told| *told == code));
        sim.run_until_connected();
    }
}

#[test]
fn what_is_sent_again_is_counted_once_each_time() {
    let (mut sim, tap) = Tap::on(Sim::client(2));
    sim.run_until_connected();
    sim.at_for(0, secs(30), FaultKind::AcksSwallowed);
    for _ in 0..3 {
        sim.publish("door/open", b"1", QoS::AtLeastOnce);
    }
    sim.at(secs(5), FaultKind::TcpReset);
    sim.at(secs(10), FaultKind::TcpReset);
    sim.heal_after(secs(31));
    let again = tap.all("PUBLISH").iter().filter(|publish| publish.dup).count();
    assert_eq!((sim.counters().redelivered as usize, again), (again, again));
    assert!(again >= 6, "three, twice: {again}");
}
