//! The ESP8266's board, simulated: the core's passive end of the link and the bridge's end with the
//! radio, without a processor. For a Pico that is emulated by itself.

use std::collections::VecDeque;

use anyhow::{Result, anyhow, ensure};
use fivewire_core::bridge::esp::{self, Esp};
use fivewire_core::client::{self, Action, TcpFailure};
use fivewire_core::link::native::{self, Native};
use fivewire_core::link::{self, Levels, Link, Role};
use fivewire_core::time::{Instant, Wait};

use super::protocol::{Event, Kind, Message};
use super::radio::{BROKER_ADDRESS, Radio};

/// From an edge to its answer, in ns: an ESP8266 that polls its pins.
const ANSWER_NS: u64 = 5_000;
/// The link keeps the SDK's rule: one send at a time, one segment at most.
const SEND_MAX_BYTES: usize = 1_460;

/// The board.
pub struct EspBoard {
    link: Native<Vec<u8>>,
    esp: Esp<Vec<u8>>,
    levels: Levels,
    heard: Levels,
    due_ns: Option<u64>,
    /// The newest connection's number, and whether it is open, and still busy with a send.
    connection: u8,
    open: bool,
    sending: bool,
    /// What arrived and had no room yet.
    waiting: VecDeque<u8>,
}

impl EspBoard {
    /// A board that is switched on.
    ///
    /// # Errors
    /// The memory is refused: a mistake in this file.
    pub fn start(now_ns: u64, seed: u64, heard: Levels) -> Result<Self> {
        let client = client::Memory {
            receive: vec![0; 1_024],
            transmit: vec![0; 1_024],
            outbox: vec![0; 4_096],
            subscriptions: vec![0; 1_024],
            connect: vec![0; 512],
        };
        let memory = esp::Memory {
            client,
            frames: vec![0; 1_536],
            publication_topics: vec![0; 256],
            message_topics: vec![0; 256],
            settings: vec![0; 512],
        };
        let esp = Esp::new(memory, seed).map_err(|error| anyhow!("{error}"))?;
        let memory = native::Memory { transmit: vec![0; 1_536], receive: vec![0; 1_536] };
        let config = native::Config::new(Role::Passive);
        let link = Native::new(&config, memory, seed).map_err(|error| anyhow!("{error}"))?;
        let mut board = Self {
            link,
            esp,
            levels: Levels::default(),
            heard,
            due_ns: Some(now_ns),
            connection: 0,
            open: false,
            sending: false,
            waiting: VecDeque::new(),
        };
        board.link.start(instant(now_ns));
        Ok(board)
    }

    /// What it shows to the host.
    #[must_use]
    pub const fn levels(&self) -> Levels {
        self.levels
    }

    /// When it does something next by itself.
    #[must_use]
    pub const fn due_ns(&self) -> Option<u64> {
        self.due_ns
    }

    /// The host's wires show this from now on.
    pub fn hear(&mut self, now_ns: u64, levels: Levels) {
        if levels != self.heard {
            self.heard = levels;
            self.wake_at(now_ns + ANSWER_NS);
        }
    }

    /// Does what is due.
    ///
    /// # Errors
    /// The bridge's end says a frame that the link can never carry.
    pub fn run(&mut self, now_ns: u64, radio: &mut Radio) -> Result<()> {
        while let Some(event) = radio.arrived.pop_front() {
            self.take(now_ns, event);
            self.wake_at(now_ns);
        }
        if self.due_ns.is_none_or(|due_ns| due_ns > now_ns) {
            return Ok(());
        }
        self.due_ns = None;
        let now = instant(now_ns);
        self.link.handle(now, link::Input::Levels(self.heard));
        self.esp.handle(now, esp::Input::Timeout);
        while self.drain_link(now_ns) | self.drain_esp(now_ns, radio)? {}
        self.read(now_ns, radio);
        Ok(())
    }

    fn wake_at(&mut self, at_ns: u64) {
        self.due_ns = Some(self.due_ns.map_or(at_ns, |due_ns| due_ns.min(at_ns)));
    }

    /// What the radio's other side tells.
    fn take(&mut self, now_ns: u64, event: Event) {
        let input = match event {
            Event::WifiUp => client::Input::WifiUp,
            Event::WifiDown(_) => client::Input::WifiDown,
            Event::Opened(number) if number == self.connection => {
                self.open = true;
                client::Input::TcpOpened
            }
            Event::Received(number, bytes) if number == self.connection => {
                self.waiting.extend(bytes);
                return;
            }
            Event::Sent(number) if number == self.connection => {
                self.sending = false;
                client::Input::Writable
            }
            Event::Failed(number, _) | Event::Closed(number) if number == self.connection => {
                self.connection = self.connection.wrapping_add(1);
                match std::mem::take(&mut self.open) {
                    true => client::Input::TcpClosed,
                    false => client::Input::TcpFailed(TcpFailure::Unreachable),
                }
            }
            _ => return,
        };
        self.esp.handle(instant(now_ns), esp::Input::Net(input));
    }

