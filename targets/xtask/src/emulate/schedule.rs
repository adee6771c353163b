//! One run of the emulated pair: what goes wrong and when comes from a seed, and the broker judges.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use fivewire_sim::fault::Memory;
use fivewire_sim::random::{Purpose, Random};

use super::glitch::{Glitch, WIRES};
use super::host_end::HostEnd;
use super::pair::Pair;
use super::pico::Pico;
use super::trouble::Trouble;

/// As in `targets/emulator/emulated.toml`.
const TOPIC: &str = "pico/count";
const PERIOD_MS: u32 = 1_000;
/// After the last trouble, so long for the rest to arrive.
const PATIENCE_MS: u64 = 60_000;
const MS: u64 = 1_000_000;

/// What a seed breaks. The first as many seeds as there are kinds have one of each.
const KINDS: [Kind; 8] = [
    Kind::PowerCut,
    Kind::NetworkLost,
    Kind::BrokerGone,
    Kind::BrokerRestart(Memory::Kept),
    Kind::BrokerRestart(Memory::Lost),
    Kind::Hang,
    Kind::Glitch,
    Kind::Nothing,
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    PowerCut,
    NetworkLost,
    BrokerGone,
    BrokerRestart(Memory),
    Hang,
    Glitch,
    Nothing,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::PowerCut => "ESP8266 without power",
            Self::NetworkLost => "network lost",
            Self::BrokerGone => "broker gone",
            Self::BrokerRestart(Memory::Kept) => "broker restarts",
            Self::BrokerRestart(Memory::Lost) => "broker forgets",
            Self::Hang => "ESP8266 hangs",
            Self::Glitch => "glitches on a wire",
            Self::Nothing => "nothing",
        })
    }
}

/// What a run showed.
#[derive(Debug)]
pub struct Report {
    seed: u64,
    kind: Kind,
    troubles: usize,
    /// Counts that reached the broker.
    counts: usize,
    /// How often one came again.
    again: usize,
    boots: u32,
    /// What the broker missed, or had in the wrong order.
    pub lost: Option<String>,
    /// See [`Pair::trace_hash`].
    pub trace_hash: String,
    host_edges: u64,
    exchanges: u64,
    virtual_ms: u64,
    real: Duration,
}

impl Report {
    /// What stands above the columns.
    pub const HEAD: &str = "seed trouble                times counts again boots  edges exchanges virtual ms  real ms trace            lost";
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:4} {:22} {:6} {:6} {:5} {:5} {:6} {:9} {:10} {:8} {} {}",
            self.seed,
            self.kind,
            self.troubles,
            self.counts,
            self.again,
            self.boots,
            self.host_edges,
            self.exchanges,
            self.virtual_ms,
            self.real.as_millis(),
            self.trace_hash,
            self.lost.as_deref().unwrap_or("nothing")
        )
    }
}

/// Runs what the seed says.
///
/// # Errors
/// A board ended by itself, or what was published did not arrive in time.
pub fn run(root: &Path, pico: &Path, esp: &Path, seed: u64) -> Result<Report> {
    #[expect(clippy::disallowed_methods, reason = "real time is reported, and decides nothing")]
    let wall = Instant::now();
    let mut random = Random::new(seed, Purpose::Schedule);
    // Either board may be the first.
    let powered_ms = u64::from(random.below(1_500));
    let host = Pico::start(root, pico, powered_ms * MS)?;
    let mut pair = Pair::new(esp, None, seed, host);
    let kind = KINDS[(seed % KINDS.len() as u64) as usize];
    let end_ns = plan(&mut pair, kind, powered_ms, &mut random);
    let troubles = pair.troubles.len() + usize::from(pair.glitch.is_some());
    pair.run_until(end_ns / MS + 1_000, |pair| pair.now_ns() >= end_ns)?;
    // All that was published by now, up to one that may be on its way to the outbox.
    let due = (pair.now_ns() / MS - powered_ms) / u64::from(PERIOD_MS) - 1;
    let newest = format!("{TOPIC} {due}");
    let arrived = pair.run_until(PATIENCE_MS, |pair| pair.radio.received.contains(&newest));
    let lost = match arrived {
        Ok(()) => missing(&pair),
        Err(error) => Some(format!("{newest}: {error}")),
    };
    if kind == Kind::Hang || kind == Kind::PowerCut {
        ensure!(pair.boots > 1, "the ESP8266 was not started again");
    }
    Ok(Report {
        seed,
        kind,
        troubles,
        counts: first_arrivals(&pair).len(),
        again: pair.radio.received.len() - first_arrivals(&pair).len(),
        boots: pair.boots,
        lost,
        trace_hash: pair.trace_hash(),
        host_edges: pair.host_edges,
        exchanges: pair.exchanges + pair.host.exchanges,
        virtual_ms: pair.now_ns() / MS,
        real: wall.elapsed(),
    })
}

/// Says what goes wrong when; returns when the last of it is over.
fn plan(pair: &mut Pair<Pico>, kind: Kind, powered_ms: u64, random: &mut Random) -> u64 {
    // Near a publication, in µs: before it, while it crosses the wires, or before it is acknowledged.
    let mut instant_ns = |seconds: u32| {
        let count = u64::from(random.between(seconds, seconds + 1));
        let offset_us = u64::from(random.below(30_000));
        (powered_ms + count * u64::from(PERIOD_MS)) * MS + offset_us * 1_000
    };
    let at_ns = instant_ns(3);
    let later_ns = instant_ns(5) + 500 * MS;
    match kind {
        Kind::PowerCut => {
            pair.troubles.insert(at_ns, Trouble::PowerCut { off_ms: 50 });
            pair.troubles.insert(later_ns, Trouble::PowerCut { off_ms: 700 });
        }
        Kind::NetworkLost => {
            pair.troubles.insert(at_ns, Trouble::NetworkLost);
            pair.troubles.insert(later_ns, Trouble::Healed);
        }
        Kind::BrokerGone => {
            pair.troubles.insert(at_ns, Trouble::BrokerGone);
            pair.troubles.insert(later_ns, Trouble::Healed);
        }
        Kind::BrokerRestart(memory) => {
            pair.troubles.insert(at_ns, Trouble::BrokerRestart(memory));
            pair.troubles.insert(later_ns, Trouble::BrokerRestart(memory));
        }
        Kind::Hang => {
            pair.troubles.insert(at_ns, Trouble::Hang);
        }
        Kind::Glitch => {
            let wire = *random.pick(&WIRES);
            let length_ns = u64::from(random.between(1_000, 50_000));
            pair.glitch = Some(Glitch::new(wire, at_ns..at_ns + length_ns));
        }
        Kind::Nothing => {}
    }
    later_ns + 1_000 * MS
}

fn first_arrivals(pair: &Pair<Pico>) -> Vec<&str> {
    let mut first: Vec<&str> = Vec::new();
    for arrival in &pair.radio.received {
        if !first.contains(&arrival.as_str()) {
            first.push(arrival);
        }
    }
    first
}

/// What is wrong with what the broker received.
fn missing(pair: &Pair<Pico>) -> Option<String> {
    if let Some(line) = pair.host.told().iter().find(|line| line.contains("skipped")) {
        return Some(line.clone());
    }
    let first = first_arrivals(pair);
    let wrong = first
        .iter()
        .enumerate()
        .find(|(index, arrival)| **arrival != format!("{TOPIC} {}", index + 1));
    wrong.map(|(index, arrival)| format!("{} came where {} should", arrival, index + 1))
}
