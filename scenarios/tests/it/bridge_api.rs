//! What a program at the host sees of its bridge besides of messages.

use fivewire_core::bridge::notice::{Notice, Notices};
use fivewire_core::bridge::status::Status;
use fivewire_core::event::{Event, ResetCause};
use fivewire_core::mqtt::QoS;
use fivewire_scenarios::{Heard, Tap, mins, secs};
use fivewire_sim::fault::{FaultKind, Memory};
use fivewire_sim::harness::Sim;
use fivewire_sim::world::{BridgeState, Services};

#[test]
fn wifi_running_and_ready_are_true_exactly_while_they_are() {
    let mut sim = Sim::bridge(1);
    let is = |sim: &Sim| {
        let BridgeState { running, wifi, ready, .. } = sim.bridge_state();
        (running, wifi, ready)
    };
    sim.run_for(0);
    assert_eq!(is(&sim), (false, false, false), "before the ESP8266 has started");
    sim.run_until_connected();
    assert_eq!(is(&sim), (true, true, true));
    sim.at_for(0, secs(30), FaultKind::WifiOutage);
    sim.run_for(secs(20));
    assert_eq!(is(&sim), (true, false, false), "in an outage of the network");
    sim.run_until_connected();
    sim.at_for(0, secs(30), FaultKind::BrokerCrash { memory: Memory::Kept });
    sim.run_for(secs(29));
    assert_eq!((is(&sim).0, is(&sim).2), (true, false), "in an outage of the broker");
    sim.heal_after(secs(60));
    assert_eq!(is(&sim), (true, true, true));
}

#[test]
fn d19_a_crash_is_no_time_to_be_ready() {
    let mut sim = Sim::bridge(2);
    sim.run_until_connected();
    sim.at(0, FaultKind::EspCrash);
    sim.run_until(secs(12), |sim| !sim.bridge_state().running);
    let BridgeState { wifi, ready, .. } = sim.bridge_state();
    assert!(!wifi && !ready, "from the crash on");
    sim.heal_and_settle();
    assert!(sim.bridge_state().ready);
}

#[test]
fn handlers_for_crash_start_and_network_are_called_in_this_order_and_once_each() {
    let mut notices = Notices::new();
    let hear = move |event: &Event<'_>| notices.hear(event).into_iter().flatten();
    let (mut sim, heard) = Heard::on(Sim::bridge(3), hear);
    sim.run_until_connected();
    assert_eq!(heard.take(), [Notice::Started, Notice::Wifi(true)], "the first one, too (D-35a)");
    sim.at_for(0, secs(30), FaultKind::WifiOutage);
    sim.run_for(mins(1));
    assert_eq!(heard.take(), [Notice::Wifi(false), Notice::Wifi(true)]);
    sim.at(0, FaultKind::EspHang);
    sim.run_for(mins(1));
    let crashed = Notice::Crashed(ResetCause::Watchdog);
    let wifi = Notice::Wifi;
    assert_eq!(heard.take(), [crashed, wifi(false), Notice::Started, wifi(true)]);
}

#[test]
fn what_is_published_at_a_start_leaves_behind_the_subscriptions() {
    let (sim, tap) = Tap::on(Sim::bridge(4));
    let (mut sim, started) =
        Heard::on(sim, |event| matches!(event, Event::EspReady { resumed: false }).then_some(()));
    sim.subscribe("pump/#");
    sim.run_until_connected();
    sim.run_for(secs(2));
    sim.at(0, FaultKind::EspCrash);
    sim.run_until(secs(30), |_| started.all().len() == 2);
    let told = sim.publish("pump/started", b"1", QoS::AtLeastOnce);
    sim.heal_and_settle();
    sim.assert_acked(told);
    let at = |name| tap.all(name).last().unwrap().at_ms;
    assert_eq!(tap.count("SUBSCRIBE"), 2);
    assert!(at("SUBSCRIBE") <= at("PUBLISH"));
}

#[test]
fn each_status_of_the_predecessors_has_its_number_and_its_event() {
    assert!(Status::ALL.iter().enumerate().all(|(n, status)| usize::from(status.number()) == n));
    let services = Services { tells_attempts: true, ..Services::default() };
    let sim = Sim::bridge(5).configure(|setup| setup.will = true).with_services(services);
    let statuses = |event: &Event<'_>| {
        [Status::before(event, true), Status::of(event)].into_iter().flatten().map(Status::number)
    };
    let (mut sim, heard) = Heard::on(sim, statuses);
    sim.run_until_connected();
    // The clean slate is a connection of its own, so there are two.
    assert_eq!(heard.take(), [7, 5, 3, 9, 1, 1, 0]);
    sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(secs(1));
    assert_eq!(heard.take(), [4]);
    sim.at_for(0, secs(20), FaultKind::BrokerRestart { memory: Memory::Kept });
    sim.run_for(mins(2));
    let outage = heard.take();
    assert!(outage.contains(&8) && outage.ends_with(&[1, 0]), "{outage:?}");
    sim.at_for(0, secs(20), FaultKind::WifiOutage);
    sim.run_for(mins(1));
    let outage = heard.take();
    assert!(outage.starts_with(&[10, 3]) && outage.ends_with(&[9, 1, 0]), "{outage:?}");
}

#[test]
fn d20_a_crash_is_told_as_what_it_is_while_starting_and_while_running() {
    let (mut sim, heard) = Heard::on(Sim::bridge(6), |event| match Status::of(event) {
        Some(status @ (Status::EspFail | Status::NoNet | Status::Running)) => Some(status),
        _ => None,
    });
    sim.run_until_connected();
    sim.at(0, FaultKind::EspHang);
    sim.at_for(1, secs(40), FaultKind::EspSlowBoot);
    sim.at_for(secs(11), secs(20), FaultKind::LinkDead);
    sim.run_for(mins(2));
    use Status::{EspFail, NoNet, Running};
    assert_eq!(heard.all()[..2], [Running, NoNet], "12 while running");
    assert!(heard.all()[2..].starts_with(&[EspFail]), "11 while starting: {:?}", heard.all());
    assert_eq!(heard.all().last(), Some(&Running));
}

#[test]
fn d22_a_publication_that_waits_for_the_broker_holds_up_no_question() {
    let (mut sim, memory) = Heard::on(Sim::bridge(7), |event| match *event {
        Event::EspMemory { free_bytes, used_bytes } => Some((free_bytes, used_bytes)),
        _ => None,
    });
    sim.run_until_connected();
    sim.at_for(0, secs(30), FaultKind::BrokerHang);
    sim.run_for(10);
    let tickets: Vec<_> =
        (0..20).map(|_| sim.publish("door/open", b"1", QoS::AtLeastOnce)).collect();
    sim.command(|commands| commands.ask_memory());
    sim.run_for(secs(2));
    assert_eq!(memory.all().len(), 1, "free and used bytes, while nothing is acknowledged");
    assert_eq!(sim.bridge_state().unacknowledged, tickets.len());
    sim.heal_and_settle();
    tickets.into_iter().for_each(|ticket| sim.assert_acked(ticket));
    assert_eq!(sim.bridge_state().unacknowledged, 0);
}
