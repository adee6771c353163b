use fivewire_core::event::{DownReason, Event};
use fivewire_core::mqtt::Breach;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::observation::{Ending, Observation};
use fivewire_sim::oracle::Promise::P12;
use fivewire_sim::schedule::{Setup, Topology};

use crate::history::{History, packet, setup};

/// The broker has just written bytes that are no MQTT.
fn malformed() -> History {
    let mut history = History::of(setup());
    // packet type 0, which is reserved
    history.connect(false).begin(0, FaultKind::Malformed { which: 0 }).broker_sends(&[0, 0]);
    history.see(Observation::FaultBit { index: 0 }).end(0);
    history
}

fn lost(reason: DownReason) -> Event<'static> {
    Event::Disconnected { reason }
}

#[test]
fn a_breach_that_is_named_and_a_new_connection_keep_the_promise() {
    let mut history = malformed();
    history.told(lost(DownReason::Breach(Breach::PacketType { packet_type: 0 })));
    let connection = history.connection;
    history.see(Observation::EndedAtBroker { connection, ending: Ending::ClosedByPeer });
    history.connect(true).settle().passes();
}

#[test]
fn a_breach_that_goes_unnoticed_is_caught() {
    malformed().idle_s(70).breaks(P12, "unnoticed");
}

#[test]
fn a_breach_told_as_something_else_is_caught() {
    malformed().told(lost(DownReason::TcpClosed)).breaks(P12, "TcpClosed was told");
}

#[test]
fn another_clause_than_the_broken_one_is_caught() {
    let mut history = malformed();
    history.told(lost(DownReason::Breach(Breach::QosThree)));
    history.breaks(P12, "[MQTT-3.3.1-4] was named, but [MQTT 3.1.1 §2.2.1] was broken");
}

#[test]
fn other_trouble_excuses_from_noticing() {
    let mut history = malformed();
    history.begin(1, FaultKind::WifiOutage).told(lost(DownReason::WifiLost)).idle_s(70);
    history.passes();
}

#[test]
fn a_host_whose_esp_has_fallen_silent_tells_of_nothing() {
    for (dies, is_caught) in [(true, false), (false, true)] {
        let mut history = History::of(Setup { topology: Topology::Bridge, ..setup() });
        history.told(Event::EspReady { resumed: false }).connect(false);
        if dies {
            let kind = FaultKind::EspCommandTaskDies;
            history.begin(0, kind).see(Observation::FaultBit { index: 0 }).end(0);
        }
        // the client connects anew, which only a living command task would tell
        let (connection, ending) = (history.connection, Ending::ClosedByPeer);
        history.see(Observation::EndedAtBroker { connection, ending });
        history.see(Observation::EndedAtDevice { connection, ending });
        history.wait_ms(6_000).open().device_sends(&packet::connect(false, 60, None));
        history.broker_sends(&packet::connack(true, 0));
        history.begin(1, FaultKind::Malformed { which: 0 }).broker_sends(&[0, 0]);
        history.see(Observation::FaultBit { index: 1 }).end(1);
        history.told(lost(DownReason::EspRestarted));
        match is_caught {
            true => history.breaks(P12, "EspRestarted was told"),
            false => history.passes(),
        }
    }
}

#[test]
fn a_broker_that_is_blamed_for_nothing_is_caught() {
    let mut history = History::of(setup());
    history.connect(false).told(lost(DownReason::Breach(Breach::QosThree)));
    history.breaks(P12, "had done nothing wrong");
}
