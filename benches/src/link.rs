//! What the five wires carry, in both modes, at the edge time of the predecessor: the tables in the
//! README. All of it is counted in simulated time, so it is the same on every machine.

use std::fmt::Write;

use fivewire_core::link::native::{self, Native};
use fivewire_core::link::syncom::{self, Syncom};
use fivewire_core::link::{Link, Role};
use fivewire_core::mqtt::QoS;
use fivewire_sim::harness::{Outcome, Sim};
use fivewire_sim::rig::{Boards, Rig};
use fivewire_sim::wires::{End, Pace, Wire};

use crate::original::Bridge;

/// The marks around the tables.
const BEGIN: &str = "<!-- link rates -->\n";
const END: &str = "\n<!-- end of link rates -->";
/// From an edge of one end to the next one of the other, in µs (PREDECESSORS.md §1.11: 1.6 kbit/s at the
/// most).
const EDGE_US: u32 = 312;
const SECOND_US: u64 = 1_000_000;
/// What the broker takes to answer, in ms.
const ROUND_TRIP_MS: u32 = 250;
const ROUND_TRIP_US: u64 = ROUND_TRIP_MS as u64 * 1_000;
/// Bytes of a publication's topic.
const TOPIC_BYTES: usize = 16;
const PAYLOAD: &[u8] = b"21.5 deg";
/// Publications that are counted.
const COUNT: usize = 120;
/// What the predecessor measured on its boards, in characters per second: raw strings in a rig, and
/// under the load of an application (PREDECESSORS.md §1.11).
const PREDECESSOR_PER_S: [(&str, u32); 2] =
    [("raw, in a rig", 176), ("under the load of an application", 118)];

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

/// QoS 1 publications that a bridge over `syncom` completes in a second: fivewire's host and an
/// ESP8266 that runs the original firmware, which does one at a time.
///
/// # Panics
/// One is not.
#[must_use]
pub fn syncom_publications() -> f64 {
    let mut bridge = Bridge::connected(u64::from(EDGE_US), ROUND_TRIP_US);
    let began_us = bridge.now_us();
    (0..COUNT).for_each(|_| bridge.publish(&topic(0), PAYLOAD));
    assert!(bridge.run_until(600 * SECOND_US, |bridge| bridge.acked() == COUNT));
    per_second(bridge.now_us() - began_us)
}

/// What one QoS 1 publication over such a bridge takes while nothing else is under way, in ms. It
/// is not the first.
///
/// # Panics
/// It is not acknowledged.
#[must_use]
pub fn syncom_latency_ms() -> f64 {
    let mut bridge = Bridge::connected(u64::from(EDGE_US), ROUND_TRIP_US);
    bridge.publish(&topic(0), PAYLOAD);
    bridge.run_until(5 * SECOND_US, |_| false);
    let began_us = bridge.now_us();
    bridge.publish(&topic(0), PAYLOAD);
    assert!(bridge.run_until(60 * SECOND_US, |bridge| bridge.acked() == 2));
    (bridge.now_us() - began_us) as f64 / 1_000.0
}

/// A bridge of two fivewire ends on such wires, connected to such a broker.
fn native_bridge(window: u8) -> Sim {
    let mut sim = Sim::wires(1).configure(|setup| {
        setup.window = window;
        setup.outbox_bytes = 65_536;
        (setup.latency_min_ms, setup.latency_max_ms) = (ROUND_TRIP_MS / 2, ROUND_TRIP_MS / 2);
        (setup.wires.host, setup.wires.esp) = (Pace::steady(EDGE_US), Pace::steady(EDGE_US));
    });
    sim.run_until_connected();
    sim.run_for(5_000);
    sim
}

/// One of the topics that are published to, which have all the same size.
fn topic(number: usize) -> String {
    let topic = format!("hotel/room{number:02}/co2");
    assert_eq!((topic.len(), PAYLOAD.len()), (TOPIC_BYTES, 8));
    topic
}

