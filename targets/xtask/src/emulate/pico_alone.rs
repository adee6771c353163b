//! The emulated Pico with a simulated ESP8266: the other half of what `emulate esp8266` shows.

use std::fmt;
use std::path::Path;

use anyhow::{Result, ensure};
use fivewire_core::link::Levels;
use fivewire_sim::fault::Memory;

use super::esp::EspBoard;
use super::host_end::HostEnd;
use super::pair::BOOT_NS;
use super::pico::Pico;
use super::radio::Radio;
use super::schedule::{TOPIC, out_of_order};

const MS: u64 = 1_000_000;
/// How far the Pico runs at a time while nothing else is due.
const SLICE_NS: u64 = MS;
/// Counts between two troubles, and how long they may take.
const COUNTS: usize = 4;
const PATIENCE_MS: u64 = 60_000;

/// What a run showed.
#[derive(PartialEq, Eq, Debug)]
pub struct Report {
    counts: usize,
    /// Edges of the Pico's clock, and the last of them.
    edges: u64,
    last_edge_ns: u64,
    boots: u64,
    virtual_ms: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { counts, edges, boots, virtual_ms, .. } = self;
        write!(
            f,
            "{counts} counts in order, {boots} starts of the simulated ESP8266, {edges} edges of the Pico, \
             {virtual_ms} ms of virtual time"
        )
    }
}

/// The Pico, the simulated ESP8266, and the radio's other side.
pub struct Bench {
    /// The emulated board.
    pub pico: Pico,
    esp: Option<EspBoard>,
    starts_ns: Option<u64>,
    /// It shows what it showed last, until it is reset.
    hangs: bool,
    in_reset: bool,
    /// Starts of the simulated ESP8266.
    pub boots: u64,
    /// Edges of the Pico's clock, and the last of them.
    pub edges: u64,
    last_edge_ns: u64,
    /// The broker, and what it got.
    pub radio: Radio,
    /// Nanoseconds since the beginning.
    pub now_ns: u64,
}

/// What can go wrong.
#[derive(Clone, Copy)]
pub enum Trouble {
    /// The ESP8266's power goes and comes again.
    PowerCut,
    /// The WiFi is away for a while.
    NetworkLost,
    /// The broker comes back with its memory, or without.
    BrokerRestart(Memory),
    /// The ESP8266's processor stands still.
    Hang,
    /// The Pico's does something else for a while.
    HostBusy,
}

/// All of them, in this order.
const TROUBLES: [Trouble; 6] = [
    Trouble::PowerCut,
    Trouble::NetworkLost,
    Trouble::BrokerRestart(Memory::Kept),
    Trouble::BrokerRestart(Memory::Lost),
    Trouble::Hang,
    Trouble::HostBusy,
];

/// Lets the Pico count through each trouble.
///
/// # Errors
/// A count is lost, or comes in the wrong order or not in time.
pub fn run(root: &Path, pico: &Path) -> Result<Report> {
    let mut bench = Bench::start(root, pico)?;
    bench.count()?;
    for trouble in TROUBLES {
        bench.strike(trouble);
        bench.count()?;
    }
    Ok(Report {
        counts: bench.radio.received.len(),
        edges: bench.edges,
        last_edge_ns: bench.last_edge_ns,
        boots: bench.boots,
        virtual_ms: bench.now_ns / MS,
    })
}

impl Bench {
    /// Both boards get their power now.
    ///
    /// # Errors
    /// The Pico does not start.
    pub fn start(root: &Path, pico: &Path) -> Result<Self> {
        Ok(Self {
            pico: Pico::start(root, pico, 0)?,
            esp: None,
            starts_ns: Some(BOOT_NS),
            hangs: false,
            in_reset: false,
            boots: 0,
            edges: 0,
            last_edge_ns: 0,
            radio: Radio::default(),
            now_ns: 0,
        })
    }

    /// Something goes wrong.
    pub fn strike(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::PowerCut => {
                self.switch_off();
                self.starts_ns = Some(self.now_ns + 50 * MS + BOOT_NS);
            }
            Trouble::NetworkLost => self.radio.lose_network(self.now_ns),
            Trouble::BrokerRestart(memory) => self.radio.restart_broker(self.now_ns, memory),
            Trouble::Hang => self.hangs = true,
            Trouble::HostBusy => self.pico.be_busy(self.now_ns + 2_000 * MS),
        }
    }

    fn switch_off(&mut self) {
        (self.esp, self.starts_ns, self.hangs) = (None, None, false);
        self.radio.lose_board();
        // Its pins float, and are pulled down.
        self.pico.hear(self.now_ns, Levels::default());
    }

    /// Until a few more counts have reached the broker, in order.
    ///
    /// # Errors
    /// They do not, or in another order.
    pub fn count(&mut self) -> Result<()> {
        let wanted = distinct(&self.radio.received) + COUNTS;
        let end_ns = self.now_ns + PATIENCE_MS * MS;
        let heals_ns = self.now_ns + 3_000 * MS;
        while distinct(&self.radio.received) < wanted {
            self.step()?;
            if self.now_ns > heals_ns {
                self.radio.heal();
            }
            ensure!(
                self.now_ns < end_ns,
                "the broker has {:?}; the Pico said {:?}",
                self.radio.received,
                self.pico.told()
            );
        }
        let wrong = out_of_order(&self.radio.received);
        ensure!(wrong.is_none(), "{}", wrong.unwrap_or_default());
        Ok(())
    }

    /// On to the next thing that happens.
    ///
    /// # Errors
    /// A board stopped for good.
    pub fn step(&mut self) -> Result<()> {
        let esp_ns = self.esp.as_ref().filter(|_| !self.hangs).and_then(EspBoard::due_ns);
        let due_ns = [esp_ns, self.radio.due_ns(), self.starts_ns].into_iter().flatten().min();
        let end_ns = due_ns.unwrap_or(u64::MAX).clamp(self.now_ns, self.now_ns + SLICE_NS);
        let clock = self.pico.levels().clock;
        self.now_ns = self.pico.run(self.now_ns, end_ns)?.max(self.now_ns);
        if self.pico.levels().clock != clock {
            self.edges += 1;
            self.last_edge_ns = self.now_ns;
        }
        if self.pico.pulls_reset() {
            self.switch_off();
            self.in_reset = true;
        } else if std::mem::take(&mut self.in_reset) {
            self.starts_ns = Some(self.now_ns + BOOT_NS);
        }
        self.radio.look(self.now_ns);
        if self.starts_ns.is_some_and(|starts_ns| starts_ns <= self.now_ns) {
            self.starts_ns = None;
            self.boots += 1;
            self.esp = Some(EspBoard::start(self.now_ns, self.boots, self.pico.levels())?);
        }
        if let Some(esp) = self.esp.as_mut().filter(|_| !self.hangs) {
            esp.hear(self.now_ns, self.pico.levels());
            esp.run(self.now_ns, &mut self.radio)?;
            self.pico.hear(self.now_ns, esp.levels());
        }
        Ok(())
    }
}

/// Counts that reached the broker, each once.
fn distinct(received: &[String]) -> usize {
    let mut counts: Vec<&String> = received.iter().filter(|it| it.starts_with(TOPIC)).collect();
    counts.sort();
    counts.dedup();
    counts.len()
}
