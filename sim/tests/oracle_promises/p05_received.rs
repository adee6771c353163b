use fivewire_core::event::{Event, Message};
use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::Properties;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::observation::{BoardLoss, ConnectionId, Ending, Observation, Part};
use fivewire_sim::oracle::Promise::{P5, P6};
use fivewire_sim::schedule::{Setup, Topology};

use crate::history::{History, packet, payload, setup};

fn subscribed(setup: Setup) -> History {
    let mut history = History::of(setup);
    history.connect(false).subscribe(1, "in/#", 1);
    history
}

fn explicit() -> Setup {
    Setup { release_after_ms: Some(100), ..setup() }
}

#[test]
fn acknowledging_what_the_application_has_keeps_the_promise() {
    let mut history = subscribed(setup());
    for number in 1..=3 {
        history.witness(number, "in/0").deliver(number, "in/0", number as u16, false);
    }
    for number in 1..=3 {
        history.message(number, "in/0").device_sends(&packet::puback(number as u16));
    }
    history.settle().passes();
}

#[test]
fn an_acknowledgement_before_the_application_has_it_is_caught() {
    let mut history = subscribed(setup());
    history.witness(1, "in/0").deliver(1, "in/0", 1, false).device_sends(&packet::puback(1));
    history.breaks(P5, "before the application got it");
}

#[test]
fn an_acknowledgement_before_the_release_is_caught() {
    let mut history = subscribed(explicit());
    history.witness(1, "in/0").deliver(1, "in/0", 1, false);
    history.message_to_release(1, "in/0", Some(1)).device_sends(&packet::puback(1));
    history.breaks(P5, "before the application released it");

    let mut history = subscribed(explicit());
    history.witness(1, "in/0").deliver(1, "in/0", 1, false);
    history.message_to_release(1, "in/0", Some(1)).see(Observation::Released { delivery: 1 });
    history.device_sends(&packet::puback(1)).settle().passes();
}

#[test]
fn another_messages_release_does_not_count() {
    let mut history = subscribed(explicit());
    for number in 1..=2 {
        history.witness(number, "in/0").deliver(number, "in/0", number as u16, false);
        history.message_to_release(number, "in/0", Some(number as u32));
    }
    history.see(Observation::Released { delivery: 2 }).device_sends(&packet::puback(1));
    history.breaks(P5, "before the application released it");
}

#[test]
fn acknowledgements_in_another_order_are_caught() {
    let mut history = subscribed(setup());
    for number in 1..=2 {
        history.witness(number, "in/0").deliver(number, "in/0", number as u16, false);
        history.message(number, "in/0");
    }
    history.device_sends(&packet::puback(2)).breaks(P5, "MQTT-4.6.0-2");
}

#[test]
fn an_acknowledgement_of_nothing_is_caught() {
    subscribed(setup()).device_sends(&packet::puback(9)).breaks(P5, "no such PUBLISH");
}

#[test]
fn a_message_the_host_had_in_an_earlier_life_must_be_told_again() {
    let mut history = subscribed(setup());
    history.witness(1, "in/0").deliver(1, "in/0", 1, false).message(1, "in/0");
    history.begin(0, FaultKind::HostReset);
    history.see(Observation::BoardDown { part: Part::Host, loss: BoardLoss::PowerLoss });
    let connection = history.connection;
    history.see(Observation::EndedAtBroker { connection, ending: Ending::Vanished });
    history.connect(true).deliver(1, "in/0", 1, true).device_sends(&packet::puback(1));
    history.breaks(P5, "before the application got it");
}

#[test]
fn a_message_that_is_never_told_is_caught() {
    let mut history = subscribed(setup());
    history.witness(1, "in/0").settle();
    history.breaks(P5, "never told");
}

#[test]
fn a_message_lost_with_a_connection_is_caught_where_the_session_lasts() {
    let mut history = subscribed(setup());
    history.witness(1, "in/0").deliver(1, "in/0", 1, false).break_off().connect(true).settle();
    history.breaks(P5, "never told");
}

#[test]
fn what_was_lost_with_the_session_is_not_owed() {
    let mut history = subscribed(setup());
    history.witness(1, "in/0").break_off().connect(false);
    history.device_sends(&packet::subscribe(2, &["in/#"])).broker_sends(&packet::suback(2, &[1]));
    history.settle().passes();
}

