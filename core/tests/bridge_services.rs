//! What a host asks of its ESP8266 besides of messages, what it tells it of the broker, and small
//! rules of its own.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

use fivewire_core::bridge::{Broker, Lan, Network, TIME_SERVER, esp, host};
use fivewire_core::client::{self, Action, Client, Publication};
use fivewire_core::config::Config;
use fivewire_core::error::PublishError;
use fivewire_core::event::{DownReason, Event, Message};
use fivewire_core::handlers::Handlers;
use fivewire_core::mqtt::{Packet, QoS, decode};
use fivewire_core::sntp;
use fivewire_core::time::{Instant, Reason, Wait};

const NETWORK: Network<'_> = Network { ssid: "home", password: "secret", use_default: false };
const BROKER: Broker<'_> = Broker { host: "broker.lan", port: 1_884 };

fn client_memory() -> client::Memory<Vec<u8>> {
    client::Memory {
        receive: vec![0; 512],
        transmit: vec![0; 512],
        outbox: vec![0; 1_024],
        subscriptions: vec![0; 256],
        connect: vec![0; 128],
    }
}

/// Both ends, joined frame by frame, with a network that is always there.
struct Bridge {
    host: host::Host<Vec<u8>>,
    esp: esp::Esp<Vec<u8>>,
    /// What the ESP8266 wanted besides of frames.
    wanted: Vec<String>,
    told: Vec<String>,
    sent: Vec<u8>,
    cookie: Option<u64>,
    /// No network can be joined.
    is_far_away: bool,
}

impl Bridge {
    fn new(settings: &host::Settings<'_>) -> Self {
        let host_memory = host::Memory {
            outbox: vec![0; 1_024],
            subscriptions: vec![0; 256],
            inbound: vec![0; 512],
            frame: vec![0; 512],
            publication_topics: Vec::new(),
            message_topics: Vec::new(),
            settings: vec![0; 512],
        };
        let esp_memory = esp::Memory {
            client: client_memory(),
            frames: vec![0; 1_024],
            publication_topics: Vec::new(),
            message_topics: Vec::new(),
            settings: vec![0; 512],
        };
        let mut bridge = Self {
            host: host::Host::new(settings, host_memory, 1).unwrap(),
            esp: esp::Esp::new(esp_memory, 2).unwrap(),
            wanted: Vec::new(),
            told: Vec::new(),
            sent: Vec::new(),
            cookie: None,
            is_far_away: false,
        };
        bridge.host.start(Instant::ZERO);
        bridge.settle();
        bridge.host.handle(Instant::ZERO, host::Input::LinkUp { frame_max_bytes: usize::MAX });
        bridge.esp.handle(Instant::ZERO, esp::Input::LinkUp { frame_max_bytes: usize::MAX });
        bridge.settle();
        bridge
    }

    fn settle(&mut self) {
        while self.host_speaks() | self.esp_speaks() {}
    }

    fn host_speaks(&mut self) -> bool {
        let mut spoke = false;
        loop {
            let frame = match self.host.poll() {
                host::Output::Action(_) => continue,
                host::Output::Event(event) => {
                    self.told.push(format!("{event:?}"));
                    continue;
                }
                host::Output::Frame(frame) => frame.to_vec(),
                host::Output::Wait(_) => return spoke,
            };
            spoke = true;
            self.host.handle(Instant::ZERO, host::Input::Sent(frame.len()));
            self.esp.handle(Instant::ZERO, esp::Input::Frame(&frame));
        }
    }