/// What one QoS 1 publication takes there while nothing else is under way, in ms. It is not the
/// first: its topic was said before.
///
/// # Panics
/// It is not acknowledged.
#[must_use]
pub fn native_latency_ms() -> f64 {
    let mut sim = native_bridge(16);
    sim.publish(&topic(0), PAYLOAD, QoS::AtLeastOnce);
    sim.run_for(5_000);
    let began_ms = sim.now_ms();
    let ticket = sim.publish(&topic(0), PAYLOAD, QoS::AtLeastOnce);
    while sim.outcome(ticket) != Some(Outcome::Acked) {
        sim.run_for(1);
    }
    f64::from(sim.now_ms() - began_ms)
}

/// The same of the whole bridge over `native`, with so many under way at once and so many topics in
/// turn.
///
/// # Panics
/// One is not.
#[must_use]
pub fn native_publications(window: u8, topics: usize) -> f64 {
    let mut sim = native_bridge(window);
    let began_ms = sim.now_ms();
    let publish = |number| sim.publish(&topic(number % topics), PAYLOAD, QoS::AtLeastOnce);
    let tickets: Vec<_> = (0..COUNT).map(publish).collect();
    let is_acked = |sim: &Sim, ticket| sim.outcome(ticket) == Some(Outcome::Acked);
    sim.run_until(600_000, |sim| tickets.iter().all(|ticket| is_acked(sim, *ticket)));
    per_second(u64::from(sim.now_ms() - began_ms) * 1_000)
}

fn per_second(us: u64) -> f64 {
    COUNT as f64 * SECOND_US as f64 / us as f64
}

/// Both tables, as the README has them.
#[must_use]
pub fn tables() -> String {
    let mut text = String::new();
    rates(&mut text).and_then(|()| publications(&mut text)).expect("a string takes everything");
    text
}

fn rates(text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "| frames of | mode | bytes/s one way | bytes/s each way, both busy | bits per byte | latency |"
    )?;
    writeln!(text, "|---|---|---|---|---|---|")?;
    for size in [8, 16, 64, 256, 1_000] {
        for (name, rate) in [("native", rate(native, size)), ("syncom", rate(syncom, size))] {
            writeln!(
                text,
                "| {size} bytes | `{name}` | {:.0} | {:.0} | {:.2} | {:.0} ms |",
                rate.one_way_per_s, rate.both_ways_per_s, rate.bits_per_byte, rate.latency_ms
            )?;
        }
    }
    for (how, per_s) in PREDECESSOR_PER_S {
        writeln!(text, "| strings | the predecessor on its boards, {how} | {per_s} | | | |")?;
    }
    Ok(())
}

fn publications(text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "\n| QoS 1, topic 16 bytes, payload 8, broker answers after 250 ms | publications/s | one alone, until acknowledged |"
    )?;
    writeln!(text, "|---|---|---|")?;
    let (syncom_per_s, alone_ms) = (syncom_publications(), syncom_latency_ms());
    writeln!(
        text,
        "| `syncom`, to the original's ESP8266, which does one at a time | {syncom_per_s:.2} | {alone_ms:.0} ms |"
    )?;
    let native_alone_ms = native_latency_ms();
    for (window, topics) in [(1, 1), (4, 1), (16, 1), (16, 8)] {
        let native_per_s = native_publications(window, topics);
        let times = native_per_s / syncom_per_s;
        let turn = if topics > 1 { format!(", {topics} topics in turn") } else { String::new() };
        writeln!(
            text,
            "| `native`, {window} under way{turn} | {native_per_s:.2} ({times:.1} times) | {native_alone_ms:.0} ms |"
        )?;
    }
    Ok(())
}

/// `readme` with the tables in it, where its marks are.
#[must_use]
pub fn put_into(readme: &str) -> Option<String> {
    let (before, rest) = readme.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}{END}{after}", tables()))
}
