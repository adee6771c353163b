use fivewire_core::client::Action;
use fivewire_core::event::Event;
use fivewire_core::mqtt::QoS;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::observation::{Ending, Observation};
use fivewire_sim::oracle::Promise::P10;
use fivewire_sim::oracle::{WILL_PAYLOAD, WILL_TOPIC};
use fivewire_sim::schedule::Setup;

use crate::history::{History, packet, setup};

const WILL: Option<(&str, &[u8])> = Some((WILL_TOPIC, WILL_PAYLOAD));

fn willing() -> Setup {
    Setup { will: true, ..setup() }
}

/// A device with a will is connected.
fn connected() -> History {
    let mut history = History::of(willing());
    connect(&mut history);
    history
}

fn connect(history: &mut History) {
    history.open().device_sends(&packet::connect(false, 60, WILL));
    history.broker_sends(&packet::connack(true, 0));
    history.told(Event::Connected { session_present: true });
}

fn will() -> Observation<'static> {
    Observation::WitnessReceived {
        topic: WILL_TOPIC,
        payload: WILL_PAYLOAD,
        qos: QoS::AtLeastOnce,
        retain: false,
    }
}

#[test]
fn a_will_in_each_connect_and_told_in_time_keeps_the_promise() {
    let mut history = connected();
    history.idle_s(100).begin(0, FaultKind::TcpHalfOpen).wait_ms(89_000);
    let connection = history.connection;
    history.see(Observation::EndedAtBroker { connection, ending: Ending::Closed }).see(will());
    connect(&mut history);
    history.idle_s(200).passes();
}

#[test]
fn a_connect_without_the_will_or_with_another_is_caught() {
    let mut history = connected();
    history.break_off().open().device_sends(&packet::connect(false, 60, None));
    history.breaks(P10, "without the will");

    let mut history = History::of(willing());
    history.open().device_sends(&packet::connect(false, 60, Some((WILL_TOPIC, b"here"))));
    history.breaks(P10, "another will");

    let mut history = History::of(setup());
    history.open().device_sends(&packet::connect(false, 60, WILL));
    history.breaks(P10, "nobody configured");
}

#[test]
fn another_keep_alive_is_caught() {
    let mut history = History::of(setup());
    history
        .open()
        .device_sends(&packet::connect(false, 0, None))
        .breaks(P10, "keep alive 0, not 60");
}

#[test]
fn a_will_that_is_not_told_is_caught() {
    let mut history = connected();
    history.begin(0, FaultKind::TcpHalfOpen).wait_ms(96_000).see(Observation::Holds(false));
    history.breaks(P10, "its will was not published");
}

#[test]
fn a_broker_that_restarts_owes_no_will() {
    let mut history = connected();
    history.see(Observation::BrokerDown(true)).wait_ms(200_000).see(Observation::Holds(false));
    history.passes();
}

#[test]
fn a_device_that_came_back_in_time_leaves_no_will_owed() {
    let mut history = connected();
    history.begin(0, FaultKind::TcpHalfOpen).wait_ms(30_000);
    connect(&mut history);
    history.idle_s(200).passes();
}

#[test]
fn a_goodbye_that_was_asked_for_keeps_the_promise() {
    let mut history = connected();
    history.see(Observation::ShutDownAsked).device_sends(&packet::DISCONNECT);
    let connection = history.connection;
    history.see(Observation::EndedAtBroker { connection, ending: Ending::ClosedByPeer });
    history.told(Event::Stopped).wait_ms(200_000).see(Observation::Holds(false));
    history.passes();
    history.see(will()).breaks(P10, "had said goodbye");
}

#[test]
fn a_goodbye_that_nobody_asked_for_is_caught() {
    connected().device_sends(&packet::DISCONNECT).breaks(P10, "which nobody asked for");
}

#[test]
fn leaving_on_purpose_without_goodbye_is_caught() {
    let mut history = connected();
    history.see(Observation::ShutDownAsked);
    let connection = history.connection;
    history.see(Observation::EndedAtBroker { connection, ending: Ending::ClosedByPeer });
    history.breaks(P10, "without DISCONNECT");

    let mut history = connected();
    history.see(Observation::EndedAtDevice { connection, ending: Ending::Closed });
    history.see(Observation::ShutDownAsked);
    history.see(Observation::EndedAtBroker { connection, ending: Ending::ClosedByPeer }).passes();
}

#[test]
fn silence_beyond_keep_alive_is_caught_on_a_healthy_connection() {
    let mut history = connected();
    history.wait_ms(60_010).device_sends(&packet::PINGREQ).breaks(P10, "MQTT-3.1.2-23");

    let mut history = connected();
    history.begin(0, FaultKind::WifiFade).wait_ms(61_000).device_sends(&packet::PINGREQ).passes();
}

/// The same, where each step of the client is seen.
fn joined() -> History {
    let mut history = History::of(willing());
    history.join().see(Observation::Asked(Action::OpenTcp)).open();
    history.device_sends(&packet::connect(false, 60, WILL)).hears(&packet::connack(true, 0));
    history.see_at_once(Observation::Told(Event::Connected { session_present: true }));
    history
}

/// After so long the device asks for a sign of life, and gets it.
fn pings_after(history: &mut History, millis: u64) -> &mut History {
    history.wait_ms(millis).device_sends(&packet::PINGREQ).hears(&PINGRESP)
}

const PINGRESP: [u8; 2] = [0xD0, 0];

#[test]
fn a_ping_each_quarter_of_keep_alive_keeps_the_promise() {
    let mut history = joined();
    pings_after(&mut history, 15_000);
    pings_after(&mut history, 15_000).passes();
}

#[test]
fn a_ping_that_is_not_due_is_caught_and_one_that_was_asked_for_is_not() {
    let mut history = joined();
    pings_after(&mut history, 15_000);
    pings_after(&mut history, 12_000).breaks(P10, "is due after 15000 ms");
    // the one before may have been kept
    let mut history = joined();
    pings_after(&mut history, 15_000).begin(0, FaultKind::HostBusy).end(0);
    pings_after(&mut history, 12_000).passes();
    pings_after(&mut history, 7_000).breaks(P10, "is due after 15000 ms");
    let mut history = joined();
    pings_after(&mut history, 15_000).wait_ms(7_000);
    history.see(Observation::Probed { is_asked: true });
    pings_after(&mut history, 0).passes();
}

#[test]
fn a_ping_that_is_due_and_does_not_come_is_caught() {
    pings_after(&mut joined(), 18_000).breaks(P10, "MQTT-3.1.2-23");
}

#[test]
fn a_sign_of_life_that_is_asked_for_and_does_not_come_is_caught() {
    let mut history = connected();
    history.see(Observation::Probed { is_asked: true }).wait_ms(3_000);
    history.see(Observation::Healed).breaks(P10, "the broker was not asked");
    let mut history = connected();
    history.see(Observation::Probed { is_asked: false });
    history.breaks(P10, "a sign of life is asked for: false");
}

#[test]
fn another_name_and_a_login_are_caught() {
    let connect = packet::connect(false, 60, WILL);
    let mut other = connect.clone();
    other[14] = b'D';
    let mut history = History::of(willing());
    history.join().open().device_sends(&other).breaks(P10, "CONNECT came from \"Device\"");
    let mut login = connect;
    login[1] += 3;
    login[9] |= 0x80;
    login.extend(*b"\x00\x01u");
    let mut history = History::of(willing());
    history.join().open().device_sends(&login).breaks(P10, "with a login");
}
