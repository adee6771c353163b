//! The predecessor's link at both ends, level for level: the vectors were recorded from the predecessor's own code.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

use fivewire_core::link::syncom::{Config, Memory, Syncom};
use fivewire_core::link::{
    DownReason, Event, Input, Levels, Link, Output, Peer, Role, SendError, Timing,
};
use fivewire_core::time::Instant;
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    host_sends: Vec<String>,
    passive_sends: Vec<String>,
    initiator_ck_d: String,
    passive_ck_d: String,
    host_receives: Vec<(String, usize)>,
    passive_receives: Vec<(String, usize)>,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str::<File>(include_str!("syncom_vectors.json")).unwrap().vectors
}

/// One end, with what its owner and its wires saw.
struct End {
    link: Syncom<Vec<u8>>,
    shows: Levels,
    /// (clock, data) after each write, since the last start.
    writes: Vec<Levels>,
    /// What is given to the link as soon as it is up.
    to_send: Vec<Vec<u8>>,
    sent: usize,
    /// Strings, and the number of steps at which they came.
    received: Vec<(Vec<u8>, usize)>,
    told: Vec<String>,
    reset_asserted: bool,
}

impl End {
    fn new(config: &Config, memory_bytes: usize) -> Self {
        let memory = Memory { transmit: vec![0; memory_bytes], receive: vec![0; memory_bytes] };
        Self {
            link: Syncom::new(config, memory).unwrap(),
            shows: Levels::default(),
            writes: Vec::new(),
            to_send: Vec::new(),
            sent: 0,
            received: Vec::new(),
            told: Vec::new(),
            reset_asserted: false,
        }
    }

    fn of(role: Role) -> Self {
        Self::new(&Config::new(role), 256)
    }

    fn sends(mut self, strings: &[String]) -> Self {
        self.to_send = strings.iter().map(|string| string.clone().into_bytes()).collect();
        self
    }

    fn start(&mut self, now: Instant) {
        self.link.start(now);
        self.drain();
    }

    fn sees(&mut self, now: Instant, levels: Levels) {
        self.link.handle(now, Input::Levels(levels));
        self.drain();
    }

    fn drain(&mut self) {
        let mut steps = 0;
        loop {
            match self.link.poll() {
                Output::Drive(levels) => {
                    self.shows = levels;
                    self.writes.push(levels);
                    steps += 1;
                    assert!(steps <= 3, "each call makes a step at most, and perhaps begins anew");
                }
                Output::Reset { asserted } => self.reset_asserted = asserted,
                Output::Event(Event::Frame(string)) => {
                    self.received.push((string.to_vec(), self.writes.len().saturating_sub(1)));
                }
                Output::Event(event) => {
                    if event == Event::Up {
                        self.sent = 0;
                    }
                    self.told.push(format!("{event:?}"));
                }
                Output::Wait(_) => {
                    if self.send_next() {
                        continue;
                    }
                    return;
                }
            }
        }
    }

    fn send_next(&mut self) -> bool {
        let Some(next) = self.to_send.get(self.sent).filter(|_| self.link.is_up()) else {
            return false;
        };
        let taken = self.link.send(next).unwrap() > 0;
        self.sent += usize::from(taken);
        taken
    }

    fn told(&self, what: &str) -> usize {
        self.told.iter().filter(|event| event.contains(what)).count()
    }

    fn strings(&self) -> Vec<Vec<u8>> {
        self.received.iter().map(|(string, _)| string.clone()).collect()
    }
}

/// Two ends and their wires. Time goes in microseconds; each end polls when its turn has come.
struct Pair {
    initiator: End,
    passive: End,
    now_us: u64,
    /// The reset line reaches the passive end.
    reset_line: bool,
}

impl Pair {
    fn new(initiator: End, passive: End) -> Self {
        let mut pair = Self { initiator, passive, now_us: 0, reset_line: true };
        pair.initiator.start(pair.now());
        pair.passive.start(pair.now());
        pair
    }

    fn now(&self) -> Instant {
        Instant::from_micros(self.now_us)
    }

