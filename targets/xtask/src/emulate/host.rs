//! The host's board: the bridge's host end and the initiator of the link, on five wires.
//!
//! It answers an edge a while after it came, as a processor does that was asleep.

use anyhow::{Result, anyhow};
use fivewire_core::bridge::host::{self, Action, Host, Settings};
use fivewire_core::bridge::{Broker, Network};
use fivewire_core::client::Publication;
use fivewire_core::config::{Config, Mqtt5};
use fivewire_core::event::{Event, Message};
use fivewire_core::link::native::{self, Native};
use fivewire_core::link::{self, Link, Role, Timing};
use fivewire_core::mqtt::v5::Property;
use fivewire_core::mqtt::{ProtocolVersion, QoS};
use fivewire_core::time::{Instant, Wait};

use super::played::{Played, Wires};
use super::radio::BROKER_NAME;

/// What travels with each publication in MQTT 5. None of them expires in a run.
const EXPIRY_S: u32 = 3_600;
const CONTENT_TYPE: &str = "text/plain";
const USER_PROPERTY: (&str, &str) = ("greenhouse", "7");
const PROPERTIES: &[Property<'static>] = &[
    Property::MessageExpiryInterval(EXPIRY_S),
    Property::ContentType(CONTENT_TYPE),
    Property::UserProperty(USER_PROPERTY.0, USER_PROPERTY.1),
];
/// So long may a publication take to come back.
const ON_ITS_WAY_S: u32 = 120;

/// What is told of a message that has all of them.
const WHOLE: &str = " and all that travelled with it";

/// The host's board.
pub struct HostBoard {
    protocol: ProtocolVersion,
    link: Native<Vec<u8>>,
    host: Host<Vec<u8>>,
    /// What its application was told is there as `Debug` shows it; messages as `Message topic
    /// payload.`, and behind that [`WHOLE`] if that is so.
    wires: Wires,
}

impl HostBoard {
    /// A board that is switched on.
    ///
    /// # Errors
    /// The settings are refused: a mistake in this file.
    pub fn new(seed: u64, protocol: ProtocolVersion) -> Result<Self> {
        let network = Network { ssid: "greenhouse", password: "tomatoes", use_default: true };
        let broker = Broker { host: BROKER_NAME, port: 1_883 };
        let mqtt5 = Mqtt5 { topic_alias_maximum: 4, own_topic_aliases: 4, ..Mqtt5::new() };
        let client = Config { protocol, mqtt5, ..Config::new("pump") };
        let settings = Settings::new(client, network, broker);
        let memory = host::Memory {
            outbox: vec![0; 4_096],
            subscriptions: vec![0; 512],
            inbound: vec![0; 2_048],
            frame: vec![0; 2_048],
            publication_topics: vec![0; 256],
            message_topics: vec![0; 256],
            settings: vec![0; 512],
        };
        let host = Host::new(&settings, memory, seed).map_err(|error| anyhow!("{error}"))?;
        let mut config = native::Config::new(Role::Initiator);
        config.timing = Timing { resets_by_itself: false, ..config.timing };
        let memory = native::Memory { transmit: vec![0; 2_048], receive: vec![0; 2_048] };
        let link = Native::new(&config, memory, seed).map_err(|error| anyhow!("{error}"))?;
        let mut board = Self { protocol, link, host, wires: Wires::default() };
        board.link.start(Instant::ZERO);
        board.host.start(Instant::ZERO);
        board.drain(0);
        Ok(board)
    }

    /// Publishes with QoS 1, in MQTT 5 with properties.
    ///
    /// # Errors
    /// The outbox is full.
    pub fn publish(&mut self, now_ns: u64, topic: &str, payload: &[u8]) -> Result<()> {
        let properties = if self.protocol == ProtocolVersion::V5 { PROPERTIES } else { &[] };
        let publication =
            Publication { properties, ..Publication::new(topic, payload, QoS::AtLeastOnce) };
        let ticket = self.host.publish(instant(now_ns), &publication);
        ticket.map_err(|error| anyhow!("{error}"))?;
        self.drain(now_ns);
        Ok(())
    }

    /// Subscribes with QoS 1.
    ///
    /// # Errors
    /// There are too many subscriptions.
    pub fn subscribe(&mut self, now_ns: u64, filter: &str) -> Result<()> {
        let ticket = self.host.subscribe(instant(now_ns), filter, QoS::AtLeastOnce);
        ticket.map_err(|error| anyhow!("{error}"))?;
        self.drain(now_ns);
        Ok(())
    }

    /// Asks for the time, and how much memory the ESP8266 has.
    pub fn ask(&mut self, now_ns: u64, cookie: u64) {
        self.host.ask_time(instant(now_ns), cookie);
        self.host.ask_memory(instant(now_ns));
        self.drain(now_ns);
    }