#[test]
fn what_no_subscription_matches_is_not_owed() {
    let mut history = subscribed(setup());
    history.witness(1, "other").witness(2, "$in/0").settle();
    history.passes();
}

#[test]
fn a_message_that_no_broker_sent_is_caught() {
    subscribed(setup()).message(1, "in/0").breaks(P5, "which no broker sent");
}

/// A QoS 1 message with a payload of so many bytes is published for the device and sent to it.
fn large(history: &mut History, payload_bytes: usize) -> Event<'static> {
    let payload = vec![7; payload_bytes];
    let qos = QoS::AtLeastOnce;
    let properties = Properties::NONE;
    let (topic, payload_of) = ("in/0", &payload);
    history.see(Observation::WitnessPublished { topic, payload: payload_of, qos, properties });
    let packet = packet::publish(topic, &payload, 1, false, false);
    history.broker_sends(&packet);
    Event::MessageTooLarge { qos, size_bytes: packet.len() }
}

#[test]
fn a_message_too_large_may_be_acknowledged_if_it_is_told_so() {
    let mut history = subscribed(setup());
    let too_large = large(&mut history, 2_100);
    history.told(too_large).device_sends(&packet::puback(1)).settle();
    history.passes();

    let mut history = subscribed(setup());
    let too_large = large(&mut history, 2_100);
    history.device_sends(&packet::puback(1)).told(too_large).settle();
    history.passes();

    let mut history = subscribed(setup());
    large(&mut history, 2_100);
    history.device_sends(&packet::puback(1)).idle_s(40);
    history.breaks(P5, "before the application got it");

    let mut history = subscribed(setup());
    large(&mut history, 2_100);
    history.settle().breaks(P5, "never told");
}

#[test]
fn the_acknowledgement_of_a_message_too_large_may_outlive_the_host_that_was_told() {
    let mut history = subscribed(setup());
    let too_large = large(&mut history, 2_100);
    history.told(too_large).begin(0, FaultKind::HostReset);
    history.see(Observation::BoardDown { part: Part::Host, loss: BoardLoss::PowerLoss });
    history.device_sends(&packet::puback(1));
    let connection = history.connection;
    history.see(Observation::EndedAtBroker { connection, ending: Ending::Vanished });
    history.connect(true).settle().passes();
}

#[test]
fn a_message_that_fits_is_not_told_to_be_too_large() {
    let mut history = subscribed(setup());
    let too_large = large(&mut history, 1_500);
    history.told(too_large).breaks(P5, "and fits");

    let mut history = subscribed(setup());
    large(&mut history, 1_500);
    history.device_sends(&packet::puback(1)).breaks(P5, "before the application got it");
}

#[test]
fn a_message_too_large_was_sent_and_is_told_once() {
    let mut history = subscribed(setup());
    let too_large = large(&mut history, 2_100);
    history.told(too_large).told(too_large).breaks(P5, "and not sent");

    let mut history = subscribed(setup());
    let size_bytes = 2_100;
    history.told(Event::MessageTooLarge { qos: QoS::AtMostOnce, size_bytes });
    history.breaks(P5, "and not sent");
}

fn bridge() -> Setup {
    Setup { topology: Topology::Bridge, ..setup() }
}

#[test]
fn the_word_of_a_message_too_large_may_be_lost_with_the_link_and_only_with_it() {
    let mut history = subscribed(bridge());
    history.told(Event::EspReady { resumed: false });
    large(&mut history, 1_100);
    history.device_sends(&packet::puback(1));
    history.see(Observation::Link { end: Part::Host, up: false }).settle().passes();

    let mut history = subscribed(bridge());
    history.told(Event::EspReady { resumed: false });
    large(&mut history, 1_100);
    history.device_sends(&packet::puback(1)).settle();
    history.breaks(P5, "before the application got it");
}

/// The broker sends message 1 of the workload with QoS 2, although less was granted.
fn exactly_once(history: &mut History) {
    let mut packet = packet::publish("in/0", &payload(1), 1, false, false);
    packet[0] = 0x34;
    history.witness(1, "in/0").broker_sends(&packet);
    let qos = QoS::ExactlyOnce;
    history.told(Event::Message(Message::new("in/0", &payload(1), qos)));
}