    fn initiator_looks(&mut self) {
        let (now, levels) = (self.now(), self.passive.shows);
        self.initiator.sees(now, levels);
        if self.reset_line && self.initiator.reset_asserted {
            self.passive = End {
                to_send: std::mem::take(&mut self.passive.to_send),
                received: std::mem::take(&mut self.passive.received),
                told: std::mem::take(&mut self.passive.told),
                ..End::of(Role::Passive)
            };
            self.passive.start(now);
        }
    }

    fn passive_looks(&mut self) {
        if self.reset_line && self.initiator.reset_asserted {
            return;
        }
        let (now, levels) = (self.now(), self.initiator.shows);
        self.passive.sees(now, levels);
    }

    /// Lets both ends look every 100 µs.
    fn run_ms(&mut self, millis: u64) {
        let end = self.now_us + millis * 1_000;
        while self.now_us < end {
            self.now_us += 100;
            self.initiator_looks();
            self.passive_looks();
        }
    }

    fn are_up(&self) -> bool {
        self.initiator.link.is_up() && self.passive.link.is_up()
    }
}

fn levels(text: &str) -> Vec<Levels> {
    text.split(' ')
        .map(|pair| Levels { clock: pair.starts_with('1'), data: pair.ends_with('1') })
        .collect()
}

/// Runs a vector; `turn` says how many times in a row the initiator looks, and then the passive end.
fn reproduces(vector: &Vector, mut turn: impl FnMut() -> (usize, usize)) {
    let initiator = End::of(Role::Initiator).sends(&vector.host_sends);
    let passive = End::of(Role::Passive).sends(&vector.passive_sends);
    let mut pair = Pair::new(initiator, passive);
    let (host_levels, passive_levels) =
        (levels(&vector.initiator_ck_d), levels(&vector.passive_ck_d));
    while pair.initiator.writes.len() < host_levels.len() + 10 {
        let (initiator_turns, passive_turns) = turn();
        for _ in 0..initiator_turns {
            pair.now_us += 50;
            pair.initiator_looks();
        }
        for _ in 0..passive_turns {
            pair.now_us += 50;
            pair.passive_looks();
        }
    }
    assert_eq!(pair.initiator.writes[..host_levels.len()], host_levels);
    assert_eq!(pair.passive.writes[..passive_levels.len()], passive_levels);
    let as_bytes = |expected: &[(String, usize)]| -> Vec<(Vec<u8>, usize)> {
        expected.iter().map(|(string, step)| (string.clone().into_bytes(), *step)).collect()
    };
    assert_eq!(pair.initiator.received, as_bytes(&vector.host_receives));
    assert_eq!(pair.passive.received, as_bytes(&vector.passive_receives));
}

#[test]
fn every_vector_is_reproduced_level_for_level_at_both_ends_for_all_step_ratios() {
    for vector in vectors() {
        for ratio in [1, 2, 3, 7, 10, 33, 100] {
            reproduces(&vector, || (1, ratio));
            reproduces(&vector, || (ratio, 1));
        }
    }
}

#[test]
fn strings_that_cannot_be_carried_are_refused_and_nothing_is_queued() {
    let mut pair = Pair::new(End::of(Role::Initiator), End::of(Role::Passive));
    pair.run_ms(1_500);
    let link = &mut pair.initiator.link;
    assert_eq!(link.send(b""), Err(SendError::Empty));
    assert_eq!(link.send(b"a\0b"), Err(SendError::Character { code: 0, at: 1 }));
    assert_eq!(link.send("é".as_bytes()), Err(SendError::Character { code: 0xC3, at: 0 }));
    assert_eq!(link.send(&[1; 256]), Err(SendError::TooLarge { size_bytes: 256, max_bytes: 255 }));
    pair.run_ms(500);
    assert_eq!(pair.passive.received, []);
    assert_eq!(pair.initiator.link.send(&[127; 255]), Ok(255));
    pair.run_ms(1_500);
    assert_eq!(pair.passive.strings(), [vec![127; 255]]);
}

