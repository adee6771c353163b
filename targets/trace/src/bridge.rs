//! The whole bridge: host, link, five wires, link, and the ESP8266's end, with everything that goes
//! wrong there.

use fivewire_core::bridge::{self, esp, host};
use fivewire_core::client::{self, Action, Publication, TcpFailure};
use fivewire_core::config::{Config, Mqtt5, Release};
use fivewire_core::event::{Delivery, Event};
use fivewire_core::link::native::{self, Native};
use fivewire_core::link::{self, Levels, Link, Role, Timing};
use fivewire_core::mqtt::v5::{Property, SubscriptionOptions};
use fivewire_core::mqtt::{ProtocolVersion, QoS};
use fivewire_core::time::{Instant, Reason, Wait};

use crate::broker::Broker;
use crate::memory::{EspMemory, HostMemory, LinkMemory, Memory};
use crate::outcome::Outcome;
use crate::random::Random;
use crate::wires::{Said, Wires};

/// Looks at the wires, of both ends.
const STEPS: u32 = 30_000;
/// What lies between two looks, in µs.
const STEP_US: u64 = 20;

/// What travels with half of the publications in MQTT 5.
const PROPERTIES: &[Property<'static>] =
    &[Property::MessageExpiryInterval(20), Property::UserProperty("is", "traced")];

/// The end with the application.
struct HostEnd<'a> {
    host: host::Host<&'a mut [u8]>,
    link: Native<&'a mut [u8]>,
    wires: Wires,
    wait: Wait,
}

/// The end with the radio.
struct EspEnd<'a> {
    esp: esp::Esp<&'a mut [u8]>,
    link: Native<&'a mut [u8]>,
    wires: Wires,
    wait: Wait,
    owed: Option<client::Input<'static>>,
    open: bool,
}

struct World<'a> {
    now: Instant,
    random: Random,
    outcome: &'a mut Outcome,
    host: HostEnd<'a>,
    /// What the other end shows.
    esp_levels: Levels,
    broker: Broker,
    /// The radio's end loses its power.
    power_cut: bool,
    /// What the host, and the other end, see wrong at the next look.
    bent: [Levels; 2],
    delivery: Option<Delivery>,
    speaks_v5: bool,
}

/// Runs the schedule of this seed.
pub(crate) fn run(
    seed: u64,
    protocol: ProtocolVersion,
    memory: &mut Memory,
    outcome: &mut Outcome,
) {
    let speaks_v5 = protocol == ProtocolVersion::V5;
    let mut world = World {
        now: Instant::ZERO,
        random: Random::new(seed),
        outcome,
        host: HostEnd::new(&mut memory.host, protocol, seed),
        esp_levels: Levels::default(),
        broker: Broker::new(speaks_v5),
        power_cut: false,
        bent: [Levels::default(); 2],
        delivery: None,
        speaks_v5,
    };
    world.host.link.start(world.now);
    world.host.host.start(world.now);
    let (mut left, mut boots) = (STEPS, 0);
    while left > 0 {
        boots += 1;
        let mut esp = EspEnd::new(&mut memory.esp, seed ^ boots);
        esp.link.start(world.now);
        left = world.live(&mut esp, left);
    }
    let at_us = world.now.as_micros();
    world.outcome.note(at_us, &world.host.host.counters());
    let link = world.host.link.counters();
    world.outcome.links = link.sessions;
    world.outcome.note(at_us, &link);
}

