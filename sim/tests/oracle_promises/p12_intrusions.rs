use fivewire_core::bridge::host;
use fivewire_core::client::State;
use fivewire_sim::observation::{Copied, Intrusion, Observation, Part};
use fivewire_sim::oracle::Promise::P12;

use crate::history::{History, setup};

/// A copy of a machine got an input, changed by it or not, and granted what was asked or did not.
fn intruded(copied: Copied, intrusion: Intrusion, is_unchanged: bool, is_granted: bool) -> History {
    let mut history = History::of(setup());
    history.see(Observation::Intruded { copied, intrusion, is_unchanged, is_granted });
    history
}

#[test]
fn what_comes_too_late_changes_nothing() {
    let client = Copied::Client(State::Connected);
    intruded(client, Intrusion::WifiUp, true, false).passes();
    intruded(client, Intrusion::WifiUp, false, false).breaks(P12, "WifiUp changes something");
    intruded(client, Intrusion::Release, false, false).breaks(P12, "Release changes something");
    let host = Copied::Host(host::State::Disconnecting);
    intruded(host, Intrusion::Start, false, true).breaks(P12, "Start changes something, and is");
}

#[test]
fn what_is_waited_for_does() {
    let client = Copied::Client(State::JoiningWifi);
    intruded(client, Intrusion::WifiUp, false, true).passes();
    intruded(client, Intrusion::WifiUp, true, true).breaks(P12, "WifiUp changes nothing");
    let host = Copied::Host(host::State::Stopped);
    intruded(host, Intrusion::Start, true, true).breaks(P12, "Start changes nothing");
}

#[test]
fn a_machine_of_a_damaged_state_rests() {
    let damaged = |is_calm| {
        let mut history = History::of(setup());
        history.see(Observation::StateDamaged { part: Part::Esp, is_taken: true, is_calm });
        history
    };
    damaged(true).passes();
    damaged(false).breaks(P12, "asks for ever more");
}