#[test]
fn before_a_session_nothing_is_taken_and_writable_follows_when_it_begins() {
    let mut pair = Pair::new(End::of(Role::Initiator), End::of(Role::Passive));
    assert_eq!(pair.initiator.link.send(b"early"), Ok(0));
    pair.run_ms(1_500);
    assert_eq!(pair.initiator.told, ["Up", "Writable"]);
    assert_eq!(pair.passive.received, []);
}

#[test]
fn reset_is_low_for_its_pulse_and_no_step_comes_before_the_other_end_has_settled() {
    let mut initiator = End::of(Role::Initiator);
    initiator.start(Instant::ZERO);
    for millis in 0..1_100 {
        let toggling = Levels { clock: millis % 2 == 0, data: false };
        initiator.sees(Instant::from_millis(millis), toggling);
        assert_eq!(initiator.reset_asserted, millis < 100, "at {millis} ms");
        assert_eq!(initiator.writes, [Levels { clock: true, data: true }]);
    }
}

#[test]
fn an_initiator_resets_a_peer_that_never_answers_again_and_again() {
    let mut initiator = End::of(Role::Initiator);
    initiator.start(Instant::ZERO);
    for tenths in 0..600 {
        initiator.sees(Instant::from_millis(tenths * 100), Levels::default());
    }
    assert_eq!(initiator.link.counters().resets, 6, "D-04: every 11.1 s");
    let reason = DownReason::SyncOverdue;
    assert_eq!(initiator.told(&format!("{:?}", Event::Down { reason })), 5);
}

#[test]
fn an_initiator_that_is_not_to_reset_by_itself_tells_and_waits() {
    let timing = Timing { resets_by_itself: false, ..Config::new(Role::Initiator).timing };
    let config = Config { timing, ..Config::new(Role::Initiator) };
    let mut pair = Pair::new(End::new(&config, 64), End::of(Role::Passive));
    pair.run_ms(1_500);
    assert!(pair.are_up());
    let end_us = pair.now_us + 30_000_000;
    while pair.now_us < end_us {
        pair.now_us += 100_000;
        pair.initiator_looks();
    }
    assert_eq!(pair.initiator.told, ["Up", "Down { reason: Silent }"]);
    assert_eq!(pair.initiator.shows, Levels::default(), "as after the predecessor's stop()");
    pair.initiator.link.restart(Instant::from_micros(pair.now_us));
    pair.run_ms(1_500);
    assert!(pair.are_up());
    assert_eq!(pair.initiator.link.counters().resets, 2);
}

/// A pulse on the clock wire that the other end did not make is two steps that it knows nothing of.
fn glitch(end: &mut End, now: Instant, before: Levels) {
    end.sees(now, Levels { clock: !before.clock, data: before.data });
    end.sees(now, before);
}

#[test]
fn a_glitch_before_the_start_is_noticed_and_healed_by_a_reset_at_either_end() {
    for at_initiator in [true, false] {
        let mut pair = Pair::new(End::of(Role::Initiator), End::of(Role::Passive));
        pair.run_ms(600);
        if at_initiator {
            pair.run_ms(499);
            pair.now_us += 1_500;
            // The settling time is over, and the passive end has not answered yet.
            pair.passive = End::of(Role::Passive);
            let now = pair.now();
            glitch(&mut pair.initiator, now, Levels::default());
            pair.passive.start(now);
        } else {
            pair.passive = End::of(Role::Passive);
            let now = pair.now();
            pair.passive.start(now);
            glitch(&mut pair.passive, now, Levels::default());
        }
        pair.run_ms(6_000);
        assert!(pair.are_up(), "D-05 at the initiator: {at_initiator}");
        if at_initiator {
            assert_eq!(pair.initiator.told, ["Down { reason: Damaged }", "Up"]);
        } else {
            assert_eq!(pair.initiator.link.counters().resets, 1, "the passive end heals it alone");
            assert_eq!(pair.passive.link.counters().resyncs, 1);
        }
        pair.initiator.link.send(b"after").unwrap();
        pair.passive.link.send(b"all").unwrap();
        pair.run_ms(500);
        assert_eq!(pair.passive.strings(), [b"after"]);
        assert_eq!(pair.initiator.strings(), [b"all"]);
    }
}