impl<'a> HostEnd<'a> {
    #[inline(never)]
    fn new(memory: &'a mut HostMemory, protocol: ProtocolVersion, seed: u64) -> Self {
        let (memory, link) = memory.lend();
        let mqtt5 = Mqtt5 { own_topic_aliases: 2, topic_alias_maximum: 2, ..Mqtt5::new() };
        let client = Config {
            protocol,
            mqtt5,
            keep_alive_s: 10,
            clean_init: false,
            release: Release::Explicit,
            ..Config::new("trace")
        };
        let network = bridge::Network { ssid: "net", password: "secret", use_default: false };
        let settings =
            host::Settings::new(client, network, bridge::Broker { host: "broker", port: 1_883 });
        let host = host::Host::new(&settings, memory, seed).expect("the buffers fit the settings");
        let config = native::Config::new(Role::Initiator);
        let timing = Timing { resets_by_itself: false, reset_pulse_ms: 5, ..config.timing };
        // An idle link is slow, so that a schedule is long in time and short in steps.
        let link = new_link(&native::Config { timing, idle_step_us: 15_000, ..config }, link, seed);
        Self { host, link, wires: Wires::new(Role::Initiator), wait: Wait::ForInput }
    }
}

impl<'a> EspEnd<'a> {
    #[inline(never)]
    fn new(memory: &'a mut EspMemory, seed: u64) -> Self {
        let (memory, link) = memory.lend();
        Self {
            esp: esp::Esp::new(memory, seed).expect("the buffers fit each other"),
            link: new_link(&native::Config::new(Role::Passive), link, seed),
            wires: Wires::new(Role::Passive),
            wait: Wait::ForInput,
            owed: None,
            open: false,
        }
    }
}

#[inline(never)]
fn new_link<'a>(
    config: &native::Config,
    memory: &'a mut LinkMemory,
    seed: u64,
) -> Native<&'a mut [u8]> {
    Native::new(config, memory.lend(), seed).expect("the buffers fit the link")
}

