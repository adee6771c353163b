//! A host and its dialect, on a link that takes everything at once.

use fivewire_core::bridge::host::{self, Firmware, Host, Settings};
use fivewire_core::bridge::original::{HostDialect, host as host_dialect};
use fivewire_core::bridge::{Broker, Network};
use fivewire_core::client::Publication;
use fivewire_core::config::Config;
use fivewire_core::link::{self, DownReason};
use fivewire_core::mqtt::{QoS, Will};
use fivewire_core::time::Instant;

use crate::{shown, wire};

const WILL: Will<'_> =
    Will { topic: "gone", payload: b"pump", qos: QoS::AtLeastOnce, retain: false };

pub(crate) fn settings() -> Settings<'static> {
    let network = Network { ssid: "home", password: "secret", use_default: true };
    let broker = Broker { host: "10.0.0.2", port: 1883 };
    let config = Config { will: Some(WILL), ..Config::new("pump") };
    Settings { firmware: Firmware::Original, ..Settings::new(config, network, broker) }
}

/// A host and its dialect, on a link that takes everything at once.
pub(crate) struct HostSide {
    pub(crate) host: Host<Vec<u8>>,
    pub(crate) dialect: HostDialect<Vec<u8>>,
    pub(crate) now: Instant,
    /// Records that the ESP8266 was sent.
    pub(crate) sent: Vec<String>,
    pub(crate) told: Vec<String>,
    pub(crate) resets: usize,
    pub(crate) held: bool,
    pub(crate) link_takes: bool,
}

impl HostSide {
    pub(crate) fn new() -> Self {
        Self::with(&settings(), &host_dialect::Config::DEFAULT)
    }

    pub(crate) fn with(settings: &Settings<'_>, config: &host_dialect::Config<'_>) -> Self {
        let memory = host::Memory {
            outbox: vec![0; 1024],
            subscriptions: vec![0; 256],
            inbound: vec![0; 128],
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
        let mut side = Self {
            host: Host::new(settings, memory, 1).unwrap(),
            dialect: HostDialect::new(settings, config, buffers).unwrap(),
            now: Instant::ZERO,
            sent: Vec::new(),
            told: Vec::new(),
            resets: 0,
            held: false,
            link_takes: true,
        };
        side.host.start(side.now);
        side.settle();
        side
    }

    /// Up to where it waits for statuses.
    pub(crate) fn initialised() -> Self {
        let mut side = Self::new();
        side.link_up();
        side.says("t|7");
        side.sent.clear();
        side
    }

    /// Connected.
    pub(crate) fn running() -> Self {
        let mut side = Self::initialised();
        for record in ["t|2", "t|1", "t|0", "t|5", "t|9"] {
            side.says(record);
        }
        side.told.clear();
        side
    }

    pub(crate) fn link_up(&mut self) {
        self.handle(host_dialect::Input::Link(link::Event::Up { frame_max_bytes: 500 }));
    }

    pub(crate) fn handle(&mut self, input: host_dialect::Input<'_>) {
        self.dialect.handle(self.now, input);
        self.settle();
    }

    pub(crate) fn says(&mut self, record: &str) {
        self.handle(host_dialect::Input::Link(link::Event::Frame(&wire(record))));
    }

    pub(crate) fn settle(&mut self) {
        while self.host_speaks() | self.dialect_speaks() {}
    }

    pub(crate) fn host_speaks(&mut self) -> bool {
        let mut spoke = false;
        loop {
            match self.host.poll() {
                host::Output::Action(host::Action::ResetEsp) => {
                    self.resets += 1;
                    let reason = DownReason::Restarted;
                    let down = link::Event::Down { reason };
                    self.dialect.handle(self.now, host_dialect::Input::Link(down));
                }
                host::Output::Frame(frame) => {
                    self.dialect.handle(self.now, host_dialect::Input::Frame(frame));
                }
                host::Output::Event(event) => self.told.push(format!("{event:?}")),
                host::Output::Wait(_) => {
                    let room = self.host.inbound_room_bytes();
                    self.dialect.handle(self.now, host_dialect::Input::Room(room));
                    return spoke;
                }
            }
            spoke = true;
        }
    }

    pub(crate) fn dialect_speaks(&mut self) -> bool {
        let mut spoke = false;
        loop {
            let taken = match self.dialect.poll() {
                host_dialect::Output::Host(input) => {
                    self.host.handle(self.now, input);
                    spoke = true;
                    continue;
                }
                host_dialect::Output::Record(record) => {
                    if self.link_takes {
                        self.sent.push(shown(record));
                    }
                    if self.link_takes { record.len() } else { 0 }
                }
                host_dialect::Output::Hold(hold) => {
                    self.held = hold;
                    continue;
                }
                host_dialect::Output::Status(_) => continue,
                host_dialect::Output::Wait(_) => return spoke,
            };
            spoke = true;
            self.dialect.handle(self.now, host_dialect::Input::Sent(taken));
        }
    }

    pub(crate) fn pass_ms(&mut self, millis: u32) {
        let end = self.now.plus_ms(millis);
        while self.now < end {
            self.now = self.now.plus_ms(100);
            self.host.handle(self.now, host::Input::Timeout);
            self.handle(host_dialect::Input::Timeout);
        }
    }

    /// Time goes by at an ESP8266 that answers `m`.
    pub(crate) fn pass_answering_ms(&mut self, millis: u32) {
        let end = self.now.plus_ms(millis);
        while self.now < end {
            self.pass_ms(100);
            if self.sent.last().is_some_and(|last| last == "m") {
                self.sent.pop();
                self.says("m|20000|10000");
            }
        }
    }

    pub(crate) fn publish(&mut self, payload: &[u8], retain: bool) {
        let publication =
            Publication { retain, ..Publication::new("a/b", payload, QoS::AtLeastOnce) };
        self.host.publish(self.now, &publication).unwrap();
        self.settle();
    }

    pub(crate) fn told(&self, what: &str) -> usize {
        self.told.iter().filter(|event| event.contains(what)).count()
    }
}