    /// Disconnects on purpose, for good.
    pub fn shut_down(&mut self, now_ns: u64) {
        self.host.shut_down(instant(now_ns));
        self.drain(now_ns);
    }

    /// Resets the ESP8266, without telling the bridge.
    pub fn reset_esp(&mut self, now_ns: u64) {
        self.link.restart(instant(now_ns));
        self.drain_link(now_ns);
    }

    /// Bits that it put on the wires.
    #[must_use]
    pub fn bits(&self) -> u64 {
        self.link.counters().bits
    }

    /// What is told behind a message that came back as it was published.
    #[must_use]
    pub fn whole(&self) -> &'static str {
        if self.protocol == ProtocolVersion::V5 { WHOLE } else { "" }
    }

    /// How often something was told whose `Debug` begins like this.
    #[must_use]
    pub fn count_told(&self, beginning: &str) -> usize {
        self.wires.told.iter().filter(|told| told.starts_with(beginning)).count()
    }

    fn drain(&mut self, now_ns: u64) {
        let now = instant(now_ns);
        self.wires.due_ns = None;
        loop {
            match self.host.poll() {
                host::Output::Action(Action::ResetEsp) => {
                    self.link.restart(now);
                    self.drain_link(now_ns);
                }
                host::Output::Frame(frame) => {
                    // A frame that can never be sent would be a mistake in this file's sizes.
                    let taken = self.link.send(frame).expect("the link has room for any frame");
                    self.host.handle(now, host::Input::Sent(taken));
                    self.drain_link(now_ns);
                }
                host::Output::Event(event) => {
                    let event = match event {
                        Event::Message(message) => {
                            let payload = String::from_utf8_lossy(message.payload);
                            let properties = if is_whole(&message) { WHOLE } else { "" };
                            format!("Message {} {payload}.{properties}", message.topic)
                        }
                        other => format!("{other:?}"),
                    };
                    self.wires.told.push(event);
                }
                host::Output::Wait(wait) => {
                    self.wait(now_ns, wait);
                    break;
                }
            }
        }
        self.drain_link(now_ns);
    }

    fn drain_link(&mut self, now_ns: u64) {
        let now = instant(now_ns);
        loop {
            let input = match self.link.poll() {
                link::Output::Drive(levels) => {
                    self.wires.levels = levels;
                    continue;
                }
                link::Output::Reset { asserted } => {
                    self.wires.pulls_reset = asserted;
                    continue;
                }
                link::Output::Event(link::Event::Up { frame_max_bytes }) => {
                    host::Input::LinkUp { frame_max_bytes }
                }
                link::Output::Event(link::Event::Down { .. }) => host::Input::LinkDown,
                link::Output::Event(link::Event::Frame(frame)) => host::Input::Frame(frame),
                link::Output::Event(link::Event::Writable) => host::Input::Writable,
                link::Output::Event(_) => continue,
                link::Output::Wait(wait) => {
                    self.wait(now_ns, wait);
                    return;
                }
            };
            self.host.handle(now, input);
            // What that makes the host say is said in `drain`, at once.
            self.wires.wake_at(now_ns);
        }
    }

    fn wait(&mut self, now_ns: u64, wait: Wait) {
        if let Wait::Until(at, _) = wait {
            self.wires.wake_at((at.as_micros() * 1_000).max(now_ns));
        }
    }
}

impl Played for HostBoard {
    /// An RP2040 with an interrupt and a task to wake.
    const ANSWER_NS: u64 = 5_000;

    fn wires(&self) -> &Wires {
        &self.wires
    }

    fn wires_mut(&mut self) -> &mut Wires {
        &mut self.wires
    }

    fn look(&mut self, now_ns: u64) {
        let now = instant(now_ns);
        self.link.handle(now, link::Input::Levels(self.wires.heard));
        self.link.handle(now, link::Input::Timeout);
        self.drain_link(now_ns);
        self.host.handle(now, host::Input::Timeout);
        self.drain(now_ns);
    }
}

fn instant(ns: u64) -> Instant {
    Instant::from_micros(ns / 1_000)
}

/// It has all that it was published with, and what is left of its time.
fn is_whole(message: &Message<'_>) -> bool {
    let properties = message.properties;
    let left_s = properties.message_expiry_interval_s();
    left_s.is_some_and(|left_s| (EXPIRY_S - ON_ITS_WAY_S..=EXPIRY_S).contains(&left_s))
        && properties.content_type() == Some(CONTENT_TYPE)
        && properties.user_properties().eq([USER_PROPERTY])
}
