//! An end of the bridge that gets what no other end sends says so, and otherwise nothing.

use fivewire_core::bridge::host::State;
use fivewire_core::bridge::notice::Notice;
use fivewire_core::bridge::status::Status;
use fivewire_core::event::ResetCause;
use fivewire_sim::observation::{Answered, Crash, Observation};
use fivewire_sim::oracle::Promise::P12;

use crate::bridge::ready;
use crate::history::History;

/// A heartbeat that lacks its counts.
const GARBAGE: &[u8] = &[0x82];
const READY_AGAIN: &[u8] = &[0x83, 1];
/// A message on the sixth of the topics used last, where none was used.
const UNKNOWN_TOPIC: &[u8] = &[0xB0, 0, 5];
const ASKS_TIME: &[u8] = &[0x09, 0, 0, 0, 0, 0, 0, 0, 7];

/// A copy of a host that runs gets a frame, and has its ESP8266 reset or not.
fn host_gets(frame: &[u8], cause: Option<ResetCause>) -> History {
    let crash = cause.map(|cause| Crash {
        cause,
        notices: [Some(Notice::Crashed(cause)), None, None],
        statuses: [None, (cause == ResetCause::Garbage).then_some(Status::Unknown)],
    });
    let state = State::Running { connected: false };
    let answered = Answered::Host { state, crash, pulls_line: cause.is_some(), is_stopped: false };
    let mut history = ready();
    history.see(Observation::FrameTried { frame, answered });
    history
}

/// The same of an ESP8266 that has its settings.
fn esp_gets(frame: &[u8], says_hello: bool, cookie: Option<u64>) -> History {
    let answered = Answered::Esp { is_listening: true, says_hello, cookie };
    let mut history = ready();
    history.see(Observation::FrameTried { frame, answered });
    history
}

#[test]
fn a_host_that_takes_garbage_or_resets_without_need_is_caught() {
    host_gets(GARBAGE, Some(ResetCause::Garbage)).passes();
    host_gets(GARBAGE, None).breaks(P12, "a copy that gets");
    host_gets(READY_AGAIN, None).passes();
    host_gets(READY_AGAIN, Some(ResetCause::Garbage)).breaks(P12, "a copy that gets");
    host_gets(UNKNOWN_TOPIC, Some(ResetCause::UnknownTopic)).passes();
    host_gets(UNKNOWN_TOPIC, Some(ResetCause::Garbage)).breaks(P12, "a copy that gets");
}

#[test]
fn an_esp8266_that_takes_garbage_or_starts_over_without_need_is_caught() {
    esp_gets(GARBAGE, true, None).passes();
    esp_gets(GARBAGE, false, None).breaks(P12, "a copy that gets");
    esp_gets(ASKS_TIME, false, Some(7)).passes();
    esp_gets(ASKS_TIME, true, Some(7)).breaks(P12, "a copy that gets");
    esp_gets(ASKS_TIME, false, None).breaks(P12, "a copy that gets");
}
