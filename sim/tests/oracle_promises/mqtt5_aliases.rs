//! Topic aliases for which the device has no room (MQTT 5): it leaves, and what came behind is unheard.

use fivewire_core::client::Action;
use fivewire_core::event::{DownReason, Event};
use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::ReasonCode;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::observation::{Ending, Observation};
use fivewire_sim::oracle::Promise::{P4, P10, P12};
use fivewire_sim::schedule::Setup;

use crate::history::History;
use crate::mqtt5::{CONNACK, CONNECT, OLD_SESSION, PROPERTIES, limits, open, packet};

/// Where the topic alias maximum is in [`CONNECT`].
const ALIAS_MAXIMUM: std::ops::Range<usize> = 13..16;

const OVERFLOW: Event<'_> = Event::Disconnected { reason: DownReason::TopicAliasesOverflow };

/// A device that can hardly remember a topic.
fn short_of_memory() -> Setup {
    let mut setup = limits();
    setup.mqtt5.as_mut().expect("it speaks MQTT 5").wishes.connect_bytes = 128;
    setup
}

/// PUBLISH that gives an alias to a topic too long for such a device.
fn publish_without_room() -> Vec<u8> {
    packet(&format!("in/{}", "x".repeat(90)), 1, b"\x23\x00\x01")
}

#[test]
fn leaving_for_aliases_that_fit_is_caught() {
    let mut history = History::of(short_of_memory());
    open(&mut history, CONNACK);
    history.broker_sends(&packet("in/0", 1, b"\x23\x00\x01")).told(OVERFLOW);
    history.breaks(P10, "topic aliases did not fit into the memory for them, and are few");
}

#[test]
fn a_disconnect_behind_an_alias_without_room_may_be_unheard() {
    let leaves = |alias: &[u8], reason| {
        let mut history = History::of(short_of_memory());
        open(&mut history, CONNACK);
        history.broker_sends(alias).begin(0, FaultKind::BrokerDisconnects { code: 0x97 });
        history.broker_sends(b"\xe0\x01\x97").see_at_once(Observation::FaultBit { index: 0 });
        history.end(0).told(Event::Disconnected { reason });
        history
    };
    let overflow = DownReason::TopicAliasesOverflow;
    leaves(&publish_without_room(), overflow).passes();
    let heard = DownReason::ByBroker(ReasonCode::QuotaExceeded);
    leaves(&packet("in/0", 1, b"\x23\x00\x01"), heard).passes();
    let history = leaves(&publish_without_room(), DownReason::TcpClosed);
    history.breaks(P12, "the broker said DISCONNECT with 0x97, and TcpClosed was told");
}

/// A connection on which each step of the client is seen.
fn connect_seen(history: &mut History, connect: &[u8], connack: &[u8]) {
    history.see(Observation::Asked(Action::OpenTcp)).open().device_sends(connect).hears(connack);
    let session_present = connack[2] == 1;
    history.see_at_once(Observation::Told(Event::Connected { session_present }));
}

/// A SUBACK comes behind an alias; then the connection ends, and the device subscribes again.
fn granted_behind_an_alias(ends: impl FnOnce(&mut History), connect: &[u8]) -> History {
    let subscribe = |packet_id| [&[0x82, 10, 0, packet_id, 0, 0, 4][..], b"in/#\x01"].concat();
    let mut history = History::of(short_of_memory());
    connect_seen(history.join(), CONNECT, CONNACK);
    let (filter, qos) = ("in/#", QoS::AtLeastOnce);
    history.see(Observation::SubscribeAsked { ticket: 1, filter, qos });
    let suback = b"\x90\x04\x00\x01\x00\x01";
    history.device_sends(&subscribe(1)).hears(&[&publish_without_room()[..], suback].concat());
    ends(&mut history);
    connect_seen(history.wait_ms(300), connect, OLD_SESSION);
    history.device_sends(&subscribe(2));
    history
}

#[test]
fn a_suback_behind_an_alias_without_room_may_be_unheard() {
    let leaves = |history: &mut History| {
        let connection = history.connection;
        history.see_at_once(Observation::Asked(Action::CloseTcp));
        history.see_at_once(Observation::Told(OVERFLOW));
        history.see(Observation::EndedAtDevice { connection, ending: Ending::Closed });
        history.see(Observation::EndedAtBroker { connection, ending: Ending::ClosedByPeer });
    };
    // from now on it takes no aliases
    let mut connect = CONNECT.to_vec();
    connect.drain(ALIAS_MAXIMUM);
    connect[1] -= 3;
    connect[PROPERTIES] -= 3;
    granted_behind_an_alias(leaves, &connect).passes();
    let breaks_off = |history: &mut History| {
        history.break_off();
    };
    let history = granted_behind_an_alias(breaks_off, CONNECT);
    history.breaks(P4, "was subscribed to though it is active");
}