    /// Reads what waits, as far as the client has room, and lets as much more come.
    fn read(&mut self, now_ns: u64, radio: &mut Radio) {
        let count = self.esp.receive_capacity().min(self.waiting.len());
        if count == 0 || !self.open {
            return;
        }
        let bytes: Vec<u8> = self.waiting.drain(..count).collect();
        let input = client::Input::Received(&bytes);
        self.esp.handle(instant(now_ns), esp::Input::Net(input));
        radio.take(now_ns, &self.message(Kind::Credit, count as u32, Vec::new()));
        self.wake_at(now_ns);
    }

    const fn message(&self, kind: Kind, argument: u32, payload: Vec<u8>) -> Message {
        Message { kind, connection: self.connection, argument, at_ns: 0, payload }
    }

    /// True if the bridge's end was told something.
    fn drain_link(&mut self, now_ns: u64) -> bool {
        let now = instant(now_ns);
        let mut told = false;
        loop {
            let input = match self.link.poll() {
                link::Output::Drive(levels) => {
                    self.levels = levels;
                    continue;
                }
                link::Output::Wait(wait) => {
                    self.wait(now_ns, wait);
                    return told;
                }
                link::Output::Event(link::Event::Up { frame_max_bytes }) => {
                    esp::Input::LinkUp { frame_max_bytes }
                }
                link::Output::Event(link::Event::Down { .. }) => esp::Input::LinkDown,
                link::Output::Event(link::Event::Frame(frame)) => esp::Input::Frame(frame),
                link::Output::Event(link::Event::Writable) => esp::Input::FrameWritable,
                link::Output::Event(_) | link::Output::Reset { .. } => continue,
            };
            self.esp.handle(now, input);
            told = true;
        }
    }

    /// True if the bridge's end said something.
    fn drain_esp(&mut self, now_ns: u64, radio: &mut Radio) -> Result<bool> {
        let now = instant(now_ns);
        let mut spoke = false;
        loop {
            match self.esp.poll() {
                // There is one network here, no time server, and no heap.
                esp::Output::Configure(_) | esp::Output::AskTime { .. } => {}
                esp::Output::ReportMemory => {
                    let input = esp::Input::Memory { free_bytes: 0, used_bytes: 0 };
                    self.esp.handle(now, input);
                }
                esp::Output::Join(_) => self.act(now_ns, Action::JoinWifi, radio),
                esp::Output::Net(action) => self.act(now_ns, action, radio),
                esp::Output::Transmit(bytes) => {
                    let most = if self.sending { 0 } else { bytes.len().min(SEND_MAX_BYTES) };
                    let bytes = bytes[..most].to_vec();
                    if most > 0 {
                        self.sending = true;
                        radio.take(now_ns, &self.message(Kind::Send, 0, bytes));
                    }
                    self.esp.handle(now, esp::Input::Net(client::Input::Sent(most)));
                }
                esp::Output::Frame(frame) => {
                    let taken = self.link.send(frame);
                    ensure!(taken.is_ok(), "a frame that the link can never carry");
                    self.esp.handle(now, esp::Input::FrameSent(taken.unwrap_or_default()));
                }
                esp::Output::Wait(wait) => {
                    self.wait(now_ns, wait);
                    return Ok(spoke);
                }
            }
            spoke = true;
        }
    }

    fn act(&mut self, now_ns: u64, action: Action, radio: &mut Radio) {
        let message = match action {
            Action::JoinWifi => self.message(Kind::Join, 0, Vec::new()),
            Action::LeaveWifi => self.message(Kind::Leave, 0, Vec::new()),
            Action::OpenTcp => {
                self.connection = self.connection.wrapping_add(1);
                (self.open, self.sending) = (false, false);
                self.waiting.clear();
                self.message(Kind::Open, 1_883, BROKER_ADDRESS.to_vec())
            }
            Action::CloseTcp => {
                let message = self.message(Kind::Close, 0, Vec::new());
                // Nothing that belongs to it may be told any more.
                self.connection = self.connection.wrapping_add(1);
                self.open = false;
                message
            }
        };
        radio.take(now_ns, &message);
    }

    fn wait(&mut self, now_ns: u64, wait: Wait) {
        if let Wait::Until(at, _) = wait {
            self.wake_at((at.as_micros() * 1_000).max(now_ns));
        }
    }
}

const fn instant(ns: u64) -> Instant {
    Instant::from_micros(ns / 1_000)
}