impl World<'_> {
    /// Runs until the radio's end is reset, or for `left` steps. Says how many are left then.
    #[inline(never)]
    fn live(&mut self, esp: &mut EspEnd<'_>, left: u32) -> u32 {
        self.power_cut = false;
        self.esp_levels = esp.wires.levels;
        self.broker.forget_connection();
        for step in (0..left).rev() {
            let before = (self.host.wires.levels, self.esp_levels);
            self.look_host();
            // Held in reset, it shows nothing.
            if !self.host.wires.pulls_reset {
                self.look_esp(esp);
                self.esp_levels = esp.wires.levels;
            }
            self.now = Instant::from_micros(self.now.as_micros() + STEP_US);
            if before == (self.host.wires.levels, self.esp_levels) {
                self.sleep(esp);
            }
            if self.random.once_in(50) {
                self.meddle(esp);
            }
            if self.host.wires.pulls_reset || self.power_cut {
                return step;
            }
        }
        0
    }

    /// Nothing moves: on to the next deadline.
    fn sleep(&mut self, esp: &EspEnd<'_>) {
        let mut wait = Wait::Until(self.now.plus_ms(20), Reason::MoreWork);
        let host = [self.host.wires.wait, self.host.wait];
        for each in host.into_iter().chain([esp.wires.wait, esp.wait]) {
            wait = wait.sooner(each);
        }
        if let Wait::Until(at, _) = wait {
            self.now = self.now.max(at);
        }
    }

    #[inline(never)]
    fn meddle(&mut self, esp: &mut EspEnd<'_>) {
        let now = self.now;
        let clock = Levels { clock: true, data: false };
        let data = Levels { clock: false, data: true };
        match self.random.below(200) {
            0..=69 => self.publish(),
            70..=77 => self.subscribe(),
            80..=159 => {
                if let Some(delivery) = self.delivery.take() {
                    let done = self.host.host.release(now, delivery);
                    self.outcome.note(3, &done);
                }
            }
            160 => esp.owed = Some(client::Input::WifiDown),
            161 => {
                self.broker.forget_connection();
                esp.open = false;
                esp.owed = Some(client::Input::TcpClosed);
            }
            // A wire that shows the opposite at the next look: a bit is wrong, an edge comes from
            // nowhere.
            162 => self.bent = [data, Levels::default()],
            163 => self.bent = [Levels::default(), data],
            164 => self.bent = [clock, Levels::default()],
            165 => self.power_cut = true,
            // The host looks at nothing for a while.
            166 => self.now = now.plus_ms(self.random.below(1_500)),
            _ => {}
        }
    }

    #[inline(never)]
    fn subscribe(&mut self) {
        let filter = if self.random.once_in(2) { "a/+" } else { "a/b" };
        let ticket = match self.random.once_in(3) {
            true => self.host.host.unsubscribe(self.now, filter),
            false if self.speaks_v5 => {
                let options = SubscriptionOptions::new(QoS::AtLeastOnce);
                self.host.host.subscribe_with(self.now, filter, options, Some(7))
            }
            false => self.host.host.subscribe(self.now, filter, QoS::AtLeastOnce),
        };
        self.outcome.note(2, &ticket);
    }

    #[inline(never)]
    fn publish(&mut self) {
        let payload = [b'p'; 120];
        let size = self.random.below(120) as usize;
        let qos = if self.random.once_in(4) { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        let properties = self.speaks_v5 && self.random.once_in(2);
        let publication = Publication {
            properties: if properties { PROPERTIES } else { &[] },
            ..Publication::new("trace/bridge", &payload[..size], qos)
        };
        let ticket = self.host.host.publish(self.now, &publication);
        self.outcome.note(1, &ticket);
    }

    #[inline(never)]
    fn look_host(&mut self) {
        let now = self.now;
        self.host.link.handle(now, link::Input::Levels(bend(self.esp_levels, &mut self.bent[0])));
        self.host.host.handle(now, host::Input::Timeout);
        while self.drain_host_link() | self.drain_host() {}
    }

    /// True if the host was told something.
    #[inline(never)]
    fn drain_host_link(&mut self) -> bool {
        let (now, at_us) = (self.now, self.now.as_micros());
        let HostEnd { host, link, wires, .. } = &mut self.host;
        let mut told = false;
        loop {
            let input = match wires.take(link.poll(), at_us, self.outcome) {
                Said::Nothing => return told,
                Said::Event(link::Event::Up { frame_max_bytes }) => {
                    host::Input::LinkUp { frame_max_bytes }
                }
                Said::Event(link::Event::Down { .. }) => host::Input::LinkDown,
                Said::Event(link::Event::Frame(frame)) => host::Input::Frame(frame),
                Said::Event(link::Event::Writable) => host::Input::Writable,
                Said::Event(_) | Said::Done => continue,
            };
            host.handle(now, input);
            told = true;
        }
    }

    /// True if the host said something to the link.
    #[inline(never)]
    fn drain_host(&mut self) -> bool {
        let (now, at_us) = (self.now, self.now.as_micros());
        let HostEnd { host, link, wait, .. } = &mut self.host;
        let mut spoke = false;
        loop {
            match host.poll() {
                host::Output::Action(action) => {
                    self.outcome.note(at_us, &action);
                    link.restart(now);
                }
                host::Output::Frame(frame) => {
                    self.outcome.hash.bytes(frame);
                    let taken = link.send(frame).unwrap_or_default();
                    host.handle(now, host::Input::Sent(taken));
                }
                host::Output::Event(event) => {
                    if let Event::Message(message) = event {
                        self.delivery = message.delivery.or(self.delivery);
                    }
                    self.outcome.told(at_us, &event);
                }
                host::Output::Wait(until) => {
                    *wait = until;
                    return spoke;
                }
            }
            spoke = true;
        }
    }

    #[inline(never)]
    fn look_esp(&mut self, esp: &mut EspEnd<'_>) {
        let now = self.now;
        esp.link.handle(now, link::Input::Levels(bend(self.host.wires.levels, &mut self.bent[1])));
        if let Some(owed) = esp.owed.take() {
            esp.esp.handle(now, esp::Input::Net(owed));
        }
        let room = esp.esp.receive_capacity();
        if esp.open
            && let Some((bytes, count)) = self.broker.say(room)
        {
            let input = client::Input::Received(&bytes[..count]);
            esp.esp.handle(now, esp::Input::Net(input));
        }
        esp.esp.handle(now, esp::Input::Timeout);
        while self.drain_esp_link(esp) | self.drain_esp(esp) {}
    }

    /// True if the ESP8266's end was told something.
    #[inline(never)]
    fn drain_esp_link(&mut self, esp: &mut EspEnd<'_>) -> bool {
        let (now, at_us) = (self.now, self.now.as_micros());
        let EspEnd { esp, link, wires, .. } = esp;
        let mut told = false;
        loop {
            let input = match wires.take(link.poll(), at_us, self.outcome) {
                Said::Nothing => return told,
                Said::Event(link::Event::Up { frame_max_bytes }) => {
                    esp::Input::LinkUp { frame_max_bytes }
                }
                Said::Event(link::Event::Down { .. }) => esp::Input::LinkDown,
                Said::Event(link::Event::Frame(frame)) => esp::Input::Frame(frame),
                Said::Event(link::Event::Writable) => esp::Input::FrameWritable,
                Said::Event(_) | Said::Done => continue,
            };
            esp.handle(now, input);
            told = true;
        }
    }

    /// True if the ESP8266's end said something.
    #[inline(never)]
    fn drain_esp(&mut self, esp: &mut EspEnd<'_>) -> bool {
        let (now, at_us) = (self.now, self.now.as_micros());
        let EspEnd { esp, link, wait, owed, open, .. } = esp;
        let mut spoke = false;
        loop {
            match esp.poll() {
                esp::Output::Configure(setup) => self.outcome.note(at_us, &setup),
                esp::Output::Join(lan) => {
                    self.outcome.note(at_us, &lan);
                    let action = Action::JoinWifi;
                    (*owed, *open) = answer(action, *open, &mut self.random, &mut self.broker);
                }
                esp::Output::AskTime { cookie } => self.outcome.note(at_us, &cookie),
                esp::Output::ReportMemory => {
                    let input = esp::Input::Memory { free_bytes: 1_000, used_bytes: 2_000 };
                    esp.handle(now, input);
                }
                esp::Output::Net(action) => {
                    self.outcome.note(at_us, &action);
                    (*owed, *open) = answer(action, *open, &mut self.random, &mut self.broker);
                }
                esp::Output::Transmit(bytes) => {
                    let taken = self.broker.take(bytes, &mut self.random, &mut self.outcome.hash);
                    esp.handle(now, esp::Input::Net(client::Input::Sent(taken)));
                }
                esp::Output::Frame(frame) => {
                    self.outcome.hash.bytes(frame);
                    let taken = link.send(frame).unwrap_or(frame.len());
                    esp.handle(now, esp::Input::FrameSent(taken));
                }
                esp::Output::Wait(until) => {
                    *wait = until;
                    return spoke;
                }
            }
            spoke = true;
        }
    }
}

/// What is seen of these levels, once.
const fn bend(levels: Levels, bent: &mut Levels) -> Levels {
    let by = *bent;
    *bent = Levels { clock: false, data: false };
    Levels { clock: levels.clock ^ by.clock, data: levels.data ^ by.data }
}

/// What the radio answers, and whether a connection is open then.
fn answer(
    action: Action,
    open: bool,
    random: &mut Random,
    broker: &mut Broker,
) -> (Option<client::Input<'static>>, bool) {
    match action {
        Action::JoinWifi if random.once_in(6) => (Some(client::Input::WifiDown), false),
        Action::JoinWifi => (Some(client::Input::WifiUp), open),
        Action::LeaveWifi | Action::CloseTcp => (None, false),
        Action::OpenTcp => {
            broker.forget_connection();
            if random.once_in(5) {
                (Some(client::Input::TcpFailed(TcpFailure::Unreachable)), false)
            } else {
                (Some(client::Input::TcpOpened), true)
            }
        }
    }
}
