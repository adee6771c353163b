//! What a user of `syncom` gets: fivewire's host with its dialect, on wires at the predecessor's
//! edge time, an ESP8266 that runs the original firmware (the simulator's model of it), and a
//! broker that answers after a while.

use std::collections::VecDeque;

use fivewire_core::bridge::host::{self, Action, Firmware, Host, Settings};
use fivewire_core::bridge::original::{HostDialect, host as dialect};
use fivewire_core::bridge::{Broker, Network};
use fivewire_core::client::{self, Publication};
use fivewire_core::config::Config;
use fivewire_core::event::Event;
use fivewire_core::link::syncom::{self, Syncom};
use fivewire_core::link::{self, Levels, Link, Role, Timing};
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;
use fivewire_sim::broker::{self, ClientKey};
use fivewire_sim::original::esp::{self, Config as EspConfig};
use fivewire_sim::original::{Generation, OriginalEsp};

/// How long an ESP8266 takes from the end of a reset to its first look at a pin.
const BOOT_MS: u32 = 300;

/// The host, its dialect and its link.
struct Board {
    host: Host<Vec<u8>>,
    dialect: HostDialect<Vec<u8>>,
    link: Syncom<Vec<u8>>,
    shows: Levels,
    resets: bool,
    acked: usize,
}

/// The whole bridge. Each end looks at its pins in turn, so that each edge is answered after the
/// same time.
pub struct Bridge {
    now_us: u64,
    edge_us: u64,
    board: Board,
    esp: Option<OriginalEsp>,
    boots_at_us: u64,
    esp_shows: Levels,
    server: Server,
}

/// The broker, and the way to it and back.
struct Server {
    broker: broker::Broker,
    key: u32,
    way_us: u64,
    to_broker: VecDeque<(u64, Vec<u8>)>,
    to_device: VecDeque<(u64, Vec<u8>)>,
}

impl Board {
    fn new() -> Self {
        let network = Network { ssid: "home", password: "secret", use_default: true };
        let config = Config { window: 16, ..Config::new("pump") };
        let broker = Broker { host: "10.0.0.2", port: 1883 };
        let settings =
            Settings { firmware: Firmware::Original, ..Settings::new(config, network, broker) };
        let memory = host::Memory {
            outbox: vec![0; 65_536],
            subscriptions: vec![0; 256],
            inbound: vec![0; 512],
            frame: vec![0; 512],
            publication_topics: vec![0; 256],
            message_topics: vec![0; 256],
            settings: vec![0; 256],
        };
        let buffers =
            dialect::Memory { settings: vec![0; 256], record: vec![0; 256], message: vec![0; 256] };
        let plain = syncom::Config::new(Role::Initiator);
        let timing = Timing { resets_by_itself: false, ..plain.timing };
        let link = syncom::Memory { transmit: vec![0; 512], receive: vec![0; 512] };
        let options = dialect::Config::DEFAULT;
        let mut board = Self {
            host: Host::new(&settings, memory, 1).expect("the settings work"),
            dialect: HostDialect::new(&settings, &options, buffers).expect("the settings work"),
            link: Syncom::new(&syncom::Config { timing, ..plain }, link).expect("they work"),
            shows: Levels::default(),
            resets: false,
            acked: 0,
        };
        board.host.start(Instant::ZERO);
        board
    }

    fn look(&mut self, now: Instant, heard: Levels) {
        self.link.handle(now, link::Input::Levels(heard));
        self.dialect.handle(now, dialect::Input::Timeout);
        self.host.handle(now, host::Input::Timeout);
        while self.drain_link(now) | self.drain_dialect(now) | self.drain_host(now) {}
    }

    fn drain_link(&mut self, now: Instant) -> bool {
        match self.link.poll() {
            link::Output::Drive(levels) => self.shows = levels,
            link::Output::Reset { asserted } => self.resets = asserted,
            link::Output::Event(event) => self.dialect.handle(now, dialect::Input::Link(event)),
            link::Output::Wait(_) => return false,
        }
        true
    }

    fn drain_dialect(&mut self, now: Instant) -> bool {
        match self.dialect.poll() {
            dialect::Output::Host(input) => self.host.handle(now, input),
            dialect::Output::Record(record) => {
                let answer =
                    self.link.send(record).map_or(dialect::Input::Unsendable, dialect::Input::Sent);
                self.dialect.handle(now, answer);
            }
            dialect::Output::Hold(hold) => self.link.hold(hold),
            dialect::Output::Status(_) => {}
            dialect::Output::Wait(_) => return false,
        }
        true
    }

    fn drain_host(&mut self, now: Instant) -> bool {
        match self.host.poll() {
            host::Output::Action(Action::ResetEsp) => self.link.restart(now),
            host::Output::Frame(frame) => self.dialect.handle(now, dialect::Input::Frame(frame)),
            host::Output::Event(event) => {
                self.acked += usize::from(matches!(event, Event::Acked(_)));
            }
            host::Output::Wait(_) => {
                let room = self.host.inbound_room_bytes();
                self.dialect.handle(now, dialect::Input::Room(room));
                return false;
            }
        }
        true
    }
}

