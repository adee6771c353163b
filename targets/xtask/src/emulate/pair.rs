//! The two boards on one bench: the emulated ESP8266, the host, five wires, and the radio's other
//! side, on one clock.
//!
//! The ESP8266 leads: whatever it says carries its time, and everything else is brought up to that
//! before it is answered. While it waits, the others go on until something reaches it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use fivewire_core::link::Levels;
use sha2::{Digest, Sha256};

use super::board::{Board, Speed};
use super::glitch::{self, Glitch};
use super::host::HostBoard;
use super::host_end::HostEnd;
use super::protocol::{Answer, Event, Kind, Message, VERSION};
use super::radio::Radio;
use super::trouble::Trouble;

/// GPIO numbers of the wires at the ESP8266 (PREDECESSORS.md §1.1).
const HOST_CLOCK: u32 = 12;
const HOST_DATA: u32 = 13;
const ESP_DATA: u32 = 14;
const ESP_CLOCK: u32 = 15;

/// From the end of a reset to the first instruction.
pub const BOOT_NS: u64 = 300_000_000;
/// A host that takes longer to answer an edge had nothing to say.
const PAUSE_NS: u64 = 200_000;
/// How far the rest goes at a time while the board says nothing.
const ALONE_NS: u64 = 1_000_000;

/// The bench.
pub struct Pair<H> {
    elf: PathBuf,
    executed: Option<PathBuf>,
    seed: u64,
    /// The board's.
    pub speed: Speed,
    now_ns: u64,
    board: Option<Board>,
    /// When the board began, and when the next one begins.
    started_ns: u64,
    starts_ns: Option<u64>,
    /// The board's processor stands still: what it says is not heard.
    hangs: bool,
    hangs_since_ns: u64,
    /// How long it stood still at most until the host reset it.
    pub hung_ms: u64,
    /// Wires that show the wrong level for a while.
    pub glitches: Vec<Glitch>,
    /// What goes wrong, and when.
    pub troubles: BTreeMap<u64, Trouble>,
    /// The host's board.
    pub host: H,
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
    /// When the host's clock changed last, and was not answered.
    edge_ns: Option<u64>,
    /// How many edges the board answered, and how long that took in all.
    answered: u64,
    answering_ns: u64,
    /// The same of the host's answers, where they came at once: an idle link pauses.
    esp_edge_ns: Option<u64>,
    host_answered: u64,
    host_answering_ns: u64,
    /// Messages of the board that were answered.
    pub exchanges: u64,
    /// Troubles that came between a publication's arrival and its acknowledgement.
    pub struck_between: usize,
    /// Troubles that came while the two ends of the link were looking for each other.
    pub struck_in_sync: usize,
    /// Troubles that came while edges followed each other as fast as they can.
    pub struck_in_frame: usize,
    /// The host's clock changed last.
    host_edge_ns: u64,
    /// The ESP8266 said that the link is up, since it started.
    link_is_up: bool,
    /// Changes of the host's clock.
    pub host_edges: u64,
    /// Starts of the board.
    pub boots: u32,
    /// What the board logged, and when.
    pub log: Vec<String>,
}

impl Pair<HostBoard> {
    /// Pulls the reset line, in the middle of whatever the board does.
    pub fn reset(&mut self) {
        self.host.reset_esp(self.now_ns);
        self.follow_reset_line();
    }
}

