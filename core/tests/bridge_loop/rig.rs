//! Both ends, and the link between them, which loses nothing.

use fivewire_core::bridge::{Broker, Network, esp, host};
use fivewire_core::client::{self, Action};
use fivewire_core::config::{Config, Release};
use fivewire_core::event::{Delivery, Event};
use fivewire_core::recorder::Recorded;
use fivewire_core::time::Instant;

use crate::taped::{Taped, recorder};

/// A host, an ESP8266, and what they say.
pub(crate) struct Bridge {
    pub host: Taped<host::Host<Vec<u8>>>,
    pub esp: Taped<esp::Esp<Vec<u8>>>,
    pub now: Instant,
    /// What the host told its application.
    pub told: Vec<String>,
    /// What the ESP8266 asked of its radio and transport.
    pub asked: Vec<Action>,
    /// What the ESP8266 sent to the broker.
    pub sent: Vec<u8>,
    pub resets: usize,
    pub delivery: Option<Delivery>,
}

pub(crate) const CONFIG: Config<'_> =
    Config { clean_init: false, release: Release::Explicit, ..Config::new("pump") };

fn new_esp(seed: u64) -> Taped<esp::Esp<Vec<u8>>> {
    let client = client::Memory {
        receive: vec![0; 512],
        transmit: vec![0; 256],
        outbox: vec![0; 1024],
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
    Taped::new(Recorded::new(esp::Esp::new(memory, seed).unwrap(), recorder()))
}

impl Bridge {
    pub(crate) fn new() -> Self {
        Self::with(CONFIG)
    }

    pub(crate) fn with(config: Config<'_>) -> Self {
        let network = Network { ssid: "home", password: "secret", use_default: false };
        let settings = host::Settings::new(config, network, Broker { host: "broker", port: 1883 });
        let memory = host::Memory {
            outbox: vec![0; 1024],
            subscriptions: vec![0; 256],
            inbound: vec![0; 512],
            frame: vec![0; 512],
            publication_topics: vec![0; 64],
            message_topics: vec![0; 64],
            settings: vec![0; 256],
        };
        let mut bridge = Self {
            host: Taped::new(Recorded::new(
                host::Host::new(&settings, memory, 1).unwrap(),
                recorder(),
            )),
            esp: new_esp(2),
            now: Instant::ZERO,
            told: Vec::new(),
            asked: Vec::new(),
            sent: Vec::new(),
            resets: 0,
            delivery: None,
        };
        bridge.host.start(bridge.now);
        bridge.settle();
        bridge
    }

    pub(crate) fn esp_boots(&mut self) {
        self.esp = new_esp(3);
        self.host.handle(self.now, host::Input::LinkUp { frame_max_bytes: usize::MAX });
        self.esp.handle(self.now, esp::Input::LinkUp { frame_max_bytes: usize::MAX });
        self.settle();
    }

    pub(crate) fn net(&mut self, input: client::Input<'_>) {
        self.esp.handle(self.now, esp::Input::Net(input));
        self.settle();
    }

    pub(crate) fn connect(&mut self, session_present: u8) {
        self.net(client::Input::WifiUp);
        self.net(client::Input::TcpOpened);
        self.sent.clear();
        self.net(client::Input::Received(&[0x20, 2, session_present, 0]));
    }

    /// Lets both ends talk until neither has anything to say.
    pub(crate) fn settle(&mut self) {
        while self.host_speaks() | self.esp_speaks() {}
    }

    pub(crate) fn host_speaks(&mut self) -> bool {
        let mut spoke = false;
        loop {
            let frame = match self.host.poll() {
                host::Output::Action(host::Action::ResetEsp) => {
                    self.resets += 1;
                    continue;
                }
                host::Output::Event(event) => {
                    if let Event::Message(message) = event {
                        self.delivery = message.delivery;
                    }
                    self.told.push(format!("{event:?}"));
                    continue;
                }
                host::Output::Frame(frame) => frame.to_vec(),
                host::Output::Wait(_) => return spoke,
            };
            spoke = true;
            self.host.handle(self.now, host::Input::Sent(frame.len()));
            self.esp.handle(self.now, esp::Input::Frame(&frame));
        }
    }

    pub(crate) fn esp_speaks(&mut self) -> bool {
        let mut spoke = false;
        loop {
            let frame = match self.esp.poll() {
                esp::Output::Configure(setup) => {
                    assert_eq!((setup.network.ssid, setup.broker.port), ("home", 1883));
                    continue;
                }
                esp::Output::Join(_) => {
                    self.asked.push(Action::JoinWifi);
                    continue;
                }
                esp::Output::Net(action) => {
                    self.asked.push(action);
                    continue;
                }
                esp::Output::AskTime { .. } | esp::Output::ReportMemory => continue,
                esp::Output::Transmit(bytes) => {
                    self.sent.extend_from_slice(bytes);
                    let taken = bytes.len();
                    self.esp.handle(self.now, esp::Input::Net(client::Input::Sent(taken)));
                    continue;
                }
                esp::Output::Frame(frame) => frame.to_vec(),
                esp::Output::Wait(_) => return spoke,
            };
            spoke = true;
            self.esp.handle(self.now, esp::Input::FrameSent(frame.len()));
            self.host.handle(self.now, host::Input::Frame(&frame));
        }
    }

    pub(crate) fn told(&self, what: &str) -> usize {
        self.told.iter().filter(|event| event.contains(what)).count()
    }
}
