//! The emulated Pico: its firmware in rp2040js, a process with two pipes
//! (`targets/emulator/js/rp2040.mjs`).
//!
//! It runs only when asked to, never beyond what is asked, and stops at each change of its wires.
//! While its processor sleeps it is not asked at all: its clock is brought up when something
//! reaches it.

use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use fivewire_core::link::Levels;

use super::host_end::HostEnd;

const SCRIPT: &str = "targets/emulator/js/rp2040.mjs";
const MODULES: &str = "targets/emulator/js/node_modules/rp2040js";
const RUN: u8 = 0;
const STACK: u8 = 2;
const SKIP: u8 = 3;
const TYPE: u8 = 4;
const ANSWER_BYTES: usize = 30;
const DATA: u8 = 1;
const CLOCK: u8 = 2;
const RESET: u8 = 4;

/// A running Pico.
#[derive(Debug)]
pub struct Pico {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    outputs: u8,
    /// What there is to see, and what it was told to see.
    heard: Levels,
    shown: Levels,
    /// How far it has run; nothing happens before the second, unless it hears something.
    reached_ns: u64,
    asleep_until_ns: u64,
    /// It looks at nothing before this.
    busy_until_ns: u64,
    /// It is switched on then.
    powered_ns: u64,
    /// Requests that it answered.
    pub exchanges: u64,
    lines: Vec<String>,
    line: String,
}

impl Pico {
    /// A Pico with this firmware, switched on at `powered_ns`.
    ///
    /// # Errors
    /// Node or rp2040js is not there.
    pub fn start(root: &Path, elf: &Path, powered_ns: u64) -> Result<Self> {
        ensure!(
            root.join(MODULES).exists(),
            "rp2040js is not there: (cd targets/emulator/js && npm ci)"
        );
        let mut child = Command::new("node")
            .arg(root.join(SCRIPT))
            .arg(elf)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("node does not run: apt-get install nodejs")?;
        let to = child.stdin.take().context("node has no input")?;
        let from = BufReader::new(child.stdout.take().context("node has no output")?);
        Ok(Self {
            child,
            to,
            from,
            outputs: 0,
            heard: Levels::default(),
            shown: Levels::default(),
            reached_ns: powered_ns,
            asleep_until_ns: powered_ns,
            busy_until_ns: 0,
            powered_ns,
            exchanges: 0,
            lines: Vec::new(),
            line: String::new(),
        })
    }

    /// Says how many bytes of its stack were ever used, if that memory begins at `floor`.
    ///
    /// # Errors
    /// It has ended.
    pub fn stack_bytes(&mut self, floor: u32) -> Result<u32> {
        let (answer, _) = self.exchange(STACK, u64::from(floor))?;
        Ok(u32::try_from(number(&answer, 2))?)
    }

    /// A byte comes in on its UART.
    ///
    /// # Errors
    /// It has ended.
    pub fn type_byte(&mut self, byte: u8) -> Result<()> {
        self.exchange(TYPE, u64::from(byte)).map(|_| ())
    }

    /// Lets it run until then, with what it is shown, or until its wires change.
    fn ask(&mut self, until_ns: u64) -> Result<()> {
        self.ask_to(RUN, until_ns)
    }

    fn ask_to(&mut self, operation: u8, until_ns: u64) -> Result<()> {
        let until_ns = until_ns.saturating_sub(self.powered_ns);
        let (answer, text) = self.exchange(operation, until_ns)?;
        self.exchanges += 1;
        self.outputs = answer[0];
        self.reached_ns = self.powered_ns + number(&answer, 2);
        self.asleep_until_ns = self.powered_ns.saturating_add(number(&answer, 18));
        self.log(&String::from_utf8_lossy(&text));
        if answer[1] != 0 {
            bail!("the Pico panicked; it had said {:?}", self.lines);
        }
        Ok(())
    }

    /// Asks for something, with what it is shown; the answer, and the text behind it.
    fn exchange(&mut self, operation: u8, argument: u64) -> Result<([u8; ANSWER_BYTES], Vec<u8>)> {
        let levels = self.shown;
        let inputs = (u8::from(levels.data) * DATA) | (u8::from(levels.clock) * CLOCK);
        let mut request = [operation, inputs, 0, 0, 0, 0, 0, 0, 0, 0];
        request[2..].copy_from_slice(&argument.to_le_bytes());
        self.to.write_all(&request).context("rp2040js has ended")?;
        let mut answer = [0; ANSWER_BYTES];
        self.from.read_exact(&mut answer).context("rp2040js has ended")?;
        let size = u32::from_le_bytes([answer[26], answer[27], answer[28], answer[29]]);
        let mut text = vec![0; size as usize];
        self.from.read_exact(&mut text).context("rp2040js has ended")?;
        Ok((answer, text))
    }

    fn log(&mut self, text: &str) {
        self.line.push_str(text);
        while let Some((line, rest)) = self.line.split_once("\r\n") {
            self.lines.push(format!("{} ms {line}", self.reached_ns / 1_000_000));
            self.line = rest.to_owned();
        }
    }
}

/// The number of eight bytes at `at`.
fn number(answer: &[u8; ANSWER_BYTES], at: usize) -> u64 {
    answer[at..at + 8].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

impl HostEnd for Pico {
    fn levels(&self) -> Levels {
        Levels { clock: self.outputs & CLOCK != 0, data: self.outputs & DATA != 0 }
    }

    fn pulls_reset(&self) -> bool {
        self.outputs & RESET != 0
    }

    fn told(&self) -> &[String] {
        &self.lines
    }

    fn quiet_until_ns(&self, now_ns: u64) -> Option<u64> {
        let until_ns = if self.shown == self.heard { self.asleep_until_ns } else { now_ns };
        let until_ns = until_ns.max(self.busy_until_ns);
        (until_ns < u64::MAX).then_some(until_ns.max(now_ns))
    }

    fn be_busy(&mut self, until_ns: u64) {
        self.busy_until_ns = until_ns;
    }

    fn hear(&mut self, _now_ns: u64, levels: Levels) {
        self.heard = levels;
    }

    fn run(&mut self, now_ns: u64, end_ns: u64) -> Result<u64> {
        if now_ns < self.busy_until_ns {
            if end_ns >= self.busy_until_ns {
                // Its clock went on, and interrupts are due.
                self.ask_to(SKIP, self.busy_until_ns)?;
            }
            return Ok(end_ns.min(self.busy_until_ns));
        }
        let is_told = self.shown == self.heard;
        if end_ns <= self.powered_ns || (is_told && end_ns < self.asleep_until_ns) {
            return Ok(end_ns);
        }
        if self.reached_ns < now_ns && now_ns > self.powered_ns {
            // It slept until now, and saw nothing of the change.
            self.ask(now_ns)?;
        }
        self.shown = self.heard;
        self.ask(end_ns)?;
        Ok(self.reached_ns.clamp(now_ns, end_ns))
    }
}

impl Drop for Pico {
    fn drop(&mut self) {
        // Both fail only where it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
