//! A link that carries smaller frames than the two ends of the bridge have memory for.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

mod taped;

use fivewire_core::bridge::{Broker, Network, esp, host};
use fivewire_core::client::{self, Action, Publication};
use fivewire_core::config::{Config, Release};
use fivewire_core::error::{PublishError, SubscribeError};
use fivewire_core::mqtt::{Packet, Publish, QoS};
use fivewire_core::recorder::Recorded;
use fivewire_core::time::Instant;

use taped::{Taped, recorder};

const NOW: Instant = Instant::ZERO;
/// More than any frame of these two ends.
const WIDE: usize = 4_095;
/// What `native` makes of a receive memory of 512 bytes.
const NARROW: usize = 508;

/// Both ends, and between them a link that refuses what is larger than it said.
struct Bridge {
    host: Taped<host::Host<Vec<u8>>>,
    esp: Taped<esp::Esp<Vec<u8>>>,
    to_esp_max_bytes: usize,
    to_host_max_bytes: usize,
    told: Vec<String>,
    /// What the ESP8266 sent to the broker.
    sent: Vec<u8>,
    closed: usize,
}

impl Bridge {
    fn new() -> Self {
        let config =
            Config { clean_init: false, release: Release::AtHandOut, ..Config::new("pump") };
        let network = Network { ssid: "home", password: "secret", use_default: false };
        let settings = host::Settings::new(config, network, Broker { host: "broker", port: 1883 });
        let host_memory = host::Memory {
            outbox: vec![0; 8_192],
            subscriptions: vec![0; 2_048],
            inbound: vec![0; 2_048],
            frame: vec![0; 1_536],
            publication_topics: vec![0; 64],
            message_topics: vec![0; 64],
            settings: vec![0; 256],
        };
        let client = client::Memory {
            receive: vec![0; 4_096],
            transmit: vec![0; 2_048],
            outbox: vec![0; 4_096],
            subscriptions: vec![0; 2_048],
            connect: vec![0; 128],
        };
        let esp_memory = esp::Memory {
            client,
            frames: vec![0; 6_144],
            publication_topics: vec![0; 64],
            message_topics: vec![0; 64],
            settings: vec![0; 256],
        };
        let host = host::Host::new(&settings, host_memory, 1).unwrap();
        let esp = esp::Esp::new(esp_memory, 2).unwrap();
        let mut bridge = Self {
            host: Taped::new(Recorded::new(host, recorder())),
            esp: Taped::new(Recorded::new(esp, recorder())),
            to_esp_max_bytes: 0,
            to_host_max_bytes: 0,
            told: Vec::new(),
            sent: Vec::new(),
            closed: 0,
        };
        bridge.host.start(NOW);
        bridge.settle();
        bridge
    }

    /// A session begins that carries so much to the ESP8266, and to the host.
    fn meet(&mut self, to_esp_max_bytes: usize, to_host_max_bytes: usize) {
        self.lose();
        (self.to_esp_max_bytes, self.to_host_max_bytes) = (to_esp_max_bytes, to_host_max_bytes);
        self.host.handle(NOW, host::Input::LinkUp { frame_max_bytes: to_esp_max_bytes });
        self.esp.handle(NOW, esp::Input::LinkUp { frame_max_bytes: to_host_max_bytes });
        self.settle();
    }

    fn lose(&mut self) {
        self.host.handle(NOW, host::Input::LinkDown);
        self.esp.handle(NOW, esp::Input::LinkDown);
        self.settle();
    }

    fn net(&mut self, input: client::Input<'_>) {
        self.esp.handle(NOW, esp::Input::Net(input));
        self.settle();
    }

    fn connect(&mut self) {
        self.net(client::Input::WifiUp);
        self.net(client::Input::TcpOpened);
        self.sent.clear();
        self.net(client::Input::Received(&[0x20, 2, 0, 0]));
    }

