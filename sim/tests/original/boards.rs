//! What stands at the two ends of the wires.

use fivewire_core::bridge::host::{self, Firmware, Host, Settings};
use fivewire_core::bridge::original::{
    EspDialect, HostDialect, esp as esp_dialect, host as host_dialect,
};
use fivewire_core::bridge::{Broker, Network, esp};
use fivewire_core::client::{self, Action};
use fivewire_core::config::Config;
use fivewire_core::event::Event;
use fivewire_core::link::syncom::{self, Syncom};
use fivewire_core::link::{self, Levels, Link, Role, Timing};
use fivewire_core::mqtt::{QoS, Will};
use fivewire_core::time::Instant;
use fivewire_sim::original::esp::{Input as EspInput, Output as EspOutput};
use fivewire_sim::original::host::{Event as HostEvent, Input as HostInput, Output as HostOutput};
use fivewire_sim::original::{OriginalEsp, OriginalHost};

/// What a board without WiFi did at its pins.
#[derive(Default)]
pub(crate) struct Pins {
    pub(crate) levels: Levels,
    pub(crate) reset: bool,
}

/// Fivewire's host, its dialect and its link.
pub(crate) struct OurHost {
    pub(crate) host: Host<Vec<u8>>,
    pub(crate) dialect: HostDialect<Vec<u8>>,
    pub(crate) link: Syncom<Vec<u8>>,
    pub(crate) told: Vec<String>,
    /// Tickets that were acknowledged.
    pub(crate) acked: usize,
    pub(crate) messages: Vec<(String, Vec<u8>, bool)>,
}

const WILL: Will<'_> =
    Will { topic: "gone", payload: b"pump", qos: QoS::AtLeastOnce, retain: false };

pub(crate) fn settings() -> Settings<'static> {
    let network = Network { ssid: "home", password: "secret", use_default: true };
    let broker = Broker { host: "10.0.0.2", port: 1883 };
    let config = Config { will: Some(WILL), ..Config::new("pump") };
    Settings { firmware: Firmware::Original, ..Settings::new(config, network, broker) }
}

impl OurHost {
    pub(crate) fn new(now: Instant) -> Self {
        let settings = settings();
        let memory = host::Memory {
            outbox: vec![0; 4096],
            subscriptions: vec![0; 256],
            inbound: vec![0; 512],
            frame: vec![0; 512],
            publication_topics: vec![0; 64],
            message_topics: vec![0; 64],
            settings: vec![0; 256],
        };
        let buffers = host_dialect::Memory {
            settings: vec![0; 256],
            record: vec![0; 128],
            message: vec![0; 128],
        };
        let plain = syncom::Config::new(Role::Initiator);
        let timing = Timing { resets_by_itself: false, ..plain.timing };
        let link = syncom::Memory { transmit: vec![0; 256], receive: vec![0; 256] };
        let options = host_dialect::Config::DEFAULT;
        let mut ours = Self {
            host: Host::new(&settings, memory, 1).expect("it is valid"),
            dialect: HostDialect::new(&settings, &options, buffers).expect("it is valid"),
            link: Syncom::new(&syncom::Config { timing, ..plain }, link).expect("it is valid"),
            told: Vec::new(),
            acked: 0,
            messages: Vec::new(),
        };
        ours.host.start(now);
        ours
    }

    fn look(&mut self, now: Instant, heard: Levels, pins: &mut Pins) {
        self.link.handle(now, link::Input::Levels(heard));
        self.dialect.handle(now, host_dialect::Input::Timeout);
        self.host.handle(now, host::Input::Timeout);
        while self.run_link(now, pins) | self.run_dialect(now) | self.run_host(now) {}
    }

    fn run_link(&mut self, now: Instant, pins: &mut Pins) -> bool {
        match self.link.poll() {
            link::Output::Drive(levels) => pins.levels = levels,
            link::Output::Reset { asserted } => pins.reset = asserted,
            link::Output::Event(event) => {
                self.dialect.handle(now, host_dialect::Input::Link(event));
            }
            link::Output::Wait(_) => return false,
        }
        true
    }

