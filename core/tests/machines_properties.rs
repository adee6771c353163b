//! Whatever the world and the application do, in whatever order: no panic, every drain ends, every
//! ticket has at most one outcome, and after a shut-down exactly one (P1, P7, P12).

#![allow(clippy::unwrap_used, reason = "a test may give up")]

mod client_steps;
mod taped;

use std::collections::BTreeMap;

use fivewire_core::bridge::{Broker, Network, esp, host};
use fivewire_core::client::{Client, Input, Memory, Output, Publication, State, TcpFailure};
use fivewire_core::config::{Config, Overflow, Release};
use fivewire_core::event::{Event, Ticket};
use fivewire_core::mqtt::{ProtocolVersion, QoS};
use fivewire_core::recorder::Recorded;
use fivewire_core::time::Instant;
use proptest::prelude::*;

use client_steps::{Step, step};
use taped::{Taped, recorder};

/// Far more than any one call can cause.
const POLLS_MAX: usize = 2_000;

/// A client, and what a careful application knows about it.
struct Bench {
    client: Client<Vec<u8>>,
    now: Instant,
    /// Outcomes by ticket of a publication.
    outcomes: BTreeMap<Ticket, u32>,
    /// How many bytes the transport takes at once.
    takes: usize,
    stopped: bool,
}

impl Bench {
    fn new(drop_oldest: bool, explicit: bool) -> Self {
        let memory = Memory {
            receive: vec![0; 96],
            transmit: vec![0; 64],
            outbox: vec![0; 400],
            subscriptions: vec![0; 40],
            connect: vec![0; 32],
        };
        let config = Config {
            clean_init: explicit,
            window: 3,
            receive_maximum: 2,
            overflow: if drop_oldest { Overflow::DropOldest } else { Overflow::Refuse },
            release: if explicit { Release::Explicit } else { Release::AtHandOut },
            ..Config::new("c")
        };
        Self {
            client: Client::new(&config, memory, 9).unwrap(),
            now: Instant::from_millis(1),
            outcomes: BTreeMap::new(),
            takes: 64,
            stopped: false,
        }
    }

    fn drain(&mut self) {
        for _ in 0..POLLS_MAX {
            let taken = match self.client.poll() {
                Output::Action(_) => continue,
                Output::Event(event) => {
                    let (Event::Acked(ticket)
                    | Event::Sent(ticket)
                    | Event::Refused { ticket, .. }
                    | Event::Abandoned { ticket, .. }) = event
                    else {
                        self.stopped |= event == Event::Stopped;
                        continue;
                    };
                    *self
                        .outcomes
                        .get_mut(&ticket)
                        .expect("an outcome has a ticket that was given") += 1;
                    continue;
                }
                Output::Transmit(bytes) => bytes.len().min(self.takes),
                Output::Wait(_) => return,
            };
            self.client.handle(self.now, Input::Sent(taken));
        }
        panic!("the drain does not end");
    }

