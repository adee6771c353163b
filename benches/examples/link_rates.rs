//! What the five wires carry, in both modes, at the edge time of the predecessor: the table in the README.
//!
//! ```text
//! cargo run --release -p fivewire-benches --example link_rates
//! ```
//!
//! All of it is counted in simulated time, so it is the same on every machine.

use std::cell::Cell;

use fivewire_core::link::native::{self, Native};
use fivewire_core::link::syncom::{self, Syncom};
use fivewire_core::link::{Link, Role};
use fivewire_sim::rig::{Boards, Rig};
use fivewire_sim::wires::{End, Wire};

/// From an edge of one end to the next one of the other, in µs (SPEC.md §1.11: 1.6 kbit/s at the most).
const EDGE_US: u32 = 312;
const SECOND_US: u64 = 1_000_000;
/// What the broker takes to answer, in µs.
const ROUND_TRIP_US: u64 = 250_000;
/// A PUBLISH with 16 bytes of topic and 8 of payload, in a frame of the bridge: header 6, packet 30.
const PUBLISH_FRAME_BYTES: usize = 36;
/// The answer that it is done: kind, ticket, outcome.
const DONE_FRAME_BYTES: usize = 6;
/// The same as records of the predecessor: `p`, topic, message, retain, QoS; and `t`, 4.
const PUBLISH_RECORD_BYTES: usize = 31;
const DONE_RECORD_BYTES: usize = 3;

fn native(role: Role) -> Native<Vec<u8>> {
    let memory = native::Memory { transmit: vec![0; 8_192], receive: vec![0; 8_192] };
    Native::new(&native::Config::new(role), memory, role as u64 + 1).expect("the defaults work")
}

fn syncom(role: Role) -> Syncom<Vec<u8>> {
    let memory = syncom::Memory { transmit: vec![0; 8_192], receive: vec![0; 8_192] };
    Syncom::new(&syncom::Config::new(role), memory).expect("the defaults work")
}

/// A rig whose two ends have found each other.
fn up<L: Link + 'static>(make: fn(Role) -> L) -> Rig<L, L> {
    let boards = Boards::steady(EDGE_US);
    let mut rig = Rig::new(1, boards, make(Role::Initiator), move || make(Role::Passive));
    assert!(rig.run_until_up(20 * SECOND_US), "the two ends find each other");
    rig.run_for(SECOND_US);
    rig
}

fn frame(size: usize) -> Vec<u8> {
    (0..size).map(|at| b'a' + (at % 26) as u8).collect()
}

/// What was measured of one frame size.
struct Rate {
    one_way_per_s: f64,
    both_ways_per_s: f64,
    bits_per_byte: f64,
    latency_ms: f64,
}

fn rate<L: Link + 'static>(make: fn(Role) -> L, size: usize) -> Rate {
    let (one_way_per_s, bits_per_byte) = stream(&mut up(make), size, &[End::Host]);
    let (both_ways_per_s, _) = stream(&mut up(make), size, &End::ALL);
    Rate { one_way_per_s, both_ways_per_s, bits_per_byte, latency_ms: latency(&mut up(make), size) }
}

/// Payload bytes per second in each direction, and edges of the host's clock for each byte.
fn stream<L: Link>(rig: &mut Rig<L, L>, size: usize, senders: &[End]) -> (f64, f64) {
    let count = (16_384 / size).max(16);
    for _ in 0..count {
        senders.iter().for_each(|end| rig.send(*end, &frame(size)));
    }
    // The first frames fill the pipe, and are not counted.
    let arrived = |rig: &Rig<L, L>, wanted: usize| {
        senders.iter().all(|end| rig.at(end.other()).received.len() >= wanted)
    };
    assert!(rig.run_until(3_600 * SECOND_US, |rig| arrived(rig, 4)));
    let (began, edges) = (rig.now_us(), rig.edges(Wire::HostClock));
    assert!(rig.run_until(3_600 * SECOND_US, |rig| arrived(rig, count)));
    let bytes = ((count - 4) * size) as f64;
    let seconds = (rig.now_us() - began) as f64 / SECOND_US as f64;
    (bytes / seconds, (rig.edges(Wire::HostClock) - edges) as f64 / bytes)
}

/// How long a single frame takes over an idle link.
fn latency<L: Link>(rig: &mut Rig<L, L>, size: usize) -> f64 {
    let began = rig.now_us();
    rig.send(End::Host, &frame(size));
    assert!(rig.run_until(600 * SECOND_US, |rig| !rig.at(End::Esp).received.is_empty()));
    (rig.now_us() - began) as f64 / 1_000.0
}

/// QoS 1 publications completed in a second, with so many under way at once.
fn publications<L: Link + 'static>(
    make: fn(Role) -> L,
    window: usize,
    publish_bytes: usize,
    done_bytes: usize,
) -> f64 {
    const COUNT: usize = 120;
    let mut rig = up(make);
    // When the broker answers each publication that has reached the ESP8266.
    let mut answers: Vec<u64> = Vec::new();
    let (mut sent, mut answered) = (0, 0);
    let began = rig.now_us();
    loop {
        let done = rig.at(End::Host).received.len();
        if done == COUNT {
            break;
        }
        while sent < COUNT && sent - done < window {
            rig.send(End::Host, &frame(publish_bytes));
            sent += 1;
        }
        let seen = rig.at(End::Esp).received.len();
        answers.resize(seen, rig.now_us() + ROUND_TRIP_US);
        while answered < seen && answers[answered] <= rig.now_us() {
            rig.send(End::Esp, &frame(done_bytes));
            answered += 1;
        }
        let next = answers.get(answered).map_or(SECOND_US, |at| at - rig.now_us());
        let news = Cell::new((done, seen));
        rig.run_until(next, |rig| {
            (rig.at(End::Host).received.len(), rig.at(End::Esp).received.len()) != news.get()
        });
    }
    COUNT as f64 * SECOND_US as f64 / (rig.now_us() - began) as f64
}

fn main() {
    println!(
        "| frame | mode | bytes/s one way | bytes/s each way, both busy | bits per byte | latency |"
    );
    println!("|---|---|---|---|---|---|");
    for size in [8, 16, 64, 256, 1_000] {
        for (name, rate) in [("native", rate(native, size)), ("syncom", rate(syncom, size))] {
            println!(
                "| {size} bytes | `{name}` | {:.0} | {:.0} | {:.2} | {:.0} ms |",
                rate.one_way_per_s, rate.both_ways_per_s, rate.bits_per_byte, rate.latency_ms
            );
        }
    }
    println!();
    println!("| QoS 1, topic 16 bytes, payload 8, broker answers after 250 ms | publications/s |");
    println!("|---|---|");
    let syncom_per_s = publications(syncom, 1, PUBLISH_RECORD_BYTES, DONE_RECORD_BYTES);
    println!("| `syncom`, one under way at a time | {syncom_per_s:.2} |");
    for window in [1, 4, 16] {
        let native_per_s = publications(native, window, PUBLISH_FRAME_BYTES, DONE_FRAME_BYTES);
        println!(
            "| `native`, {window} under way | {native_per_s:.2} ({:.1} times) |",
            native_per_s / syncom_per_s
        );
    }
}