impl Server {
    fn new(way_us: u64) -> Self {
        let broker = broker::Broker::new(broker::Config::default());
        Self { broker, key: 0, way_us, to_broker: VecDeque::new(), to_device: VecDeque::new() }
    }

    fn open(&mut self, now: Instant) {
        self.key += 1;
        (self.to_broker, self.to_device) = (VecDeque::new(), VecDeque::new());
        self.broker.handle(now, broker::Input::Opened(ClientKey(self.key)));
    }

    fn run(&mut self, now_us: u64) {
        let now = Instant::from_micros(now_us);
        while let Some((_, bytes)) = self.to_broker.pop_front_if(|(at, _)| *at <= now_us) {
            self.broker.handle(now, broker::Input::Received(ClientKey(self.key), &bytes));
        }
        self.broker.handle(now, broker::Input::Timeout);
        loop {
            match self.broker.poll() {
                broker::Output::Transmit(key, bytes) => {
                    let count = bytes.len();
                    self.to_device.push_back((now_us + self.way_us, bytes.to_vec()));
                    self.broker.handle(now, broker::Input::Sent(key, count));
                }
                broker::Output::Close(..) => panic!("this broker has no reason to close"),
                broker::Output::Event(_) => {}
                broker::Output::Wait(_) => return,
            }
        }
    }
}

impl Bridge {
    /// A bridge that is connected to a broker that answers after so long.
    ///
    /// # Panics
    /// It does not get connected.
    #[must_use]
    pub fn connected(edge_us: u64, round_trip_us: u64) -> Self {
        let mut bridge = Self {
            now_us: 0,
            edge_us,
            board: Board::new(),
            esp: None,
            boots_at_us: 0,
            esp_shows: Levels::default(),
            server: Server::new(round_trip_us / 2),
        };
        bridge.run_until(60_000_000, |bridge| bridge.board.host.is_ready());
        bridge.run_until(5_000_000, |_| false);
        bridge
    }

    /// The time since the start, in µs.
    #[must_use]
    pub const fn now_us(&self) -> u64 {
        self.now_us
    }

    /// Publications that were acknowledged.
    #[must_use]
    pub const fn acked(&self) -> usize {
        self.board.acked
    }

    /// Publishes with QoS 1.
    ///
    /// # Panics
    /// There is no room.
    pub fn publish(&mut self, topic: &str, payload: &[u8]) {
        let publication = Publication::new(topic, payload, QoS::AtLeastOnce);
        let now = Instant::from_micros(self.now_us);
        self.board.host.publish(now, &publication).expect("the outbox has room");
    }

    /// Lets time go by until `done`, for so long at most. True if it is.
    pub fn run_until(&mut self, most_us: u64, done: impl Fn(&Self) -> bool) -> bool {
        let end_us = self.now_us + most_us;
        while self.now_us < end_us && !done(self) {
            self.now_us += self.edge_us;
            self.board.look(Instant::from_micros(self.now_us), self.esp_shows);
            self.now_us += self.edge_us;
            self.look_at_esp();
        }
        done(self)
    }

    fn look_at_esp(&mut self) {
        let now = Instant::from_micros(self.now_us);
        if self.board.resets {
            self.esp = None;
            self.esp_shows = Levels::default();
            self.boots_at_us = self.now_us + u64::from(BOOT_MS) * 1_000;
            return;
        }
        if self.esp.is_none() && self.now_us >= self.boots_at_us {
            let config = EspConfig {
                generation: Generation::V01,
                client_id: "a1b2c3".to_owned(),
                stored_network: true,
                time_s: 0,
            };
            self.esp = Some(OriginalEsp::new(now, config));
        }
        self.server.run(self.now_us);
        let Some(esp) = &mut self.esp else { return };
        while let Some((_, bytes)) =
            self.server.to_device.pop_front_if(|(at, _)| *at <= self.now_us)
        {
            esp.handle(now, esp::Input::Net(client::Input::Received(&bytes)));
        }
        esp.handle(now, esp::Input::Levels(self.board.shows));
        loop {
            match esp.poll() {
                esp::Output::Drive(levels) => self.esp_shows = levels,
                esp::Output::Net(client::Action::JoinWifi) => {
                    esp.handle(now, esp::Input::Net(client::Input::WifiUp));
                }
                esp::Output::Net(client::Action::OpenTcp) => {
                    self.server.open(now);
                    esp.handle(now, esp::Input::Net(client::Input::TcpOpened));
                }
                esp::Output::Net(client::Action::LeaveWifi | client::Action::CloseTcp) => {}
                esp::Output::Transmit(bytes) => {
                    self.server.to_broker.push_back((self.now_us + self.server.way_us, bytes));
                }
                esp::Output::Wait(_) => return,
            }
        }
    }
}
