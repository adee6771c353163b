//! One run of the emulated pair: what goes wrong and when comes from a seed, and the broker judges.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use fivewire_sim::fault::Memory;
use fivewire_sim::random::{Purpose, Random};

use super::glitch::{Glitch, WIRES};
use super::host_end::HostEnd;
use super::pair::{BOOT_NS, Pair};
use super::pico::Pico;
use super::trouble::Trouble;
use crate::esp8266;

/// What the Pico publishes, as in `targets/emulator/emulated.toml`.
pub const TOPIC: &str = "pico/count";
/// What it says of a count that came back with its properties.
const CAME_BACK: &str = "pico/count in text/plain";
const PERIOD_MS: u32 = 1_000;
/// `watchdog_timeout_ms` as the core has it, and what the Pico takes to pull the line.
const WATCHDOG_MS: u64 = 10_000 + 10;
/// After the last trouble, so long for the rest to arrive.
const PATIENCE_MS: u64 = 60_000;
const GLITCHES: usize = 10;
const BUSY_MS: u64 = 2_000;
/// How long it goes on after the last trouble.
const AFTERWARDS_MS: u64 = 4_000;
const MS: u64 = 1_000_000;

/// What a seed breaks. The first as many seeds as there are kinds have one of each.
const KINDS: [Kind; 9] = [
    Kind::PowerCut,
    Kind::NetworkLost,
    Kind::BrokerGone,
    Kind::BrokerRestart(Memory::Kept),
    Kind::BrokerRestart(Memory::Lost),
    Kind::Hang,
    Kind::Glitch,
    Kind::HostBusy,
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
    HostBusy,
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
            Self::HostBusy => "host busy for 2 s",
            Self::Nothing => "nothing",
        })
    }
}

/// What is run.
#[derive(Debug)]
pub struct Firmware {
    /// The Pico's.
    pub pico: PathBuf,
    /// Where the memory of its stack begins.
    pub pico_stack_floor: u32,
    /// What it is called in [`rp2040::FIRMWARES`](crate::rp2040::FIRMWARES).
    pub pico_name: &'static str,
    /// The ESP8266's.
    pub esp: PathBuf,
    /// What it is called in [`esp8266::FIRMWARES`].
    pub esp_name: &'static str,
}

impl Firmware {
    /// It speaks MQTT 5.
    fn is_mqtt5(&self) -> bool {
        self.esp_name == esp8266::MQTT5.0
    }
}

/// Bytes of each board's stack that were ever used, since its last start.
#[derive(Clone, Copy, Default, Debug)]
pub struct Stack {
    /// The Pico's.
    pub pico: u32,
    /// The ESP8266's.
    pub esp: u32,
}

impl Stack {
    /// The deeper ones.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { pico: self.pico.max(other.pico), esp: self.esp.max(other.esp) }
    }
}

/// What a run showed.
#[derive(Debug)]
pub struct Report {
    seed: u64,
    /// It was in MQTT 5.
    pub is_mqtt5: bool,
    kind: Kind,
    troubles: usize,
    /// Troubles that came while the broker had a count whose acknowledgement the Pico had not.
    between: usize,
    /// Troubles that came while the link was being found, and in the middle of a frame.
    in_sync: usize,
    in_frame: usize,
    /// Counts that reached the broker.
    counts: usize,
    /// How often one came again.
    again: usize,
    boots: u32,
    hung_ms: u64,
    /// What the broker missed, or had in the wrong order.
    pub lost: Option<String>,
    /// How deep the stacks were.
    pub stack_bytes: Stack,
    /// See [`Pair::trace_hash`].
    pub trace_hash: String,
    host_edges: u64,
    exchanges: u64,
    virtual_ms: u64,
    real: Duration,
}

impl Report {
    /// What stands above the columns.
    pub const HEAD: &str = "seed MQTT  trouble                times between sync frame counts again boots hung ms  edges exchanges virtual ms  real ms trace            lost";
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:4} {:5} {:22} {:6} {:7} {:4} {:5} {:6} {:5} {:5} {:7} {:6} {:9} {:10} {:8} {} {}",
            self.seed,
            if self.is_mqtt5 { "5" } else { "3.1.1" },
            self.kind,
            self.troubles,
            self.between,
            self.in_sync,
            self.in_frame,
            self.counts,
            self.again,
            self.boots,
            self.hung_ms,
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
pub fn run(root: &Path, firmware: &Firmware, seed: u64) -> Result<Report> {
    #[expect(clippy::disallowed_methods, reason = "real time is reported, and decides nothing")]
    let wall = Instant::now();
    let mut random = Random::new(seed, Purpose::Schedule);
    // Either board may be the first.
    let powered_ms = u64::from(random.below(1_500));
    let host = Pico::start(root, &firmware.pico, powered_ms * MS)?;
    let mut pair = Pair::new(&firmware.esp, None, seed, host);
    let kind = KINDS[(seed % KINDS.len() as u64) as usize];
    let end_ns = plan(&mut pair, kind, powered_ms, &mut random);
    let troubles = pair.troubles.len() + pair.glitches.len();
    pair.run_until(end_ns / MS + 1_000, |pair| pair.now_ns() >= end_ns)?;
    // All that was published by now, up to one that may be on its way to the outbox.
    let due = (pair.now_ns() / MS - powered_ms) / u64::from(PERIOD_MS) - 1;
    let newest = format!("{TOPIC} {due}");
    let arrived = pair.run_until(PATIENCE_MS, |pair| pair.radio.received.contains(&newest));
    let lost = match arrived {
        Ok(()) => missing(&pair).or_else(|| stripped(&pair, firmware)),
        Err(error) => Some(format!("{newest}: {error}")),
    };
    match kind {
        Kind::Hang => ensure!(
            (1..=WATCHDOG_MS).contains(&pair.hung_ms),
            "the ESP8266 hung, and was reset after {} ms",
            pair.hung_ms
        ),
        Kind::PowerCut => ensure!(pair.boots > 3, "the ESP8266 was not started again"),
        _ => {}
    }
    let counts = first_arrivals(&pair.radio.received).len();
    let stack_bytes = Stack {
        pico: pair.host.stack_bytes(firmware.pico_stack_floor)?,
        esp: pair.measure_stack()?,
    };
    Ok(Report {
        seed,
        is_mqtt5: firmware.is_mqtt5(),
        kind,
        troubles,
        between: pair.struck_between,
        in_sync: pair.struck_in_sync,
        in_frame: pair.struck_in_frame,
        counts,
        again: pair.radio.received.len() - counts,
        boots: pair.boots,
        hung_ms: pair.hung_ms,
        lost,
        stack_bytes,
        trace_hash: pair.trace_hash(),
        host_edges: pair.host_edges,
        exchanges: pair.exchanges + pair.host.exchanges,
        virtual_ms: pair.now_ns() / MS,
        real: wall.elapsed(),
    })
}

