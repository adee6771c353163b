//! The emulated ESP8266 built for a host that runs the predecessor's driver, and that host as the simulator has it.

use std::fmt;
use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use fivewire_core::link::Levels;
use fivewire_core::time::{Instant, Wait};
use fivewire_sim::original::OriginalHost;
use fivewire_sim::original::host::{Config, Event, Input, Output};

use super::host_end::HostEnd;
use super::pair::Pair;
use super::radio::BROKER_NAME;
use super::schedule::{TOPIC, out_of_order};

/// From an edge to its answer, in ns: the predecessor's interpreter.
const ANSWER_NS: u64 = 300_000;
const SEED: u64 = 7;
/// Publications before and after the ESP8266 lost its power.
const COUNTS: usize = 3;
/// The original waits 10 s for an edge, then 1.1 s for the reset, and takes its time to speak.
const PATIENCE_MS: u64 = 90_000;

/// What a run showed.
#[derive(PartialEq, Eq, Debug)]
pub struct Report {
    counts: usize,
    messages: usize,
    resets: u32,
    running_ms: u64,
    virtual_ms: u64,
    trace_hash: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { counts, messages, resets, running_ms, virtual_ms, trace_hash } = self;
        write!(
            f,
            "with a host that runs the predecessor's driver: running after {running_ms} ms, {counts} counts in order, \
             {messages} messages, {resets} resets, {virtual_ms} ms of virtual time, trace {trace_hash}"
        )
    }
}

/// Publishes with it, cuts its power, and publishes again.
///
/// # Errors
/// The host does not come to run, or a count does not arrive in order.
pub fn run(elf: &Path) -> Result<Report> {
    let mut pair = Pair::new(elf, None, SEED, OriginalBoard::new());
    pair.run_until(PATIENCE_MS, |pair| pair.host.board.is_running())?;
    let running_ms = pair.now_ns() / 1_000_000;
    pair.host.board.subscribe(TOPIC, 1);
    publish(&mut pair, 0)?;
    pair.interrupt_power(50);
    let resets = pair.host.board.resets();
    // It sees that no edge comes, and resets.
    pair.run_until(PATIENCE_MS, |pair| pair.host.board.resets() > resets)?;
    pair.run_until(PATIENCE_MS, |pair| pair.host.board.is_running())?;
    publish(&mut pair, COUNTS)?;
    let wrong = out_of_order(&pair.radio.received);
    ensure!(wrong.is_none(), "{}", wrong.unwrap_or_default());
    Ok(Report {
        counts: pair.radio.received.len(),
        messages: pair.host.messages,
        resets: pair.host.board.resets(),
        running_ms,
        virtual_ms: pair.now_ns() / 1_000_000,
        trace_hash: pair.trace_hash(),
    })
}

/// One after the other, each until the broker has it and it has come back.
fn publish(pair: &mut Pair<OriginalBoard>, first: usize) -> Result<()> {
    for count in first + 1..=first + COUNTS {
        let text = count.to_string();
        pair.host
            .board
            .publish(TOPIC, &text, false, 1)
            .map_err(|_| anyhow!("the original refuses {text}"))?;
        let now_ns = pair.now_ns();
        pair.host.wake_at(now_ns);
        let arrived = format!("{TOPIC} {text}");
        let messages = pair.host.messages;
        pair.run_until(PATIENCE_MS, |pair| {
            pair.radio.received.contains(&arrived) && pair.host.messages > messages
        })?;
    }
    Ok(())
}

/// The host's board.
struct OriginalBoard {
    board: OriginalHost,
    levels: Levels,
    heard: Levels,
    pulls_reset: bool,
    due_ns: Option<u64>,
    busy_until_ns: u64,
    told: Vec<String>,
    messages: usize,
}

impl OriginalBoard {
    fn new() -> Self {
        let config = Config {
            ssid: "greenhouse".to_owned(),
            password: "tomatoes".to_owned(),
            broker: BROKER_NAME.to_owned(),
            clean_session: false,
            ..Config::default()
        };
        Self {
            board: OriginalHost::new(Instant::ZERO, config),
            levels: Levels::default(),
            heard: Levels::default(),
            pulls_reset: false,
            due_ns: Some(0),
            busy_until_ns: 0,
            told: Vec::new(),
            messages: 0,
        }
    }

    fn wake_at(&mut self, at_ns: u64) {
        self.due_ns = Some(self.due_ns.map_or(at_ns, |due_ns| due_ns.min(at_ns)));
    }

    /// Does what is due, up to a change of its wires.
    fn look(&mut self, now_ns: u64) {
        self.due_ns = None;
        let now = Instant::from_micros(now_ns / 1_000);
        self.board.handle(now, Input::Levels(self.heard));
        loop {
            match self.board.poll() {
                Output::Drive(levels) => self.levels = levels,
                Output::Reset { asserted } => self.pulls_reset = asserted,
                Output::Event(event) => {
                    self.messages += usize::from(matches!(event, Event::Message { .. }));
                    self.told.push(format!("{event:?}"));
                }
                Output::Wait(Wait::Until(at, _)) => {
                    return self.wake_at((at.as_micros() * 1_000).max(now_ns + 1_000));
                }
                Output::Wait(Wait::ForInput) => return,
            }
        }
    }
}

impl HostEnd for OriginalBoard {
    fn levels(&self) -> Levels {
        self.levels
    }

    fn pulls_reset(&self) -> bool {
        self.pulls_reset
    }

    fn told(&self) -> &[String] {
        &self.told
    }

    fn quiet_until_ns(&self, _now_ns: u64) -> Option<u64> {
        self.due_ns.map(|due_ns| due_ns.max(self.busy_until_ns))
    }

    fn be_busy(&mut self, until_ns: u64) {
        self.busy_until_ns = until_ns;
    }

    fn hear(&mut self, now_ns: u64, levels: Levels) {
        if levels != self.heard {
            self.heard = levels;
            self.wake_at(now_ns + ANSWER_NS);
        }
    }

    fn run(&mut self, now_ns: u64, end_ns: u64) -> Result<u64> {
        let mut at_ns = now_ns;
        while let Some(due_ns) = self.quiet_until_ns(at_ns).filter(|due_ns| *due_ns <= end_ns) {
            at_ns = at_ns.max(due_ns);
            let before = (self.levels, self.pulls_reset);
            self.look(at_ns);
            if (self.levels, self.pulls_reset) != before {
                return Ok(at_ns);
            }
        }
        Ok(end_ns)
    }
}