    fn esp_speaks(&mut self) -> bool {
        let mut spoke = false;
        loop {
            let input = match self.esp.poll() {
                esp::Output::Configure(setup) => {
                    self.wanted.push(format!("{} {}", setup.broker.host, setup.broker.port));
                    self.wanted.push(setup.time_server.to_owned());
                    continue;
                }
                esp::Output::Join(lan) => {
                    self.wanted.push(format!("{lan:?}"));
                    if self.is_far_away {
                        continue;
                    }
                    esp::Input::Net(client::Input::WifiUp)
                }
                esp::Output::Net(Action::OpenTcp) => esp::Input::Net(client::Input::TcpOpened),
                esp::Output::Net(_) => continue,
                esp::Output::AskTime { cookie } => {
                    self.cookie = Some(cookie);
                    continue;
                }
                esp::Output::ReportMemory => {
                    esp::Input::Memory { free_bytes: 20_000, used_bytes: 4_000 }
                }
                esp::Output::Transmit(bytes) => {
                    self.sent.extend_from_slice(bytes);
                    esp::Input::Net(client::Input::Sent(bytes.len()))
                }
                esp::Output::Frame(frame) => {
                    let frame = frame.to_vec();
                    spoke = true;
                    self.host.handle(Instant::ZERO, host::Input::Frame(&frame));
                    esp::Input::FrameSent(frame.len())
                }
                esp::Output::Wait(_) => return spoke,
            };
            self.esp.handle(Instant::ZERO, input);
        }
    }
}

