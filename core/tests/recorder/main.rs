//! A recording is the run: whatever happened, a bare client that gets the same calls says the same,
//! from the beginning and from each checkpoint; and a recording that is not what was written is
//! refused.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

#[path = "../client_steps/mod.rs"]
mod client_steps;
mod rings;

use fivewire_core::client::{Client, Input, Memory, Output, Publication, State, TcpFailure};
use fivewire_core::config::{Config, Overflow, Release};
use fivewire_core::event::{Delivery, Ticket};
use fivewire_core::mqtt::{QoS, Will};
use fivewire_core::recorder::{
    BUFFERS_MAX, Damage, DamageKind, Fed, Item, Machine, Payloads, Recorded, Recorder, Records,
    Replay, Restored, Ring, Segment, Sink,
};
use fivewire_core::time::Instant;
use proptest::prelude::*;

use client_steps::{Step, step};
use rings::drained;

const DISGUISED: Payloads = Payloads::Disguised { key: [7, 8] };
const SECRETS: [&[u8]; 3] = [b"pass word", b"last words", b"payload"];

/// The client's buffers.
const SIZES: [usize; 5] = [96, 80, 400, 40, 80];

/// Takes everything.
#[derive(Default)]
struct Tape(Vec<u8>);

impl Sink for Tape {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

fn memory([receive, transmit, outbox, subscriptions, connect]: [usize; 5]) -> Memory<Vec<u8>> {
    let [receive, transmit, outbox, subscriptions, connect] =
        [receive, transmit, outbox, subscriptions, connect].map(|size| vec![0xEE; size]);
    Memory { receive, transmit, outbox, subscriptions, connect }
}

fn client(odd: bool) -> Client<Vec<u8>> {
    let will = Will { topic: "w", payload: b"last words", qos: QoS::AtLeastOnce, retain: false };
    let config = Config {
        username: Some("me"),
        password: Some(b"pass word"),
        will: odd.then_some(will),
        clean_init: odd,
        window: 3,
        receive_maximum: 2,
        overflow: if odd { Overflow::DropOldest } else { Overflow::Refuse },
        release: if odd { Release::Explicit } else { Release::AtHandOut },
        ..Config::new("c")
    };
    Client::new(&config, memory(SIZES), 9).unwrap()
}

/// A recorded client and its world.
struct Bench<K> {
    client: Recorded<Client<Vec<u8>>, K>,
    now: Instant,
    /// How many bytes the transport takes at once.
    takes: usize,
}

impl<K: Sink> Bench<K> {
    fn new(client: Client<Vec<u8>>, sink: K, payloads: Payloads) -> Self {
        let recorder = Some(Recorder::new(sink, payloads));
        Self { client: Recorded::new(client, recorder), now: Instant::from_millis(1), takes: 64 }
    }

    fn drain(&mut self) {
        for _ in 0..1_000 {
            let taken = match self.client.poll() {
                Output::Action(_) | Output::Event(_) => continue,
                Output::Transmit(bytes) => bytes.len().min(self.takes),
                Output::Wait(_) => return,
            };
            self.client.handle(self.now, Input::Sent(taken));
        }
        panic!("it never rests");
    }