/// Says what goes wrong when; returns when the last of it is over.
fn plan(pair: &mut Pair<Pico>, kind: Kind, powered_ms: u64, random: &mut Random) -> u64 {
    // Near a publication, in µs: before it, while it crosses the wires, or before it is
    // acknowledged.
    let mut instant_ns = |seconds: u32| {
        let count = u64::from(random.between(seconds, seconds + 1));
        let offset_us = u64::from(random.below(50_000));
        (powered_ms + count * u64::from(PERIOD_MS)) * MS + offset_us * 1_000
    };
    let at_ns = instant_ns(3);
    let later_ns = instant_ns(6);
    let last_ns = instant_ns(9);
    let sync_us = u64::from(random.below(4_000));
    match kind {
        Kind::PowerCut => {
            pair.troubles.insert(at_ns, Trouble::PowerCut { off_ms: 50 });
            // Once more as soon as it is there again, and looks for the host.
            let again_ns = at_ns + 50 * MS + BOOT_NS + sync_us * 1_000;
            pair.troubles.insert(again_ns, Trouble::PowerCut { off_ms: 20 });
            pair.troubles.insert(later_ns, Trouble::PowerCut { off_ms: 700 });
            pair.troubles.insert(last_ns, Trouble::PowerCut { off_ms: 1 });
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
            for at_ns in [at_ns, later_ns, last_ns] {
                pair.troubles.insert(at_ns, Trouble::BrokerRestart(memory));
            }
        }
        Kind::Hang => {
            pair.troubles.insert(at_ns, Trouble::Hang);
        }
        Kind::Glitch => {
            for _ in 0..GLITCHES {
                let at_ns = at_ns + u64::from(random.below(3_000_000)) * 1_000;
                let length_ns = u64::from(random.between(1_000, 50_000));
                let glitch = Glitch::new(*random.pick(&WIRES), at_ns..at_ns + length_ns);
                pair.glitches.push(glitch);
            }
        }
        Kind::HostBusy => {
            for at_ns in [at_ns, later_ns, last_ns] {
                pair.troubles.insert(at_ns, Trouble::HostBusy { for_ms: BUSY_MS });
            }
        }
        Kind::Nothing => {}
    }
    last_ns + AFTERWARDS_MS * MS
}

/// What is wrong with what the broker received.
fn missing(pair: &Pair<Pico>) -> Option<String> {
    let skipped = pair.host.told().iter().find(|line| line.contains("skipped"));
    skipped.cloned().or_else(|| out_of_order(&pair.radio.received))
}

/// Which count did not come back with its content type, as `simple` says it in MQTT 5; the last one
/// may still be on its way.
fn stripped(pair: &Pair<Pico>, firmware: &Firmware) -> Option<String> {
    let lines = pair.host.told();
    let messages = lines.iter().filter(|line| line.ends_with(CAME_BACK)).count();
    let due = first_arrivals(&pair.radio.received).len() - 1;
    (firmware.is_mqtt5() && messages < due)
        .then(|| format!("{messages} of {due} counts came back with their properties"))
}

/// Without those that came before.
fn first_arrivals(received: &[String]) -> Vec<&str> {
    let mut first: Vec<&str> = Vec::new();
    for arrival in received {
        if !first.contains(&arrival.as_str()) {
            first.push(arrival);
        }
    }
    first
}

/// The first count that is not one more than the one before.
pub fn out_of_order(received: &[String]) -> Option<String> {
    let first = first_arrivals(received);
    let mut counts = first.iter().zip(1..);
    let wrong = counts.find(|(arrival, count)| **arrival != format!("{TOPIC} {count}"));
    wrong.map(|(arrival, count)| format!("{arrival} came where {count} should"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(counts: &[u32]) -> Option<String> {
        let received: Vec<_> = counts.iter().map(|count| format!("{TOPIC} {count}")).collect();
        out_of_order(&received)
    }

    #[test]
    fn counts_in_order_are_right_even_where_some_come_again() {
        assert_eq!(verdict(&[1, 2, 2, 3, 2, 3, 4]), None);
    }

    #[test]
    fn a_count_that_is_missing_or_late_is_named() {
        assert_eq!(verdict(&[1, 3]).as_deref(), Some("pico/count 3 came where 2 should"));
        assert_eq!(verdict(&[2, 1]).as_deref(), Some("pico/count 2 came where 1 should"));
    }
}