fn settings(client: Config<'_>) -> host::Settings<'_> {
    host::Settings::new(client, NETWORK, BROKER)
}

#[test]
fn broker_port_user_and_password_reach_the_wire() {
    let login = Config {
        username: Some("me"),
        password: Some(b"tomatoes"),
        keep_alive_s: 30,
        clean_init: false,
        ..Config::new("pump")
    };
    let bridge = Bridge::new(&settings(login));
    assert_eq!(bridge.wanted, ["broker.lan 1884", TIME_SERVER, &format!("{:?}", Lan::Given)]);
    let Ok(Packet::Connect(connect)) = decode(&bridge.sent) else { panic!("no CONNECT") };
    assert_eq!((connect.client_id, connect.username), ("pump", Some("me")));
    assert_eq!(connect.password, Some(b"tomatoes".as_slice()));
    assert_eq!(connect.keep_alive_s, 30);
}

#[test]
fn a_question_for_the_time_goes_to_the_server_that_was_named_and_only_its_answer_comes_back() {
    let plain = settings(Config::new("pump"));
    let mut bridge = Bridge::new(&host::Settings { time_server: "time.lan", ..plain });
    assert!(bridge.wanted.contains(&"time.lan".to_owned()));
    bridge.host.ask_time(Instant::ZERO, 0x0123_4567_89AB_CDEF);
    bridge.settle();
    assert_eq!(bridge.cookie, Some(0x0123_4567_89AB_CDEF));
    let mut answer = [0; sntp::PACKET_BYTES];
    answer[..2].copy_from_slice(&[0x24, 1]);
    answer[24..32].copy_from_slice(&0x0123_4567_89AB_CDEF_u64.to_be_bytes());
    answer[40..44].copy_from_slice(&4_000_000_000_u32.to_be_bytes());
    for strange in [&answer[..47], &[0xFF; 60], &[0; 48], &[]] {
        bridge.esp.handle(Instant::ZERO, esp::Input::Datagram(strange));
        bridge.settle();
    }
    assert!(!bridge.told.iter().any(|event| event.contains("TimeTold")));
    bridge.esp.handle(Instant::ZERO, esp::Input::Datagram(&answer));
    bridge.settle();
    assert!(bridge.told.last().unwrap().contains("seconds: 4000000000"));
}

#[test]
fn memory_is_told_when_it_is_asked_for() {
    let mut bridge = Bridge::new(&settings(Config::new("pump")));
    bridge.host.ask_memory(Instant::ZERO);
    bridge.settle();
    assert_eq!(bridge.told.last().unwrap(), "EspMemory { free_bytes: 20000, used_bytes: 4000 }");
}

#[test]
fn nothing_is_published_with_qos_2() {
    let mut bridge = Bridge::new(&settings(Config::new("pump")));
    let publication = Publication::new("pump/on", b"1", QoS::ExactlyOnce);
    let refused = bridge.host.publish(Instant::ZERO, &publication);
    assert_eq!(refused, Err(PublishError::QosNotSupported));
    assert_eq!(bridge.host.unacknowledged(), 0);
}

#[test]
fn a_network_that_comes_too_late_is_not_the_one_that_is_tried_next() {
    let network = Network { use_default: true, ..NETWORK };
    let mut bridge = Bridge::new(&host::Settings { network, ..settings(Config::new("pump")) });
    bridge.is_far_away = true;
    bridge.wanted.clear();
    bridge.esp.handle(Instant::ZERO, esp::Input::Net(client::Input::WifiDown));
    let mut pauses = 0;
    while bridge.wanted.len() < 3 {
        bridge.settle();
        let esp::Output::Wait(Wait::Until(at, reason)) = bridge.esp.poll() else { panic!() };
        if reason == Reason::JoinBackoff {
            pauses += 1;
            bridge.esp.handle(Instant::ZERO, esp::Input::Net(client::Input::WifiUp));
        }
        bridge.esp.handle(at, esp::Input::Timeout);
    }
    assert_eq!(bridge.wanted, ["Stored", "Given", "Stored"]);
    assert_eq!(pauses, 3);
}

/// Milliseconds until a broker that says nothing any more is taken for dead.
fn noticed_ms(ping_interval_ms: u32) -> u64 {
    let config =
        Config { ping_interval_ms, clean_init: false, manages_wifi: false, ..Config::new("pump") };
    let mut client = Client::new(&config, client_memory(), 3).unwrap();
    let mut now = Instant::ZERO;
    client.start(now);
    loop {
        let input = match client.poll() {
            client::Output::Action(Action::OpenTcp) => client::Input::TcpOpened,
            client::Output::Action(_) => continue,
            client::Output::Transmit(bytes) if bytes[0] == 0x10 => {
                let taken = bytes.len();
                client.handle(now, client::Input::Sent(taken));
                client::Input::Received(&[0x20, 2, 0, 0])
            }
            client::Output::Transmit(bytes) => client::Input::Sent(bytes.len()),
            client::Output::Event(Event::Disconnected { reason }) => {
                assert_eq!(reason, DownReason::PingrespOverdue);
                return now.as_millis();
            }
            client::Output::Event(_) => continue,
            client::Output::Wait(Wait::Until(at, _)) => {
                now = at;
                client::Input::Timeout
            }
            client::Output::Wait(Wait::ForInput) => panic!("it waits for ever"),
        };
        client.handle(now, input);
    }
}

#[test]
fn a_shorter_ping_interval_notices_a_silent_broker_sooner() {
    assert_eq!(noticed_ms(0), 15_000 + 6_000, "a quarter of keep alive");
    assert_eq!(noticed_ms(5_000), 5_000 + 6_000);
}

/// What the handlers of a house know.
#[derive(Default)]
struct House {
    light: Vec<(String, bool)>,
    all: usize,
}

#[test]
fn each_subscription_has_its_handler_and_hears_nothing_else() {
    let mut handlers = Handlers::<House, 3>::new();
    let light = |house: &mut House, message: &Message<'_>| {
        house.light.push((message.topic.to_owned(), message.retain));
    };
    handlers.on("house/+/light", light).unwrap();
    handlers.on("house/#", |house, _| house.all += 1).unwrap();
    let mut house = House::default();
    let message = |topic, retain| Message { retain, ..Message::new(topic, b"1", QoS::AtLeastOnce) };
    assert_eq!(handlers.dispatch(&mut house, &message("house/hall/light", true)), 2);
    assert_eq!(handlers.dispatch(&mut house, &message("house/hall/heat", false)), 1);
    assert_eq!(handlers.dispatch(&mut house, &message("garden/light", false)), 0);
    assert_eq!(house.light, [("house/hall/light".to_owned(), true)], "retained is a truth value");
    assert_eq!(house.all, 2);
}

#[test]
fn handlers_are_replaced_ended_and_limited() {
    let mut handlers = Handlers::<usize, 1>::new();
    assert!(handlers.on("a/#/b", |_, _| {}).is_err(), "no filter");
    handlers.on("a", |count, _| *count += 1).unwrap();
    handlers.on("a", |count, _| *count += 10).unwrap();
    assert!(handlers.on("b", |_, _| {}).is_err(), "there is room for one");
    let mut count = 0;
    let message = Message::new("a", b"", QoS::AtMostOnce);
    handlers.dispatch(&mut count, &message);
    assert_eq!(count, 10, "the newer one took its place");
    assert!(handlers.off("a") && !handlers.off("a"));
    assert_eq!(handlers.dispatch(&mut count, &message), 0);
}