#[test]
fn a_passive_end_that_restarts_by_itself_is_noticed_and_the_session_begins_anew() {
    for wait_ms in 0..20 {
        let mut pair = Pair::new(End::of(Role::Initiator), End::of(Role::Passive));
        pair.run_ms(1_500 + wait_ms);
        // Its pins float low while it boots.
        pair.passive = End::of(Role::Passive);
        for _ in 0..3_000 {
            pair.now_us += 100;
            pair.initiator_looks();
        }
        let now = pair.now();
        pair.passive.start(now);
        pair.run_ms(2_000);
        assert!(pair.are_up());
        assert_eq!(pair.initiator.told("PeerRestarted"), 1);
        assert_eq!(pair.initiator.received, [], "no garbage is delivered");
    }
}

#[test]
fn without_a_reset_line_a_passive_end_answers_an_initiator_that_starts_over() {
    for wait in 0..40 {
        let mut pair = Pair::new(End::of(Role::Initiator), End::of(Role::Passive));
        pair.reset_line = false;
        pair.run_ms(1_500);
        pair.now_us += wait * 100;
        pair.initiator_looks();
        pair.initiator.link.restart(Instant::from_micros(pair.now_us));
        pair.initiator.drain();
        pair.run_ms(1_500);
        assert!(pair.are_up(), "D-32");
        assert_eq!(pair.passive.told, ["Up", "Down { reason: PeerRestarted }", "Up"]);
        pair.initiator.link.send(b"again").unwrap();
        pair.passive.link.send(b"and again").unwrap();
        pair.run_ms(500);
        assert_eq!(pair.passive.strings(), [b"again"]);
        assert_eq!(pair.initiator.strings(), [b"and again"]);
        assert_eq!(pair.initiator.link.counters().resets, 2);
    }
}

#[test]
fn a_string_that_is_longer_than_the_memory_is_passed_over_counted_and_told() {
    let mut pair = Pair::new(End::of(Role::Initiator), End::new(&Config::new(Role::Passive), 16));
    pair.reset_line = false;
    pair.run_ms(1_500);
    for string in [&b"short"[..], &[b'x'; 16], b"exactly fifteen"] {
        pair.initiator.link.send(string).unwrap();
    }
    pair.run_ms(1_000);
    assert_eq!(pair.passive.strings(), [&b"short"[..], b"exactly fifteen"]);
    assert_eq!(pair.passive.told("Oversized { size_bytes: 16 }"), 1);
    assert_eq!(pair.passive.link.counters().rejected, 1);
}

#[test]
fn an_owner_that_holds_keeps_the_other_end_from_sending_and_loses_nothing() {
    let mut pair = Pair::new(End::of(Role::Initiator), End::new(&Config::new(Role::Passive), 16));
    pair.reset_line = false;
    pair.run_ms(1_500);
    pair.passive.link.hold(true);
    for string in [b"one", b"two", b"six", b"ten", b"net", b"yes"] {
        assert_eq!(pair.initiator.link.send(string), Ok(3));
    }
    pair.run_ms(3_000);
    let bits = pair.passive.link.counters().bits;
    pair.run_ms(1_000);
    assert_eq!(pair.passive.link.counters().bits, bits, "its memory is full");
    assert_eq!(pair.passive.received, []);
    pair.passive.link.hold(false);
    pair.run_ms(2_000);
    assert_eq!(pair.passive.strings(), [b"one", b"two", b"six", b"ten", b"net", b"yes"]);
    assert_eq!(pair.initiator.told, ["Up"]);
}

#[test]
fn a_native_peer_is_told_of_and_not_taken_for_a_start() {
    for role in [Role::Initiator, Role::Passive] {
        let mut end = End::of(role);
        end.start(Instant::ZERO);
        end.sees(Instant::from_millis(100), Levels::default());
        end.sees(Instant::from_millis(1_100), Levels::default());
        for step in 0..200_u64 {
            let clock = if role == Role::Initiator { end.shows.clock } else { !end.shows.clock };
            end.sees(Instant::from_millis(1_101 + step), Levels { clock, data: step % 3 != 0 });
        }
        assert_eq!(end.told, [format!("{:?}", Event::Unsuited { peer: Peer::Native })]);
    }
}