    fn play(&mut self, step: &Step) {
        let now = self.now;
        match step {
            Step::Connect { session_present } => self.connect(*session_present),
            Step::Wait(ms) => {
                self.now = now.plus_ms(*ms);
                self.client.handle(self.now, Input::Timeout);
            }
            Step::Wifi(up) => {
                self.client.handle(now, if *up { Input::WifiUp } else { Input::WifiDown })
            }
            Step::Opened => self.client.handle(now, Input::TcpOpened),
            Step::Failed(refused) => {
                let failure = if *refused { TcpFailure::Refused } else { TcpFailure::Unreachable };
                self.client.handle(now, Input::TcpFailed(failure));
            }
            Step::Closed => self.client.handle(now, Input::TcpClosed),
            Step::Received(bytes) => {
                let capacity = self.client.receive_capacity();
                self.client.handle(now, Input::Received(&bytes[..bytes.len().min(capacity)]));
            }
            Step::Writable => self.client.handle(now, Input::Writable),
            Step::Publish { size, qos1, deadline_ms } => {
                let payload = vec![b'p'; *size];
                let qos = if *qos1 { QoS::AtLeastOnce } else { QoS::AtMostOnce };
                let deadline = deadline_ms.map(|ms| now.plus_ms(ms));
                let publication = Publication { deadline, ..Publication::new("t", &payload, qos) };
                if let Ok(ticket) = self.client.publish(now, &publication) {
                    assert_eq!(self.outcomes.insert(ticket, 0), None, "a ticket was given twice");
                }
            }
            Step::Cancel(ticket) => {
                self.client.cancel(now, Ticket::new(*ticket).unwrap());
            }
            Step::Subscribe(subscribe) => {
                let _ = if *subscribe {
                    self.client.subscribe(now, "x", QoS::AtLeastOnce)
                } else {
                    self.client.unsubscribe(now, "x")
                };
            }
            Step::Release(delivery) => {
                self.client.release(now, fivewire_core::event::Delivery::new(*delivery).unwrap());
            }
            Step::Hold(hold) => self.client.hold(now, *hold),
            Step::Take(bytes) => self.takes = *bytes,
            Step::ShutDown => self.client.shut_down(now),
            Step::Start => self.client.start(now),
        }
        self.drain();
        for (ticket, outcomes) in &self.outcomes {
            assert!(*outcomes <= 1, "{ticket} has {outcomes} outcomes");
        }
    }

    fn connect(&mut self, session_present: bool) {
        for _ in 0..2 {
            self.now = self.now.plus_ms(9_000);
            let connack = [0x20, 2, u8::from(session_present), 0];
            for input in
                [Input::Timeout, Input::WifiUp, Input::TcpOpened, Input::Received(&connack)]
            {
                if self.client.state() == State::Connected {
                    return;
                }
                self.client.handle(self.now, input);
                self.drain();
            }
        }
    }

    /// Shuts down and waits for everything to end.
    fn end(&mut self) {
        self.stopped = false;
        self.client.start(self.now);
        self.drain();
        self.client.shut_down(self.now);
        self.drain();
        for _ in 0..4 {
            self.play(&Step::Wait(20_000));
        }
        assert!(self.stopped, "a shut-down ends in Stopped");
        let open: Vec<_> = self.outcomes.iter().filter(|(_, outcomes)| **outcomes != 1).collect();
        assert!(open.is_empty(), "without one outcome: {open:?}");
    }
}

fn new_esp() -> Taped<esp::Esp<Vec<u8>>> {
    let client = Memory {
        receive: vec![0; 96],
        transmit: vec![0; 64],
        outbox: vec![0; 400],
        subscriptions: vec![0; 40],
        connect: vec![0; 32],
    };
    let memory = esp::Memory {
        client,
        frames: vec![0; 500],
        publication_topics: vec![0; 50],
        message_topics: vec![0; 50],
        settings: vec![0; 200],
    };
    Taped::new(Recorded::new(esp::Esp::new(memory, 1).unwrap(), recorder()))
}

fn new_host(protocol: ProtocolVersion) -> Taped<host::Host<Vec<u8>>> {
    let network = Network { ssid: "n", password: "p", use_default: false };
    let config = Config { protocol, ..Config::new("c") };
    let settings = host::Settings::new(config, network, Broker { host: "b", port: 1883 });
    let memory = host::Memory {
        outbox: vec![0; 400],
        subscriptions: vec![0; 40],
        inbound: vec![0; 128],
        frame: vec![0; 200],
        publication_topics: vec![0; 40],
        message_topics: vec![0; 60],
        settings: vec![0; 200],
    };
    Taped::new(Recorded::new(host::Host::new(&settings, memory, 1).unwrap(), recorder()))
}