    fn play(&mut self, step: &Step) {
        let now = self.now;
        let client = &mut self.client;
        match step {
            Step::Connect { session_present } => return self.connect(*session_present),
            Step::Wait(ms) => {
                self.now = now.plus_ms(*ms);
                client.handle(self.now, Input::Timeout);
            }
            Step::Wifi(up) => client.handle(now, if *up { Input::WifiUp } else { Input::WifiDown }),
            Step::Opened => client.handle(now, Input::TcpOpened),
            Step::Failed(true) => client.handle(now, Input::TcpFailed(TcpFailure::Refused)),
            Step::Failed(false) => client.handle(now, Input::TcpFailed(TcpFailure::Unreachable)),
            Step::Closed => client.handle(now, Input::TcpClosed),
            Step::Received(bytes) => {
                let capacity = client.receive_capacity();
                client.handle(now, Input::Received(&bytes[..bytes.len().min(capacity)]));
            }
            Step::Writable => client.handle(now, Input::Writable),
            Step::Publish { size, qos1, deadline_ms } => {
                let payload: Vec<u8> = b"payload".iter().copied().cycle().take(*size).collect();
                let qos = if *qos1 { QoS::AtLeastOnce } else { QoS::AtMostOnce };
                let deadline = deadline_ms.map(|ms| now.plus_ms(ms));
                let publication = Publication { deadline, ..Publication::new("t", &payload, qos) };
                // Whether it is queued or not is recorded.
                let _ = client.publish(now, &publication);
            }
            Step::Cancel(ticket) => {
                client.cancel(now, Ticket::new(*ticket).unwrap());
            }
            Step::Subscribe(true) => {
                let _ = client.subscribe(now, "x", QoS::AtLeastOnce);
            }
            Step::Subscribe(false) => {
                let _ = client.unsubscribe(now, "x");
            }
            Step::Release(delivery) => {
                client.release(now, Delivery::new(*delivery).unwrap());
            }
            Step::Hold(hold) => client.hold(now, *hold),
            Step::Take(bytes) => self.takes = *bytes,
            Step::ShutDown => client.shut_down(now),
            Step::Start => client.start(now),
        }
        self.drain();
    }

    fn connect(&mut self, session_present: bool) {
        for _ in 0..2 {
            self.now = self.now.plus_ms(9_000);
            let connack = [0x20, 2, u8::from(session_present), 0];
            for input in
                [Input::Timeout, Input::WifiUp, Input::TcpOpened, Input::Received(&connack)]
            {
                if self.client.state() == State::Connected {
                    return;
                }
                self.client.handle(self.now, input);
                self.drain();
            }
        }
    }

