use fivewire_core::event::{AbandonReason, Event};
use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::Properties;
use fivewire_core::time::Instant;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::observation::{BoardLoss, Observation, Part};
use fivewire_sim::oracle::Promise::{P1, P7};

use crate::history::{History, packet, payload, setup, ticket};

fn connected() -> History {
    let mut history = History::of(setup());
    history.connect(false);
    history
}

#[test]
fn a_message_that_arrives_and_is_acknowledged_keeps_the_promise() {
    let mut history = connected();
    history.publish(1, "up/0").arrive(1, "up/0", 1, false).acknowledge(1, 1);
    history.publish(2, "up/1").arrive(2, "up/1", 2, false).acknowledge(2, 2).settle();
    history.passes();
    assert!(history.oracle.checked()[P1.index()] >= 8);
}

#[test]
fn payloads_without_a_number_are_told_apart_by_content_and_order() {
    let mut history = connected();
    for (number, text) in [(1, &b"on"[..]), (2, b"off"), (3, b"on")] {
        history.see(Observation::Published {
            ticket: number,
            topic: "lamp",
            payload: text,
            qos: QoS::AtLeastOnce,
            retain: true,
            properties: Properties::NONE,
        });
    }
    for (id, text) in [(1, &b"on"[..]), (2, b"off"), (3, b"on")] {
        history.device_sends(&packet::publish("lamp", text, id, false, true));
    }
    history.acknowledge(1, 1).acknowledge(2, 2).acknowledge(3, 3).settle();
    history.passes();
}

#[test]
fn an_outcome_that_never_comes_is_caught() {
    let mut history = connected();
    history.publish(1, "up/0").arrive(1, "up/0", 1, false).broker_sends(&packet::puback(1));
    history.see(Observation::Healed).see(Observation::Finished);
    history.breaks(P1, "arrived at the broker and has no outcome");
}

#[test]
fn a_message_that_never_arrives_is_caught() {
    let mut history = connected();
    history.publish(1, "up/0").see(Observation::Healed).see(Observation::Finished);
    history.breaks(P1, "never arrived");
}

#[test]
fn an_acknowledgement_without_puback_is_caught() {
    let mut history = connected();
    history.publish(1, "up/0").arrive(1, "up/0", 1, false).told(Event::Acked(ticket(1)));
    history.breaks(P1, "wrote no PUBACK");
}

#[test]
fn an_acknowledgement_of_what_never_arrived_is_caught() {
    let mut history = connected();
    history.publish(1, "up/0").told(Event::Acked(ticket(1)));
    history.breaks(P1, "never arrived");
}

#[test]
fn a_puback_for_another_message_does_not_count() {
    let mut history = connected();
    history.publish(1, "up/0").publish(2, "up/0");
    history.arrive(1, "up/0", 1, false).arrive(2, "up/0", 2, false);
    history.broker_sends(&packet::puback(2)).told(Event::Acked(ticket(1)));
    history.breaks(P1, "wrote no PUBACK");
}

#[test]
fn a_second_outcome_is_caught() {
    let mut history = connected();
    history.publish(1, "up/0").arrive(1, "up/0", 1, false).acknowledge(1, 1);
    history.told(Event::Acked(ticket(1))).breaks(P1, "second outcome");
}

#[test]
fn an_outcome_for_a_ticket_nobody_holds_is_caught() {
    connected().told(Event::Acked(ticket(7))).breaks(P7, "never given");
}

#[test]
fn a_changed_payload_topic_retain_flag_or_qos_is_caught() {
    let mut history = connected();
    let changed = [&payload(1)[..], b"!"].concat();
    history.publish(1, "up/0").device_sends(&packet::publish("up/0", &changed, 1, false, false));
    history.breaks(P1, "arrived as another message");

    let mut history = connected();
    history.publish(1, "up/0").arrive(1, "up/1", 1, false);
    history.breaks(P1, "arrived as another message");

    let mut history = connected();
    history.publish(1, "up/0").device_sends(&packet::publish("up/0", &payload(1), 1, false, true));
    history.breaks(P1, "retain true, published with QoS 1 and retain false");

    let mut history = connected();
    history.publish(1, "up/0").device_sends(&packet::publish("up/0", &payload(1), 0, false, false));
    history.breaks(P1, "arrived with QoS 0");
}

#[test]
fn a_message_nobody_published_is_caught() {
    let mut history = connected();
    history.device_sends(&packet::publish("up/0", b"surprise", 1, false, false));
    history.breaks(P1, "never published");
}

#[test]
fn bytes_of_the_device_that_are_no_packet_are_caught() {
    connected().device_sends(&[0xF0, 0]).breaks(P1, "no MQTT packet");
}

#[test]
fn giving_up_on_the_applications_wish_keeps_the_promise() {
    let mut history = connected();
    history.publish(1, "up/0").see(Observation::Cancelled { ticket: 1 });
    history.told(Event::Abandoned { ticket: ticket(1), reason: AbandonReason::Cancelled });
    history.publish(2, "up/0");
    let deadline = Instant::from_millis(history.now_ms);
    history.see(Observation::DeadlineSet { ticket: 2, deadline });
    history.told(Event::Abandoned { ticket: ticket(2), reason: AbandonReason::Expired });
    history.settle().passes();
}

#[test]
fn giving_up_against_the_application_is_caught() {
    for reason in [
        AbandonReason::Cancelled,
        AbandonReason::ConnectionLost,
        AbandonReason::Dropped,
        AbandonReason::ShutDown,
    ] {
        let mut history = connected();
        history.publish(1, "up/0");
        history.told(Event::Abandoned { ticket: ticket(1), reason });
        history.breaks(P1, "against its application");
    }
}

#[test]
fn a_host_that_lost_its_memory_owes_nothing() {
    let mut history = connected();
    history.publish(1, "up/0").begin(0, FaultKind::HostReset);
    history.see(Observation::BoardDown { part: Part::Host, loss: BoardLoss::PowerLoss });
    let connection = history.connection;
    let ending = fivewire_sim::observation::Ending::Vanished;
    history.see(Observation::EndedAtBroker { connection, ending });
    history.see(Observation::BoardUp { part: Part::Host }).connect(true);
    // the new life counts its tickets from 1 again
    let new = payload(2);
    history.see(Observation::Published {
        ticket: 1,
        topic: "up/0",
        payload: &new,
        qos: QoS::AtLeastOnce,
        retain: false,
        properties: Properties::NONE,
    });
    history.arrive(2, "up/0", 1, false).acknowledge(1, 1).settle();
    history.passes();
}