    fn connected(to_esp_max_bytes: usize, to_host_max_bytes: usize) -> Self {
        let mut bridge = Self::new();
        bridge.meet(to_esp_max_bytes, to_host_max_bytes);
        bridge.connect();
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
            assert!(frame.len() <= self.to_esp_max_bytes, "the link cannot carry {frame:?}");
            self.host.handle(NOW, host::Input::Sent(frame.len()));
            self.esp.handle(NOW, esp::Input::Frame(&frame));
        }
    }

    fn esp_speaks(&mut self) -> bool {
        let mut spoke = false;
        loop {
            let frame = match self.esp.poll() {
                esp::Output::Net(Action::CloseTcp) => {
                    self.closed += 1;
                    continue;
                }
                esp::Output::Transmit(bytes) => {
                    self.sent.extend_from_slice(bytes);
                    let taken = bytes.len();
                    self.esp.handle(NOW, esp::Input::Net(client::Input::Sent(taken)));
                    continue;
                }
                esp::Output::Frame(frame) => frame.to_vec(),
                esp::Output::Wait(_) => return spoke,
                _ => continue,
            };
            spoke = true;
            assert!(frame.len() <= self.to_host_max_bytes, "the link cannot carry {frame:?}");
            self.esp.handle(NOW, esp::Input::FrameSent(frame.len()));
            self.host.handle(NOW, host::Input::Frame(&frame));
        }
    }

    fn publish(&mut self, size_bytes: usize) -> Result<u32, PublishError> {
        let payload = vec![b'p'; size_bytes];
        let ticket = self.host.publish(NOW, &Publication::new("a/b", &payload, QoS::AtLeastOnce));
        self.settle();
        ticket.map(|ticket| ticket.get())
    }

    /// The broker delivers a message.
    fn deliver(&mut self, id: u16, topic: &str, size_bytes: usize) {
        let payload = vec![b'm'; size_bytes];
        let packet = Packet::Publish(Publish {
            dup: false,
            qos: QoS::AtLeastOnce,
            retain: false,
            topic,
            packet_id: fivewire_core::mqtt::PacketId::new(id),
            payload: &payload,
        });
        let mut bytes = vec![0; packet.encoded_len()];
        packet.encode(&mut bytes).unwrap();
        self.net(client::Input::Received(&bytes));
    }

    fn told(&self, what: &str) -> usize {
        self.told.iter().filter(|event| event.contains(what)).count()
    }

    fn acks(&self) -> Vec<u8> {
        let acks = self.sent.windows(4).filter(|bytes| bytes.starts_with(&[0x40, 2, 0]));
        acks.map(|bytes| bytes[3]).collect()
    }
}

#[test]
fn a_publication_that_the_link_cannot_carry_is_refused_at_once_and_the_next_one_goes() {
    let mut bridge = Bridge::connected(NARROW, WIDE);
    let refused = bridge.publish(600);
    assert!(
        matches!(refused, Err(PublishError::TooLarge { size_bytes: 600.., max_bytes: NARROW })),
        "{refused:?}"
    );
    // 14 bytes are its packet's, and at most 6 more the frame's.
    assert!(bridge.publish(NARROW - 15).is_err());
    bridge.publish(NARROW - 16).unwrap();
    bridge.publish(1).unwrap();
    assert_eq!(bridge.sent.iter().filter(|byte| **byte == b'p').count(), NARROW - 15);
}

#[test]
fn what_was_published_before_the_link_was_known_is_told_as_refused_and_nothing_waits_behind_it() {
    let mut bridge = Bridge::new();
    let tickets = [600, 20, 601, 30].map(|size| bridge.publish(size).unwrap());
    bridge.meet(NARROW, WIDE);
    bridge.connect();
    for (at, ticket) in tickets.into_iter().enumerate() {
        let refused = format!("Refused {{ ticket: Ticket({ticket}), reason: TooLargeForLink }}");
        assert_eq!(bridge.told(&refused), usize::from(at % 2 == 0), "{:?}", bridge.told);
    }
    assert_eq!(bridge.sent.iter().filter(|byte| **byte == b'p').count(), 50);
    assert_eq!(bridge.host.unacknowledged(), 2);
}