    fn run(&mut self, steps: &[Step]) {
        steps.iter().for_each(|step| self.play(step));
    }
}

fn recording(odd: bool, payloads: Payloads, steps: &[Step]) -> Vec<u8> {
    let mut bench = Bench::new(client(odd), Tape::default(), payloads);
    bench.run(steps);
    bench.client.into_parts().1.unwrap().sink_mut().0.split_off(0)
}

/// Replays it, and returns how many segments and calls there were.
fn replay(recording: &[u8]) -> (usize, usize) {
    let mut replay = Replay::new(|size_bytes| vec![0xEE; size_bytes]);
    let (mut segments, mut calls) = (0, 0);
    for record in Records::new(recording) {
        let record = record.unwrap();
        let fed = replay.feed(&record);
        assert_eq!(fed, Fed::Same, "{record:?}");
        segments += usize::from(matches!(record.item, Item::Segment(_)));
        calls += usize::from(matches!(record.item, Item::Call(_)));
    }
    (segments, calls)
}

/// What happens to a client that connects, publishes and loses its connection.
fn story() -> Vec<Step> {
    let publish = |size| Step::Publish { size, qos1: true, deadline_ms: None };
    vec![
        Step::Start,
        Step::Connect { session_present: false },
        Step::Subscribe(true),
        publish(7),
        publish(150),
        Step::Take(30),
        Step::Received(vec![0x40, 2, 0, 1, 0x32, 12, 0, 1, b'x', 0, 5, b'p', b'a', b'y']),
        Step::Received(b"load".to_vec()),
        Step::Closed,
        Step::Take(64),
        Step::Connect { session_present: true },
        publish(20),
        Step::Wait(15_000),
        Step::ShutDown,
    ]
}

#[test]
fn nothing_secret_is_in_a_recording() {
    for odd in [false, true] {
        let shows = |payloads, secret: &[u8]| {
            let recording = recording(odd, payloads, &story());
            recording.windows(secret.len()).any(|part| part == secret)
        };
        assert!(!SECRETS.iter().any(|secret| shows(DISGUISED, secret)));
        assert!(!shows(Payloads::Kept, SECRETS[0]), "a password is never recorded");
        assert_eq!(shows(Payloads::Kept, SECRETS[1]), odd, "the will");
        assert!(shows(Payloads::Kept, SECRETS[2]));
    }
}

#[test]
fn any_byte_that_is_changed_is_found_in_the_record_it_is_in() {
    let recording = recording(true, DISGUISED, &story());
    let starts: Vec<_> = Records::new(&recording).map(|record| record.unwrap().at).collect();
    let mut cut_off = 0;
    for changed in 0..recording.len() {
        for bits in [0x01, 0x80, 0xFF] {
            let mut damaged = recording.clone();
            damaged[changed] ^= bits;
            let damage = Records::new(&damaged).find_map(Result::err);
            let damage = damage.unwrap_or_else(|| panic!("byte {changed} ^ {bits:#x}"));
            let first = starts[0];
            let record = *starts.iter().rfind(|start| **start <= changed).unwrap_or(&changed);
            assert_eq!(damage.at, if changed < first { changed } else { record }, "{damage}");
            assert_ne!(damage.kind, DamageKind::Meaning);
            // Of the last one it cannot always be known.
            let last = changed >= *starts.last().unwrap();
            cut_off += usize::from(!last && damage.kind == DamageKind::CutOff);
        }
    }
    // A head has a check of eight bits: one of 256 lengths that were changed is believed.
    assert!(cut_off <= starts.len() / 20, "{cut_off} records of {} seem cut off", starts.len());
}

#[test]
fn a_recording_that_is_cut_off_is_read_up_to_there_and_says_so() {
    let recording = recording(false, Payloads::Kept, &story());
    let records: Vec<_> = Records::new(&recording).map(Result::unwrap).collect();
    for len in 0..recording.len() {
        let cut: Vec<_> = Records::new(&recording[..len]).collect();
        let (last, whole) = cut.split_last().unwrap();
        assert_eq!(last.unwrap_err().kind, DamageKind::CutOff, "{len} bytes");
        assert!(last.unwrap_err().at <= len);
        assert!(whole.iter().zip(&records).all(|(read, record)| read == &Ok(*record)));
    }
}

#[test]
fn a_record_that_is_lost_or_comes_twice_is_found() {
    let recording = recording(false, Payloads::Kept, &story());
    let starts: Vec<_> = Records::new(&recording).map(|record| record.unwrap().at).collect();
    for pair in starts.windows(2).skip(2) {
        let (from, to) = (pair[0], pair[1]);
        let without = [&recording[..from], &recording[to..]].concat();
        let twice = [&recording[..to], &recording[from..]].concat();
        assert_eq!(Records::new(&without).find_map(Result::err).unwrap().at, from);
        assert_eq!(Records::new(&twice).find_map(Result::err).unwrap().at, to);
    }
}

/// A number as the format has it.
fn number(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// The checks of the format, bit by bit.
fn crc(bytes: &[u8], polynomial: u32) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ ((crc & 1) * polynomial))
    })
}

fn crc8(bytes: &[u8]) -> u8 {
    bytes
        .iter()
        .fold(0, |crc, byte| (0..8).fold(crc ^ byte, |crc: u8, _| (crc << 1) ^ ((crc >> 7) * 7)))
}

/// The beginning of a segment of a client with these buffers, whole and with right checksums.
fn crafted(memory_bytes: [u64; 5]) -> Vec<u8> {
    let mut content = vec![1, 0, 0, 0];
    content.extend(memory_bytes.into_iter().flat_map(number));
    let mut recording = b"\x895WREC\r\n\x03".to_vec();
    let mut head = vec![1, 0];
    head.extend(number(content.len() as u64));
    head.push(crc8(&head));
    recording.extend([head, content].concat());
    recording.extend(crc(&recording, 0xEDB8_8320).to_le_bytes());
    recording
}

fn first(recording: &[u8]) -> Result<Item<'_>, Damage> {
    Records::new(recording).next().unwrap().map(|record| record.item)
}

