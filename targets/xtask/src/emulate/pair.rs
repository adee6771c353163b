//! The two boards on one bench: the emulated ESP8266, the host, five wires, and the radio's other side, on one
//! clock.
//!
//! The ESP8266 leads: whatever it says carries its time, and everything else is brought up to that before it is
//! answered. While it waits, the others go on until something reaches it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use fivewire_core::link::Levels;
use sha2::{Digest, Sha256};

use super::board::Board;
use super::host::HostBoard;
use super::protocol::{Answer, Event, Kind, Message, VERSION};
use super::radio::Radio;

/// GPIO numbers of the wires at the ESP8266 (SPEC.md §1.1).
const HOST_CLOCK: u32 = 12;
const HOST_DATA: u32 = 13;
const ESP_DATA: u32 = 14;
const ESP_CLOCK: u32 = 15;

/// From the end of a reset to the first instruction.
const BOOT_NS: u64 = 300_000_000;

/// The bench.
pub struct Pair {
    elf: PathBuf,
    executed: Option<PathBuf>,
    seed: u64,
    now_ns: u64,
    board: Option<Board>,
    /// When the board began, and when the next one begins.
    started_ns: u64,
    starts_ns: Option<u64>,
    /// The host's board.
    pub host: HostBoard,
    /// The radio's other side.
    pub radio: Radio,
    /// What the ESP8266 drives.
    esp: Levels,
    /// What it knows of its pins.
    told_pins: u16,
    /// What is to be told before what the radio brings.
    orders: Vec<Event>,
    stack_bytes: Option<u32>,
    ended: bool,
    trace: Sha256,
    /// Messages of the board that were answered.
    pub exchanges: u64,
    /// Starts of the board.
    pub boots: u32,
    /// What the board logged, and when.
    pub log: Vec<String>,
}

impl Pair {
    /// A bench with this firmware. `executed` is a folder where QEMU notes what it executes.
    ///
    /// # Errors
    /// The host's settings are refused.
    pub fn new(elf: &Path, executed: Option<&Path>, seed: u64) -> Result<Self> {
        let mut pair = Self {
            elf: elf.to_owned(),
            executed: executed.map(Path::to_owned),
            seed,
            now_ns: 0,
            board: None,
            started_ns: 0,
            starts_ns: None,
            host: HostBoard::new(seed)?,
            radio: Radio::default(),
            esp: Levels::default(),
            told_pins: 0,
            orders: Vec::new(),
            stack_bytes: None,
            ended: false,
            trace: Sha256::new(),
            exchanges: 0,
            boots: 0,
            log: Vec::new(),
        };
        pair.follow_reset_line();
        Ok(pair)
    }

    /// Nanoseconds since the beginning.
    #[must_use]
    pub const fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// Runs until `done`, for `limit_ms` at most.
    ///
    /// # Errors
    /// It took longer, or the board ended otherwise than by a reset.
    pub fn run_until(&mut self, limit_ms: u64, done: impl Fn(&Self) -> bool) -> Result<()> {
        let end_ns = self.now_ns + limit_ms * 1_000_000;
        while !done(self) {
            if self.now_ns > end_ns {
                bail!("not within {limit_ms} ms of virtual time; {}", self.explain());
            }
            if !self.step()? {
                bail!("the board ended; {}", self.explain());
            }
        }
        Ok(())
    }

    /// Pulls the reset line, in the middle of whatever the board does.
    pub fn reset(&mut self) {
        self.host.reset_esp(self.now_ns);
        self.follow_reset_line();
    }

    /// Asks the board how many bytes of its stack were ever used.
    ///
    /// # Errors
    /// As [`run_until`](Self::run_until).
    pub fn measure_stack(&mut self) -> Result<u32> {
        self.stack_bytes = None;
        self.orders.push(Event::ReportStack);
        self.run_until(1_000, |pair| pair.stack_bytes.is_some())?;
        Ok(self.stack_bytes.unwrap_or_default())
    }

    /// Ends the board in good order.
    ///
    /// # Errors
    /// It did not.
    pub fn end(&mut self) -> Result<()> {
        self.orders.push(Event::Exit);
        while self.step()? {}
        Ok(())
    }

