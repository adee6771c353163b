//! The radio and the transport of one board, and a broker behind them.

use fivewire_core::client::{Action, Input, TcpFailure};
use fivewire_core::time::Instant;
use fivewire_sim::broker::{Broker, ClientKey, Config, Event, Input as ToBroker, Output};

/// What arrived at the broker from the board.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Arrived {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) retain: bool,
    pub(crate) dup: bool,
    pub(crate) qos: u8,
}

/// What the board is told.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    WifiUp,
    WifiDown,
    Opened,
    Refused,
    Closed,
    Received(Vec<u8>),
}

impl Told {
    pub(crate) fn input(&self) -> Input<'_> {
        match self {
            Self::WifiUp => Input::WifiUp,
            Self::WifiDown => Input::WifiDown,
            Self::Opened => Input::TcpOpened,
            Self::Refused => Input::TcpFailed(TcpFailure::Refused),
            Self::Closed => Input::TcpClosed,
            Self::Received(bytes) => Input::Received(bytes),
        }
    }
}

pub(crate) struct Net {
    pub(crate) broker: Broker,
    pub(crate) access_point: bool,
    pub(crate) listens: bool,
    key: u32,
    open: bool,
    joined: bool,
    /// What the board asked for, and when it is done.
    joining: Option<Instant>,
    opening: Option<Instant>,
    pub(crate) told: Vec<Told>,
    pub(crate) arrived: Vec<Arrived>,
    pub(crate) subscribed: usize,
    pub(crate) wills: Vec<String>,
}

/// The key of somebody else's connection.
const FRIEND: ClientKey = ClientKey(1_000_000);

impl Net {
    pub(crate) fn new() -> Self {
        let mut net = Self {
            broker: Broker::new(Config::default()),
            access_point: true,
            listens: true,
            key: 0,
            open: false,
            joined: false,
            joining: None,
            opening: None,
            told: Vec::new(),
            arrived: Vec::new(),
            subscribed: 0,
            wills: Vec::new(),
        };
        net.broker.handle(Instant::ZERO, ToBroker::Opened(FRIEND));
        let connect = b"\x10\x12\x00\x04MQTT\x04\x02\x00\x00\x00\x06friend";
        net.broker.handle(Instant::ZERO, ToBroker::Received(FRIEND, connect));
        net
    }

    /// The board lost power: nobody closes its connection.
    pub(crate) fn board_gone(&mut self) {
        (self.joined, self.open) = (false, false);
        (self.joining, self.opening) = (None, None);
        self.told.clear();
    }

    pub(crate) fn act(&mut self, now: Instant, action: Action) {
        match action {
            Action::JoinWifi => self.joining = Some(now.plus_ms(1_000)),
            Action::LeaveWifi => {
                self.joined = false;
                self.joining = None;
                self.close(now);
            }
            Action::OpenTcp => self.opening = Some(now.plus_ms(20)),
            Action::CloseTcp => self.close(now),
        }
    }

    fn close(&mut self, now: Instant) {
        self.opening = None;
        if std::mem::take(&mut self.open) {
            self.broker.handle(now, ToBroker::Closed(ClientKey(self.key)));
        }
    }

    pub(crate) fn transmit(&mut self, now: Instant, bytes: &[u8]) {
        if self.open {
            if bytes[0] >> 4 == 8 {
                self.subscribed += 1;
            }
            self.broker.handle(now, ToBroker::Received(ClientKey(self.key), bytes));
        }
    }

    /// Somebody publishes with QoS 1.
    pub(crate) fn friend_publishes(&mut self, now: Instant, topic: &str, payload: &[u8]) {
        let topic_length = u8::try_from(topic.len()).expect("a short topic");
        let length = u8::try_from(4 + topic.len() + payload.len()).expect("a short message");
        let packet =
            [&[0x32, length, 0, topic_length], topic.as_bytes(), &[0, 1], payload].concat();
        self.broker.handle(now, ToBroker::Received(FRIEND, &packet));
    }

    /// The access point goes or comes.
    pub(crate) fn set_access_point(&mut self, now: Instant, on: bool) {
        self.access_point = on;
        if !on && std::mem::take(&mut self.joined) {
            self.told.push(Told::WifiDown);
            self.close(now);
        }
    }

    /// The broker's machine goes or comes; it keeps its sessions.
    pub(crate) fn set_listening(&mut self, now: Instant, on: bool) {
        self.listens = on;
        if !on && self.open {
            self.close(now);
            self.told.push(Told::Closed);
        }
    }

    pub(crate) fn run(&mut self, now: Instant) {
        if self.access_point && self.joining.is_some_and(|at| at <= now) {
            self.joining = None;
            self.joined = true;
            self.told.push(Told::WifiUp);
        }
        if self.opening.is_some_and(|at| at <= now) {
            self.opening = None;
            if self.joined && self.listens {
                self.key += 1;
                self.open = true;
                self.broker.handle(now, ToBroker::Opened(ClientKey(self.key)));
                self.told.push(Told::Opened);
            } else {
                self.told.push(Told::Refused);
            }
        }
        self.broker.handle(now, ToBroker::Timeout);
        self.drain(now);
    }

    fn drain(&mut self, now: Instant) {
        loop {
            match self.broker.poll() {
                Output::Transmit(key, bytes) => {
                    if key.0 == self.key && self.open {
                        self.told.push(Told::Received(bytes.to_vec()));
                    }
                    let taken = bytes.len();
                    self.broker.handle(now, ToBroker::Sent(key, taken));
                }
                Output::Close(key, _) => {
                    if key.0 == self.key && std::mem::take(&mut self.open) {
                        self.told.push(Told::Closed);
                    }
                }
                Output::Event(Event::PublishReceived { key, publish, .. }) if key != FRIEND => {
                    self.arrived.push(Arrived {
                        topic: publish.topic.to_owned(),
                        payload: publish.payload.to_vec(),
                        retain: publish.retain,
                        dup: publish.dup,
                        qos: publish.qos.as_u8(),
                    });
                }
                Output::Event(Event::WillPublished { topic, .. }) => {
                    self.wills.push(topic.to_owned());
                }
                Output::Event(_) => {}
                Output::Wait(_) => return,
            }
        }
    }

    pub(crate) fn payloads(&self) -> Vec<String> {
        self.arrived.iter().map(|a| String::from_utf8_lossy(&a.payload).into_owned()).collect()
    }
}
