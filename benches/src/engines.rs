//! How much virtual time both engines of the simulator run in a second of processor time, on the
//! same schedules in one run: the table in the README.

use std::fmt::Write;
use std::ops::Range;
use std::time::Duration;

use fivewire_sim::cross_check::{History, compare};
use fivewire_sim::run::{self, Report};
use fivewire_sim::schedule::Schedule;
use fivewire_sim::tokio_world;

/// The marks around the table.
const BEGIN: &str = "<!-- engines -->\n";
const END: &str = "\n<!-- end of engines -->";
/// The seeds of the README's table: those of the sweep that it names.
pub const SEEDS: Range<u64> = 0..200;
/// A run up to this long is one in ticks of a millisecond.
const MINUTE_MS: u32 = 60_000;

/// What was measured of some schedules.
#[derive(Clone, Copy, Default, Debug)]
pub struct Speed {
    /// Virtual seconds for one of the processor, in the event world and in turmoil.
    pub ratios: [f64; 2],
    virtual_us: [u64; 2],
    cpu: [Duration; 2],
}

/// What a sweep of both engines showed.
#[derive(Clone, Copy, Default, Debug)]
pub struct Measured {
    /// Runs of a minute, turmoil's in ticks of 1 ms.
    pub minutes: Speed,
    /// Runs of an hour, turmoil's in ticks of 10 ms.
    pub hours: Speed,
    /// All of them.
    pub all: Speed,
    /// What was compared of what both engines made of them.
    pub facts: u64,
    /// Differences that nothing explains.
    pub unexplained: u64,
}

impl Speed {
    fn add(&mut self, engine: usize, virtual_us: u64, cpu: Duration) {
        self.virtual_us[engine] += virtual_us;
        self.cpu[engine] += cpu;
        let cpu_us = self.cpu[engine].as_micros().max(1);
        self.ratios[engine] = self.virtual_us[engine] as f64 / cpu_us as f64;
    }
}

/// Runs the default schedules of these seeds in both engines, one after the other in this thread.
///
/// # Panics
/// A promise is broken.
#[must_use]
pub fn measure(seeds: Range<u64>) -> Measured {
    let mut measured = Measured::default();
    for seed in seeds {
        let schedule = tokio_world::default_for(seed);
        let [mut events, mut turmoil] = [History::default(), History::default()];
        measured.run(0, &schedule, |schedule| run::run(schedule, &mut events));
        measured.run(1, &schedule, |schedule| {
            tokio_world::run(schedule, &mut turmoil).expect("it was drawn for this engine")
        });
        let comparison = compare(&events, &turmoil);
        measured.facts += comparison.compared;
        measured.unexplained += comparison.unexplained().count() as u64;
    }
    measured
}

impl Measured {
    fn run(&mut self, engine: usize, schedule: &Schedule, run: impl FnOnce(&Schedule) -> Report) {
        let before = cpu_time();
        let report = run(schedule);
        let cpu = cpu_time().saturating_sub(before);
        assert_eq!(report.breach, None, "seed {}", schedule.seed);
        let is_minute = schedule.duration_ms <= MINUTE_MS;
        let some = if is_minute { &mut self.minutes } else { &mut self.hours };
        for speed in [some, &mut self.all] {
            speed.add(engine, report.virtual_us, cpu);
        }
    }
}

/// Processor time of this thread.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// The table.
///
/// # Panics
/// Never: a text takes everything.
#[must_use]
pub fn table(measured: &Measured) -> String {
    let Measured { minutes, hours, all, facts, unexplained } = measured;
    let mut text = String::new();
    text +=
        "| virtual seconds for one of the processor | the event world | turmoil |\n|---|---|---|\n";
    for (name, speed) in [
        ("runs of an hour (turmoil's ticks are 10 ms)", hours),
        ("runs of a minute (1 ms)", minutes),
        ("all together", all),
    ] {
        let [events, turmoil] = speed.ratios.map(rounded);
        writeln!(text, "| {name} | {events} | {turmoil} |").expect("a text takes all");
    }
    let (facts, unexplained) = (grouped(*facts), grouped(*unexplained));
    writeln!(text, "\n{facts} facts compared, {unexplained} differences without a cause.")
        .expect("a text takes all");
    text
}

/// Three digits count.
fn rounded(ratio: f64) -> String {
    let mut unit = 1_u32;
    while ratio / f64::from(unit) >= 1_000.0 {
        unit *= 10;
    }
    grouped((ratio / f64::from(unit)).round() as u64 * u64::from(unit))
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The text between the marks.
#[must_use]
pub fn table_of(readme: &str) -> Option<&str> {
    let (_, rest) = readme.split_once(BEGIN)?;
    Some(rest.split_once(END)?.0)
}

/// `readme` with the table in it, where its marks are.
#[must_use]
pub fn put_into(readme: &str, table: &str) -> Option<String> {
    let (before, rest) = readme.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}{END}{after}"))
}