    fn run_dialect(&mut self, now: Instant) -> bool {
        let mut spoke = false;
        loop {
            match self.dialect.poll() {
                host_dialect::Output::Host(input) => self.host.handle(now, input),
                host_dialect::Output::Record(record) => {
                    let answer = match self.link.send(record) {
                        Ok(taken) => host_dialect::Input::Sent(taken),
                        Err(_) => host_dialect::Input::Unsendable,
                    };
                    self.dialect.handle(now, answer);
                }
                host_dialect::Output::Hold(hold) => self.link.hold(hold),
                host_dialect::Output::Status(_) => {}
                host_dialect::Output::Wait(_) => return spoke,
            }
            spoke = true;
        }
    }

    fn run_host(&mut self, now: Instant) -> bool {
        let mut spoke = false;
        loop {
            match self.host.poll() {
                host::Output::Action(host::Action::ResetEsp) => self.link.restart(now),
                host::Output::Frame(frame) => {
                    self.dialect.handle(now, host_dialect::Input::Frame(frame));
                }
                host::Output::Event(event) => {
                    self.acked += usize::from(matches!(event, Event::Acked(_)));
                    if let Event::Message(message) = event {
                        let (topic, payload) = (message.topic.to_owned(), message.payload.to_vec());
                        self.messages.push((topic, payload, message.retain));
                    }
                    self.told.push(format!("{event:?}"));
                }
                host::Output::Wait(_) => {
                    let room = host_dialect::Input::Room(self.host.inbound_room_bytes());
                    self.dialect.handle(now, room);
                    return spoke;
                }
            }
            spoke = true;
        }
    }
}

/// The board without WiFi.
pub(crate) enum HostBoard {
    Ours(Box<OurHost>),
    Original(Box<OriginalHost>, Vec<HostEvent>),
}

impl HostBoard {
    pub(crate) fn look(&mut self, now: Instant, heard: Levels, pins: &mut Pins) {
        match self {
            Self::Ours(ours) => ours.look(now, heard, pins),
            Self::Original(host, told) => {
                host.handle(now, HostInput::Levels(heard));
                loop {
                    match host.poll() {
                        HostOutput::Drive(levels) => pins.levels = levels,
                        HostOutput::Reset { asserted } => pins.reset = asserted,
                        HostOutput::Event(event) => told.push(event),
                        HostOutput::Wait(_) => break,
                    }
                }
            }
        }
    }
}

/// Fivewire's ESP8266 end, its dialect and its link.
pub(crate) struct OurEsp {
    pub(crate) esp: esp::Esp<Vec<u8>>,
    pub(crate) dialect: EspDialect<'static, Vec<u8>>,
    link: Syncom<Vec<u8>>,
}

impl OurEsp {
    pub(crate) fn new(now: Instant) -> Self {
        let client = client::Memory {
            receive: vec![0; 512],
            transmit: vec![0; 512],
            outbox: vec![0; 512],
            subscriptions: vec![0; 256],
            connect: vec![0; 128],
        };
        let memory = esp::Memory {
            client,
            frames: vec![0; 1024],
            publication_topics: vec![0; 64],
            message_topics: vec![0; 64],
            settings: vec![0; 256],
        };
        let buffers = esp_dialect::Memory {
            will: vec![0; 64],
            settings: vec![0; 256],
            publication: vec![0; 128],
            command: vec![0; 64],
            record: vec![0; 128],
        };
        let config =
            esp_dialect::Config { client_id: "a1b2c3", free_bytes: 20_000, allocated_bytes: 9_000 };
        let link = syncom::Memory { transmit: vec![0; 256], receive: vec![0; 256] };
        let mut link = Syncom::new(&syncom::Config::new(Role::Passive), link).expect("it is valid");
        link.start(now);
        Self {
            esp: esp::Esp::new(memory, 7).expect("it is valid"),
            dialect: EspDialect::new(config, buffers).expect("it is valid"),
            link,
        }
    }

