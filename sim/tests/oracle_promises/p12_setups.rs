use fivewire_core::error::ConfigError;
use fivewire_sim::observation::{Observation, Trial};
use fivewire_sim::oracle::Promise::P12;

use crate::history::{History, setup};

fn tried(trial: Trial, refusal: Option<ConfigError>) -> History {
    let mut history = History::of(setup());
    history.see(Observation::SetupTried { trial, refusal: refusal.as_ref() });
    history
}

fn outbox(size_bytes: usize, min_bytes: usize) -> (Trial, ConfigError) {
    let buffer = "outbox";
    (
        Trial::Buffer { buffer, size_bytes },
        ConfigError::MemoryTooSmall { buffer, size_bytes, min_bytes },
    )
}

#[test]
fn a_buffer_is_refused_below_the_size_that_is_asked_for_and_taken_from_it_on() {
    let (tiny, refusal) = outbox(10, 64);
    let mut history = tried(tiny, Some(refusal));
    let (enough, _) = outbox(64, 64);
    history.see(Observation::SetupTried { trial: enough, refusal: None });
    let (short, refusal) = outbox(63, 64);
    history.see(Observation::SetupTried { trial: short, refusal: Some(&refusal) }).passes();
}

#[test]
fn a_buffer_that_is_taken_below_that_size_is_caught() {
    let (tiny, refusal) = outbox(10, 64);
    let mut history = tried(tiny, Some(refusal));
    let (short, _) = outbox(63, 64);
    history.see(Observation::SetupTried { trial: short, refusal: None });
    history.breaks(P12, "was answered by None");
}

#[test]
fn another_size_than_the_documented_one_is_caught() {
    let (tiny, refusal) = outbox(10, usize::MAX);
    tried(tiny, Some(refusal)).breaks(P12, "was answered by");
}

#[test]
fn a_number_beyond_its_range_is_refused_by_its_name_and_one_at_its_edge_is_not() {
    let field = "watchdog_timeout_ms";
    let refusal = |value| Some(ConfigError::OutOfRange { field, value, min: 4_000, max: 600_000 });
    let number = |value| Trial::Number { field, value };
    tried(number(3_999), refusal(3_999)).passes();
    tried(number(3_999), None).breaks(P12, "was answered by None");
    tried(number(4_000), None).passes();
    tried(number(4_000), refusal(4_000)).breaks(P12, "was answered by");
}

#[test]
fn a_text_that_is_too_long_is_refused_by_its_name() {
    let long = Trial::Text { field: "network.ssid", size_bytes: 33 };
    let refusal = |field| ConfigError::TooLong { field, size_bytes: 33, max_bytes: 32 };
    tried(long, Some(refusal("network.ssid"))).passes();
    tried(long, Some(refusal("broker.host"))).breaks(P12, "was answered by");
    tried(long, None).breaks(P12, "was answered by None");
}
