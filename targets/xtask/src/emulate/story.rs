//! What the bench goes through: everything that a firmware meets in its life, once.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use fivewire_core::mqtt::ProtocolVersion;

use super::host::HostBoard;
use super::pair;
use super::radio::TIME_START_S;

type Pair = pair::Pair<HostBoard>;

/// Where the random numbers of both boards begin.
const SEED: u64 = 0x5EED;
/// Publications with which the link is measured.
const BURST: usize = 20;
const TOPIC: &str = "greenhouse/7";

/// What a run showed.
#[derive(Debug)]
pub struct Report {
    /// See [`Pair::trace_hash`].
    pub trace_hash: String,
    /// See [`Pair::measure_stack`].
    pub stack_bytes: u32,
    connected_ms: u64,
    acknowledged_us: u64,
    burst_us: u64,
    burst_bits: u64,
    answer_ns: u64,
    exchanges: u64,
    virtual_ms: u64,
    real: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "connected {} ms after power-up", self.connected_ms)?;
        writeln!(f, "a publication is acknowledged after {} us", self.acknowledged_us)?;
        writeln!(
            f,
            "{BURST} publications, acknowledged and delivered again: {} us, {} bits each way, \
             an edge is answered within {} ns on average",
            self.burst_us, self.burst_bits, self.answer_ns
        )?;
        write!(
            f,
            "{} ms of virtual time, {} exchanges, {} ms of real time",
            self.virtual_ms,
            self.exchanges,
            self.real.as_millis()
        )
    }
}

/// Tells the story with this firmware, in this version of MQTT: in MQTT 5 all that travels with a
/// publication has to come back. `executed` is a folder where QEMU notes what it executes.
///
/// # Errors
/// It does not go as it should.
pub fn tell(elf: &Path, protocol: ProtocolVersion, executed: Option<&Path>) -> Result<Report> {
    #[expect(clippy::disallowed_methods, reason = "real time is reported, and decides nothing")]
    let wall = Instant::now();
    let mut pair = Pair::new(elf, executed, SEED, HostBoard::new(SEED, protocol)?);
    pair.host.subscribe(0, "greenhouse/#")?;
    pair.run_until(20_000, |pair| pair.host.count_told("Connected") == 1)?;
    let connected_ms = pair.now_ns() / 1_000_000;

    let since_ns = pair.now_ns();
    let mut published = publish(&mut pair, 0, 1)?;
    pair.run_until(5_000, |pair| pair.host.count_told("Acked") == 1)?;
    let acknowledged_us = (pair.now_ns() - since_ns) / 1_000;
    arrives(&mut pair, published)?;

    ask(&mut pair)?;

    let (since_ns, since_bits, since) = (pair.now_ns(), pair.host.bits(), pair.answers());
    published = publish(&mut pair, published, BURST)?;
    arrives(&mut pair, published)?;
    let burst_us = (pair.now_ns() - since_ns) / 1_000;
    let burst_bits = pair.host.bits() - since_bits;
    let answer_ns = (pair.answers().1 - since.1) / (pair.answers().0 - since.0).max(1);

    for fault in FAULTS {
        published = strike(&mut pair, published, fault)?;
    }
    let stack_bytes = pair.measure_stack()?;
    stop(&mut pair)?;
    Ok(Report {
        trace_hash: pair.trace_hash(),
        stack_bytes,
        connected_ms,
        acknowledged_us,
        burst_us,
        burst_bits,
        answer_ns,
        exchanges: pair.exchanges,
        virtual_ms: pair.now_ns() / 1_000_000,
        real: wall.elapsed(),
    })
}

/// The time server's time arrives, and the memory report.
fn ask(pair: &mut Pair) -> Result<()> {
    let now_ns = pair.now_ns();
    pair.host.ask(now_ns, SEED);
    let told = |pair: &Pair| {
        let now_s = TIME_START_S + pair.now_ns() / 1_000_000_000;
        let time = |seconds: u64| {
            format!("TimeTold {{ cookie: {SEED}, stamp: Stamp {{ seconds: {seconds}")
        };
        pair.host.count_told("EspMemory { free_bytes: 40000") == 1
            && (now_s - 1..=now_s).any(|seconds| pair.host.count_told(&time(seconds)) == 1)
    };
    pair.run_until(5_000, told)
}