    /// A hash of all that the board said and was told, and when.
    #[must_use]
    pub fn trace_hash(&self) -> String {
        let digest = self.trace.clone().finalize();
        digest[..8].iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    fn explain(&self) -> String {
        format!(
            "at {} ms the host had been told {:?}, the ESP8266 had logged {:?}",
            self.now_ns / 1_000_000,
            self.host.told,
            self.log
        )
    }

    /// Handles the board's next message, or the next thing of a bench without one. False if the board ended.
    fn step(&mut self) -> Result<bool> {
        let Some(board) = &mut self.board else {
            let next = self.next_ns().map_or(self.now_ns + 1_000_000, |next| next);
            self.advance(next, false)?;
            return Ok(true);
        };
        let Some(message) = board.read()? else {
            let status = board.wait()?;
            self.board = None;
            if self.ended && status.success() {
                return Ok(false);
            }
            bail!("QEMU ended with {status}; {}", self.explain());
        };
        let at_ns = self.started_ns + message.at_ns;
        self.advance(at_ns, false)?;
        // Meanwhile it may have been reset: then it never said that.
        if self.board.is_some() && self.starts_ns.is_none() && !self.host.pulls_reset {
            self.note(&message);
            self.take(&message)?;
        }
        Ok(true)
    }

    fn note(&mut self, message: &Message) {
        self.trace.update([message.kind as u8, message.connection]);
        self.trace.update(message.argument.to_le_bytes());
        self.trace.update(self.now_ns.to_le_bytes());
        self.trace.update(&message.payload);
    }

    fn take(&mut self, message: &Message) -> Result<()> {
        match message.kind {
            Kind::Boot => {
                if message.argument != VERSION {
                    bail!("the firmware speaks version {} of the protocol", message.argument);
                }
                self.orders.insert(0, Event::Seed(self.seed ^ u64::from(self.boots)));
            }
            Kind::Pins => {
                let pins = message.argument & (message.argument >> 16);
                let is_high = |pin: u32| pins & (1 << pin) != 0;
                let levels = Levels { clock: is_high(ESP_CLOCK), data: is_high(ESP_DATA) };
                // Data is valid from before the change of the clock.
                if levels.clock != self.esp.clock && levels.data != self.esp.data {
                    bail!("data and clock changed at once");
                }
                self.esp = levels;
                self.host.hear(self.now_ns, levels);
            }
            Kind::Read => self.answer(None, 0)?,
            Kind::Wait => self.wait(message.argument)?,
            Kind::Text => {
                let text = String::from_utf8_lossy(&message.payload);
                self.log.push(format!("{} ms {}", self.now_ns / 1_000_000, text.trim_end()));
            }
            Kind::Stack => self.stack_bytes = Some(message.argument),
            Kind::RuleBroken => {
                let rule = String::from_utf8_lossy(&message.payload);
                bail!("a rule of the SDK is broken: {rule}; {}", self.explain())
            }
            Kind::Panicked => bail!("a panic, called from {:#010x}", message.argument),
            Kind::Restart => bail!("the firmware wants to restart; {}", self.explain()),
            _ => self.radio.take(self.now_ns, message),
        }
        Ok(())
    }

    fn wait(&mut self, us: u32) -> Result<()> {
        let since_ns = self.now_ns;
        if us > 0 && !self.is_anything_new() {
            self.advance(since_ns + u64::from(us) * 1_000, true)?;
            if self.board.is_none() {
                return Ok(());
            }
        }
        let event = match self.orders.is_empty() {
            false => Some(self.orders.remove(0)),
            true => self.radio.arrived.pop_front(),
        };
        self.ended |= event == Some(Event::Exit);
        self.answer(event, self.now_ns - since_ns)
    }

    fn is_anything_new(&self) -> bool {
        !self.orders.is_empty() || !self.radio.arrived.is_empty() || self.pins() != self.told_pins
    }

    fn answer(&mut self, event: Option<Event>, waited_ns: u64) -> Result<()> {
        let levels = self.pins();
        self.told_pins = levels;
        self.exchanges += 1;
        let next_ns = self.next_ns().unwrap_or(u64::MAX);
        let steady_ns = next_ns.saturating_sub(self.now_ns);
        let answer = Answer { event, levels, waited_ns, steady_ns };
        self.trace.update(answer.encode());
        match &mut self.board {
            Some(board) => board.answer(&answer),
            None => Ok(()),
        }
    }

    fn pins(&self) -> u16 {
        let Levels { clock, data } = self.host.levels;
        u16::from(clock) << HOST_CLOCK | u16::from(data) << HOST_DATA
    }

    fn next_ns(&self) -> Option<u64> {
        [self.host.due_ns(), self.radio.due_ns(), self.starts_ns].into_iter().flatten().min()
    }

    /// Lets happen what is due until then; with `until_new`, until something new reaches the board.
    fn advance(&mut self, to_ns: u64, until_new: bool) -> Result<()> {
        while let Some(next_ns) = self.next_ns().filter(|next_ns| *next_ns <= to_ns) {
            self.now_ns = self.now_ns.max(next_ns);
            if self.host.due_ns() == Some(next_ns) {
                self.host.look(self.now_ns);
                self.follow_reset_line();
            }
            self.radio.look(self.now_ns);
            if self.starts_ns.is_some_and(|starts_ns| starts_ns <= self.now_ns) {
                self.starts_ns = None;
                self.start_board()?;
            }
            if until_new && (self.board.is_none() || self.is_anything_new()) {
                return Ok(());
            }
        }
        self.now_ns = self.now_ns.max(to_ns);
        Ok(())
    }

    fn follow_reset_line(&mut self) {
        if self.host.pulls_reset {
            self.board = None;
            self.starts_ns = None;
            self.radio.lose_board();
            // Its pins float, and are pulled down.
            self.esp = Levels::default();
            self.host.hear(self.now_ns, self.esp);
        } else if self.board.is_none() && self.starts_ns.is_none() {
            self.starts_ns = Some(self.now_ns + BOOT_NS);
        }
    }

    fn start_board(&mut self) -> Result<()> {
        self.boots += 1;
        self.started_ns = self.now_ns;
        self.told_pins = 0;
        self.orders.clear();
        let executed = self.executed.as_ref().map(|folder| folder.join(self.boots.to_string()));
        self.board = Some(Board::start(&self.elf, executed.as_deref())?);
        Ok(())
    }
}