fn any_string() -> impl Strategy<Value = String> {
    proptest::collection::vec(1_u8..=127, 1..60)
        .prop_map(|codes| codes.into_iter().map(char::from).collect())
}

fn any_turns() -> impl Strategy<Value = Vec<(usize, usize)>> {
    proptest::collection::vec((0..6_usize, 0..6_usize), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn vectors_hold_under_any_jitter(turns in any_turns(), which in 0..6_usize) {
        let vectors = vectors();
        let mut turn = turns.iter().cycle();
        reproduces(&vectors[which % vectors.len()], || {
            let (initiator, passive) = *turn.next().unwrap();
            (initiator.max(1), passive.max(1))
        });
    }

    #[test]
    fn any_strings_arrive_whole_and_in_order_both_ways_whatever_the_jitter(
        down in proptest::collection::vec(any_string(), 0..12),
        up in proptest::collection::vec(any_string(), 0..12),
        turns in any_turns(),
    ) {
        let initiator = End::of(Role::Initiator).sends(&down);
        let passive = End::of(Role::Passive).sends(&up);
        let mut pair = Pair::new(initiator, passive);
        let mut turn = turns.iter().cycle();
        for _ in 0..30_000 {
            let (initiator_turns, passive_turns) = *turn.next().unwrap();
            for _ in 0..initiator_turns.max(1) {
                pair.now_us += 50;
                pair.initiator_looks();
            }
            for _ in 0..passive_turns.max(1) {
                pair.now_us += 50;
                pair.passive_looks();
            }
            let all = pair.initiator.received.len() == up.len()
                && pair.passive.received.len() == down.len();
            if all && pair.are_up() {
                break;
            }
        }
        let bytes = |strings: &[String]| -> Vec<Vec<u8>> {
            strings.iter().map(|string| string.clone().into_bytes()).collect()
        };
        prop_assert_eq!(pair.passive.strings(), bytes(&down));
        prop_assert_eq!(pair.initiator.strings(), bytes(&up));
    }

    /// There is no checksum: what is damaged arrives damaged. But a restart always leads back to a session.
    #[test]
    fn noise_may_corrupt_but_a_reset_always_leads_back(
        noise in proptest::collection::vec((0..60_000_u64, any::<bool>(), any::<bool>(), any::<bool>()), 1..40),
        strings in proptest::collection::vec(any_string(), 1..6),
        reset_line in any::<bool>(),
    ) {
        let initiator = End::of(Role::Initiator).sends(&strings);
        let passive = End::of(Role::Passive).sends(&strings);
        let mut pair = Pair::new(initiator, passive);
        pair.reset_line = reset_line;
        for (gap_us, at_initiator, clock, data) in noise {
            let end_us = pair.now_us + gap_us;
            while pair.now_us < end_us {
                pair.now_us += 400;
                pair.initiator_looks();
                pair.passive_looks();
            }
            let now = pair.now();
            let end = if at_initiator { &mut pair.initiator } else { &mut pair.passive };
            end.sees(now, Levels { clock, data });
        }
        pair.reset_line = true;
        pair.initiator.link.restart(Instant::from_micros(pair.now_us));
        pair.initiator.drain();
        pair.run_ms(2_000);
        prop_assert!(pair.are_up());
        pair.initiator.received.clear();
        pair.passive.received.clear();
        pair.run_ms(8_000);
        pair.initiator.received.clear();
        pair.passive.received.clear();
        prop_assert_eq!(pair.initiator.link.send(b"still"), Ok(5));
        prop_assert_eq!(pair.passive.link.send(b"here"), Ok(4));
        pair.run_ms(500);
        prop_assert_eq!(pair.passive.strings(), [b"still"]);
        prop_assert_eq!(pair.initiator.strings(), [b"here"]);
    }
}