fn drain_host(host: &mut Taped<host::Host<Vec<u8>>>, now: Instant) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for _ in 0..POLLS_MAX {
        match host.poll() {
            host::Output::Frame(frame) => frames.push(frame.to_vec()),
            host::Output::Action(_) | host::Output::Event(_) => continue,
            host::Output::Wait(_) => return frames,
        }
        host.handle(now, host::Input::Sent(1));
    }
    panic!("the drain does not end");
}

fn drain_esp(esp: &mut Taped<esp::Esp<Vec<u8>>>, now: Instant) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for _ in 0..POLLS_MAX {
        let answer = match esp.poll() {
            esp::Output::Frame(frame) => {
                frames.push(frame.to_vec());
                esp::Input::FrameSent(1)
            }
            esp::Output::Transmit(bytes) => esp::Input::Net(Input::Sent(bytes.len())),
            esp::Output::Configure(_)
            | esp::Output::Join(_)
            | esp::Output::Net(_)
            | esp::Output::AskTime { .. }
            | esp::Output::ReportMemory => continue,
            esp::Output::Wait(_) => return frames,
        };
        esp.handle(now, answer);
    }
    panic!("the drain does not end");
}

/// Frames of both directions, whole or damaged: the first byte names the kind. Those with topics have
/// flags in its lower half, and those from 0x40 and 0xA0 on are of MQTT 5.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![
        4 => 1_u8..0x10,
        5 => 0x80_u8..0x98,
        2 => 0x30_u8..0x50,
        1 => 0xA0_u8..0xA2,
        2 => 0xB0_u8..0xD0,
    ];
    (kind, proptest::collection::vec(prop_oneof![Just(0), Just(1), any::<u8>()], 0..40))
        .prop_map(|(kind, fields)| [vec![kind], fields].concat())
}

/// What the client speaks, in either version that this build has.
fn protocol() -> impl Strategy<Value = ProtocolVersion> {
    #[cfg(feature = "mqtt5")]
    return prop_oneof![Just(ProtocolVersion::V3_1_1), Just(ProtocolVersion::V5)];
    #[cfg(not(feature = "mqtt5"))]
    Just(ProtocolVersion::V3_1_1)
}

/// A publication, with a property where there may be some.
fn publication(protocol: ProtocolVersion) -> Publication<'static> {
    let publication = Publication::new("t", b"p", QoS::AtLeastOnce);
    #[cfg(feature = "mqtt5")]
    if protocol == ProtocolVersion::V5 {
        use fivewire_core::mqtt::v5::Property;

        let properties = &[Property::ContentType("c"), Property::MessageExpiryInterval(9)];
        return Publication { properties, ..publication };
    }
    let _ = protocol;
    publication
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_client_survives_anything_and_every_ticket_has_one_outcome(
        drop_oldest in any::<bool>(),
        explicit in any::<bool>(),
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        let mut bench = Bench::new(drop_oldest, explicit);
        bench.client.start(bench.now);
        bench.drain();
        for step in &steps {
            bench.play(step);
        }
        bench.end();
    }

    #[test]
    fn both_ends_of_the_bridge_survive_any_frames(
        protocol in protocol(),
        frames in proptest::collection::vec((any::<bool>(), frame(), 0_u32..4_000), 1..60),
    ) {
        let (mut host, mut esp) = (new_host(protocol), new_esp());
        let mut now = Instant::from_millis(1);
        host.start(now);
        host.handle(now, host::Input::LinkUp { frame_max_bytes: usize::MAX });
        esp.handle(now, esp::Input::LinkUp { frame_max_bytes: usize::MAX });
        for (to_host, damaged, pause_ms) in frames {
            now = now.plus_ms(pause_ms);
            let _ = host.publish(now, &publication(protocol));
            if to_host {
                host.handle(now, host::Input::Frame(&damaged));
            } else {
                esp.handle(now, esp::Input::Frame(&damaged));
            }
            for frame in drain_host(&mut host, now) {
                esp.handle(now, esp::Input::Frame(&frame));
            }
            for frame in drain_esp(&mut esp, now) {
                host.handle(now, host::Input::Frame(&frame));
            }
        }
    }
}