#[test]
fn what_comes_with_qos_2_is_answered_to_its_end() {
    let mut history = subscribed(setup());
    exactly_once(&mut history);
    history.device_sends(&packet::pubrec(1)).broker_sends(&packet::pubrel(1));
    history.device_sends(&packet::pubcomp(1)).settle().passes();

    let mut history = subscribed(setup());
    exactly_once(&mut history);
    history.device_sends(&packet::pubrec(1)).broker_sends(&packet::pubrel(1));
    history.settle().breaks(P6, "has no PUBCOMP");
}

#[test]
fn wrong_answers_to_qos_2_are_caught() {
    let mut history = subscribed(setup());
    exactly_once(&mut history);
    history.device_sends(&packet::puback(1)).breaks(P5, "was answered with PUBACK");

    let mut history = subscribed(setup());
    exactly_once(&mut history);
    history.device_sends(&packet::pubrec(1)).device_sends(&packet::pubcomp(1));
    history.breaks(P5, "where no PUBREL is open");

    let mut history = subscribed(setup());
    history.witness(1, "in/0").deliver(1, "in/0", 1, false).message(1, "in/0");
    history.device_sends(&packet::pubrec(1)).breaks(P5, "was answered with PUBREC");
}

#[test]
fn a_message_is_told_with_the_quality_of_service_it_came_with() {
    let mut history = subscribed(setup());
    history.witness(1, "in/0").deliver(1, "in/0", 1, false);
    history.told(Event::Message(Message::new("in/0", &payload(1), QoS::ExactlyOnce)));
    history.breaks(P5, "and it was not sent so");
}

fn wiping() -> Setup {
    Setup { clean_init: true, ..setup() }
}

/// The session of an earlier life is wiped.
fn wipe(history: &mut History) {
    history.open().device_sends(&packet::connect(true, 60, None));
    history.broker_sends(&packet::connack(false, 0)).device_sends(&packet::DISCONNECT);
    let connection = history.connection;
    history.see(Observation::EndedAtDevice { connection, ending: Ending::Closed });
    history.see(Observation::EndedAtBroker { connection, ending: Ending::ClosedByPeer });
}

#[test]
fn wiping_the_session_once_per_life_keeps_the_promise() {
    let mut history = History::of(wiping());
    wipe(&mut history);
    history.connect(false).break_off().connect(true).begin(0, FaultKind::HostReset);
    history.see(Observation::BoardDown { part: Part::Host, loss: BoardLoss::PowerLoss });
    let connection = history.connection;
    history.see(Observation::EndedAtBroker { connection, ending: Ending::Vanished });
    history.see(Observation::BoardUp { part: Part::Host });
    wipe(&mut history);
    history.connect(false).settle();
    history.passes();
}

#[test]
fn wiping_the_session_again_is_caught() {
    let mut history = History::of(wiping());
    wipe(&mut history);
    history.connect(false).break_off();
    history.open().device_sends(&packet::connect(true, 60, None)).breaks(P5, "wiped again");
}

#[test]
fn not_wiping_the_session_at_all_is_caught() {
    let mut history = History::of(wiping());
    history
        .open()
        .device_sends(&packet::connect(false, 60, None))
        .breaks(P5, "was not wiped first");
}

#[test]
fn a_clean_session_nobody_configured_is_caught() {
    let mut history = History::of(setup());
    history.open().device_sends(&packet::connect(true, 60, None));
    history.breaks(P5, "against the configuration");
    assert_eq!(history.connection, ConnectionId(1));
}

/// Message 1 is sent to a device that joins networks by itself, with neither retain nor DUP, and told so.
fn told_with(setup: Setup, (retain, dup): (bool, bool)) -> History {
    let mut history = History::of(setup);
    history.join_and_connect(false).subscribe(1, "down/#", 0x8000).witness(1, "down/0");
    history.hears(&packet::publish("down/0", &payload(1), 1, false, false));
    let payload = payload(1);
    let message = Message { retain, dup, ..Message::new("down/0", &payload, QoS::AtLeastOnce) };
    history.see_at_once(Observation::Told(Event::Message(message)));
    history
}

#[test]
fn another_retain_flag_or_dup_than_was_sent_is_caught() {
    told_with(setup(), (false, false)).wait_ms(10).device_sends(&packet::puback(1)).passes();
    told_with(bridge(), (false, false)).passes();
    for flags in [(true, false), (false, true)] {
        // a client without a bridge tells the next that it keeps
        told_with(setup(), flags).breaks(P5, "and Some(Kept");
        told_with(bridge(), flags).breaks(P5, "and it was not sent so");
    }
}