#[test]
fn a_recording_that_wants_more_memory_than_any_is_refused_where_it_says_so() {
    let sizes = [1 << 28, 1 << 28, 1 << 28, 1 << 27, 1 << 27];
    let largest = crafted(sizes);
    let Ok(Item::Segment(segment)) = first(&largest) else { panic!("1 GiB is allowed") };
    assert_eq!(segment.memory_bytes[..5], sizes.map(|size| size as usize));
    for memory_bytes in [
        [1 << 28, 1 << 28, 1 << 28, 1 << 27, (1 << 27) + 1],
        [64, 1 << 63, 64, 64, 64],
        [1 << 63, 1 << 63, 64, 64, 64],
        [u64::MAX; 5],
    ] {
        let damage = first(&crafted(memory_bytes)).unwrap_err();
        assert_eq!((damage.at, damage.kind), (9, DamageKind::Memory), "{memory_bytes:?}");
        assert!(damage.to_string().contains("the record at byte 9 "), "{damage}");
    }
}

/// A client that was restored between `before` and `after` does and says what the original does.
fn goes_on_alike(odd: bool, before: &[Step], after: &[Step]) {
    let mut bench = Bench::new(client(odd), Tape::default(), Payloads::Kept);
    bench.run(before);
    let (now, takes) = (bench.now, bench.takes);
    let mut original = bench.client.into_parts().0;
    let state = state_of(&mut original);
    let restored = restored(&state).expect("a state can be restored");
    let tapes = [original, restored].map(|client| {
        let mut bench = Bench::new(client, Tape::default(), Payloads::Kept);
        (bench.now, bench.takes) = (now, takes);
        bench.run(after);
        bench.client.into_parts().1.unwrap().sink_mut().0.split_off(0)
    });
    assert!(tapes[0] == tapes[1], "they differ after {before:?}");
}

fn state_of(client: &mut Client<Vec<u8>>) -> Vec<u8> {
    let mut state = Vec::new();
    client.checkpoint(|part| state.extend_from_slice(part));
    state
}

fn restored(state: &[u8]) -> Option<Client<Vec<u8>>> {
    restored_with(SIZES, state)
}

fn restored_with(sizes: [usize; 5], state: &[u8]) -> Option<Client<Vec<u8>>> {
    let mut memory_bytes = [0; BUFFERS_MAX];
    memory_bytes[..sizes.len()].copy_from_slice(&sizes);
    let segment = Segment {
        machine: Machine::Client,
        speaks_mqtt5: false,
        number: 0,
        continues: false,
        payloads_kept: true,
        time: Instant::ZERO,
        memory_bytes,
    };
    let state = fivewire_core::recorder::State::new(state);
    match state.restore(&segment, |size_bytes| vec![0xEE; size_bytes])? {
        Restored::Client(client) => Some(client),
        _ => panic!("a client was asked for"),
    }
}

/// What chance reaches too rarely: each time a client remembers something for long.
#[test]
fn a_client_can_be_restored_at_every_point_of_these_stories() {
    let publish = Step::Publish { size: 1, qos1: true, deadline_ms: None };
    let connected = [Step::Start, Step::Connect { session_present: false }, Step::Subscribe(true)];
    let granted = Step::Received(vec![0x90, 3, 0x80, 0, 1]);
    let message =
        || Step::Received(vec![0x32, 16, 0, 1, b'x', 0, 1].into_iter().chain([b'!'; 11]).collect());
    // The broker got a CONNECT whose answer was lost: its session may be a new one.
    let in_doubt = [
        &connected[..],
        &[granted.clone(), Step::Closed, Step::Wait(9_000), Step::Opened, Step::Closed],
        &[Step::Wait(9_000), Step::Opened, Step::Received(vec![0x20, 2, 1, 0]), Step::Wait(1)],
    ];
    // Messages that the application does not take are shed, to get at the acknowledgement behind.
    let shed = [
        &connected[..],
        &[granted, Step::Hold(true), message(), message(), message(), message(), message()],
        &[publish.clone(), message(), Step::Wait(7_000), Step::Wait(7_000), Step::Wait(7_000)],
        &[Step::Received(vec![0x40, 2, 0, 1]), Step::Hold(false), Step::Wait(9_000), publish],
    ];
    // A QoS 2 message that was handed out comes again on the next connection.
    let qos2 = Step::Received(vec![0x34, 6, 0, 1, b'x', 0, 1, b'!']);
    let repeated = [
        &connected[..],
        &[qos2.clone(), Step::Release(1), Step::Closed, Step::Connect { session_present: true }],
        &[qos2, Step::Received(vec![0x62, 2, 0, 1])],
    ];
    for steps in [story(), in_doubt.concat(), shed.concat(), repeated.concat()] {
        for point in 0..=steps.len() {
            goes_on_alike(true, &steps[..point], &steps[point..]);
            goes_on_alike(false, &steps[..point], &steps[point..]);
        }
    }
}

