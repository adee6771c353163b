//! Full queues push back or say so; nothing goes missing in silence (P7, P9).

use fivewire_core::client::Publication;
use fivewire_core::error::PublishError;
use fivewire_core::event::Event;
use fivewire_core::mqtt::QoS;
use fivewire_scenarios::{Heard, Tap, mins, secs};
use fivewire_sim::app::Commands;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::{Outcome, Sim};

#[test]
fn a_full_outbox_refuses_and_takes_again_once_something_is_done() {
    let mut sim = Sim::bridge(1).configure(|setup| setup.outbox_bytes = 512);
    let publication = Publication::new("door/open", b"0123456789", QoS::AtLeastOnce);
    let mut tickets = Vec::new();
    let refusal = loop {
        match sim.command(|commands| commands.publish(&publication)) {
            Ok(ticket) => tickets.push(ticket),
            Err(error) => break error,
        }
    };
    assert_eq!(refusal, PublishError::OutboxFull);
    sim.run_until_connected();
    sim.run_for(secs(5));
    for ticket in &tickets {
        sim.assert_acked(*ticket);
    }
    sim.publish("door/open", b"0123456789", QoS::AtLeastOnce);
    sim.run_for(secs(1));
    sim.assert_received("door/open", tickets.len() + 1..=tickets.len() + 1);
}

#[test]
fn an_outbox_full_of_what_was_given_up_says_when_it_has_room() {
    let publication = Publication::new("door/open", &[0; 100], QoS::AtLeastOnce);
    for sim in [Sim::client(5), Sim::bridge(5)] {
        let sim = sim.configure(|setup| (setup.outbox_bytes, setup.window) = (512, 8));
        let has_room = |event: &Event<'_>| (*event == Event::OutboxHasRoom).then_some(());
        let (mut sim, heard) = Heard::on(sim, has_room);
        sim.run_until_connected();
        sim.at_for(0, secs(5), FaultKind::AcksSwallowed).at(secs(5), FaultKind::TcpReset);
        sim.run_for(1);
        let publish = |commands: &mut Commands<'_>| commands.publish(&publication);
        let tickets: Vec<_> = std::iter::from_fn(|| sim.command(publish).ok()).collect();
        sim.run_for(secs(2));
        for ticket in tickets {
            assert!(sim.command(|commands| commands.cancel(ticket)));
            assert_eq!(sim.command(publish), Err(PublishError::OutboxFull));
        }
        sim.run_for(secs(1));
        assert_eq!(heard.take().len(), 0, "all of it may still be acknowledged");
        sim.run_for(secs(10));
        assert_eq!(heard.take().len(), 1);
        let ticket = sim.publish("door/open", b"0123456789", QoS::AtLeastOnce);
        sim.run_for(secs(1));
        sim.assert_acked(ticket);
    }
}

#[test]
fn a_qos_1_publication_takes_the_room_of_qos_0_ones_and_says_so() {
    let mut sim = Sim::client(2).configure(|setup| setup.outbox_bytes = 256);
    let temperature = sim.publish("temperature", &[0; 150], QoS::AtMostOnce);
    let alarm = sim.publish("alarm", &[1; 150], QoS::AtLeastOnce);
    sim.run_until_connected();
    sim.run_for(secs(1));
    sim.assert_outcome(temperature, Outcome::Abandoned);
    sim.assert_acked(alarm);
    assert_eq!(sim.counters().dropped_qos0_out, 1);
}

#[test]
fn what_can_never_fit_is_refused_at_once() {
    let mut sim = Sim::bridge(3);
    let huge = vec![0; 100_000];
    let refused =
        sim.command(|commands| commands.publish(&Publication::new("t", &huge, QoS::AtLeastOnce)));
    assert!(matches!(refused, Err(PublishError::TooLarge { .. })), "{refused:?}");
}

#[test]
fn an_application_that_holds_for_longer_than_keep_alive_keeps_its_connection() {
    let (mut sim, tap) = Tap::on(Sim::client(4).configure(|setup| setup.keep_alive_s = 20));
    sim.subscribe("in/+");
    sim.run_until_connected();
    sim.run_for(secs(1));
    sim.at_for(0, mins(2), FaultKind::AppHolds);
    sim.run_for(secs(1));
    for _ in 0..60 {
        sim.witness_publish("in/light", &[0; 200], QoS::AtLeastOnce, false);
    }
    sim.run_for(secs(110));
    assert_eq!(sim.counters().connections, 1);
    assert!(tap.count("PINGREQ") >= 10);
    sim.assert_told("in/light", 0..=0);
    sim.run_for(mins(2));
    sim.assert_told("in/light", 60..);
}

#[test]
fn publications_are_acknowledged_while_the_application_holds() {
    let mut sim = Sim::client(5);
    sim.subscribe("in/+");
    sim.run_until_connected();
    sim.run_for(secs(1));
    sim.at_for(0, mins(5), FaultKind::AppHolds);
    sim.run_for(secs(1));
    for _ in 0..60 {
        sim.witness_publish("in/light", &[0; 200], QoS::AtLeastOnce, false);
    }
    sim.run_for(secs(5));
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(secs(40));
    sim.assert_acked(opened);
    sim.heal_and_settle();
    sim.assert_told("in/light", 60..);
}

/// D-06: an exception in a callback left the predecessors running and deaf for ever.
#[test]
fn an_application_that_never_releases_stops_nothing_else() {
    let mut sim = Sim::bridge(6).configure(|setup| setup.release_after_ms = Some(mins(10)));
    sim.subscribe("in/+");
    sim.run_until_connected();
    sim.run_for(secs(2));
    for _ in 0..40 {
        sim.witness_publish("in/light", b"on", QoS::AtLeastOnce, false);
    }
    sim.run_for(secs(10));
    let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
    sim.run_for(secs(5));
    sim.assert_acked(opened);
    sim.at(0, FaultKind::EspCrash);
    sim.run_for(secs(20));
    let closed = sim.publish("door/open", b"0", QoS::AtLeastOnce);
    sim.run_for(secs(5));
    sim.assert_acked(closed);
}
