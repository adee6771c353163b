//! A client, and a broker that says what a test has it say.

use fivewire_core::client::{Client, Input, Memory, Output};
use fivewire_core::config::Config;
use fivewire_core::mqtt::v5::{
    Connack, Packet, Properties, Property, Publish, ReasonCode, decode, split,
};
use fivewire_core::mqtt::{PacketId, ProtocolVersion, QoS, Split};
use fivewire_core::recorder::Recorded;
use fivewire_core::time::{Instant, Wait};

use crate::taped::{Taped, recorder};

pub(crate) const CONFIG: Config<'_> = Config {
    protocol: ProtocolVersion::V5,
    clean_init: false,
    manages_wifi: false,
    ..Config::new("c")
};

/// When a test begins.
pub(crate) const T: Instant = Instant::from_millis(1_000);

/// The client, what it told and what it sent since one asked.
pub(crate) struct Rig {
    pub client: Taped<Client<Vec<u8>>>,
    now: Instant,
    told: String,
    sent: Vec<u8>,
    wait: Wait,
}

impl Rig {
    /// A client whose CONNECT was sent.
    pub(crate) fn opened(config: &Config<'_>) -> Self {
        let memory = Memory {
            receive: vec![0; 512],
            transmit: vec![0; 512],
            outbox: vec![0; 4_096],
            subscriptions: vec![0; 256],
            connect: vec![0; 160],
        };
        let client = Client::new(config, memory, 7).unwrap();
        let client = Taped::new(Recorded::new(client, recorder()));
        let (told, sent) = (String::new(), Vec::new());
        let mut rig = Self { client, now: T, told, sent, wait: Wait::ForInput };
        rig.client.start(T);
        rig.drain();
        rig.client.handle(T, Input::TcpOpened);
        rig.drain();
        rig.told();
        rig
    }

    /// A client whose CONNECT was answered with these properties.
    pub(crate) fn connected(config: &Config<'_>, properties: &[Property<'_>]) -> Self {
        let mut rig = Self::opened(config);
        rig.receive(&accepted(false, properties));
        let told = rig.told();
        assert!(told.ends_with("Connected { session_present: false } "), "{told}");
        rig.sent.clear();
        rig
    }

    /// The connection is lost, if it is not yet, and a new one opened; only its CONNECT was sent.
    pub(crate) fn reconnect(&mut self) {
        self.client.handle(self.now, Input::TcpClosed);
        self.drain();
        self.sent.clear();
        if let Wait::Until(at, _) = self.wait {
            self.at(at);
        }
        self.client.handle(self.now, Input::TcpOpened);
        self.drain();
        self.told();
    }

    /// Time passes.
    pub(crate) fn at(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.client.handle(self.now, Input::Timeout);
        self.drain();
    }

    /// The broker sends a packet.
    pub(crate) fn receive(&mut self, packet: &Packet<'_>) {
        let mut bytes = vec![0; packet.encoded_len()];
        packet.encode(&mut bytes).unwrap();
        self.receive_bytes(&bytes);
    }

    pub(crate) fn receive_bytes(&mut self, bytes: &[u8]) {
        self.client.handle(self.now, Input::Received(bytes));
        self.drain();
    }

    pub(crate) fn drain(&mut self) {
        loop {
            let taken = match self.client.poll() {
                Output::Action(action) => {
                    self.told += &format!("{action:?} ");
                    continue;
                }
                Output::Event(event) => {
                    self.told += &format!("{event:?} ");
                    continue;
                }
                Output::Transmit(bytes) => {
                    self.sent.extend_from_slice(bytes);
                    bytes.len()
                }
                Output::Wait(wait) => {
                    self.wait = wait;
                    return;
                }
            };
            self.client.handle(self.now, Input::Sent(taken));
        }
    }

    /// Milliseconds until the client wants to do something.
    pub(crate) fn pause_ms(&self) -> u64 {
        let Wait::Until(at, _) = self.wait else { panic!("it waits for input") };
        (at.as_micros() - self.now.as_micros()) / 1_000
    }

    /// What was asked for and told since the last call.
    pub(crate) fn told(&mut self) -> String {
        std::mem::take(&mut self.told)
    }

    /// Shows the packets that were sent since the last call.
    pub(crate) fn sent(&mut self, look: impl FnOnce(&[Packet<'_>])) {
        let bytes = std::mem::take(&mut self.sent);
        let (mut rest, mut packets) = (bytes.as_slice(), Vec::new());
        while let Ok(Split::Header(header)) = split(rest) {
            let (packet, behind) = rest.split_at(header.packet_len());
            packets.push(decode(packet).unwrap());
            rest = behind;
        }
        assert!(rest.is_empty(), "{rest:?}");
        look(&packets);
    }
}

pub(crate) fn id(id: u16) -> PacketId {
    PacketId::new(id).expect("not 0")
}

/// A CONNACK that accepts the connection.
pub(crate) const fn accepted<'a>(
    session_present: bool,
    properties: &'a [Property<'a>],
) -> Packet<'a> {
    let properties = Properties::of(properties);
    Packet::Connack(Connack { session_present, reason_code: ReasonCode::Success, properties })
}

/// A message of the broker, with QoS 1 if it has a number.
pub(crate) fn publish_in<'a>(
    topic: &'a str,
    number: Option<u16>,
    properties: &'a [Property<'a>],
) -> Packet<'a> {
    let qos = if number.is_some() { QoS::AtLeastOnce } else { QoS::AtMostOnce };
    Packet::Publish(Publish {
        packet_id: number.map(id),
        properties: Properties::of(properties),
        ..Publish::new(topic, b"!", qos)
    })
}
