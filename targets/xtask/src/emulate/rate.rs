//! What the link carries on the boards, in emulated time, beside what the predecessors' did.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::EMULATED;
use super::board::Speed;
use super::host_end::HostEnd;
use super::pair::Pair;
use super::pico::Pico;
use super::pico_alone::Bench;
use super::side_by_side;
use crate::rp2040;

/// Characters a second under an application's load, and the latency of a message in ms (PREDECESSORS.md
/// §1.11).
const PREDECESSOR_BYTES_PER_S: u64 = 118;
const PREDECESSOR_LATENCY_MS: u64 = 250;
/// Longer than any of the programs takes.
const PATIENCE_MS: u64 = 20_000;
const SEED: u64 = 1;

/// How the Pico serves the link, its feature, and how many times the predecessors' rate it must
/// reach: a little less than it did when this was written.
const VARIANTS: [(&str, Option<&str>, u64); 2] =
    [("GPIO interrupts", None, 130), ("polled", Some("polled"), 150)];

/// What one run showed.
struct Rate {
    bytes_per_s: u64,
    latency_us: u64,
    latency_max_us: u64,
    other_task_percent: u64,
    /// From an edge of the Pico to the answer of the ESP8266, and back.
    esp_ns: u64,
    pico_ns: u64,
}

/// Runs the Pico's program `rate` in each variant, and prints a table.
///
/// # Errors
/// A variant is slower than it must be, or does not come to its end.
pub fn measure(root: &Path, esp: &Path, speed: Speed) -> Result<()> {
    println!(
        "the Pico uses    bytes/s  times  publication, most  other task  edge answered by ESP8266, Pico"
    );
    let mut slow = Vec::new();
    let mut variants = Vec::new();
    for (name, feature, least) in VARIANTS {
        let pico = rp2040::build_with(root, Some(&root.join(EMULATED)), "rate", feature)?;
        variants.push((name, pico, least));
    }
    side_by_side::run(
        variants.into_iter(),
        |(name, pico, least)| {
            let (alone, rate) =
                rayon::join(|| run_alone(root, &pico), || run(root, &pico, esp, speed));
            Ok((name, least, alone?, rate?))
        },
        |(name, least, alone, rate)| {
            println!("{name}, ESP8266 simulated: {alone}");
            let times = rate.bytes_per_s / PREDECESSOR_BYTES_PER_S;
            println!(
                "{name:15} {:8} {times:6} {:8} {:5} us {:9} %  {:20} ns {:5} ns",
                rate.bytes_per_s,
                rate.latency_us,
                rate.latency_max_us,
                rate.other_task_percent,
                rate.esp_ns,
                rate.pico_ns,
            );
            if times < least {
                slow.push(format!("{name}: {times} times, and not {least}"));
            }
            Ok(())
        },
    )?;
    println!(
        "predecessor     {PREDECESSOR_BYTES_PER_S:8}      1 {:8}       us",
        PREDECESSOR_LATENCY_MS * 1_000
    );
    ensure!(slow.is_empty(), "too slow: {}", slow.join("; "));
    Ok(())
}

/// The same with a simulated ESP8266, which answers each edge after 5 µs: what the Pico is worth by
/// itself.
fn run_alone(root: &Path, pico: &Path) -> Result<String> {
    let mut bench = Bench::start(root, pico)?;
    loop {
        bench.step()?;
        let told = bench.pico.told().iter().find(|line| line.contains("rate "));
        if let Some(line) = told {
            return Ok(line.clone());
        }
        ensure!(
            bench.now_ns / 1_000_000 < PATIENCE_MS,
            "{} edges, {:?}",
            bench.edges,
            bench.pico.told()
        );
    }
}

fn run(root: &Path, pico: &Path, esp: &Path, speed: Speed) -> Result<Rate> {
    let host = Pico::start(root, pico, 0)?;
    let mut pair = Pair::new(esp, None, SEED, host);
    pair.speed = speed;
    let line =
        |pair: &Pair<Pico>| pair.host.told().iter().find(|line| line.contains("rate ")).cloned();
    let done = pair.run_until(PATIENCE_MS, |pair| line(pair).is_some());
    done.with_context(|| {
        let (answers, ns) = pair.answers();
        let (host_answers, host_ns) = pair.host_answers();
        format!(
            "{answers} edges were answered in {ns} ns, {host_answers} by the Pico in {host_ns} ns"
        )
    })?;
    let line = line(&pair).context("the program said nothing")?;
    // "N ms rate A bytes/s, publication B us, C us at most, other task D %"
    let numbers: Vec<u64> = line.split([' ', ',']).filter_map(|word| word.parse().ok()).collect();
    let [_, bytes_per_s, latency_us, latency_max_us, other_task_percent] = numbers[..] else {
        anyhow::bail!("the program said {line:?}");
    };
    let mean = |(count, ns): (u64, u64)| ns / count.max(1);
    Ok(Rate {
        bytes_per_s,
        latency_us,
        latency_max_us,
        other_task_percent,
        esp_ns: mean(pair.answers()),
        pico_ns: mean(pair.host_answers()),
    })
}