/// The buffers are those of the recorded client, and may be as small as they can be.
#[test]
fn a_client_with_the_smallest_buffers_can_be_restored() {
    let mut client = Client::new(&Config::new("c"), memory([64, 64, 64, 0, 15]), 1).unwrap();
    let state = state_of(&mut client);
    assert!(restored_with([64, 64, 64, 0, 15], &state).is_some());
    assert!(restored_with([64, 64, 64, 0, 14], &state).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_replay_says_the_same(
        steps in proptest::collection::vec(step(), 1..80),
        odd: bool,
        kept: bool,
    ) {
        let payloads = if kept { Payloads::Kept } else { DISGUISED };
        let (segments, _) = replay(&recording(odd, payloads, &steps));
        prop_assert_eq!(segments, 1);
    }

    /// Each segment begins with a restored client, so this is also what shows that a checkpoint is
    /// the whole state: the client of the segment before is in it byte by byte, and what is said
    /// after it is the same.
    #[test]
    fn a_replay_from_any_checkpoint_says_the_same(
        steps in proptest::collection::vec(step(), 1..80),
        odd: bool,
        kept: bool,
        slot in 1_300_usize..2_500,
    ) {
        let payloads = if kept { Payloads::Kept } else { DISGUISED };
        let mut bench = Bench::new(client(odd), Ring::new(vec![0; 16 * slot], 16), payloads);
        bench.run(&steps);
        let (_, recorder) = bench.client.into_parts();
        let recording = drained(recorder.unwrap().sink_mut(), 100);
        if !recording.is_empty() {
            replay(&recording);
        }
        // The same, each by itself.
        let starts = Records::new(&recording).filter_map(|record| {
            let record = record.unwrap();
            matches!(record.item, Item::Segment(_)).then_some(record.at - 9)
        });
        for start in starts {
            let mut replay = Replay::new(|size_bytes| vec![0xEE; size_bytes]);
            for record in Records::new(&recording[start..]) {
                prop_assert_eq!(replay.feed(&record.unwrap()), Fed::Same);
            }
        }
    }

    /// The client and its copy go on alike, whatever comes.
    #[test]
    fn a_restored_client_is_the_client(
        before in proptest::collection::vec(step(), 0..60),
        after in proptest::collection::vec(step(), 0..60),
        odd: bool,
    ) {
        goes_on_alike(odd, &before, &after);
    }

    /// With one byte changed it is no state, or one in which a client goes on, to whatever end.
    #[test]
    fn a_damaged_state_is_refused_or_does_no_harm(
        before in proptest::collection::vec(step(), 0..30),
        after in proptest::collection::vec(step(), 0..30),
        at: prop::sample::Index,
        byte in prop_oneof![0_u8..4, any::<u8>()],
    ) {
        let mut bench = Bench::new(client(true), Tape::default(), Payloads::Kept);
        bench.run(&before);
        let (now, takes) = (bench.now, bench.takes);
        let mut state = state_of(&mut bench.client.into_parts().0);
        let at = at.index(state.len());
        state[at] = byte;
        if let Some(client) = restored(&state) {
            let mut bench = Bench::new(client, Tape::default(), Payloads::Kept);
            (bench.now, bench.takes) = (now, takes);
            bench.run(&after);
        }
        state.truncate(at);
        prop_assert!(restored(&state).is_none());
    }
}
