//! The ESP8266's original program (PREDECESSORS.md §2.6 to §2.8).
//!
//! Its bit engine, its start-up and command task, and its MQTT client are separate tasks, so any of
//! them may die while the others go on. The link has no timeout, so a dead command task shows
//! nowhere (D-07).

mod client;
mod command;
mod packet;

use std::collections::VecDeque;

use fivewire_core::client::{Action, Input as Net};
use fivewire_core::link::{Levels, Role};
use fivewire_core::time::{Instant, Reason, Wait};

use super::Generation;
use super::engine::Engine;
use client::{Client, Note};

/// What the board is.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its firmware.
    pub generation: Generation,
    /// The client identifier: the chip's unique number.
    pub client_id: String,
    /// It has joined a network before, and joins it by itself when it starts.
    pub stored_network: bool,
    /// What its time service would answer, seconds since 2000; 0 for failed.
    pub time_s: u32,
}

/// What happens to the board.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input<'a> {
    /// The instant that `Wait::Until` named has come.
    Timeout,
    /// What the host drives.
    Levels(Levels),
    /// What the radio and the transport tell. Sockets block: everything that is transmitted is taken.
    Net(Net<'a>),
}

/// What the board does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Drives data, then clock.
    Drive(Levels),
    /// Asks this of radio or transport.
    Net(Action),
    /// Sends this to the broker.
    Transmit(Vec<u8>),
    /// Does nothing until then.
    Wait(Wait),
}

/// What the start-up and command task is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Task {
    /// Waits for `w` and `init`.
    AwaitingInit,
    /// Polls each second whether the stored network is joined.
    DefaultNetwork { polls_left: u32, at: Instant },
    /// Waits for any record.
    AwaitingPermission,
    /// Polls each second, without limit (D-11).
    SpecifiedNetwork { at: Instant },
    /// Sleeps, for the network's sake.
    Settling { until: Instant },
    /// The first connection is tried.
    Connecting,
    /// Takes commands.
    Running,
    /// A command is being done; nothing else is (D-22).
    Busy,
    /// The first connection failed: idle until reset.
    Idle,
    /// An exception ended it (D-07).
    Dead,
}

/// The board.
#[derive(Debug)]
pub struct OriginalEsp {
    now: Instant,
    config: Config,
    engine: Engine,
    drive: Option<Levels>,
    heard: Levels,
    wifi: bool,
    task: Task,
    poll_at: Instant,
    client: Option<Client>,
    will: Option<client::Will>,
    init: Vec<String>,
    outputs: VecDeque<Output>,
}

impl OriginalEsp {
    /// The board at the end of its boot.
    #[must_use]
    pub fn new(now: Instant, config: Config) -> Self {
        let (engine, levels) = Engine::start(Role::Passive);
        let mut outputs = VecDeque::new();
        if config.stored_network {
            outputs.push_back(Output::Net(Action::JoinWifi));
        }
        Self {
            now,
            config,
            engine,
            drive: Some(levels),
            heard: Levels::default(),
            wifi: false,
            task: Task::AwaitingInit,
            poll_at: now,
            client: None,
            will: None,
            init: Vec::new(),
            outputs,
        }
    }

    /// Something happened.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.now = self.now.max(now);
        match input {
            Input::Timeout => {}
            Input::Levels(levels) => self.heard = levels,
            Input::Net(input) => {
                match input {
                    Net::WifiUp => self.wifi = true,
                    Net::WifiDown => self.wifi = false,
                    _ => {}
                }
                if let Some(client) = self.client.as_mut() {
                    client.handle(self.now, input);
                }
            }
        }
    }

    /// What the board does next.
    pub fn poll(&mut self) -> Output {
        if let Some(levels) = self.drive.take() {
            return Output::Drive(levels);
        }
        self.run_tasks();
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        match self.engine.step(self.heard) {
            Some(levels) => Output::Drive(levels),
            None => Output::Wait(self.wait()),
        }
    }

    /// Whether its start-up or command task still runs.
    #[must_use]
    pub fn is_task_alive(&self) -> bool {
        self.task != Task::Dead
    }

    /// An exception in the start-up or command task, of whatever cause.
    pub fn raise(&mut self) {
        self.task = Task::Dead;
    }

    fn run_tasks(&mut self) {
        self.run_command_task();
        let Some(client) = self.client.as_mut() else { return };
        client.run(self.now, self.wifi);
        while let Some(output) = client.outputs.pop_front() {
            if output == Output::Net(Action::LeaveWifi) {
                self.wifi = false;
            }
            self.outputs.push_back(output);
        }
        while let Some(note) = self.client.as_mut().and_then(|client| client.notes.pop_front()) {
            self.heed(note);
        }
    }

    fn heed(&mut self, note: Note) {
        match note {
            Note::FirstUp => {
                self.say_status(0);
                self.say_status(5);
                self.say_status(9);
                self.task = Task::Running;
                self.poll_at = self.now;
            }
            Note::FirstFailed => {
                self.say_status(8);
                self.task = Task::Idle;
            }
            Note::Up => self.say_status(9),
            Note::Down => self.say_status(10),
            Note::PublicationDone => {
                self.say_status(4);
                self.task = Task::Running;
            }
            Note::SubscriptionDone => self.task = Task::Running,
            Note::Message { topic, payload, retained } => {
                let flag = if retained { "True" } else { "False" };
                match self.config.generation {
                    Generation::V022 => self.say(&["u", &topic, &payload]),
                    Generation::V01 => self.say(&["u", &topic, &payload, flag]),
                }
            }
        }
    }

    fn say(&mut self, fields: &[&str]) {
        self.engine.send(&super::join(fields));
    }

    fn say_status(&mut self, number: u32) {
        self.say(&["t", &number.to_string()]);
    }

    fn wait(&self) -> Wait {
        let task = match self.task {
            Task::AwaitingInit | Task::AwaitingPermission | Task::Running => Some(self.poll_at),
            Task::DefaultNetwork { at, .. } | Task::SpecifiedNetwork { at } => Some(at),
            Task::Settling { until } => Some(until),
            Task::Connecting | Task::Busy | Task::Idle | Task::Dead => None,
        };
        let client = self.client.as_ref().and_then(Client::next_at);
        match task.into_iter().chain(client).min() {
            Some(at) => Wait::Until(at, Reason::MoreWork),
            None => Wait::ForInput,
        }
    }
}