#[test]
fn a_message_that_the_link_cannot_carry_is_answered_counted_and_told_and_the_next_one_comes() {
    let mut bridge = Bridge::connected(WIDE, NARROW);
    bridge.deliver(7, "t/large", 600);
    bridge.deliver(8, "t/small", 10);
    // The topic of the first was never said: the tables of both ends still agree.
    bridge.deliver(9, "t/large", 10);
    assert_eq!(bridge.told("MessageTooLarge { qos: AtLeastOnce, size_bytes: 6"), 1);
    assert_eq!(bridge.host.counters().too_large_in, 1);
    assert_eq!(bridge.told("Message(Message"), 2, "{:?}", bridge.told);
    assert_eq!(bridge.acks(), [7, 8, 9]);
    assert_eq!((bridge.closed, bridge.told("EspReset")), (0, 1), "the session is intact");
}

#[test]
fn a_link_that_comes_back_smaller_stops_nothing_in_either_direction() {
    let mut bridge = Bridge::connected(WIDE, WIDE);
    bridge.lose();
    let publications = [600, 20].map(|size| bridge.publish(size).unwrap());
    let large = "f/".repeat(300);
    let small = bridge.host.subscribe(NOW, "f/#", QoS::AtLeastOnce).unwrap();
    let long = bridge.host.subscribe(NOW, &large, QoS::AtLeastOnce).unwrap();
    bridge.deliver(7, "t/large", 600);
    bridge.deliver(8, "t/small", 10);
    bridge.meet(NARROW, NARROW);
    assert_eq!(bridge.told("EspReady { resumed: true }"), 1);
    let refused = format!("Refused {{ ticket: Ticket({}), reason", publications[0]);
    assert_eq!(bridge.told(&refused), 1, "{:?}", bridge.told);
    assert_eq!(bridge.told(&format!("SubscribeRefused(Ticket({}))", long.get())), 1);
    assert_eq!(bridge.told("MessageTooLarge"), 1);
    assert_eq!(bridge.told("Message(Message"), 1);
    assert_eq!(bridge.acks(), [7, 8]);
    assert_eq!(bridge.sent.iter().filter(|byte| **byte == b'p').count(), 20);
    assert!(bridge.sent.windows(3).any(|bytes| bytes == b"f/#"), "{small:?} was asked for");
    bridge.meet(WIDE, WIDE);
    bridge.publish(600).unwrap();
    bridge.deliver(10, "t/large", 600);
    assert_eq!(bridge.told("Message(Message"), 2, "a larger link carries larger ones again");
}

#[test]
fn a_filter_that_the_link_cannot_carry_is_refused_at_once() {
    let mut bridge = Bridge::connected(NARROW, WIDE);
    let filter = "x".repeat(NARROW);
    let refused = bridge.host.subscribe(NOW, &filter, QoS::AtLeastOnce);
    let max_bytes = NARROW - 6;
    let expected = SubscribeError::TooLong { size_bytes: NARROW, max_bytes };
    assert_eq!(refused, Err(expected));
    bridge.host.subscribe(NOW, &filter[..max_bytes], QoS::AtLeastOnce).unwrap();
    bridge.settle();
    assert!(bridge.sent.windows(max_bytes).any(|bytes| bytes == &filter.as_bytes()[..max_bytes]));
}

#[test]
fn settings_that_the_link_cannot_carry_are_told_as_unfit() {
    let mut bridge = Bridge::new();
    bridge.meet(62, WIDE);
    assert_eq!((bridge.told("EspUnfit"), bridge.told("EspReady")), (1, 0));
    bridge.meet(NARROW, WIDE);
    assert_eq!((bridge.told("EspUnfit"), bridge.told("EspReady")), (1, 1));
}
