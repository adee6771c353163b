use fivewire_core::event::{DownReason, Event, ResetCause};
use fivewire_sim::fault::FaultKind;
use fivewire_sim::observation::{Ending, Observation};
use fivewire_sim::oracle::Promise::P6;
use fivewire_sim::oracle::{Oracle, recovery_bound_ms, settle_bound_ms};
use fivewire_sim::schedule::{Setup, Topology};

use crate::history::{History, fault, packet, schedule, setup};

#[test]
fn connecting_within_the_bound_keeps_the_promise() {
    let mut history = History::of(setup());
    history.see(Observation::Healed).wait_ms(45_000).connect(false).idle_s(30);
    history.see(Observation::Finished).passes();
}

#[test]
fn connecting_after_the_bound_is_caught() {
    let mut history = History::of(setup());
    history.see(Observation::Healed).wait_ms(49_000).connect(false);
    history.breaks(P6, "not connected");
}

#[test]
fn never_connecting_is_caught_at_the_end() {
    let mut history = History::of(setup());
    history.see(Observation::Healed).see(Observation::Finished).breaks(P6, "not connected");
}

#[test]
fn a_connection_that_only_the_device_believes_in_is_caught() {
    let mut history = History::of(setup());
    history.connect(false);
    let connection = history.connection;
    history.see(Observation::EndedAtBroker { connection, ending: Ending::Closed });
    history.see(Observation::Healed).see(Observation::Finished);
    history.breaks(P6, "the broker has no such session");
}

#[test]
fn a_queue_that_does_not_drain_is_caught() {
    let mut history = History::of(setup());
    history.connect(false).publish(1, "a").see(Observation::Healed).idle_s(70);
    history.breaks(P6, "1 QoS 1 publications still wait");
}

#[test]
fn a_connection_that_is_lost_after_everything_settled_is_caught() {
    let mut history = History::of(setup());
    history.connect(false).see(Observation::Healed).idle_s(70);
    history.told(Event::Disconnected { reason: DownReason::PingrespOverdue });
    history.breaks(P6, "nothing was wrong any more");
}

#[test]
fn a_healthy_connection_that_is_given_up_is_caught() {
    for reason in [DownReason::PingrespOverdue, DownReason::AckOverdue, DownReason::TcpClosed] {
        let mut history = History::of(setup());
        history.connect(false).idle_s(20).told(Event::Disconnected { reason });
        history.breaks(P6, "nothing was wrong with it");
    }
}

#[test]
fn a_connection_that_a_fault_touched_may_be_given_up() {
    let mut history = History::of(setup());
    history.connect(false).begin(0, FaultKind::TcpHalfOpen).wait_ms(21_000);
    history.told(Event::Disconnected { reason: DownReason::PingrespOverdue }).passes();
}

#[test]
fn a_reset_on_a_healthy_network_must_be_over_soon() {
    let bridge = || {
        let mut history = History::of(Setup { topology: Topology::Bridge, ..setup() });
        history.see(Observation::ResetLine { cause: ResetCause::PowerUp });
        history
    };
    bridge().wait_ms(5_000).connect(false).wait_ms(5_000).see(Observation::Holds(false)).passes();
    let mut history = bridge();
    history.wait_ms(6_500).connect(false).breaks(P6, "ms after a reset on a healthy network");
    let mut history = bridge();
    history.begin(0, FaultKind::WifiOutage).wait_ms(7_000).connect(false).passes();
}

#[test]
fn turning_in_circles_is_caught() {
    let mut history = History::of(setup());
    history.connect(false);
    for _ in 0..200_001 {
        history.see_at_once(Observation::Holds(false));
    }
    history.breaks(P6, "without time going on");
}

#[test]
fn nothing_is_expected_of_a_run_that_never_heals() {
    let mut history = History::of(setup());
    history.publish(1, "a").wait_ms(500_000).see(Observation::Finished);
    history.passes();
}

#[test]
fn the_bound_is_a_minute_with_the_defaults_and_follows_the_setup() {
    let without_latency =
        |setup: Setup| recovery_bound_ms(&schedule(Setup { latency_max_ms: 0, ..setup }));
    let defaults = Setup { clean_init: true, ..setup() };
    assert_eq!(without_latency(defaults.clone()), 60_000);
    assert_eq!(without_latency(Setup { topology: Topology::Bridge, ..defaults.clone() }), 60_000);
    assert_eq!(without_latency(setup()), 48_000);
    assert_eq!(without_latency(Setup { keep_alive_s: 300, ..defaults.clone() }), 120_000);
    let mut network_only = schedule(Setup { latency_max_ms: 0, ..defaults });
    network_only.faults = vec![fault(FaultKind::WifiOutage), fault(FaultKind::AppHolds)];
    assert_eq!(recovery_bound_ms(&network_only), 30_000);
    assert!(settle_bound_ms(&network_only) > 30_000);
}

#[test]
fn a_device_is_held_to_what_it_says_and_may_not_say_more_than_its_setup_has() {
    let stating = |recovery_bound_ms| {
        let mut history = History::of(setup());
        history.see(Observation::StatedBound { recovery_bound_ms });
        history.see(Observation::Healed).wait_ms(41_000).device_sends(&packet::PINGREQ);
        history
    };
    stating(48_000).passes();
    stating(40_000).breaks(P6, "not connected 40200 ms after everything healed");
    stating(48_001).breaks(P6, "says that recovery may take 48001 ms, and not 48000");
}

#[test]
fn trouble_with_the_network_alone_must_be_over_after_30_seconds() {
    let mut schedule = schedule(setup());
    schedule.faults = vec![fault(FaultKind::WifiOutage)];
    let mut history = History::of(setup());
    history.oracle = Oracle::new(&schedule);
    history.see(Observation::Healed).wait_ms(31_000).device_sends(&packet::PINGREQ);
    history.breaks(P6, "not connected");
}