/// What can go wrong, each with publications under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    /// The broker ends the connection, and refuses new ones for a while.
    BrokerRestarts,
    /// The connection is reset.
    ConnectionReset,
    /// Nobody knows the broker's name for a while.
    NameUnknown,
    /// The network is lost, and cannot be joined for a while.
    NetworkLost,
    /// The broker's machine answers nothing for a while.
    BrokerSilent,
    /// The ESP8266 is reset, in the middle of whatever it does.
    EspReset,
}

const FAULTS: [Fault; 6] = [
    Fault::BrokerRestarts,
    Fault::ConnectionReset,
    Fault::NameUnknown,
    Fault::NetworkLost,
    Fault::BrokerSilent,
    Fault::EspReset,
];

/// Publishes around a fault: everything arrives in the end.
fn strike(pair: &mut Pair, published: usize, fault: Fault) -> Result<usize> {
    let connections = pair.host.count_told("Connected");
    let published = publish(pair, published, 3)?;
    let now_ns = pair.now_ns();
    match fault {
        Fault::BrokerRestarts => {
            pair.radio.refuses = true;
            pair.radio.close_connection(now_ns);
        }
        Fault::ConnectionReset => pair.radio.reset_connection(now_ns),
        Fault::NameUnknown => {
            pair.radio.knows_name = false;
            pair.radio.close_connection(now_ns);
        }
        Fault::NetworkLost => pair.radio.lose_network(now_ns),
        Fault::BrokerSilent => pair.radio.silent = true,
        Fault::EspReset => pair.reset(),
    }
    let published = publish(pair, published, 3)?;
    let outage_ms = if fault == Fault::BrokerSilent { 45_000 } else { 3_000 };
    let end_ns = now_ns + outage_ms * 1_000_000;
    pair.run_until(outage_ms + 1_000, |pair| pair.now_ns() >= end_ns)?;
    pair.radio.heal();
    pair.run_until(60_000, |pair| pair.host.count_told("Connected") > connections)?;
    arrives(pair, published)?;
    Ok(published)
}

/// Publishes the next `count` numbers.
fn publish(pair: &mut Pair, published: usize, count: usize) -> Result<usize> {
    for number in published..published + count {
        let now_ns = pair.now_ns();
        pair.host.publish(now_ns, TOPIC, number.to_string().as_bytes())?;
    }
    Ok(published + count)
}

/// All that was published is acknowledged, reached the broker in order (first arrivals), and came
/// back.
fn arrives(pair: &mut Pair, published: usize) -> Result<()> {
    let came_back = |pair: &Pair, number: usize| {
        pair.host.count_told(&format!("Message {TOPIC} {number}.{}", pair.host.whole())) > 0
    };
    pair.run_until(60_000, |pair| {
        pair.host.count_told("Acked") == published
            && (0..published).all(|number| came_back(pair, number))
    })?;
    let expected: Vec<_> = (0..published).map(|number| format!("{TOPIC} {number}")).collect();
    let mut first_arrivals: Vec<String> = Vec::new();
    for arrival in &pair.radio.received {
        if !first_arrivals.contains(arrival) {
            first_arrivals.push(arrival.clone());
        }
    }
    ensure!(first_arrivals == expected, "the broker received {:?}", pair.radio.received);
    Ok(())
}

/// The host shuts down: DISCONNECT reaches the broker, and the board rests.
fn stop(pair: &mut Pair) -> Result<()> {
    let disconnects = pair.radio.disconnects;
    pair.host.shut_down(pair.now_ns());
    pair.run_until(10_000, |pair| {
        pair.host.count_told("Stopped") == 1 && pair.radio.disconnects == disconnects + 1
    })?;
    pair.end()
}
