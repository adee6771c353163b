//! Recordings of simulated clients: each replays to the last byte and keeps every promise that can be
//! judged from one end, and one that is not what was written is refused.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

use fivewire_core::recorder::{Machine, Payloads};
use fivewire_core::time::Instant;
use fivewire_sim::catalogue;
use fivewire_sim::observation::{Observation, Observer};
use fivewire_sim::oracle::Promise;
use fivewire_sim::replay::{check, is_recording, replay};
use fivewire_sim::run;
use fivewire_sim::schedule::Topology;
use fivewire_sim::trace::{Blind, Timeline};

const DISGUISED: Payloads = Payloads::Disguised { key: [3, 4] };

fn recording(scenario: &str, seed: u64, payloads: Payloads) -> Vec<u8> {
    let schedule = catalogue::find(scenario).unwrap().schedule(seed);
    run::record(&schedule, Machine::Client, payloads).unwrap()
}

/// Recordings of both ends of one bridge.
fn recordings_of_bridge(scenario: &str, seed: u64, payloads: Payloads) -> [Vec<u8>; 2] {
    let schedule = catalogue::find(scenario).unwrap().schedule(seed);
    [Machine::BridgeHost, Machine::BridgeEsp]
        .map(|machine| run::record(&schedule, machine, payloads).unwrap())
}

#[test]
fn what_the_event_world_records_replays_to_the_last_byte_and_keeps_every_promise() {
    let (mut beginnings, mut judged) = (0, [0; Promise::COUNT]);
    for seed in 0..20 {
        let payloads = if seed % 2 == 0 { Payloads::Kept } else { DISGUISED };
        let recording = recording("client", seed, payloads);
        assert!(is_recording(&recording));
        let report = replay(&recording, &mut Blind);
        assert_eq!(report.damage, None, "seed {seed}");
        assert_eq!(report.difference, None, "seed {seed}");
        assert_eq!(report.breach, None, "seed {seed}");
        assert!(report.calls > 100, "seed {seed}: {report:?}");
        for (sum, checked) in judged.iter_mut().zip(report.checked) {
            *sum += u32::from(checked > 0);
        }
        beginnings += report.beginnings;
    }
    assert!(beginnings > 20, "no board was started again");
    // a broker that has QoS 0 only leaves little to judge
    for promise in [Promise::P1, Promise::P2, Promise::P3, Promise::P4, Promise::P5] {
        let count = judged[promise.index()];
        assert!(count >= 15, "{promise:?} was judged in {count} of 20 recordings");
    }
}

#[test]
fn the_timeline_of_a_replay_shows_packets_and_outcomes() {
    let mut timeline = Timeline::new();
    let report = replay(&recording("client", 3, Payloads::Kept), &mut timeline);
    assert_eq!(report.difference, None);
    let text = timeline.to_string();
    for part in ["CONNECT", "CONNACK", "PUBLISH", "PUBACK", "acked", "timer:"] {
        assert!(text.contains(part), "{part} is missing:\n{}", &text[..2_000]);
    }
}

#[test]
fn time_goes_on_where_a_board_started_over_and_its_clock_with_it() {
    let recording = recording("client", 1, Payloads::Kept);
    let mut times = Times::default();
    let report = replay(&recording, &mut times);
    assert_eq!((report.difference, report.breach), (None, None));
    assert!(report.beginnings > 1, "no board was started again");
    assert!(report.lasted_us > 3_500_000_000, "an hour lasted {} s", report.lasted_us / 1_000_000);
    assert!(times.same_max < 100, "{} observations at one instant", times.same_max);
}

/// How much happened at one instant at most.
#[derive(Default)]
struct Times {
    now: Instant,
    same: u32,
    same_max: u32,
}

impl Observer for Times {
    fn observe(&mut self, now: Instant, _observation: &Observation<'_>) {
        self.same = if now == self.now { self.same + 1 } else { 0 };
        self.same_max = self.same_max.max(self.same);
        assert!(now >= std::mem::replace(&mut self.now, now), "time went backwards");
    }
}

#[test]
fn a_damaged_recording_is_refused_with_its_position() {
    let recording = recording("client", 2, DISGUISED);
    assert_eq!(check(&recording), Ok(()));
    for at in (0..recording.len()).step_by(recording.len() / 50) {
        let mut damaged = recording.clone();
        damaged[at] ^= 0x10;
        assert!(is_recording(&damaged));
        let damage = check(&damaged).unwrap_err();
        assert!(damage.at <= at, "byte {at}: {damage}");
        assert_eq!(replay(&damaged, &mut Blind).damage, Some(damage));
    }
}

#[test]
fn both_ends_of_the_bridge_replay_to_the_last_byte_through_crashes_and_lost_links() {
    let mut beginnings = [0, 0];
    for (scenario, seed) in ["esp-crash", "swarm", "wires"]
        .into_iter()
        .flat_map(|scenario| (0..6).map(move |seed| (scenario, seed)))
        .filter(|(scenario, seed)| {
            let setup = catalogue::find(scenario).unwrap().schedule(*seed).setup;
            setup.topology == Topology::Bridge
        })
    {
        let payloads = if seed % 2 == 0 { Payloads::Kept } else { DISGUISED };
        for (end, recording) in recordings_of_bridge(scenario, seed, payloads).iter().enumerate() {
            let report = replay(recording, &mut Blind);
            assert_eq!(report.damage, None, "{scenario} {seed}, end {end}");
            assert_eq!(report.difference, None, "{scenario} {seed}, end {end}");
            assert_eq!(report.breach, None, "{scenario} {seed}, end {end}");
            assert!(report.calls > 100, "{scenario} {seed}, end {end}: {report:?}");
            beginnings[end] += report.beginnings;
            // What the application is told fits what it asked for; the ESP8266 has no application.
            let judged = report.checked[Promise::P1.index()] + report.checked[Promise::P7.index()];
            assert_eq!(judged > 0, end == 0, "{scenario} {seed}, end {end}");
        }
    }
    assert!(beginnings[1] > beginnings[0], "no ESP8266 was started again: {beginnings:?}");
}

#[test]
fn the_timelines_of_both_ends_show_what_passed_the_link() {
    let [host, esp] = recordings_of_bridge("esp-crash", 1, Payloads::Kept);
    let timeline = |recording: &[u8]| {
        let mut timeline = Timeline::new().show_frames(true);
        assert_eq!(replay(recording, &mut timeline).difference, None);
        timeline.to_string()
    };
    let (host, esp) = (timeline(&host), timeline(&esp));
    for part in ["frame ", "link up", "pulls the reset line", "acked"] {
        assert!(host.contains(part), "{part} is missing:\n{}", &host[..2_000]);
    }
    for part in ["frame ", "link up", "CONNECT", "CONNACK", "PUBACK", "loses power"] {
        assert!(esp.contains(part), "{part} is missing:\n{}", &esp[..2_000]);
    }
}
