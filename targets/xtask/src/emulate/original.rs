//! The emulated ESP8266 built for a host that runs the predecessor's driver, and that host as the
//! simulator has it.

use std::fmt;
use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use fivewire_core::time::{Instant, Wait};
use fivewire_sim::original::OriginalHost;
use fivewire_sim::original::host::{Config, Event, Input, Output};

use super::pair::Pair;
use super::played::{Played, Wires};
use super::radio::BROKER_NAME;
use super::schedule::{TOPIC, out_of_order};

const SEED: u64 = 7;
/// Publications before and after the ESP8266 lost its power.
const COUNTS: usize = 3;
/// The original waits 10 s for an edge, then 1.1 s for the reset, and takes its time to speak.
const PATIENCE_MS: u64 = 90_000;

/// What a run showed.
#[derive(PartialEq, Eq, Debug)]
pub struct Report {
    /// See [`Pair::measure_stack`].
    pub stack_bytes: u32,
    counts: usize,
    messages: usize,
    resets: u32,
    running_ms: u64,
    virtual_ms: u64,
    trace_hash: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stack_bytes: _, counts, messages, resets, running_ms, virtual_ms, trace_hash } =
            self;
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
    let stack_bytes = pair.measure_stack()?;
    let wrong = out_of_order(&pair.radio.received);
    ensure!(wrong.is_none(), "{}", wrong.unwrap_or_default());
    Ok(Report {
        stack_bytes,
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
        pair.host.wires.wake_at(now_ns);
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
    wires: Wires,
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
            wires: Wires { due_ns: Some(0), ..Wires::default() },
            messages: 0,
        }
    }
}

impl Played for OriginalBoard {
    /// The predecessor's interpreter.
    const ANSWER_NS: u64 = 300_000;

    fn wires(&self) -> &Wires {
        &self.wires
    }

    fn wires_mut(&mut self) -> &mut Wires {
        &mut self.wires
    }

    fn look(&mut self, now_ns: u64) {
        self.wires.due_ns = None;
        let now = Instant::from_micros(now_ns / 1_000);
        self.board.handle(now, Input::Levels(self.wires.heard));
        loop {
            match self.board.poll() {
                Output::Drive(levels) => self.wires.levels = levels,
                Output::Reset { asserted } => self.wires.pulls_reset = asserted,
                Output::Event(event) => {
                    self.messages += usize::from(matches!(event, Event::Message { .. }));
                    self.wires.told.push(format!("{event:?}"));
                }
                Output::Wait(Wait::Until(at, _)) => {
                    return self.wires.wake_at((at.as_micros() * 1_000).max(now_ns + 1_000));
                }
                Output::Wait(Wait::ForInput) => return,
            }
        }
    }
}