    fn look(&mut self, now: Instant, heard: Levels, levels: &mut Levels, asks: &mut Vec<Asks>) {
        self.link.handle(now, link::Input::Levels(heard));
        self.esp.handle(now, esp::Input::Net(client::Input::Timeout));
        while self.run_link(now, levels) | self.run_dialect(now) | self.run_esp(now, asks) {}
    }

    fn run_link(&mut self, now: Instant, shows: &mut Levels) -> bool {
        match self.link.poll() {
            link::Output::Drive(levels) => *shows = levels,
            link::Output::Reset { .. } => {}
            link::Output::Event(event) => {
                self.dialect.handle(now, esp_dialect::Input::Link(event));
            }
            link::Output::Wait(_) => return false,
        }
        true
    }

    fn run_dialect(&mut self, now: Instant) -> bool {
        let mut spoke = false;
        loop {
            match self.dialect.poll() {
                esp_dialect::Output::Esp(input) => self.esp.handle(now, input),
                esp_dialect::Output::Record(record) => {
                    let answer = match self.link.send(record) {
                        Ok(taken) => esp_dialect::Input::Sent(taken),
                        Err(_) => esp_dialect::Input::Unsendable,
                    };
                    self.dialect.handle(now, answer);
                }
                esp_dialect::Output::Wait(_) => return spoke,
            }
            spoke = true;
        }
    }

    fn run_esp(&mut self, now: Instant, asks: &mut Vec<Asks>) -> bool {
        let mut spoke = false;
        loop {
            match self.esp.poll() {
                esp::Output::Configure(_)
                | esp::Output::AskTime { .. }
                | esp::Output::ReportMemory => {}
                esp::Output::Join(_) => asks.push(Asks::Action(Action::JoinWifi)),
                esp::Output::Net(action) => asks.push(Asks::Action(action)),
                esp::Output::Transmit(bytes) => {
                    asks.push(Asks::Transmit(bytes.to_vec()));
                    let taken = bytes.len();
                    self.esp.handle(now, esp::Input::Net(client::Input::Sent(taken)));
                }
                esp::Output::Frame(frame) => {
                    self.dialect.handle(now, esp_dialect::Input::Frame(frame));
                    return true;
                }
                esp::Output::Wait(_) => return spoke,
            }
            spoke = true;
        }
    }
}

/// What an ESP8266 wants of its network.
pub(crate) enum Asks {
    Action(Action),
    Transmit(Vec<u8>),
}

/// The ESP8266.
pub(crate) enum EspBoard {
    /// In reset, booting, or without power.
    Off,
    Ours(Box<OurEsp>),
    Original(Box<OriginalEsp>),
}

impl EspBoard {
    pub(crate) fn look(&mut self, now: Instant, heard: Levels, shows: &mut Levels) -> Vec<Asks> {
        let mut asks = Vec::new();
        match self {
            Self::Off => *shows = Levels::default(),
            Self::Ours(ours) => ours.look(now, heard, shows, &mut asks),
            Self::Original(esp) => {
                esp.handle(now, EspInput::Levels(heard));
                loop {
                    match esp.poll() {
                        EspOutput::Drive(levels) => *shows = levels,
                        EspOutput::Net(action) => asks.push(Asks::Action(action)),
                        EspOutput::Transmit(bytes) => asks.push(Asks::Transmit(bytes)),
                        EspOutput::Wait(_) => break,
                    }
                }
            }
        }
        asks
    }

    pub(crate) fn net(&mut self, now: Instant, input: client::Input<'_>) {
        match self {
            Self::Off => {}
            Self::Ours(ours) => ours.esp.handle(now, esp::Input::Net(input)),
            Self::Original(esp) => esp.handle(now, EspInput::Net(input)),
        }
    }
}