impl<H: HostEnd> Pair<H> {
    /// A bench with this firmware and this host. `executed` is a folder where QEMU notes what it
    /// executes.
    #[must_use]
    pub fn new(elf: &Path, executed: Option<&Path>, seed: u64, host: H) -> Self {
        let mut pair = Self {
            elf: elf.to_owned(),
            executed: executed.map(Path::to_owned),
            seed,
            speed: Speed::MHZ_80,
            now_ns: 0,
            board: None,
            started_ns: 0,
            starts_ns: None,
            hangs: false,
            hangs_since_ns: 0,
            hung_ms: 0,
            glitches: Vec::new(),
            troubles: BTreeMap::new(),
            host,
            radio: Radio::default(),
            esp: Levels::default(),
            told_pins: 0,
            orders: Vec::new(),
            stack_bytes: None,
            ended: false,
            trace: Sha256::new(),
            edge_ns: None,
            answered: 0,
            answering_ns: 0,
            esp_edge_ns: None,
            host_answered: 0,
            host_answering_ns: 0,
            exchanges: 0,
            struck_between: 0,
            struck_in_sync: 0,
            struck_in_frame: 0,
            host_edge_ns: 0,
            link_is_up: false,
            host_edges: 0,
            boots: 0,
            log: Vec::new(),
        };
        pair.follow_reset_line();
        pair
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

    /// Takes the board's power away, in the middle of whatever it does, for so long.
    pub fn interrupt_power(&mut self, off_ms: u64) {
        self.switch_off();
        self.starts_ns = Some(self.now_ns + off_ms * 1_000_000 + BOOT_NS);
    }

    /// Stops the board's processor, in the middle of whatever it does, until it is reset.
    pub const fn hang(&mut self) {
        self.hangs = true;
        self.hangs_since_ns = self.now_ns;
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

    /// From an edge of the host's clock to the board's answer: how many, and nanoseconds in all.
    #[must_use]
    pub const fn answers(&self) -> (u64, u64) {
        (self.answered, self.answering_ns)
    }

    /// From an edge of the board's clock to the host's answer: how many, and nanoseconds in all.
    #[must_use]
    pub const fn host_answers(&self) -> (u64, u64) {
        (self.host_answered, self.host_answering_ns)
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

    /// The ESP8266 runs, and has not found the host yet.
    #[must_use]
    pub const fn is_synchronising(&self) -> bool {
        self.board.is_some() && !self.link_is_up
    }

    /// Something is being said on the wires: an idle link pauses for a millisecond.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        self.now_ns - self.host_edge_ns < PAUSE_NS
    }

    fn explain(&self) -> String {
        format!(
            "at {} ms the host had been told {:?}, the ESP8266 had logged {:?}",
            self.now_ns / 1_000_000,
            self.host.told(),
            self.log
        )
    }

    /// Handles the board's next message, or the next thing of a bench without one. False if the
    /// board ended.
    fn step(&mut self) -> Result<bool> {
        let Some(board) = self.board.as_mut().filter(|_| !self.hangs) else {
            self.advance(self.now_ns + ALONE_NS, false)?;
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
        let boots = self.boots;
        self.advance(at_ns, false)?;
        // Meanwhile it may have been reset, or stopped: then it never said that.
        if self.board.is_some() && self.boots == boots && !self.hangs {
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
                if levels.clock != self.esp.clock {
                    self.esp_edge_ns = Some(self.now_ns);
                    if let Some(edge_ns) = self.edge_ns.take() {
                        self.answered += 1;
                        self.answering_ns += self.now_ns - edge_ns;
                    }
                }
                self.esp = levels;
                self.show_host();
            }
            Kind::Read => self.answer(None, 0)?,
            Kind::Wait => self.wait(message.argument)?,
            Kind::Text => {
                let text = String::from_utf8_lossy(&message.payload);
                self.link_is_up |= text.starts_with("link up");
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
        let (since_ns, boots) = (self.now_ns, self.boots);
        if us > 0 && !self.is_anything_new() {
            self.advance(since_ns + u64::from(us) * 1_000, true)?;
            if self.board.is_none() || self.boots != boots || self.hangs {
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
        let Levels { clock, data } =
            glitch::bend_to_esp(&self.glitches, self.now_ns, self.host.levels());
        u16::from(clock) << HOST_CLOCK | u16::from(data) << HOST_DATA
    }

    fn show_host(&mut self) {
        let levels = glitch::bend_to_host(&self.glitches, self.now_ns, self.esp);
        self.host.hear(self.now_ns, levels);
    }

    /// When the next thing happens that is no doing of the ESP8266's, as far as is known.
    fn next_ns(&self) -> Option<u64> {
        let host = self.host.quiet_until_ns(self.now_ns);
        [host, self.next_around_ns()].into_iter().flatten().min()
    }

    /// The same, the host aside.
    fn next_around_ns(&self) -> Option<u64> {
        let glitch = glitch::next_ns(&self.glitches, self.now_ns);
        let trouble = self.troubles.keys().next().copied();
        [self.radio.due_ns(), self.starts_ns, glitch, trouble].into_iter().flatten().min()
    }

    /// Lets happen what is due until then; with `until_new`, until something new reaches the board.
    fn advance(&mut self, to_ns: u64, until_new: bool) -> Result<()> {
        loop {
            let next_ns = self.next_around_ns().filter(|next_ns| *next_ns <= to_ns);
            let end_ns = next_ns.unwrap_or(to_ns).max(self.now_ns);
            let changed = self.run_host(end_ns)?;
            if !changed && next_ns.is_some() {
                self.look_around()?;
            }
            if until_new && (self.board.is_none() || self.hangs || self.is_anything_new()) {
                return Ok(());
            }
            if !changed && next_ns.is_none() {
                return Ok(());
            }
        }
    }

    /// Lets the host run until then, or until its wires change. True if it did not come so far or
    /// they changed.
    fn run_host(&mut self, end_ns: u64) -> Result<bool> {
        let before = (self.host.levels(), self.host.pulls_reset());
        self.now_ns = self.host.run(self.now_ns, end_ns)?.max(self.now_ns);
        let after = (self.host.levels(), self.host.pulls_reset());
        if before == after {
            return Ok(self.now_ns < end_ns);
        }
        self.trace.update(self.now_ns.to_le_bytes());
        self.trace.update([after.0.clock, after.0.data, after.1].map(u8::from));
        if before.0.clock != after.0.clock {
            self.host_edges += 1;
            self.edge_ns = Some(self.now_ns);
            self.host_edge_ns = self.now_ns;
            let since_ns = self.esp_edge_ns.take().map(|edge_ns| self.now_ns - edge_ns);
            if let Some(took_ns) = since_ns.filter(|took_ns| *took_ns < PAUSE_NS) {
                self.host_answered += 1;
                self.host_answering_ns += took_ns;
            }
        }
        self.follow_reset_line();
        Ok(true)
    }

    fn look_around(&mut self) -> Result<()> {
        self.radio.look(self.now_ns);
        if self.starts_ns.is_some_and(|starts_ns| starts_ns <= self.now_ns) {
            self.starts_ns = None;
            self.start_board()?;
        }
        while let Some(first) = self.troubles.first_entry()
            && *first.key() <= self.now_ns
        {
            let trouble = first.remove();
            trouble.strike(self);
        }
        self.show_host();
        Ok(())
    }

    fn follow_reset_line(&mut self) {
        if self.host.pulls_reset() {
            self.switch_off();
        } else if self.board.is_none() && self.starts_ns.is_none() {
            self.starts_ns = Some(self.now_ns + BOOT_NS);
        }
    }

    fn switch_off(&mut self) {
        self.board = None;
        if std::mem::take(&mut self.hangs) {
            self.hung_ms = self.hung_ms.max((self.now_ns - self.hangs_since_ns) / 1_000_000);
        }
        self.starts_ns = None;
        self.radio.lose_board();
        // Its pins float, and are pulled down.
        self.esp = Levels::default();
        self.show_host();
    }

    fn start_board(&mut self) -> Result<()> {
        self.boots += 1;
        self.link_is_up = false;
        self.started_ns = self.now_ns;
        self.told_pins = 0;
        self.orders.clear();
        let executed = self.executed.as_ref().map(|folder| folder.join(self.boots.to_string()));
        self.board = Some(Board::start(&self.elf, executed.as_deref(), self.speed)?);
        Ok(())
    }
}
