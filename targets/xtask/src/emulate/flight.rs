//! The Pico's flight recorder: its log is asked for over the UART while the link is at work,
//! converted as `targets/WIRING.md` says, and replayed.

use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use fivewire_sim::replay::{self, replay};
use fivewire_sim::trace::Blind;

use super::host_end::HostEnd;
use super::pico_alone::{Bench, Trouble};

/// What makes a recording of what a terminal program has logged: the line of `targets/WIRING.md`.
const CONVERT: &str = "sed -n 's/^~//p' pico.log | tr -d '\\r' | base64 -d > pico.fwrec";
const WIRING: &str = "targets/WIRING.md";
const REQUEST: u8 = b'd';
const END: &str = "flight recorder: end";
/// A whole ring takes nine seconds.
const PATIENCE_MS: u64 = 15_000;
/// So many publications of `rate` have reached the broker when the log is asked for: most of the
/// fast ones are still to come.
const BUSY_AFTER: usize = 20;
/// The password of `emulated.toml`, and what stands beside it there.
const PASSWORD: &[u8] = b"tomatoes";
const SSID: &[u8] = b"greenhouse";

/// What the recorder kept.
pub struct Report {
    log_bytes: usize,
    dumping_ms: u64,
    publications_meanwhile: usize,
    /// What its replay showed.
    pub replayed: replay::Report,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { log_bytes, dumping_ms, publications_meanwhile, replayed } = self;
        let replay::Report { segments, calls, outputs, lasted_us, .. } = replayed;
        write!(
            f,
            "flight recorder: {log_bytes} bytes of {} ms, {segments} segments with {calls} calls, {outputs} outputs \
             replayed the same; written in {dumping_ms} ms, with {publications_meanwhile} publications meanwhile",
            lasted_us / 1_000
        )
    }
}

/// Lets `simple` count through trouble, and asks for the log twice: the second part continues the
/// first. The report, and how deep the stack was, whose memory begins at `floor`.
///
/// # Errors
/// A count is lost, the log does not come, or a replay of it says something else.
pub fn run(root: &Path, simple: &Path, floor: u32) -> Result<(Report, u32)> {
    let mut bench = Bench::start(root, simple)?;
    let (mut dumping_ms, mut publications_meanwhile) = (0, 0);
    bench.count()?;
    for trouble in [Trouble::PowerCut, Trouble::NetworkLost] {
        bench.strike(trouble);
        bench.count()?;
        let (ms, publications) = dump(&mut bench)?;
        dumping_ms += ms;
        publications_meanwhile += publications;
    }
    bench.count()?;
    let stack_bytes = bench.pico.stack_bytes(floor)?;
    let recording = convert(root, bench.pico.told())?;
    let replayed = replayed(&recording)?;
    ensure!(replayed.segments == 2 && replayed.beginnings == 1, "not one story: {replayed:?}");
    let has = |text: &[u8]| recording.windows(text.len()).any(|window| window == text);
    ensure!(has(SSID) && !has(PASSWORD), "the password is in the recording");
    let log_bytes = recording.len();
    Ok((Report { log_bytes, dumping_ms, publications_meanwhile, replayed }, stack_bytes))
}

/// Asks for the log while `rate` publishes as fast as the link takes it.
///
/// # Errors
/// The log does not come, the link stands still meanwhile, or a replay says something else.
pub fn run_busy(root: &Path, rate: &Path) -> Result<Report> {
    let mut bench = Bench::start(root, rate)?;
    while bench.radio.received.len() < BUSY_AFTER {
        bench.step()?;
        ensure!(bench.now_ns < PATIENCE_MS * 1_000_000, "the Pico said {:?}", bench.pico.told());
    }
    let (dumping_ms, publications_meanwhile) = dump(&mut bench)?;
    ensure!(publications_meanwhile > 0, "the link stood still while the log was written");
    let recording = convert(root, bench.pico.told())?;
    let replayed = replayed(&recording)?;
    ensure!(replayed.segments > 1, "too little was recorded: {replayed:?}");
    Ok(Report { log_bytes: recording.len(), dumping_ms, publications_meanwhile, replayed })
}

/// Replays it.
fn replayed(recording: &[u8]) -> Result<replay::Report> {
    let replayed = replay(recording, &mut Blind);
    ensure!(
        replayed.damage.is_none() && replayed.difference.is_none() && replayed.breach.is_none(),
        "the recording does not replay: {replayed:?}"
    );
    Ok(replayed)
}

/// Asks for the log, until it is there: how many ms that took, and what the broker got meanwhile.
fn dump(bench: &mut Bench) -> Result<(u64, usize)> {
    let is_end = |line: &&String| line.ends_with(END);
    let dumps = bench.pico.told().iter().filter(is_end).count();
    let (since_ns, publications, boots) = (bench.now_ns, bench.radio.received.len(), bench.boots);
    let end_ns = since_ns + PATIENCE_MS * 1_000_000;
    bench.pico.type_byte(REQUEST)?;
    while bench.pico.told().iter().filter(is_end).count() == dumps {
        bench.step()?;
        ensure!(bench.now_ns < end_ns, "the Pico said {:?}", bench.pico.told());
    }
    ensure!(bench.boots == boots, "the ESP8266 was reset while the log was written");
    Ok(((bench.now_ns - since_ns) / 1_000_000, bench.radio.received.len() - publications))
}

/// The recording in what the Pico said.
fn convert(root: &Path, told: &[String]) -> Result<Vec<u8>> {
    let wiring = std::fs::read_to_string(root.join(WIRING))?;
    ensure!(wiring.contains(CONVERT), "{WIRING} does not say `{CONVERT}`");
    let scratch = tempfile::tempdir()?;
    let mut log = std::fs::File::create(scratch.path().join("pico.log"))?;
    for line in told {
        // The bench puts the time before each.
        let (_, line) = line.split_once(" ms ").context("a line without its time")?;
        write!(log, "{line}\r\n")?;
    }
    let status = Command::new("sh")
        .args(["-c", CONVERT])
        .current_dir(&scratch)
        .stdin(Stdio::null())
        .status()?;
    ensure!(status.success(), "`{CONVERT}` failed");
    Ok(std::fs::read(scratch.path().join("pico.fwrec"))?)
}
